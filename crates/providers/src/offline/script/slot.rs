use std::ops::Range;

use super::Phrases;
use crate::offline::words::find;

/// Words that end a name: "this is Anna and I would like".
const NOT_A_NAME: [&str; 14] = [
    "a", "and", "at", "calling", "for", "i", "just", "not", "on", "please", "thanks", "the", "we",
    "would",
];

/// One value of a task.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) ask: String,
    pub(super) optional: bool,
    pub(super) before: Phrases,
    pub(super) after: Phrases,
    pub(super) expects: Expects,
}

/// What fits into a slot.
#[derive(Clone, Debug)]
pub(super) enum Expects {
    /// Any words.
    Name {
        /// How many.
        at_most: usize,
    },
    /// A known value.
    OneOf(Vec<Value>),
}

#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) say: String,
    pub(super) means: String,
    pub(super) heard: Phrases,
}

/// A value as the caller gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Given {
    /// For the caller's ears.
    pub(super) say: String,
    /// For the tool.
    pub(super) means: String,
}

/// What was said, with the words that a slot has already taken.
pub(super) struct Utterance<'a> {
    words: &'a [String],
    taken: Vec<bool>,
}

impl<'a> Utterance<'a> {
    pub(super) fn new(words: &'a [String]) -> Self {
        Self {
            words,
            taken: vec![false; words.len()],
        }
    }

    fn follows(&self, at: usize, cues: &Phrases) -> bool {
        cues.0.iter().any(|cue| self.words[at..].starts_with(cue))
    }

    fn precedes(&self, at: usize, cues: &Phrases) -> bool {
        cues.0.iter().any(|cue| self.words[..at].ends_with(cue))
    }

    /// Whether `phrase` stands at `at` in words that are still free.
    fn is_at(&self, at: usize, phrase: &[String]) -> bool {
        self.words[at..].starts_with(phrase)
            && self.taken[at..at + phrase.len()].iter().all(|taken| !taken)
    }
}

impl Slot {
    /// Takes this slot's value out of what was said; of several the last, which corrects the others.
    pub(super) fn take(&self, said: &mut Utterance, asked: bool, others: &[Slot]) -> Option<Given> {
        match &self.expects {
            Expects::Name { at_most } => self.take_name(said, *at_most),
            Expects::OneOf(values) => self.take_value(said, values, asked, others),
        }
    }

    fn take_value(
        &self,
        said: &mut Utterance,
        values: &[Value],
        asked: bool,
        others: &[Slot],
    ) -> Option<Given> {
        let mut given = None;
        let mut at = 0;
        while at < said.words.len() {
            let found = values
                .iter()
                .flat_map(|value| {
                    value
                        .heard
                        .0
                        .iter()
                        .map(move |phrase| (phrase.len(), phrase, value))
                })
                .filter(|(_, phrase, _)| said.is_at(at, phrase))
                .max_by_key(|(count, _, _)| *count);
            let Some((count, _, value)) = found else {
                at += 1;
                continue;
            };
            if self.claims(said, at..at + count, asked, others) {
                said.taken[at..at + count].fill(true);
                given = Some(value.given());
            }
            at += count;
        }
        given
    }

    /// Whether the value at `place` is this slot's and not another's.
    fn claims(&self, said: &Utterance, place: Range<usize>, asked: bool, others: &[Slot]) -> bool {
        let rivals = || {
            others.iter().filter(|other| {
                other.name != self.name && matches!(other.expects, Expects::OneOf(_))
            })
        };
        if said.follows(place.end, &self.after) {
            return true;
        }
        if rivals().any(|other| said.follows(place.end, &other.after)) {
            return false;
        }
        let needs_no_cue = self.before.0.is_empty() && self.after.0.is_empty();
        if needs_no_cue || said.precedes(place.start, &self.before) {
            return true;
        }
        (asked || place.len() > 1)
            && !rivals().any(|other| said.precedes(place.start, &other.before))
    }

    fn take_name(&self, said: &mut Utterance, at_most: usize) -> Option<Given> {
        let cues = self.before.0.iter();
        let begin = cues
            .filter_map(|cue| Some(find(said.words, cue)? + cue.len()))
            .max()?;
        let free = |at: &usize| !said.taken[*at] && !NOT_A_NAME.contains(&said.words[*at].as_str());
        let places: Vec<usize> = (begin..said.words.len())
            .take(at_most)
            .take_while(free)
            .collect();
        let name: Vec<String> = places
            .iter()
            .map(|at| capitalised(&said.words[*at]))
            .collect();
        for at in places {
            said.taken[at] = true;
        }
        (!name.is_empty()).then(|| Given::as_said(&name.join(" ")))
    }

    /// A short answer to this slot's own question, if it may be any words.
    pub(super) fn bare_name(&self, words: &[String]) -> Option<Given> {
        let Expects::Name { at_most } = &self.expects else {
            return None;
        };
        let plausible = words
            .iter()
            .all(|word| !NOT_A_NAME.contains(&word.as_str()));
        (plausible && (1..=*at_most).contains(&words.len())).then(|| {
            let name: Vec<String> = words.iter().map(|word| capitalised(word)).collect();
            Given::as_said(&name.join(" "))
        })
    }

    /// The values that it knows: none if it takes any words.
    pub(super) fn values(&self) -> &[Value] {
        match &self.expects {
            Expects::Name { .. } => &[],
            Expects::OneOf(values) => values,
        }
    }

    /// What callers may say to fill it: the values alone and beside each cue.
    pub(super) fn phrases(&self) -> Vec<String> {
        let mut all = Vec::new();
        for value in self.values().iter().flat_map(|value| value.heard.texts()) {
            all.extend(self.before.texts().map(|cue| format!("{cue} {value}")));
            all.extend(self.after.texts().map(|cue| format!("{value} {cue}")));
            all.push(value);
        }
        all
    }
}

impl Value {
    fn given(&self) -> Given {
        Given {
            say: self.say.clone(),
            means: self.means.clone(),
        }
    }
}

impl Given {
    fn as_said(text: &str) -> Self {
        Self {
            say: text.to_owned(),
            means: text.to_owned(),
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}
