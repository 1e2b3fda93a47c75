use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// Something a client did that the protocol forbids.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// What was wrong, in the words of the provider where it has some.
    pub what: String,
}

/// What one fake saw. Bounded: the first entries are the interesting ones, the rest is counted.
#[derive(Debug)]
pub(crate) struct Log<T> {
    entries: Mutex<Vec<T>>,
    violations: Mutex<Vec<Violation>>,
}

/// Entries kept of each kind.
const KEPT: usize = 4_096;

impl<T: Clone> Log<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::new(Vec::new()),
            violations: Mutex::new(Vec::new()),
        }
    }

    /// Adds an entry and gives its place, if there is room.
    pub(crate) fn add(&self, entry: T) -> Option<usize> {
        let mut entries = held(&self.entries);
        (entries.len() < KEPT).then(|| {
            entries.push(entry);
            entries.len() - 1
        })
    }

    pub(crate) fn change(&self, place: Option<usize>, change: impl FnOnce(&mut T)) {
        let mut entries = held(&self.entries);
        if let Some(entry) = place.and_then(|at| entries.get_mut(at)) {
            change(entry);
        }
    }

    pub(crate) fn violation(&self, what: impl Into<String>) {
        let mut violations = held(&self.violations);
        if violations.len() < KEPT {
            violations.push(Violation { what: what.into() });
        }
    }

    pub(crate) fn seen(&self) -> Vec<T> {
        held(&self.entries).clone()
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        held(&self.violations).clone()
    }
}

/// Faults to come: one per request, then the standing one.
#[derive(Debug)]
pub(crate) struct Faults<F> {
    /// When each request came that a fault could have spoiled.
    attempts: Mutex<Vec<Instant>>,
    next: Mutex<VecDeque<F>>,
    standing: Mutex<Option<F>>,
}

impl<F: Copy> Faults<F> {
    pub(crate) fn new() -> Self {
        Self {
            attempts: Mutex::new(Vec::new()),
            next: Mutex::new(VecDeque::new()),
            standing: Mutex::new(None),
        }
    }

    pub(crate) fn once(&self, fault: F) {
        held(&self.next).push_back(fault);
    }

    pub(crate) fn always(&self, fault: Option<F>) {
        *held(&self.standing) = fault;
    }

    /// Notes a request and takes its fault.
    pub(crate) fn take(&self) -> Option<F> {
        let mut attempts = held(&self.attempts);
        if attempts.len() < KEPT {
            attempts.push(Instant::now());
        }
        drop(attempts);
        let next = held(&self.next).pop_front();
        next.or_else(|| *held(&self.standing))
    }

    pub(crate) fn attempts(&self) -> Vec<Instant> {
        held(&self.attempts).clone()
    }
}

/// A test that panicked while it held the lock has failed already: go on with what is there.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
