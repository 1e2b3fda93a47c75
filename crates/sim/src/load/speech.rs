/// A phrase and silence, cut into frames and written in base64 once for all calls.
#[derive(Debug)]
pub struct Speech {
    frames: Vec<String>,
    silence: String,
}

const FRAME: usize = 160;
const SILENCE: u8 = 0xFF;

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
        }
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
