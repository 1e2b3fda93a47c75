//! How likely each block of sound is a voice, and how loud its parts are.

use std::array;

use super::{
    Detector,
    energy::Energy,
    gate::{Gate, Passage},
    network::{BLOCK, Memory, Network},
};
use crate::level::{dbfs_to_power, power, ulaw_as_floats};

/// Sound is placed within a block to 8 ms.
pub(crate) const PART: usize = 64;
pub(crate) const PARTS: usize = BLOCK / PART;

/// What a block sounds like.
#[derive(Clone, Debug)]
pub(crate) struct Scored {
    /// The power of each part of it.
    pub(crate) powers: [f32; PARTS],
    /// How likely it is speech.
    pub(crate) probability: f32,
}

impl Scored {
    /// The power of the whole block.
    pub(crate) fn power(&self) -> f32 {
        self.powers.iter().sum::<f32>() / PARTS as f32
    }
}

/// Scores one stream, block by block.
pub(crate) struct Scorer {
    judge: Judge,
    gate: Gate,
    /// Quieter than this is quiet.
    gate_power: f32,
}

enum Judge {
    Energy(Box<Energy>),
    Network(&'static Network, Box<Memory>),
}

impl Scorer {
    pub(crate) fn new(detector: Detector, gate_dbfs: f32) -> Self {
        let judge = match detector {
            Detector::Energy => Judge::Energy(Box::default()),
            Detector::Network => Judge::Network(Network::shared(), Box::default()),
        };
        Self {
            judge,
            gate: Gate::new(),
            gate_power: dbfs_to_power(gate_dbfs),
        }
    }

    pub(crate) fn score(&mut self, codes: &[u8; BLOCK]) -> Scored {
        self.score_unless(codes, |_powers| false)
    }

    /// Scores a block unless, by the powers of its parts, it is `known` to be nobody's voice: after
    /// a while of such blocks the detector rests, as it does in silence.
    pub(crate) fn score_unless(
        &mut self,
        codes: &[u8; BLOCK],
        known: impl FnOnce(&[f32; PARTS]) -> bool,
    ) -> Scored {
        let sound = ulaw_as_floats(codes);
        let powers: [f32; PARTS] = array::from_fn(|part| power(&sound[part * PART..][..PART]));
        let known = known(&powers);
        let quiet = known || powers.iter().all(|&power| power < self.gate_power);
        let probability = match self.gate.passage(quiet) {
            Passage::Open => self.judge.listen(&sound),
            Passage::Reopened => {
                self.hear_again();
                self.judge.listen(&sound)
            }
            Passage::Shut => 0.0,
        };
        self.gate.keep(codes);
        Scored {
            powers,
            probability,
        }
    }

    /// Brings the network from nothing to where the recent blocks lead. A fresh memory reacts
    /// faster than one that dozed through minutes of silence.
    fn hear_again(&mut self) {
        let Judge::Network(network, memory) = &mut self.judge else {
            return;
        };
        **memory = Memory::default();
        for codes in self.gate.recent() {
            network.listen(memory, &ulaw_as_floats(codes));
        }
    }
}

impl Judge {
    fn listen(&mut self, sound: &[f32; BLOCK]) -> f32 {
        match self {
            Self::Energy(energy) => energy.listen(sound),
            Self::Network(network, memory) => network.listen(memory, sound),
        }
    }
}
