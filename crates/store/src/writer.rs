//! Takes records from calls without making them wait, and writes them when the store can.

mod courier;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{Record, Store, StoreError};
use courier::Courier;

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriterSettings {
    /// How many records may wait. A tenth of it is reserved for beginnings and ends of calls.
    pub capacity: usize,
    /// How long a record may wait for others to share its transaction.
    pub commit_every: Duration,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            commit_every: Duration::from_millis(75),
        }
    }
}

/// How many records were lost, and why.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dropped {
    /// Too many were waiting already.
    pub full: u64,
    /// They came after the writer had ended.
    pub late: u64,
    /// The store will never accept them.
    pub refused: u64,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.full + self.late + self.refused
    }
}

/// Where calls leave their records. Cloning it gives another end of the same queue.
///
/// The queue is bounded. When it is full, turns are dropped and counted; the last tenth of it is
/// for beginnings and ends, so that a call whose words are lost still has its record.
#[derive(Clone, Debug)]
pub struct Writer {
    ledger: Arc<Ledger>,
    records: mpsc::Sender<Record>,
}

/// The task that writes. Dropping it stops writing at once; [`WriterTask::finish`] flushes.
#[derive(Debug)]
#[must_use = "dropping it stops the writing of records"]
pub struct WriterTask {
    ledger: Arc<Ledger>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// Records were left when the time to write them was over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{records} records could not be written in time")]
pub struct Unwritten {
    /// How many.
    pub records: usize,
}

impl Writer {
    /// Starts writing to `store`.
    pub fn start(store: Arc<dyn Store>) -> (Self, WriterTask) {
        Self::start_with(store, WriterSettings::default())
    }

    /// Starts writing to `store` with other bounds.
    pub fn start_with(store: Arc<dyn Store>, settings: WriterSettings) -> (Self, WriterTask) {
        let ledger = Arc::new(Ledger::new(settings.capacity));
        // The ledger admits no more than `capacity`, so the channel itself is never full.
        let (sender, receiver) = mpsc::channel(settings.capacity.max(1));
        let stop = CancellationToken::new();
        let courier = Courier {
            store,
            records: receiver,
            ledger: Arc::clone(&ledger),
            commit_every: settings.commit_every,
            stop: stop.clone(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(courier.run()));
        let writer = Self {
            ledger: Arc::clone(&ledger),
            records: sender,
        };
        (writer, WriterTask { ledger, stop, task })
    }

    /// Keeps a record. Never waits: what does not fit is dropped and counted.
    pub fn keep(&self, record: Record) {
        if !self.ledger.admit(&record) {
            self.ledger.dropped_full();
        } else if self.records.try_send(record).is_err() {
            self.ledger.dropped_late();
        }
    }

    /// How many records wait to be written, those of the transaction under way included.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.ledger.depth.load(Ordering::Acquire)
    }

    /// What was lost so far.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        Dropped {
            full: self.ledger.full.load(Ordering::Relaxed),
            late: self.ledger.late.load(Ordering::Relaxed),
            refused: self.ledger.refused.load(Ordering::Relaxed),
        }
    }

    /// How the writer fares.
    #[must_use]
    pub fn health(&self) -> Health {
        if self.ledger.damaged.load(Ordering::Relaxed) {
            Health::Damaged
        } else if self.records.is_closed() || !self.ledger.answers.load(Ordering::Relaxed) {
            Health::Failing
        } else {
            Health::Well
        }
    }
}

/// How a writer fares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Health {
    /// The store itself is broken: records wait in vain until someone gives it a fresh one. A
    /// start of the server does.
    Damaged,
    /// The last attempt did not succeed, or the writer has ended.
    Failing,
    /// It runs, and its last attempt succeeded.
    Well,
}

impl Health {
    /// The name in `/health`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Failing => "failing",
            Self::Well => "ok",
        }
    }
}

impl WriterTask {
    /// Takes no more records and writes those that wait, trying again until `within` is over.
    pub async fn finish(self, within: Duration) -> Result<(), Unwritten> {
        self.stop.cancel();
        let ended = tokio::time::timeout(within, self.task).await;
        let records = self.ledger.depth.load(Ordering::Acquire);
        match ended {
            Ok(Ok(())) if records == 0 => Ok(()),
            Ok(_) | Err(_) => Err(Unwritten { records }),
        }
    }
}

/// What is known of the queue on both of its ends.
#[derive(Debug)]
struct Ledger {
    capacity: usize,
    depth: AtomicUsize,
    full: AtomicU64,
    late: AtomicU64,
    refused: AtomicU64,
    answers: AtomicBool,
    damaged: AtomicBool,
    losing: AtomicBool,
}

impl Ledger {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            depth: AtomicUsize::new(0),
            full: AtomicU64::new(0),
            late: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            answers: AtomicBool::new(true),
            damaged: AtomicBool::new(false),
            losing: AtomicBool::new(false),
        }
    }

    /// Takes a place in the queue if there is one for this kind of record.
    fn admit(&self, record: &Record) -> bool {
        let places = match record {
            Record::Begun(_) | Record::Ended { .. } => self.capacity,
            Record::Spent { .. } | Record::Turn { .. } => {
                self.capacity - self.capacity.div_ceil(10)
            }
        };
        self.depth
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |depth| {
                (depth < places).then_some(depth + 1)
            })
            .is_ok()
    }

    fn dropped_full(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
        if !self.losing.swap(true, Ordering::Relaxed) {
            tracing::error!("records of calls are lost: too many wait for the store");
        }
    }

    fn dropped_late(&self) {
        self.depth.fetch_sub(1, Ordering::AcqRel);
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    fn dropped_refused(&self, error: &StoreError) {
        self.depth.fetch_sub(1, Ordering::AcqRel);
        self.refused.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%error, "the store refuses a record, which is dropped");
    }

    fn written(&self, count: usize) {
        self.depth.fetch_sub(count, Ordering::AcqRel);
        self.damaged.store(false, Ordering::Relaxed);
        let lost = self.losing.swap(false, Ordering::Relaxed);
        if !self.answers.swap(true, Ordering::Relaxed) || lost {
            let dropped = self.full.load(Ordering::Relaxed);
            tracing::info!(dropped, "the store answers again");
        }
    }

    fn failed(&self, error: &StoreError) {
        let first = self.answers.swap(false, Ordering::Relaxed);
        let waiting = self.depth.load(Ordering::Acquire);
        if error.is_damage() {
            // Time mends a slow store, not this: whoever runs the server has to know.
            if !self.damaged.swap(true, Ordering::Relaxed) {
                let message = "the store is damaged: records wait in vain until the server is \
                               started again, which sets the damaged file aside";
                tracing::error!(%error, waiting, "{message}");
            }
        } else if first {
            tracing::warn!(%error, waiting, "the store does not answer: records wait");
        }
    }
}
