use std::collections::VecDeque;

use domain::Millis;
use session::{Input, Span};

use super::caller::{Heard, Nature};
use crate::Dice;

/// Tells when the caller's sound begins and ends, as late as the real ear does.
///
/// Gates are taken as given: a sound 12 dB under the caller's voice, once 3 s of that are known, is
/// told as ignored. How well they work shows in layer 2.
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
/// What is no speech is told as noise when it lasts.
const NOISE: Millis = Millis(500);

impl Ear {
    /// Hears a sound. Returns what is told when it is over, if that is all that is told about it.
    pub(crate) fn hear(&mut self, sound: &Heard, dice: &mut Dice) -> Option<Input> {
        let is_speech = match sound.nature {
            Nature::Speech => true,
            // The network takes about half of all coughs for speech.
            Nature::Throat => dice.happens(0.5),
            Nature::Thing => {
                self.noise(sound);
                return None;
            }
        };
        if !is_speech {
            return None;
        }
        if sound.level_db <= GATE_DB && self.known >= KNOWN_AFTER {
            return Some(Input::Ignored(Span {
                from: sound.from,
                until: sound.until,
            }));
        }
        if sound.level_db > GATE_DB {
            self.known += sound.until - sound.from;
        }
        self.speech(sound, dice);
        None
    }

    fn speech(&mut self, sound: &Heard, dice: &mut Dice) {
        let goes_on = self
            .until
            .is_some_and(|until| sound.from < until + HANG && self.is_pending_stop());
        if goes_on {
            self.coming.pop_back();
        } else {
            let told = sound.from + Millis(ONSET + dice.throw() % ONSET_SPREAD);
            self.coming
                .push_back((told, Input::SpeechStarted { at: sound.from }));
        }
        let late = dice.throw() % (2 * END_SPREAD + 1);
        let at = sound.until + Millis(late) - Millis(END_SPREAD);
        let told = (sound.until + HANG).or_later(at);
        self.coming.push_back((told, Input::SpeechStopped { at }));
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
            self.coming
                .push_back((at + NOISE, Input::NoiseStarted { at }));
            self.coming
                .push_back((until + NOISE, Input::NoiseStopped { at: until }));
        }
    }

    pub(crate) fn next(&self) -> Option<Millis> {
        self.coming.front().map(|(at, _)| *at)
    }

    pub(crate) fn take(&mut self) -> Option<Input> {
        self.coming.pop_front().map(|(_, input)| input)
    }
}
