//! Speech to text, language models and text to speech: one trait each, one folder per provider.
//!
//! A provider is `wire.rs` (pure: what goes over the wire) and `client.rs` (how it is reached, with
//! which deadlines). Where one call is more than one request, its machine has a file of its own
//! beside them: `call_voice.rs` for a voice, `conversation.rs` for a model that hears and speaks,
//! pure parts such as `clauses.rs` and `segments.rs` for what either has to keep in mind.

mod address;
mod base_url;
mod cutter;
mod deepgram;
mod endpoint;
mod hints;
mod http;
mod http_date;
pub mod llm;
#[cfg(test)]
mod loopback;
mod manners;
pub mod offline;
mod openai;
pub mod realtime;
mod secret;
mod socket;
pub mod sse;
pub mod stt;
mod text;
pub mod tts;
mod verdict;

pub use base_url::{BadBaseUrl, BaseUrl};
pub use hints::Hints;
pub use secret::{BadSecret, Secret};
pub use verdict::{ProviderError, Verdict};
