//! What really happened on the caller's side: what everything else is held against.

use crate::turns::scenario::{Role as Meant, SoundKind};

/// Everything that a caller did.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    /// Everything that sounded, in order.
    pub(super) uttered: Vec<Uttered>,
    /// The turns.
    pub(super) turns: Vec<TrueTurn>,
    /// When keys were pressed.
    pub(super) keys_ms: Vec<u64>,
    /// Steps for which the agent was waited for in vain.
    pub(super) gave_up: u32,
}

/// Something that sounded at the caller's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Uttered {
    pub(super) what: What,
    /// What was said, in quotation marks, or nothing.
    pub(super) text: String,
    pub(super) began_ms: u64,
    pub(super) ended_ms: u64,
    /// The agent was speaking when it began.
    pub(super) over_agent: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    Sound(SoundKind),
    Words(Meant),
}

/// A turn of the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TrueTurn {
    pub(super) text: String,
    pub(super) began_ms: u64,
    pub(super) ended_ms: u64,
}
