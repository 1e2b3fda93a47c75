//! What a question asks for, by phrases.

use super::{asks, begins_with_phrase, contains_phrase, ends_with_phrase, normalised};
use crate::Expect;

/// How one language asks.
pub(crate) struct Questions {
    /// What the answer will be, by phrases of the question; the first that occurs counts.
    pub topics: &'static [(&'static str, Expect)],
    /// They ask for a thing although they begin like a yes/no question: "can I have".
    pub requests: &'static [&'static str],
    /// Beginnings of yes/no questions.
    pub yes_no: &'static [&'static str],
    /// Endings of yes/no questions: "is that right".
    pub tags: &'static [&'static str],
    /// Between the things that are offered.
    pub or: &'static [&'static str],
    /// "Or" that offers nothing: "or not".
    pub or_not: &'static [&'static str],
    /// They ask for a story.
    pub open: &'static [&'static str],
    /// Said before a question without being part of it: "and".
    pub openers: &'static [&'static str],
}

impl Questions {
    /// What the answer to a sentence of the agent's will be.
    pub(crate) fn expects(&self, sentence: &str) -> Expect {
        let said = normalised(sentence);
        let said = self.without_openers(&said);
        let requests = contains_any(said, self.requests);
        if !asks(sentence) && !requests {
            return Expect::Open;
        }
        let yes_no = self
            .yes_no
            .iter()
            .any(|begin| begins_with_phrase(said, begin));
        let topic = self
            .topics
            .iter()
            .find(|(phrase, _)| contains_phrase(said, phrase));
        match topic {
            Some((_, expected)) if requests || !yes_no => *expected,
            Some(_) | None if self.offers(said) => Expect::Choice,
            Some(_) | None if yes_no || self.has_tag(said) => Expect::YesNo,
            Some(_) | None => Expect::Open,
        }
    }

    /// Whether a sentence asks for a story, which has pauses.
    pub(crate) fn asks_openly(&self, sentence: &str) -> bool {
        contains_any(&normalised(sentence), self.open)
    }

    /// Whether a sentence asks for something, question mark or not.
    pub(crate) fn wants_an_answer(&self, sentence: &str) -> bool {
        self.asks_openly(sentence) || contains_any(&normalised(sentence), self.requests)
    }

    fn offers(&self, said: &str) -> bool {
        contains_any(said, self.or) && !contains_any(said, self.or_not)
    }

    fn has_tag(&self, said: &str) -> bool {
        self.tags.iter().any(|tag| ends_with_phrase(said, tag))
    }

    fn without_openers<'a>(&self, said: &'a str) -> &'a str {
        let mut rest = said;
        while let Some(next) = self.openers.iter().find_map(|opener| {
            rest.strip_prefix(opener)
                .and_then(|rest| rest.strip_prefix(' '))
        }) {
            rest = next;
        }
        rest
    }
}

fn contains_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| contains_phrase(text, phrase))
}
