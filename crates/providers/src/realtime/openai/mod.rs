//! OpenAI's realtime models over a WebSocket, and servers that speak their protocol.

mod client;
mod conversation;
mod hearing;
mod opening;
mod replies;
mod reply;
mod sound;
mod spare;
pub mod wire;

pub use client::{Deadlines, OpenAiRealtime};

pub(crate) use crate::openai::NAME;
