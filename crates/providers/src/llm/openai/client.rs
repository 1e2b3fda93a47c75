use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc;

use super::{
    NAME, Profile,
    request::{self, Authorisation},
    wire::{self, AnswerReader},
};
use crate::{
    BaseUrl, ProviderError, Secret,
    endpoint::Endpoint,
    llm::{
        Deadlines, LanguageModel, Think, Tokens, Written, answer::Reading, history::prompt_chars,
    },
    manners::Manners,
    openai::MODELS,
    socket::key_header,
};

/// Counts tool calls to which a server gave no id.
static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// Replies by OpenAI's chat completions, or by a server of the same shape.
#[derive(Clone, Debug)]
pub struct OpenAi {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    endpoint: Endpoint,
    profile: Profile,
    deadlines: Deadlines,
}

/// How OpenAI's servers talk about a request, whatever it is for.
pub(crate) const MANNERS: Manners = Manners {
    name: NAME,
    request_id: "x-request-id",
    refused: wire::refused,
    is_unknown_key: wire::is_unknown_key,
};

impl OpenAi {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Replies from this address. A base without any path gets `/v1`, where every server has it.
    /// Local servers want no key. [`Profile::of`] knows which profile fits an address.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>, profile: Profile) -> Self {
        let headers = headers(key.as_ref(), profile.authorisation);
        let base = base.versioned_if_bare();
        Self {
            shared: Arc::new(Shared {
                endpoint: Endpoint::new(&MANNERS, base, (key, headers)),
                profile,
                deadlines: Deadlines::default(),
            }),
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        Arc::make_mut(&mut self.shared).deadlines = deadlines;
        self
    }
}

impl LanguageModel for OpenAi {
    fn reply(
        &self,
        think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let reply = shared.reply(&think, &written).await;
            // A server that refuses a key likes to repeat it, also in the middle of a stream.
            reply.map_err(|error| shared.endpoint.shown(error))
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            shared
                .endpoint
                .try_warm(MODELS, shared.deadlines.warm)
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
        let body = request::body(&self.profile, &think.prompt, &think.settings);
        let request = ("/chat/completions", body);
        let reader = AnswerReader::new(NEXT_ID.fetch_add(32, Ordering::Relaxed));
        let reading = Reading::begin(&self.endpoint, request, reader, self.deadlines);
        let prompt_chars = prompt_chars(&think.prompt);
        reading.await?.hand_over(written, prompt_chars).await
    }
}

/// What every request carries.
pub(crate) fn headers(key: Option<&Secret>, authorisation: Authorisation) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let (name, value) = authorization(key, authorisation);
        headers.insert(name, value);
    }
    headers
}

/// The header with the key.
pub(crate) fn authorization(
    key: &Secret,
    authorisation: Authorisation,
) -> (HeaderName, HeaderValue) {
    let (name, value) = match authorisation {
        Authorisation::Bearer => (AUTHORIZATION, format!("Bearer {}", key.reveal())),
        Authorisation::ApiKey => (HeaderName::from_static("api-key"), key.reveal().to_owned()),
    };
    (name, key_header(&value))
}

#[cfg(test)]
mod tests;
