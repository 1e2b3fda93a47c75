//! How loud sound is: root mean square, in dB below full scale.

use crate::g711::ulaw;

/// What digital silence counts as: below the quietest sound that 16 bits can hold.
pub const FLOOR_DBFS: f32 = -100.0;

const FULL_SCALE: f32 = 32_768.0;

static FLOATS: [f32; 256] = float_table();

const fn float_table() -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] = ulaw::decode_by_formula(code as u8) as f32 / FULL_SCALE;
        code += 1;
    }
    table
}

/// The samples of mu-law codes, full scale being 1.
pub(crate) fn ulaw_as_floats<const N: usize>(codes: &[u8; N]) -> [f32; N] {
    codes.map(|code| FLOATS[usize::from(code)])
}

/// The level of `samples`: 0 for a full-scale square wave, -3 for a full-scale sine.
#[must_use]
pub fn dbfs(samples: &[i16]) -> f32 {
    // Exact in 64 bits, for up to an hour of full-scale sound and far beyond.
    let energy: i64 = samples
        .iter()
        .map(|&sample| i64::from(i32::from(sample).pow(2)))
        .sum();
    let mean = energy as f64 / samples.len().max(1) as f64;
    power_to_dbfs((mean / f64::from(FULL_SCALE).powi(2)) as f32)
}

/// The level of sound whose mean square is `power`, full scale being 1.
#[must_use]
pub fn power_to_dbfs(power: f32) -> f32 {
    (10.0 * power.log10()).max(FLOOR_DBFS)
}

/// The mean square of sound at a level, full scale being 1.
#[must_use]
pub fn dbfs_to_power(dbfs: f32) -> f32 {
    10f32.powf(dbfs / 10.0)
}

/// The mean square of `samples`, full scale being 1.
pub(crate) fn power(samples: &[f32]) -> f32 {
    const LANES: usize = 8;
    let (chunks, rest) = samples.as_chunks::<LANES>();
    // Eight sums side by side: one alone would have to be added up in order, without vectors.
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, sample) in sums.iter_mut().zip(chunk) {
            *sum += sample * sample;
        }
    }
    let rest: f32 = rest.iter().map(|sample| sample * sample).sum();
    (sums.iter().sum::<f32>() + rest) / samples.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero() {
        assert!(dbfs(&[i16::MIN; 160]).abs() < 1e-3);
        assert!(dbfs(&[i16::MAX; 160]).abs() < 1e-3);
    }

    #[test]
    fn a_tenth_is_twenty_below() {
        assert!((dbfs(&[3_277, -3_277]) + 20.0).abs() < 0.01);
    }

    #[test]
    fn silence_and_nothing_are_at_the_floor() {
        assert_eq!(dbfs(&[0; 160]), FLOOR_DBFS);
        assert_eq!(dbfs(&[]), FLOOR_DBFS);
    }

    #[test]
    fn levels_and_powers_convert_both_ways() {
        for level in [-90.0, -56.0, -20.0, 0.0] {
            assert!((power_to_dbfs(dbfs_to_power(level)) - level).abs() < 1e-3);
        }
    }

    #[test]
    fn power_counts_every_sample() {
        let samples = [0.5; 19];
        assert!((power(&samples) - 0.25).abs() < 1e-6);
    }
}
