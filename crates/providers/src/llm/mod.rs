//! Language models: one prompt in, a stream of text and tool calls out.

mod answer;
pub mod anthropic;
#[cfg(test)]
mod asking;
mod body;
pub(crate) mod history;
pub mod openai;
mod said;
mod strict;
mod text;

use futures_util::future::BoxFuture;
use session::{Prompt, ToolCall};
use tokio::sync::mpsc;

pub use self::{
    answer::{Deadlines, Progress, Reader, State},
    anthropic::Anthropic,
    openai::OpenAi,
};
pub use crate::Hints;
use crate::ProviderError;

/// A provider that writes replies.
pub trait LanguageModel: Send + Sync {
    /// Streams one reply into `written`. Dropping the future cancels the reply.
    fn reply(
        &self,
        think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>>;

    /// Opens a connection, so that the first reply does not wait for one. Failing is no failure.
    fn warm(&self) -> BoxFuture<'static, ()>;
}

/// How to write one reply.
#[derive(Clone, Debug)]
pub struct Think {
    /// What the model sees.
    pub prompt: Prompt,
    /// How it writes.
    pub settings: std::sync::Arc<ModelSettings>,
}

/// How an agent's model writes.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// The provider's model.
    pub model: String,
    /// Longest reply.
    pub max_tokens: u32,
    /// Sent only when the operator set it: some models refuse it.
    pub temperature: Option<f32>,
    /// Sent only when set.
    pub presence_penalty: Option<f32>,
    /// Sent only when set.
    pub frequency_penalty: Option<f32>,
    /// Without it, as little as the model can do with, where that is known.
    pub reasoning_effort: Option<String>,
    /// What the model may ask for.
    pub tools: Vec<ToolOffer>,
}

impl ModelSettings {
    /// With nothing set, and without tools.
    #[must_use]
    pub fn plain(model: &str, max_tokens: u32) -> Self {
        Self {
            model: model.to_owned(),
            max_tokens,
            temperature: None,
            presence_penalty: None,
            frequency_penalty: None,
            reasoning_effort: None,
            tools: Vec::new(),
        }
    }
}

/// A tool as it is offered to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOffer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON Schema of its arguments, as text.
    pub parameters: String,
}

/// What a model writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Some text, never empty.
    Text(String),
    /// A whole tool call; its arguments are an object or unreadable as sent.
    Tool(ToolCall),
    /// What the reply has consumed so far, as the server counts it. The latest one holds, also for
    /// a reply that fails or that nobody waits for; what is written after it is not in it.
    Used(Tokens),
}

/// What a reply consumed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tokens {
    /// Of the prompt, whatever the provider's cache has to do with them.
    pub input: u64,
    /// Of the prompt, read from the provider's cache.
    pub cached: u64,
    /// Of the prompt, given to the provider's cache for some minutes.
    pub cache_writes: u64,
    /// Of the prompt, given to the provider's cache for an hour.
    pub long_cache_writes: u64,
    /// Generated.
    pub output: u64,
}
