//! Long sound that is no speech: music while the caller holds, a machine, a train.

use super::floor::Floor;
use crate::{level::dbfs_to_power, vad::BLOCK_MS};

/// Quieter sound does not count.
const LOUD_DBFS: f32 = -45.0;
/// Sound must stand out of the line's steady noise by 5 dB, as music does from its own quieter
/// moments.
const ABOVE_FLOOR: f32 = 3.2;
/// How much sound begins a noise, and how much less of it ends one.
const LASTS_MS: u32 = 500;

/// Watches one stream for noise.
#[derive(Clone, Debug)]
pub(super) struct Noise {
    loud_power: f32,
    floor: Floor,
    /// Sound within the last while, in ms.
    score: u32,
    sounding: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Started,
    Stopped,
}

impl Noise {
    pub(super) fn new() -> Self {
        Self {
            loud_power: dbfs_to_power(LOUD_DBFS),
            floor: Floor::new(),
            score: 0,
            sounding: false,
        }
    }

    /// Hears a block; `foreign` if it is neither speech nor our own echo.
    pub(super) fn hear(&mut self, power: f32, foreign: bool) -> Option<Change> {
        self.floor.follow(power);
        let loud = power > self.loud_power.max(self.floor.power() * ABOVE_FLOOR);
        if foreign && loud {
            self.score = (self.score + BLOCK_MS).min(LASTS_MS);
        } else {
            self.score = self.score.saturating_sub(BLOCK_MS);
        }
        match (self.sounding, self.score) {
            (false, LASTS_MS) => {
                self.sounding = true;
                Some(Change::Started)
            }
            (true, 0) => {
                self.sounding = false;
                Some(Change::Stopped)
            }
            (false | true, _) => None,
        }
    }
}

/// How long ago a change happened that is told only when it is certain.
pub(super) const TOLD_AFTER_MS: u64 = LASTS_MS as u64;

#[cfg(test)]
mod tests {
    use super::*;

    /// When the noise began and ended, by blocks, over these levels.
    fn told(levels: impl IntoIterator<Item = f32>) -> Vec<(usize, Change)> {
        let mut noise = Noise::new();
        let hear = |(block, dbfs)| Some((block, noise.hear(dbfs_to_power(dbfs), true)?));
        levels.into_iter().enumerate().filter_map(hear).collect()
    }

    #[test]
    fn music_is_noise_after_half_a_second_and_until_half_a_second_without() {
        let music = (0..200).map(|block| if block % 4 == 0 { -38.0 } else { -22.0 });
        let told = told([-70.0; 20].into_iter().chain(music).chain([-70.0; 20]));
        let [(from, Change::Started), (until, Change::Stopped)] = told[..] else {
            panic!("{told:?}")
        };
        assert!((34..56).contains(&from), "{from}");
        assert!((230..240).contains(&until), "{until}");
    }

    #[test]
    fn a_door_is_no_noise() {
        assert_eq!(told([[-70.0; 20], [-20.0; 20]].concat()[..34].to_vec()), []);
    }

    #[test]
    fn steady_noise_becomes_the_lines_own_floor() {
        let told = told([-70.0; 20].into_iter().chain([-35.0; 300]));
        let [(_, Change::Started), (until, Change::Stopped)] = told[..] else {
            panic!("{told:?}")
        };
        assert!(until < 20 + 3_500 / BLOCK_MS as usize, "{until}");
    }
}
