//! Words that were answered before they were settled: they come again.

use domain::Millis;

use super::text::{Piece, join};
use crate::words::{begins_with_phrase, ends_with_phrase, normalised};

/// Interim words of the turn before.
#[derive(Debug)]
pub(super) struct Answered {
    words: String,
    /// When their sound was over.
    until: Millis,
}

impl Answered {
    /// These words were answered, and the earlier ones of the same utterance.
    pub(super) fn with(earlier: Option<Self>, interim: &str, until: Millis) -> Option<Self> {
        let interim = normalised(interim);
        if interim.is_empty() {
            return None;
        }
        let mut words = earlier.map_or_else(String::new, |earlier| earlier.words);
        join(&mut words, &interim);
        Some(Self { words, until })
    }

    /// Whether a text only says again what was answered.
    pub(super) fn echoes(&self, text: &str) -> bool {
        ends_with_phrase(&self.words, text)
    }

    /// How many of the first words were answered: a recogniser that hears turns tells all words of
    /// one, and the caller has gone on in what it takes for the same.
    pub(super) fn begins(&self, piece: &Piece) -> usize {
        let before = piece.span.is_some_and(|span| span.from < self.until);
        if before && begins_with_phrase(&normalised(&piece.text), &self.words) {
            self.words.split(' ').count()
        } else {
            0
        }
    }
}
