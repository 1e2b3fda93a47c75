//! The streaming voices: `/v1/speak`.

mod connection;
mod query;
mod wire;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    extract::{RawQuery, State, WebSocketUpgrade},
    http::{HeaderMap, header},
    response::Response,
};

use self::connection::Connection;
use super::{FakeDeepgram, Served, text_header};
use crate::{
    Delay,
    fakes::{
        Recorded, TtsFault, Voice,
        listener::{lean, query_pairs},
        log::{Faults, Log},
    },
};

/// How a fake Deepgram speaks.
#[derive(Clone)]
pub struct Speech {
    /// What makes the sound.
    pub voice: Arc<dyn Voice>,
    /// From a flush to its first audio.
    pub first_audio: Delay,
    /// Audio in one message.
    pub chunk: Duration,
    /// Between two messages of one flush.
    pub chunk_gap: Delay,
    /// Silence of the client after which it is disconnected.
    pub patience: Duration,
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            voice: Arc::new(Recorded::default()),
            first_audio: Delay::spread_ms(100, 250),
            chunk: Duration::from_millis(400),
            chunk_gap: Delay::fixed_ms(40),
            patience: Duration::from_secs(60),
        }
    }
}

/// What one client asked for and had spoken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpokenByAura {
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The `Authorization` header.
    pub authorization: String,
    /// Messages as they came, the first few hundred.
    pub messages: Vec<String>,
    /// Texts in the pieces they were spoken in.
    pub spoken: Vec<String>,
    /// It is over.
    pub ended: bool,
}

/// The voice's side of a fake's memory.
pub(super) struct Memory {
    pub(super) log: Log<SpokenByAura>,
    pub(super) faults: Faults<TtsFault>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            log: Log::new(),
            faults: Faults::new(),
        }
    }
}

impl FakeDeepgram {
    /// What clients had spoken so far.
    #[must_use]
    pub fn spoken(&self) -> Vec<SpokenByAura> {
        self.shared.speech.log.seen()
    }

    /// Spoils the next connection of a voice that has no fault yet.
    pub fn fail_speech_once(&self, fault: TtsFault) {
        self.shared.speech.faults.once(fault);
    }

    /// Spoils every one from here on; `None` ends that.
    pub fn fail_speech_always(&self, fault: Option<TtsFault>) {
        self.shared.speech.faults.always(fault);
    }
}

/// Takes a client that wants to have something spoken.
pub(super) async fn speak(
    State((shared, mut stop)): State<Served>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let fault = shared.speech.faults.take();
    if fault == Some(TtsFault::NoAnswer) {
        stop.wait().await;
    }
    if let Some((status, code)) = fault.and_then(wire::refused_by) {
        return super::wire::refusal(status, code, "the simulation refuses");
    }
    let stream = SpokenByAura {
        query: query_pairs(query.as_deref().unwrap_or_default()),
        authorization: text_header(&headers, &header::AUTHORIZATION),
        ..SpokenByAura::default()
    };
    if stream.authorization != format!("Token {}", shared.settings.key) {
        shared
            .log
            .violation("INVALID_AUTH: wrong or missing Authorization: Token");
        shared.speech.log.add(stream);
        return super::wire::refusal(401, "INVALID_AUTH", "Invalid credentials.");
    }
    let model = match query::model(&stream.query) {
        Ok(model) => model,
        Err(reason) => {
            shared
                .log
                .violation(format!("INVALID_QUERY_PARAMETER: {reason}"));
            shared.speech.log.add(stream);
            return super::wire::refusal(400, "INVALID_QUERY_PARAMETER", &reason);
        }
    };
    let number = shared.streams.fetch_add(1, Ordering::Relaxed);
    let welcome = wire::metadata(&model, number);
    let place = shared.speech.log.add(stream);
    let connection = Connection::new(shared, (place, number), fault);
    lean(upgrade).on_upgrade(move |socket| connection.serve(socket, welcome, stop))
}

#[cfg(test)]
mod tests;
