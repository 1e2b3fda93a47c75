//! A streamed reply, cut into pieces for the voice.

mod boundary;
mod notes;

use crate::{
    spoken::Abbreviation,
    words::{FALLBACK, Lists},
};

use boundary::Cut;
use notes::{Notes, Part};

/// Cuts a streamed reply into pieces for the voice: a first clause as early as it sounds natural,
/// then whole sentences. Where the text is cut does not depend on how it arrives.
#[derive(Debug)]
pub(crate) struct ClauseCutter {
    abbreviations: &'static [Abbreviation],
    notes: Notes,
    /// Text that was not handed out.
    rest: String,
    size: Size,
}

/// A part of a reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    /// The inside of an annotation: `expect phone` of `[[expect phone]]`. Never spoken.
    Note(String),
    /// Something to say.
    Words(String),
}

impl Piece {
    /// What is to be said, if anything.
    pub(crate) fn words(self) -> Option<String> {
        match self {
            Self::Note(_) => None,
            Self::Words(words) => Some(words),
        }
    }
}

/// How large the next piece should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Size {
    Clause,
    Sentence,
}

/// The first piece may be short, but not so short that it sounds chopped.
const FIRST_CHARS: usize = 10;
const FIRST_WORDS: usize = 2;
/// Without any punctuation the first piece is cut here.
const FIRST_WORDS_AT_MOST: usize = 12;
/// Shorter sentences are joined to the next.
const SENTENCE_CHARS: usize = 20;
/// A sentence without end is cut between words here.
const LONGEST_CHARS: usize = 300;

impl ClauseCutter {
    pub(crate) fn new(lists: Option<&'static Lists>) -> Self {
        Self {
            abbreviations: lists.unwrap_or(FALLBACK).speech.abbreviations,
            notes: Notes::default(),
            rest: String::new(),
            size: Size::Clause,
        }
    }

    /// Takes some text and gives back every piece that is complete.
    pub(crate) fn push(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        self.notes.add(text);
        while let Some(part) = self.notes.next() {
            self.take(part, pieces);
        }
    }

    /// Gives back what is left, at the end of the reply.
    pub(crate) fn finish(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(part) = self.notes.last() {
            self.take(part, pieces);
        }
        self.hand_out(pieces);
    }

    fn take(&mut self, part: Part, pieces: &mut Vec<Piece>) {
        match part {
            Part::Note(note) => pieces.push(Piece::Note(note)),
            Part::Text(text) => {
                self.rest.push_str(&text);
                self.cut(pieces);
            }
        }
    }

    fn cut(&mut self, pieces: &mut Vec<Piece>) {
        while let Some(end) = self.next_end() {
            let tail = self.rest.split_off(end);
            self.hand_out(pieces);
            self.rest = tail;
        }
    }

    fn hand_out(&mut self, pieces: &mut Vec<Piece>) {
        let piece = std::mem::take(&mut self.rest);
        if piece.contains(char::is_alphanumeric) {
            self.size = Size::Sentence;
            pieces.push(Piece::Words(piece.trim().to_owned()));
        }
    }

    /// Where the next piece ends, if it is complete.
    fn next_end(&self) -> Option<usize> {
        let longest = self.longest();
        for (at, mark) in self.rest.char_indices() {
            if longest.is_some_and(|longest| at >= longest) {
                return longest;
            }
            let after = at + mark.len_utf8();
            if !self.may_end(mark) || !self.is_enough(&self.rest[..after]) {
                continue;
            }
            match boundary::after(&self.rest, at, mark, self.abbreviations) {
                Cut::Here(end) => return Some(end),
                Cut::No => {}
                Cut::Wait => return None,
            }
        }
        longest
    }

    fn may_end(&self, mark: char) -> bool {
        match self.size {
            Size::Clause => boundary::ends_clause(mark),
            Size::Sentence => boundary::ends_sentence(mark),
        }
    }

    fn is_enough(&self, piece: &str) -> bool {
        let chars = piece.trim().chars().count();
        match self.size {
            Size::Clause => chars >= FIRST_CHARS && piece.split_whitespace().count() >= FIRST_WORDS,
            Size::Sentence => chars >= SENTENCE_CHARS,
        }
    }

    /// Where a piece ends whose text does not.
    fn longest(&self) -> Option<usize> {
        match self.size {
            Size::Clause => boundary::gaps(&self.rest)
                .skip(FIRST_WORDS_AT_MOST - 1)
                .find(|gap| boundary::is_open(&self.rest, *gap, self.abbreviations)),
            Size::Sentence => {
                let (limit, _) = self.rest.char_indices().nth(LONGEST_CHARS)?;
                let head = &self.rest[..limit];
                let open = boundary::gaps(head)
                    .filter(|gap| boundary::is_open(head, *gap, self.abbreviations))
                    .last();
                open.or_else(|| boundary::gaps(head).last()).or(Some(limit))
            }
        }
    }
}

#[cfg(test)]
mod tests;
