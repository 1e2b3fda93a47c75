use std::collections::BTreeMap;

/// Bytes of a fingerprint.
const WINDOW: usize = 8;
/// One fingerprint is chosen from every stretch of this many bytes: 50 ms.
const STRETCH: usize = 400;
/// A window quieter than this is too common to mean anything.
const LEAST_LOUDNESS: u32 = 8 * 24;
/// Bits of the hash by which almost every window of a stream is dismissed.
const SIEVE_BITS: u32 = 16;

/// Recordings, ready to be recognised.
///
/// Two recordings of the same sound cannot be told apart: neither is then recognised.
#[derive(Debug)]
pub struct Book {
    pub(super) phrases: Vec<Recorded>,
    anchors: BTreeMap<u64, Anchor>,
    sieve: Vec<u64>,
}

/// A recording, without its sound.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) text: String,
    /// Length of its sound in bytes.
    pub(super) bytes: usize,
    /// Where its fingerprints end, in order.
    pub(super) anchors: Vec<usize>,
    /// Its words, in order.
    pub(super) words: Vec<WordSpan>,
}

/// Where a word ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordSpan {
    /// In the text.
    pub(super) chars: usize,
    /// In the sound, in proportion to the text.
    pub(super) bytes: usize,
}

/// Which fingerprint of which recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) phrase: usize,
    pub(super) index: usize,
}

impl Book {
    /// Takes the fingerprints of recordings: what is said, and its sound as mu-law at 8 kHz.
    pub fn new<T: Into<String>, A: AsRef<[u8]>>(
        recordings: impl IntoIterator<Item = (T, A)>,
    ) -> Self {
        let recordings: Vec<(String, A)> = recordings
            .into_iter()
            .map(|(text, audio)| (text.into(), audio))
            .collect();
        let common = repeated_windows(recordings.iter().map(|(_, audio)| audio.as_ref()));
        let mut book = Self {
            phrases: Vec::with_capacity(recordings.len()),
            anchors: BTreeMap::new(),
            sieve: vec![0; 1 << (SIEVE_BITS - 6)],
        };
        for (text, audio) in recordings {
            book.add(text, audio.as_ref(), &common);
        }
        book
    }

    fn add(&mut self, text: String, audio: &[u8], common: &[u64]) {
        let phrase = self.phrases.len();
        let mut anchors = Vec::new();
        for begin in (0..audio.len()).step_by(STRETCH) {
            if let Some((window, end)) = clearest(audio, begin, common) {
                let index = anchors.len();
                self.anchors.insert(window, Anchor { phrase, index });
                let place = sieve_place(window);
                self.sieve[place / 64] |= 1 << (place % 64);
                anchors.push(end);
            }
        }
        self.phrases.push(Recorded {
            words: word_spans(&text, audio.len()),
            text,
            bytes: audio.len(),
            anchors,
        });
    }

    /// The fingerprint that these eight bytes are, if they are one.
    pub(super) fn look_up(&self, window: u64) -> Option<Anchor> {
        let place = sieve_place(window);
        if self.sieve[place / 64] & (1 << (place % 64)) == 0 {
            return None;
        }
        self.anchors.get(&window).copied()
    }
}

/// Eight bytes as a number, shifted in one by one.
pub(super) const fn shifted(window: u64, byte: u8) -> u64 {
    window << 8 | byte as u64
}

const fn sieve_place(window: u64) -> usize {
    (window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SIEVE_BITS)) as usize
}

/// All windows of a sound with the place where each ends.
fn windows(audio: &[u8]) -> impl Iterator<Item = (u64, usize)> {
    audio.windows(WINDOW).enumerate().map(|(begin, bytes)| {
        let window = bytes.iter().fold(0, |window, byte| shifted(window, *byte));
        (window, begin + WINDOW)
    })
}

/// The windows that occur more than once, sorted.
fn repeated_windows<'a>(sounds: impl Iterator<Item = &'a [u8]>) -> Vec<u64> {
    let mut all: Vec<u64> = sounds
        .flat_map(windows)
        .map(|(window, _)| window)
        .filter(|window| loudness(*window).is_some())
        .collect();
    all.sort_unstable();
    let mut repeated: Vec<u64> = all
        .windows(2)
        .filter_map(|pair| (pair[0] == pair[1]).then_some(pair[0]))
        .collect();
    repeated.dedup();
    repeated
}

/// The loudest window that ends in the stretch at `begin` and occurs nowhere else.
fn clearest(audio: &[u8], begin: usize, common: &[u64]) -> Option<(u64, usize)> {
    let from = begin.saturating_sub(WINDOW - 1);
    let until = audio.len().min(begin + STRETCH);
    windows(&audio[from..until])
        .filter(|(window, _)| common.binary_search(window).is_err())
        .filter_map(|(window, end)| Some((loudness(window)?, window, from + end)))
        .max_by_key(|(loudness, _, _)| *loudness)
        .map(|(_, window, end)| (window, end))
}

/// How loud a window is, if it is loud and varied enough to be told from noise.
fn loudness(window: u64) -> Option<u32> {
    let bytes = window.to_be_bytes();
    let loud: u32 = bytes.iter().map(|byte| u32::from(!byte & 0x7F)).sum();
    let varied = bytes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (loud >= LEAST_LOUDNESS && varied >= WINDOW / 2).then_some(loud)
}

fn word_spans(text: &str, bytes: usize) -> Vec<WordSpan> {
    let mut spans = Vec::new();
    let mut chars = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        chars += word.len();
        let said = chars - (word.len() - word.trim_end().len());
        if !word.trim().is_empty() {
            spans.push(WordSpan {
                chars: said,
                bytes: bytes * said / text.len(),
            });
        }
    }
    spans
}
