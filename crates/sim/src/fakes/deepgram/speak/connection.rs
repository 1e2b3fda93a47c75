use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use tokio::time::{Instant, sleep_until};

use super::{
    super::Shared,
    SpokenByAura,
    wire::{self, FromClient},
};
use crate::{
    Dice,
    fakes::{
        TtsFault,
        listener::{Stop, close},
        moment::{What, report},
    },
};

/// Flushes that are done within [`WINDOW`].
const MOST_FLUSHES: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Characters in one message.
const MOST_CHARS: usize = 2_000;
/// Messages and texts kept of one socket.
const KEPT: usize = 512;
/// Bytes of mu-law in a millisecond.
const BYTES_PER_MS: usize = audio::g711::BYTES_PER_MS as usize;

/// One socket that speaks.
pub(super) struct Connection {
    shared: Arc<Shared>,
    place: Option<usize>,
    fault: Option<TtsFault>,
    dice: Dice,
    /// Text that was not flushed.
    text: String,
    flushes: VecDeque<Instant>,
    flushed: u64,
    cleared: u64,
    /// When the last audio is sent: later text comes after.
    busy_until: Instant,
    /// What is to be sent, by time, then by order.
    due: BTreeMap<(Instant, u64), Outgoing>,
    order: u64,
    audio_sent: usize,
}

enum Outgoing {
    /// Audio, and the text whose first audio it is.
    Audio(Bytes, Option<String>),
    Close,
    Text(String),
}

/// Why a socket is closed against the client's will.
struct Offence {
    code: u16,
    reason: String,
}

fn offence(code: u16, reason: impl Into<String>) -> Offence {
    Offence {
        code,
        reason: reason.into(),
    }
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        (place, number): (Option<usize>, u64),
        fault: Option<TtsFault>,
    ) -> Self {
        Self {
            dice: Dice::new(shared.settings.seed ^ (number << 20)),
            shared,
            place,
            fault,
            text: String::new(),
            flushes: VecDeque::new(),
            flushed: 0,
            cleared: 0,
            busy_until: Instant::now(),
            due: BTreeMap::new(),
            order: 0,
            audio_sent: 0,
        }
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self, mut socket: WebSocket, welcome: String, mut stop: Stop) {
        self.queue(Instant::now(), Outgoing::Text(welcome));
        let patience = self.shared.settings.speech.patience;
        let mut silent_at = Instant::now() + patience;
        loop {
            let due = self.due.keys().next().map(|(at, _)| *at);
            let open = tokio::select! {
                message = socket.recv() => {
                    silent_at = Instant::now() + patience;
                    match message {
                        Some(Ok(message)) => self.on_message(&message, &mut socket).await,
                        Some(Err(_)) | None => false,
                    }
                }
                () = sleep_until(due.unwrap_or(silent_at)), if due.is_some() => {
                    self.send_due(&mut socket).await
                }
                () = sleep_until(silent_at), if due.is_none() => {
                    close(&mut socket, 1011, "NET-0001: nothing was received for too long").await;
                    false
                }
                () = stop.wait() => false,
            };
            if !open {
                break;
            }
        }
        self.note(|stream| stream.ended = true);
    }

    async fn on_message(&mut self, message: &Message, socket: &mut WebSocket) -> bool {
        let taken = match message {
            Message::Text(text) => self.on_text(text.as_str()),
            Message::Binary(_) => Err(offence(1003, "MESSAGE-0000: binary is not supported")),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => return false,
        };
        let Err(Offence { code, reason }) = taken else {
            return true;
        };
        self.shared.log.violation(reason.clone());
        close(socket, code, &reason).await;
        false
    }

    fn on_text(&mut self, text: &str) -> Result<(), Offence> {
        let at = Instant::now();
        self.note(|stream| {
            if stream.messages.len() < KEPT {
                stream.messages.push(text.to_owned());
            }
        });
        let message: FromClient = serde_json::from_str(text)
            .map_err(|why| offence(1008, format!("DATA-0000: {why}: {text}")))?;
        match message {
            FromClient::Clear {} => self.clear(),
            FromClient::Close {} => {
                let end = self.busy_until.max(Instant::now());
                self.queue(end, Outgoing::Close);
            }
            FromClient::Flush {} => self.flush(),
            FromClient::Speak { text } if text.chars().count() > MOST_CHARS => {
                return Err(offence(1009, "BIG-0001: the text is too long"));
            }
            FromClient::Speak { text } => {
                self.text.push_str(&text);
                let timeline = self.shared.settings.timeline.as_ref();
                report(timeline, at, || What::TextAsked(text));
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.due.clear();
        self.busy_until = Instant::now();
        let answer = wire::cleared(self.cleared);
        self.cleared += 1;
        self.queue(self.busy_until, Outgoing::Text(answer));
    }

    fn flush(&mut self) {
        let now = Instant::now();
        while self.flushes.front().is_some_and(|at| *at + WINDOW <= now) {
            self.flushes.pop_front();
        }
        if self.flushes.len() == MOST_FLUSHES {
            self.shared
                .log
                .violation("more than 20 flushes in a minute");
            return self.queue(now, Outgoing::Text(wire::too_many_flushes()));
        }
        self.flushes.push_back(now);
        let text = std::mem::take(&mut self.text);
        self.speak(text.trim());
        let answer = wire::flushed(self.flushed);
        self.flushed += 1;
        self.queue(self.busy_until, Outgoing::Text(answer));
    }

    /// Makes the sound of a text and sets the times of its messages.
    fn speak(&mut self, text: &str) {
        self.busy_until = self.busy_until.max(Instant::now());
        if text.is_empty() {
            return;
        }
        self.note(|stream| {
            if stream.spoken.len() < KEPT {
                stream.spoken.push(text.to_owned());
            }
        });
        let shared = Arc::clone(&self.shared);
        let speech = &shared.settings.speech;
        let mut first_audio = speech.first_audio.draw(&mut self.dice);
        if let Some(TtsFault::Slow(more)) = self.fault {
            first_audio += more;
        }
        let mut at = self.busy_until.max(Instant::now() + first_audio);
        let audio = Bytes::from(speech.voice.say(text));
        let size = (speech.chunk.as_millis() as usize * BYTES_PER_MS).max(BYTES_PER_MS);
        let mut begins = Some(text.to_owned());
        for from in (0..audio.len()).step_by(size) {
            let chunk = audio.slice(from..audio.len().min(from + size));
            self.queue(at, Outgoing::Audio(chunk, begins.take()));
            at += speech.chunk_gap.draw(&mut self.dice);
        }
        self.busy_until = at;
    }

    fn queue(&mut self, at: Instant, outgoing: Outgoing) {
        self.order += 1;
        self.due.insert((at, self.order), outgoing);
    }

    async fn send_due(&mut self, socket: &mut WebSocket) -> bool {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > Instant::now() {
                break;
            }
            let outgoing = entry.remove();
            if !self.send_one(outgoing, socket).await {
                return false;
            }
        }
        true
    }

    async fn send_one(&mut self, outgoing: Outgoing, socket: &mut WebSocket) -> bool {
        let message = match outgoing {
            Outgoing::Close => {
                close(socket, 1000, "").await;
                return false;
            }
            Outgoing::Text(text) => Message::Text(text.into()),
            Outgoing::Audio(bytes, begins) => {
                if self.fault == Some(TtsFault::DropAfter(self.audio_sent)) {
                    return false;
                }
                self.audio_sent += 1;
                if let Some(text) = begins {
                    let timeline = self.shared.settings.timeline.as_ref();
                    report(timeline, Instant::now(), || What::SpeechSent(text));
                }
                Message::Binary(bytes)
            }
        };
        let message = match self.fault {
            Some(TtsFault::Mute) => return true,
            Some(TtsFault::Garbage) => Message::Text("{\"type\":\"Flu".into()),
            Some(_) | None => message,
        };
        socket.send(message).await.is_ok()
    }

    fn note(&self, change: impl FnOnce(&mut SpokenByAura)) {
        self.shared.speech.log.change(self.place, change);
    }
}
