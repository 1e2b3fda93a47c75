//! OpenAI's speech, and every server that speaks its shape: a clause goes up, its sound streams
//! back.

mod call_voice;
mod client;
mod fetch;
pub mod wire;

pub use client::{Deadlines, OpenAiSpeech};
