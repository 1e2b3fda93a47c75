//! Deepgram's live recognition, `/v1/listen`, and servers that speak its protocol; and its models
//! that hear turns.

mod client;
pub mod flux;
mod interim;
mod opening;
mod patience;
pub mod wire;

pub use client::{Deadlines, Deepgram};
pub use flux::DeepgramFlux;
