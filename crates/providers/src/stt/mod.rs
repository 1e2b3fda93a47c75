//! Speech to text: one stream of audio in, words out.

pub mod deepgram;
pub mod openai;

use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use domain::{Language, Millis};
use futures_util::future::BoxFuture;
use session::{Delivery, Span, Words};
use tokio::sync::mpsc;

pub use self::{
    deepgram::{Deepgram, DeepgramFlux},
    openai::OpenAiTranscription,
};
use crate::ProviderError;

/// A provider that recognises speech as it is spoken.
pub trait SpeechToText: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> SttCapabilities;

    /// How much silence it may take for the end of a turn, where it ends turns itself.
    fn longest_pause(&self, _listen: &Listen) -> Millis {
        Millis::ZERO
    }

    /// Recognises one call's audio until `audio` is closed. Dropping the future hangs up.
    ///
    /// The connection is made at once, so a stream can be opened while the phone still rings; it is
    /// kept alive as the provider wants it while no audio comes. Ends with `Ok` only after `audio`
    /// was closed and the last words were handed over.
    fn listen(
        &self,
        listen: Listen,
        audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>>;
}

/// What a recogniser can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SttCapabilities {
    /// Answers `Finalize`.
    pub finalizes: bool,
    /// When it gives words.
    pub words: Delivery,
    /// Replayed audio worth sending after a reconnect.
    pub replay: Millis,
    /// Of so much speech it tells something, if only that it has no words; otherwise it is broken.
    /// `None`: it may be silent for as long as it likes.
    pub tells_within: Option<Millis>,
    /// What of the sound has to be paid for.
    pub pays_for: PaysFor,
}

/// What of the sound that a recogniser is given has to be paid for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PaysFor {
    /// All that it is given, and what it says beside that with [`Recognised::Sent`].
    Given,
    /// Only what it says with [`Recognised::Sent`].
    Sent,
}

/// How to listen to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// The provider's model.
    pub model: String,
    /// What the caller speaks.
    pub language: Language,
    /// Words that are likely: names, products, a grammar for the offline engine.
    pub keyterms: Vec<String>,
    /// The provider's own endpointing, silence in milliseconds.
    pub endpointing: Millis,
    /// The provider's word-gap timer. Zero: off.
    pub utterance_end: Millis,
    /// Whether numbers, dates and the like are written as people write them.
    pub smart_format: bool,
    /// Whether "um" and the like are written down, where the provider can. They tell that the
    /// caller is not done.
    pub filler_words: bool,
}

impl Listen {
    /// To the usual language, with the usual waits and no words that are likely.
    #[must_use]
    pub fn plain(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            language: Language::default(),
            keyterms: Vec::new(),
            endpointing: Millis(300),
            utterance_end: Millis(1_000),
            smart_format: true,
            filler_words: true,
        }
    }
}

/// What the recogniser is sent. Audio is mu-law, 8 kHz.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ToRecogniser {
    /// A stretch of the caller's audio, never empty.
    Audio(Bytes),
    /// Say now what you have.
    Finalize,
}

/// What the recogniser tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Recognised {
    /// It listens, and has no words to tell.
    NoWords,
    /// The connection stands and takes audio.
    Ready,
    /// The sound that it sent last was refused for what it is: nobody charges for it.
    Refused,
    /// So much sound was sent, and the provider charges for it unless it refuses it.
    Sent(Millis),
    /// It heard speech begin.
    SpeechStarted,
    /// Its own model of turns says that the turn is over.
    TurnEnded {
        /// How sure it is, in percent.
        confidence: u8,
    },
    /// Its own model of turns thinks that the turn may be over.
    TurnLikely,
    /// It thought so too soon: the caller goes on.
    TurnResumed,
    /// Its word-gap timer ran out.
    UtteranceOver,
    /// Words. Their span is counted from the first audio that this connection was given.
    Words(Words),
}

/// A stretch of mu-law audio by its bytes, counted from the first one a connection was given.
pub(crate) fn span_of_bytes(from: u64, until: u64) -> Span {
    Span {
        from: Millis(from / BYTES_PER_MS),
        until: Millis(until / BYTES_PER_MS),
    }
}
