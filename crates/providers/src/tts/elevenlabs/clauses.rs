use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::{ClauseId, WordEnd};

use super::{letters::Letters, wire::Letter};
use crate::tts::FromVoice;

/// How long a slow voice takes for one character. Where only length tells clauses apart, a word that
/// was not heard must not count as heard: better the next clause begins a little late.
const SLOW_MS_PER_CHAR: u64 = 80;

/// The clauses of one reply: which audio belongs to which.
///
/// The server makes one stream of audio out of all clauses. Where its letters tell, they decide.
/// Else audio belongs to the oldest clause that the server has not called final; and as long as it
/// has called none so, to the first one that is not as long as its text.
#[derive(Debug)]
pub(super) struct Clauses {
    reply: ReplyId,
    clauses: Vec<Clause>,
    /// The clause being spoken.
    at: usize,
    told_by: ToldBy,
    /// Audio so far.
    bytes: u64,
    /// Characters so far.
    chars: u64,
}

/// By what the server tells clauses apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ToldBy {
    Finals,
    Letters,
    Nothing,
}

#[derive(Debug)]
struct Clause {
    id: ClauseId,
    letters: Letters,
    /// Audio so far.
    bytes: u64,
    /// The server is done with it, or speaks a later one.
    over: bool,
}

impl Clauses {
    pub(super) const fn new(reply: ReplyId) -> Self {
        Self {
            reply,
            clauses: Vec::new(),
            at: 0,
            told_by: ToldBy::Nothing,
            bytes: 0,
            chars: 0,
        }
    }

    pub(super) const fn reply(&self) -> ReplyId {
        self.reply
    }

    /// Another clause was sent.
    pub(super) fn add(&mut self, id: ClauseId, text: &str) {
        let letters = Letters::of(text);
        self.chars += letters.len() as u64;
        self.clauses.push(Clause {
            id,
            letters,
            bytes: 0,
            over: false,
        });
    }

    /// Whether any audio came.
    pub(super) const fn has_audio(&self) -> bool {
        self.bytes > 0
    }

    /// Whether the server tells its letters.
    pub(super) const fn is_aligned(&self) -> bool {
        matches!(self.told_by, ToldBy::Letters)
    }

    /// Whether every clause was spoken, as far as one can know.
    pub(super) fn is_caught_up(&self) -> bool {
        self.clauses
            .iter()
            .all(|clause| clause.over || clause.is_spoken())
    }

    /// Whether the server called every clause final.
    pub(super) fn is_over(&self) -> bool {
        self.clauses.iter().all(|clause| clause.over)
    }

    /// More audio than any voice makes of this text.
    pub(super) const fn is_endless(&self) -> bool {
        self.bytes > BYTES_PER_MS * (10_000 + 500 * self.chars)
    }

    /// The server called something final.
    pub(super) fn end_one(&mut self) {
        if let Some(clause) = self.clauses.iter_mut().find(|clause| !clause.over) {
            clause.over = true;
        }
        if self.told_by == ToldBy::Nothing && !self.is_over() {
            self.told_by = ToldBy::Finals;
        }
    }

    /// Cuts a message's audio into the clauses that it belongs to.
    pub(super) fn cut(&mut self, audio: &Bytes, letters: Option<&[Letter]>) -> Vec<FromVoice> {
        self.bytes += audio.len() as u64;
        self.skip_over();
        let mut pieces = Vec::new();
        let mut from = 0;
        let mut words = Vec::new();
        for letter in letters.unwrap_or_default() {
            self.told_by = ToldBy::Letters;
            if self.begins_next() {
                let to = byte_at(letter.begins, audio).max(from);
                self.hand_out(audio.slice(from..to), &mut words, &mut pieces);
                from = to;
                self.next();
            }
            let Some(clause) = self.clauses.get_mut(self.at) else {
                break;
            };
            if let Some(chars) = clause.letters.speak(letter.chars) {
                let end = byte_at(letter.ends, audio).saturating_sub(from) as u64;
                words.push(WordEnd {
                    chars,
                    at: Millis((clause.bytes + end) / BYTES_PER_MS),
                });
            }
        }
        if self.told_by == ToldBy::Nothing {
            self.cut_by_length(audio, &mut pieces);
        } else {
            self.hand_out(audio.slice(from..), &mut words, &mut pieces);
        }
        pieces
    }

    /// Hands out audio of which nothing tells where clauses end.
    fn cut_by_length(&mut self, audio: &Bytes, pieces: &mut Vec<FromVoice>) {
        let mut rest = audio.clone();
        while self.at + 1 < self.clauses.len() {
            let room = usize::try_from(self.clauses[self.at].room()).unwrap_or(usize::MAX);
            if room >= rest.len() {
                break;
            }
            self.hand_out(rest.split_to(room), &mut Vec::new(), pieces);
            // The server has yet to call it final.
            self.at += 1;
        }
        self.hand_out(rest, &mut Vec::new(), pieces);
    }

    fn hand_out(&mut self, bytes: Bytes, words: &mut Vec<WordEnd>, pieces: &mut Vec<FromVoice>) {
        let words = std::mem::take(words);
        let Some(clause) = self.clauses.get_mut(self.at) else {
            return;
        };
        if bytes.is_empty() {
            return;
        }
        clause.bytes += bytes.len() as u64;
        pieces.push(FromVoice::Audio {
            reply: self.reply,
            clause: clause.id,
            bytes,
            words,
        });
    }

    /// Whether the next letter cannot belong to the clause being spoken.
    fn begins_next(&self) -> bool {
        let spoken = self.clauses.get(self.at).is_some_and(Clause::is_spoken);
        spoken && self.at + 1 < self.clauses.len()
    }

    fn next(&mut self) {
        self.clauses[self.at].over = true;
        self.at += 1;
    }

    /// After a final word the next clause is the one being spoken.
    fn skip_over(&mut self) {
        while self.at + 1 < self.clauses.len() && self.clauses[self.at].over {
            self.at += 1;
        }
    }
}

impl Clause {
    const fn is_spoken(&self) -> bool {
        self.letters.is_spoken()
    }

    /// How much more audio its text may take.
    fn room(&self) -> u64 {
        let longest = BYTES_PER_MS * SLOW_MS_PER_CHAR * self.letters.len() as u64;
        longest.saturating_sub(self.bytes)
    }
}

/// Where in a message's audio a time lies.
fn byte_at(millis: u64, audio: &Bytes) -> usize {
    let byte = usize::try_from(millis.saturating_mul(BYTES_PER_MS)).unwrap_or(usize::MAX);
    byte.min(audio.len())
}

#[cfg(test)]
mod tests;
