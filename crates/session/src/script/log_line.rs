//! Inputs and actions as lines of a log, which keeps no secrets.

use std::fmt;

use super::print::write_thought;
use crate::{Action, Input, RoundHeard, Words, reply::Secret};

/// An input or an action as a line of a log: as in a script, but for what may be a secret. Keys, and
/// what tools are told, always may; what the caller says, when a question is open that says so.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a, T> {
    of: &'a T,
    secret: Secret,
}

impl<'a, T> LogLine<'a, T> {
    pub(crate) fn new(of: &'a T, secret: Secret) -> Self {
        Self { of, secret }
    }
}

impl fmt::Display for LogLine<'_, Input> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Input::Digit(_) => f.write_str("digit •"),
            Input::Round(RoundHeard::Keys(keys)) => write!(f, "round {} keys", keys.len()),
            Input::Round(RoundHeard::Words(text)) => {
                Input::Round(RoundHeard::Words(self.secret.hide(text))).fmt(f)
            }
            Input::ToolAsked {
                reply, id, name, ..
            } => write!(f, "tool {reply} {id} {name}"),
            Input::Words(words) => Words {
                text: self.secret.hide(&words.text),
                ..words.clone()
            }
            .fmt(f),
            Input::Audio(_)
            | Input::BudgetGone
            | Input::Changed(_)
            | Input::Dismissed
            | Input::HungUp
            | Input::Ignored(_)
            | Input::LineLost
            | Input::NoiseStarted { .. }
            | Input::NoiseStopped { .. }
            | Input::Played(_)
            | Input::Recalled(_)
            | Input::RecogniserBack
            | Input::RecogniserFailed
            | Input::RecogniserLost
            | Input::Round(RoundHeard::HungUp | RoundHeard::Nothing)
            | Input::Said { .. }
            | Input::SpeakingFailed(..)
            | Input::SpeechStarted { .. }
            | Input::SpeechStopped { .. }
            | Input::Spent(_)
            | Input::SpokenAll(_)
            | Input::Text { .. }
            | Input::ThinkingBroke(_)
            | Input::ThinkingFailed(_)
            | Input::ThoughtAll(_)
            | Input::Tick
            | Input::ToolAnswered { .. }
            | Input::TurnEnded { .. }
            | Input::TurnLikely
            | Input::TurnResumed
            | Input::UtteranceOver
            | Input::WordsCome(_) => self.of.fmt(f),
        }
    }
}

impl fmt::Display for LogLine<'_, Action> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Action::RunTool(tool) => write!(f, "run tool {} {}", tool.run.0, tool.name),
            Action::Think { reply, prompt } => match self.secret {
                Secret::Keys | Secret::Nothing => self.of.fmt(f),
                Secret::Words => write_thought(f, *reply, prompt, Secret::Words),
            },
            Action::Apologise { .. }
            | Action::Cancel { .. }
            | Action::Commit { .. }
            | Action::Duck { .. }
            | Action::Finalize
            | Action::HangUp(_)
            | Action::HearLess
            | Action::Note(_)
            | Action::Pause(_)
            | Action::Play(_)
            | Action::Press { .. }
            | Action::Record(_)
            | Action::Restore(_)
            | Action::Resume { .. }
            | Action::Silence { .. }
            | Action::Speak { .. }
            | Action::SpeakEnd(_)
            | Action::StopThinking(_)
            | Action::TakeRounds(_) => self.of.fmt(f),
        }
    }
}
