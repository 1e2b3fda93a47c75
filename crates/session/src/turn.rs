use domain::{Language, Millis};

use crate::{
    Words,
    classify::{WaitClass, classify},
    rules::TurnRules,
    words::{self, normalised},
};

/// What the caller is saying: the words so far, and whether there is sound.
///
/// A turn opens with the first sound or word and is taken when the agent becomes audible.
#[derive(Debug, Default)]
pub(crate) struct CallerTurn {
    voice: Voice,
    /// How this turn began.
    onset: Option<Onset>,
    settled: String,
    interim: String,
    /// When the last new word came.
    words_at: Option<Millis>,
    /// The recogniser has nothing more to say about the sound so far.
    covered: bool,
    /// The recogniser heard the end of the utterance.
    utterance_over: bool,
    /// Interim words of the turn before: their settled form comes late and is not new.
    answered_interim: Option<String>,
    keys: String,
    /// Replies begun before this turn was surely over.
    speculations: u32,
}

/// Each costs a request: a turn that goes on and on is answered when it is over.
const MOST_SPECULATIONS: u32 = 3;

/// How a turn began. Words without a sound stand in for it: their times are all there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Onset {
    Sound(Millis),
    Words(Millis),
}

/// Whether the caller makes a sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Voice {
    Quiet { since: Millis },
    Speaking { since: Millis },
}

impl Default for Voice {
    fn default() -> Self {
        Self::Quiet {
            since: Millis::ZERO,
        }
    }
}

/// When a turn is over, as far as silence and words tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Due {
    pub(crate) class: WaitClass,
    /// When the caller will have been silent for long enough.
    pub(crate) at: Millis,
    /// Whether the words cover the sound, so that the turn may be taken at `at`.
    pub(crate) covered: bool,
}

impl CallerTurn {
    pub(crate) fn speech_started(&mut self, at: Millis) {
        self.voice = Voice::Speaking { since: at };
        if !matches!(self.onset, Some(Onset::Sound(_))) {
            self.onset = Some(Onset::Sound(at));
        }
        self.covered = false;
        self.utterance_over = false;
    }

    pub(crate) fn speech_stopped(&mut self, at: Millis) {
        self.voice = Voice::Quiet { since: at };
    }

    /// Takes words. Returns false if they are nothing new.
    pub(crate) fn hear(&mut self, now: Millis, words: &Words) -> bool {
        if self.is_echo_of_last_turn(words) {
            return false;
        }
        let before = normalised(&self.text());
        self.take(words);
        let quiet = matches!(self.voice, Voice::Quiet { .. });
        self.covered = if self.interim.is_empty() {
            self.covered || (quiet && words.settled)
        } else {
            false
        };
        self.utterance_over |= words.ends_utterance;
        let new = normalised(&self.text()) != before;
        if new {
            self.words_at = Some(now);
            let onset = *self.onset.get_or_insert(Onset::Words(now));
            if quiet && matches!(onset, Onset::Words(_)) {
                self.voice = Voice::Quiet { since: now };
            }
        }
        new
    }

    fn take(&mut self, words: &Words) {
        let text = words.text.trim();
        if words.settled {
            self.interim.clear();
            if !text.is_empty() {
                join(&mut self.settled, text);
            }
        } else {
            text.clone_into(&mut self.interim);
        }
    }

    /// Whether these words were answered already: the settled form of what was answered as
    /// interim, or the same interim once more.
    fn is_echo_of_last_turn(&mut self, words: &Words) -> bool {
        let text = normalised(&words.text);
        let echoes = !text.is_empty()
            && self
                .answered_interim
                .as_ref()
                .is_some_and(|answered| answered.ends_with(&text));
        if words.settled {
            self.answered_interim = None;
        }
        echoes
    }

    /// The recogniser says that the utterance is over. If our ear still hears something, that is
    /// not speech.
    pub(crate) fn utterance_over(&mut self, now: Millis) {
        self.utterance_over = true;
        self.covered = true;
        if let Voice::Speaking { .. } = self.voice {
            self.voice = Voice::Quiet {
                since: self.words_at.unwrap_or(now),
            };
        }
    }

    /// Words were waited for long enough: what is there has to do.
    pub(crate) fn give_up_waiting(&mut self) {
        self.covered = true;
    }

    /// Counts a reply begun ahead of time, if one more is allowed.
    pub(crate) fn may_speculate(&mut self) -> bool {
        let allowed = self.speculations < MOST_SPECULATIONS;
        self.speculations += u32::from(allowed);
        allowed
    }

    /// Nothing more is begun ahead of time in this turn.
    pub(crate) fn stop_speculating(&mut self) {
        self.speculations = MOST_SPECULATIONS;
    }

    pub(crate) fn press(&mut self, key: char) {
        const LONGEST: usize = 64;
        if self.keys.len() < LONGEST {
            self.keys.push(key);
        }
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// What the caller said so far, and typed.
    pub(crate) fn text(&self) -> String {
        let mut text = self.settled.clone();
        join(&mut text, &self.interim);
        if !self.keys.is_empty() {
            join(&mut text, &format!("keypad: {}", self.keys));
        }
        text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.interim.is_empty() && self.keys.is_empty()
    }

    pub(crate) fn is_speaking(&self) -> bool {
        matches!(self.voice, Voice::Speaking { .. })
    }

    /// How long the caller's sound lasts, or lasted.
    pub(crate) fn spoken_for(&self, now: Millis) -> Millis {
        if self.is_speaking() {
            self.speaking_for(now)
        } else {
            self.sounded_for()
        }
    }

    /// How long the sound has lasted, if there is one.
    pub(crate) fn speaking_for(&self, now: Millis) -> Millis {
        match self.voice {
            Voice::Speaking { since } => now - since,
            Voice::Quiet { .. } => Millis::ZERO,
        }
    }

    /// How long the caller's sound lasted, from its first to its last.
    pub(crate) fn sounded_for(&self) -> Millis {
        match (self.onset, self.voice) {
            (Some(Onset::Sound(from)), Voice::Quiet { since }) => since - from,
            (Some(Onset::Words(_)) | None, _) | (_, Voice::Speaking { .. }) => Millis::ZERO,
        }
    }

    /// Whether the text will not change any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.interim.is_empty()
    }

    /// Since when the caller is silent.
    pub(crate) fn quiet_since(&self) -> Option<Millis> {
        match self.voice {
            Voice::Quiet { since } => Some(since),
            Voice::Speaking { .. } => None,
        }
    }

    /// When the first sound or word came.
    pub(crate) fn onset(&self) -> Option<Millis> {
        self.onset.map(|(Onset::Sound(at) | Onset::Words(at))| at)
    }

    /// When the last new word came.
    pub(crate) fn words_at(&self) -> Option<Millis> {
        self.words_at
    }

    /// Whether the recogniser still owes words for the last sound.
    pub(crate) fn awaits_words(&self) -> bool {
        self.onset.is_some() && !self.covered
    }

    /// When the turn is over by our own rules. `None` while the caller speaks or said nothing.
    pub(crate) fn due(&self, rules: &TurnRules, language: &Language, asked: bool) -> Option<Due> {
        let since = self.quiet_since()?;
        if self.is_empty() {
            return None;
        }
        let lists = words::lists(language).filter(|_| rules.language_rules);
        let class = classify(&self.text(), lists, rules.expect, asked);
        Some(Due {
            class,
            at: since + class.wait(&rules.wait),
            covered: self.covered,
        })
    }

    /// Whether the recogniser alone says that the turn is over.
    pub(crate) fn is_over_for_provider(&self) -> bool {
        self.utterance_over && !self.is_empty()
    }

    /// The agent has answered: the next word opens a new turn. Sound that goes on belongs to it.
    pub(crate) fn close(&mut self) {
        let interim = normalised(&self.interim);
        let onset = match self.voice {
            Voice::Speaking { since } => Some(Onset::Sound(since)),
            Voice::Quiet { .. } => None,
        };
        *self = Self {
            voice: self.voice,
            onset,
            answered_interim: (!interim.is_empty()).then_some(interim),
            ..Self::default()
        };
    }
}

fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interim(text: &str) -> Words {
        Words {
            text: text.to_owned(),
            ..Words::default()
        }
    }

    fn settled(text: &str) -> Words {
        Words {
            settled: true,
            ..interim(text)
        }
    }

    #[test]
    fn settled_words_add_up_and_interim_words_replace() {
        let mut turn = CallerTurn::default();
        assert!(turn.hear(Millis(1), &interim("I wo")));
        assert!(turn.hear(Millis(2), &interim("I would")));
        assert!(turn.hear(Millis(3), &settled("I would like")));
        assert!(turn.hear(Millis(4), &interim("a table")));
        assert_eq!(turn.text(), "I would like a table");
        assert!(
            !turn.hear(Millis(5), &settled("a table.")),
            "only the full stop is new"
        );
        assert_eq!(turn.text(), "I would like a table.");
    }

    #[test]
    fn the_settled_form_of_an_answered_turn_opens_no_new_one() {
        let mut turn = CallerTurn::default();
        turn.hear(Millis(1), &settled("I would like"));
        turn.hear(Millis(2), &interim("a table"));
        turn.close();
        assert!(!turn.hear(Millis(3), &settled("A table.")));
        assert!(turn.is_empty());
        assert!(turn.hear(Millis(4), &settled("For two.")));
    }

    #[test]
    fn without_a_voice_the_words_are_the_clock() {
        let rules = crate::Rules::defaults(&Language::default()).turn;
        let mut turn = CallerTurn::default();
        turn.hear(Millis(9_000), &settled("Hello."));
        let due = turn
            .due(&rules, &Language::default(), false)
            .expect("something was said");
        assert_eq!(
            (due.at, due.covered),
            (Millis(9_000) + rules.wait.terminal, true)
        );
    }

    #[test]
    fn a_voice_that_goes_on_holds_the_turn_open() {
        let rules = crate::Rules::defaults(&Language::default()).turn;
        let mut turn = CallerTurn::default();
        turn.speech_started(Millis(100));
        turn.hear(Millis(900), &settled("Hello."));
        assert_eq!(turn.due(&rules, &Language::default(), false), None);
        turn.utterance_over(Millis(2_000));
        assert!(
            turn.due(&rules, &Language::default(), false)
                .is_some_and(|due| due.covered)
        );
    }
}
