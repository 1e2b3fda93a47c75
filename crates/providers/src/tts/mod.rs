//! Text to speech: clauses in, audio out, over one warm connection per call.

mod ahead;
pub mod deepgram;
pub mod elevenlabs;
mod line;
pub mod openai;

use bytes::Bytes;
use domain::{Language, ReplyId};
use futures_util::future::BoxFuture;
use session::{ClauseId, WordEnd};
use tokio::sync::mpsc;

pub use self::{
    deepgram::Aura,
    elevenlabs::{ElevenLabs, ElevenLabsHttp},
    openai::OpenAiSpeech,
};
use crate::ProviderError;

/// A provider that speaks.
pub trait TextToSpeech: Send + Sync {
    /// Serves one call's voice until `orders` is closed. Dropping the future hangs up.
    ///
    /// Connects at once and keeps a connection warm, so that the first clause of a reply waits for
    /// nothing. An error is about the reply being spoken, if there is one; the driver then opens a
    /// voice again, here or elsewhere, and repeats what was not spoken.
    fn speak(
        &self,
        voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>>;
}

/// How an agent sounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// The provider's model.
    pub model: String,
    /// The provider's voice.
    pub voice: String,
    /// What is spoken.
    pub language: Language,
    /// Sent only when set.
    pub stability: Option<f32>,
    /// Sent only when set.
    pub similarity_boost: Option<f32>,
    /// Sent only when set.
    pub style: Option<f32>,
    /// Sent only when set.
    pub speed: Option<f32>,
    /// Sent only when set.
    pub use_speaker_boost: Option<bool>,
    /// Characters before each generation; empty: the provider's own.
    pub chunk_length_schedule: Vec<u32>,
    /// Use one connection for many replies, where the provider's plan has it.
    pub multi_context: bool,
}

impl Voice {
    /// In the usual language, with nothing set.
    #[must_use]
    pub fn plain(model: &str, voice: &str) -> Self {
        Self {
            model: model.to_owned(),
            voice: voice.to_owned(),
            language: Language::default(),
            stability: None,
            similarity_boost: None,
            style: None,
            speed: None,
            use_speaker_boost: None,
            chunk_length_schedule: Vec::new(),
            multi_context: false,
        }
    }
}

/// What a voice is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ToVoice {
    /// Speak a clause. Clauses of one reply come in order; a new reply means the old one is over.
    Say {
        /// Which reply.
        reply: ReplyId,
        /// Which clause.
        clause: ClauseId,
        /// Plain words.
        text: String,
    },
    /// No more clauses for this reply: answer `All` when its last audio was made.
    End(ReplyId),
    /// Its audio is not wanted any more.
    Cancel(ReplyId),
}

/// What a voice makes. Audio is mu-law, 8 kHz.
#[derive(Clone, Debug, PartialEq)]
pub enum FromVoice {
    /// The connection stands.
    Ready,
    /// A piece of a clause.
    Audio {
        /// Which reply.
        reply: ReplyId,
        /// Which clause.
        clause: ClauseId,
        /// Any length.
        bytes: Bytes,
        /// Where words end, counted from the beginning of the clause's audio.
        words: Vec<WordEnd>,
    },
    /// All audio of the reply was handed over.
    All(ReplyId),
}
