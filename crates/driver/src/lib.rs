//! Carries out what a session decides: one task owns a call, one bounded mailbox orders it.
//!
//! - [`Exchange`] is what all calls share; it prepares a call while the phone rings and runs it.
//! - `call` is the loop: input in, actions out; `hands` carries them out and never awaits.
//! - `ear` and `mouth` are the line's two sides; `recogniser`, `thinking` and `voice` the
//!   providers'; `talking` is that of models which do all three; `stations` is an agent's list of
//!   providers, with retries, breakers and replacements; [`Healthy`] asks them without a call.
//!   `rounds` are what a call goes on in when only its carrier still listens and speaks.

mod agent;
mod backoff;
mod breaker;
mod cache;
mod call;
mod connection;
mod draft;
mod ear;
mod exchange;
mod hands;
mod healthy;
mod keys;
pub mod meters;
mod mouth;
mod prepared;
mod purse;
mod recogniser;
mod rounds;
mod stations;
mod talking;
mod tally;
mod thinking;
mod tools;
mod voice;

pub use agent::{Agent, Station, nobody_is_left};
pub use breaker::{BreakerSettings, BreakerState, BreakerStatus, Watched};
pub use cache::{CacheSettings, DiskSettings};
pub use exchange::{Exchange, Shared, Totals};
pub use healthy::Healthy;
pub use keys::offer as press_keys;
pub use meters::Meters;
pub use prepared::Prepared;
pub use rounds::Rounds;
pub use tools::{NoTools, ToolBox, ToolRequest};
