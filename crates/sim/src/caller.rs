//! Simulated callers: a script of steps, recorded phrases, and what each turn was like for them.

mod measures;
mod run;
mod script;

pub(crate) use measures::Measures;
pub use measures::{Kind, Turn};
pub(crate) use run::{Deed, Doing, Run};
pub use script::{BadScript, Script, Step};

use std::collections::BTreeMap;

/// What a caller can say: a name, the words, the sound.
#[derive(Clone, Debug, Default)]
pub struct Phrasebook(BTreeMap<String, Phrase>);

/// A phrase of a simulated caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phrase {
    /// The words.
    pub text: String,
    /// Their sound: mu-law, 8 kHz.
    pub ulaw: Vec<u8>,
}

impl Phrasebook {
    /// The recordings that come with the program.
    #[must_use]
    pub fn recorded() -> Self {
        let phrases = providers::offline::fixtures::caller_phrases();
        phrases
            .iter()
            .map(|phrase| {
                let (text, ulaw) = (phrase.text.clone(), phrase.ulaw.to_vec());
                (phrase.key.clone(), Phrase { text, ulaw })
            })
            .collect()
    }

    /// The phrase of this name.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Phrase> {
        self.0.get(key)
    }

    /// The names of all phrases.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, Phrase)> for Phrasebook {
    fn from_iter<I: IntoIterator<Item = (String, Phrase)>>(phrases: I) -> Self {
        Self(phrases.into_iter().collect())
    }
}
