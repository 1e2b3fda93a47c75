//! The words everyone uses: ids, money, time, phone numbers, agents, tenants, records of a call.
//!
//! Values are parsed once and then cannot be wrong. Nothing here reads a clock or does I/O.

mod agent;
mod end;
mod ids;
mod language;
mod money;
mod phone;
mod receipt;
mod record;
mod time;

pub use agent::{BadModelName, ModelName, Tenant};
pub use end::{EndReason, Fault};
pub use ids::{AgentId, BadId, CallId, CarrierCallId, ReplyId, TenantId};
pub use language::{BadLanguage, Language};
pub use money::Micros;
pub use phone::{BadNumber, Party, PhoneNumber};
pub use receipt::{Charge, Cost, Item, PriceBook, Purpose, Rates, Receipt, Usage};
pub use record::{
    CallBegun, CallEnded, Direction, Gap, Overlap, OverlapOutcome, Transport, TurnRecord,
    TurnTaking,
};
pub use time::{Clock, Millis, UnixMillis};
