use std::sync::{Arc, LazyLock};

use providers::offline::{
    fingerprint::{Book, Match, Matcher},
    fixtures,
};

use super::{Ear, Word};

static RECORDED: LazyLock<Arc<Book>> = LazyLock::new(|| {
    let phrases = fixtures::caller_phrases();
    Arc::new(Book::new(
        phrases
            .iter()
            .map(|phrase| (phrase.text.as_str(), phrase.ulaw)),
    ))
});

/// An ear that knows the recorded callers, byte for byte.
#[derive(Debug)]
pub struct FingerprintEar(Matcher);

impl FingerprintEar {
    /// Knows the recordings that come with the program.
    #[must_use]
    pub fn recorded() -> Self {
        Self::knowing(RECORDED.clone())
    }

    /// Knows these recordings.
    #[must_use]
    pub fn knowing(book: Arc<Book>) -> Self {
        Self(Matcher::new(book))
    }
}

impl Ear for FingerprintEar {
    fn hear(&mut self, audio: &[u8]) -> Vec<Word> {
        let matches = self.0.hear(audio).into_iter();
        let words = matches.map(|heard| match heard {
            Match::Began => Word::Began,
            Match::Partial { text } => Word::SoFar(text),
            Match::Whole { text } | Match::Cut { text } => Word::Whole(text),
        });
        words.collect()
    }

    fn settle(&mut self) -> Option<String> {
        match self.0.settle()? {
            Match::Began => None,
            Match::Partial { text } | Match::Whole { text } | Match::Cut { text } => Some(text),
        }
    }
}
