use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use tokio::time::{Instant, sleep_until};

use super::{
    HeardStream, Manner, Shared, SttFault,
    engine::{Asked, Engine, Heeded, Line},
    query::BYTES_PER_MS,
    recognition::Why,
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
    pub(super) asked: Asked,
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
    manner: Manner,
    engine: Engine,
    place: Option<usize>,
    fault: Option<SttFault>,
    dice: Dice,
    /// What is to be sent, and when: never out of order.
    due: VecDeque<(Instant, Line)>,
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

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, accepted: Accepted) -> Self {
        let Accepted {
            asked,
            manner,
            place,
            number,
            fault,
        } = accepted;
        Self {
            engine: Engine::new(asked, &manner, number),
            dice: Dice::new(shared.settings.seed ^ (number << 20)),
            manner,
            shared,
            place,
            fault,
            due: VecDeque::new(),
            utterance: String::new(),
        }
    }

    /// Serves the stream to its end.
    pub(super) async fn serve(mut self, mut socket: WebSocket, mut stop: Stop) {
        let mut silent_at = Instant::now() + self.shared.settings.patience;
        if let Some(welcome) = self.engine.welcome() {
            // A client that is gone already is noticed below.
            drop(socket.send(Message::Text(welcome.into())).await);
        }
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
            Message::Binary(audio) => {
                if audio.starts_with(br#"{"type""#) {
                    self.shared.log.violation("a control message sent as audio");
                }
                self.on_audio(audio)
            }
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
        let said = self.engine.hear(audio);
        self.queue(said);
        let heard_ms = u128::from(self.engine.heard() / BYTES_PER_MS);
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
        match self.engine.heed(text) {
            Heeded::Answered(said) => {
                self.queue(said);
                Next::GoOn
            }
            Heeded::Finish => Next::Finish,
            Heeded::Refused { answer, close: end } => {
                self.shared.log.violation(format!("SchemaError: {text}"));
                let sent = socket.send(Message::Text(answer.into())).await;
                match end {
                    None if sent.is_ok() => Next::GoOn,
                    None => Next::Cut,
                    Some((code, reason)) => {
                        close(socket, code, reason).await;
                        Next::Cut
                    }
                }
            }
        }
    }

    /// Sets the time for what was said: results take their lag, the order stays.
    fn queue(&mut self, said: Vec<Line>) {
        let now = Instant::now();
        for line in said {
            if !line.settled.is_empty() && self.dice.happens(self.manner.lost_finals) {
                self.note(|stream| stream.lost_finals += 1);
                continue;
            }
            let lag = line.why.map_or(Duration::ZERO, |why| self.lag(why));
            let after = self.due.back().map_or(now, |(at, _)| *at);
            self.due.push_back(((now + lag).max(after), line));
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
        while let Some((at, line)) = self.due.pop_front() {
            if at > Instant::now() {
                self.due.push_front((at, line));
                break;
            }
            if self.send(line, socket).await.is_err() {
                return Next::Cut;
            }
        }
        Next::GoOn
    }

    async fn send(&mut self, line: Line, socket: &mut WebSocket) -> Result<(), axum::Error> {
        if self.fault == Some(SttFault::Mute) {
            return Ok(());
        }
        self.note_utterance(&line);
        let text = if self.fault == Some(SttFault::Garbage) {
            "{\"type\":\"Results\",\"channel\":".to_owned()
        } else {
            line.json
        };
        socket.send(Message::Text(text.into())).await
    }

    /// Tells the timeline when an utterance with words is over.
    fn note_utterance(&mut self, line: &Line) {
        self.utterance.push_str(&line.settled);
        if line.ends && !self.utterance.is_empty() {
            let words = std::mem::take(&mut self.utterance);
            let timeline = self.shared.settings.timeline.as_ref();
            report(timeline, Instant::now(), || What::FinalSent(words));
        }
    }

    /// The rest of the words, the summary, and the close.
    async fn finish(&mut self, socket: &mut WebSocket) {
        let said = self.engine.end();
        self.queue(said);
        while let Some((at, line)) = self.due.pop_front() {
            sleep_until(at).await;
            if self.send(line, socket).await.is_err() {
                return;
            }
        }
        if let Some(farewell) = self.engine.farewell()
            && socket.send(Message::Text(farewell.into())).await.is_err()
        {
            return;
        }
        close(socket, 1000, "").await;
    }

    fn note(&self, change: impl FnOnce(&mut HeardStream)) {
        self.shared.log.change(self.place, change);
    }
}
