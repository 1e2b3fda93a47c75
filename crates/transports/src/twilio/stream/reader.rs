use std::{pin::Pin, sync::Arc, time::Duration};

use axum::extract::ws::{Message, close_code};
use bytes::Bytes;
use domain::Millis;
use tokio::time::{Instant, Sleep};

use super::{
    Oddities, Oddity, StreamLimits,
    intake::Intake,
    silence::{Alarm, Silence},
    socket::Socket,
};
use crate::{FromLine, LineReader};

/// The ear's side of a Twilio stream.
#[derive(Debug)]
pub struct TwilioReader {
    socket: Arc<Socket>,
    intake: Intake,
    silence: Silence,
    oddities: Arc<Oddities>,
    began: Instant,
    /// Rings when the line may have been silent for too long. It is not moved with every message:
    /// it finds out when it rings.
    alarm: Pin<Box<Sleep>>,
}

enum Came {
    Alarm,
    /// The other end breaks the rules, or the connection broke.
    Broken,
    End,
    Message(Message),
}

impl TwilioReader {
    pub(super) fn new(socket: Arc<Socket>, limits: &StreamLimits, oddities: Arc<Oddities>) -> Self {
        Self {
            socket,
            intake: Intake::new(limits.times_real_time, Arc::clone(&oddities)),
            silence: Silence::new(limits),
            oddities,
            began: Instant::now(),
            alarm: Box::pin(tokio::time::sleep(limits.probe_after)),
        }
    }

    async fn came(&mut self) -> Came {
        tokio::select! {
            // The alarm first: a line that only talks nonsense must not starve it.
            biased;
            () = &mut self.alarm => Came::Alarm,
            message = self.socket.read() => match message {
                Some(Ok(message)) => Came::Message(message),
                Some(Err(_)) => Came::Broken,
                None => Came::End,
            },
        }
    }

    fn read(&mut self, message: &Message) -> Option<FromLine> {
        let now = self.now();
        match message {
            Message::Text(text) => {
                self.silence.heard(now);
                self.intake.text(text, now)
            }
            Message::Binary(_) => self.intake.binary(now),
            // The library answers pings and closes while the socket is read on.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
        }
    }

    fn rung(&mut self) -> Option<FromLine> {
        let until = match self.silence.alarm(self.now()) {
            Alarm::Wait(until) => until,
            Alarm::Probe(until) => {
                self.oddities.note(Oddity::Probe);
                self.socket.try_send(Message::Ping(Bytes::new()));
                until
            }
            Alarm::Lost => return Some(self.end()),
        };
        self.alarm
            .as_mut()
            .reset(self.began + Duration::from_millis(until.0));
        None
    }

    /// The end without `stop`: ours if we said goodbye, else a broken line.
    fn end(&self) -> FromLine {
        if self.socket.is_closing() {
            FromLine::HungUp
        } else {
            FromLine::Lost
        }
    }

    fn now(&self) -> Millis {
        let elapsed = self.began.elapsed().as_millis();
        Millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }
}

impl LineReader for TwilioReader {
    /// The next thing that arrives. Dropping the future loses nothing.
    async fn next(&mut self) -> FromLine {
        loop {
            if let Some(owed) = self.intake.owed() {
                return owed;
            }
            let (told, code) = match self.came().await {
                Came::Message(message) => (self.read(&message), close_code::POLICY),
                Came::Alarm => (self.rung(), close_code::POLICY),
                Came::Broken => (Some(FromLine::Lost), close_code::PROTOCOL),
                Came::End => (Some(self.end()), close_code::NORMAL),
            };
            if told == Some(FromLine::Lost) {
                self.socket.try_close(code);
            }
            if let Some(told) = told {
                return told;
            }
        }
    }
}
