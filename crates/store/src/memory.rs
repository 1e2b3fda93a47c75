use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    CallBegun, CallEnded, CallId, Micros, Party, Receipt, TenantId, TurnRecord, UnixMillis,
};

use crate::{CallFilter, Record, Store, StoreFuture, StoredCall, WholeCall};

/// Keeps calls in memory, for tests. Grows with every call.
#[derive(Debug, Default)]
pub struct Memory {
    calls: Mutex<BTreeMap<CallId, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    begun: Option<CallBegun>,
    ended: Option<(CallEnded, Receipt)>,
    spent: Option<Micros>,
    turns: BTreeMap<u32, TurnRecord>,
}

impl Kept {
    fn stored(&self) -> Option<StoredCall> {
        Some(StoredCall {
            begun: self.begun.clone()?,
            ended: self.ended.as_ref().map(|(ended, _)| ended.clone()),
            spent: self.cost().unwrap_or_default(),
            turns: u32::try_from(self.turns.len()).unwrap_or(u32::MAX),
        })
    }
}

impl Kept {
    fn cost(&self) -> Option<Micros> {
        let whole = self.ended.as_ref().map(|(ended, _)| ended.cost.known);
        whole.or(self.spent)
    }

    fn whole(&self) -> Option<WholeCall> {
        let ended = self.ended.as_ref();
        Some(WholeCall {
            call: self.stored()?,
            turns: self.turns.values().cloned().collect(),
            receipt: ended
                .map(|(_, receipt)| receipt.clone())
                .unwrap_or_default(),
        })
    }
}

impl Memory {
    // No write stops half-way, so the map is whole even if a thread panicked while it held the lock.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Kept>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, records: &[Record]) {
        let mut calls = self.lock();
        for record in records.iter().cloned() {
            match record {
                Record::Begun(begun) => {
                    calls
                        .entry(begun.id)
                        .or_default()
                        .begun
                        .get_or_insert(begun);
                }
                Record::Ended { ended, receipt } => {
                    calls
                        .entry(ended.id)
                        .or_default()
                        .ended
                        .get_or_insert((ended, receipt));
                }
                Record::Spent { call, so_far } => {
                    let kept = calls.entry(call).or_default();
                    kept.spent = kept.spent.max(Some(so_far));
                }
                Record::Turn { call, turn } => {
                    calls
                        .entry(call)
                        .or_default()
                        .turns
                        .insert(turn.number, *turn);
                }
            }
        }
    }

    fn list(&self, filter: &CallFilter) -> Vec<StoredCall> {
        let mut found: Vec<StoredCall> = self
            .lock()
            .values()
            .filter_map(Kept::stored)
            .filter(|call| {
                filter
                    .tenant
                    .as_ref()
                    .is_none_or(|tenant| *tenant == call.begun.tenant)
            })
            .filter(|call| {
                filter
                    .open_since
                    .is_none_or(|time| call.begun.at < time && call.ended.is_none())
            })
            .collect();
        found.sort_by_key(|call| std::cmp::Reverse((call.begun.at, call.begun.id)));
        found.truncate(filter.most() as usize);
        found
    }
}

impl Store for Memory {
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.put(records);
            Ok(())
        })
    }

    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>> {
        Box::pin(async move { Ok(self.list(filter)) })
    }

    fn call(&self, id: CallId) -> StoreFuture<'_, Option<WholeCall>> {
        Box::pin(async move { Ok(self.lock().get(&id).and_then(Kept::whole)) })
    }

    fn said_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        caller: &'a Party,
        calls: u32,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        Box::pin(async move {
            let all = self.lock();
            let is_theirs = |begun: &CallBegun| begun.tenant == *tenant && begun.from == *caller;
            let mut theirs: Vec<(&CallBegun, &Kept)> = all
                .values()
                .filter(|kept| kept.ended.is_some())
                .filter_map(|kept| Some((kept.begun.as_ref()?, kept)))
                .filter(|(begun, _)| is_theirs(begun))
                .collect();
            theirs.sort_by_key(|(begun, _)| (begun.at, begun.id));
            let from = theirs.len().saturating_sub(calls as usize);
            let turns = theirs[from..]
                .iter()
                .flat_map(|(_, kept)| kept.turns.values());
            Ok(turns.cloned().collect())
        })
    }

    fn spent_since(&self, at: UnixMillis) -> StoreFuture<'_, BTreeMap<TenantId, Micros>> {
        Box::pin(async move {
            let mut spent: BTreeMap<TenantId, Micros> = BTreeMap::new();
            for kept in self.lock().values() {
                let begun = kept.begun.as_ref().filter(|begun| begun.at >= at);
                if let (Some(begun), Some(cost)) = (begun, kept.cost()) {
                    let sum = spent.entry(begun.tenant.clone()).or_default();
                    *sum = *sum + cost;
                }
            }
            Ok(spent)
        })
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
