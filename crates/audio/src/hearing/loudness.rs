//! How loud this caller speaks, and who is too quiet to be him.

use crate::{level::power_to_dbfs, vad::BLOCK_MS};

/// A voice is as loud as its last 400 ms on average: syllables between are its own.
const SYLLABLES: usize = 12;
/// After so many blocks without a voice, another one may begin.
const PAUSE: u32 = 5;
/// A voice that has just begun tells little about how loud it is.
const ENOUGH: usize = 4;
/// The level counts once so much speech was heard.
const KNOWN_AFTER_MS: u32 = 3_000;
/// Over our own voice, a caller whose level is not known must be louder than this.
const UNKNOWN_DBFS: f32 = -42.0;
/// A voice that was too quiet for so long, with nobody louder, is the caller: a shy one, or one who
/// put down the receiver. Only speech counts, and only while we are silent ourselves.
const ALONE_MS: u32 = 5_000;
/// The share of a block in the running level: about 3 s of speech count.
const SHARE: f32 = BLOCK_MS as f32 / KNOWN_AFTER_MS as f32;

/// Follows the level of the caller's speech.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    /// The powers of the last blocks with a voice, a ring.
    recent: [f32; SYLLABLES],
    /// How many there were since the voice began.
    blocks: usize,
    /// How many blocks without a voice there were since.
    silent: u32,
    caller: Voice,
    /// Whoever speaks too quietly.
    other: Voice,
    /// So much below the caller's level is background.
    below_db: f32,
    unknown_dbfs: f32,
}

/// How loud somebody speaks.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    dbfs: f32,
    heard_ms: u32,
}

impl Voice {
    fn hear(&mut self, dbfs: f32) {
        // At first the plain mean.
        let share = SHARE.max(BLOCK_MS as f32 / (self.heard_ms + BLOCK_MS) as f32);
        self.dbfs += (dbfs - self.dbfs) * share;
        self.heard_ms = self.heard_ms.saturating_add(BLOCK_MS);
    }
}

impl Loudness {
    /// Takes what is `below_db` under the caller's level for background; 0 lets everything pass.
    pub(super) fn new(below_db: f32) -> Self {
        Self {
            recent: [0.0; SYLLABLES],
            blocks: 0,
            silent: 0,
            caller: Voice::default(),
            other: Voice::default(),
            below_db,
            unknown_dbfs: UNKNOWN_DBFS,
        }
    }

    /// Brings the gate this much closer to the caller's level.
    pub(super) fn raise(&mut self, db: f32) {
        if self.below_db > 0.0 {
            self.below_db = (self.below_db - db).max(db);
            self.unknown_dbfs += db;
        }
    }

    /// Takes note of a block, whosever voice it has, if it has one.
    pub(super) fn hear(&mut self, power: f32, voice: bool) {
        if !voice {
            self.silent = self.silent.saturating_add(1);
            return;
        }
        if self.silent > PAUSE {
            self.blocks = 0;
        }
        self.silent = 0;
        self.recent[self.blocks % SYLLABLES] = power;
        self.blocks += 1;
    }

    /// Whether the voice in the last block is too quiet to be the caller's.
    pub(super) fn is_background(&self, playing: bool) -> bool {
        self.recent_dbfs() < self.gate_dbfs(playing)
    }

    /// The level under which a voice is not the caller's.
    pub(super) fn gate_dbfs(&self, playing: bool) -> f32 {
        if self.below_db <= 0.0 {
            f32::NEG_INFINITY
        } else if self.caller.heard_ms >= KNOWN_AFTER_MS {
            self.caller.dbfs - self.below_db
        } else if playing {
            self.unknown_dbfs
        } else {
            f32::NEG_INFINITY
        }
    }

    /// The last block was the caller's speech.
    pub(super) fn learn_caller(&mut self) {
        self.other = Voice::default();
        if self.blocks >= ENOUGH {
            self.caller.hear(self.recent_dbfs());
        }
    }

    /// The last block was a voice in the background, and nobody else spoke.
    pub(super) fn learn_background(&mut self) {
        if self.blocks >= ENOUGH {
            self.other.hear(self.recent_dbfs());
        }
        if self.other.heard_ms >= ALONE_MS {
            self.caller = std::mem::take(&mut self.other);
        }
    }

    /// How loud the voice is that is heard.
    fn recent_dbfs(&self) -> f32 {
        let heard = &self.recent[..self.blocks.min(SYLLABLES)];
        power_to_dbfs(heard.iter().sum::<f32>() / heard.len().max(1) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::dbfs_to_power;

    /// Hears a voice at this level for so long, and learns from it as an ear does.
    fn speak(loudness: &mut Loudness, dbfs: f32, ms: u32) -> bool {
        for _ in 0..ms / BLOCK_MS {
            loudness.hear(dbfs_to_power(dbfs), true);
            if loudness.is_background(false) {
                loudness.learn_background();
            } else {
                loudness.learn_caller();
            }
        }
        loudness.is_background(false)
    }

    #[test]
    fn twelve_decibels_under_the_caller_is_background() {
        let mut loudness = Loudness::new(12.0);
        assert!(!speak(&mut loudness, -50.0, 400));
        assert!(!speak(&mut loudness, -20.0, 3_200));
        assert!(!speak(&mut loudness, -30.0, 1_000));
        assert!(speak(&mut loudness, -42.0, 1_000));
        assert!(!speak(&mut loudness, -22.0, 1_000));
    }

    #[test]
    fn syllables_between_are_the_callers_own() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        assert!(!speak(&mut loudness, -40.0, 320));
        assert!(speak(&mut loudness, -40.0, 96));
        // Whoever begins after a pause is judged by himself.
        for _ in 0..6 {
            loudness.hear(0.0, false);
        }
        assert!(!speak(&mut loudness, -22.0, 32));
    }

    #[test]
    fn an_unknown_caller_must_be_louder_only_while_we_speak() {
        let mut loudness = Loudness::new(12.0);
        loudness.hear(dbfs_to_power(-45.0), true);
        assert!(!loudness.is_background(false));
        assert!(loudness.is_background(true));
        loudness.hear(dbfs_to_power(-38.0), true);
        assert!(!loudness.is_background(true));
        loudness.raise(3.0);
        assert!(loudness.is_background(true));
    }

    #[test]
    fn a_shy_caller_is_believed_after_five_seconds_alone() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -15.0, 6_000);
        assert!(speak(&mut loudness, -40.0, 4_800));
        assert!(!speak(&mut loudness, -40.0, 800));
        // And a loud one is so at once, and soon the measure.
        assert!(!speak(&mut loudness, -15.0, 6_000));
        assert!(speak(&mut loudness, -40.0, 1_000));
    }

    #[test]
    fn zero_lets_everything_pass() {
        let mut loudness = Loudness::new(0.0);
        speak(&mut loudness, -15.0, 6_000);
        loudness.raise(3.0);
        assert!(!speak(&mut loudness, -60.0, 1_000));
    }
}
