//! How quiet a line gets: the level of its own noise.

use crate::vad::BLOCK_MS;

/// The quietest block of the last 1.5 to 3 s counts: everyone pauses for breath within that.
const BLOCKS: u32 = 1_500 / BLOCK_MS;
/// The quietest of that many blocks of steady noise is about 1 dB under their mean.
const MEAN: f32 = 1.3;

/// Follows the quietest blocks of one stream.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    /// The quietest of the stretch before, and of the one that goes on.
    quietest: [f32; 2],
    blocks: u32,
}

impl Floor {
    pub(super) fn new() -> Self {
        Self {
            quietest: [f32::MAX; 2],
            blocks: 0,
        }
    }

    /// Hears the power of a block.
    pub(super) fn follow(&mut self, power: f32) {
        if self.blocks == BLOCKS {
            self.blocks = 0;
            self.quietest = [self.quietest[1], f32::MAX];
        }
        self.blocks += 1;
        self.quietest[1] = self.quietest[1].min(power);
    }

    /// The power of the line's noise; greater than any sound before the first block.
    pub(super) fn power(&self) -> f32 {
        self.quietest[0].min(self.quietest[1]) * MEAN
    }
}
