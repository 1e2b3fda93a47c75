use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures_util::future::BoxFuture;
use reqwest::{
    RequestBuilder,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::{sync::mpsc, time::Instant};

use super::{
    NAME, Profile,
    request::{self, Authorisation},
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

/// Counts tool calls to which a server gave no id.
static NEXT_ID: AtomicU32 = AtomicU32::new(0);

/// Replies by OpenAI's chat completions, or by a server of the same shape.
#[derive(Clone, Debug)]
pub struct OpenAi {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    base: BaseUrl,
    key: Option<Secret>,
    headers: HeaderMap,
    http: HttpClient,
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
    pub fn new(base: BaseUrl, key: Option<Secret>, http: HttpClient, profile: Profile) -> Self {
        let base = base.versioned_if_bare();
        Self {
            shared: Arc::new(Shared {
                headers: headers(key.as_ref(), profile.authorisation),
                key,
                base,
                http,
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
            shared.reply(&think, &written).await.map_err(|error| {
                // A server that refuses a key likes to repeat it, also in the middle of a stream.
                match &shared.key {
                    Some(key) => error.without(key),
                    None => error,
                }
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
        let reader = AnswerReader::new(NEXT_ID.fetch_add(32, Ordering::Relaxed));
        let mut answer = Answer::new(&MANNERS, reader, response, (began, self.deadlines));
        answer.hand_over(written, prompt_chars(&think.prompt)).await
    }

    fn request(&self, ticket: &Ticket, think: &Think) -> RequestBuilder {
        ticket
            .client()
            .post(self.base.http("/chat/completions"))
            .headers(self.headers.clone())
            .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(request::body(&self.profile, &think.prompt, &think.settings))
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
