use crate::{
    AgentId, CallId, CarrierCallId, Cost, EndReason, Millis, ModelName, Party, TenantId,
    UnixMillis, Usage,
};

/// Who called whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Someone called us.
    Inbound,
    /// We called someone.
    Outbound,
}

impl Direction {
    /// The name in records and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// How a call reaches us.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Transport {
    /// Twilio's bidirectional media stream.
    TwilioStream,
}

impl Transport {
    /// The name in records, logs and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwilioStream => "twilio_stream",
        }
    }
}

/// What is kept of a call from its first moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallBegun {
    /// Our id.
    pub id: CallId,
    /// Whose call it is.
    pub tenant: TenantId,
    /// Who talked.
    pub agent: AgentId,
    /// How it reached us.
    pub transport: Transport,
    /// Who called whom.
    pub direction: Direction,
    /// The carrier's id, when there is a carrier.
    pub carrier_call: Option<CarrierCallId>,
    /// The calling party.
    pub from: Party,
    /// The called party.
    pub to: Party,
    /// When it was answered.
    pub at: UnixMillis,
}

/// How a call ended. Exactly one per call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallEnded {
    /// Our id.
    pub id: CallId,
    /// When it ended.
    pub at: UnixMillis,
    /// How long it lasted.
    pub duration: Millis,
    /// Why.
    pub reason: EndReason,
    /// What failed, if something did.
    pub error: Option<String>,
    /// How often the caller cut in.
    pub barge_ins: u32,
    /// What was consumed.
    pub usage: Usage,
    /// What that cost.
    pub cost: Cost,
    /// The part of the cost that went into replies which nobody was to hear.
    pub speculation_cost: Cost,
}

/// One exchange: what the caller said, and what the agent answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TurnRecord {
    /// Counted from 0; 0 is the greeting.
    pub number: u32,
    /// When the exchange began: the caller's first word, or the agent's if the caller said nothing.
    pub at: Millis,
    /// What the caller said. Empty when the agent spoke unasked.
    pub caller: String,
    /// What the agent generated.
    pub said: String,
    /// The part of it that the caller heard.
    pub heard: String,
    /// Whether the caller cut in.
    pub interrupted: bool,
    /// Why the caller's turn was taken to be over: a class of last words, or `keys`.
    pub ended_by: String,
    /// The silence that the caller heard before the answer, in parts. Absent when nothing was heard.
    pub gap: Option<Gap>,
    /// Tools that ran, in order.
    pub tools: Vec<String>,
    /// What the model noted and nobody heard: `[[lead hot]]` is the tag `lead hot`.
    pub tags: Vec<String>,
    /// Which recogniser, model and voice were used.
    pub providers: Vec<ModelName>,
    /// How the floor changed hands, and why.
    pub taking: TurnTaking,
}

/// How the floor changed hands in one exchange: what `explain` tells people who ask about a pause.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TurnTaking {
    /// What the caller was expected to say: `open`, `phone`, …
    pub expected: String,
    /// The silence that the last words asked for, pace and bounds included.
    pub wait: Millis,
    /// The silence there was when the turn was taken.
    pub waited: Millis,
    /// The caller's pace in percent of the usual waits.
    pub pace_percent: u32,
    /// What settled it: `silence`, `provider`, `keys`, `deadline`, `longest_turn`.
    pub evidence: String,
    /// How long after the last sound its words were known.
    pub stt_lag: Option<Millis>,
    /// Replies begun before the turn was surely over.
    pub speculations: u32,
    /// The answer was one of them.
    pub paid_off: bool,
    /// Openers and fillers that covered a wait.
    pub masks: u32,
    /// Times that the turn was taken too soon, and given back before three words of the answer were
    /// heard.
    pub taken_back: u32,
    /// What the caller's sounds over the agent's words came to, in order.
    pub overlaps: Vec<Overlap>,
}

impl TurnTaking {
    /// How many replies were begun too soon and thrown away.
    #[must_use]
    pub fn discarded(&self) -> u32 {
        self.speculations.saturating_sub(u32::from(self.paid_off))
    }
}

/// The caller made a sound while the agent spoke.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overlap {
    /// When the sound began.
    pub at: Millis,
    /// The words in it, as far as they were known.
    pub said: String,
    /// What it came to.
    pub outcome: OverlapOutcome,
    /// From the beginning of the sound to the decision.
    pub after: Millis,
}

/// What a sound over the agent's words came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OverlapOutcome {
    /// "Uh-huh": the agent went on, and no turn came of it.
    Backchannel,
    /// The agent had cut in on a caller who was not done.
    CutIn,
    /// So near the end of the agent's words that it was simply the next turn.
    NextTurn,
    /// A cough, a door: the agent went on.
    Noise,
    /// The agent gave way.
    Yielded,
}

impl OverlapOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Backchannel,
        Self::CutIn,
        Self::NextTurn,
        Self::Noise,
        Self::Yielded,
    ];

    /// The name in records, metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backchannel => "backchannel",
            Self::CutIn => "cut_in",
            Self::NextTurn => "next_turn",
            Self::Noise => "noise",
            Self::Yielded => "yielded",
        }
    }
}

/// The silence between the caller's last sound and the agent's first, cut into who caused it.
///
/// The parts add up to the whole: each ends where the next begins, and what was done ahead of time
/// counts as zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Gap {
    /// Until the last words were known.
    pub transcribe: Millis,
    /// Until we decided that the caller's turn was over.
    pub wait: Millis,
    /// Until the model had written the first clause.
    pub think: Millis,
    /// Until the first audio of it came.
    pub speak: Millis,
    /// Until that audio left us.
    pub send: Millis,
}

impl Gap {
    /// Names of the parts, as in metrics.
    pub const STAGES: [&str; 5] = ["transcribe", "wait", "think", "speak", "send"];

    /// The parts in the order of [`Gap::STAGES`].
    #[must_use]
    pub const fn parts(&self) -> [Millis; 5] {
        [
            self.transcribe,
            self.wait,
            self.think,
            self.speak,
            self.send,
        ]
    }

    /// The silence as the caller heard it.
    #[must_use]
    pub fn total(&self) -> Millis {
        self.parts()
            .into_iter()
            .fold(Millis::ZERO, |sum, part| sum + part)
    }
}
