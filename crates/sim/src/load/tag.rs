use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::fakes::{Brain, Chat, Ear, LevelEar, Reply, Tones, Voice};

/// Letters for sixteen values. With an `a` after each a tag can be spoken, and no normaliser of
/// text takes it for a number.
const LETTERS: &[u8; 16] = b"bcdfghjklmnprstv";
/// What a tag begins with in text.
const PREFIX: &str = "zo";
pub(super) const DIGITS: usize = 6;
/// What tagged audio begins with: unlikely in a voice.
const MAGIC: [u8; 4] = [0x81, 0x13, 0x97, 0x25];
/// Bytes at the beginning of tagged audio that carry the tag.
pub(super) const TAGGED: usize = MAGIC.len() + DIGITS;

/// The word that stands for a number: it passes through recogniser, model and voice.
fn word(number: u32) -> String {
    let mut word = PREFIX.to_owned();
    for digit in digits(number) {
        // Writing to a string does not fail.
        let _ = write!(word, "{}a", char::from(LETTERS[usize::from(digit)]));
    }
    word
}

pub(super) fn digits(number: u32) -> [u8; DIGITS] {
    std::array::from_fn(|at| (number >> (4 * (DIGITS - 1 - at)) & 15) as u8)
}

pub(super) fn number(digits: impl Iterator<Item = u8>) -> u32 {
    digits.fold(0, |number, digit| number << 4 | u32::from(digit))
}

/// The number of the first tag in a text.
pub(super) fn find(text: &str) -> Option<u32> {
    let words = text.split(|c: char| !c.is_ascii_lowercase());
    let mut tags = words.filter_map(|word| {
        let letters = word
            .strip_prefix(PREFIX)
            .filter(|rest| rest.len() == 2 * DIGITS)?;
        let values = letters
            .bytes()
            .step_by(2)
            .map(|letter| LETTERS.iter().position(|l| *l == letter));
        let values: Option<Vec<u8>> = values
            .map(|value| value.and_then(|v| u8::try_from(v).ok()))
            .collect();
        Some(number(values?.into_iter()))
    });
    tags.next()
}

/// The number of the tag that audio begins with.
pub(super) fn find_in_audio(audio: &[u8]) -> Option<u32> {
    let rest = audio.strip_prefix(&MAGIC)?.get(..DIGITS)?;
    let sound = rest.iter().all(|byte| byte & 0xF0 == 0x10);
    sound.then(|| number(rest.iter().map(|byte| byte & 15)))
}

/// An ear that hears another tag in every phrase.
#[must_use]
pub fn tagged_ear() -> Arc<dyn Fn() -> Box<dyn Ear> + Send + Sync> {
    /// Longer than the pauses inside a phrase, shorter than the endpointing.
    const PAUSE_MS: usize = 250;
    let next = Arc::new(AtomicU32::new(1));
    Arc::new(move || {
        let next = next.clone();
        let words = move || {
            format!(
                "Please note {}.",
                word(next.fetch_add(1, Ordering::Relaxed))
            )
        };
        Box::new(LevelEar::asking(words).pausing(PAUSE_MS))
    })
}

/// Answers with the tag it was told, in a first sentence of its own.
#[derive(Clone, Copy, Debug)]
pub struct TaggedBrain;

impl Brain for TaggedBrain {
    fn reply(&self, chat: &Chat) -> Reply {
        let tag = find(chat.last_said()).map_or_else(|| "nothing".to_owned(), word);
        Reply::saying(format!(
            "I have noted {tag}. Is there anything else that I can do?"
        ))
    }
}

/// Hums, and begins the sound of a tagged text with its tag. Whole frames only.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaggedVoice(Tones);

impl Voice for TaggedVoice {
    fn say(&self, text: &str) -> Vec<u8> {
        const FRAME: usize = 160;
        let mut audio = self.0.say(text);
        if let Some(tag) = find(text) {
            let begin = MAGIC
                .into_iter()
                .chain(digits(tag).map(|digit| 0x10 | digit));
            audio.splice(..TAGGED.min(audio.len()), begin);
        }
        audio.resize(audio.len().next_multiple_of(FRAME), 0xFF);
        audio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_survives_text_and_sound() {
        for number in [0, 1, 0x00AB_CDEF, 0x00FF_FFFF] {
            let text = format!("Please note {}.", word(number));
            assert_eq!(find(&text), Some(number), "{text}");
            let audio = TaggedVoice::default().say(&text);
            assert_eq!(find_in_audio(&audio), Some(number));
            assert_eq!(audio.len() % 160, 0);
        }
        assert_eq!(find("zone zombie zobabababababaxa"), None);
        assert_eq!(find_in_audio(&[0xFF; 160]), None);
    }
}
