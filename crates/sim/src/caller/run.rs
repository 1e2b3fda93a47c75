use std::{collections::VecDeque, sync::Arc};

use super::{Kind, Phrasebook, Script, Step};
use crate::{
    Dice,
    carrier::{FRAME, SILENCE, TICK_MS},
};

/// How long a caller waits for an agent that does not speak.
const PATIENCE_MS: u64 = 15_000;
/// Pauses inside the agent's speech shorter than this do not end it.
const BREATH_MS: u64 = 400;
/// Between two keys.
const KEY_MS: u64 = 200;

/// A caller in a call: what it does in every 20 ms. Pure.
#[derive(Debug)]
pub(crate) struct Run {
    steps: VecDeque<Step>,
    book: Arc<Phrasebook>,
    dice: Dice,
    lose: u32,
    speaking: Option<Speaking>,
    /// The step at the front has been going on for so long.
    step_ms: u64,
    /// Keys of the step at the front that were pressed.
    pressed: usize,
    agent: Agent,
}

#[derive(Debug)]
struct Speaking {
    phrase: String,
    at: usize,
}

/// What the caller notices of the agent.
#[derive(Debug, Default)]
struct Agent {
    /// It was audible since the caller last spoke.
    spoke: bool,
    /// For how long it has been talking, breaths included.
    talking_ms: u64,
    quiet_ms: u64,
}

/// What the caller does in one tick.
#[derive(Debug, Default)]
pub(crate) struct Doing {
    /// Its audio.
    pub(crate) audio: Vec<u8>,
    /// The frame does not arrive.
    pub(crate) lost: bool,
    /// What else, in order.
    pub(crate) deeds: Vec<Deed>,
    /// Words ended in this tick, so many bytes before the end of its audio.
    pub(crate) ended: Option<usize>,
}

/// Something that a caller does beside sounding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    /// Stops waiting for the agent.
    GiveUp,
    /// Ends the call.
    HangUp,
    /// Sends this text on the media socket.
    Odd(String),
    /// Presses a key.
    Press(char),
    /// Begins to say this.
    Speak(Kind, String),
}

impl Run {
    pub(crate) fn new(script: Script, book: Arc<Phrasebook>, seed: u64) -> Self {
        Self {
            steps: script.steps.into(),
            book,
            dice: Dice::new(seed),
            lose: 0,
            speaking: None,
            step_ms: 0,
            pressed: 0,
            agent: Agent::default(),
        }
    }

    /// Lives through 20 ms, in which the agent was audible or not.
    pub(crate) fn tick(&mut self, agent_audible: bool) -> Doing {
        self.agent.notice(agent_audible);
        self.step_ms += TICK_MS;
        let mut doing = Doing::default();
        if self.speaking.is_none() {
            self.advance(&mut doing);
        }
        doing.audio = self.audio(&mut doing.ended);
        doing.lost = self.dice.happens(f64::from(self.lose) / 100.0);
        doing
    }

    /// Takes steps until one needs time.
    fn advance(&mut self, doing: &mut Doing) {
        while let Some(step) = self.steps.pop_front() {
            let over = match &step {
                Step::HangUp => {
                    doing.deeds.push(Deed::HangUp);
                    false
                }
                Step::Say(phrase) => {
                    self.speak(Kind::Said, phrase, doing);
                    self.begin_next();
                    return;
                }
                Step::Interrupt { phrase, after_ms } => {
                    self.speak_into(Kind::Interrupted, phrase, *after_ms, doing)
                }
                Step::Over { phrase, after_ms } => {
                    self.speak_into(Kind::Acknowledged, phrase, *after_ms, doing)
                }
                Step::Lose(percent) => {
                    self.lose = *percent;
                    true
                }
                Step::Odd(text) => {
                    doing.deeds.push(Deed::Odd(text.clone()));
                    self.begin_next();
                    return;
                }
                Step::Press(keys) => self.press(keys, doing),
                Step::Silent(ms) => self.step_ms > *ms,
                Step::WaitAgent(ms) => {
                    let done = self.agent.spoke && self.agent.quiet_ms >= *ms;
                    done || self.gives_up(doing)
                }
            };
            if !over {
                self.steps.push_front(step);
                return;
            }
            self.begin_next();
            if self.speaking.is_some() {
                return;
            }
        }
    }

    fn begin_next(&mut self) {
        self.step_ms = 0;
        self.pressed = 0;
    }

    fn speak_into(&mut self, kind: Kind, phrase: &str, after_ms: u64, doing: &mut Doing) -> bool {
        let due = self.agent.talking_ms >= after_ms && self.agent.quiet_ms < BREATH_MS;
        if due {
            self.speak(kind, phrase, doing);
        }
        due || self.gives_up(doing)
    }

    fn gives_up(&self, doing: &mut Doing) -> bool {
        let late = self.step_ms > PATIENCE_MS;
        if late {
            doing.deeds.push(Deed::GiveUp);
        }
        late
    }

    fn speak(&mut self, kind: Kind, phrase: &str, doing: &mut Doing) {
        if let Some(known) = self.book.find(phrase) {
            doing.deeds.push(Deed::Speak(kind, known.text.clone()));
            self.speaking = Some(Speaking {
                phrase: phrase.to_owned(),
                at: 0,
            });
        }
    }

    /// Presses one key every 200 ms; true when the last one was pressed.
    fn press(&mut self, keys: &str, doing: &mut Doing) -> bool {
        if self.step_ms >= self.pressed as u64 * KEY_MS {
            doing
                .deeds
                .extend(keys.chars().nth(self.pressed).map(Deed::Press));
            self.pressed += 1;
        }
        self.pressed >= keys.chars().count()
    }

    fn audio(&mut self, ended: &mut Option<usize>) -> Vec<u8> {
        let mut audio = vec![SILENCE; FRAME];
        let Some(speaking) = &mut self.speaking else {
            return audio;
        };
        let ulaw = self
            .book
            .find(&speaking.phrase)
            .map_or(&[][..], |phrase| &phrase.ulaw);
        let rest = &ulaw[speaking.at.min(ulaw.len())..];
        let taken = rest.len().min(FRAME);
        audio[..taken].copy_from_slice(&rest[..taken]);
        speaking.at += taken;
        if speaking.at >= ulaw.len() {
            *ended = Some(FRAME - taken);
            self.speaking = None;
            self.agent.spoke = false;
            self.begin_next();
        }
        audio
    }
}

impl Agent {
    fn notice(&mut self, audible: bool) {
        if audible {
            self.spoke = true;
            self.quiet_ms = 0;
        } else {
            self.quiet_ms += TICK_MS;
        }
        if self.quiet_ms >= BREATH_MS {
            self.talking_ms = 0;
        } else if audible || self.talking_ms > 0 {
            self.talking_ms += TICK_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Phrase;

    /// Plays a script against an agent that is audible in the given milliseconds; prints deeds.
    fn deeds(script: &str, agent: std::ops::Range<u64>, until_ms: u64) -> Vec<String> {
        let phrase = |text: &str| Phrase {
            text: text.to_owned(),
            ulaw: vec![0; 400],
        };
        let book: Phrasebook = [
            ("a".to_owned(), phrase("Ay")),
            ("b".to_owned(), phrase("Bee")),
        ]
        .into_iter()
        .collect();
        let script = Script::parse(script, &book).unwrap();
        let mut run = Run::new(script, Arc::new(book), 1);
        let mut deeds = Vec::new();
        for at in (0..until_ms).step_by(20) {
            let doing = run.tick(agent.contains(&at));
            deeds.extend(doing.deeds.iter().map(|deed| format!("{at} {deed:?}")));
            deeds.extend(doing.ended.map(|early| format!("{at} ended {early}")));
            if doing.deeds.contains(&Deed::HangUp) {
                break;
            }
        }
        deeds
    }

    #[test]
    fn a_caller_waits_for_the_agent_to_finish() {
        let deeds = deeds("wait agent 100\nsay a\nhang up", 200..400, 2_000);
        assert_eq!(
            deeds,
            ["480 Speak(Said, \"Ay\")", "520 ended 80", "540 HangUp"]
        );
    }

    #[test]
    fn an_interruption_comes_so_long_into_the_agents_words() {
        let deeds = deeds(
            "interrupt a after 300\nover b after 500\nhang up",
            200..2_000,
            3_000,
        );
        assert_eq!(
            deeds,
            [
                "480 Speak(Interrupted, \"Ay\")",
                "520 ended 80",
                "680 Speak(Acknowledged, \"Bee\")",
                "720 ended 80",
                "740 HangUp"
            ]
        );
    }

    #[test]
    fn keys_silence_and_odd_texts_take_their_time() {
        let deeds = deeds("press 12\nsilent 100\nodd {}\nhang up", 0..0, 2_000);
        assert_eq!(
            deeds,
            [
                "0 Press('1')",
                "180 Press('2')",
                "300 Odd(\"{}\")",
                "320 HangUp"
            ]
        );
    }

    #[test]
    fn a_caller_gives_up_on_a_dumb_agent() {
        let deeds = deeds("wait agent\nhang up", 0..0, 20_000);
        assert_eq!(deeds, ["15000 GiveUp", "15000 HangUp"]);
    }
}
