//! What is kept of calls: the [`Store`] trait, [`Database`], and the [`Writer`] that no call
//! waits for.

#[cfg(test)]
mod contract;
mod database;
mod error;
mod memory;
mod record;
mod writer;

pub use database::{Database, Opened};
pub use error::StoreError;
pub use memory::Memory;
pub use record::{CallFilter, Record, Store, StoreFuture, StoredCall, WholeCall};
pub use writer::{Dropped, Health, Unwritten, Writer, WriterSettings, WriterTask};
