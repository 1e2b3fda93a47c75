//! One call, decided: who has the floor, when a turn is over, what is said and what was heard.
//!
//! Pure: time comes in with every input, nothing is awaited, nothing fails. See [`CallSession`].

mod action;
mod input;
mod rules;

pub use action::{
    Action, CancelReason, ClauseId, Mark, Message, Note, Play, Prompt, ToolCall, ToolRun, ToolRunId,
};
pub use input::{Audio, Input, WordEnd, Words};
pub use rules::{
    EndRules, IdleRules, LineCapabilities, Lines, OverlapRules, Rules, TurnEnd, TurnRules, Waits,
};
