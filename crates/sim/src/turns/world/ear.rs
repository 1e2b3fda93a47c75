use std::collections::VecDeque;

use domain::Millis;
use session::{Input, Span};

use super::caller::{Heard, Nature};
use crate::Dice;

/// Tells when the caller's sound begins and ends, as late as the real ear does.
///
/// Gates are taken as given: a sound 12 dB under the caller's voice, once 3 s of that are known, is
/// told as ignored, and over the agent's voice one that is 6 dB under it, as often as by the real
/// ear. How well that works shows in layer 2.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    coming: VecDeque<(Millis, Input)>,
    /// When the last sound that was told ends.
    until: Option<Millis>,
    /// How much of the caller's own voice was heard.
    known: Millis,
}

/// From the first sound to the telling of it: three blocks of 32 ms, by where they begin.
const ONSET: u64 = 64;
const ONSET_SPREAD: u64 = 33;
/// From the last sound to the telling of it.
const HANG: Millis = Millis(100);
/// How exactly the end is dated, at most.
const END_SPREAD: u64 = 20;
/// Quieter than the caller by so much: somebody else.
const GATE_DB: i32 = -12;
const KNOWN_AFTER: Millis = Millis(3_000);
/// Over the agent's voice less will do ...
const GATE_OVER_AGENT_DB: i32 = -6;
const GUESSED_AFTER: Millis = Millis(1_000);
/// ... and as often as this: so much of the recorded speech at -8 dB was ignored.
const IGNORED_OVER_AGENT: f64 = 0.57;
/// Sound that is not the caller's is told in pieces of this length.
const PIECE: Millis = Millis(480);
const BLOCK: Millis = Millis(32);
/// What is no speech is told as noise when it lasts.
const NOISE: Millis = Millis(500);

impl Ear {
    /// Hears a sound, when so much of the agent's words is left.
    pub(crate) fn hear(&mut self, sound: &Heard, left: Millis, dice: &mut Dice) {
        match sound.nature {
            Nature::Speech if self.is_foreign(sound.level_db, left, dice) => self.ignore(sound),
            Nature::Speech => {
                if sound.level_db > GATE_DB {
                    self.known += sound.until - sound.from;
                }
                self.speech(sound, dice);
            }
            // The network takes about half of all coughs for speech.
            Nature::Throat if dice.happens(0.5) => self.speech(sound, dice),
            Nature::Throat => {}
            Nature::Thing => self.noise(sound),
        }
    }

    fn is_foreign(&self, level_db: i32, left: Millis, dice: &mut Dice) -> bool {
        let over_agent = left > Millis::ZERO && self.known >= GUESSED_AFTER;
        if level_db <= GATE_DB && (over_agent || self.known >= KNOWN_AFTER) {
            return true;
        }
        over_agent && level_db <= GATE_OVER_AGENT_DB && dice.happens(IGNORED_OVER_AGENT)
    }

    /// Sound that is not the caller's is told piece by piece, so that words of it can be dropped as
    /// they come.
    fn ignore(&mut self, sound: &Heard) {
        let mut from = sound.from;
        while from < sound.until {
            let until = (from + PIECE).or_earlier(sound.until);
            self.tell(until + BLOCK, Input::Ignored(Span { from, until }));
            from = until;
        }
    }

    fn speech(&mut self, sound: &Heard, dice: &mut Dice) {
        let goes_on = self
            .until
            .is_some_and(|until| sound.from < until + HANG && self.is_pending_stop());
        if goes_on {
            self.coming.pop_back();
        } else {
            let told = sound.from + Millis(ONSET + dice.throw() % ONSET_SPREAD);
            self.tell(told, Input::SpeechStarted { at: sound.from });
        }
        let late = dice.throw() % (2 * END_SPREAD + 1);
        let at = sound.until + Millis(late) - Millis(END_SPREAD);
        let told = (sound.until + HANG).or_later(at);
        self.tell(told, Input::SpeechStopped { at });
        self.until = Some(sound.until);
    }

    fn is_pending_stop(&self) -> bool {
        self.coming
            .back()
            .is_some_and(|(_, input)| matches!(input, Input::SpeechStopped { .. }))
    }

    fn noise(&mut self, sound: &Heard) {
        if sound.until - sound.from >= NOISE {
            let (at, until) = (sound.from, sound.until);
            self.tell(at + NOISE, Input::NoiseStarted { at });
            self.tell(until + NOISE, Input::NoiseStopped { at: until });
        }
    }

    fn tell(&mut self, at: Millis, input: Input) {
        let place = self.coming.partition_point(|(other, _)| *other <= at);
        self.coming.insert(place, (at, input));
    }

    pub(crate) fn next(&self) -> Option<Millis> {
        self.coming.front().map(|(at, _)| *at)
    }

    pub(crate) fn take(&mut self) -> Option<Input> {
        self.coming.pop_front().map(|(_, input)| input)
    }
}
