//! Finds the beep of an answering machine: one steady tone.
//!
//! How alike a sine is to itself one and two samples later tells its frequency, whatever white noise
//! is added; at that frequency, nearly all of its power must then be found. Voices, chords and the
//! telephone's own signals of two frequencies have theirs elsewhere.

use std::{array, f32::consts::TAU};

use crate::{
    framing::Blocks,
    level::{power, ulaw_as_floats},
};

/// Looked at together: 20 ms.
const BLOCK: usize = 160;
const BLOCK_MS: u64 = 20;
/// Two tones beat: within parts of 4 ms one can hear it.
const PARTS: usize = 5;
const PART: usize = BLOCK / PARTS;
const RATE_HZ: f32 = 8_000.0;
/// The frequencies that machines use.
const LOWEST_HZ: f32 = 400.0;
const HIGHEST_HZ: f32 = 2_000.0;
/// A beep lasts at least 150 ms; a block that it fills only in part does not show it.
const SHORTEST_MS: u64 = 140;
/// What lasts longer is a fax, a dial tone, a broken line.
const LONGEST_MS: u64 = 2_500;
/// Quieter than -45 dBFS nothing is looked for.
const LOUD: f32 = 3.2e-5;
/// At least this share of the power must be the tone's.
const SHARE: f32 = 0.9;
/// How much the power may change within a block, and from block to block: 1.5 and 2 dB.
const EVEN: f32 = 1.41;
const STEADY: f32 = 1.6;
/// How much the frequency may change from block to block.
const SAME_HZ: f32 = 40.0;

/// A beep that is over. Times are counted in samples since the stream began, give or take 20 ms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Beep {
    /// When it began.
    pub from_ms: u64,
    /// When it ended.
    pub until_ms: u64,
    /// Its frequency.
    pub hz: u32,
}

/// Listens to one 8 kHz mu-law stream for beeps.
#[derive(Clone, Debug, Default)]
pub struct BeepDetector {
    blocks: Blocks<u8, BLOCK>,
    tone: Option<Lasting>,
    heard_ms: u64,
}

/// What a block that holds nothing but a tone sounds like.
#[derive(Clone, Copy, Debug)]
struct Tone {
    hz: f32,
    power: f32,
}

/// A tone that goes on.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    last: Tone,
    from_ms: u64,
}

impl BeepDetector {
    /// Hears some audio, of any length, and appends every beep that ended in it to `told`.
    pub fn hear(&mut self, ulaw: &[u8], told: &mut Vec<Beep>) {
        let Self {
            blocks,
            tone,
            heard_ms,
        } = self;
        blocks.push(ulaw, |codes| {
            told.extend(follow(tone, Tone::of(codes), *heard_ms));
            *heard_ms += BLOCK_MS;
        });
    }
}

/// Continues, begins or ends a tone; tells of the beep that it was.
fn follow(lasting: &mut Option<Lasting>, tone: Option<Tone>, now_ms: u64) -> Option<Beep> {
    if let (Some(lasting), Some(tone)) = (lasting.as_mut(), tone)
        && lasting.last.is_like(&tone)
    {
        lasting.last = tone;
        return None;
    }
    let begun = tone.map(|last| Lasting {
        last,
        from_ms: now_ms,
    });
    let ended = std::mem::replace(lasting, begun)?;
    (SHORTEST_MS..=LONGEST_MS)
        .contains(&(now_ms - ended.from_ms))
        .then_some(Beep {
            from_ms: ended.from_ms,
            until_ms: now_ms,
            hz: ended.last.hz as u32,
        })
}

impl Tone {
    fn of(codes: &[u8; BLOCK]) -> Option<Self> {
        let sound = ulaw_as_floats(codes);
        let powers: [f32; PARTS] = array::from_fn(|part| power(&sound[part * PART..][..PART]));
        let loudest = powers.iter().copied().fold(0.0, f32::max);
        let quietest = powers.iter().copied().fold(f32::MAX, f32::min);
        if quietest < LOUD || loudest > quietest * EVEN {
            return None;
        }
        let power = powers.iter().sum::<f32>() / PARTS as f32;
        let angle = angle(&sound);
        let hz = angle * RATE_HZ / TAU;
        let found =
            (LOWEST_HZ..=HIGHEST_HZ).contains(&hz) && power_at(angle, &sound) > power * SHARE;
        found.then_some(Self { hz, power })
    }

    fn is_like(&self, other: &Self) -> bool {
        let (low, high) = (self.power.min(other.power), self.power.max(other.power));
        (self.hz - other.hz).abs() < SAME_HZ && high < low * STEADY
    }
}

/// The angle per sample of the sine that the sound is, if it is one and noise: Pisarenko's method.
fn angle(sound: &[f32; BLOCK]) -> f32 {
    let (mut one, mut two) = (0.0, 0.0);
    for three in sound.windows(3) {
        one += three[1] * (three[0] + three[2]) / 2.0;
        two += three[0] * three[2];
    }
    let cosine = (two + (two * two + 8.0 * one * one).sqrt()) / (4.0 * one);
    // Silence has no frequency.
    if cosine.is_finite() {
        cosine.clamp(-1.0, 1.0).acos()
    } else {
        0.0
    }
}

/// The power of the sound at one frequency, by Goertzel's recurrence.
fn power_at(angle: f32, sound: &[f32; BLOCK]) -> f32 {
    let twice = 2.0 * angle.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in sound {
        (last, before) = (sample + twice * last - before, last);
    }
    let magnitude = last * last + before * before - twice * last * before;
    2.0 * magnitude / (BLOCK * BLOCK) as f32
}

#[cfg(test)]
mod tests;
