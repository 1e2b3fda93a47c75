use std::{f32::consts::TAU, sync::LazyLock};

use audio::g711::ulaw;

/// What makes sound of text: mu-law, 8 kHz.
pub trait Voice: Send + Sync {
    /// The sound of a text, as long as a person would take for it.
    fn say(&self, text: &str) -> Vec<u8>;
}

/// The sample in which a text's so-many-th character ends, if all take as long. The fake tells these
/// times, and judges of what was heard go by them.
pub(crate) const fn char_end(samples: usize, chars: usize, number: usize) -> usize {
    samples * number / if chars > 0 { chars } else { 1 }
}

/// Hums a text: a buzz with a melody for letters, a gap for blanks. Loud, and of the right length.
#[derive(Clone, Copy, Debug)]
pub struct Tones {
    /// Milliseconds per character.
    pub char_ms: usize,
    /// Pitch of the voice in Hz.
    pub pitch: f32,
}

impl Default for Tones {
    fn default() -> Self {
        Self {
            char_ms: 60,
            pitch: 160.0,
        }
    }
}

const RATE: f32 = 8_000.0;
/// Bytes of mu-law in a millisecond.
pub(super) const BYTES_PER_MS: usize = audio::g711::BYTES_PER_MS as usize;

impl Voice for Tones {
    fn say(&self, text: &str) -> Vec<u8> {
        let length = self.char_ms * BYTES_PER_MS;
        let mut phase = 0.0;
        let mut audio = Vec::with_capacity(text.chars().count() * length);
        for char in text.chars() {
            let pitch = self.pitch * (1.0 + (u32::from(char) % 7) as f32 / 14.0);
            for at in 0..length {
                phase = (phase + pitch / RATE).fract();
                let loud = if char.is_alphanumeric() {
                    swell(at, length)
                } else {
                    0.0
                };
                audio.push(ulaw::encode((buzz(phase) * loud) as i16));
            }
        }
        audio
    }
}

/// Rises and falls over one letter, so that letters do not click.
fn swell(at: usize, length: usize) -> f32 {
    let edge = (length / 6).max(1);
    let to_edge = at.min(length - 1 - at);
    7_000.0 * (to_edge as f32 / edge as f32).min(1.0)
}

/// One round of the buzz. It is looked up: as many sines for each sample keep a fake busy for longer
/// than the server whose turn it measures.
static BUZZ: LazyLock<[f32; ROUND]> =
    LazyLock::new(|| std::array::from_fn(|at| vowel(at as f32 / ROUND as f32)));
const ROUND: usize = 1_024;

fn buzz(phase: f32) -> f32 {
    BUZZ[(phase * ROUND as f32) as usize % ROUND]
}

/// Harmonics up to the middle of the telephone's band, about like a vowel: with fewer of them an ear
/// takes it for a machine's tone.
fn vowel(phase: f32) -> f32 {
    const HARMONICS: u8 = 10;
    const PEAK: f32 = 1.9;
    let harmonic = |n: f32| (TAU * phase * n).sin() / n;
    (1..=HARMONICS).map(f32::from).map(harmonic).sum::<f32>() / PEAK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_audible_and_as_long_as_it_should_be() {
        let audio = Tones::default().say("Hello.");
        assert_eq!(audio.len(), 6 * 60 * 8);
        let samples: Vec<i16> = audio.iter().map(|code| ulaw::decode(*code)).collect();
        assert!(audio::level::dbfs(&samples) > -25.0);
    }
}
