//! OpenAI's chat completions, streamed, and every server that speaks their shape.

mod client;
mod refusal;
mod request;
mod tools;
pub mod wire;

pub use client::OpenAi;
pub(crate) use client::{MANNERS, authorization, headers};
pub(crate) use refusal::broke_off;
pub use request::{Arguments, Authorisation, Models, Profile, SystemRole};

/// The provider's name in errors and metrics.
pub(crate) const NAME: &str = "openai";
