//! Speech to speech: one model hears the caller, thinks and speaks, over one connection per call.

pub mod openai;

use std::sync::Arc;

use bytes::Bytes;
use domain::{Language, Millis, ReplyId};
use futures_util::future::BoxFuture;
use session::{Message, Prompt, ToolCall, Words};
use tokio::sync::mpsc;

pub use self::openai::OpenAiRealtime;
use crate::{ProviderError, llm::ToolOffer};

/// A provider whose one model hears, thinks and speaks.
pub trait SpeechToSpeech: Send + Sync {
    /// Serves one call until `orders` is closed. Dropping the future hangs up.
    ///
    /// Connects at once; orders that come before the connection stands are kept. An error is about
    /// the whole conversation: whoever opens another one, here or elsewhere, gives it the prompt as
    /// it is by then.
    fn talk(
        &self,
        talk: Talk,
        orders: mpsc::Receiver<ToSpeaker>,
        told: mpsc::Sender<FromSpeaker>,
    ) -> BoxFuture<'static, Result<(), ProviderError>>;
}

/// How to talk in one call.
#[derive(Clone, Debug)]
pub struct Talk {
    /// Who the agent is, and what was said before this connection.
    pub prompt: Prompt,
    /// How it talks.
    pub settings: Arc<TalkSettings>,
}

/// How an agent's model hears and talks.
#[derive(Clone, Debug, PartialEq)]
pub struct TalkSettings {
    /// The provider's model.
    pub model: String,
    /// The provider's voice.
    pub voice: String,
    /// What the caller speaks, for the transcript.
    pub language: Language,
    /// What writes down the caller's words. `None`: they are not told.
    pub transcription_model: Option<String>,
    /// Who decides that a turn is over.
    pub turns: TurnDetection,
    /// Longest reply; `None`: the provider's own limit.
    pub max_output_tokens: Option<u32>,
    /// What the model may ask for.
    pub tools: Vec<ToolOffer>,
}

/// Who decides that the caller's turn is over. Whoever it is, replies are made only when ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TurnDetection {
    /// Our own engine. Only the sound of turns is sent: what was sent is what a commit commits.
    Ours,
    /// The provider, by silence.
    ServerVad {
        /// How loud speech is, from 0 to 1.
        threshold: f32,
        /// Sound kept from before it began.
        padding: Millis,
        /// Silence that ends a turn.
        silence: Millis,
    },
    /// The provider, by what was said.
    SemanticVad(Eagerness),
}

impl TurnDetection {
    /// Whether our own engine decides.
    #[must_use]
    pub fn is_ours(self) -> bool {
        match self {
            Self::Ours => true,
            Self::SemanticVad(_) | Self::ServerVad { .. } => false,
        }
    }
}

/// How soon a model takes a turn to be over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Eagerness {
    /// As the provider thinks best: within 4 seconds.
    Auto,
    /// Within 2 seconds.
    High,
    /// Within 8 seconds.
    Low,
}

/// What the model is told. Audio is mu-law, 8 kHz.
#[derive(Clone, Debug, PartialEq)]
pub enum ToSpeaker {
    /// A stretch of the caller's audio, never empty.
    Audio(Bytes),
    /// What was sent since the last commit is no turn: forget it.
    Clear,
    /// The caller's turn is over: answer it. Where there is no sound of it, as after keys of the
    /// phone, the prompt's last words stand in.
    Commit {
        /// The answer's id.
        reply: ReplyId,
        /// The conversation as it was heard.
        prompt: Prompt,
    },
    /// What was said before everything that the model knows.
    Recall(Vec<Message>),
    /// Go on without any new turn: greet, use a tool's answer, heed a note; or answer a turn that
    /// the provider's own detection has committed.
    Respond {
        /// The reply's id.
        reply: ReplyId,
        /// The conversation as it was heard.
        prompt: Prompt,
    },
    /// Say exactly this. Models try to: what was said is told as text.
    Say {
        /// The reply's id.
        reply: ReplyId,
        /// Plain words.
        text: String,
    },
    /// A reply is not wanted any more; what of it was not heard is forgotten.
    Cancel {
        /// Which reply.
        reply: ReplyId,
        /// So much of its audio was heard.
        heard: Millis,
    },
    /// Stop making a reply: what is being made of it is forgotten, and ends with a `Done` or a
    /// `Dropped` all the same. What was made of it before is heard to its end.
    Stop(ReplyId),
    /// A tool answered. The model goes on when told to `Respond`.
    ToolAnswered {
        /// The model's id of the request.
        id: String,
        /// What it answered.
        output: String,
    },
}

/// What the model tells. Audio is mu-law, 8 kHz.
#[derive(Clone, Debug)]
pub enum FromSpeaker {
    /// What was consumed and is not told with the end of a reply: nobody had asked for it, its bill
    /// came late, or not all of it could be handed over before the end.
    Consumed(Consumed),
    /// The connection stands and takes audio.
    Ready,
    /// The provider's own detection heard speech begin.
    SpeechStarted {
        /// Counted from the first audio that was given.
        at: Millis,
    },
    /// The provider's own detection heard speech end.
    SpeechStopped {
        /// Counted from the first audio that was given.
        at: Millis,
    },
    /// The provider's own detection says that the turn is over, and its sound is committed.
    TurnEnded,
    /// The caller's words, turn by turn in the order of the conversation. Settled without text:
    /// nobody could make out this turn.
    Words {
        /// The words. Their span, if there is one, is counted from the first audio that was given.
        words: Words,
        /// What writing them down consumed, once they are settled.
        usage: Option<TranscriptionUsage>,
    },
    /// Some text of what the reply says, never empty.
    Text {
        /// Which reply.
        reply: ReplyId,
        /// Any piece of it, cut anywhere.
        text: String,
    },
    /// A piece of the reply's voice.
    Audio {
        /// Which reply.
        reply: ReplyId,
        /// Any length, never empty.
        bytes: Bytes,
    },
    /// A whole tool call.
    Tool {
        /// In which reply.
        reply: ReplyId,
        /// Its arguments are an object or unreadable as sent.
        call: ToolCall,
    },
    /// All of the reply was handed over. Cancelled replies are done as well, for their cost.
    Done {
        /// Which reply.
        reply: ReplyId,
        /// What it consumed.
        usage: RealtimeTokens,
    },
    /// The reply was cancelled before the model had begun it, as far as it told. That says nothing of
    /// how well the model works.
    Dropped(ReplyId),
    /// The reply failed; the conversation goes on.
    Failed {
        /// Which reply.
        reply: ReplyId,
        /// Why.
        error: ProviderError,
        /// What it consumed.
        usage: RealtimeTokens,
    },
}

impl FromSpeaker {
    /// Whether it says what is to be paid.
    pub(crate) const fn is_bill(&self) -> bool {
        match self {
            Self::Consumed(_) | Self::Done { .. } | Self::Failed { .. } => true,
            Self::Words { usage, .. } => usage.is_some(),
            Self::Audio { .. }
            | Self::Dropped(_)
            | Self::Ready
            | Self::SpeechStarted { .. }
            | Self::SpeechStopped { .. }
            | Self::Text { .. }
            | Self::Tool { .. }
            | Self::TurnEnded => false,
        }
    }

    /// The reply that this is a piece of.
    pub(crate) const fn piece_of(&self) -> Option<ReplyId> {
        match self {
            Self::Audio { reply, .. } | Self::Text { reply, .. } | Self::Tool { reply, .. } => {
                Some(*reply)
            }
            Self::Consumed(_)
            | Self::Done { .. }
            | Self::Dropped(_)
            | Self::Failed { .. }
            | Self::Ready
            | Self::SpeechStarted { .. }
            | Self::SpeechStopped { .. }
            | Self::TurnEnded
            | Self::Words { .. } => None,
        }
    }
}

/// What was consumed apart from the end of a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Consumed {
    /// By which reply, as far as that is known.
    pub reply: Option<ReplyId>,
    /// What it consumed.
    pub usage: RealtimeTokens,
}

/// What a reply of a model that hears and speaks consumed. Each kind has a price of its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RealtimeTokens {
    /// Text of the conversation, cached tokens included.
    pub input_text: u64,
    /// Sound of the conversation, cached tokens included.
    pub input_audio: u64,
    /// Text read from the provider's cache.
    pub cached_text: u64,
    /// Sound read from the provider's cache.
    pub cached_audio: u64,
    /// Text generated.
    pub output_text: u64,
    /// Sound generated.
    pub output_audio: u64,
}

impl std::ops::Add for RealtimeTokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input_text: self.input_text.saturating_add(other.input_text),
            input_audio: self.input_audio.saturating_add(other.input_audio),
            cached_text: self.cached_text.saturating_add(other.cached_text),
            cached_audio: self.cached_audio.saturating_add(other.cached_audio),
            output_text: self.output_text.saturating_add(other.output_text),
            output_audio: self.output_audio.saturating_add(other.output_audio),
        }
    }
}

/// What writing down a turn of the caller consumed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TranscriptionUsage {
    /// Priced by length.
    Duration(Millis),
    /// Priced by tokens.
    Tokens {
        /// Of text that went in.
        input_text: u64,
        /// Of sound that went in.
        input_audio: u64,
        /// Generated.
        output: u64,
    },
}
