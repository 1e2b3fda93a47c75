//! Deepgram's live recognition, `/v1/listen`, and servers that speak its protocol.

mod client;
mod opening;
pub mod wire;

pub use client::{Deadlines, Deepgram};
