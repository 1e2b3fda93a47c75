//! OpenAI's transcription of files, and every server that speaks its shape: a segment of speech
//! goes up as a WAV file, its words come back.

mod client;
mod phantoms;
mod segments;
pub mod wire;

pub use client::{Deadlines, OpenAiTranscription};
