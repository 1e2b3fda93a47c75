use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc;

use super::{
    NAME,
    request::{self, Server},
    thoughts::Thoughts,
    wire::{self, AnswerReader},
};
use crate::{
    BaseUrl, ProviderError, Secret,
    endpoint::Endpoint,
    llm::{
        Deadlines, LanguageModel, Think, Tokens, Written, answer::Reading, history::prompt_chars,
    },
    manners::Manners,
    socket::key_header,
};

/// The protocol that [`wire`] reads.
const VERSION: &str = "2023-06-01";

const MANNERS: Manners = Manners {
    name: NAME,
    request_id: "request-id",
    refused: wire::refused,
    is_unknown_key: wire::is_unknown_key,
};

/// Replies by Anthropic's Messages, or by a server of the same shape.
#[derive(Clone, Debug)]
pub struct Anthropic {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    endpoint: Endpoint,
    server: Server,
    deadlines: Deadlines,
    thoughts: Arc<Thoughts>,
}

impl Anthropic {
    /// Where Anthropic's own service is.
    pub const BASE_URL: &str = "https://api.anthropic.com";

    /// Replies from this address, below which every server has `/v1/messages`. Local servers want
    /// no key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>) -> Self {
        let headers = headers(key.as_ref());
        Self {
            shared: Arc::new(Shared {
                server: Server::of(&base),
                endpoint: Endpoint::new(&MANNERS, base.versioned(), (key, headers)),
                deadlines: Deadlines::default(),
                thoughts: Arc::default(),
            }),
        }
    }

    /// The same with other deadlines. The counts come before the end here, so none is for them.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        Arc::make_mut(&mut self.shared).deadlines = deadlines;
        self
    }
}

impl LanguageModel for Anthropic {
    fn reply(
        &self,
        think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let reply = shared.reply(&think, &written).await;
            reply.map_err(|error| shared.endpoint.shown(error))
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            shared
                .endpoint
                .try_warm("/models", shared.deadlines.warm)
                .await
        })
    }
}

impl Shared {
    async fn reply(
        &self,
        think: &Think,
        written: &mpsc::Sender<Written>,
    ) -> Result<Tokens, ProviderError> {
        let body = request::body(self.server, &think.prompt, &think.settings, &self.thoughts);
        let request = ("/messages", body);
        let reader = AnswerReader::default();
        let mut reading = Reading::begin(&self.endpoint, request, reader, self.deadlines).await?;
        let prompt_chars = prompt_chars(&think.prompt);
        let tokens = reading.hand_over(written, prompt_chars).await?;
        if let Some(round) = reading.reader.take_thoughts() {
            self.thoughts.keep(&think.settings.model, round);
        }
        Ok(tokens)
    }
}

fn headers(key: Option<&Secret>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("anthropic-version"),
        HeaderValue::from_static(VERSION),
    );
    if let Some(key) = key {
        headers.insert(
            HeaderName::from_static("x-api-key"),
            key_header(key.reveal()),
        );
    }
    headers
}

#[cfg(test)]
mod tests;
