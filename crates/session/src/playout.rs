use std::ops::Range;

use domain::Millis;

use crate::{ClauseId, WordEnd};

/// What of a reply was handed to the mouth, when it plays, and how much of it was heard.
///
/// The mouth plays at real-time speed from the moment it gets the first audio, so the time line is
/// arithmetic; marks that the line reports correct it.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    clauses: Vec<Clause>,
    begins: Option<Millis>,
    ends: Millis,
}

/// One clause: its text, and its audio as stretches on the call's clock.
#[derive(Debug)]
struct Clause {
    text: String,
    stretches: Vec<Stretch>,
    length: Millis,
    words: Vec<WordEnd>,
    made: Made,
    /// The line reported that it was played.
    acknowledged: bool,
}

/// How much of a clause's audio has come. Once no more will, the line is asked to report it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Made {
    Broken,
    Partly,
    Whole,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Millis,
    length: Millis,
}

impl Playout {
    /// Expects the audio of another clause.
    pub(crate) fn announce(&mut self, text: String) -> ClauseId {
        let id = ClauseId(u32::try_from(self.clauses.len()).unwrap_or(u32::MAX));
        self.clauses.push(Clause {
            text,
            stretches: Vec::new(),
            length: Millis::ZERO,
            words: Vec::new(),
            made: Made::Partly,
            acknowledged: false,
        });
        id
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
        let from = self.ends.or_later(now);
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
        let mut settled = Vec::new();
        for (id, clause) in (0u32..).zip(&mut self.clauses[..index]) {
            if clause.made == Made::Partly && !clause.stretches.is_empty() {
                clause.made = made;
                settled.push(ClauseId(id));
            }
        }
        settled
    }

    /// The line reports a clause as played. Returns false when no such mark was set.
    pub(crate) fn acknowledge(&mut self, clause: ClauseId) -> bool {
        let index = clause.0 as usize;
        let known = self
            .clauses
            .get(index)
            .is_some_and(|clause| clause.made != Made::Partly);
        if known {
            for clause in &mut self.clauses[..=index] {
                clause.acknowledged = true;
            }
        }
        known
    }

    /// Whether everything that was handed over has been reported as played.
    pub(crate) fn all_acknowledged(&self) -> bool {
        self.clauses
            .iter()
            .all(|clause| clause.acknowledged || clause.stretches.is_empty())
    }

    /// When the first sound was played.
    pub(crate) fn begins(&self) -> Option<Millis> {
        self.begins
    }

    /// When the last audio handed over so far will have been played.
    pub(crate) fn ends(&self) -> Millis {
        self.ends
    }

    /// How much audio was played by `now`.
    pub(crate) fn heard(&self, now: Millis) -> Millis {
        self.clauses
            .iter()
            .map(|clause| clause.heard(now))
            .fold(Millis::ZERO, |sum, heard| sum + heard)
    }

    /// The words of some clauses that were played by `now`: whole words only, never one whose end was not.
    pub(crate) fn heard_text(&self, clauses: Range<usize>, now: Millis) -> String {
        let mut text = String::new();
        for clause in &self.clauses[clauses] {
            let heard = clause.heard_text(now);
            if !heard.is_empty() && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(heard);
        }
        text
    }

    /// Everything that was announced, heard or not.
    pub(crate) fn said_text(&self, clauses: Range<usize>) -> String {
        let texts: Vec<&str> = self.clauses[clauses]
            .iter()
            .map(|clause| clause.text.as_str())
            .collect();
        texts.join(" ")
    }

    /// Clauses announced so far.
    pub(crate) fn clauses(&self) -> usize {
        self.clauses.len()
    }
}

impl Clause {
    fn add(&mut self, stretch: Stretch, words: &[WordEnd]) {
        self.words.extend_from_slice(words);
        self.length += stretch.length;
        match self.stretches.last_mut() {
            Some(last) if last.from + last.length == stretch.from => last.length += stretch.length,
            Some(_) | None => self.stretches.push(stretch),
        }
    }

    fn heard(&self, now: Millis) -> Millis {
        if self.acknowledged {
            return self.length;
        }
        self.stretches
            .iter()
            .map(|stretch| stretch.length.or_earlier(now - stretch.from))
            .fold(Millis::ZERO, |sum, heard| sum + heard)
    }

    fn heard_text(&self, now: Millis) -> &str {
        let heard = self.heard(now);
        if heard == Millis::ZERO {
            return "";
        }
        if self.made == Made::Whole && heard == self.length {
            return &self.text;
        }
        if self.words.is_empty() {
            self.heard_by_length(heard)
        } else {
            self.heard_by_words(heard)
        }
    }

    fn heard_by_words(&self, heard: Millis) -> &str {
        let chars = self
            .words
            .iter()
            .take_while(|word| word.at <= heard)
            .map(|word| word.chars)
            .max();
        self.whole_words(chars.unwrap_or(0))
    }

    /// Without word times the text is spread evenly over the audio. While audio is still coming,
    /// its final length is not known: a slow speaker's pace stands in, so that less is claimed.
    fn heard_by_length(&self, heard: Millis) -> &str {
        const SLOW_MS_PER_CHAR: u64 = 80;
        let chars = self.text.chars().count() as u64;
        let length = if self.made == Made::Whole {
            self.length.0
        } else {
            self.length.0.max(chars * SLOW_MS_PER_CHAR)
        };
        let spoken = chars * heard.0 / length.max(1);
        self.whole_words(usize::try_from(spoken).unwrap_or(usize::MAX))
    }

    /// The longest beginning of at most `chars` characters that ends with a word.
    fn whole_words(&self, chars: usize) -> &str {
        let end = self
            .text
            .char_indices()
            .nth(chars)
            .map_or(self.text.len(), |(at, _)| at);
        if self.text[end..]
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric())
        {
            return self.text[..end].trim_end();
        }
        let word_start = self.text[..end].rfind(char::is_whitespace).unwrap_or(0);
        self.text[..word_start].trim_end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_clause(text: &str, ms: u64) -> Playout {
        let mut playout = Playout::default();
        let clause = playout.announce(text.to_owned());
        playout.add(Millis(1_000), clause, Millis(ms), &[]);
        playout.close_all();
        playout
    }

    #[test]
    fn half_the_audio_is_half_the_words() {
        let playout = one_clause("one two three four", 1_800);
        assert_eq!(playout.heard_text(0..playout.clauses(), Millis(1_000)), "");
        assert_eq!(
            playout.heard_text(0..playout.clauses(), Millis(1_850)),
            "one two"
        );
        assert_eq!(
            playout.heard_text(0..playout.clauses(), Millis(2_799)),
            "one two three"
        );
        assert_eq!(
            playout.heard_text(0..playout.clauses(), Millis(2_800)),
            "one two three four"
        );
    }

    #[test]
    fn a_starved_line_does_not_count_as_heard() {
        let mut playout = Playout::default();
        let clause = playout.announce("one two".to_owned());
        playout.add(Millis(0), clause, Millis(300), &[]);
        playout.add(Millis(1_000), clause, Millis(300), &[]);
        assert_eq!(playout.heard(Millis(900)), Millis(300));
        assert_eq!(playout.heard(Millis(1_100)), Millis(400));
        assert_eq!(playout.ends(), Millis(1_300));
    }

    #[test]
    fn word_times_beat_proportion() {
        let mut playout = Playout::default();
        let clause = playout.announce("well then".to_owned());
        let words = [
            WordEnd {
                chars: 4,
                at: Millis(900),
            },
            WordEnd {
                chars: 9,
                at: Millis(1_000),
            },
        ];
        playout.add(Millis(0), clause, Millis(1_000), &words);
        playout.close_all();
        assert_eq!(playout.heard_text(0..playout.clauses(), Millis(899)), "");
        assert_eq!(
            playout.heard_text(0..playout.clauses(), Millis(950)),
            "well"
        );
    }

    #[test]
    fn a_mark_proves_that_a_clause_was_heard() {
        let mut playout = Playout::default();
        let first = playout.announce("First.".to_owned());
        let second = playout.announce("Second.".to_owned());
        playout.add(Millis(0), first, Millis(500), &[]);
        assert!(!playout.acknowledge(first), "not whole, so no mark was set");
        assert_eq!(playout.add(Millis(0), second, Millis(500), &[]), [first]);
        assert!(playout.acknowledge(first));
        assert_eq!(
            playout.heard_text(0..playout.clauses(), Millis(100)),
            "First."
        );
        assert!(!playout.all_acknowledged());
    }

    #[test]
    fn a_clause_that_broke_off_was_not_heard_whole() {
        let mut playout = Playout::default();
        let clause = playout.announce("one two three four five six".to_owned());
        playout.add(Millis(0), clause, Millis(1_000), &[]);
        assert_eq!(playout.abandon(), [clause]);
        assert!(playout.acknowledge(clause));
        assert_eq!(playout.heard_text(0..1, Millis(u64::MAX)), "one two");
    }

    proptest! {
        #[test]
        fn what_was_heard_is_a_beginning_of_what_was_said(
            pieces in prop::collection::vec((0u64..2_000, 0u32..4, 0u64..1_500), 0..20),
            now in 0u64..40_000,
        ) {
            let mut playout = Playout::default();
            for text in ["One two three.", "Four, five?", "Six seven eight nine.", "Ten."] {
                playout.announce(text.to_owned());
            }
            let mut at = Millis::ZERO;
            for (wait, clause, length) in pieces {
                at += Millis(wait);
                playout.add(at, ClauseId(clause), Millis(length), &[]);
            }
            let heard = playout.heard(Millis(now));
            prop_assert!(heard <= playout.heard(Millis(now + 1)));
            for clause in &playout.clauses {
                prop_assert!(clause.text.starts_with(clause.heard_text(Millis(now))));
            }
        }
    }
}
