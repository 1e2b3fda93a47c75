//! One request to a model's server and the reading of its answer, with a deadline for every wait.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{Tokens, Written, hints::Hints};
use crate::{ProviderError, Verdict, text::brief};

/// As much of a refusal as is read.
const MAX_REFUSAL: usize = 16 * 1024;

/// The longest reply, hidden thoughts included: 2,000 tokens of eight characters. It would take a
/// quarter of an hour to speak, so the model is caught in a loop, and every word costs money.
pub(super) const MAX_CHARS: u64 = 16_000;

/// How long a model may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From the request to the first sign of writing. Whoever cannot wait as long asks somebody else
    /// beside it.
    pub first_token: Duration,
    /// Between two signs of writing.
    pub token_gap: Duration,
    /// For the counts, where they follow once the model is done; missing them is no failure.
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

/// How far an answer has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// More is coming.
    Open,
    /// The model is done; counts may follow.
    Finished,
    /// Nothing follows.
    Done,
}

/// What a piece of the answer brought.
#[derive(Debug, Default, PartialEq)]
pub struct Progress {
    /// For the caller, in order.
    pub written: Vec<Written>,
    /// The model is at work, be it on hidden thoughts: the wait for the next sign begins anew.
    pub moved: bool,
}

/// Reads one streamed answer: bytes in any pieces, text and tool calls out. Pure.
pub trait Reader: Send {
    /// Takes the next piece of the body.
    fn read(&mut self, piece: &[u8]) -> Result<Progress, ProviderError>;

    /// The body has ended: whatever is left of the answer, or why it is none.
    fn finish(&mut self) -> Result<Progress, ProviderError>;

    /// How far it has come.
    fn state(&self) -> State;

    /// Whether what came is an answer, once it has ended.
    fn outcome(&self) -> Result<(), ProviderError>;

    /// What the reply consumed: as the server counted, or estimated where it did not.
    fn tokens(&self, prompt_chars: u64) -> Tokens;
}

/// What a reply consumed, about, where the server does not count for us.
pub(super) const fn estimate(prompt_chars: u64, chars: u64) -> Tokens {
    /// Of a token, about.
    const CHARS: u64 = 4;
    Tokens {
        input: prompt_chars.div_ceil(CHARS),
        cached: 0,
        output: chars.div_ceil(CHARS),
    }
}

/// The model stopped for this reason before it had written anything.
pub(super) fn nothing_written(
    provider: &'static str,
    reason: &str,
    verdict: Verdict,
) -> ProviderError {
    ProviderError::Refused {
        provider,
        status: 200,
        detail: format!("{reason}: nothing was written"),
        verdict,
    }
}

/// How one provider's servers talk about a request.
#[derive(Debug)]
pub(crate) struct Manners {
    /// The provider, for errors.
    pub(crate) name: &'static str,
    /// The header with a request's number.
    pub(crate) request_id: &'static str,
    /// What an answer with an error status means.
    pub(crate) refused: fn(u16, Hints, &str) -> ProviderError,
}

impl Manners {
    /// Sends a request that began at `began`. Its first token may take as long as `within`.
    pub(super) async fn ask(
        &self,
        request: RequestBuilder,
        began: Instant,
        within: Duration,
    ) -> Result<Response, ProviderError> {
        let due = began + within;
        let silent = |_elapsed| self.silent("first token", within);
        let sent = timeout_at(due, request.send()).await.map_err(silent)?;
        let response = sent.map_err(|error| self.broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let refusal = timeout_at(due, self.refusal(response)).await;
        Err(refusal.map_err(silent)?)
    }

    /// Makes a request for the sake of its connection. Failing is no failure.
    pub(super) async fn warm(&self, request: RequestBuilder, within: Duration) {
        let asking = async {
            let mut response = request.send().await?;
            // A connection is free for the next request once its answer was read.
            while response.chunk().await?.is_some() {}
            Ok::<(), reqwest::Error>(())
        };
        if !matches!(timeout(within, asking).await, Ok(Ok(()))) {
            tracing::debug!(
                provider = self.name,
                "no connection could be opened ahead of time"
            );
        }
    }

    /// Reads why a request was refused.
    pub(crate) async fn refusal(&self, mut response: Response) -> ProviderError {
        let status = response.status().as_u16();
        let hints = {
            let headers = response.headers();
            let header = |name: &str| headers.get(name).and_then(|text| text.to_str().ok());
            let request = header(self.request_id).unwrap_or("none");
            tracing::debug!(provider = self.name, request, status, "refused");
            Hints::read(header)
        };
        let mut body = Vec::new();
        while body.len() < MAX_REFUSAL {
            let Ok(Some(piece)) = response.chunk().await else {
                break;
            };
            body.extend_from_slice(&piece);
        }
        (self.refused)(status, hints, &String::from_utf8_lossy(&body))
    }

    /// A connection that could not be made, or broke.
    pub(crate) fn broken(&self, error: &reqwest::Error) -> ProviderError {
        // The error itself would name the address; what went wrong stands at the end of the chain.
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        ProviderError::Connection {
            provider: self.name,
            detail: brief(&cause.to_string()),
        }
    }

    /// Nothing came for too long.
    pub(crate) fn silent(&self, stage: &'static str, waited: Duration) -> ProviderError {
        ProviderError::Silent {
            provider: self.name,
            stage,
            waited,
        }
    }
}

/// An answer that is being read.
pub(super) struct Answer<R> {
    manners: &'static Manners,
    reader: R,
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

enum Piece {
    Bytes(bytes::Bytes),
    End,
}

impl<R: Reader> Answer<R> {
    /// The answer to what [`Manners::ask`] asked at `began`.
    pub(super) fn new(
        manners: &'static Manners,
        reader: R,
        response: Response,
        (began, deadlines): (Instant, Deadlines),
    ) -> Self {
        Self {
            manners,
            reader,
            response,
            deadlines,
            due: Due {
                stage: "first token",
                at: began + deadlines.first_token,
                after: deadlines.first_token,
            },
            over: began + deadlines.reply,
        }
    }

    /// Hands over what is written until the answer ends or nobody listens.
    pub(super) async fn hand_over(
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
        self.reader.outcome()?;
        Ok(self.reader.tokens(prompt_chars))
    }

    /// The next piece of the body. `None`: it has gone quiet, and nothing is missing.
    async fn piece(&mut self) -> Result<Option<Piece>, ProviderError> {
        let finished = self.reader.state() != State::Open;
        match timeout_at(self.due.at.min(self.over), self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => Ok(Some(Piece::Bytes(bytes))),
            Ok(Ok(None)) => Ok(Some(Piece::End)),
            Ok(Err(_)) | Err(_) if finished => Ok(None),
            Ok(Err(error)) => Err(self.manners.broken(&error)),
            Err(_elapsed) if self.over < self.due.at => {
                Err(self.manners.silent("reply", self.deadlines.reply))
            }
            Err(_elapsed) => Err(self.manners.silent(self.due.stage, self.due.after)),
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
