//! What of a reply was handed to the mouth, when it plays, and how much of it was heard.

mod clause;

use std::ops::Range;

use domain::Millis;

use crate::{ClauseId, WordEnd, spoken::Spoken};

use clause::{Clause, Made, Stretch};

/// The audio of one reply on the call's clock.
///
/// The mouth plays at real-time speed from the moment it gets the first audio, so the time line is
/// arithmetic; marks that the line reports correct it. Whoever asks what was heard takes the way
/// to the caller's ear off the time first.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    clauses: Vec<Clause>,
    begins: Option<Millis>,
    ends: Millis,
    flow: Flow,
}

/// Whether audio goes out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Flow {
    /// Up to here, and no further until it is resumed. What lies behind waits.
    PausedAt(Millis),
    #[default]
    Runs,
}

/// So much is played again at most when a paused reply goes on.
const LONGEST_AGAIN: Millis = Millis(1_000);

impl Playout {
    /// Expects the audio of another clause.
    pub(crate) fn announce(&mut self, spoken: Spoken) -> ClauseId {
        let id = ClauseId(u32::try_from(self.clauses.len()).unwrap_or(u32::MAX));
        self.clauses.push(Clause::new(spoken));
        id
    }

    /// There is more to the last clause.
    pub(crate) fn extend(&mut self, text: &str) {
        if let Some(last) = self.clauses.last_mut() {
            last.extend(text);
        }
    }

    /// Notes audio handed to the mouth. Returns the clauses that are whole because a later one
    /// has begun. Audio of an unknown clause belongs to the last one.
    pub(crate) fn add(
        &mut self,
        now: Millis,
        clause: ClauseId,
        length: Millis,
        words: &[WordEnd],
    ) -> Vec<ClauseId> {
        let Some(last) = self.clauses.len().checked_sub(1) else {
            return Vec::new();
        };
        let index = (clause.0 as usize).min(last);
        let finished = self.settle(index, Made::Whole);
        let earliest = match self.flow {
            Flow::PausedAt(cut) => cut,
            Flow::Runs => now,
        };
        let from = self.ends.or_later(earliest);
        self.begins.get_or_insert(from);
        self.ends = from + length;
        self.clauses[index].add(Stretch { from, length }, words);
        finished
    }

    /// No more audio will come. Returns the clauses that became whole.
    pub(crate) fn close_all(&mut self) -> Vec<ClauseId> {
        self.settle(self.clauses.len(), Made::Whole)
    }

    /// The voice broke: the clause being spoken stays cut. Returns it, for its mark.
    pub(crate) fn abandon(&mut self) -> Vec<ClauseId> {
        self.settle(self.clauses.len(), Made::Broken)
    }

    /// No more audio will come for the clauses before `index`. Returns those with audio of which
    /// that was not known.
    fn settle(&mut self, index: usize, made: Made) -> Vec<ClauseId> {
        (0u32..)
            .zip(&mut self.clauses[..index])
            .filter_map(|(id, clause)| clause.settle(made).then_some(ClauseId(id)))
            .collect()
    }

    /// The line reports a clause as played. Returns false when no such mark was set.
    pub(crate) fn acknowledge(&mut self, clause: ClauseId) -> bool {
        let index = clause.0 as usize;
        let known = self.clauses.get(index).is_some_and(Clause::has_mark);
        if known {
            for clause in &mut self.clauses[..=index] {
                clause.acknowledge();
            }
        }
        known
    }

    /// Whether everything that was handed over has been reported as played.
    pub(crate) fn all_acknowledged(&self) -> bool {
        self.clauses.iter().all(Clause::owes_no_mark)
    }

    /// When the first sound was played.
    pub(crate) fn begins(&self) -> Option<Millis> {
        self.begins
    }

    /// When the last audio handed over so far will have been played, if nothing is paused any
    /// longer.
    pub(crate) fn ends(&self) -> Millis {
        self.ends
    }

    /// How much of what was handed over so far is still to be played.
    pub(crate) fn remaining(&self, now: Millis) -> Millis {
        self.ends - self.played_until(now)
    }

    /// Whether the last clause is being played.
    pub(crate) fn is_in_last_clause(&self, now: Millis) -> bool {
        let until = self.played_until(now);
        self.clauses
            .last()
            .is_some_and(|clause| clause.heard(until) > Millis::ZERO)
    }

    /// How much audio was played by `now`. What is played twice counts once.
    pub(crate) fn heard(&self, now: Millis) -> Millis {
        let until = self.played_until(now);
        self.clauses
            .iter()
            .map(|clause| clause.heard(until))
            .fold(Millis::ZERO, |sum, heard| sum + heard)
    }

    /// What the model wrote of some clauses, as far as all of it was played by `now`: whole words
    /// only, never one whose end was not.
    pub(crate) fn heard_text(&self, clauses: Range<usize>, now: Millis) -> String {
        let until = self.played_until(now);
        let mut text = String::new();
        for clause in &self.clauses[clauses] {
            let heard = clause.heard_text(until);
            if !heard.is_empty() && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(heard);
        }
        text
    }

    /// Everything that was announced, heard or not, as the model wrote it.
    pub(crate) fn said_text(&self, clauses: Range<usize>) -> String {
        let texts: Vec<&str> = self.clauses[clauses].iter().map(Clause::source).collect();
        texts.join(" ")
    }

    /// Clauses announced so far.
    pub(crate) fn clauses(&self) -> usize {
        self.clauses.len()
    }

    /// How far the time line has been played by `now`.
    fn played_until(&self, now: Millis) -> Millis {
        match self.flow {
            Flow::PausedAt(cut) => now.or_earlier(cut),
            Flow::Runs => now,
        }
    }
}

/// Holding a reply while it is not clear what the caller wants.
impl Playout {
    /// What was handed over plays on until `now + ahead`; the rest waits. A second pause changes
    /// nothing.
    pub(crate) fn pause(&mut self, now: Millis, ahead: Millis) {
        if self.flow == Flow::Runs {
            self.flow = Flow::PausedAt(now + ahead);
        }
    }

    /// Goes on, from the end of the last whole word. Returns how much of what was played is played
    /// again for that: at most a second, and nothing when no word was cut.
    pub(crate) fn resume(&mut self, now: Millis) -> Millis {
        let Flow::PausedAt(cut) = std::mem::take(&mut self.flow) else {
            return Millis::ZERO;
        };
        if now <= cut {
            // What was on its way has not run out: nobody noticed.
            return Millis::ZERO;
        }
        let again = self
            .clauses
            .iter()
            .map(|clause| clause.cut_word(cut))
            .max()
            .unwrap_or_default()
            .or_earlier(LONGEST_AGAIN);
        let wait = now - cut + again;
        for clause in &mut self.clauses {
            clause.delay(cut, wait);
        }
        if self.ends > cut {
            self.ends += wait;
        }
        again
    }

    /// Whether it waits.
    pub(crate) fn is_paused(&self) -> bool {
        self.flow != Flow::Runs
    }
}

#[cfg(test)]
mod tests;
