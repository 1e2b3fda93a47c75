use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::{
    RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::{sync::mpsc, time::Instant};

use super::{
    NAME, request,
    thoughts::Thoughts,
    wire::{self, AnswerReader},
};
use crate::{
    BaseUrl, HttpClient, ProviderError, Secret,
    http::Ticket,
    llm::{
        Deadlines, LanguageModel, Think, Tokens, Written,
        answer::{Answer, Manners},
        history::prompt_chars,
    },
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
    base: BaseUrl,
    key: Option<Secret>,
    headers: HeaderMap,
    http: HttpClient,
    deadlines: Deadlines,
    thoughts: Arc<Thoughts>,
}

impl Anthropic {
    /// Where Anthropic's own service is.
    pub const BASE_URL: &str = "https://api.anthropic.com";

    /// Replies from this address, below which every server has `/v1/messages`. Local servers want
    /// no key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>, http: HttpClient) -> Self {
        Self {
            shared: Arc::new(Shared {
                base: base.versioned(),
                headers: headers(key.as_ref()),
                key,
                http,
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
            shared
                .reply(&think, &written)
                .await
                .map_err(|error| match &shared.key {
                    Some(key) => error.without(key),
                    None => error,
                })
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let ticket = shared.http.ticket();
            let request = ticket
                .client()
                .get(shared.base.http("/models"))
                .headers(shared.headers.clone());
            MANNERS.warm(request, shared.deadlines.warm).await;
        })
    }
}

impl Shared {
    async fn reply(
        &self,
        think: &Think,
        written: &mpsc::Sender<Written>,
    ) -> Result<Tokens, ProviderError> {
        let began = Instant::now();
        let ticket = self.http.ticket();
        let request = self.request(&ticket, think);
        let response = MANNERS
            .ask(request, began, self.deadlines.first_token)
            .await?;
        let reader = AnswerReader::default();
        let mut answer = Answer::new(&MANNERS, reader, response, (began, self.deadlines));
        let tokens = answer
            .hand_over(written, prompt_chars(&think.prompt))
            .await?;
        if let Some(round) = answer.reader.take_thoughts() {
            self.thoughts.keep(&think.settings.model, round);
        }
        Ok(tokens)
    }

    fn request(&self, ticket: &Ticket, think: &Think) -> RequestBuilder {
        ticket
            .client()
            .post(self.base.http("/messages"))
            .headers(self.headers.clone())
            .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(request::body(
                &think.prompt,
                &think.settings,
                &self.thoughts,
            ))
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
