use audio::g711::BYTES_PER_MS;

use crate::fakes::{Ear, Word};

/// Audio is judged in pieces of this size: 20 ms.
const PIECE: usize = 160;
/// Less sound than this cannot be committed.
const LEAST_MS: u64 = 100;

/// The input buffer of a session: its sound, and the words in it.
pub(super) struct Hearing {
    ear: Box<dyn Ear>,
    heard: u64,
    /// Bytes since the last commit.
    pending: u64,
    /// Bytes that were committed.
    committed: u64,
    words: Vec<String>,
    passing: Option<String>,
    /// Bytes of silence since the last sound, while somebody speaks.
    quiet: Option<u64>,
}

/// What the session's own detection finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    Started { at_ms: u64 },
    Stopped { at_ms: u64 },
}

impl Hearing {
    pub(super) fn new(ear: Box<dyn Ear>) -> Self {
        Self {
            ear,
            heard: 0,
            pending: 0,
            committed: 0,
            words: Vec::new(),
            passing: None,
            quiet: None,
        }
    }

    /// Takes audio; `silence_ms`: how much silence ends a turn.
    pub(super) fn hear(&mut self, audio: &[u8], silence_ms: u64) -> Vec<Found> {
        let mut found = Vec::new();
        for piece in audio.chunks(PIECE) {
            let length = piece.len() as u64;
            for word in self.ear.hear(piece) {
                match word {
                    Word::Began => self.passing = Some(String::new()),
                    Word::SoFar(text) => self.passing = Some(text),
                    Word::Whole(text) => {
                        self.passing = None;
                        self.words.push(text);
                    }
                }
            }
            let at_ms = self.heard / BYTES_PER_MS;
            self.heard += length;
            self.pending += length;
            match (self.ear.speaks(piece), &mut self.quiet) {
                (true, Some(quiet)) => *quiet = 0,
                (true, none) => {
                    *none = Some(0);
                    found.push(Found::Started { at_ms });
                }
                (false, Some(quiet)) => {
                    *quiet += length;
                    if *quiet >= silence_ms * BYTES_PER_MS {
                        self.quiet = None;
                        found.push(Found::Stopped {
                            at_ms: self.heard / BYTES_PER_MS,
                        });
                    }
                }
                (false, None) => {}
            }
        }
        found
    }

    /// Ends a turn: its words, unless it is too short for one.
    pub(super) fn commit(&mut self) -> Option<String> {
        if self.pending < LEAST_MS * BYTES_PER_MS {
            return None;
        }
        let settled = self.ear.settle().or(self.passing.take());
        self.words.extend(settled.filter(|text| !text.is_empty()));
        let words = self.words.join(" ");
        self.committed += self.pending;
        self.clear();
        Some(words)
    }

    /// Bytes in all turns so far.
    pub(super) const fn committed(&self) -> u64 {
        self.committed
    }

    /// Forgets what is not committed.
    pub(super) fn clear(&mut self) {
        self.pending = 0;
        self.words.clear();
        self.passing = None;
        self.quiet = None;
    }
}
