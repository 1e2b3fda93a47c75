//! Sound that nobody's voice makes: bytes of another format, played as if they were ours.

use crate::g711::ulaw;

/// A fifth of a second: no sound of speech is loud and without any pitch for so long.
const WINDOW: u32 = 1_600;
/// The level from which sound can be told from speech: a sixth of full scale. Voices that were made
/// for the telephone reach it in their vowels, never in their hissing sounds.
const LOUD: f32 = 5_000.0;
/// By how much neighbouring samples differ, against how large they are: 2 where they have nothing to
/// do with each other, below 0.8 in loud speech.
const UNRELATED: f32 = 1.2;

/// Listens for it, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct HissMeter {
    samples: u32,
    energy: f32,
    change: f32,
    last: f32,
}

impl HissMeter {
    /// Hears mu-law. Returns whether a fifth of a second of it was no speech.
    pub fn hears(&mut self, bytes: &[u8]) -> bool {
        let mut hissed = false;
        for &byte in bytes {
            let sample = f32::from(ulaw::decode(byte));
            self.energy += sample * sample;
            self.change += (sample - self.last) * (sample - self.last);
            self.last = sample;
            self.samples += 1;
            if self.samples == WINDOW {
                hissed |= self.is_hiss();
                *self = Self {
                    last: sample,
                    ..Self::default()
                };
            }
        }
        hissed
    }

    fn is_hiss(&self) -> bool {
        let loud = self.energy > LOUD * LOUD * self.samples as f32;
        loud && self.change > UNRELATED * self.energy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vowel: a tone and its overtones, loud.
    fn vowel(samples: u16) -> Vec<i16> {
        let at = |n: u16| {
            let turn = f32::from(n) * 150.0 * std::f32::consts::TAU / 8_000.0;
            let wave = turn.sin() + (3.0 * turn).sin() / 2.0 + (7.0 * turn).sin() / 3.0;
            (wave * 12_000.0) as i16
        };
        (0..samples).map(at).collect()
    }

    #[test]
    fn speech_is_none_however_loud() {
        let bytes: Vec<u8> = vowel(8_000).into_iter().map(ulaw::encode).collect();
        assert!(!HissMeter::default().hears(&bytes));
    }

    #[test]
    fn samples_of_two_bytes_are() {
        let bytes: Vec<u8> = vowel(1_600)
            .into_iter()
            .flat_map(i16::to_le_bytes)
            .collect();
        let mut meter = HissMeter::default();
        let mut pieces = bytes.chunks(160);
        assert!(pieces.any(|piece| meter.hears(piece)));
    }

    #[test]
    fn compressed_sound_is() {
        let mut state = 1_u32;
        let byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let bytes: Vec<u8> = std::iter::repeat_with(byte).take(1_600).collect();
        assert!(HissMeter::default().hears(&bytes));
    }

    #[test]
    fn silence_and_a_soft_hiss_are_not() {
        let soft = [ulaw::encode(900), ulaw::encode(-900)].repeat(1_600);
        assert!(!HissMeter::default().hears(&soft));
        assert!(!HissMeter::default().hears(&[ulaw::SILENCE; 3_200]));
    }
}
