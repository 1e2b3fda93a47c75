use std::{fmt, sync::Arc};

use bytes::Bytes;
use domain::{EndReason, Millis, ReplyId, TurnRecord};

use crate::{Expect, Missing, WaitClass};

/// What is to be done about an input. Carried out by the driver in this order, never awaited.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Speak the built-in apology, which needs no provider. Answered like a `Speak`.
    Apologise {
        /// Which reply.
        reply: ReplyId,
        /// Its only clause.
        clause: ClauseId,
    },
    /// Stop whatever thinks or speaks for this reply: its answers are not wanted.
    Cancel {
        /// Which reply.
        reply: ReplyId,
        /// For the trace.
        why: CancelReason,
    },
    /// The caller's turn is over, and this reply answers it: its audio and effects are released.
    Commit {
        /// Which reply.
        reply: ReplyId,
        /// For the trace.
        because: Because,
    },
    /// Play the reply more quietly: somebody speaks over it.
    Duck {
        /// Which reply.
        reply: ReplyId,
        /// By how many decibels.
        db: u8,
    },
    /// Ask the recogniser for what it has, now.
    Finalize,
    /// End the call. The last action of every call.
    HangUp(EndReason),
    /// It is noisy where the caller is: the ear needs more to take a sound for speech.
    HearLess,
    /// Something odd happened and was ignored.
    Note(Note),
    /// Send no more of the reply until `Resume`. What is ahead of the caller's ear still plays.
    Pause(ReplyId),
    /// Hand this to the mouth.
    Play(Play),
    /// Sound the tones of keys, which need no provider. Answered like a `Speak`.
    Press {
        /// Which reply.
        reply: ReplyId,
        /// The clause that says so.
        clause: ClauseId,
        /// Its words. Those of one sign are the keys: `0`-`9`, `*`, `#`, and `w` for a wait.
        text: String,
    },
    /// Keep this exchange.
    Record(Box<TurnRecord>),
    /// Play the reply as loudly as before.
    Restore(ReplyId),
    /// Go on with a paused reply.
    Resume {
        /// Which reply.
        reply: ReplyId,
        /// So much of what was played last is played again: the word that was cut.
        again: Millis,
    },
    /// Run a tool. Its effects are wanted: the turn is committed.
    RunTool(ToolRun),
    /// Throw away everything queued for the caller, here and at the carrier.
    Silence {
        /// The reply that falls silent.
        reply: ReplyId,
        /// How much of it the caller heard.
        heard: Millis,
    },
    /// Have a clause spoken.
    Speak {
        /// Which reply.
        reply: ReplyId,
        /// Counted from 0 within the reply.
        clause: ClauseId,
        /// What to say: plain words.
        text: String,
    },
    /// No more clauses will come for this reply.
    SpeakEnd(ReplyId),
    /// Stop whatever writes this reply: what was said of it stands, and is spoken to its end.
    StopThinking(ReplyId),
    /// Leave the audio of the line: from here on the carrier listens and speaks by itself, and asks
    /// what to say.
    TakeRounds(Missing),
    /// Have the model write a reply. Speculative until the turn is over; the core holds it back.
    Think {
        /// The reply's id: every answer carries it.
        reply: ReplyId,
        /// What the model sees.
        prompt: Prompt,
    },
}

/// A clause of a reply: a sentence, or the first piece of one.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClauseId(pub u32);

/// A place in the played audio that the line reports back.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Mark {
    /// Which reply.
    pub reply: ReplyId,
    /// Set after this clause.
    pub clause: ClauseId,
}

impl fmt::Display for Mark {
    /// As it goes over the wire: `r7-3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.reply, self.clause.0)
    }
}

impl Mark {
    /// Reads what [`fmt::Display`] wrote. Foreign marks are `None`.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let (reply, clause) = name.strip_prefix('r')?.split_once('-')?;
        Some(Self {
            reply: ReplyId(reply.parse().ok()?),
            clause: ClauseId(clause.parse().ok()?),
        })
    }
}

/// Something for the mouth, played in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Play {
    /// Sound.
    Audio {
        /// Whose it is.
        reply: ReplyId,
        /// In the line's own encoding.
        bytes: Bytes,
        /// How long it plays.
        duration: Millis,
    },
    /// Report back when everything before was played.
    Mark(Mark),
}

/// Why the caller's turn was taken to be over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Because {
    /// What the last words looked like.
    pub class: WaitClass,
    /// How long the caller had been silent.
    pub waited: Millis,
    /// How long a silence the last words asked for.
    pub wait: Millis,
    /// What the caller was expected to say.
    pub expected: Expect,
    /// What settled it.
    pub evidence: Evidence,
}

/// What settled that the caller's turn was over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// The recogniser owed words for too long: what was there had to do.
    Deadline,
    /// The caller typed.
    Keys,
    /// The caller had spoken for longer than a turn may last.
    LongestTurn,
    /// The recogniser said so.
    Provider,
    /// The silence was long enough for the last words.
    Silence,
}

impl Evidence {
    /// The name in records and traces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Keys => "keys",
            Self::LongestTurn => "longest_turn",
            Self::Provider => "provider",
            Self::Silence => "silence",
        }
    }
}

/// Why a reply was cancelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CancelReason {
    /// The caller cut in while it was audible.
    BargeIn,
    /// The call is over.
    CallOver,
    /// It was heard while the caller was not done: the agent had cut in.
    CutIn,
    /// A provider failed in the middle of it.
    Failed,
    /// The caller went on before it was audible.
    Resumed,
    /// More words came for the turn that it answered.
    Stale,
}

/// What the model sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Who the agent is and how it talks. The same for the whole call.
    pub system: Arc<str>,
    /// The conversation so far, as it was heard; the caller's turn comes last.
    pub messages: Vec<Message>,
    /// Whether the model may press keys, and is to be told so.
    pub may_press: bool,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The agent spoke.
    Agent {
        /// What the caller heard of it.
        text: String,
        /// The caller cut it off here.
        interrupted: bool,
        /// Tools it asked for.
        tools: Vec<ToolCall>,
    },
    /// The caller spoke or typed.
    Caller(String),
    /// We tell the model something that nobody said.
    Note(&'static str),
    /// A tool answered.
    Tool {
        /// The model's id of the request.
        id: String,
        /// What it answered.
        output: String,
    },
}

/// A tool as the model asked for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolCall {
    /// The model's id of the request.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// A JSON object as text.
    pub arguments: String,
}

/// One run of a tool within the call, counted from 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ToolRunId(pub u32);

/// A tool to be run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolRun {
    /// The answer carries it.
    pub run: ToolRunId,
    /// Which tool.
    pub name: String,
    /// A JSON object as text.
    pub arguments: String,
}

/// Something odd that the core ignored: counted, and traced.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Note {
    /// The call's budget is nearly spent.
    BudgetLow,
    /// A tool answered that nobody waits for.
    LateToolAnswer,
    /// A provider answered for a reply that is over.
    LateReply,
    /// The line reported a mark that was never set, or was thrown away.
    UnknownMark,
    /// The model asked for more tools in one turn than allowed.
    TooManyTools,
}
