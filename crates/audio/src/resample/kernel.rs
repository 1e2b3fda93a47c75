//! The filter behind a ratio of rates, split into one set of taps per phase.

use std::{f64::consts::PI, iter};

/// Zero crossings on each side, at the lower rate. 16 delay phone audio by 2 ms; 32 would be
/// sharper at twice the delay, 8 would dull the consonants.
const ZERO_CROSSINGS: usize = 16;
/// Steepness of the window: side lobes 80 dB down.
const KAISER_BETA: f64 = 8.0;
/// Where the filter begins to close, relative to half the lower rate.
const CUT_OFF: f64 = 0.92;
/// Taps come in groups as wide as vector registers.
pub(super) const LANES: usize = 8;

/// How to compute output samples between input samples.
pub(super) struct Kernel {
    /// Output samples for each `down` input samples.
    pub(super) up: usize,
    /// Input samples for each `up` output samples.
    pub(super) down: usize,
    /// Phase after phase, `width` taps each, earliest input first.
    taps: Vec<f32>,
    width: usize,
}

impl Kernel {
    pub(super) fn new(from_hz: usize, to_hz: usize) -> Self {
        let divisor = greatest_common_divisor(from_hz, to_hz);
        let (up, down) = (to_hz / divisor, from_hz / divisor);
        let half_width = (ZERO_CROSSINGS * from_hz).div_ceil(from_hz.min(to_hz));
        let width = (2 * half_width).next_multiple_of(LANES);
        let shape = Shape {
            cut_off: CUT_OFF * (to_hz as f64 / from_hz as f64).min(1.0),
            half_width: half_width as f64,
        };
        let taps = (0..up).flat_map(|phase| phase_taps(&shape, width, phase as f64 / up as f64));
        Self {
            up,
            down,
            taps: taps.collect(),
            width,
        }
    }

    /// Input samples that one output depends on.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How many of them come before the sample at the output's own position.
    pub(super) fn lead(&self) -> usize {
        self.width / 2 - 1
    }

    /// The output at a phase, from the `width` input samples around it.
    #[inline]
    pub(super) fn output(&self, phase: usize, window: &[f32]) -> f32 {
        let taps = self.taps[phase * self.width..][..self.width]
            .as_chunks::<LANES>()
            .0;
        let window = window[..self.width].as_chunks::<LANES>().0;
        let mut sums = [0.0; LANES];
        for (taps, samples) in taps.iter().zip(window) {
            for ((sum, tap), sample) in sums.iter_mut().zip(taps).zip(samples) {
                *sum += tap * sample;
            }
        }
        sums.iter().sum()
    }
}

/// A windowed sinc, in units of input samples.
struct Shape {
    cut_off: f64,
    half_width: f64,
}

impl Shape {
    fn at(&self, distance: f64) -> f64 {
        let edge = distance / self.half_width;
        if edge.abs() >= 1.0 {
            return 0.0;
        }
        let window = bessel(KAISER_BETA * (1.0 - edge * edge).sqrt());
        let angle = PI * self.cut_off * distance;
        if angle == 0.0 {
            window
        } else {
            window * angle.sin() / angle
        }
    }
}

/// Each phase passes a constant unchanged, so that phases do not differ in loudness.
fn phase_taps(shape: &Shape, width: usize, fraction: f64) -> impl Iterator<Item = f32> {
    let lead = width / 2 - 1;
    let position = lead as f64 + fraction;
    let taps: Vec<f64> = (0..width)
        .map(|index| shape.at(index as f64 - position))
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(move |tap| (tap / sum) as f32)
}

/// The modified Bessel function of order zero, by its power series.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let terms = iter::successors(Some((1.0, 1.0)), |&(term, n): &(f64, f64)| {
        Some((term * quarter / (n * n), n + 1.0))
    });
    terms
        .map(|(term, _)| term)
        .take_while(|&term| term > 1e-15)
        .sum()
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}
