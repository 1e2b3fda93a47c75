//! What is kept of calls: the [`Store`] trait, SQLite, and the writer that no call waits for.

use std::{future::Future, pin::Pin};

use domain::{CallBegun, CallEnded, CallId, TenantId, TurnRecord};

/// Something to keep.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A call was answered.
    Begun(CallBegun),
    /// A call is over.
    Ended(CallEnded),
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
    /// How many turns are stored.
    pub turns: u32,
}

/// Which calls to list, newest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallFilter {
    /// Only of this tenant. `None` is for who runs the server, at the terminal.
    pub tenant: Option<TenantId>,
    /// At most so many; capped at 200.
    pub limit: u32,
}

/// A future behind the trait.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where calls are kept. Every implementation passes the same contract suite.
pub trait Store: Send + Sync {
    /// Writes records in one transaction. Writing the same record twice changes nothing.
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()>;

    /// Lists calls.
    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>>;

    /// One call with its turns.
    fn call(&self, id: CallId) -> StoreFuture<'_, Option<(StoredCall, Vec<TurnRecord>)>>;

    /// Whether it answers.
    fn ping(&self) -> StoreFuture<'_, ()>;
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that nobody of us wrote.
    #[error("unreadable row of {table}: {detail}")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// What.
        detail: String,
    },
}
