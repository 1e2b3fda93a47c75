//! The tones of a telephone's keys, for a line that takes nothing but sound.
//!
//! ITU-T Q.23: every key is two sines, one of its row and one of its column. Q.24 asks of who hears
//! them for 40 ms of sound and 40 ms of silence at most; menus at the end of a long way get more.

use std::f32::consts::{SQRT_2, TAU};

use crate::{
    g711::{BYTES_PER_MS, ulaw},
    level::dbfs_to_power,
};

/// How long a key sounds.
pub const SOUND_MS: u64 = 100;
/// The silence after it.
pub const SILENCE_MS: u64 = 100;
/// How long the key that is none, a wait, lasts.
pub const WAIT_MS: u64 = 500;

const RATE_HZ: f32 = 8_000.0;
/// The level of either sine.
const LEVEL_DBFS: f32 = -10.0;
/// A sine that begins or ends at once clicks: it swells for 4 ms.
const EDGE: usize = 32;
const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f32; 3] = [1_209.0, 1_336.0, 1_477.0];
const KEYS: [[char; 3]; 4] = [
    ['1', '2', '3'],
    ['4', '5', '6'],
    ['7', '8', '9'],
    ['*', '0', '#'],
];

/// The sound of one key, mu-law at 8 kHz, with the silence after it: `0`-`9`, `*`, `#`, or `w`, a
/// wait. `None`: there is no such key.
#[must_use]
pub fn tones(key: char) -> Option<Vec<u8>> {
    const SILENCE: u8 = 0xFF;
    if key == 'w' {
        return Some(vec![SILENCE; samples(WAIT_MS)]);
    }
    let pair = frequencies(key)?;
    let sound = (0..samples(SOUND_MS)).map(|at| ulaw::encode(sample(pair, at)));
    let silence = std::iter::repeat_n(SILENCE, samples(SILENCE_MS));
    Some(sound.chain(silence).collect())
}

/// How many samples, of a byte each, so long a sound has.
const fn samples(ms: u64) -> usize {
    (ms * BYTES_PER_MS) as usize
}

/// The row's and the column's.
fn frequencies(key: char) -> Option<[f32; 2]> {
    let row = KEYS.iter().position(|row| row.contains(&key))?;
    let column = KEYS[row].iter().position(|other| *other == key)?;
    Some([ROWS_HZ[row], COLUMNS_HZ[column]])
}

fn sample(pair: [f32; 2], at: usize) -> i16 {
    let peak = f32::from(i16::MAX) * dbfs_to_power(LEVEL_DBFS).sqrt() * SQRT_2;
    let from_edge = at.min(samples(SOUND_MS) - 1 - at);
    let swell = (from_edge as f32 / EDGE as f32).min(1.0);
    let sines = pair.map(|hz| (TAU * hz * at as f32 / RATE_HZ).sin());
    (sines.iter().sum::<f32>() * peak * swell) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{dbfs, power_to_dbfs};

    /// Where a receiver looks: the rows, the columns with the one that has no keys, and their second
    /// harmonics, which voices have and keys do not.
    const LOOKED_AT: [f32; 16] = [
        697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0, 1_394.0, 1_540.0, 1_704.0,
        1_882.0, 2_418.0, 2_672.0, 2_954.0, 3_266.0,
    ];

    fn decoded(key: char) -> Vec<i16> {
        let mut sound = Vec::new();
        ulaw::decode_into(&tones(key).unwrap(), &mut sound);
        sound
    }

    /// The level of one frequency, by Goertzel's recurrence.
    fn level_at(hz: f32, sound: &[i16]) -> f32 {
        let twice = 2.0 * (TAU * hz / RATE_HZ).cos();
        let (mut last, mut before) = (0.0, 0.0);
        for sample in sound {
            (last, before) = (f32::from(*sample) / 32_768.0 + twice * last - before, last);
        }
        let magnitude = last * last + before * before - twice * last * before;
        power_to_dbfs(2.0 * magnitude / (sound.len() as f32).powi(2))
    }

    #[test]
    fn a_receiver_hears_the_two_sines_of_a_key_and_nothing_else() {
        for (row, keys) in KEYS.iter().enumerate() {
            for (column, key) in keys.iter().enumerate() {
                let sound = decoded(*key);
                // What fits between the edges.
                let steady = &sound[EDGE..samples(SOUND_MS) - EDGE];
                for hz in LOOKED_AT {
                    let level = level_at(hz, steady);
                    if hz == ROWS_HZ[row] || hz == COLUMNS_HZ[column] {
                        assert!(
                            (level - LEVEL_DBFS).abs() < 0.5,
                            "{key}: {hz} Hz at {level}"
                        );
                    } else {
                        assert!(level < LEVEL_DBFS - 18.0, "{key}: {hz} Hz at {level}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_key_is_followed_by_silence_and_a_wait_is_nothing_else() {
        let five = decoded('5');
        assert_eq!(five.len(), samples(SOUND_MS + SILENCE_MS));
        assert!(dbfs(&five[samples(SOUND_MS)..]) < -80.0);
        let wait = decoded('w');
        assert_eq!(wait.len(), samples(WAIT_MS));
        assert!(dbfs(&wait) < -80.0);
    }

    #[test]
    fn a_key_begins_and_ends_without_a_click() {
        let sound = decoded('9');
        let loudest = |samples: &[i16]| samples.iter().map(|one| one.unsigned_abs()).max();
        let whole = loudest(&sound).unwrap();
        let end = samples(SOUND_MS);
        for edge in [&sound[..4], &sound[end - 4..end]] {
            assert!(loudest(edge).unwrap() < whole / 5, "{edge:?} of {whole}");
        }
        assert!(whole < 32_000, "{whole} is clipped");
    }

    #[test]
    fn other_signs_are_no_keys() {
        for sign in ['A', 'W', ' ', ',', '٣'] {
            assert_eq!(tones(sign), None, "{sign}");
        }
    }
}
