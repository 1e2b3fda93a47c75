//! Changes the sampling rate of a stream without folding or dulling speech.
//!
//! One [`Resampler`] per direction and call: it remembers the end of each chunk, because chunks
//! resampled on their own click at every edge.

mod kernel;

use std::sync::OnceLock;

use kernel::Kernel;

/// The rates of telephones, browsers, recognisers, voices and audio files.
pub const RATES_HZ: [u32; 9] = [
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
];

/// A rate that no resampler is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("cannot resample audio of {hz} Hz: supported rates are {RATES_HZ:?}")]
pub struct UnsupportedRate {
    /// The rate that was asked for.
    pub hz: u32,
}

/// Resamples one stream of mono audio.
#[derive(Clone)]
pub struct Resampler {
    /// None where the rates are the same.
    kernel: Option<&'static Kernel>,
    /// Input that further output depends on, from its earliest sample on.
    window: Vec<f32>,
    /// The next output's fraction of an input sample, in units of `1 / kernel.up`.
    phase: usize,
    /// Samples since the stream began.
    taken: u64,
    /// Samples since the stream began.
    given: u64,
}

impl Resampler {
    /// A resampler at the beginning of a stream.
    ///
    /// # Errors
    /// When one of the rates is not in [`RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, UnsupportedRate> {
        let kernel = kernel(from_hz, to_hz)?;
        let mut resampler = Self {
            kernel,
            window: Vec::new(),
            phase: 0,
            taken: 0,
            given: 0,
        };
        resampler.reset();
        Ok(resampler)
    }

    /// Appends all output that `input` allows: it lags behind by 2 ms of audio at the lower rate.
    pub fn push(&mut self, input: &[i16], output: &mut Vec<i16>) {
        let Some(kernel) = self.kernel else {
            output.extend_from_slice(input);
            return;
        };
        self.taken += input.len() as u64;
        self.window
            .extend(input.iter().map(|&sample| f32::from(sample)));
        self.drain(kernel, u64::MAX, output);
    }

    /// Appends the rest of the stream, and is ready for the next stream.
    pub fn flush(&mut self, output: &mut Vec<i16>) {
        if let Some(kernel) = self.kernel {
            let due = (self.taken * kernel.up as u64).div_ceil(kernel.down as u64);
            self.window.resize(self.window.len() + kernel.width(), 0.0);
            self.drain(kernel, due, output);
        }
        self.reset();
    }

    /// Forgets the stream: what comes next has nothing to do with it.
    pub fn reset(&mut self) {
        self.window.clear();
        if let Some(kernel) = self.kernel {
            // Silence before the stream, so that its first sample comes out first.
            self.window.resize(kernel.lead(), 0.0);
        }
        self.phase = 0;
        self.taken = 0;
        self.given = 0;
    }

    /// Computes output while there is input around it, up to `due` samples of the stream.
    fn drain(&mut self, kernel: &Kernel, due: u64, output: &mut Vec<i16>) {
        let mut from = 0;
        while self.given < due && from + kernel.width() <= self.window.len() {
            output.push(to_sample(kernel.output(self.phase, &self.window[from..])));
            self.given += 1;
            self.phase += kernel.down;
            from += self.phase / kernel.up;
            self.phase %= kernel.up;
        }
        self.window.drain(..from);
    }
}

/// Rounds; overshoot of the filter is cut off at full scale.
fn to_sample(value: f32) -> i16 {
    // A cast from float saturates.
    value.round() as i16
}

/// Computed once per pair of rates and process: the larger ones take a millisecond and 80 kB.
fn kernel(from_hz: u32, to_hz: u32) -> Result<Option<&'static Kernel>, UnsupportedRate> {
    const RATES: usize = RATES_HZ.len();
    static KERNELS: [[OnceLock<Kernel>; RATES]; RATES] =
        [const { [const { OnceLock::new() }; RATES] }; RATES];

    let place = |hz| {
        RATES_HZ
            .iter()
            .position(|&rate| rate == hz)
            .ok_or(UnsupportedRate { hz })
    };
    let (from, to) = (place(from_hz)?, place(to_hz)?);
    if from == to {
        return Ok(None);
    }
    let make = || Kernel::new(from_hz as usize, to_hz as usize);
    Ok(Some(KERNELS[from][to].get_or_init(make)))
}

#[cfg(test)]
mod tests;
