//! Keeps the network from running while a line is silent, which is most of a call.

use super::network::BLOCK;

/// Quiet blocks after which the network is not asked any more.
const QUIET_BLOCKS: u32 = 8;
/// Blocks heard again on waking, so that the network knows the line's silence.
const REPLAYED: usize = 4;

/// Watches how long the line has been quiet, and keeps the last of it.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    quiet_blocks: u32,
    /// The last blocks in mu-law, as a ring.
    recent: [[u8; BLOCK]; REPLAYED],
    oldest: usize,
}

/// What is to be done with a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Passage {
    /// Ask the network.
    Open,
    /// Have the network forget everything, hear the recent blocks, then ask it.
    Reopened,
    /// Quiet for long: certainly no speech.
    Shut,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            quiet_blocks: 0,
            recent: [[0; BLOCK]; REPLAYED],
            oldest: 0,
        }
    }

    /// Whether the next block may pass.
    pub(super) fn passage(&mut self, quiet: bool) -> Passage {
        let was_shut = self.quiet_blocks > QUIET_BLOCKS;
        self.quiet_blocks = if quiet {
            self.quiet_blocks.saturating_add(1)
        } else {
            0
        };
        match (was_shut, self.quiet_blocks > QUIET_BLOCKS) {
            (_, true) => Passage::Shut,
            (true, false) => Passage::Reopened,
            (false, false) => Passage::Open,
        }
    }

    /// Keeps a block for waking up.
    pub(super) fn keep(&mut self, block: &[u8; BLOCK]) {
        self.recent[self.oldest] = *block;
        self.oldest = (self.oldest + 1) % REPLAYED;
    }

    /// The last blocks, oldest first. A gate that was shut has seen more than these.
    pub(super) fn recent(&self) -> impl Iterator<Item = &[u8; BLOCK]> {
        let (newer, older) = self.recent.split_at(self.oldest);
        older.iter().chain(newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuts_after_eight_quiet_blocks_and_opens_at_once() {
        let mut gate = Gate::new();
        for _ in 0..8 {
            assert_eq!(gate.passage(true), Passage::Open);
        }
        assert_eq!(gate.passage(true), Passage::Shut);
        assert_eq!(gate.passage(true), Passage::Shut);
        assert_eq!(gate.passage(false), Passage::Reopened);
        assert_eq!(gate.passage(true), Passage::Open);
    }

    #[test]
    fn one_loud_block_keeps_it_open() {
        let mut gate = Gate::new();
        for round in 0..100 {
            assert_eq!(gate.passage(round % 8 != 0), Passage::Open);
        }
    }

    #[test]
    fn keeps_the_last_four_blocks_in_order() {
        let mut gate = Gate::new();
        for number in 1..=6 {
            gate.keep(&[number; BLOCK]);
        }
        let numbers: Vec<u8> = gate.recent().map(|block| block[0]).collect();
        assert_eq!(numbers, [3, 4, 5, 6]);
    }
}
