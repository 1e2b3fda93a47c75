use std::{io, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::{
    arrivals::{Arrivals, Arrived},
    caller::Caller,
    cast::Role,
    line::Mixer,
    listener::{Listener, Tick, stamps},
    truth::Truth,
};
use crate::carrier::{
    CONNECTED, CallPlan, FRAME, FromServer, Lead, Messages, Playback, Settings, TICK_MS, millis,
};

const TICK: Duration = Duration::from_millis(TICK_MS);
/// No scenario takes longer.
const LONGEST: Duration = Duration::from_secs(150);

/// What a call was like, from the caller's side of the line.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// The carrier's id of the call.
    pub call_sid: String,
    /// What the server did that the protocol forbids.
    pub violations: Vec<String>,
    /// What the telephone played, every 20 ms.
    pub(super) ticks: Vec<Tick>,
    /// What the caller did.
    pub(super) truth: Truth,
    /// Every frame that the server sent.
    pub(super) arrived: Vec<Arrived>,
    /// When the server had its queue thrown away.
    pub(super) clears_ms: Vec<u64>,
    /// Frames that were sent more than a frame late: the simulation itself was too slow.
    pub(super) late: usize,
    /// The server ended the call.
    pub(super) agent_hung_up: bool,
    /// Both sides, as the line carried them.
    pub audio: Tracks,
}

/// The sound of a call: mu-law, in step.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    /// What was sent to the server.
    pub caller: Vec<u8>,
    /// What the telephone played.
    pub agent: Vec<u8>,
}

/// Places calls to one server.
#[derive(Clone, Debug)]
pub struct Phone {
    carrier: Settings,
    http: reqwest::Client,
}

impl Phone {
    /// Prepares to place calls.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(carrier: Settings) -> io::Result<Self> {
        let http = crate::http::client()?;
        Ok(Self { carrier, http })
    }

    /// Places the call of a role, and lives through it in real time.
    ///
    /// # Errors
    /// When the server does not take the call.
    pub async fn place(&self, role: &Arc<Role>, seed: u64) -> io::Result<Diary> {
        let plan = CallPlan {
            to: role.number.clone(),
            seed,
            ..CallPlan::silent()
        };
        let lead = Lead::ask(&self.carrier, &self.http, &plan).await?;
        let mut socket = lead.open().await?;
        let mut call = Call {
            messages: Messages::new(lead.ids.clone()),
            playback: Playback::default(),
            caller: Caller::new(role.clone()),
            listener: Listener::new(role.clone()),
            arrivals: Arrivals::new(role.clone()),
            began: Instant::now(),
            mixer: Mixer::new(role.scenario.line, seed),
            diary: Diary {
                call_sid: lead.ids.call.clone(),
                ..Diary::default()
            },
        };
        let lived = timeout(LONGEST, call.live(&mut socket, &lead.parameters)).await;
        if lived.is_err() {
            call.violation("the call had no end".to_owned());
        }
        let mut diary = call.diary;
        diary.truth = call.caller.into_truth();
        Ok(diary)
    }
}

struct Call {
    messages: Messages,
    playback: Playback,
    caller: Caller,
    listener: Listener,
    arrivals: Arrivals,
    /// Where the caller's clock, which is the audio, begins.
    began: Instant,
    mixer: Mixer,
    diary: Diary,
}

type Socket = WebSocketStream<TcpStream>;

/// The call goes on, or it is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    GoOn,
    Over,
}

impl Call {
    async fn live(&mut self, socket: &mut Socket, parameters: &[(String, String)]) {
        let start = self.messages.start(parameters);
        if send(socket, CONNECTED.to_owned()).await.is_err() || send(socket, start).await.is_err() {
            self.violation("the socket closed at once".to_owned());
            return;
        }
        self.began = Instant::now();
        let mut next = self.began + TICK;
        loop {
            let went = tokio::select! {
                biased;
                () = sleep_until(next) => {
                    self.diary.late += usize::from(next.elapsed() > TICK);
                    // A late tick does not make the call longer.
                    next += TICK;
                    self.tick(socket).await
                }
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.on_text(text.as_str(), socket).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => {
                        self.diary.agent_hung_up = true;
                        Next::Over
                    }
                    Some(Ok(Message::Binary(_))) => {
                        self.violation("a binary frame".to_owned());
                        Next::GoOn
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Next::GoOn,
                },
            };
            if went == Next::Over {
                return;
            }
        }
    }

    /// By the audio.
    fn at_ms(&self) -> u64 {
        self.diary.ticks.len() as u64 * TICK_MS
    }

    /// By the clock, for what comes between two frames.
    fn now_ms(&self) -> u64 {
        millis(self.began.elapsed())
    }

    /// 20 ms: the telephone plays, the caller does something, the line carries it.
    async fn tick(&mut self, socket: &mut Socket) -> Next {
        let mut heard = [0; FRAME];
        let played = self.playback.play(&mut heard);
        let tick = self.listener.hear(&heard, played.carried);
        let doing = self.caller.tick(&tick);
        let mixed = self.mixer.mix(&doing.own, &heard, stamps(&tick));
        let marks = played.marks.iter();
        let mut texts: Vec<String> = marks.map(|name| self.messages.mark(name)).collect();
        texts.extend(doing.keys.iter().map(|key| self.messages.digit(*key)));
        if mixed.lost {
            self.messages.lose();
        } else {
            texts.push(self.messages.media(self.at_ms(), &mixed.audio));
        }
        self.diary.ticks.push(tick);
        self.diary.audio.caller.extend(mixed.audio);
        self.diary.audio.agent.extend(heard);
        for text in texts {
            if send(socket, text).await.is_err() {
                self.diary.agent_hung_up = true;
                return Next::Over;
            }
        }
        if doing.hangs_up {
            // The server may have closed already: the call is over either way.
            let _ = send(socket, self.messages.stop()).await;
            let _ = timeout(Duration::from_secs(1), close(socket)).await;
            return Next::Over;
        }
        Next::GoOn
    }

    async fn on_text(&mut self, text: &str, socket: &mut Socket) -> Next {
        for mark in self.obey(text) {
            let mark = self.messages.mark(&mark);
            if send(socket, mark).await.is_err() {
                return Next::Over;
            }
        }
        Next::GoOn
    }

    /// Does what the server wants; gives the marks that are due.
    fn obey(&mut self, text: &str) -> Vec<String> {
        match serde_json::from_str(text) {
            Ok(FromServer::Clear { .. }) => {
                self.diary.clears_ms.push(self.now_ms());
                self.listener.forget();
                self.arrivals.forget();
                self.playback.clear()
            }
            Ok(FromServer::Mark { mark, .. }) => {
                self.playback.mark(mark.name).into_iter().collect()
            }
            Ok(FromServer::Media { media, .. }) => {
                let bytes = base64_simd::STANDARD.decode_to_vec(media.payload.as_bytes());
                let played = bytes.is_ok_and(|bytes| {
                    let arrived = self.arrivals.hear(self.now_ms(), &bytes);
                    self.diary.arrived.extend(arrived);
                    self.playback.audio(bytes).is_ok()
                });
                if !played {
                    self.violation("audio that cannot be played".to_owned());
                }
                Vec::new()
            }
            Err(why) => {
                self.violation(format!("no message of this protocol: {why}"));
                Vec::new()
            }
        }
    }

    fn violation(&mut self, what: String) {
        const MOST: usize = 20;
        if self.diary.violations.len() < MOST {
            self.diary.violations.push(what);
        }
    }
}

async fn send(socket: &mut Socket, text: String) -> Result<(), Box<dyn std::error::Error>> {
    Ok(socket.send(Message::text(text)).await?)
}

async fn close(socket: &mut Socket) {
    if socket.close(None).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}
