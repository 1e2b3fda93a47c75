use crate::{Message, ToolCall, ToolRunId};

/// The tool by which the model hangs up. Carried out by the session, not by the driver.
pub(crate) const END_CALL: &str = "end_call";
/// The tool by which the model presses keys. Carried out by the session, too.
pub(crate) const PRESS_KEYS: &str = "press_keys";

/// Told while the words before the keys are still being written: that none was pressed yet would
/// have them asked for again.
const KEYS_WAIT: &str = r#"{"status":"they will be pressed once your words have been spoken"}"#;

/// A tool asked for in a reply.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) call: ToolCall,
    pub(crate) state: ToolState,
    /// It has no effects: it may run before the turn is committed, and leaves no trace.
    pub(crate) read_only: bool,
}

/// How far a tool has come.
#[derive(Debug)]
pub(crate) enum ToolState {
    Answered(String),
    /// The turn is not committed.
    Asked,
    /// Keys are pressed when the words were spoken.
    Pressing,
    Running(ToolRunId),
    /// Answered here: nothing was run for it.
    Settled(&'static str),
}

impl Tool {
    /// Whether the model has something to say about its answer.
    pub(crate) fn owes_words(&self) -> bool {
        self.call.name != END_CALL && !matches!(self.state, ToolState::Pressing)
    }

    /// What the model is told of it. `pressed`: the keys that sounded; `None` while all of them wait.
    pub(super) fn answer(&self, pressed: Option<&str>) -> Message {
        let output = match &self.state {
            ToolState::Answered(output) => output.clone(),
            ToolState::Asked => r#"{"error":"cancelled"}"#.to_owned(),
            ToolState::Pressing => pressed.map_or_else(
                || KEYS_WAIT.to_owned(),
                |keys| format!(r#"{{"pressed":"{keys}"}}"#),
            ),
            ToolState::Running(_) => r#"{"status":"still running, result unknown"}"#.to_owned(),
            ToolState::Settled(output) => (*output).to_owned(),
        };
        Message::Tool {
            id: self.call.id.clone(),
            output,
        }
    }
}
