use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use reqwest::{
    Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use session::{Message, Prompt};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{
    NAME, Profile,
    request::{self, Authorisation},
    wire::{self, AnswerReader, Hints, State},
};
use crate::{
    BaseUrl, HttpClient, ProviderError, Secret,
    http::Ticket,
    llm::{LanguageModel, Think, Tokens, Written},
    socket::key_header,
};

/// As much of a refusal as is read.
const MAX_REFUSAL: usize = 16 * 1024;

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

/// How long a model may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From the request to the first sign of writing. Whoever cannot wait as long asks somebody else
    /// beside it.
    pub first_token: Duration,
    /// Between two signs of writing.
    pub token_gap: Duration,
    /// For the counts, once the model is done; missing them is no failure.
    pub after_finish: Duration,
    /// For a whole reply.
    pub reply: Duration,
    /// For opening a connection ahead of time.
    pub warm: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_token: Duration::from_secs(6),
            token_gap: Duration::from_secs(2),
            after_finish: Duration::from_millis(500),
            reply: Duration::from_secs(15),
            warm: Duration::from_secs(2),
        }
    }
}

impl OpenAi {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Replies from this address. A base without any path gets `/v1`, where every server has it.
    /// Local servers want no key. [`Profile::of`] knows which profile fits an address.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>, http: HttpClient, profile: Profile) -> Self {
        let base = if base.has_path() {
            base
        } else {
            base.versioned()
        };
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
            let began = Instant::now();
            let ticket = shared.http.ticket();
            let response = shared.ask(&ticket, &think, began).await?;
            let answer = Answer {
                reader: AnswerReader::new(NEXT_ID.fetch_add(32, Ordering::Relaxed)),
                response,
                deadlines: shared.deadlines,
                due: Due {
                    stage: "first token",
                    at: began + shared.deadlines.first_token,
                    after: shared.deadlines.first_token,
                },
                over: began + shared.deadlines.reply,
            };
            answer
                .hand_over(&written, prompt_chars(&think.prompt))
                .await
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let ticket = shared.http.ticket();
            let url = shared.base.http("/models");
            let asking = async {
                let request = ticket.client().get(url).headers(shared.headers.clone());
                let mut response = request.send().await?;
                // A connection is free for the next request once its answer was read.
                while response.chunk().await?.is_some() {}
                Ok::<(), reqwest::Error>(())
            };
            if !matches!(timeout(shared.deadlines.warm, asking).await, Ok(Ok(()))) {
                tracing::debug!(
                    provider = NAME,
                    "no connection could be opened ahead of time"
                );
            }
        })
    }
}

impl Shared {
    async fn ask(
        &self,
        ticket: &Ticket,
        think: &Think,
        began: Instant,
    ) -> Result<Response, ProviderError> {
        let wait = self.deadlines.first_token;
        let silent = |_elapsed| silent("first token", wait);
        let request = ticket
            .client()
            .post(self.base.http("/chat/completions"))
            .headers(self.headers.clone())
            .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(request::body(&self.profile, &think.prompt, &think.settings));
        let sending = timeout_at(began + wait, request.send());
        let response = sending
            .await
            .map_err(silent)?
            .map_err(|error| broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let refusal = timeout_at(began + wait, refusal(response));
        let error = refusal.await.map_err(silent)?;
        Err(match &self.key {
            Some(key) => error.without(key),
            None => error,
        })
    }
}

/// An answer that is being read.
struct Answer {
    reader: AnswerReader,
    response: Response,
    deadlines: Deadlines,
    due: Due,
    /// When the whole reply has to be there.
    over: Instant,
}

/// What has to come next, and by when.
#[derive(Clone, Copy)]
struct Due {
    stage: &'static str,
    at: Instant,
    after: Duration,
}

impl Answer {
    async fn hand_over(
        mut self,
        written: &mpsc::Sender<Written>,
        prompt_chars: u64,
    ) -> Result<Tokens, ProviderError> {
        loop {
            let Some(piece) = self.piece().await? else {
                break;
            };
            let progress = match piece {
                Piece::Bytes(bytes) => self.reader.read(&bytes)?,
                Piece::End => self.reader.finish()?,
            };
            for part in progress.written {
                if written.send(part).await.is_err() {
                    return Ok(self.reader.tokens(prompt_chars));
                }
            }
            if self.reader.state() == State::Done {
                break;
            }
            if progress.moved {
                self.due = self.next_due();
            }
        }
        Ok(self.reader.tokens(prompt_chars))
    }

    /// The next piece of the body. `None`: it has gone quiet, and nothing is missing.
    async fn piece(&mut self) -> Result<Option<Piece>, ProviderError> {
        let finished = self.reader.state() != State::Open;
        match timeout_at(self.due.at.min(self.over), self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => Ok(Some(Piece::Bytes(bytes))),
            Ok(Ok(None)) => Ok(Some(Piece::End)),
            Ok(Err(_)) | Err(_) if finished => Ok(None),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_elapsed) if self.over < self.due.at => Err(silent("reply", self.deadlines.reply)),
            Err(_elapsed) => Err(silent(self.due.stage, self.due.after)),
        }
    }

    fn next_due(&self) -> Due {
        let (stage, after) = match self.reader.state() {
            State::Open => ("token gap", self.deadlines.token_gap),
            State::Finished | State::Done => ("counts", self.deadlines.after_finish),
        };
        Due {
            stage,
            at: Instant::now() + after,
            after,
        }
    }
}

enum Piece {
    Bytes(bytes::Bytes),
    End,
}

fn headers(key: Option<&Secret>, authorisation: Authorisation) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let (name, value) = match authorisation {
            Authorisation::Bearer => (AUTHORIZATION, format!("Bearer {}", key.reveal())),
            Authorisation::ApiKey => (HeaderName::from_static("api-key"), key.reveal().to_owned()),
        };
        headers.insert(name, key_header(&value));
    }
    headers
}

/// Reads why a request was refused.
async fn refusal(mut response: Response) -> ProviderError {
    let status = response.status().as_u16();
    let hints = {
        let headers = response.headers();
        let header = |name: &str| headers.get(name).and_then(|text| text.to_str().ok());
        let request = header("x-request-id").unwrap_or("none");
        tracing::debug!(provider = NAME, request, status, "refused");
        Hints::read(header)
    };
    let mut body = Vec::new();
    while body.len() < MAX_REFUSAL {
        let Ok(Some(piece)) = response.chunk().await else {
            break;
        };
        body.extend_from_slice(&piece);
    }
    wire::refused(status, hints, &String::from_utf8_lossy(&body))
}

fn broken(error: &reqwest::Error) -> ProviderError {
    // The error itself would name the address; what went wrong stands at the end of the chain.
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    ProviderError::Connection {
        provider: NAME,
        detail: crate::text::brief(&cause.to_string()),
    }
}

fn silent(stage: &'static str, waited: Duration) -> ProviderError {
    ProviderError::Silent {
        provider: NAME,
        stage,
        waited,
    }
}

fn prompt_chars(prompt: &Prompt) -> u64 {
    let messages = prompt.messages.iter().map(|message| match message {
        Message::Agent { text, .. } | Message::Caller(text) => text.chars().count(),
        Message::Tool { output, .. } => output.chars().count(),
    });
    let chars = prompt.system.chars().count() + messages.sum::<usize>();
    chars as u64
}

#[cfg(test)]
mod tests;
