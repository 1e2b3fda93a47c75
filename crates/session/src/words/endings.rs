//! Which words cannot end what a person wants to say, and which endings are finished all the same.

use super::ends_with_phrase;

/// The endings of one language, as data: [`Endings::is_unfinished`] only looks things up.
pub(crate) struct Endings {
    /// Words, and phrases, after which more must come.
    pub cannot_end: &'static [&'static [&'static str]],
    /// What pauses are filled with: at the end, the speaker is still thinking.
    pub fillers: &'static [&'static str],
    /// Endings that are finished although their last word is listed above.
    pub may_end: &'static [MayEnd],
    /// Words that ask for a thing: a verb or preposition at the end may belong to them.
    pub question_words: &'static [&'static str],
    /// Words that open a short answer: "yes it is" is finished, "the price is" is not.
    pub answers: &'static [&'static str],
}

/// An ending that is finished although its last word is one that cannot end.
pub(crate) struct MayEnd {
    /// It ends with one of these.
    pub last: &'static [&'static str],
    /// And this holds of the words before.
    pub when: When,
}

/// What makes an ending a finished one.
pub(crate) enum When {
    /// The words before it end with one of these.
    After(&'static [&'static str]),
    /// There are no words before it.
    Alone,
    /// It stands after one of these, and a question word is among the words before: "what do you
    /// have", "I know where you are".
    AskedAfter(&'static [&'static str]),
    /// A question word is among the words before, with others between: "what is it for".
    Asked,
    /// The whole is short and begins like an answer: "yes I'd like to".
    Answer,
    /// So does it, and the ending stands after one of these: "yes it is".
    AnswerAfter(&'static [&'static str]),
}

/// A question word further back than this belongs to another clause.
const CLAUSE: usize = 9;
/// Longest answer that is all answer: "no I do not think we do".
const ANSWER: usize = 6;

impl Endings {
    /// Whether the last words are a filler. Takes a normalised text, as all of these do.
    pub(crate) fn trails_off(&self, said: &str) -> bool {
        ends_with_any(said, self.fillers) && !self.is_exempt(said)
    }

    /// Whether more must come after the last word.
    pub(crate) fn is_unfinished(&self, said: &str) -> bool {
        self.cannot_end
            .iter()
            .any(|group| ends_with_any(said, group))
            && !self.is_exempt(said)
    }

    fn is_exempt(&self, said: &str) -> bool {
        self.may_end.iter().any(|rule| {
            rule.last.iter().any(|last| {
                ends_with_phrase(said, last)
                    && self.holds(&rule.when, said[..said.len() - last.len()].trim_end(), said)
            })
        })
    }

    fn holds(&self, when: &When, before: &str, said: &str) -> bool {
        match when {
            When::After(these) => ends_with_any(before, these),
            When::Alone => before.is_empty(),
            When::AskedAfter(these) => ends_with_any(before, these) && self.asks(before),
            When::Asked => self.asks(before),
            When::Answer => self.answers(said),
            When::AnswerAfter(these) => ends_with_any(before, these) && self.answers(said),
        }
    }

    fn answers(&self, said: &str) -> bool {
        let first = said.split(' ').next().unwrap_or_default();
        said.split(' ').count() <= ANSWER && self.answers.contains(&first)
    }

    /// Whether a question word opens the clause: not the very last word before, for "what is" is
    /// only the beginning of a question.
    fn asks(&self, before: &str) -> bool {
        before
            .rsplit(' ')
            .take(CLAUSE)
            .skip(1)
            .any(|word| self.question_words.contains(&word))
    }
}

fn ends_with_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| ends_with_phrase(text, phrase))
}
