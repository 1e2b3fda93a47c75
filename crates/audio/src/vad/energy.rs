//! A detector without a network: the voice band over a floor that adapts, and how flat it is.
//!
//! Noise is flat, a tone is a single peak, a voice lies between: its harmonics stand out, and there
//! are many of them.

use super::{
    network::BLOCK,
    spectrum::{BINS, FRAMES, SPAN, Spectrum, WINDOW},
};

/// 300 to 3,400 Hz in steps of 62.5 Hz.
const BAND: std::ops::Range<usize> = 5..55;
/// A voice is at least this much above the floor: 9 dB.
const ABOVE_FLOOR: f32 = 8.0;
/// A voice that goes on may come down to 5 dB above it.
const STILL_ABOVE_FLOOR: f32 = 3.2;
/// Flatter than this is noise. White noise scores 0.85, a vowel less than 0.3.
const FLATTEST: f32 = 0.5;
/// A tone or two hold more of the band than this, wherever a voice spreads over many harmonics.
const TONE_SHARE: f32 = 0.97;
/// How many of the highest lines count as a tone or two: each spreads over three.
const TONE_LINES: usize = 6;
/// The floor follows quieter sound in about 100 ms ...
const FALL: f32 = 0.3;
/// ... and louder sound by 2 dB a second, so that speech does not lift it much.
const RISE: f32 = 1.015;
/// Quieter than this (-75 dBFS in the band) is no floor: a line may be digitally silent.
const LOWEST_FLOOR: f32 = 3e-8;

/// What is remembered of one stream.
pub(super) struct Energy {
    spectrum: Spectrum,
    /// The end of the block before, which the windows of this one begin with.
    before: [f32; WINDOW / 2],
    floor: Option<f32>,
    voiced: bool,
}

impl Default for Energy {
    fn default() -> Self {
        Self {
            spectrum: Spectrum::new(),
            before: [0.0; WINDOW / 2],
            floor: None,
            voiced: false,
        }
    }
}

impl Energy {
    /// 1 for a voice, between the thresholds for what may belong to one, 0 for anything else.
    pub(super) fn listen(&mut self, sound: &[f32; BLOCK]) -> f32 {
        let lines = self.lines(sound);
        let power: f32 = lines.iter().sum();
        let floor = self.follow(power);
        let needed = if self.voiced {
            STILL_ABOVE_FLOOR
        } else {
            ABOVE_FLOOR
        };
        let loud = power > floor * needed;
        let voice = loud && flatness(&lines) < FLATTEST && !is_tone(&lines);
        // A hiss between two vowels is as flat as noise, and belongs to the word.
        let score = match (voice, loud && self.voiced) {
            (true, _) => 1.0,
            (false, true) => 0.4,
            (false, false) => 0.0,
        };
        self.voiced = score > 0.0 && !is_tone(&lines);
        if self.voiced { score } else { 0.0 }
    }

    /// The power of each line of the voice band, full scale being about 1 for all together.
    fn lines(&mut self, sound: &[f32; BLOCK]) -> [f32; BAND.end - BAND.start] {
        let mut span = [0.0; SPAN];
        span[..WINDOW / 2].copy_from_slice(&self.before);
        span[WINDOW / 2..].copy_from_slice(sound);
        self.before.copy_from_slice(&sound[BLOCK - WINDOW / 2..]);
        let mut magnitudes = [0.0; FRAMES * BINS];
        self.spectrum.magnitudes(&span, &mut magnitudes);
        std::array::from_fn(|line| {
            let frames = (0..FRAMES).map(|frame| magnitudes[frame * BINS + BAND.start + line]);
            frames.map(|magnitude| magnitude * magnitude).sum::<f32>() / SCALE
        })
    }

    /// How loud the line is without a voice, as far as is known before this block.
    fn follow(&mut self, power: f32) -> f32 {
        let floor = self
            .floor
            .unwrap_or(power.min(FIRST_FLOOR))
            .max(LOWEST_FLOOR);
        let next = if power < floor {
            floor + (power - floor) * FALL
        } else {
            floor * RISE
        };
        self.floor = Some(next.max(LOWEST_FLOOR));
        floor
    }
}

/// A line that begins with a voice must not take it for its floor: -50 dBFS.
const FIRST_FLOOR: f32 = 1e-5;

/// By Parseval, what a full-scale signal's lines add up to over all frames: the squared Hann
/// window sums to three eighths of its length, and half of the spectrum is mirrored.
const SCALE: f32 = FRAMES as f32 * WINDOW as f32 * WINDOW as f32 * 3.0 / 16.0;

/// The geometric over the arithmetic mean: 1 for a flat spectrum, near 0 for a few peaks.
fn flatness(lines: &[f32]) -> f32 {
    let count = lines.len() as f32;
    let arithmetic = lines.iter().sum::<f32>() / count;
    let logs: f32 = lines
        .iter()
        .map(|line| line.max(f32::MIN_POSITIVE).ln())
        .sum();
    (logs / count).exp() / arithmetic.max(f32::MIN_POSITIVE)
}

fn is_tone(lines: &[f32]) -> bool {
    let mut highest = [0.0f32; TONE_LINES];
    for &line in lines {
        // The lowest of the highest gives way.
        if let Some(least) = highest.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *least = least.max(line);
        }
    }
    highest.iter().sum::<f32>() > TONE_SHARE * lines.iter().sum::<f32>()
}
