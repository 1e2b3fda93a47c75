//! The text of a turn: its pieces, what is compared of it, and what is hidden.

use domain::Millis;

use super::{foreign::Foreign, voice::Sound};
use crate::{
    Span, Words,
    words::{Lists, normalised},
};

/// Some words, and the sound that they are about, where the recogniser tells.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) span: Option<Span>,
    /// From where on these are all the words.
    begins: Option<Millis>,
    /// That of each word, or none.
    word_spans: Vec<Span>,
}

impl Piece {
    pub(super) fn of(words: &Words) -> Self {
        Self {
            text: words.text.trim().to_owned(),
            span: words.span,
            begins: words.begins.or(words.span.map(|span| span.from)),
            word_spans: words.word_spans.clone(),
        }
    }

    /// Words of which nothing else is known.
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Whether there are words, all about sound before that of the other piece. It covers its sound
    /// also where it has no words, or no more.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        let places = self.span.zip(other.begins);
        !self.text.is_empty()
            && places.is_some_and(|(own, begins)| own.from < begins && own.until <= begins)
    }

    /// Drops so many of the first words.
    pub(super) fn drop_first(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let rest: Vec<&str> = self.text.split_whitespace().skip(count).collect();
        self.text = rest.join(" ");
        self.word_spans.drain(..count.min(self.word_spans.len()));
    }

    /// Drops the words whose sound is not the caller's: one by one where the recogniser tells their
    /// times, else all or none. Returns whether there were any.
    pub(super) fn drop_foreign<'a>(
        &mut self,
        foreign: &Foreign,
        sounds: impl IntoIterator<Item = &'a Sound>,
    ) -> bool {
        let words = self.text.split_whitespace().count();
        if words > 0 && words == self.word_spans.len() {
            return self.drop_foreign_words(foreign);
        }
        let drops = words > 0
            && self
                .span
                .is_some_and(|span| foreign.is_most_sound(span, sounds));
        if drops {
            self.text.clear();
        }
        drops
    }

    fn drop_foreign_words(&mut self, foreign: &Foreign) -> bool {
        let mut own = String::new();
        for (word, span) in self.text.split_whitespace().zip(&self.word_spans) {
            if !foreign.is_word(*span) {
                join(&mut own, word);
            }
        }
        let before = self.word_spans.len();
        self.word_spans.retain(|span| !foreign.is_word(*span));
        let drops = self.word_spans.len() < before;
        if drops {
            self.text = own;
        }
        drops
    }
}

/// What two texts are compared by to see whether a reply to one answers the other: words without
/// case and punctuation, and without fillers.
pub(crate) fn gist(text: &str, lists: Option<&Lists>) -> String {
    let fillers = lists.map_or(&[][..], |lists| lists.endings.fillers);
    let normal = normalised(text);
    let words: Vec<&str> = normal
        .split(' ')
        .filter(|word| !fillers.contains(word))
        .collect();
    words.join(" ")
}

/// What stands before typed keys in what the caller said.
pub(super) const KEYPAD: &str = "keypad: ";

/// The text with typed keys hidden: they may be a secret.
pub(crate) fn hidden_keys(text: &str) -> String {
    let is_key = |letter: &char| letter.is_ascii_digit() || matches!(letter, '*' | '#');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(KEYPAD) {
        let (before, keys) = rest.split_at(at + KEYPAD.len());
        let count = keys.chars().take_while(is_key).count();
        out.push_str(before);
        out.extend(std::iter::repeat_n('•', count));
        rest = &keys[count..];
    }
    out + rest
}

pub(super) fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
