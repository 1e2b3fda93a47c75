//! The parts of OpenAI's interface that take and give sound: `/v1/audio/speech` and
//! `/v1/audio/transcriptions`.

mod form;
mod speech;
mod transcription;

use std::sync::Arc;

use axum::{
    Router, extract::DefaultBodyLimit, http::StatusCode, response::Response, routing::post,
};

pub use speech::{FakeSpeech, SpeechFault, SpeechSettings, SpokenClause};
pub use transcription::{FakeTranscription, HeardFile, TranscriptionFault, TranscriptionSettings};

use super::{LlmFault, Settings, wire};
use crate::fakes::listener::Stop;

/// The most that the real service takes.
const LARGEST_FILE: usize = 25 << 20;

/// Both parts, and the way to them.
pub(super) struct Audio {
    pub(super) speech: FakeSpeech,
    pub(super) transcription: FakeTranscription,
}

impl Audio {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            speech: FakeSpeech::new(settings),
            transcription: FakeTranscription::new(settings),
        }
    }

    pub(super) fn routes(&self, stop: &Stop) -> Router {
        let speech = (Arc::clone(&self.speech.shared), stop.clone());
        let transcription = (Arc::clone(&self.transcription.shared), stop.clone());
        Router::new()
            .route("/v1/audio/speech", post(speech::speak).with_state(speech))
            .route(
                "/v1/audio/transcriptions",
                post(transcription::transcribe)
                    .with_state(transcription)
                    .layer(DefaultBodyLimit::max(LARGEST_FILE)),
            )
    }
}

/// A refusal with any status, as a gateway words it.
fn refused_with(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = r#"{"error":{"message":"the simulation refuses","type":"error","code":null}}"#;
    wire::answer(status, body.to_owned())
}

/// What the chat interface answers to the same fault.
fn refused_as_chat(fault: LlmFault) -> Response {
    wire::refused_by(fault).unwrap_or_else(wire::server_error)
}

#[cfg(test)]
mod tests;
