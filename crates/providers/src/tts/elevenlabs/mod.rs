//! ElevenLabs' streaming voices, `stream-input` and `multi-stream-input`, and servers like it.

mod clauses;
mod client;
mod line;
mod speaking;
pub mod wire;

pub use client::{Deadlines, ElevenLabs};

/// The provider's name in errors and metrics.
const NAME: &str = "elevenlabs";
