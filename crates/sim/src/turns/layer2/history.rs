//! Whether the words that are stored as heard are those that were played. Pure.

use domain::TurnRecord;
use serde::Serialize;

use super::played::{Stretch, ms_of};
use crate::turns::text::{bare_words, words_in};

/// The server's clock and the line's are apart by less, and its ear is so late.
pub(super) const CLOCKS_APART_MS: u64 = 500;

/// One reply: words stored as heard beside words played to their end.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HistoryError {
    /// Which turn of the record.
    pub turn: u32,
    /// Words that are stored.
    pub stored: usize,
    /// Words that were played.
    pub played: usize,
    /// The caller cut in.
    pub interrupted: bool,
}

impl HistoryError {
    /// How far the record is off.
    #[must_use]
    pub const fn words_off(&self) -> usize {
        self.stored.abs_diff(self.played)
    }

    /// Whether the record claims that more was heard than was played.
    #[must_use]
    pub const fn over_claims(&self) -> bool {
        self.stored > self.played
    }
}

/// Compares every reply of which something was generated. Replies whose words were spoken in
/// another form, such as numbers, are left out: their words cannot be counted against each other.
pub(super) fn errors(stretches: &[Stretch], stored: &[TurnRecord]) -> Vec<HistoryError> {
    let owners = owners(stretches, stored);
    let error = |record: &TurnRecord| {
        let said = bare_words(&record.said);
        let owned =
            |owner: &Option<&TurnRecord>| owner.is_some_and(|it| it.number == record.number);
        let of_reply = stretches.iter().zip(&owners);
        let own: Vec<&Stretch> = of_reply
            .filter(|(_, owner)| owned(owner))
            .map(|(stretch, _)| stretch)
            .collect();
        let literal = own
            .iter()
            .all(|stretch| words_in(&said, &bare_words(&stretch.piece.text)));
        let told = literal && !said.is_empty() && !(own.is_empty() && record.heard.is_empty());
        told.then(|| HistoryError {
            turn: record.number,
            stored: bare_words(&record.heard).len(),
            played: own.iter().map(|stretch| stretch.words()).sum(),
            interrupted: record.interrupted,
        })
    };
    stored.iter().filter_map(error).collect()
}

/// The reply that each stretch belongs to. None: it was said and is not stored.
pub(super) fn owners<'s>(
    stretches: &[Stretch],
    stored: &'s [TurnRecord],
) -> Vec<Option<&'s TurnRecord>> {
    let mut rest: Vec<Reply<'s>> = stored.iter().map(Reply::of).collect();
    let mut owners = Vec::new();
    for stretch in stretches {
        let at_ms = ms_of(stretch.from);
        let own = bare_words(&stretch.piece.text);
        let owner = rest.iter().position(|reply| reply.has(&own, at_ms));
        // Replies follow one another: what comes later belongs to none that is over.
        rest.drain(..owner.unwrap_or(0));
        owners.push(
            owner
                .and_then(|_| rest.first_mut())
                .map(|reply| reply.take(&own)),
        );
    }
    owners
}

/// A stored reply, and how much of it has been found.
struct Reply<'s> {
    record: &'s TurnRecord,
    said: Vec<String>,
    found: usize,
}

impl<'s> Reply<'s> {
    fn of(record: &'s TurnRecord) -> Self {
        Self {
            record,
            said: bare_words(&record.said),
            found: 0,
        }
    }

    /// Whether most of these words are in it, there is room for them, and it had begun by then.
    fn has(&self, own: &[String], at_ms: u64) -> bool {
        let begun = at_ms + CLOCKS_APART_MS >= self.record.at.0;
        let known = own.iter().filter(|word| self.said.contains(word)).count();
        begun && known * 2 > own.len() && self.found + own.len().div_ceil(2) <= self.said.len()
    }

    fn take(&mut self, own: &[String]) -> &'s TurnRecord {
        self.found += own.len();
        self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::layer2::cast::Piece;

    fn stretch(text: &str, share: f64) -> Stretch {
        let length = text.len() * 500;
        Stretch {
            clip: 0x800,
            piece: Piece {
                text: text.to_owned(),
                ulaw: vec![0; length].into(),
                request: 1,
            },
            from: 0,
            to: 1,
            until: (length as f64 * share) as usize,
        }
    }

    fn record(number: u32, said: &str, heard: &str) -> TurnRecord {
        TurnRecord {
            number,
            said: said.to_owned(),
            heard: heard.to_owned(),
            ..TurnRecord::default()
        }
    }

    #[test]
    fn stored_words_are_held_against_played_ones() {
        let played = [
            stretch("Hello, City Library.", 1.0),
            stretch("You can borrow ten books.", 0.5),
            stretch("We close at six.", 1.0),
        ];
        let stored = [
            record(0, "Hello, City Library.", "Hello, City Library."),
            record(
                1,
                "You can borrow ten books. Each for a month.",
                "You can borrow ten",
            ),
            record(2, "We close at six.", "We close"),
        ];
        let errors = errors(&played, &stored);
        let off: Vec<_> = errors.iter().map(|it| (it.stored, it.played)).collect();
        assert_eq!(off, [(3, 3), (4, 2), (2, 4)]);
        assert!(errors[1].over_claims() && !errors[2].over_claims());
    }

    #[test]
    fn a_reply_spoken_in_another_form_is_left_out() {
        let played = [stretch("It costs twelve dollars in all.", 1.0)];
        let stored = [record(1, "It costs $12 in all.", "It costs $12 in all.")];
        assert_eq!(errors(&played, &stored), []);
    }

    #[test]
    fn words_that_are_not_stored_belong_to_no_reply() {
        let played = [
            stretch("Hello, City Library.", 1.0),
            stretch("Are you still there?", 1.0),
            stretch("We close at six.", 1.0),
        ];
        let stored = [
            record(0, "Hello, City Library.", "Hello, City Library."),
            record(1, "We close at six.", "We close at six."),
        ];
        let owners = owners(&played, &stored);
        let numbers: Vec<_> = owners.iter().map(|it| it.map(|it| it.number)).collect();
        assert_eq!(numbers, [Some(0), None, Some(1)]);
    }
}
