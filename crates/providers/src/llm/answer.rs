//! The reading of a model's answer, with a deadline for every wait.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{Tokens, Written};
use crate::{
    ProviderError, Verdict,
    endpoint::{Answer, Endpoint},
};

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

    /// What the server has counted so far, if it has counted the prompt.
    fn counted(&self) -> Option<Tokens>;

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
        cache_writes: 0,
        long_cache_writes: 0,
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

/// An answer that is being read.
pub(super) struct Reading<R> {
    pub(super) reader: R,
    answer: Answer,
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

impl<R: Reader> Reading<R> {
    /// Asks for a reply, and waits for the head of the answer.
    pub(super) async fn begin(
        endpoint: &Endpoint,
        (path, body): (&str, Vec<u8>),
        reader: R,
        deadlines: Deadlines,
    ) -> Result<Self, ProviderError> {
        let began = Instant::now();
        let due = Due {
            stage: "first token",
            at: began + deadlines.first_token,
            after: deadlines.first_token,
        };
        let asking = endpoint.stream(path, body);
        Ok(Self {
            reader,
            answer: endpoint.within(due.stage, due.after, asking).await?,
            deadlines,
            due,
            over: began + deadlines.reply,
        })
    }

    /// Hands over what is written until the answer ends or nobody listens.
    pub(super) async fn hand_over(
        &mut self,
        written: &mpsc::Sender<Written>,
        prompt_chars: u64,
    ) -> Result<Tokens, ProviderError> {
        let mut told = None;
        loop {
            let Some(piece) = self.piece().await? else {
                break;
            };
            let progress = match piece {
                Piece::Bytes(bytes) => self.reader.read(&bytes),
                Piece::End => self.reader.finish(),
            };
            // Before anything else: what failed has to be paid for, too.
            let counted = self.reader.counted().filter(|now| Some(*now) != told);
            if let Some(counted) = counted {
                told = Some(counted);
                // Whoever is not there any more is noticed below.
                drop(written.send(Written::Used(counted)).await);
            }
            let progress = progress?;
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
        match timeout_at(self.due.at.min(self.over), self.answer.piece()).await {
            Ok(Ok(Some(bytes))) => Ok(Some(Piece::Bytes(bytes))),
            Ok(Ok(None)) => Ok(Some(Piece::End)),
            Ok(Err(_)) | Err(_) if finished => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) if self.over < self.due.at => {
                Err(self.answer.silent("reply", self.deadlines.reply))
            }
            Err(_elapsed) => Err(self.answer.silent(self.due.stage, self.due.after)),
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
