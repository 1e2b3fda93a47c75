use std::sync::Arc;

use bytes::Bytes;
use domain::{Micros, Millis, ReplyId};

use crate::{
    RoundHeard, Rules,
    action::{ClauseId, Mark, Message, ToolRunId},
};

/// Everything that can happen to a call: facts, in the order of its mailbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The voice of a reply: some audio of one clause, ready to be played.
    Audio(Audio),
    /// A key of the phone was pressed: `0`-`9`, `*`, `#`.
    Digit(char),
    /// The agent behaves differently from here on.
    Changed(Arc<Rules>),
    /// The caller hung up.
    HungUp,
    /// Sound of this stretch is not the caller's: our own echo, or somebody in the background.
    Ignored(Span),
    /// A budget that this call shares with others is spent.
    BudgetGone,
    /// Something that is no speech began to sound: music, a machine, traffic.
    NoiseStarted {
        /// On the call's clock, by count of samples.
        at: Millis,
    },
    /// It stopped.
    NoiseStopped {
        /// On the call's clock, by count of samples.
        at: Millis,
    },
    /// The line to the caller broke without a goodbye.
    LineLost,
    /// An operator or a shutdown wants the call to end.
    Dismissed,
    /// Everything up to this mark was played to the caller, or thrown away by a `Silence`.
    Played(Mark),
    /// What was said in earlier calls with this caller.
    Recalled(Vec<Message>),
    /// Nothing recognises the caller's speech any more, and nothing is left to try.
    RecogniserFailed,
    /// The recogniser works again.
    RecogniserBack,
    /// The recogniser is gone or says nothing; something is left to try.
    RecogniserLost,
    /// The carrier, which listens and speaks by itself, has said all there was and listened.
    Round(RoundHeard),
    /// Some text of a reply, by a model that speaks for itself: its sound comes as audio of the
    /// newest clause, in its own time.
    Said {
        /// Which reply.
        reply: ReplyId,
        /// Any piece of it, cut anywhere.
        text: String,
    },
    /// The voice of a reply failed: nobody speaks the rest of it.
    SpeakingFailed(ReplyId, StillSpeaks),
    /// What the call has cost so far.
    Spent(Micros),
    /// All audio of a reply has been handed over.
    SpokenAll(ReplyId),
    /// The caller began to speak; `at` is when the first sound was made.
    SpeechStarted {
        /// On the call's clock, by count of samples.
        at: Millis,
    },
    /// The caller is quiet; `at` is when the last sound ended.
    SpeechStopped {
        /// On the call's clock, by count of samples.
        at: Millis,
    },
    /// Some text of a reply, as the model streams it.
    Text {
        /// Which reply.
        reply: ReplyId,
        /// Any piece of it, cut anywhere.
        text: String,
    },
    /// The model broke off in the middle of a reply, and another one can go on.
    ThinkingBroke(ReplyId),
    /// The model failed, and nothing is left to try.
    ThinkingFailed(ReplyId),
    /// The model is done with a reply.
    ThoughtAll(ReplyId),
    /// Only time has passed.
    Tick,
    /// A tool answered.
    ToolAnswered {
        /// Which run of it.
        run: ToolRunId,
        /// What the model is told.
        output: String,
    },
    /// The model asks for a tool.
    ToolAsked {
        /// In which reply.
        reply: ReplyId,
        /// The model's own id for it, given back with the answer.
        id: String,
        /// Which tool.
        name: String,
        /// Its arguments, a JSON object as text.
        arguments: String,
    },
    /// The recogniser's own model of turns says that this one is over.
    TurnEnded {
        /// How sure it is, in percent.
        confidence: u8,
    },
    /// The recogniser's own model of turns thinks that this one may be over.
    TurnLikely,
    /// It thought so too soon: the caller goes on.
    TurnResumed,
    /// The recogniser says that the utterance is over, whatever our own ear thinks.
    UtteranceOver,
    /// What the recogniser understood.
    Words(Words),
    /// Whoever recognises from here on gives words in this way.
    WordsCome(Delivery),
}

/// Who can still speak, when a reply came to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StillSpeaks {
    /// Nothing is left to try.
    Nobody,
    /// As far as one knows: the next words may be heard.
    Somebody,
}

/// When a recogniser gives words.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Delivery {
    /// While they are spoken.
    #[default]
    AsSpoken,
    /// Those of a whole stretch of speech at once, some time after it.
    InBatches,
}

/// A piece of a reply's voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Which reply.
    pub reply: ReplyId,
    /// Which clause of it.
    pub clause: ClauseId,
    /// The sound, in the line's own encoding: the core never looks inside.
    pub bytes: Bytes,
    /// How long it plays.
    pub duration: Millis,
    /// Where words end, if the voice tells.
    pub words: Vec<WordEnd>,
}

/// The end of a word inside a clause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WordEnd {
    /// Characters of the clause spoken by then.
    pub chars: usize,
    /// Counted from the beginning of the clause's audio.
    pub at: Millis,
}

/// What the recogniser understood of one stretch of audio.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that a recogniser states independently"
)]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words {
    /// The text. A later one replaces it unless it is `settled`.
    pub text: String,
    /// It will not change any more.
    pub settled: bool,
    /// The recogniser heard the end of the utterance.
    pub ends_utterance: bool,
    /// It answers our `Finalize`.
    pub answers_finalize: bool,
    /// Which sound it is about, where the recogniser tells.
    pub span: Option<Span>,
    /// From where on it is all that was heard, where the recogniser tells: its first word may be
    /// later.
    pub begins: Option<Millis>,
    /// When each word of the text was spoken, what stands between blanks being one. Empty where the
    /// recogniser does not tell.
    pub word_spans: Vec<Span>,
}

impl Words {
    /// An utterance of which nothing but its words is known.
    pub(crate) fn whole(text: String) -> Self {
        Self {
            text,
            settled: true,
            ends_utterance: true,
            ..Self::default()
        }
    }
}

/// A stretch of the caller's sound, on the call's clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// Its first sample.
    pub from: Millis,
    /// Just after its last sample.
    pub until: Millis,
}
