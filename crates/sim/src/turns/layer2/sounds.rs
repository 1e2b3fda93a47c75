//! Sounds that are no speech, made by rule: a coughing caller needs no recording. Pure: the same
//! length and seed give the same sound.

use std::f32::consts::TAU;

use crate::{Dice, carrier::SAMPLES_PER_MS, turns::scenario::SoundKind};

const RATE: f32 = 8_000.0;
/// The loudest sample, as in the recordings of voices.
const PEAK: f32 = 16_000.0;

/// A sound of this kind and length, as loud as a voice: 16 bit, 8 kHz.
pub(super) fn make(kind: SoundKind, ms: u64, seed: u64) -> Vec<i16> {
    let length = usize::try_from(ms * SAMPLES_PER_MS).unwrap_or(0);
    let mut dice = Dice::new(seed);
    let sound = match kind {
        SoundKind::Babble => babble(length, &mut dice),
        SoundKind::Cough => cough(length, &mut dice),
        SoundKind::Door => door(length, &mut dice),
        SoundKind::Music => music(length),
        SoundKind::Typing => typing(length, &mut dice),
        SoundKind::Um => hum(length, 118.0),
    };
    let loudest = sound.iter().fold(1e-6_f32, |most, x| most.max(x.abs()));
    let samples = sound.iter().map(|x| (x / loudest * PEAK) as i16);
    samples.collect()
}

/// Evenly distributed from -1 to 1.
fn hiss(dice: &mut Dice) -> f32 {
    (dice.unit() * 2.0 - 1.0) as f32
}

fn seconds(at: usize) -> f32 {
    at as f32 / RATE
}

/// Rises within 5 ms and falls to the end.
fn burst(at: usize, length: usize, sharpness: f32) -> f32 {
    let rise = (seconds(at) / 0.005).min(1.0);
    let rest = 1.0 - at as f32 / length.max(1) as f32;
    rise * rest.powf(sharpness)
}

/// Two bursts of rough breath.
fn cough(length: usize, dice: &mut Dice) -> Vec<f32> {
    let half = length / 2;
    let mut low = 0.0;
    (0..length)
        .map(|at| {
            low += (hiss(dice) - low) * 0.55;
            let flutter = 0.7 + 0.3 * (TAU * 31.0 * seconds(at)).sin();
            low * flutter * burst(at % half.max(1), half, 1.6)
        })
        .collect()
}

/// A thump that dies away.
fn door(length: usize, dice: &mut Dice) -> Vec<f32> {
    let mut low = 0.0;
    (0..length)
        .map(|at| {
            low += (hiss(dice) - low) * 0.2;
            let thump = (TAU * 330.0 * seconds(at)).sin();
            (low * 1.5 + thump * 0.5) * burst(at, length, 5.0)
        })
        .collect()
}

/// A key about every 140 ms: a click and its return.
fn typing(length: usize, dice: &mut Dice) -> Vec<f32> {
    let mut sound = vec![0.0; length];
    let mut next = 0;
    while next < length {
        let strength = 0.5 + dice.unit() as f32 / 2.0;
        for (since, sample) in sound[next..].iter_mut().take(240).enumerate() {
            *sample += hiss(dice) * strength * burst(since, 240, 8.0);
        }
        next += 640 + (dice.unit() * 1_000.0) as usize;
    }
    sound
}

/// Chords that change every 600 ms.
fn music(length: usize) -> Vec<f32> {
    const CHORDS: [[f32; 3]; 4] = [
        [392.0, 494.0, 587.0],
        [440.0, 523.0, 659.0],
        [349.0, 440.0, 523.0],
        [392.0, 494.0, 698.0],
    ];
    let beat = (0.6 * RATE) as usize;
    (0..length)
        .map(|at| {
            let chord = CHORDS[at / beat % CHORDS.len()];
            let tones = chord.map(|pitch| (TAU * pitch * seconds(at)).sin());
            tones.iter().sum::<f32>() * (0.4 + 0.6 * burst(at % beat, beat, 1.0))
        })
        .collect()
}

/// A vowel that ends in a hum.
fn hum(length: usize, pitch: f32) -> Vec<f32> {
    (0..length)
        .map(|at| {
            let through = at as f32 / length.max(1) as f32;
            let wavering = pitch * (1.0 - 0.06 * through);
            let tone = |n: f32| (TAU * wavering * n * seconds(at)).sin();
            let open: f32 = [3.0, 4.0, 5.0, 9.0, 10.0, 11.0].map(tone).iter().sum();
            let closed: f32 = [3.0, 4.0].map(tone).iter().sum();
            let edge = (through / 0.12).min((1.0 - through) / 0.2).min(1.0);
            let mix = if through < 0.6 { open * 0.5 } else { closed };
            mix * edge
        })
        .collect()
}

/// Several voices at once, none to be understood.
fn babble(length: usize, dice: &mut Dice) -> Vec<f32> {
    let mut sound = vec![0.0; length];
    for pitch in [98.0, 121.0, 187.0, 214.0, 236.0] {
        let mut at = (dice.unit() * 900.0) as usize;
        while at < length {
            let syllable = 900 + (dice.unit() * 1_400.0) as usize;
            let strength = 0.3 + dice.unit() as f32;
            let voiced = hum(syllable, pitch * (0.9 + dice.unit() as f32 * 0.2));
            for (sample, tone) in sound[at..].iter_mut().zip(voiced) {
                *sample += tone * strength;
            }
            at += syllable + (dice.unit() * 900.0) as usize;
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [SoundKind; 6] = [
        SoundKind::Babble,
        SoundKind::Cough,
        SoundKind::Door,
        SoundKind::Music,
        SoundKind::Typing,
        SoundKind::Um,
    ];

    #[test]
    fn every_sound_is_as_long_and_as_loud_as_asked() {
        for kind in ALL {
            let sound = make(kind, 350, 1);
            assert_eq!(sound.len(), 2_800, "{kind:?}");
            let peak = sound.iter().map(|x| x.unsigned_abs()).max();
            assert!(peak.is_some_and(|peak| peak > 15_900), "{kind:?} {peak:?}");
            assert_eq!(sound, make(kind, 350, 1), "{kind:?} is made by rule");
        }
    }

    #[test]
    fn a_sound_of_no_length_is_empty() {
        for kind in ALL {
            assert!(make(kind, 0, 1).is_empty(), "{kind:?}");
        }
    }
}
