//! Whether the words that are stored as heard are those that were played. Pure.

use domain::TurnRecord;
use serde::Serialize;

use super::played::Stretch;

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
    let mut rest = stretches;
    let mut errors = Vec::new();
    for record in stored.iter().filter(|record| !record.said.is_empty()) {
        let said = words(&record.said);
        let (own, after) = rest.split_at(own_count(rest, &said));
        rest = after;
        let literal = own
            .iter()
            .all(|stretch| words_in(&said, &words(&stretch.piece.text)));
        if literal && !(own.is_empty() && record.heard.is_empty()) {
            errors.push(HistoryError {
                turn: record.number,
                stored: words(&record.heard).len(),
                played: own.iter().map(Stretch::words).sum(),
                interrupted: record.interrupted,
            });
        }
    }
    errors
}

/// How many of the next stretches belong to a reply: as long as most of their words are in it, and
/// there are not more of them than it has.
fn own_count(stretches: &[Stretch], said: &[String]) -> usize {
    let mut used = 0;
    let belongs = |stretch: &&Stretch| {
        let own = words(&stretch.piece.text);
        let known = own.iter().filter(|word| said.contains(word)).count();
        used += own.len();
        known * 2 > own.len() && used <= said.len() + own.len() / 2
    };
    stretches.iter().take_while(belongs).count()
}

/// Whether these words follow one another in a text.
fn words_in(text: &[String], part: &[String]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Words without case and punctuation.
pub(super) fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| -> String {
        let kept = word.chars().filter(|c| c.is_alphanumeric() || *c == '\'');
        kept.flat_map(char::to_lowercase).collect()
    };
    let words = text.split_whitespace().map(bare);
    words.filter(|word| !word.is_empty()).collect()
}

/// By how many words two texts differ: insertions, deletions and changes.
pub(super) fn words_apart(one: &[String], other: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, word) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (place, against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(word != against);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::layer2::cast::Piece;

    fn stretch(text: &str, share: f64) -> Stretch {
        let length = text.len() * 500;
        Stretch {
            piece: Piece {
                text: text.to_owned(),
                ulaw: vec![0; length].into(),
            },
            from: 0,
            to: 1,
            until: (length as f64 * share) as usize,
            opens: true,
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
    fn texts_are_apart_by_words() {
        let apart = |one, other| words_apart(&words(one), &words(other));
        assert_eq!(apart("a table for four", "A table, for four!"), 0);
        assert_eq!(apart("a table for four", "table for five"), 2);
        assert_eq!(apart("", "three more words"), 3);
    }
}
