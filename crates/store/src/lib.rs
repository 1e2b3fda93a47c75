//! What is kept of calls: the [`Store`] trait and [`Database`].

#[cfg(test)]
mod contract;
mod database;
mod error;
mod memory;
mod record;

pub use database::{Database, Opened};
pub use error::StoreError;
pub use memory::Memory;
pub use record::{CallFilter, Record, Store, StoreFuture, StoredCall};
