//! Speech to text, language models and text to speech: one trait each, one folder per provider.
//!
//! A provider is `wire.rs` (pure: what goes over the wire) and `client.rs` (owns the socket).

pub mod llm;
pub mod offline;
pub mod stt;
pub mod tts;
mod verdict;

pub use verdict::{ProviderError, Verdict};
