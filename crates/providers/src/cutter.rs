//! Where voices begin and end in one stream of audio, with the sound just before them.

use audio::{Vad, VadSettings, Voice, g711::BYTES_PER_MS};

/// Audio before the voice detection speaks up that belongs to the voice: 300 ms.
const BEFORE: usize = 2_400;

/// Finds voices in one call's mu-law audio.
pub(crate) struct Cutter {
    vad: Vad,
    voices: Vec<Voice>,
    /// The newest audio while nobody speaks.
    before: Vec<u8>,
    speaking: bool,
    /// Bytes heard.
    heard: u64,
}

/// What a voice did. Places are bytes since the stream began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    /// It began to speak.
    Began {
        /// The sound up to the piece at hand that belongs to it.
        before: Vec<u8>,
    },
    /// It fell silent.
    Ended {
        /// Where its last sound ended.
        at: u64,
    },
}

impl Cutter {
    pub(crate) fn new(settings: VadSettings) -> Self {
        Self {
            vad: Vad::new(settings),
            voices: Vec::new(),
            before: Vec::with_capacity(BEFORE),
            speaking: false,
            heard: 0,
        }
    }

    /// Hears a piece of audio, and appends what the voice did to `cuts`.
    pub(crate) fn hear(&mut self, audio: &[u8], cuts: &mut Vec<Cut>) {
        self.vad.hear(audio, &mut self.voices);
        for voice in self.voices.drain(..) {
            cuts.push(match voice {
                Voice::Started { .. } => {
                    self.speaking = true;
                    Cut::Began {
                        before: std::mem::take(&mut self.before),
                    }
                }
                Voice::Stopped { at_ms } => {
                    self.speaking = false;
                    Cut::Ended {
                        at: at_ms * BYTES_PER_MS,
                    }
                }
            });
        }
        self.heard += audio.len() as u64;
        if !self.speaking {
            self.before.extend_from_slice(audio);
            let surplus = self.before.len().saturating_sub(BEFORE);
            self.before.drain(..surplus);
        }
    }

    /// Whether the voice speaks, as far as was told.
    pub(crate) const fn speaking(&self) -> bool {
        self.speaking
    }

    /// Bytes heard.
    pub(crate) const fn heard(&self) -> u64 {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::fixtures::caller_phrase;

    #[test]
    fn a_voice_comes_with_the_sound_before_it() {
        let phrase = caller_phrase("party").expect("a fixture").ulaw;
        let stream = [&[0xFF; 8_000], phrase, &[0xFF; 8_000]].concat();
        let mut cutter = Cutter::new(VadSettings::default());
        let (mut cuts, mut sound) = (Vec::new(), Vec::new());
        for piece in stream.chunks(160) {
            let mut told = Vec::new();
            cutter.hear(piece, &mut told);
            for cut in &told {
                if let Cut::Began { before } = cut {
                    let until = cutter.heard() as usize - piece.len();
                    assert_eq!(before, &stream[until - before.len()..until]);
                    sound.clone_from(before);
                }
            }
            if cutter.speaking() {
                sound.extend_from_slice(piece);
            }
            cuts.extend(told);
        }
        assert!(
            matches!(cuts[..], [Cut::Began { .. }, Cut::Ended { .. }]),
            "{} cuts",
            cuts.len()
        );
        let Cut::Ended { at } = cuts[1] else {
            panic!("an end");
        };
        assert!((8_000 + phrase.len() / 2..16_000 + phrase.len()).contains(&(at as usize)));
        let loud = phrase.iter().position(|code| code | 0x80 < 0xD0);
        let begin = &phrase[loud.expect("sound")..][..800];
        let mut windows = sound.windows(begin.len());
        assert!(
            windows.any(|window| window == begin),
            "the first sound is in it"
        );
    }
}
