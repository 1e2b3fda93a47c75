use std::f32::consts::TAU;

use audio::g711::ulaw;

use super::{
    speech::is_loud,
    tag::{self, DIGITS},
};
use crate::fakes::{Tones, Voice};

/// Mu-law codes of one beat: 20 ms.
const BEAT: usize = 160;
/// Codes at the edges of a beat that are not judged: filters smear them.
const EDGE: usize = 24;
/// A strong beat and a weak one to compare with, four for each digit, four to check them by.
const BEATS: usize = 2 + 4 * (DIGITS + 1);
const STRONG: f32 = 12_000.0;
const WEAK: f32 = 4_000.0;
const PITCH: f32 = 400.0;
const RATE: f32 = 8_000.0;

/// Hums as [`TaggedVoice`](super::TaggedVoice) does, with the tag in strong and weak beats: for a
/// voice whose sound is not passed on code by code.
#[derive(Clone, Copy, Debug, Default)]
pub struct BeatingVoice(Tones);

impl Voice for BeatingVoice {
    fn say(&self, text: &str) -> Vec<u8> {
        let mut audio = self.0.say(text);
        if let Some(tag) = tag::find(text) {
            let hum = hum(&beats(tag));
            audio.splice(..hum.len().min(audio.len()), hum);
        }
        audio
    }
}

fn beats(tag: u32) -> [bool; BEATS] {
    let digits = tag::digits(tag);
    let check = digits.iter().fold(0, |check, digit| check ^ digit);
    let digits = digits.into_iter().chain([check]);
    let bits = digits.flat_map(|digit| (0..4).rev().map(move |bit| digit >> bit & 1 == 1));
    let mut beats = [true, false].into_iter().chain(bits);
    std::array::from_fn(|_| beats.next().unwrap_or_default())
}

fn hum(beats: &[bool]) -> Vec<u8> {
    let sample = |at: usize| {
        let loud = if beats[at / BEAT] { STRONG } else { WEAK };
        (loud * (TAU * PITCH * at as f32 / RATE).sin()) as i16
    };
    (0..beats.len() * BEAT)
        .map(|at| ulaw::encode(sample(at)))
        .collect()
}

/// The beginning of an answer, until it is long enough for a tag.
#[derive(Debug, Default)]
pub(super) struct Beats {
    audio: Vec<u8>,
}

impl Beats {
    /// Takes more of the sound. Once there is enough: the tag in it, if there is one.
    pub(super) fn hear(&mut self, more: &[u8]) -> Option<Option<u32>> {
        let from = match self.audio.is_empty() {
            true => more.iter().position(|code| is_loud(&[*code]))?,
            false => 0,
        };
        self.audio.extend_from_slice(&more[from..]);
        let whole = self.audio.get(..BEATS * BEAT)?;
        Some(read(whole))
    }
}

fn read(audio: &[u8]) -> Option<u32> {
    let mut peaks = audio.chunks_exact(BEAT).map(peak);
    let (strong, weak) = (peaks.next()?, peaks.next()?);
    if 2 * weak > strong {
        return None;
    }
    let beat = |peak: u16| {
        let near = |other: u16| peak.abs_diff(other) < strong / 4;
        match (near(strong), near(weak)) {
            (true, false) => Some(1),
            (false, true) => Some(0),
            (true, true) | (false, false) => None,
        }
    };
    let beats: Vec<u8> = peaks.map(beat).collect::<Option<_>>()?;
    let digit = |beats: &[u8]| beats.iter().fold(0, |digit, beat| digit << 1 | beat);
    let (digits, check) = beats.split_at_checked(4 * DIGITS)?;
    let digits: Vec<u8> = digits.chunks_exact(4).map(digit).collect();
    let holds = digits.iter().fold(digit(check), |check, it| check ^ it) == 0;
    holds.then(|| tag::number(digits.into_iter()))
}

fn peak(beat: &[u8]) -> u16 {
    let middle = &beat[EDGE..beat.len() - EDGE];
    let peaks = middle.iter().map(|code| ulaw::decode(*code).unsigned_abs());
    peaks.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampled::there_and_back;

    fn heard(audio: &[u8]) -> Option<Option<u32>> {
        let mut beats = Beats::default();
        audio.chunks(160).find_map(|piece| beats.hear(piece))
    }

    #[test]
    fn a_tag_survives_resampling_and_silence_before_it() {
        let text = "I have noted zobacadafagaha. Is there more?";
        let tag = tag::find(text).unwrap();
        let said = there_and_back(&BeatingVoice::default().say(text));
        let after_silence = [&[0xFF; 200][..], &said].concat();
        for audio in [said, after_silence] {
            assert_eq!(heard(&audio), Some(Some(tag)));
        }
    }

    #[test]
    fn other_sound_has_no_tag_and_too_little_of_it_is_not_judged() {
        let said = Tones::default().say("Is there anything else that I can do?");
        assert_eq!(heard(&said), Some(None));
        assert_eq!(heard(&said[..BEATS * BEAT - 800]), None);
        let mut wrong = beats(0x0012_3456);
        wrong[BEATS - 1] = !wrong[BEATS - 1];
        let mut wrong = hum(&wrong);
        wrong.resize(wrong.len() + BEAT, ulaw::SILENCE);
        assert_eq!(heard(&wrong), Some(None));
    }
}
