use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::Ledger;
use crate::{Record, Store, StoreError};

/// The largest transaction. What waits beyond it goes into the next one.
const BATCH: usize = 1_000;

/// A write that takes longer is given up and tried again.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Carries records to the store, in order, each batch until it has arrived.
pub(super) struct Courier {
    pub(super) store: Arc<dyn Store>,
    pub(super) records: mpsc::Receiver<Record>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) commit_every: Duration,
    pub(super) stop: CancellationToken,
}

enum Delivered {
    Written,
    Refused(StoreError),
}

impl Courier {
    pub(super) async fn run(mut self) {
        loop {
            let batch = self.gather().await;
            if batch.is_empty() {
                return;
            }
            self.deliver(&batch).await;
        }
    }

    /// The next records, once they have waited for company. None are left if there are none.
    async fn gather(&mut self) -> Vec<Record> {
        let mut batch = Vec::new();
        if let Some(first) = self.first().await {
            batch.push(first);
            let _ = timeout(self.commit_every, self.stop.cancelled()).await;
        }
        if self.stop.is_cancelled() {
            self.records.close();
            self.records.recv_many(&mut batch, BATCH).await;
        }
        while batch.len() < BATCH
            && let Ok(record) = self.records.try_recv()
        {
            batch.push(record);
        }
        batch
    }

    async fn first(&mut self) -> Option<Record> {
        tokio::select! {
            first = self.records.recv() => first,
            () = self.stop.cancelled() => None,
        }
    }

    async fn deliver(&self, batch: &[Record]) {
        match self.bring(batch).await {
            Delivered::Written => self.ledger.written(batch.len()),
            Delivered::Refused(_) if batch.len() > 1 => self.deliver_one_by_one(batch).await,
            Delivered::Refused(error) => self.ledger.dropped_refused(&error),
        }
    }

    /// Finds out which record of a refused batch it was; the others are innocent.
    async fn deliver_one_by_one(&self, batch: &[Record]) {
        for record in batch {
            match self.bring(std::slice::from_ref(record)).await {
                Delivered::Written => self.ledger.written(1),
                Delivered::Refused(error) => self.ledger.dropped_refused(&error),
            }
        }
    }

    /// Tries until the store has taken the records or says that it never will.
    async fn bring(&self, batch: &[Record]) -> Delivered {
        let mut pause = FIRST_PAUSE;
        loop {
            let written = timeout(WRITE_DEADLINE, self.store.write(batch)).await;
            match written.unwrap_or(Err(StoreError::TooSlow)) {
                Ok(()) => return Delivered::Written,
                Err(error) if error.refuses_the_records() => return Delivered::Refused(error),
                Err(error) => self.ledger.failed(&error),
            }
            self.rest(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits before the next attempt: shortly, once the time to finish is running.
    async fn rest(&self, pause: Duration) {
        if self.stop.is_cancelled() {
            sleep(FIRST_PAUSE).await;
        } else {
            let _ = timeout(pause, self.stop.cancelled()).await;
        }
    }
}
