//! Anthropic's Messages, streamed, and every server that speaks their shape.

mod blocks;
mod client;
mod refusal;
mod request;
mod thinking;
mod thoughts;
pub mod wire;

pub use client::Anthropic;

/// The provider's name in errors and metrics.
const NAME: &str = "anthropic";
