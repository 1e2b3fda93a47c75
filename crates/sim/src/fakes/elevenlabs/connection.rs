use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use tokio::time::{Instant, sleep_until};

use super::{
    Manner, Shared, SpokenStream, TtsFault,
    context::{Buffer, Urge},
    query::Options,
    voice::{BYTES_PER_MS, char_end},
    wire::{self, FromClient, Timed},
};
use crate::{
    Dice,
    fakes::{
        listener::{Stop, close},
        moment::{What, report},
    },
};

/// Contexts that may be open at once.
const MOST_CONTEXTS: usize = 5;
/// Messages and texts kept of one socket.
const KEPT: usize = 512;

/// Which of the two sockets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// One text after the other; the empty text ends it.
    Single,
    /// Several named contexts; the empty text keeps one alive.
    Multi,
}

/// One socket that speaks.
pub(super) struct Connection {
    shared: Arc<Shared>,
    options: Options,
    kind: Kind,
    place: Option<usize>,
    fault: Option<TtsFault>,
    dice: Dice,
    manner: Manner,
    contexts: BTreeMap<String, Context>,
    /// What is to be sent, by time, then by order.
    due: BTreeMap<(Instant, u64), Outgoing>,
    order: u64,
    audio_sent: usize,
    /// When the message that is read came in.
    came: Instant,
}

struct Context {
    buffer: Buffer,
    /// When its last audio is sent: later text comes after.
    busy_until: Instant,
    expires: Instant,
}

enum Outgoing {
    /// A message, and the text whose first audio it is.
    Audio {
        message: String,
        begins: Option<String>,
    },
    Last(String),
    Close,
}

/// Why a socket is closed against the client's will.
struct Offence(String);

/// The characters that end in a part of a text's sound, each with its times within the part.
pub(super) fn timed(chars: &[char], samples: usize, part: Range<usize>) -> Vec<Timed> {
    let place = |at: usize| at.saturating_sub(part.start).div_ceil(BYTES_PER_MS);
    let end = |number: usize| char_end(samples, chars.len(), number);
    let timed = chars
        .iter()
        .enumerate()
        .map(|(number, char)| (*char, end(number), end(number + 1)));
    timed
        .filter(|(_, _, ends)| *ends > part.start && *ends <= part.end)
        .map(|(char, begins, ends)| Timed {
            char,
            begins_ms: place(begins),
            ends_ms: place(ends),
        })
        .collect()
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        (options, kind): (Options, Kind),
        (place, dice): (Option<usize>, Dice),
        fault: Option<TtsFault>,
    ) -> Self {
        Self {
            dice,
            manner: Manner {
                voice: shared.settings.voice.clone(),
                first_audio: shared.settings.first_audio,
                chunk_gap: shared.settings.chunk_gap,
                character_times: true,
            },
            shared,
            options,
            kind,
            place,
            fault,
            contexts: BTreeMap::new(),
            due: BTreeMap::new(),
            order: 0,
            audio_sent: 0,
            came: Instant::now(),
        }
    }

    /// Serves this socket in its own manner, if it has one.
    pub(super) fn behaving(mut self, manner: Option<Manner>) -> Self {
        self.manner = manner.unwrap_or(self.manner);
        self
    }

    /// Serves the socket to its end.
    pub(super) async fn serve(mut self, mut socket: WebSocket, mut stop: Stop) {
        let mut idle_at = Instant::now() + self.options.inactivity;
        loop {
            let due = self.due.keys().next().map(|(at, _)| *at);
            let open = tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => {
                        idle_at = Instant::now() + self.options.inactivity;
                        let taken = self.on_text(text.as_str());
                        self.after(taken, &mut socket).await
                    }
                    Some(Ok(Message::Binary(_))) => {
                        let offence = Offence("binary messages are not supported".to_owned());
                        self.after(Err(offence), &mut socket).await
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                },
                () = sleep_until(due.unwrap_or(idle_at)), if due.is_some() => {
                    self.send_due(&mut socket).await
                }
                () = sleep_until(idle_at), if due.is_none() => {
                    close(&mut socket, 1008, "input_timeout_exceeded").await;
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

    /// Closes on an offence, as the provider does: a message, then 1008.
    async fn after(&mut self, taken: Result<(), Offence>, socket: &mut WebSocket) -> bool {
        let Err(Offence(what)) = taken else {
            return true;
        };
        self.shared.log.violation(what.clone());
        let message = wire::error(&what, 1008);
        if socket.send(Message::Text(message.into())).await.is_ok() {
            close(socket, 1008, &what).await;
        }
        false
    }

    fn on_text(&mut self, text: &str) -> Result<(), Offence> {
        self.came = Instant::now();
        self.note(|stream| {
            if stream.messages.len() < KEPT {
                stream.messages.push(text.to_owned());
            }
        });
        let message: FromClient =
            serde_json::from_str(text).map_err(|why| Offence(format!("invalid message: {why}")))?;
        if self.fault == Some(TtsFault::NoQuota) && message.text.as_deref() != Some(" ") {
            return Err(Offence("quota_exceeded".to_owned()));
        }
        match self.kind {
            Kind::Single => self.on_single(message),
            Kind::Multi => self.on_multi(message),
        }
    }

    fn on_single(&mut self, message: FromClient) -> Result<(), Offence> {
        if message.context_id.is_some() || message.close_context || message.close_socket {
            return Err(Offence("contexts belong to multi-stream-input".to_owned()));
        }
        let Some(text) = message.text.clone() else {
            return Err(Offence("a message without text".to_owned()));
        };
        if self.contexts.is_empty() {
            if text != " " {
                return Err(Offence(
                    "the first message must be a single space".to_owned(),
                ));
            }
            return self.open(String::new(), message);
        }
        if text.is_empty() {
            let rest = self
                .contexts
                .get_mut("")
                .and_then(|context| context.buffer.take());
            self.speak("", rest);
            let end = self.busy_until("");
            self.queue(end, Outgoing::Last(String::new()));
            self.queue(end, Outgoing::Close);
            return Ok(());
        }
        self.add("", &text, &message)
    }

    fn on_multi(&mut self, message: FromClient) -> Result<(), Offence> {
        if message.close_socket {
            let names: Vec<String> = self.contexts.keys().cloned().collect();
            names.into_iter().for_each(|name| self.close_context(&name));
            let end = self
                .due
                .keys()
                .next_back()
                .map_or_else(Instant::now, |(at, _)| *at);
            self.queue(end, Outgoing::Close);
            return Ok(());
        }
        self.expire();
        let Some(name) = message.context_id.clone() else {
            let keeps_alive = message.text.as_deref() == Some("");
            return if keeps_alive {
                Ok(())
            } else {
                Err(Offence("context_id is missing".to_owned()))
            };
        };
        if !self.contexts.contains_key(&name) {
            if message.close_context {
                return Ok(());
            }
            self.open(name.clone(), message.clone())?;
        } else if message.voice_settings.is_some() || message.generation_config.is_some() {
            return Err(Offence(format!(
                "settings of context {name} came after its first message"
            )));
        }
        self.add(&name, message.text.as_deref().unwrap_or_default(), &message)?;
        if message.close_context {
            self.close_context(&name);
        }
        Ok(())
    }

    fn open(&mut self, name: String, message: FromClient) -> Result<(), Offence> {
        if self.contexts.len() == MOST_CONTEXTS {
            return Err(Offence(
                "max_active_conversations: too many open contexts".to_owned(),
            ));
        }
        if message
            .voice_settings
            .is_some_and(|settings| !settings.in_range())
        {
            return Err(Offence("invalid_voice_settings: out of range".to_owned()));
        }
        let schedule = message
            .generation_config
            .and_then(|config| config.chunk_length_schedule);
        let buffer = Buffer::new(schedule, self.options.auto_mode).map_err(Offence)?;
        let now = Instant::now();
        let expires = now + self.options.inactivity;
        self.contexts.insert(
            name,
            Context {
                buffer,
                busy_until: now,
                expires,
            },
        );
        Ok(())
    }

    fn add(&mut self, name: &str, text: &str, message: &FromClient) -> Result<(), Offence> {
        let later_settings = self.kind == Kind::Single
            && (message.voice_settings.is_some() || message.generation_config.is_some());
        if later_settings {
            return Err(Offence("settings belong into the first message".to_owned()));
        }
        if !text.trim().is_empty() {
            self.note(|stream| stream.characters += text.trim().chars().count() as u64);
            let timeline = self.shared.settings.timeline.as_ref();
            report(timeline, self.came, || What::TextAsked(text.to_owned()));
        }
        let urge = Urge {
            flush: message.flush,
            attempt: message.try_trigger_generation,
        };
        let expires = Instant::now() + self.options.inactivity;
        let ready = self.contexts.get_mut(name).and_then(|context| {
            context.expires = expires;
            context.buffer.add(text, urge)
        });
        self.speak(name, ready);
        Ok(())
    }

    /// No more of this context, when its audio was sent. Text that was not flushed is lost.
    fn close_context(&mut self, name: &str) {
        let end = self.busy_until(name);
        self.contexts.remove(name);
        self.queue(end, Outgoing::Last(name.to_owned()));
    }

    fn expire(&mut self) {
        let now = Instant::now();
        let expired = self
            .contexts
            .iter()
            .filter(|(_, context)| context.expires < now);
        let expired: Vec<String> = expired.map(|(name, _)| name.clone()).collect();
        expired.iter().for_each(|name| self.close_context(name));
    }

    fn busy_until(&self, name: &str) -> Instant {
        let now = Instant::now();
        self.contexts
            .get(name)
            .map_or(now, |context| context.busy_until.max(now))
    }

    /// Makes the sound of a text and sets the times of its messages.
    fn speak(&mut self, name: &str, text: Option<String>) {
        let Some(text) = text else {
            return;
        };
        self.note(|stream| {
            if stream.spoken.len() < KEPT {
                stream.spoken.push(text.clone());
            }
        });
        let audio = self.manner.voice.say(&text);
        let mut at = (Instant::now() + self.first_audio()).max(self.busy_until(name));
        let chunk = self.shared.settings.chunk;
        let size = (chunk.as_millis() as usize * BYTES_PER_MS).max(BYTES_PER_MS);
        let chars: Vec<char> = text.chars().collect();
        let context = (self.kind == Kind::Multi).then_some(name);
        let mut begins = Some(text);
        for (number, bytes) in audio.chunks(size).enumerate() {
            let part = number * size..(number * size + bytes.len());
            let timed = if self.manner.character_times {
                timed(&chars, audio.len(), part)
            } else {
                Vec::new()
            };
            let message = wire::audio(bytes, &timed, context);
            self.queue(
                at,
                Outgoing::Audio {
                    message,
                    begins: begins.take(),
                },
            );
            at += self.manner.chunk_gap.draw(&mut self.dice);
        }
        if let Some(context) = self.contexts.get_mut(name) {
            context.busy_until = at;
        }
    }

    fn first_audio(&mut self) -> Duration {
        let delay = self.manner.first_audio.draw(&mut self.dice);
        if let Some(TtsFault::Slow(more)) = self.fault {
            delay + more
        } else {
            delay
        }
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
        if self.fault == Some(TtsFault::Mute) {
            return true;
        }
        let text = match outgoing {
            Outgoing::Close => {
                close(socket, 1000, "").await;
                return false;
            }
            Outgoing::Last(name) => wire::last((self.kind == Kind::Multi).then_some(&name)),
            Outgoing::Audio { message, begins } => {
                if self.fault == Some(TtsFault::DropAfter(self.audio_sent)) {
                    return false;
                }
                self.audio_sent += 1;
                if let Some(text) = begins {
                    let timeline = self.shared.settings.timeline.as_ref();
                    report(timeline, Instant::now(), || What::SpeechSent(text));
                }
                message
            }
        };
        let garbage = self.fault == Some(TtsFault::Garbage);
        let text = if garbage {
            "{\"audio\":\"UklGR".to_owned()
        } else {
            text
        };
        socket.send(Message::Text(text.into())).await.is_ok()
    }

    fn note(&self, change: impl FnOnce(&mut SpokenStream)) {
        self.shared.log.change(self.place, change);
    }
}
