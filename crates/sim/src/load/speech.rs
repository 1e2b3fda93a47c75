use audio::g711::ulaw;

/// A phrase and silence, cut into frames and written in base64 once for all calls.
#[derive(Debug)]
pub struct Speech {
    frames: Vec<String>,
    silence: String,
    last_loud: usize,
}

const FRAME: usize = 160;
const SILENCE: u8 = 0xFF;
/// Samples louder than this can be heard.
const AUDIBLE: u16 = 600;

/// Whether anything can be heard in mu-law audio.
pub(super) fn is_loud(audio: &[u8]) -> bool {
    let mut samples = audio.iter().map(|code| ulaw::decode(*code));
    samples.any(|sample| sample.unsigned_abs() > AUDIBLE)
}

impl Speech {
    /// Prepares a phrase of mu-law audio.
    #[must_use]
    pub fn new(phrase: &[u8]) -> Self {
        let encoded = |frame: &[u8]| {
            let mut whole = [SILENCE; FRAME];
            whole[..frame.len()].copy_from_slice(frame);
            base64_simd::STANDARD.encode_to_string(whole)
        };
        Self {
            frames: phrase.chunks(FRAME).map(encoded).collect(),
            silence: encoded(&[]),
            last_loud: phrase.chunks(FRAME).rposition(is_loud).unwrap_or_default(),
        }
    }

    /// The last frame of the phrase in which the caller can be heard.
    pub(super) const fn last_loud(&self) -> usize {
        self.last_loud
    }

    /// The frame of a phrase, or silence after it.
    pub(super) fn frame(&self, at: Option<usize>) -> &str {
        at.and_then(|at| self.frames.get(at))
            .unwrap_or(&self.silence)
    }

    /// Frames of the phrase.
    pub(super) fn length(&self) -> usize {
        self.frames.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_ends_with_its_last_sound() {
        let loud = ulaw::encode(5_000);
        let mut phrase = vec![loud; 3 * FRAME];
        phrase.resize(10 * FRAME, ulaw::encode(100));
        let speech = Speech::new(&phrase);
        assert_eq!((speech.last_loud(), speech.length()), (2, 10));
    }
}
