//! Words of ours that come back from the database as the constants they were.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// `word` as a constant.
pub(super) fn lasting(word: &str) -> &'static str {
    static SEEN: Words = Words::new();
    SEEN.lasting(word)
}

/// Words whose memory is never given back. There are few: beyond a bound, which only a database
/// full of foreign words can reach, all read as `unknown`.
struct Words(Mutex<BTreeSet<&'static str>>);

impl Words {
    /// Far more than there are names of turn ends, in all versions together.
    const MOST: usize = 256;

    const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    fn lasting(&self, word: &str) -> &'static str {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get(word) {
            return known;
        }
        if seen.len() >= Self::MOST {
            return "unknown";
        }
        let lasting = Box::leak(Box::<str>::from(word));
        seen.insert(lasting);
        lasting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_take_a_bounded_memory() {
        let words = Words::new();
        assert!(std::ptr::eq(words.lasting("pause"), words.lasting("pause")));
        for number in 0..1000 {
            words.lasting(&format!("word {number}"));
        }
        assert_eq!(words.lasting("word 999"), "unknown");
        assert_eq!(words.lasting("pause"), "pause");
    }
}
