use std::{collections::BTreeMap, future::Future, pin::Pin};

use domain::{
    CallBegun, CallEnded, CallId, Micros, Party, Receipt, TenantId, TurnRecord, UnixMillis,
};

use crate::StoreError;

/// Something to keep.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A call was answered.
    Begun(CallBegun),
    /// A call is over.
    Ended {
        /// How it went.
        ended: CallEnded,
        /// What it consumed of whom.
        receipt: Receipt,
    },
    /// A call that goes on has cost so much so far, as far as prices are known.
    Spent {
        /// Which call.
        call: CallId,
        /// The most that was told counts; its end tells the whole cost.
        so_far: Micros,
    },
    /// An exchange happened.
    Turn {
        /// In which call.
        call: CallId,
        /// What was said and heard.
        turn: Box<TurnRecord>,
    },
}

/// A call as it is stored. `ended` is absent while it is live, or when its node died.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// Its beginning.
    pub begun: CallBegun,
    /// Its end.
    pub ended: Option<CallEnded>,
    /// What it has cost, as far as that was told.
    pub spent: Micros,
    /// How many turns are stored.
    pub turns: u32,
}

/// A call with everything that is stored of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeCall {
    /// The call.
    pub call: StoredCall,
    /// Its turns, in order.
    pub turns: Vec<TurnRecord>,
    /// What it consumed of whom. Empty while it is live.
    pub receipt: Receipt,
}

/// Which calls to list, newest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallFilter {
    /// Only of this tenant. `None` is for who runs the server, at the terminal.
    pub tenant: Option<TenantId>,
    /// At most so many; capped at [`CallFilter::MOST`].
    pub limit: u32,
    /// Only calls that began before this and have no end.
    pub open_since: Option<UnixMillis>,
}

impl CallFilter {
    /// The longest list anyone gets.
    pub const MOST: u32 = 200;

    /// How many calls the list may have.
    pub(crate) fn most(&self) -> u32 {
        self.limit.min(Self::MOST)
    }
}

/// A future behind the trait.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where calls are kept. Every implementation passes the same contract suite.
///
/// Records of one call may come in any order. A call begins once and ends once: the first record
/// of each stands. A turn that is written again replaces what was there. A call can be read as
/// soon as its beginning is known.
pub trait Store: Send + Sync {
    /// Writes records in one transaction. Writing the same record twice changes nothing.
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()>;

    /// Lists calls. Those of which something cannot be read are left out, and told in the log.
    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>>;

    /// One call, whole.
    fn call(&self, id: CallId) -> StoreFuture<'_, Option<WholeCall>>;

    /// What was said in a caller's last calls with a tenant, so many, the oldest first.
    fn said_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        caller: &'a Party,
        calls: u32,
    ) -> StoreFuture<'a, Vec<TurnRecord>>;

    /// What each tenant's calls have cost that began at or after a moment, as far as it is known:
    /// those without an end with what was told of them.
    fn spent_since(&self, at: UnixMillis) -> StoreFuture<'_, BTreeMap<TenantId, Micros>>;

    /// Whether it answers.
    fn ping(&self) -> StoreFuture<'_, ()>;
}
