use transports::RoundHeard;

use crate::{caller::Turn, wav};

/// What a call was like, from the carrier's and the caller's side.
#[derive(Clone, Debug, Default)]
pub struct CallReport {
    /// The carrier's id of the call.
    pub call_sid: String,
    /// How it ended.
    pub end: CallEnd,
    /// The documents that the server answered, in order.
    pub documents: Vec<String>,
    /// How long each took.
    pub webhook_ms: Vec<u64>,
    /// From `start` to the first audio message of the server.
    pub greeting_after_ms: Option<u64>,
    /// The caller's turns.
    pub turns: Vec<Turn>,
    /// What the carrier's own voice said.
    pub carrier_said: Vec<String>,
    /// What the carrier's own recogniser heard, question by question.
    pub carrier_heard: Vec<RoundHeard>,
    /// Times the caller waited for the agent in vain.
    pub gave_up: u32,
    /// What the server did that the protocol forbids.
    pub violations: Vec<String>,
    /// Audio messages of the server.
    pub messages: u64,
    /// Marks of the server.
    pub marks: u64,
    /// Times it had the queue thrown away.
    pub clears: u64,
    /// The most that the server was ever ahead of what the caller heard.
    pub most_ahead_ms: u64,
    /// What the caller said, as mu-law, from when the call was answered.
    pub caller_audio: Vec<u8>,
    /// What the caller heard, in step with it. The carrier's own voice has no sound.
    pub agent_audio: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum CallEnd {
    /// The server's documents ended it.
    #[default]
    AgentHungUp,
    /// The server's answer could not be used: the caller hears the carrier's apology.
    ApplicationError(String),
    /// The caller's script ended it.
    CallerHungUp,
    /// The server passed the caller on.
    PutThrough,
    /// It was never answered.
    Rejected,
    /// The plan's limit was reached.
    TooLong,
}

impl CallReport {
    pub(super) fn new(call_sid: &str) -> Self {
        Self {
            call_sid: call_sid.to_owned(),
            ..Self::default()
        }
    }

    /// Keeps some of the call's sound.
    pub(super) fn record(&mut self, caller: &[u8], agent: &[u8]) {
        /// A quarter of an hour.
        const MOST: usize = 15 * 60 * 8_000;
        if self.caller_audio.len() < MOST {
            self.caller_audio.extend_from_slice(caller);
            self.agent_audio.extend_from_slice(agent);
        }
    }

    /// The call's sound: caller left, agent right.
    #[must_use]
    pub fn wav(&self) -> Vec<u8> {
        wav::stereo(&self.caller_audio, &self.agent_audio)
    }
}
