//! The built-in voice: recordings of the demo agent's lines, put together.
//!
//! Whatever the recordings hold is spoken, the longest pieces first, down to single words. A word
//! that was never recorded is hummed: a soft tone as long as the word would take. So the timing of
//! a reply, its marks and its interruption stay real, and nobody mistakes it for speech.

use std::{collections::BTreeMap, f32::consts::TAU, future::ready, sync::Arc};

use audio::g711::ulaw;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::mpsc;

use super::{fixtures, mouth, words::words};
use crate::{
    ProviderError,
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};

const SAMPLES_PER_MS: usize = 8;
/// Length of a hummed word: at least this, and this much per letter.
const HUM_MS: (usize, usize) = (120, 60);
const HUM_HZ: f32 = 300.0;
/// Loudness of a hum, of 32,767: about -24 dBFS.
const HUM_PEAK: f32 = 2_000.0;
/// How long a hum takes to swell and to fade.
const FADE: usize = 20 * SAMPLES_PER_MS;

/// Speaks recorded lines.
#[derive(Clone, Debug)]
pub struct PhraseVoice {
    recorded: Arc<Recorded>,
}

#[derive(Debug)]
struct Recorded {
    by_words: BTreeMap<Vec<String>, &'static [u8]>,
    longest: usize,
}

/// A word, and the pause that its punctuation asks for.
struct Spoken {
    word: String,
    pause_ms: usize,
}

impl PhraseVoice {
    /// The voice of the demo's agent.
    #[must_use]
    pub fn new() -> Self {
        let lines = fixtures::agent_lines().iter();
        let by_words: BTreeMap<_, _> = lines.map(|line| (words(&line.text), line.ulaw)).collect();
        let longest = by_words.keys().map(Vec::len).max().unwrap_or(0);
        Self {
            recorded: Arc::new(Recorded { by_words, longest }),
        }
    }

    /// Whether every word of `text` was recorded.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        let mut rest = &spoken(text)[..];
        while !rest.is_empty() {
            match self.recorded.beginning(rest) {
                Some((count, _)) => rest = &rest[count..],
                None => return false,
            }
        }
        true
    }

    fn clause(&self, text: &str) -> Bytes {
        let all = spoken(text);
        let mut rest = &all[..];
        let mut sound = Vec::new();
        while let Some(first) = rest.first() {
            let count = if let Some((count, recording)) = self.recorded.beginning(rest) {
                sound.extend_from_slice(recording);
                count
            } else {
                hum(&first.word, &mut sound);
                1
            };
            let pause = rest[count - 1].pause_ms * SAMPLES_PER_MS;
            sound.resize(sound.len() + pause, ulaw::SILENCE);
            rest = &rest[count..];
        }
        sound.into()
    }
}

impl Default for PhraseVoice {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorded {
    /// The longest recording with which `words` begin, and how many of them it is.
    fn beginning(&self, words: &[Spoken]) -> Option<(usize, &'static [u8])> {
        let mut piece: Vec<String> = words
            .iter()
            .take(self.longest)
            .map(|spoken| spoken.word.clone())
            .collect();
        while !piece.is_empty() {
            if let Some(recording) = self.by_words.get(&piece) {
                return Some((piece.len(), recording));
            }
            piece.pop();
        }
        None
    }
}

impl TextToSpeech for PhraseVoice {
    fn speak(
        &self,
        _voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let voice = self.clone();
        async move {
            mouth::serve(orders, made, |text| ready(voice.clause(&text))).await;
            Ok(())
        }
        .boxed()
    }
}

fn spoken(text: &str) -> Vec<Spoken> {
    let mut all: Vec<Spoken> = Vec::new();
    for token in text.split_whitespace() {
        all.extend(
            words(token)
                .into_iter()
                .map(|word| Spoken { word, pause_ms: 40 }),
        );
        let pause_ms = match token.trim_end_matches(['"', '\'', ')']).chars().last() {
            Some('.' | '?' | '!' | '…') => 260,
            Some(',' | ';' | ':' | '—' | '–') => 120,
            Some(_) | None => continue,
        };
        if let Some(last) = all.last_mut() {
            last.pause_ms = pause_ms;
        }
    }
    all
}

/// A soft tone in the place of a word.
fn hum(word: &str, sound: &mut Vec<u8>) {
    let length = HUM_MS.0.max(HUM_MS.1 * word.chars().count().min(20)) * SAMPLES_PER_MS;
    sound.extend((0..length).map(|at| {
        let edge = at.min(length - at).min(FADE) as f32 / FADE as f32;
        let swing = (at as f32 * HUM_HZ / 8_000.0 * TAU).sin();
        #[expect(clippy::cast_possible_truncation, reason = "at most `HUM_PEAK`")]
        let sample = (swing * edge * HUM_PEAK) as i16;
        ulaw::encode(sample)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::Script;

    #[test]
    fn every_line_of_the_demo_was_recorded() {
        let voice = PhraseVoice::new();
        for sentence in Script::demo().sentences() {
            assert!(voice.knows(&sentence), "{sentence}");
            // Wherever the session cuts it for the voice.
            for piece in sentence.split_inclusive([',', '.', '?', '!']) {
                assert!(voice.knows(piece), "{piece:?} of {sentence:?}");
            }
        }
    }

    #[test]
    fn a_line_sounds_as_it_was_recorded() {
        let line = &fixtures::agent_lines()[0];
        let sound = PhraseVoice::new().clause(&line.text.to_uppercase());
        assert_eq!(&sound[..line.ulaw.len()], line.ulaw);
        assert_eq!(sound.len(), line.ulaw.len() + 260 * SAMPLES_PER_MS);
    }

    #[test]
    fn pieces_are_put_together() {
        let voice = PhraseVoice::new();
        assert!(voice.knows("A table for 9, Friday at half past eight. Shall I book it?"));
        let whole = voice.clause("Goodbye. Goodbye.").len();
        assert_eq!(whole, 2 * voice.clause("Goodbye.").len());
    }

    #[test]
    fn an_unknown_word_is_hummed_as_long_as_it_would_take() {
        let voice = PhraseVoice::new();
        assert!(!voice.knows("Hippopotamus"));
        let sound = voice.clause("Hippopotamus");
        assert_eq!(sound.len(), (12 * 60 + 40) * SAMPLES_PER_MS);
        let loudest = sound
            .iter()
            .map(|code| ulaw::decode(*code).unsigned_abs())
            .max();
        assert!((1_500..2_200).contains(&loudest.expect("sound")));
        assert!(voice.clause("…").is_empty());
        assert!(voice.clause(&"x".repeat(10_000)).len() < 2 * 8_000);
    }
}
