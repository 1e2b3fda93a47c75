//! ElevenLabs' streaming voices, `stream-input` and `multi-stream-input`, and servers like it; and
//! the same voices by one request per clause.

mod call_voice;
mod clauses;
mod client;
mod ends;
pub mod http;
mod letters;
mod refusal;
mod settings;
mod speaking;
pub mod wire;

pub use client::{Deadlines, ElevenLabs};
pub use http::{ElevenLabsHttp, VoiceInfo};

/// The provider's name in errors and metrics.
const NAME: &str = "elevenlabs";
