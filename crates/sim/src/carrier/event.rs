use tokio::{sync::mpsc, time::Instant};
use transports::RoundHeard;

use super::report::CallEnd;

/// Something that happened in a simulated call, as the caller noticed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Happening {
    /// Milliseconds since the number was dialled.
    pub at_ms: u64,
    /// What.
    pub event: CallEvent,
}

/// What can happen in a simulated call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CallEvent {
    /// The agent began to be audible.
    AgentAudible {
        /// After the caller's last sample, if this answers the caller.
        waited_ms: Option<u64>,
    },
    /// The agent has been quiet for a breath.
    AgentQuiet,
    /// An interruption silenced the agent.
    BargedIn {
        /// After the caller's first sample.
        silent_after_ms: u64,
    },
    /// The caller pressed a key.
    CallerPresses(char),
    /// The caller begins to say this.
    CallerSays(String),
    /// The carrier's own recogniser heard this.
    CarrierHears(RoundHeard),
    /// The carrier's own voice says this.
    CarrierSays(String),
    /// The server had queued audio thrown away.
    Cleared,
    /// The call is over.
    Over(CallEnd),
    /// Another document is fetched.
    Redirected(String),
    /// The media stream is open.
    StreamOpened,
}

/// Tells happenings to whoever listens. Who is too slow misses some.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: Option<mpsc::Sender<Happening>>,
    began: Instant,
}

impl Events {
    pub(crate) fn none() -> Self {
        Self {
            sender: None,
            began: Instant::now(),
        }
    }

    pub(crate) fn to(sender: mpsc::Sender<Happening>) -> Self {
        Self {
            sender: Some(sender),
            began: Instant::now(),
        }
    }

    pub(crate) fn tell(&self, event: CallEvent) {
        if let Some(sender) = &self.sender {
            let at_ms = super::millis(self.began.elapsed());
            // A listener that is gone or too slow changes nothing about the call.
            let _ = sender.try_send(Happening { at_ms, event });
        }
    }
}
