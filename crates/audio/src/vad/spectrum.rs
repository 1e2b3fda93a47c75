//! The network's first layer: magnitudes of four overlapping windows of sound.

use std::{array, f64::consts::TAU};

/// Samples of one window.
pub(super) const WINDOW: usize = 128;
/// Samples from one window to the next.
pub(super) const HOP: usize = 64;
/// Windows per block, transformed side by side, one per vector lane.
pub(super) const FRAMES: usize = 4;
/// Frequencies from zero to half the sampling rate.
pub(super) const BINS: usize = WINDOW / 2 + 1;
/// Samples that the windows of one block cover.
pub(super) const SPAN: usize = WINDOW + (FRAMES - 1) * HOP;

/// The transform runs over pairs of samples taken as complex numbers: half as long.
const HALF: usize = WINDOW / 2;

type Lanes = [f32; FRAMES];

#[derive(Clone, Copy)]
struct Rotation {
    cos: f32,
    sin: f32,
}

impl Rotation {
    /// By `-step / steps` of a full circle.
    fn back(step: usize, steps: usize) -> Self {
        let angle = -TAU * step as f64 / steps as f64;
        Self {
            cos: angle.cos() as f32,
            sin: angle.sin() as f32,
        }
    }
}

/// Tables for the transform.
pub(super) struct Spectrum {
    hann: [f32; WINDOW],
    butterflies: [Rotation; HALF / 2],
    halves: [Rotation; BINS],
}

impl Spectrum {
    pub(super) fn new() -> Self {
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / WINDOW as f64).cos();
        Self {
            hann: array::from_fn(|n| hann(n) as f32),
            butterflies: array::from_fn(|step| Rotation::back(step, HALF)),
            halves: array::from_fn(|step| Rotation::back(step, WINDOW)),
        }
    }

    /// Writes the magnitudes, frame after frame.
    #[inline(always)]
    pub(super) fn magnitudes(&self, sound: &[f32; SPAN], into: &mut [f32; FRAMES * BINS]) {
        let (mut real, mut imaginary) = self.windowed(sound);
        self.transform(&mut real, &mut imaginary);
        let mut powers = [[0.0; FRAMES]; BINS];
        for (bin, power) in powers.iter_mut().enumerate() {
            *power = self.power(&real, &imaginary, bin);
        }
        // Roots of all lanes at once: a root per value would take longer than the transform.
        for value in powers.as_flattened_mut() {
            *value = value.sqrt();
        }
        for (bin, magnitudes) in powers.iter().enumerate() {
            for (frame, magnitude) in magnitudes.iter().enumerate() {
                into[frame * BINS + bin] = *magnitude;
            }
        }
    }

    /// Even samples as real parts and odd ones as imaginary parts, in bit-reversed order.
    #[inline(always)]
    fn windowed(&self, sound: &[f32; SPAN]) -> ([Lanes; HALF], [Lanes; HALF]) {
        let (mut real, mut imaginary) = ([[0.0; FRAMES]; HALF], [[0.0; FRAMES]; HALF]);
        for index in 0..HALF {
            let even = 2 * (index.reverse_bits() >> (usize::BITS - HALF.ilog2()));
            for frame in 0..FRAMES {
                let at = frame * HOP + even;
                real[index][frame] = sound[at] * self.hann[even];
                imaginary[index][frame] = sound[at + 1] * self.hann[even + 1];
            }
        }
        (real, imaginary)
    }

    #[inline(always)]
    fn transform(&self, real: &mut [Lanes; HALF], imaginary: &mut [Lanes; HALF]) {
        let mut reach = 1;
        while reach < HALF {
            for group in (0..HALF).step_by(2 * reach) {
                for offset in 0..reach {
                    let turn = self.butterflies[offset * (HALF / 2 / reach)];
                    let (low, high) = (group + offset, group + offset + reach);
                    for lane in 0..FRAMES {
                        let (re, im) = (real[high][lane], imaginary[high][lane]);
                        let turned_re = re * turn.cos - im * turn.sin;
                        let turned_im = re * turn.sin + im * turn.cos;
                        real[high][lane] = real[low][lane] - turned_re;
                        imaginary[high][lane] = imaginary[low][lane] - turned_im;
                        real[low][lane] += turned_re;
                        imaginary[low][lane] += turned_im;
                    }
                }
            }
            reach *= 2;
        }
    }

    /// Untangles the spectra of even and odd samples, and joins them into that of all samples.
    #[inline(always)]
    fn power(&self, real: &[Lanes; HALF], imaginary: &[Lanes; HALF], bin: usize) -> Lanes {
        let (bin_low, bin_high) = (bin % HALF, (HALF - bin) % HALF);
        let (low_re, low_im) = (&real[bin_low], &imaginary[bin_low]);
        let (high_re, high_im) = (&real[bin_high], &imaginary[bin_high]);
        let turn = self.halves[bin];
        let mut power = [0.0; FRAMES];
        for (lane, power) in power.iter_mut().enumerate() {
            let even_re = 0.5 * (low_re[lane] + high_re[lane]);
            let even_im = 0.5 * (low_im[lane] - high_im[lane]);
            let odd_re = 0.5 * (low_im[lane] + high_im[lane]);
            let odd_im = 0.5 * (high_re[lane] - low_re[lane]);
            let re = even_re + odd_re * turn.cos - odd_im * turn.sin;
            let im = even_im + odd_re * turn.sin + odd_im * turn.cos;
            *power = re * re + im * im;
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition() {
        let sound: [f32; SPAN] = array::from_fn(|n| ((n * n * 31 + n * 7) % 199) as f32 / 199.0);
        let mut fast = [0.0; FRAMES * BINS];
        let spectrum = Spectrum::new();
        spectrum.magnitudes(&sound, &mut fast);
        for frame in 0..FRAMES {
            for bin in 0..BINS {
                let (mut re, mut im) = (0.0, 0.0);
                for n in 0..WINDOW {
                    let value = f64::from(sound[frame * HOP + n] * spectrum.hann[n]);
                    let angle = TAU * (bin * n) as f64 / WINDOW as f64;
                    re += value * angle.cos();
                    im -= value * angle.sin();
                }
                let exact = re.hypot(im);
                let got = f64::from(fast[frame * BINS + bin]);
                assert!(
                    (exact - got).abs() < 1e-4,
                    "frame {frame} bin {bin}: {got} {exact}"
                );
            }
        }
    }
}
