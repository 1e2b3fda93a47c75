use std::time::Duration;

use audio::g711::ulaw;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message, client::IntoClientRequest as _, http::HeaderValue, protocol::WebSocketConfig,
    },
};
use transports::twilio::signature;

use super::{
    Stream,
    event::CallEvent,
    phone::Phone,
    playback::{Ahead, FRAME, Playback, TICK_MS},
    webhook::Line,
    wire::{CONNECTED, FromServer, Messages},
};
use crate::caller::{Deed, Doing, Measures};

/// How a stream ended, when it did not fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// The caller hung up.
    ByCaller,
    /// The server closed its socket.
    ByServer,
}

/// Why a stream never opened, in the carrier's own words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSocket {
    /// No connection.
    #[error("31902: connection refused: {0}")]
    Refused(String),
    /// No handshake.
    #[error("31920: handshake: {0}")]
    Handshake(String),
    /// Nothing in time.
    #[error("31901: connection timed out")]
    TimedOut,
}

const TICK: Duration = Duration::from_millis(TICK_MS);
/// Quieter samples are not heard: -45 dBFS.
const AUDIBLE: u16 = 184;
/// Quiet after which the agent is taken to have stopped.
const BREATH_TICKS: u64 = 10;
/// Violations kept of a call.
const MOST_VIOLATIONS: usize = 200;

/// Opens the stream and lives through it.
pub(super) async fn run(
    stream: &Stream,
    line: &Line<'_>,
    phone: &mut Phone<'_>,
) -> Result<Ended, BadSocket> {
    let socket = open(stream, line).await?;
    phone.events.tell(CallEvent::StreamOpened);
    line.tell(
        stream.status_callback.as_deref(),
        "in-progress",
        &[("StreamEvent", "stream-started")],
    )
    .await;
    let messages = Messages::new(line.ids.clone());
    Ok(live(socket, &stream.parameters, messages, phone).await)
}

/// Lives through an open stream.
async fn live<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    parameters: &[(String, String)],
    messages: Messages,
    phone: &mut Phone<'_>,
) -> Ended {
    let mut call = Call {
        messages,
        playback: Playback::default(),
        ahead: Ahead::default(),
        phone,
        measures: Measures::default(),
        ticks: 0,
        quiet_ticks: BREATH_TICKS,
        began: Instant::now(),
    };
    let ended = call.live(&mut socket, parameters).await;
    let report = &mut call.phone.report;
    report.most_ahead_ms = report.most_ahead_ms.max(call.ahead.most_ms());
    report.turns.extend(call.measures.into_turns());
    ended
}

async fn open(stream: &Stream, line: &Line<'_>) -> Result<WebSocketStream<TcpStream>, BadSocket> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let address = line.carrier.settings.address();
    let handshake = |why: &dyn std::fmt::Display| BadSocket::Handshake(why.to_string());
    // The host stays the public one: only the connection goes to the server at hand, without TLS.
    let plain = stream.url.replacen("wss://", "ws://", 1);
    let mut request = plain.into_client_request().map_err(|why| handshake(&why))?;
    if let Some(signature) = line.signed(&stream.url) {
        let value = HeaderValue::from_str(&signature).map_err(|why| handshake(&why))?;
        request.headers_mut().insert(signature::HEADER, value);
    }
    let opening = async {
        let tcp = TcpStream::connect(address).await;
        let tcp = tcp.map_err(|why| BadSocket::Refused(why.to_string()))?;
        tcp.set_nodelay(true)
            .map_err(|why| BadSocket::Refused(why.to_string()))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(4_096)
            .write_buffer_size(0);
        let opened = client_async_with_config(request, tcp, Some(config)).await;
        opened
            .map(|(socket, _)| socket)
            .map_err(|why| handshake(&why))
    };
    timeout(PATIENCE, opening)
        .await
        .unwrap_or(Err(BadSocket::TimedOut))
}

/// A call while its stream is open.
struct Call<'a, 'p> {
    messages: Messages,
    playback: Playback,
    ahead: Ahead,
    phone: &'a mut Phone<'p>,
    measures: Measures,
    ticks: u64,
    quiet_ticks: u64,
    began: Instant,
}

impl Call<'_, '_> {
    async fn live<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<S>,
        parameters: &[(String, String)],
    ) -> Ended {
        let start = self.messages.start(parameters);
        if send(socket, CONNECTED.to_owned()).await.is_err() || send(socket, start).await.is_err() {
            return Ended::ByServer;
        }
        self.began = Instant::now();
        let mut next = self.began + TICK;
        loop {
            let ended = tokio::select! {
                biased;
                () = sleep_until(next) => {
                    // The next deadline follows from this one, not from the clock: a late tick
                    // does not make the call longer.
                    next += TICK;
                    self.tick(socket).await
                }
                message = socket.next() => self.on_message(message, socket).await,
            };
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// 20 ms of the call: the caller hears, then does something.
    async fn tick<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<S>,
    ) -> Option<Ended> {
        let mut heard = [0; FRAME];
        let played = self.playback.play(&mut heard);
        let audible = self.notice(&heard);
        let doing = self.phone.caller.tick(audible);
        self.phone.report.record(&doing.audio, &heard);
        let hangs_up = doing.deeds.contains(&Deed::HangUp);
        let mut texts: Vec<String> = played
            .marks
            .iter()
            .map(|name| self.messages.mark(name))
            .collect();
        texts.extend(self.deeds(doing));
        self.ticks += 1;
        for text in texts {
            if send(socket, text).await.is_err() {
                return Some(Ended::ByServer);
            }
        }
        if hangs_up {
            // The server may have closed already: the call is over either way.
            let _ = send(socket, self.messages.stop()).await;
            let _ = timeout(Duration::from_secs(1), hang_up(socket)).await;
            return Some(Ended::ByCaller);
        }
        None
    }

    fn at_ms(&self) -> u64 {
        self.ticks * TICK_MS
    }

    /// Whether the agent was audible in this frame; keeps the times.
    fn notice(&mut self, heard: &[u8; FRAME]) -> bool {
        let loud = |code: &u8| ulaw::decode(*code).unsigned_abs() >= AUDIBLE;
        let sample_ms = |at: usize| self.at_ms() + (at / 8) as u64;
        let Some(first) = heard.iter().position(loud) else {
            self.quiet_ticks += 1;
            if self.quiet_ticks == BREATH_TICKS {
                if let Some(silent_after_ms) = self.measures.agent_quiet() {
                    self.phone
                        .events
                        .tell(CallEvent::BargedIn { silent_after_ms });
                }
                self.phone.events.tell(CallEvent::AgentQuiet);
            }
            return false;
        };
        let last = heard.iter().rposition(loud).unwrap_or(first);
        let waited_ms = self
            .measures
            .agent_audible(sample_ms(first), sample_ms(last));
        if waited_ms.is_some() || self.quiet_ticks >= BREATH_TICKS {
            self.phone
                .events
                .tell(CallEvent::AgentAudible { waited_ms });
        }
        self.quiet_ticks = 0;
        true
    }

    /// What the caller does, as messages.
    fn deeds(&mut self, doing: Doing) -> Vec<String> {
        let at_ms = self.at_ms();
        let mut texts = Vec::new();
        for deed in doing.deeds {
            match deed {
                Deed::GiveUp => self.phone.report.gave_up += 1,
                Deed::HangUp => {}
                Deed::Odd(text) => texts.push(text),
                Deed::Press(key) => {
                    self.phone.events.tell(CallEvent::CallerPresses(key));
                    texts.push(self.messages.digit(key));
                }
                Deed::Speak(kind, said) => {
                    self.phone.events.tell(CallEvent::CallerSays(said.clone()));
                    self.measures.caller_begins(at_ms, kind, said);
                }
            }
        }
        if doing.lost {
            self.messages.lose();
        } else {
            texts.push(self.messages.media(at_ms, &doing.audio));
        }
        if let Some(early) = doing.ended {
            self.measures
                .caller_ended(at_ms + TICK_MS - (early / 8) as u64);
        }
        texts
    }

    async fn on_message<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        message: Option<Result<Message, tungstenite::Error>>,
        socket: &mut WebSocketStream<S>,
    ) -> Option<Ended> {
        let echoes = match message {
            Some(Ok(Message::Text(text))) => self.on_text(text.as_str()),
            Some(Ok(Message::Binary(_))) => {
                self.violation("31950: a binary frame".to_owned());
                Vec::new()
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Vec::new(),
            Some(Ok(Message::Close(_))) => {
                // Answers the close and waits for the end of the connection.
                let _ = timeout(Duration::from_secs(1), socket.next()).await;
                return Some(Ended::ByServer);
            }
            Some(Err(_)) | None => return Some(Ended::ByServer),
        };
        for echo in echoes {
            if send(socket, echo).await.is_err() {
                return Some(Ended::ByServer);
            }
        }
        None
    }

    /// Takes a message of the server; gives the marks that are due.
    fn on_text(&mut self, text: &str) -> Vec<String> {
        let message: FromServer = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(why) => {
                self.violation(format!(
                    "31950: {why}: {}",
                    text.chars().take(200).collect::<String>()
                ));
                return Vec::new();
            }
        };
        let (FromServer::Clear { stream }
        | FromServer::Mark { stream, .. }
        | FromServer::Media { stream, .. }) = &message;
        if !self.messages.is_ours(stream) {
            self.violation(format!("31950: unknown stream {stream}"));
            return Vec::new();
        }
        let marks = match message {
            FromServer::Clear { .. } => {
                self.phone.report.clears += 1;
                self.measures.cleared(self.at_ms());
                self.phone.events.tell(CallEvent::Cleared);
                self.ahead.clear(self.began.elapsed());
                self.playback.clear()
            }
            FromServer::Mark { mark, .. } => {
                self.phone.report.marks += 1;
                self.playback.mark(mark.name).into_iter().collect()
            }
            FromServer::Media { media, .. } => {
                self.on_media(&media.payload);
                Vec::new()
            }
        };
        marks.iter().map(|name| self.messages.mark(name)).collect()
    }

    fn on_media(&mut self, payload: &str) {
        self.phone.report.messages += 1;
        self.measures.message_came();
        if self.phone.report.greeting_after_ms.is_none() {
            self.phone.report.greeting_after_ms = Some(super::millis(self.began.elapsed()));
        }
        match base64_simd::STANDARD.decode_to_vec(payload) {
            Ok(bytes) if bytes.is_empty() => self.violation("31950: an empty payload".to_owned()),
            Ok(bytes) => {
                self.ahead.audio(self.began.elapsed(), bytes.len());
                if self.playback.audio(bytes).is_err() {
                    self.violation("more than ten minutes of audio queued".to_owned());
                }
            }
            Err(_) => self.violation("31950: a payload that is no base64".to_owned()),
        }
    }

    fn violation(&mut self, what: String) {
        if self.phone.report.violations.len() < MOST_VIOLATIONS {
            self.phone.report.violations.push(what);
        }
    }
}

/// Closes and waits until the server did too.
async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) {
    if socket.close(None).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    text: String,
) -> Result<(), tungstenite::Error> {
    socket.send(Message::text(text)).await
}

#[cfg(test)]
mod tests;
