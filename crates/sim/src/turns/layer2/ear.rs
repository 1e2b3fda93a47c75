//! The fake recogniser's ear: it reads the stamps in what reaches it.

use std::sync::Arc;

use super::{
    cast::Role,
    stamp::{Reader, SLOT, Stamp},
};
use crate::fakes::{Ear, Word, char_end};

/// Bytes without a stamp after which a phrase is over: 60 ms, three lost frames.
const OVER: usize = 480;
/// Bytes without a stamp after which it is silent: a stamp and a half.
const SILENT: usize = 120;

/// Hears the words of one role.
#[derive(Debug)]
pub(super) struct StampEar {
    role: Arc<Role>,
    reader: Reader,
    /// Bytes since the last stamp.
    since: usize,
    phrase: Option<Phrase>,
}

/// A phrase that is passing.
#[derive(Debug)]
struct Phrase {
    clip: u16,
    slot: u16,
    /// Every word, and the sample it ends with.
    words: Vec<(String, usize)>,
    /// Words that were settled or had passed before, and are not told.
    settled: usize,
}

impl StampEar {
    pub(super) fn new(role: Arc<Role>) -> Self {
        Self {
            role,
            reader: Reader::default(),
            since: SILENT,
            phrase: None,
        }
    }

    fn on_stamp(&mut self, stamp: Stamp, told: &mut Vec<Word>) {
        let goes_on = self
            .phrase
            .as_ref()
            .is_some_and(|phrase| phrase.clip == stamp.clip && phrase.slot <= stamp.slot);
        if !goes_on {
            told.extend(self.end());
            self.phrase = self.begin(stamp);
            if self.phrase.is_some() {
                told.push(Word::Began);
            }
        }
        if let Some(phrase) = &mut self.phrase {
            phrase.slot = stamp.slot;
            let so_far = phrase.so_far();
            if !so_far.is_empty() {
                told.push(Word::SoFar(so_far));
            }
        }
    }

    fn begin(&self, stamp: Stamp) -> Option<Phrase> {
        let (text, samples) = self.role.words(stamp.clip)?;
        let words = timed(&text, samples);
        // Who joins a phrase in its middle has not heard what was before.
        let from = usize::from(stamp.slot) * SLOT;
        let settled = words.iter().take_while(|(_, end)| *end <= from).count();
        Some(Phrase {
            clip: stamp.clip,
            slot: stamp.slot,
            words,
            settled,
        })
    }

    /// The phrase is over: its words, if any are left to tell.
    fn end(&mut self) -> Option<Word> {
        let phrase = self.phrase.take()?;
        Some(Word::Whole(phrase.so_far()))
    }
}

impl Phrase {
    /// Words that have passed and were not settled.
    fn so_far(&self) -> String {
        let words: Vec<&str> = self.passed().map(|(word, _)| word.as_str()).collect();
        words.join(" ")
    }

    fn passed(&self) -> impl Iterator<Item = &(String, usize)> {
        /// A word is made out a little before its end is heard.
        const EARLY: usize = 2 * SLOT;
        let until = (usize::from(self.slot) + 1) * SLOT + EARLY;
        let rest = self.words.iter().skip(self.settled);
        rest.take_while(move |(_, end)| *end <= until)
    }
}

impl Ear for StampEar {
    fn hear(&mut self, audio: &[u8]) -> Vec<Word> {
        let mut told = Vec::new();
        for code in audio {
            self.since += 1;
            if let Some(stamp) = self.reader.take(*code) {
                self.since = 0;
                self.on_stamp(stamp, &mut told);
            }
        }
        if self.since >= OVER {
            told.extend(self.end());
        }
        told
    }

    fn settle(&mut self) -> Option<String> {
        let phrase = self.phrase.as_mut()?;
        let so_far = phrase.so_far();
        phrase.settled += phrase.passed().count();
        (!so_far.is_empty()).then_some(so_far)
    }

    fn speaks(&mut self, _audio: &[u8]) -> bool {
        self.since < SILENT
    }
}

/// Words with the samples they end with, as the fake voice tells them.
pub(super) fn timed(text: &str, samples: usize) -> Vec<(String, usize)> {
    let total = text.chars().count();
    let mut chars = 0;
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        chars += word.chars().count();
        words.push((word.to_owned(), char_end(samples, total, chars)));
        chars += 1;
    }
    words
}

#[cfg(test)]
mod tests;
