//! One call, decided: who has the floor, when a turn is over, what is said and what was heard.
//!
//! Pure: time comes in with every input, nothing is awaited, nothing fails. See [`CallSession`].

mod action;
mod because;
mod budget;
mod call;
mod classify;
mod clauses;
mod expect;
mod history;
mod input;
mod lag;
mod machine;
mod menu;
mod overlap;
mod pace;
mod playout;
mod recent;
mod reply;
mod rounds;
mod rules;
pub mod script;
mod spoken;
mod timers;
mod turn;
mod words;

pub use action::{
    Action, Because, CancelReason, ClauseId, Evidence, Mark, Message, Note, Play, Prompt, ToolCall,
    ToolRun, ToolRunId,
};
pub use because::because;
pub use budget::BudgetRules;
pub use call::CallSession;
pub use classify::WaitClass;
pub use expect::{BadExpect, Expect, Expected};
pub use input::{Audio, Delivery, Input, Span, StillSpeaks, WordEnd, Words};
pub use machine::{PickedUpBy, Pickup, PickupInput, Who};
pub use menu::MenuEar;
pub use rounds::{AfterSaying, Missing, RoundHeard};
pub use rules::{
    AmdRules, DtmfRules, EndRules, IdleRules, LineCapabilities, Lines, MaskRules, OverlapMode,
    OverlapRules, Presses, Rules, Speculate, TurnEnd, TurnRules, Waits,
};
pub use timers::Timer;
pub use words::normalised;
