//! Whether what comes in is what we play, come back by the line's echo.
//!
//! Both directions are followed as envelopes, one value per 16 ms. The lag at which the incoming
//! envelope repeats ours is searched every half second while we speak, at first in the greeting;
//! with it, how much quieter the echo is. From then on, sound is ours if it has the shape of what we
//! played and is no louder than our echo can be.

mod envelope;
mod search;

use envelope::{Own, Steps, correlation};
use search::{Found, LAGS, WINDOW, search};

use super::floor::Floor;
use crate::vad::{PARTS, SAMPLES_PER_MS};

pub(super) use envelope::STEP;

/// Steps per block of 32 ms.
const STEPS: usize = 2;
/// Sound is compared over 300 ms.
const COMPARED: usize = 19;
/// Two envelopes that are this much alike are the same sound ...
const SAME: f32 = 0.80;
/// ... and go on being it as long as they are this much alike: a step of line noise or a word's end
/// makes the likeness of a short piece waver.
const STILL_SAME: f32 = 0.6;
/// An echo is at most this much louder than expected: 3 dB in power, which a caller adds who speaks
/// over it as loudly as it is.
const LOUDER: f32 = 2.0;
/// How loud sound is counts over so many steps: 64 ms.
const RECENT: usize = 4;
/// Before the lag is known, sound more than 9 dB below our own may be its echo.
const PERHAPS: f32 = 0.126;
/// Blocks from one search to the next.
const SEARCH_EVERY: u32 = 16;
/// A line in whose echo nobody found our voice after so much of it has none: 3 s.
const LISTENED: u32 = 3_000 / 32;
/// A line on which nothing at all was heard after so much of it has none either: 1.6 s, the longest
/// lag and as much again.
const ANSWERED: u32 = 1_600 / 32;
/// Nothing at all is quieter than any echo that a detector could take for a voice, -66 dBFS ...
const NOTHING: f32 = 2.5e-7;
/// ... or hardly above the line's own noise: 6 dB.
const BARELY_MORE: f32 = 4.0;
/// How many searches must agree on another lag than the known one.
const RELEARN: u32 = 4;
/// How many searches must agree on the first lag.
const LEARN: u32 = 2;
/// The share of a new finding in what is known about the loss.
const SHARE: f32 = 0.3;
/// At most so many steps ahead are remembered: 1 s.
const FARTHEST: u64 = 64;
/// How long a room may go on to sound after us, in steps.
const TAIL: u64 = 4;
/// Our own sound is audible above this power: -50 dBFS.
const AUDIBLE: f32 = 1e-5;

/// Follows both directions of one line.
pub(super) struct Echo {
    own: Own,
    heard: Steps,
    path: Path,
    /// A finding that is not believed yet, and how many searches agreed on it.
    candidate: Option<(Found, u32)>,
    /// Blocks in which we were audible.
    listened: u32,
    until_search: u32,
    /// How quiet the line gets.
    floor: Floor,
    /// The block before was ours.
    ours: bool,
}

/// What is known about how our voice comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Path {
    /// We have hardly spoken yet.
    Unknown,
    /// We have spoken and did not come back.
    Clean,
    /// We come back.
    Echoes(Found),
}

/// What a block may hold of our own voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Overheard {
    /// We were audible at the caller's end within the last second.
    pub(super) playing: bool,
    /// The power that our echo may have in this block: 0 if there is none.
    pub(super) at_most: f32,
    /// Whether what sounds in this block is ours.
    pub(super) ours: Ours,
}

impl Overheard {
    /// A line that we do not speak on.
    pub(super) const NOTHING: Self = Self {
        playing: false,
        at_most: 0.0,
        ours: Ours::No,
    };
}

/// Whether some sound is our own voice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ours {
    No,
    /// It is quiet enough to be; how we come back is not known yet.
    Perhaps,
    /// It has the shape and the loudness of our echo.
    Yes,
}

/// How some sound relates to what should come back of ours.
#[derive(Clone, Copy, Debug)]
struct Compared {
    /// How much the shapes are alike.
    likeness: f32,
    /// How much louder it is, in power.
    excess: f32,
}

impl Echo {
    pub(super) fn new() -> Self {
        Self {
            own: Own::new(),
            heard: Steps::new(),
            path: Path::Unknown,
            candidate: None,
            listened: 0,
            until_search: SEARCH_EVERY,
            floor: Floor::new(),
            ours: false,
        }
    }

    /// Learns what we play from `at_ms` on. What is dated further ahead than any mouth sends is not
    /// believed.
    pub(super) fn played(&mut self, ulaw: &[u8], at_ms: u64) {
        let at = at_ms.saturating_mul(SAMPLES_PER_MS);
        if at / STEP as u64 <= self.heard.count() + FARTHEST {
            self.own.played(ulaw, at);
        }
    }

    /// Forgets what we were going to play after `at_ms`.
    pub(super) fn silenced(&mut self, at_ms: u64) {
        self.own.silenced(at_ms.saturating_mul(SAMPLES_PER_MS));
    }

    /// Judges a block by the powers of its parts.
    pub(super) fn hear(&mut self, powers: &[f32; PARTS]) -> Overheard {
        for pair in powers.as_chunks::<{ PARTS / STEPS }>().0 {
            self.heard
                .push(pair.iter().sum::<f32>() / pair.len() as f32);
        }
        let power = powers.iter().sum::<f32>() / PARTS as f32;
        self.floor.follow(power);
        let loudest = self.own.loudest(self.heard.count(), LAGS as u64);
        let playing = loudest > AUDIBLE;
        if playing {
            self.learn();
        }
        let at_most = self.at_most(loudest);
        let may_be = at_most > 0.0 || self.ours && playing;
        self.ours = may_be && self.is_ours(power, at_most);
        Overheard {
            playing,
            at_most,
            ours: match (self.ours, self.path) {
                (false, _) => Ours::No,
                (true, Path::Echoes(_)) => Ours::Yes,
                (true, Path::Clean | Path::Unknown) => Ours::Perhaps,
            },
        }
    }

    /// Whether the last `samples` of what was heard repeat what we played.
    pub(super) fn repeats(&self, samples: u64) -> bool {
        match self.path {
            Path::Echoes(found) => {
                let steps = usize::try_from(samples / STEP as u64).unwrap_or(WINDOW);
                self.compare(found, steps.clamp(COMPARED, WINDOW)).likeness > SAME
            }
            Path::Clean | Path::Unknown => false,
        }
    }

    /// The power that our voice may come back with in this block.
    fn at_most(&self, loudest: f32) -> f32 {
        match self.path {
            Path::Unknown => loudest * PERHAPS,
            Path::Clean => 0.0,
            Path::Echoes(found) => {
                let arrived = (self.heard.count() + 1).saturating_sub(found.lag);
                let own = self.own.loudest(arrived, TAIL + STEPS as u64 + 1);
                if own > AUDIBLE {
                    own * found.gain * LOUDER
                } else {
                    0.0
                }
            }
        }
    }

    fn is_ours(&self, power: f32, at_most: f32) -> bool {
        match self.path {
            Path::Unknown => power <= at_most,
            Path::Clean => false,
            // What sounded last was ours: this is the line's own noise after it, on which a
            // detector's score lingers.
            Path::Echoes(_) if self.ours && power < self.floor.power() * LOUDER => true,
            Path::Echoes(found) => {
                let needed = if self.ours { STILL_SAME } else { SAME };
                let compared = self.compare(found, COMPARED);
                compared.likeness > needed && compared.excess < LOUDER
            }
        }
    }

    /// Compares the last steps with what should come back of ours, give or take a step of the lag.
    fn compare(&self, found: Found, steps: usize) -> Compared {
        let (mut heard, mut own) = ([0.0; WINDOW], [0.0; WINDOW]);
        let (heard, own) = (&mut heard[..steps], &mut own[..steps]);
        self.heard.copy_last(heard);
        let recent = steps - RECENT;
        let loud = |loudness: &[f32]| -> f32 { loudness.iter().map(|step| step.powi(4)).sum() };
        let power = loud(&heard[recent..]);
        let mut best = Compared {
            likeness: 0.0,
            excess: f32::MAX,
        };
        for lag in found.lag.saturating_sub(1)..=found.lag + 1 {
            self.own.copy(self.heard.count().saturating_sub(lag), own);
            for step in &mut *own {
                *step = (step.powi(4) * found.gain + self.floor.power())
                    .sqrt()
                    .sqrt();
            }
            let excess = power / loud(&own[recent..]).max(f32::MIN_POSITIVE);
            best.likeness = best.likeness.max(correlation(heard, own).likeness);
            best.excess = best.excess.min(excess);
        }
        best
    }

    /// Searches for our voice in what was heard, now and then.
    fn learn(&mut self) {
        self.listened = self.listened.saturating_add(1);
        self.until_search -= 1;
        if self.until_search > 0 {
            return;
        }
        self.until_search = SEARCH_EVERY;
        let found = search(&self.heard, &self.own);
        match (found, self.path) {
            (Some(found), Path::Echoes(known)) if found.is_near(&known) => {
                self.candidate = None;
                let gain = known.gain + (found.gain - known.gain) * SHARE;
                self.path = Path::Echoes(Found { gain, ..known });
            }
            (Some(found), Path::Echoes(_)) => self.consider(found, RELEARN),
            (Some(found), Path::Clean | Path::Unknown) => self.consider(found, LEARN),
            (None, Path::Unknown)
                if self.listened >= LISTENED
                    || self.listened >= ANSWERED && self.nothing_came_back() =>
            {
                self.path = Path::Clean;
            }
            (None, Path::Clean | Path::Echoes(_) | Path::Unknown) => {}
        }
    }

    /// Whether the line was silent for the last second.
    fn nothing_came_back(&self) -> bool {
        let mut heard = [0.0; WINDOW];
        self.heard.copy_last(&mut heard);
        let loudest = heard.iter().copied().fold(0.0, f32::max).powi(4);
        loudest < NOTHING.max(self.floor.power() * BARELY_MORE)
    }

    fn consider(&mut self, found: Found, needed: u32) {
        let agreed = match &self.candidate {
            Some((before, agreed)) if before.is_near(&found) => agreed + 1,
            Some(_) | None => 1,
        };
        if agreed >= needed {
            self.candidate = None;
            self.path = Path::Echoes(found);
        } else {
            self.candidate = Some((found, agreed));
        }
    }
}
