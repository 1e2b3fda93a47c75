//! Deepgram's streaming voices, `/v1/speak`.
//!
//! One connection speaks a whole call. It takes text and, when it is flushed, makes all of it into
//! one stream of audio without names: what belongs to which clause is told by the order of things.
//! Flushes are rationed, so the first clause of a reply is flushed at once, and the others together
//! when the audio would run out or the reply is written.

mod call_voice;
mod client;
mod flushes;
mod groups;
mod speaking;
pub mod wire;

pub use client::{Aura, Deadlines};
