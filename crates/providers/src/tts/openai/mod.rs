//! OpenAI's speech, and every server that speaks its shape: a clause goes up, its sound streams
//! back.

mod client;
pub mod wire;

pub use super::ahead::Deadlines;
pub use client::OpenAiSpeech;
