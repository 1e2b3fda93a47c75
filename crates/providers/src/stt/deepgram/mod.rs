//! Deepgram's live recognition, `/v1/listen`, and servers that speak its protocol.

mod client;
pub mod wire;

pub use client::{Deadlines, Deepgram};
