use std::{collections::BTreeMap, sync::Arc};

use domain::{CallId, Micros, Party, TenantId, TurnRecord, UnixMillis};
use store::{CallFilter, Record, Store, StoreFuture, StoredCall, WholeCall};
use tokio::sync::mpsc;

/// A store that tells what it keeps.
pub(super) struct Watched {
    inner: Arc<dyn Store>,
    told: mpsc::Sender<Record>,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Store>, told: mpsc::Sender<Record>) -> Self {
        Self { inner, told }
    }
}

impl Store for Watched {
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.inner.write(records).await?;
            for record in records {
                // Whoever watches too slowly misses some; nothing is lost in the store.
                drop(self.told.try_send(record.clone()));
            }
            Ok(())
        })
    }

    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>> {
        self.inner.calls(filter)
    }

    fn call(&self, id: CallId) -> StoreFuture<'_, Option<WholeCall>> {
        self.inner.call(id)
    }

    fn said_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        caller: &'a Party,
        calls: u32,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        self.inner.said_before(tenant, caller, calls)
    }

    fn spent_since(&self, at: UnixMillis) -> StoreFuture<'_, BTreeMap<TenantId, Micros>> {
        self.inner.spent_since(at)
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        self.inner.ping()
    }
}
