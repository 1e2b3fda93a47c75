use std::collections::VecDeque;

use domain::Millis;
use session::{Input, Span, Words};

use super::{
    Coming, Future,
    caller::{Heard, Word},
};
use crate::{
    Delay, Dice,
    fakes::is_filler,
    turns::{
        scenario::{Scenario, Stt},
        text::without_punctuation,
    },
};

/// Writes down what it hears, as Deepgram's Nova does: interim words about once a second by its own
/// clock, final ones on demand or after 300 ms of silence, the end of the utterance after 1,000.
#[derive(Debug)]
pub(crate) struct Recogniser {
    settings: Stt,
    delay: Delay,
    /// Words that no final has settled.
    words: VecDeque<Word>,
    last_sound: Option<Millis>,
    /// Words have come since the utterance was over.
    in_utterance: bool,
    interim: String,
    phase: Millis,
    /// Finals with words that were not told.
    lost: usize,
}

/// Why the recogniser looks whether it has something to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wake {
    /// It was asked for what it had at that time.
    Finalized {
        asked: Millis,
    },
    Interim,
    /// Silence since then.
    Silence {
        since: Millis,
    },
    /// Longer silence since then.
    Over {
        since: Millis,
    },
}

const INTERIM: Millis = Millis(1_000);
/// What was said last is not yet in an interim.
const INTERIM_LAG: Millis = Millis(200);
const ENDPOINTING: Millis = Millis(300);
const UTTERANCE_END: Millis = Millis(1_000);
/// From the end of a silence to the message about it.
const NETWORK: Millis = Millis(90);
/// Words are settled without a pause when so much is open.
const LONGEST_OPEN: Millis = Millis(5_000);
/// How often a pause is taken for the end of a sentence, where none is.
const WRONG_STOP: f64 = 0.25;

impl Recogniser {
    pub(crate) fn new(scenario: &Scenario, dice: &mut Dice) -> Self {
        let settings = Stt {
            // The server asks for fillers where the recogniser knows them.
            writes_fillers: scenario.stt.writes_fillers && scenario.is_english(),
            ..scenario.stt
        };
        Self {
            settings,
            delay: settings.final_ms.delay(),
            words: VecDeque::new(),
            last_sound: None,
            in_utterance: false,
            interim: String::new(),
            phase: Millis(dice.throw() % INTERIM.0),
            lost: 0,
        }
    }

    pub(crate) fn start(&self, future: &mut Future) {
        future.at(self.phase, Coming::Recogniser(Wake::Interim));
    }

    pub(crate) fn hear(&mut self, sound: &Heard, future: &mut Future, dice: &mut Dice) {
        if sound.words.is_empty() {
            return;
        }
        let writes = |word: &&Word| self.settings.writes_fillers || !is_filler(&word.text);
        let written: Vec<Word> = sound.words.iter().filter(writes).cloned().collect();
        self.words.extend(written);
        self.last_sound = Some(sound.until);
        let late = Millis(dice.throw() % 60);
        let since = sound.until;
        future.at(
            since + ENDPOINTING + NETWORK + late,
            Coming::Recogniser(Wake::Silence { since }),
        );
        future.at(
            since + UTTERANCE_END + NETWORK + late,
            Coming::Recogniser(Wake::Over { since }),
        );
    }

    pub(crate) fn finalize(&mut self, now: Millis, future: &mut Future, dice: &mut Dice) {
        const ROUND_TRIP: Millis = Millis(25);
        let drawn = u64::try_from(self.delay.draw(dice).as_millis()).unwrap_or(u64::MAX / 2);
        let ready = self
            .last_sound
            .map_or(now, |last| last.or_earlier(now) + Millis(drawn));
        let at = ready.or_later(now + ROUND_TRIP);
        future.at(at, Coming::Recogniser(Wake::Finalized { asked: now }));
    }

    /// What is told now.
    pub(crate) fn wake(
        &mut self,
        now: Millis,
        wake: Wake,
        future: &mut Future,
        dice: &mut Dice,
    ) -> Option<Input> {
        match wake {
            Wake::Interim => {
                future.at(now + INTERIM, Coming::Recogniser(Wake::Interim));
                self.tell_interim(now)
            }
            Wake::Finalized { asked } => {
                let lost = self.loses(dice);
                let words = Words {
                    answers_finalize: true,
                    ..self.settle(asked, dice)
                };
                (!lost).then_some(Input::Words(words))
            }
            Wake::Silence { since } => {
                if self.last_sound != Some(since) {
                    return None;
                }
                let lost = self.loses(dice);
                let words = Words {
                    ends_utterance: true,
                    ..self.settle(now - NETWORK, dice)
                };
                (!lost).then_some(Input::Words(words))
            }
            Wake::Over { since } => {
                let over = self.last_sound == Some(since) && self.in_utterance;
                self.in_utterance &= !over;
                over.then_some(Input::UtteranceOver)
            }
        }
    }

    /// How many finals with words were lost.
    pub(crate) fn lost(&self) -> usize {
        self.lost
    }

    /// Whether a final never comes. Its words come with no other.
    fn loses(&mut self, dice: &mut Dice) -> bool {
        let loses = dice.happens(self.settings.finals_lost_percent / 100.0);
        self.lost += usize::from(loses && !self.words.is_empty());
        loses
    }

    fn tell_interim(&mut self, now: Millis) -> Option<Input> {
        let heard = self.heard(now - INTERIM_LAG);
        let (from, until) = self.bounds(heard)?;
        let settled = until - from >= LONGEST_OPEN;
        let text = self.text(heard);
        if text == self.interim && !settled {
            return None;
        }
        self.in_utterance = true;
        self.interim.clone_from(&text);
        if settled {
            self.words.drain(..heard);
            self.interim.clear();
        }
        Some(Input::Words(Words {
            text,
            settled,
            span: Some(Span { from, until }),
            ..Words::default()
        }))
    }

    fn settle(&mut self, heard_until: Millis, dice: &mut Dice) -> Words {
        let heard = self.heard(heard_until);
        let from = self.words.front().map_or(heard_until, |word| word.from);
        let mut text = self.text(heard);
        let may_stop = self.settings.punctuates && !text.is_empty();
        if may_stop && text.ends_with(char::is_alphanumeric) && dice.happens(WRONG_STOP) {
            text.push('.');
        }
        self.in_utterance |= heard > 0;
        self.words.drain(..heard);
        self.interim.clear();
        Words {
            text,
            settled: true,
            span: Some(Span {
                from: from.or_earlier(heard_until),
                until: heard_until,
            }),
            ..Words::default()
        }
    }

    /// How many of the open words were over by then.
    fn heard(&self, by: Millis) -> usize {
        self.words
            .iter()
            .take_while(|word| word.until <= by)
            .count()
    }

    fn bounds(&self, heard: usize) -> Option<(Millis, Millis)> {
        let last = self.words.get(heard.checked_sub(1)?)?;
        Some((self.words.front()?.from, last.until))
    }

    fn text(&self, heard: usize) -> String {
        let texts: Vec<&str> = self
            .words
            .iter()
            .take(heard)
            .map(|word| word.text.as_str())
            .collect();
        let text = texts.join(" ");
        if self.settings.punctuates {
            text
        } else {
            without_punctuation(&text)
        }
    }
}
