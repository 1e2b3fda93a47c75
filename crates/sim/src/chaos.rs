//! Provider faults: every row is a call, or many, through the real driver against fakes on real
//! sockets that go wrong, and says whether the caller noticed, when we did, and who pays for what.
//!
//! - [`rows`] are the rows; [`Row::run`] runs one and tells its [`Findings`].
//! - `stage` is an exchange with two providers for each job, those of a [`Set`], each a fake behind
//!   a [`Proxy`](crate::proxy::Proxy); `telephone` the caller, who hears letters by their `code`.
//! - `ledger` holds the calls' receipts against what the fakes counted.

mod alerts;
mod code;
mod findings;
mod ledger;
mod prices;
mod rows;
mod set;
mod stage;
mod telephone;

pub use findings::Findings;
pub use rows::{Row, Weight, rows};
pub use set::Set;
