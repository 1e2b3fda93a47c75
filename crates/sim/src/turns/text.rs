//! Words of two texts, side by side. Pure.

use super::scenario::Outcome;
use domain::OverlapOutcome;

/// By how many words two texts differ: those to be added, taken away or exchanged.
pub(crate) fn words_apart(one: &[String], other: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, word) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (place, against) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(word != against);
            diagonal = row[place + 1];
            row[place + 1] = exchanged.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Whether less than half of what was said was understood, in whatever order.
pub(crate) fn is_lost(said: &str, understood: &str) -> bool {
    let said = bare_words(said);
    let mut understood = bare_words(understood);
    let mut known = 0;
    for word in &said {
        if let Some(at) = understood.iter().position(|heard| heard == word) {
            understood.swap_remove(at);
            known += 1;
        }
    }
    2 * known < said.len()
}

/// Whether these words follow one another in a text.
pub(crate) fn words_in(text: &[String], part: &[String]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Lower-case words without marks.
pub(crate) fn bare_words(text: &str) -> Vec<String> {
    let text = text.replace(['’', '\''], "").replace('-', " ");
    let bare = without_punctuation(&text.to_lowercase());
    bare.split_whitespace().map(str::to_owned).collect()
}

/// Marks between words are taken away; those inside, as in `o'clock` or `a@b.c`, stay.
pub(crate) fn without_punctuation(text: &str) -> String {
    let marks: &[char] = &['.', ',', '?', '!', ';', ':', '¿', '¡', '…'];
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(marks))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

impl Outcome {
    /// The name that records have for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Backchannel => OverlapOutcome::Backchannel,
            Self::CutIn => OverlapOutcome::CutIn,
            Self::NextTurn => OverlapOutcome::NextTurn,
            Self::Noise => OverlapOutcome::Noise,
            Self::Yielded => OverlapOutcome::Yielded,
        }
        .as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_words_are_enough() {
        assert!(!is_lost("I'd like two tickets", "two tickets, please"));
        assert!(is_lost("I'd like two tickets", "tickets, please"));
        assert!(is_lost("No, no, no, no.", "no"), "each word counts once");
        assert!(is_lost("Stop.", ""));
    }

    #[test]
    fn words_are_compared_without_marks_and_case() {
        let apart = |one, other| words_apart(&bare_words(one), &bare_words(other));
        assert_eq!(apart("Uh-huh, I don't.", "uh huh I dont"), 0);
        assert_eq!(apart("a table for four", "A table, for four!"), 0);
        assert_eq!(apart("a table for four", "table for five"), 2);
        assert_eq!(apart("", "three more words"), 3);
    }
}
