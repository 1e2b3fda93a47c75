//! Voice activity: when the caller speaks, and when not.
//!
//! A small neural network scores every 32 ms. In front of it a gate on the level spares silence the
//! computation; behind it two thresholds and two delays turn scores into events.

mod activation;
mod dense;
mod energy;
mod gate;
mod latch;
mod network;
mod scorer;
mod spectrum;

use crate::{
    framing::Blocks,
    level::{dbfs_to_power, power_to_dbfs},
};

pub(crate) use latch::{Block, Latch, Whose};
pub(crate) use network::BLOCK;
pub(crate) use scorer::{PARTS, Scored, Scorer};

pub(crate) const SAMPLES_PER_MS: u64 = 8;
pub(crate) const BLOCK_MS: u32 = BLOCK as u32 / SAMPLES_PER_MS as u32;

/// When sound counts as speech.
///
/// Settings written for the browser library of the same network carry over, its frames being 32 ms
/// too: `positiveSpeechThreshold` is `start_threshold`, `minSpeechFrames` times 32 is
/// `start_after_ms`, `redemptionFrames` times 32 is `stop_after_ms`. A threshold of 0.8, 3 frames
/// and 8 frames are thus `0.8`, `96` and `256`. Its `minSilenceMs` is not the ear's: how much
/// silence ends a turn is for the session's rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VadSettings {
    /// Score from which a block counts towards a start.
    pub start_threshold: f32,
    /// Score below which a block counts as silence.
    pub stop_threshold: f32,
    /// How much speech there must be before `Started` is told; whole blocks of 32 ms count.
    pub start_after_ms: u32,
    /// How much silence there must be before `Stopped` is told.
    pub stop_after_ms: u32,
    /// Below this level nothing is speech. Negative infinity switches the gate off.
    pub gate_dbfs: f32,
}

impl Default for VadSettings {
    fn default() -> Self {
        Self {
            start_threshold: 0.5,
            stop_threshold: 0.35,
            start_after_ms: 64,
            stop_after_ms: 96,
            gate_dbfs: -56.0,
        }
    }
}

/// What the caller's voice did. Times are counted in samples since the stream began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Voice {
    /// The caller began to speak.
    Started {
        /// When the first sound of it was made.
        at_ms: u64,
    },
    /// The caller fell silent.
    Stopped {
        /// When the last sound ended.
        at_ms: u64,
    },
}

/// What tells speech from other sound.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Detector {
    /// The level of the voice band over a floor that adapts, and how flat its spectrum is. Cheaper,
    /// and taken in by music, keyboards and coughs: with it, only words should interrupt.
    Energy,
    /// The neural network.
    #[default]
    Network,
}

/// Listens to one 8 kHz mu-law stream for a voice, whoever's it is.
pub struct Vad {
    blocks: Blocks<u8, BLOCK>,
    ear: Ear,
}

/// Everything behind the framing.
struct Ear {
    scorer: Scorer,
    latch: Latch,
    /// Samples so far.
    heard: u64,
    /// Of the last block.
    power: f32,
}

impl Vad {
    /// An ear at the beginning of a stream.
    #[must_use]
    pub fn new(settings: VadSettings) -> Self {
        Self {
            blocks: Blocks::default(),
            ear: Ear {
                scorer: Scorer::new(Detector::Network, settings.gate_dbfs),
                latch: Latch::new(settings, dbfs_to_power(settings.gate_dbfs)),
                heard: 0,
                power: 0.0,
            },
        }
    }

    /// Hears some audio, of any length, and appends what the voice did to `told`.
    pub fn hear(&mut self, ulaw: &[u8], told: &mut Vec<Voice>) {
        let ear = &mut self.ear;
        self.blocks.push(ulaw, |block| told.extend(ear.hear(block)));
    }

    /// Whether the caller speaks, as far as was told.
    #[must_use]
    pub fn speaking(&self) -> bool {
        self.ear.latch.speaking()
    }

    /// How much audio was heard.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        (self.ear.heard + self.blocks.pending() as u64) / SAMPLES_PER_MS
    }

    /// The level of the last whole block.
    #[must_use]
    pub fn level_dbfs(&self) -> f32 {
        power_to_dbfs(self.ear.power)
    }
}

impl Ear {
    fn hear(&mut self, codes: &[u8; BLOCK]) -> Option<Voice> {
        let scored = self.scorer.score(codes);
        self.power = scored.power();
        let begins = self.heard;
        self.heard += BLOCK as u64;
        self.latch.hear(&Block::of_anyone(begins, scored))
    }
}

#[cfg(test)]
mod tests;
