//! The built-in recogniser: knows the recorded caller by fingerprint, and nobody else.
//!
//! For simulated calls. It costs about a microsecond per frame and never errs on a phrase that it
//! knows; real speech is silence to it.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::Millis;
use futures_util::future::{BoxFuture, FutureExt as _};
use session::{Delivery, Words};
use tokio::{sync::mpsc, time::timeout};

use super::{
    fingerprint::{Book, Match, Matcher},
    fixtures,
};
use crate::{
    ProviderError,
    stt::{
        Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser, span_of_bytes,
    },
};

/// Audio after a phrase before its words are settled: 100 ms.
const END_DELAY: usize = 800;
/// Without any audio for this long, a phrase under way has broken off.
const STALLED: Duration = Duration::from_millis(300);

/// Recognises recordings.
#[derive(Clone, Debug)]
pub struct PhraseEars {
    book: Arc<Book>,
}

impl PhraseEars {
    /// Knows the phrases of [`fixtures::caller_phrases`].
    #[must_use]
    pub fn new() -> Self {
        static CALLER: LazyLock<Arc<Book>> = LazyLock::new(|| {
            let phrases = fixtures::caller_phrases().iter();
            Arc::new(Book::new(
                phrases.map(|phrase| (phrase.text.as_str(), phrase.ulaw)),
            ))
        });
        Self::with(Arc::clone(&CALLER))
    }

    /// Knows the recordings of `book`.
    #[must_use]
    pub const fn with(book: Arc<Book>) -> Self {
        Self { book }
    }
}

impl Default for PhraseEars {
    fn default() -> Self {
        Self::new()
    }
}

impl SpeechToText for PhraseEars {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::AsSpoken,
            replay: Millis::ZERO,
            tells_within: None,
            pays_for: PaysFor::Given,
        }
    }

    fn listen(
        &self,
        _listen: Listen,
        audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let ear = Ear {
            matcher: Matcher::new(Arc::clone(&self.book)),
            ended: None,
            heard: 0,
            unsettled: 0,
            told: Vec::new(),
        };
        async move {
            serve(ear, audio, heard).await;
            Ok(())
        }
        .boxed()
    }
}

/// Runs until the audio ends or nobody listens to what was recognised.
async fn serve(
    mut ear: Ear,
    mut audio: mpsc::Receiver<ToRecogniser>,
    heard: mpsc::Sender<Recognised>,
) {
    ear.told.push(Recognised::Ready);
    loop {
        for told in ear.told.drain(..) {
            if heard.send(told).await.is_err() {
                return;
            }
        }
        let next = if ear.waits() {
            timeout(STALLED, audio.recv()).await
        } else {
            Ok(audio.recv().await)
        };
        match next {
            Ok(Some(ToRecogniser::Audio(bytes))) => ear.hear(&bytes),
            Ok(Some(ToRecogniser::Finalize)) => ear.finalize(),
            Err(_elapsed) => ear.stop(),
            Ok(None) => break,
        }
    }
    ear.stop();
    for told in ear.told {
        if heard.send(told).await.is_err() {
            return;
        }
    }
}

/// What one stream was so far.
struct Ear {
    matcher: Matcher,
    /// A phrase that passed to its end, and the audio heard since.
    ended: Option<(String, usize)>,
    /// Bytes heard.
    heard: u64,
    /// Where the sound begins whose words are not settled.
    unsettled: u64,
    /// To be told.
    told: Vec<Recognised>,
}

impl Ear {
    /// Whether silence on the wire means something.
    const fn waits(&self) -> bool {
        self.matcher.busy() || self.ended.is_some()
    }

    fn hear(&mut self, audio: &[u8]) {
        self.heard += audio.len() as u64;
        if let Some((_, since)) = &mut self.ended {
            *since += audio.len();
        }
        for found in self.matcher.hear(audio) {
            self.on_match(found);
        }
        if self
            .ended
            .as_ref()
            .is_some_and(|(_, since)| *since >= END_DELAY)
        {
            self.settle_ended();
        }
    }

    fn on_match(&mut self, found: Match) {
        match found {
            Match::Began => {
                self.settle_ended();
                let began = self.matcher.began().unwrap_or(self.heard);
                self.unsettled = began.max(self.unsettled);
                self.told.push(Recognised::SpeechStarted);
            }
            Match::Partial { text } => self.tell(Words {
                text,
                ..Words::default()
            }),
            Match::Whole { text } => {
                self.tell(Words {
                    text: text.clone(),
                    ..Words::default()
                });
                self.ended = Some((text, 0));
            }
            Match::Cut { text } => self.tell_settled(text),
        }
    }

    /// The caller is asked for: everything that was heard, settled.
    fn finalize(&mut self) {
        let (text, ends_utterance) = match (self.ended.take(), self.matcher.settle()) {
            (Some((text, _)), _) => (text, true),
            (None, Some(Match::Cut { text })) => (text, false),
            (None, _) => (String::new(), false),
        };
        self.tell(Words {
            text,
            settled: true,
            ends_utterance,
            answers_finalize: true,
            ..Words::default()
        });
    }

    /// No more audio comes.
    fn stop(&mut self) {
        self.settle_ended();
        if let Some(found) = self.matcher.abandon() {
            self.on_match(found);
        }
    }

    fn settle_ended(&mut self) {
        if let Some((text, _)) = self.ended.take() {
            self.tell_settled(text);
        }
    }

    fn tell_settled(&mut self, text: String) {
        if !text.is_empty() {
            self.tell(Words {
                text,
                settled: true,
                ends_utterance: true,
                ..Words::default()
            });
        }
    }

    fn tell(&mut self, words: Words) {
        let span = Some(span_of_bytes(self.unsettled, self.heard));
        if words.settled {
            self.unsettled = self.heard;
        }
        self.told.push(Recognised::Words(Words { span, ..words }));
    }
}

#[cfg(test)]
mod tests;
