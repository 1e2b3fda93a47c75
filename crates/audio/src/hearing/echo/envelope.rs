//! Envelopes: how loud each 16 ms of a stream are, of both directions in the same count of steps.

use crate::level::{power, ulaw_as_floats};

/// Samples of one step: 16 ms.
pub(in crate::hearing) const STEP: usize = 128;

/// Steps that are kept of each direction: 4 s, a power of two. That covers what is compared, the
/// longest lag and what was sent ahead.
const KEPT: usize = 256;
const KEPT_STEPS: u64 = KEPT as u64;

/// The envelope of one stream, its last steps. Values are fourth roots of power: peaks count, the
/// line's noise between them hardly does, and yet a loud step does not outweigh all the others.
pub(super) struct Steps {
    loudness: [f32; KEPT],
    count: u64,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            loudness: [0.0; KEPT],
            count: 0,
        }
    }

    pub(super) fn push(&mut self, power: f32) {
        self.loudness[place(self.count)] = power.sqrt().sqrt();
        self.count += 1;
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Copies the steps just before `until`. What is not known is silent.
    pub(super) fn copy(&self, until: u64, into: &mut [f32]) {
        let length = into.len() as u64;
        for (offset, value) in (0..).zip(into) {
            // Steps before the beginning of the stream have no number.
            *value = (until + offset)
                .checked_sub(length)
                .map_or(0.0, |step| self.at(step));
        }
    }

    pub(super) fn copy_last(&self, into: &mut [f32]) {
        self.copy(self.count, into);
    }

    fn at(&self, step: u64) -> f32 {
        if step < self.count && self.count - step <= KEPT_STEPS {
            self.loudness[place(step)]
        } else {
            0.0
        }
    }

    /// Continues at `step`: with silence if that lies ahead, anew from there if it lies behind.
    fn go_to(&mut self, step: u64) {
        if step >= self.count.saturating_add(KEPT_STEPS) {
            self.loudness.fill(0.0);
            self.count = step;
        }
        while self.count < step {
            self.push(0.0);
        }
        self.count = step;
    }
}

fn place(step: u64) -> usize {
    (step % KEPT_STEPS) as usize
}

/// The envelope of what we play, dated by when the caller's end plays it.
pub(super) struct Own {
    steps: Steps,
    /// The step that is not complete yet.
    energy: f32,
    samples: usize,
}

impl Own {
    pub(super) fn new() -> Self {
        Self {
            steps: Steps::new(),
            energy: 0.0,
            samples: 0,
        }
    }

    /// Adds sound that is played from sample `at` on.
    pub(super) fn played(&mut self, ulaw: &[u8], at: u64) {
        self.go_to(at);
        let (chunks, rest) = ulaw.as_chunks::<LANES>();
        for chunk in chunks {
            self.add(chunk);
        }
        let mut last = [crate::g711::ulaw::SILENCE; LANES];
        last[..rest.len()].copy_from_slice(rest);
        if !rest.is_empty() {
            self.add(&last);
        }
    }

    /// Forgets what would have been played from sample `at` on.
    pub(super) fn silenced(&mut self, at: u64) {
        let step = at / STEP as u64;
        if step < self.steps.count {
            self.steps.go_to(step);
            (self.energy, self.samples) = (0.0, 0);
        }
    }

    /// The greatest power of the `span` steps before `until`.
    pub(super) fn loudest(&self, until: u64, span: u64) -> f32 {
        let loudness = (until.saturating_sub(span)..until)
            .map(|step| self.steps.at(step))
            .fold(0.0, f32::max);
        loudness.powi(4)
    }

    pub(super) fn copy(&self, until: u64, into: &mut [f32]) {
        self.steps.copy(until, into);
    }

    /// Sound that follows on what was added last goes on in the same step; a few samples more or
    /// less are the rounding of times to milliseconds.
    fn go_to(&mut self, at: u64) {
        let expected = self.steps.count * STEP as u64 + self.samples as u64;
        if at.abs_diff(expected) < STEP as u64 / 2 {
            return;
        }
        (self.energy, self.samples) = (0.0, 0);
        self.steps.go_to((at + STEP as u64 / 2) / STEP as u64);
    }

    fn add(&mut self, codes: &[u8; LANES]) {
        self.energy += power(&ulaw_as_floats(codes)) * LANES as f32;
        self.samples += LANES;
        if self.samples >= STEP {
            self.steps.push(self.energy / self.samples as f32);
            (self.energy, self.samples) = (0.0, 0);
        }
    }
}

/// Samples that are added together: frames of 20 ms and steps of 16 ms are whole multiples.
const LANES: usize = 32;

/// How two envelopes of the same length relate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correlation {
    /// Pearson's coefficient: 1 for the same shape, 0 for unrelated ones.
    pub(super) likeness: f32,
    /// By how much the second one is to be multiplied to get the first.
    pub(super) slope: f32,
}

pub(super) fn correlation(heard: &[f32], own: &[f32]) -> Correlation {
    let count = heard.len().max(1) as f32;
    let [x, y, xx, yy, xy] = sums(heard, own);
    let (variance_x, variance_y) = (xx - x * x / count, yy - y * y / count);
    let covariance = xy - x * y / count;
    // Rounding leaves something of the variance of constant sound.
    let noise = 1e-6 * count;
    if variance_x < noise || variance_y < noise {
        return Correlation {
            likeness: 0.0,
            slope: 0.0,
        };
    }
    Correlation {
        likeness: covariance / (variance_x * variance_y).sqrt(),
        slope: xy / yy,
    }
}

/// The sums over both, over their squares, and over their products.
fn sums(heard: &[f32], own: &[f32]) -> [f32; 5] {
    const SIDE: usize = 8;
    let mut sums = [[0.0; SIDE]; 5];
    let mut add = |heard: &[f32; SIDE], own: &[f32; SIDE]| {
        for lane in 0..SIDE {
            let (x, y) = (heard[lane], own[lane]);
            sums[0][lane] += x;
            sums[1][lane] += y;
            sums[2][lane] += x * x;
            sums[3][lane] += y * y;
            sums[4][lane] += x * y;
        }
    };
    let (heard, heard_rest) = heard.as_chunks();
    let (own, own_rest) = own.as_chunks();
    for (heard, own) in heard.iter().zip(own) {
        add(heard, own);
    }
    let (mut last_heard, mut last_own) = ([0.0; SIDE], [0.0; SIDE]);
    last_heard[..heard_rest.len()].copy_from_slice(heard_rest);
    last_own[..own_rest.len()].copy_from_slice(own_rest);
    add(&last_heard, &last_own);
    sums.map(|lanes| lanes.iter().sum())
}
