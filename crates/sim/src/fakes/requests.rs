use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::log::{Faults, Log};
use crate::Dice;

/// What a fake that answers one request after the other keeps, whatever it answers.
#[derive(Debug)]
pub(crate) struct Requests<S, T, F> {
    pub(crate) settings: S,
    pub(crate) log: Log<T>,
    pub(crate) faults: Faults<F>,
    answered: AtomicU64,
    open: Open,
}

/// A request that is not over: who answers it keeps this as long as somebody wants the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open(Arc<()>);

impl<S, T: Clone, F: Copy> Requests<S, T, F> {
    pub(crate) fn new(settings: S) -> Self {
        Self {
            settings,
            log: Log::new(),
            faults: Faults::new(),
            answered: AtomicU64::new(0),
            open: Open::default(),
        }
    }

    /// A request was taken.
    pub(crate) fn taken(&self) -> Open {
        self.open.clone()
    }

    /// How many are not over.
    pub(crate) fn open(&self) -> usize {
        Arc::strong_count(&self.open.0) - 1
    }

    /// The place of the next answer among all answers, and what its delays are drawn with.
    pub(crate) fn next(&self, seed: u64) -> (u64, Dice) {
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        (number, Dice::new(seed ^ (number << 20)))
    }
}
