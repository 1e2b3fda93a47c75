//! Recognition by turns: `/v2/listen`.

pub(super) mod query;
pub(super) mod turns;
pub(super) mod wire;
