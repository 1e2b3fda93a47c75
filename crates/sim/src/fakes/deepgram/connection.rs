use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::{
    HeardStream, Manner, Shared, SttFault,
    query::{BYTES_PER_MS, Options},
    recognition::{Recognition, Said, Why},
    wire,
};
use crate::{
    Dice,
    fakes::{
        listener::{Stop, close},
        moment::{What, report},
    },
};

/// Texts kept of one stream.
const KEPT_TEXTS: usize = 256;
const SILENT_CLIENT: &str = "Deepgram did not receive audio data or a text message within the \
                             timeout window. See https://dpgr.am/net0001 (NET-0001)";

/// A stream whose handshake was good.
pub(super) struct Accepted {
    pub(super) options: Options,
    pub(super) manner: Manner,
    /// Where it stands in the log.
    pub(super) place: Option<usize>,
    /// Counted over all streams.
    pub(super) number: u64,
    pub(super) fault: Option<SttFault>,
}

/// One stream being recognised.
pub(super) struct Connection {
    shared: Arc<Shared>,
    options: Options,
    manner: Manner,
    recognition: Recognition,
    place: Option<usize>,
    number: u64,
    fault: Option<SttFault>,
    dice: Dice,
    /// What is to be sent, and when: never out of order.
    due: VecDeque<(Instant, Said)>,
    /// Final words since the last end of an utterance.
    utterance: String,
}

/// What becomes of the stream.
enum Next {
    GoOn,
    /// The client said that no more audio comes.
    Finish,
    /// Cut it without a word.
    Cut,
}

#[derive(Deserialize)]
struct Control {
    #[serde(rename = "type")]
    kind: String,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, accepted: Accepted) -> Self {
        let Accepted {
            mut options,
            manner,
            place,
            number,
            fault,
        } = accepted;
        let interim_ms = u64::try_from(manner.interim_every.as_millis()).unwrap_or(u64::MAX / 16);
        options.punctuate &= manner.punctuates;
        Self {
            recognition: Recognition::new(options.clone(), (manner.ear)(), interim_ms),
            dice: Dice::new(shared.settings.seed ^ (number << 20)),
            manner,
            shared,
            options,
            place,
            number,
            fault,
            due: VecDeque::new(),
            utterance: String::new(),
        }
    }

    /// Serves the stream to its end.
    pub(super) async fn serve(mut self, mut socket: WebSocket, mut stop: Stop) {
        let mut silent_at = Instant::now() + self.shared.settings.patience;
        loop {
            let due = self.due.front().map(|(at, _)| *at);
            let next = tokio::select! {
                message = socket.recv() => {
                    silent_at = Instant::now() + self.shared.settings.patience;
                    match message {
                        Some(Ok(message)) => self.on_message(&message, &mut socket).await,
                        Some(Err(_)) | None => Next::Cut,
                    }
                }
                () = sleep_until(due.unwrap_or(silent_at)), if due.is_some() => {
                    self.send_due(&mut socket).await
                }
                () = sleep_until(silent_at) => {
                    self.shared.log.violation("NET-0001: neither audio nor KeepAlive");
                    close(&mut socket, 1011, SILENT_CLIENT).await;
                    Next::Cut
                }
                () = stop.wait() => Next::Cut,
            };
            match next {
                Next::GoOn => {}
                Next::Finish => {
                    self.finish(&mut socket).await;
                    break;
                }
                Next::Cut => break,
            }
        }
        self.note(|stream| stream.ended = true);
    }

    async fn on_message(&mut self, message: &Message, socket: &mut WebSocket) -> Next {
        match message {
            Message::Binary(audio) if audio.is_empty() => {
                self.shared
                    .log
                    .violation("an empty binary frame ends the stream");
                Next::Finish
            }
            Message::Binary(audio) => self.on_audio(audio),
            Message::Text(text) => self.on_text(text.as_str(), socket).await,
            Message::Close(_) => Next::Cut,
            Message::Ping(_) | Message::Pong(_) => Next::GoOn,
        }
    }

    fn on_audio(&mut self, audio: &[u8]) -> Next {
        self.note(|stream| {
            stream.audio_bytes += audio.len() as u64;
            stream.audio_frames += 1;
        });
        let mut said = Vec::new();
        self.recognition.hear(audio, &mut said);
        self.queue(said);
        let heard_ms = u128::from(self.recognition.heard() / BYTES_PER_MS);
        if let Some(SttFault::DropAfter(length)) = self.fault
            && heard_ms >= length.as_millis()
        {
            return Next::Cut;
        }
        Next::GoOn
    }

    async fn on_text(&mut self, text: &str, socket: &mut WebSocket) -> Next {
        self.note(|stream| {
            if stream.texts.len() < KEPT_TEXTS {
                stream.texts.push(text.to_owned());
            }
        });
        let control = serde_json::from_str::<Control>(text).map(|control| control.kind);
        match control.as_deref() {
            Ok("KeepAlive") => Next::GoOn,
            Ok("Finalize") => {
                let mut said = Vec::new();
                self.recognition.finalize(&mut said);
                self.queue(said);
                Next::GoOn
            }
            Ok("CloseStream") => Next::Finish,
            Ok(_) | Err(_) => {
                self.shared.log.violation(format!("SchemaError: {text}"));
                let error = wire::schema_error(text);
                let sent = socket.send(Message::Text(error.into())).await;
                if sent.is_ok() { Next::GoOn } else { Next::Cut }
            }
        }
    }

    /// Sets the time for what was said: results take their lag, the order stays.
    fn queue(&mut self, said: Vec<Said>) {
        let now = Instant::now();
        for said in said {
            if self.is_lost(&said) {
                self.note(|stream| stream.lost_finals += 1);
                continue;
            }
            let lag = match &said {
                Said::Results(results) => self.lag(results.why),
                Said::SpeechStarted { .. } | Said::UtteranceEnd { .. } => Duration::ZERO,
            };
            let after = self.due.back().map_or(now, |(at, _)| *at);
            self.due.push_back(((now + lag).max(after), said));
        }
    }

    fn is_lost(&mut self, said: &Said) -> bool {
        match said {
            Said::Results(results) => {
                let settled = results.why != Why::Interim && !results.words.is_empty();
                settled && self.dice.happens(self.manner.lost_finals)
            }
            Said::SpeechStarted { .. } | Said::UtteranceEnd { .. } => false,
        }
    }

    fn lag(&mut self, why: Why) -> Duration {
        let lag = match why {
            Why::Interim => self.manner.interim_lag,
            Why::Finalize => self.manner.finalize_lag,
            Why::Endpoint | Why::Span => self.manner.final_lag,
        };
        let lag = lag.draw(&mut self.dice);
        if let Some(SttFault::Slow(more)) = self.fault {
            lag + more
        } else {
            lag
        }
    }

    async fn send_due(&mut self, socket: &mut WebSocket) -> Next {
        while let Some((at, said)) = self.due.pop_front() {
            if at > Instant::now() {
                self.due.push_front((at, said));
                break;
            }
            if self.send(&said, socket).await.is_err() {
                return Next::Cut;
            }
        }
        Next::GoOn
    }

    async fn send(&mut self, said: &Said, socket: &mut WebSocket) -> Result<(), axum::Error> {
        if self.fault == Some(SttFault::Mute) {
            return Ok(());
        }
        let text = if self.fault == Some(SttFault::Garbage) {
            "{\"type\":\"Results\",\"channel\":".to_owned()
        } else {
            wire::message(said, &self.options, self.number)
        };
        self.note_utterance(said);
        socket.send(Message::Text(text.into())).await
    }

    /// Tells the timeline when an utterance with words is over.
    fn note_utterance(&mut self, said: &Said) {
        let over = match said {
            Said::Results(results) if results.why == Why::Interim => false,
            Said::Results(results) => {
                self.utterance
                    .push_str(&wire::transcript(&results.words, self.options.punctuate));
                results.why == Why::Endpoint
            }
            Said::UtteranceEnd { .. } => true,
            Said::SpeechStarted { .. } => false,
        };
        if over && !self.utterance.is_empty() {
            let words = std::mem::take(&mut self.utterance);
            report(self.shared.settings.timeline.as_ref(), || {
                What::FinalSent(words)
            });
        }
    }

    /// The rest of the words, the summary, and the close.
    async fn finish(&mut self, socket: &mut WebSocket) {
        let mut said = Vec::new();
        self.recognition.end(&mut said);
        self.queue(said);
        while let Some((at, said)) = self.due.pop_front() {
            sleep_until(at).await;
            if self.send(&said, socket).await.is_err() {
                return;
            }
        }
        let metadata = wire::metadata(self.recognition.heard(), self.number);
        if socket.send(Message::Text(metadata.into())).await.is_ok() {
            close(socket, 1000, "").await;
        }
    }

    fn note(&self, change: impl FnOnce(&mut HeardStream)) {
        self.shared.log.change(self.place, change);
    }
}
