//! One request to a model, under way.

use domain::ModelName;
use futures_util::future::BoxFuture;
use providers::{
    ProviderError,
    llm::{Tokens, Written},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::HEDGE_AFTER;
use crate::{draft::Bill, stations::Probe};

/// One request to a model, under way. Dropping it cancels the request, which is paid all the same.
pub(super) struct Runner<'s> {
    pub(super) name: &'s ModelName,
    /// Of the model in the agent's list.
    pub(super) place: usize,
    pub(super) begun: Instant,
    pub(super) bill: Bill,
    pieces: mpsc::Receiver<Written>,
    _probe: Option<Probe>,
    request: BoxFuture<'static, Result<Tokens, ProviderError>>,
    /// When the whole reply has to be there.
    by: Instant,
    /// How the request ended, when pieces of before may still wait.
    ended: Option<Result<Tokens, ProviderError>>,
}

/// What a request does next.
pub(super) enum Step {
    Over(Result<Tokens, ProviderError>),
    Piece(Written),
}

impl<'s> Runner<'s> {
    pub(super) fn new(
        (place, name): (usize, &'s ModelName),
        (bill, probe): (Bill, Option<Probe>),
        pieces: mpsc::Receiver<Written>,
        (request, by): (BoxFuture<'static, Result<Tokens, ProviderError>>, Instant),
    ) -> Self {
        Self {
            name,
            place,
            begun: Instant::now(),
            bill,
            pieces,
            _probe: probe,
            request,
            by,
            ended: None,
        }
    }

    /// The next piece, or the end once all pieces came. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Step {
        while self.ended.is_none() {
            tokio::select! {
                biased;
                Some(piece) = self.pieces.recv() => {
                    if let Some(step) = self.came(piece) {
                        return step;
                    }
                }
                result = &mut self.request => self.ended = Some(result),
                () = sleep_until(self.by) => self.ended = Some(Err(self.late())),
            }
        }
        while let Ok(piece) = self.pieces.try_recv() {
            if let Some(step) = self.came(piece) {
                return step;
            }
        }
        Step::Over(self.ended.take().expect("the loop ends with it"))
    }

    /// The time for the reply is over, and this one had less of it than any model is given.
    pub(super) fn had_no_time(&self) -> bool {
        Instant::now() >= self.by && self.by - self.begun < HEDGE_AFTER
    }

    fn late(&self) -> ProviderError {
        ProviderError::Silent {
            provider: "language model",
            stage: "reply",
            waited: self.begun.elapsed(),
        }
    }

    /// Counts are for the bill alone.
    fn came(&mut self, piece: Written) -> Option<Step> {
        self.bill.came(&piece);
        match piece {
            Written::Text(_) | Written::Tool(_) => Some(Step::Piece(piece)),
            Written::Used(_) => None,
        }
    }
}
