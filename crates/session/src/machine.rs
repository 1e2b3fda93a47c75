//! Who answered an outbound call: a person, who waits for an answer, or a machine, which waits for
//! a beep.

use domain::Millis;

use crate::{
    AmdRules,
    words::{self, contains_phrase, machines},
};

/// Finds out from the first sounds who picked up. The greeting is held back until it knows.
#[derive(Clone, Debug)]
pub struct Pickup {
    rules: AmdRules,
    stage: Stage,
    voice: Voice,
    /// When the first speech began.
    began: Option<Millis>,
    settled: String,
    interim: String,
}

/// What was heard of whoever picked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PickupInput {
    /// A steady tone ended.
    Beep {
        /// Just after its last sample.
        until: Millis,
    },
    /// The model's answer to [`PickedUpBy::AskModel`].
    ModelSays(Who),
    /// Somebody or something began to speak.
    SpeechStarted {
        /// When the first sound was made.
        at: Millis,
    },
    /// It is quiet.
    SpeechStopped {
        /// When the last sound ended.
        at: Millis,
    },
    /// Only time has passed.
    Tick,
    /// What the recogniser understood.
    Words {
        /// The text. A later one replaces it unless it is settled.
        text: String,
        /// It will not change any more.
        settled: bool,
    },
}

/// One of the two who can pick up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// A machine or a mailbox.
    Machine,
    /// A person.
    Person,
}

/// What is known of who picked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PickedUpBy {
    /// The rules cannot tell: a model should, from this transcript. More will follow.
    AskModel(String),
    /// A person, who waits for an answer: the last word.
    Human,
    /// A machine. `MessageNow` will follow.
    Machine,
    /// The machine records from here on: the last word.
    MessageNow,
    /// Nobody can tell, or nobody spoke: the last word.
    Uncertain,
}

/// What is known so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// The model was asked.
    Asked,
    Listening,
    /// A machine; its beep was heard, and the message is due.
    Recording {
        from: Millis,
    },
    Over,
    /// A machine that still talks.
    Talking,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Voice {
    Quiet { since: Millis },
    Speaking,
}

/// A machine whose beep is not heard records all the same: after this silence it must have begun.
const BEEP_PATIENCE: Millis = Millis(4_000);

impl Pickup {
    /// The call was answered.
    #[must_use]
    pub fn new(rules: AmdRules) -> Self {
        Self {
            rules,
            stage: Stage::Listening,
            voice: Voice::Quiet {
                since: Millis::ZERO,
            },
            began: None,
            settled: String::new(),
            interim: String::new(),
        }
    }

    /// Takes what was heard, and tells what is known since. Times count from the answer.
    #[must_use = "a verdict is given once"]
    pub fn handle(&mut self, now: Millis, input: PickupInput) -> Option<PickedUpBy> {
        match input {
            PickupInput::Beep { until } => return self.beep(until),
            PickupInput::ModelSays(who) => return self.told(now, who),
            PickupInput::SpeechStarted { at } => self.speech_started(at),
            PickupInput::SpeechStopped { at } => self.voice = Voice::Quiet { since: at },
            PickupInput::Tick => {}
            PickupInput::Words { text, settled } => self.hear(&text, settled),
        }
        self.decide(now)
    }

    /// When to call `handle` with `Tick` if nothing else happens.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        match self.stage {
            Stage::Over => None,
            Stage::Recording { from } => Some(from),
            Stage::Talking => self.gives_up_on_beep(),
            Stage::Asked => Some(self.rules.total),
            Stage::Listening => Some(self.listens_until()),
        }
    }

    fn listens_until(&self) -> Millis {
        let Some(quiet) = self.greeted() else {
            return if self.began.is_some() {
                self.rules.total
            } else {
                self.rules.nobody.or_earlier(self.rules.total)
            };
        };
        let judged = self.rules.total.or_earlier(quiet + self.silence(quiet));
        // A long greeting without words: they may still come.
        if self.is_short(quiet) || !self.text().is_empty() {
            judged
        } else {
            self.rules.total
        }
    }

    fn speech_started(&mut self, at: Millis) {
        self.voice = Voice::Speaking;
        self.began = self.began.or(Some(at));
        // Speech after a beep: it was not the one that ends the greeting.
        if let Stage::Recording { .. } = self.stage {
            self.stage = Stage::Talking;
        }
    }

    fn hear(&mut self, text: &str, settled: bool) {
        self.interim.clear();
        if settled {
            self.settled.push(' ');
            self.settled.push_str(text.trim());
        } else {
            text.trim().clone_into(&mut self.interim);
        }
    }

    fn text(&self) -> String {
        format!("{} {}", self.settled.trim(), self.interim)
            .trim()
            .to_owned()
    }

    /// A tone belongs to a machine; it records shortly after.
    fn beep(&mut self, until: Millis) -> Option<PickedUpBy> {
        let from = until + self.rules.after_beep;
        match self.stage {
            Stage::Over => None,
            Stage::Recording { .. } | Stage::Talking => {
                self.stage = Stage::Recording { from };
                None
            }
            Stage::Asked | Stage::Listening => {
                self.stage = Stage::Recording { from };
                Some(PickedUpBy::Machine)
            }
        }
    }

    fn told(&mut self, now: Millis, who: Who) -> Option<PickedUpBy> {
        match (self.stage, who) {
            (Stage::Asked, Who::Person) => Some(self.end(PickedUpBy::Human)),
            (Stage::Asked, Who::Machine) => Some(self.machine()),
            (Stage::Listening | Stage::Recording { .. } | Stage::Over | Stage::Talking, _) => {
                self.decide(now)
            }
        }
    }

    fn decide(&mut self, now: Millis) -> Option<PickedUpBy> {
        match self.stage {
            Stage::Over => None,
            Stage::Recording { from } => (now >= from).then(|| self.end(PickedUpBy::MessageNow)),
            Stage::Talking => self
                .gives_up_on_beep()
                .is_some_and(|at| now >= at)
                .then(|| self.end(PickedUpBy::MessageNow)),
            Stage::Asked | Stage::Listening if self.speaks_like_a_machine() => Some(self.machine()),
            Stage::Asked => (now >= self.rules.total).then(|| self.end(PickedUpBy::Uncertain)),
            Stage::Listening => self.listen(now),
        }
    }

    fn listen(&mut self, now: Millis) -> Option<PickedUpBy> {
        if let Some(quiet) = self.greeted()
            && now >= quiet + self.silence(quiet)
        {
            if self.is_short(quiet) || self.waits_for_an_answer() {
                return Some(self.end(PickedUpBy::Human));
            }
            let text = self.text();
            if !text.is_empty() {
                self.stage = Stage::Asked;
                return Some(PickedUpBy::AskModel(text));
            }
        }
        let nobody = self.began.is_none() && now >= self.rules.nobody;
        (nobody || now >= self.rules.total).then(|| self.end(PickedUpBy::Uncertain))
    }

    fn machine(&mut self) -> PickedUpBy {
        self.stage = Stage::Talking;
        PickedUpBy::Machine
    }

    fn end(&mut self, verdict: PickedUpBy) -> PickedUpBy {
        self.stage = Stage::Over;
        verdict
    }

    /// Since when it is quiet after a greeting.
    fn greeted(&self) -> Option<Millis> {
        match self.voice {
            Voice::Quiet { since } if self.began.is_some() => Some(since),
            Voice::Quiet { .. } | Voice::Speaking => None,
        }
    }

    /// People say little when they pick up. `quiet`: when they stopped.
    fn is_short(&self, quiet: Millis) -> bool {
        self.began
            .is_some_and(|began| quiet - began <= self.rules.greeting)
    }

    fn silence(&self, quiet: Millis) -> Millis {
        if self.is_short(quiet) {
            self.rules.greeting_silence
        } else {
            self.rules.silence
        }
    }

    fn gives_up_on_beep(&self) -> Option<Millis> {
        match self.voice {
            Voice::Quiet { since } => Some(since + BEEP_PATIENCE),
            Voice::Speaking => None,
        }
    }

    fn speaks_like_a_machine(&self) -> bool {
        contains_any(&self.text(), machines::ANSWERING)
    }

    fn waits_for_an_answer(&self) -> bool {
        let text = self.text();
        words::asks(&text) || contains_any(words::last_sentence(&text), machines::INTRODUCING)
    }
}

fn contains_any(text: &str, phrases: &[&str]) -> bool {
    let text = words::normalised(text);
    phrases.iter().any(|phrase| contains_phrase(&text, phrase))
}

#[cfg(test)]
mod tests;
