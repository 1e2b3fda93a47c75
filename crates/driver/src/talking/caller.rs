//! Which of the caller's sound the model gets: that of turns, from shortly before they begin, or all
//! of it, where the provider finds the turns.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use domain::Millis;
use tokio::time::Instant;

use crate::{connection::length, recogniser::Sound};

/// Sound from before speech was noticed: a soft first consonant is in it.
const PRE_ROLL: Millis = Millis(480);
/// Silence sent after speech: the last consonant is in it.
const POST_ROLL: Millis = Millis(240);
/// Less sound than this is no turn, and providers refuse it.
pub(super) const LEAST: Millis = Millis(100);
/// Speech that nobody took for a turn by then is none.
const STALE: Duration = Duration::from_secs(10);

/// What of the caller's sound was sent since the last turn.
#[derive(Debug)]
pub(super) struct Caller {
    sends: Sends,
    /// The last sound, should speech begin.
    recent: VecDeque<Bytes>,
    /// Sent since the last turn. Of turns, what is around the speech counts too, since that is what
    /// the provider gets; where it gets all sound, only speech tells whether there was a turn.
    sent: Millis,
    /// Silence that is still to be sent.
    tail: Millis,
    speaks: bool,
    spoke: Option<Instant>,
    told: Told,
}

/// Which sound the model gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sends {
    /// All of it: the provider finds the ends of turns, which takes silence.
    All,
    /// That of turns.
    Turns,
}

/// By what the model learns of the turn that goes on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Told {
    #[default]
    Sound,
    /// The caller types, or sound was lost: by the words of it.
    Words,
}

impl Caller {
    pub(super) fn new(sends: Sends) -> Self {
        Self {
            sends,
            recent: VecDeque::new(),
            sent: Millis::ZERO,
            tail: Millis::ZERO,
            speaks: false,
            spoke: None,
            told: Told::Sound,
        }
    }

    /// Takes a piece of sound. Returns what is to be sent.
    pub(super) fn hear(&mut self, sound: &Sound) -> Vec<Bytes> {
        self.speaks = sound.speech;
        if self.told == Told::Words {
            return Vec::new();
        }
        if self.sends == Sends::All {
            if sound.speech {
                self.sent += length(&sound.bytes);
            }
            return vec![sound.bytes.clone()];
        }
        if sound.speech {
            self.tail = POST_ROLL;
            self.spoke = Some(Instant::now());
        } else if self.tail == Millis::ZERO {
            self.keep(sound.bytes.clone());
            return Vec::new();
        } else {
            self.tail = self.tail - length(&sound.bytes);
        }
        let send: Vec<Bytes> = self.recent.drain(..).chain([sound.bytes.clone()]).collect();
        self.sent = send
            .iter()
            .fold(self.sent, |sent, bytes| sent + length(bytes));
        send
    }

    fn keep(&mut self, bytes: Bytes) {
        self.recent.push_back(bytes);
        let kept = |recent: &VecDeque<Bytes>| {
            let lengths = recent.iter().map(|bytes| length(bytes));
            lengths.fold(Millis::ZERO, |sum, length| sum + length)
        };
        while kept(&self.recent) > PRE_ROLL {
            self.recent.pop_front();
        }
    }

    /// Whether the provider hears all of this turn, and says when it is over.
    pub(super) fn is_ended_by_provider(&self) -> bool {
        self.sends == Sends::All && self.told == Told::Sound
    }

    /// Whether the provider has heard what the caller has said since the last turn, and nothing is
    /// being said.
    pub(super) fn has_stopped(&self) -> bool {
        self.sent > Millis::ZERO && !self.speaks
    }

    /// A piece of sound came while there was nobody to send it to.
    pub(super) fn miss(&mut self, sound: &Sound) {
        self.speaks = sound.speech;
        if sound.speech {
            self.told = Told::Words;
        }
    }

    /// The caller typed: keys make no sound, and the turn is told by its words.
    pub(super) fn typed(&mut self) {
        self.told = Told::Words;
    }

    /// Whoever heard it is gone.
    pub(super) fn lost(&mut self) {
        if self.sent > Millis::ZERO {
            self.told = Told::Words;
        }
        self.sent = Millis::ZERO;
        self.spoke = None;
        self.recent.clear();
    }

    /// The turn is over: how it was told, and how much of it was sent.
    pub(super) fn take(&mut self) -> (Told, Millis) {
        self.spoke = None;
        (
            std::mem::take(&mut self.told),
            std::mem::take(&mut self.sent),
        )
    }

    /// When to forget what was sent.
    pub(super) fn clear_at(&self) -> Option<Instant> {
        self.spoke.filter(|_| !self.speaks).map(|at| at + STALE)
    }

    /// What was said so far is no turn. Returns whether anything was sent of it.
    pub(super) fn clear(&mut self) -> bool {
        if self.speaks {
            return false;
        }
        self.spoke = None;
        std::mem::take(&mut self.sent) > Millis::ZERO
    }
}
