//! ElevenLabs' streaming voices, `stream-input` and `multi-stream-input`, and servers like it.

mod call_voice;
mod clauses;
mod client;
mod ends;
mod refusal;
mod speaking;
pub mod wire;

pub use client::{Deadlines, ElevenLabs};

/// The provider's name in errors and metrics.
const NAME: &str = "elevenlabs";
