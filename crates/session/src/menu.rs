//! Whether the other side is a menu of recorded sentences.

use std::collections::VecDeque;

use crate::words::{self, contains_phrase, machines};

/// Listens to turns for what only a menu does: it asks for keys, and repeats itself.
#[derive(Clone, Debug, Default)]
pub struct MenuEar {
    /// The last sentences, as their words in order of the alphabet.
    heard: VecDeque<Vec<String>>,
}

/// A menu is through with its sentences before so many of them.
const REMEMBERED: usize = 24;
/// People repeat short sentences.
const SHORTEST: usize = 4;
/// So many times in all.
const REPEATED: usize = 3;
/// Two sentences are the same from this overlap of their words on, in percent.
const SAME_PERCENT: usize = 85;

impl MenuEar {
    /// Takes a turn. Whether a menu said it.
    pub fn hear(&mut self, turn: &str) -> bool {
        let mut repeats = false;
        for sentence in turn.split_inclusive(['.', '!', '?']) {
            repeats |= self.has_heard(sentence);
        }
        repeats || Self::asks_for_keys(turn)
    }

    /// Whether these words ask for keys, whatever was said before.
    pub fn asks_for_keys(said: &str) -> bool {
        let said = &words::normalised(said);
        machines::MENUS
            .iter()
            .any(|phrase| contains_phrase(said, phrase))
            || words::tails(said).any(|tail| {
                let mut verbs = machines::PRESSING.iter();
                verbs.any(|verb| {
                    let rest = tail.strip_prefix(verb);
                    rest.and_then(|rest| rest.strip_prefix(' '))
                        .is_some_and(is_key)
                })
            })
    }

    fn has_heard(&mut self, sentence: &str) -> bool {
        let mut words: Vec<String> = words::words(sentence).collect();
        if words.len() < SHORTEST {
            return false;
        }
        words.sort();
        let before = self.heard.iter().filter(|old| same(old, &words)).count();
        if self.heard.len() == REMEMBERED {
            self.heard.pop_front();
        }
        self.heard.push_back(words);
        before + 1 >= REPEATED
    }
}

/// Whether two sentences have almost the same words. Both are sorted.
fn same(one: &[String], other: &[String]) -> bool {
    let mut rest = other;
    let common = one
        .iter()
        .filter(|word| {
            let at = rest.partition_point(|candidate| candidate < *word);
            let found = rest.get(at) == Some(*word);
            rest = &rest[at + usize::from(found)..];
            found
        })
        .count();
    common * 100 >= one.len().max(other.len()) * SAME_PERCENT
}

/// Whether a text begins with a key: "one", "1", "the hash key".
fn is_key(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    let digit = first.len() == 1 && first.bytes().all(|byte| byte.is_ascii_digit());
    digit
        || machines::KEYS
            .iter()
            .any(|key| words::begins_with_phrase(text, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_keys_is_a_menu() {
        for (turn, menu) in [
            ("For billing, press one. For sales, press 2.", true),
            ("To hear this in English say or press nine", true),
            ("Please press the pound key", true),
            ("Para ventas, pulse uno.", true),
            ("Para hablar con un agente marque el cero", true),
            ("Oprima 3 para soporte", true),
            (
                "Please listen carefully as our menu options have changed",
                true,
            ),
            ("Für Deutsch drücken Sie die eins", true),
            ("The press wrote about it", false),
            ("I pressed it twice", false),
            ("it was an impress one", false),
            ("me gusta esa marca", false),
            ("", false),
        ] {
            assert_eq!(MenuEar::default().hear(turn), menu, "{turn}");
        }
    }

    #[test]
    fn whoever_says_the_same_three_times_is_a_menu() {
        let mut ear = MenuEar::default();
        assert!(!ear.hear("All our lines are busy at the moment. Please hold."));
        assert!(!ear.hear("All of our lines are busy at the moment. Thank you."));
        assert!(!ear.hear("Your call is important to us."));
        assert!(ear.hear("All our lines are busy at the moment."));
    }

    #[test]
    fn short_and_different_sentences_are_no_repetition() {
        let mut ear = MenuEar::default();
        for turn in [
            "Yes please.",
            "Yes please.",
            "Yes please.",
            "I would like the table on Monday",
            "I would like the table on Tuesday then",
            "No, I would like a room and not the table",
        ] {
            assert!(!ear.hear(turn), "{turn}");
        }
    }

    #[test]
    fn what_was_said_long_ago_is_forgotten() {
        let mut ear = MenuEar::default();
        for _ in 0..2 {
            assert!(!ear.hear("all our lines are busy"));
        }
        for number in 0..REMEMBERED {
            assert!(!ear.hear(&format!("a{number} b{number} c{number} d{number}")));
        }
        assert!(!ear.hear("all our lines are busy"));
    }
}
