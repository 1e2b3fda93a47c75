//! A plain relay in a server's place: it passes every frame of a caller's on as it comes, plays half of
//! them back, and knows nothing. What that costs says how fast a machine is.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clap::Args;
use futures_util::SinkExt as _;
use serde::Deserialize;
use sim::{
    carrier::Settings,
    fakes::lean,
    load::{self, LoadPlan, Phase, Probe},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{client_async, tungstenite};

use crate::{
    StageArgs,
    child::{AUTH_TOKEN, Cpu, Scratch, free_port, on_core, ready},
};

/// How long its calls go on.
const LENGTH: Duration = Duration::from_secs(10);
/// It plays for so many frames, and is silent for as many: often enough for all calls to play for half
/// of the time, whenever one began.
const SPELL: u64 = 25;

/// What `relay` is told.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RelayArgs {
    /// The port it listens on
    #[arg(long)]
    port: u16,
    /// Where it passes sound on to
    #[arg(long)]
    to: SocketAddr,
}

/// What a carrier says.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "streamSid", default)]
    stream: &'a str,
    #[serde(borrow)]
    media: Option<Media<'a>>,
}

#[derive(Deserialize)]
struct Media<'a> {
    payload: &'a str,
}

/// Passes calls on until it is ended.
pub(crate) async fn serve(args: &RelayArgs) -> anyhow::Result<()> {
    let routes = Router::new()
        .route("/readyz", get(|| async {}))
        .route("/twiml", post(document))
        .route("/relay", get(line))
        .with_state(*args);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    Ok(axum::serve(listener, routes).await?)
}

/// What a relay's process has of its core for each call and second, in milliseconds, with so many
/// calls.
pub(crate) async fn cost(args: &StageArgs, calls: usize) -> anyhow::Result<f64> {
    let sink = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let (port, to) = (free_port()?, sink.local_addr()?);
    let drain = tokio::spawn(async move {
        let taken = get(|upgrade: WebSocketUpgrade| async { lean(upgrade).on_upgrade(drain) });
        axum::serve(sink, Router::new().route("/", taken)).await
    });
    let mut child = Running::start(args, port, to)?;
    ready(&mut child.process, port).await?;
    let url = format!("http://127.0.0.1:{port}");
    let plan = LoadPlan {
        ramp: args.ramp,
        ..LoadPlan::of(
            calls,
            LENGTH,
            Settings::local(&url, Some(AUTH_TOKEN.to_owned())),
        )
    };
    let (mut began, mut ran) = (None, Duration::ZERO);
    let mut span = Duration::ZERO;
    let process = child.process.id();
    let probe = Arc::new(Mutex::new(Probe::default()));
    let report = load::run(&plan, &probe, |phase| match phase {
        Phase::AllUp => began = Some((tokio::time::Instant::now(), Cpu::of(process))),
        Phase::Ending => {
            if let Some((at, before)) = began {
                ran = Cpu::of(process).since(before).ran;
                span = at.elapsed();
            }
        }
    });
    let report = report.await?;
    drain.abort();
    let held = report.opened.saturating_sub(report.broken);
    anyhow::ensure!(
        held == calls,
        "it held {held} of {calls} calls: {}",
        report.first_refusal.unwrap_or_default()
    );
    Ok(1_000.0 * ran.as_secs_f64() / span.as_secs_f64() / calls as f64)
}

/// A relay in a process of its own. Killed when dropped.
struct Running {
    process: Child,
    _scratch: Scratch,
}

impl Running {
    fn start(args: &StageArgs, port: u16, to: SocketAddr) -> anyhow::Result<Self> {
        let scratch = Scratch::new("relay")?;
        let binary = scratch.copy_of(&std::env::current_exe()?)?;
        let mut command = on_core(Some(args.server_core), &binary);
        command
            .args(["relay", "--port", &port.to_string()])
            .args(["--to", &to.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(Self {
            process: command.spawn().context("cannot start it")?,
            _scratch: scratch,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn document(State(relay): State<RelayArgs>) -> Response {
    let port = relay.port;
    let stream = format!("<Stream url=\"ws://127.0.0.1:{port}/relay\"/>");
    let document = format!("<Response><Connect>{stream}</Connect></Response>");
    ([("content-type", "text/xml")], document).into_response()
}

async fn line(State(relay): State<RelayArgs>, upgrade: WebSocketUpgrade) -> Response {
    // Whoever goes ends the call, and nobody waits for it.
    lean(upgrade).on_upgrade(move |line| async move { drop(pass_on(line, relay.to).await) })
}

async fn pass_on(mut line: WebSocket, to: SocketAddr) -> anyhow::Result<()> {
    let tcp = TcpStream::connect(to).await?;
    tcp.set_nodelay(true)?;
    let (mut onward, _) = client_async(format!("ws://{to}/"), tcp).await?;
    let mut frames = 0;
    while let Some(message) = line.recv().await {
        let Message::Text(text) = message? else {
            continue;
        };
        let Told { stream, media } = serde_json::from_str(&text)?;
        let Some(Media { payload }) = media else {
            continue;
        };
        let sound = base64_simd::STANDARD.decode_to_vec(payload)?;
        onward
            .send(tungstenite::Message::Binary(sound.into()))
            .await?;
        frames += 1;
        if frames / SPELL % 2 == 1 {
            let played = serde_json::json!({
                "event": "media", "streamSid": stream, "media": { "payload": payload }
            });
            let played = Utf8Bytes::from(played.to_string());
            line.send(Message::Text(played)).await?;
        }
    }
    Ok(())
}

/// Takes whatever comes.
async fn drain(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}
