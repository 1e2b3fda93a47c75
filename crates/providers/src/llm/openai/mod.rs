//! OpenAI's chat completions, streamed, and every server that speaks their shape.

mod client;
mod refusal;
mod request;
mod tools;
pub mod wire;

pub use client::OpenAi;
pub use request::{Authorisation, Profile, SystemRole, TokenLimit};

/// The provider's name in errors and metrics.
const NAME: &str = "openai";
