//! Voice activity: when the caller speaks, and when not.
//!
//! A small neural network scores every 32 ms. In front of it a gate on the level spares silence the
//! computation; behind it two thresholds and two delays turn scores into events.

mod activation;
mod dense;
mod gate;
mod latch;
mod network;
mod spectrum;

use std::array;

use crate::{
    framing::Blocks,
    g711::ulaw,
    level::{dbfs_to_power, power, power_to_dbfs},
};

use gate::{Gate, Passage};
use latch::{Heard, Latch};
use network::{BLOCK, Memory, Network};

const SAMPLES_PER_MS: u64 = 8;
const BLOCK_MS: u32 = BLOCK as u32 / SAMPLES_PER_MS as u32;
/// Sound is placed within a block to 8 ms.
const PART: usize = 64;
const PARTS: usize = BLOCK / PART;

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

/// Listens to one 8 kHz mu-law stream for a voice.
pub struct Vad {
    blocks: Blocks<u8, BLOCK>,
    ear: Ear,
}

impl Vad {
    /// An ear at the beginning of a stream.
    #[must_use]
    pub fn new(settings: VadSettings) -> Self {
        Self {
            blocks: Blocks::default(),
            ear: Ear::new(settings),
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

/// Everything behind the framing.
struct Ear {
    network: &'static Network,
    memory: Memory,
    gate: Gate,
    /// Quieter than this is quiet.
    gate_power: f32,
    latch: Latch,
    /// Samples so far.
    heard: u64,
    /// Of the last block.
    power: f32,
}

impl Ear {
    fn new(settings: VadSettings) -> Self {
        let gate_power = dbfs_to_power(settings.gate_dbfs);
        Self {
            network: Network::shared(),
            memory: Memory::default(),
            gate: Gate::new(),
            gate_power,
            latch: Latch::new(settings, gate_power),
            heard: 0,
            power: 0.0,
        }
    }

    fn hear(&mut self, codes: &[u8; BLOCK]) -> Option<Voice> {
        let sound = decode(codes);
        let powers = part_powers(&sound);
        self.power = powers.iter().sum::<f32>() / PARTS as f32;
        let quiet = powers.iter().all(|&power| power < self.gate_power);
        let probability = self.probability(&sound, quiet);
        self.gate.keep(codes);
        let begins = self.heard;
        self.heard += BLOCK as u64;
        self.latch.hear(&Heard {
            begins,
            powers,
            probability,
        })
    }

    fn probability(&mut self, sound: &[f32; BLOCK], quiet: bool) -> f32 {
        match self.gate.passage(quiet) {
            Passage::Open => {}
            Passage::Reopened => self.hear_again(),
            Passage::Shut => return 0.0,
        }
        self.network.listen(&mut self.memory, sound)
    }

    /// Brings the network from nothing to where the recent blocks lead. A fresh memory reacts
    /// faster than one that dozed through minutes of silence.
    fn hear_again(&mut self) {
        self.memory = Memory::default();
        for codes in self.gate.recent() {
            self.network.listen(&mut self.memory, &decode(codes));
        }
    }
}

static DECODED: [f32; 256] = decode_table();

const fn decode_table() -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] = ulaw::decode_by_formula(code as u8) as f32 / 32_768.0;
        code += 1;
    }
    table
}

fn part_powers(sound: &[f32; BLOCK]) -> [f32; PARTS] {
    array::from_fn(|part| power(&sound[part * PART..][..PART]))
}

fn decode(codes: &[u8; BLOCK]) -> [f32; BLOCK] {
    codes.map(|code| DECODED[usize::from(code)])
}

#[cfg(test)]
mod tests;
