use std::collections::VecDeque;

use domain::Millis;
use session::Span;

use super::Sound;
use crate::connection::is_loud;

/// Audio whose words are not settled, to be played again to the next connection.
#[derive(Debug, Default)]
pub(super) struct Replay {
    sounds: VecDeque<Sound>,
    length: Millis,
    /// The longest worth playing again.
    pub(super) keep: Millis,
    /// The newest piece was loud.
    loud: bool,
}

impl Replay {
    /// Keeps sound, and the pause just after it. Silence is not worth playing again: a caller who
    /// only listens costs no memory.
    pub(super) fn remember(&mut self, sound: &Sound) {
        let loud = is_loud(&sound.bytes);
        if !std::mem::replace(&mut self.loud, loud) && !loud {
            return;
        }
        self.length += sound.length();
        self.sounds.push_back(sound.clone());
        while self.length > self.keep {
            if !self.forget_oldest() {
                break;
            }
        }
    }

    /// The words of this span are settled; without one, of everything. Settled words may come late:
    /// what was said after them is kept.
    pub(super) fn settle(&mut self, span: Option<Span>) {
        let settled = |sound: &Sound| span.is_none_or(|span| sound.until() <= span.until);
        while self.sounds.front().is_some_and(settled) {
            self.forget_oldest();
        }
    }

    /// Whether the caller says something in it.
    pub(super) fn has_speech(&self) -> bool {
        let mut sounds = self.sounds.iter();
        sounds.any(|sound| sound.speech && is_loud(&sound.bytes))
    }

    pub(super) fn sounds(&self) -> impl ExactSizeIterator<Item = &Sound> {
        self.sounds.iter()
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(oldest) = self.sounds.pop_front() else {
            return false;
        };
        self.length = self.length - oldest.length();
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn replay(keep: u64, codes: &[u8]) -> Replay {
        let mut replay = Replay {
            keep: Millis(keep),
            ..Replay::default()
        };
        for (from, code) in (0..).step_by(60).zip(codes) {
            replay.remember(&sound(from, *code));
        }
        replay
    }

    fn sound(from: u64, code: u8) -> Sound {
        Sound {
            from: Millis(from),
            bytes: Bytes::from(vec![code; 480]),
            speech: false,
        }
    }

    fn kept(replay: &Replay) -> Vec<u64> {
        replay.sounds().map(|sound| sound.from.0).collect()
    }

    #[test]
    fn only_unsettled_sound_is_played_again() {
        let mut replay = replay(180, &[0xff, 0x7f, 0x20, 0xff, 0xff, 0x90]);
        assert_eq!(kept(&replay), [120, 180, 300]);
        replay.remember(&sound(360, 0x10));
        assert_eq!(kept(&replay).len(), 3, "no more than is worth it");
        replay.settle(None);
        assert_eq!((kept(&replay).len(), replay.length), (0, Millis::ZERO));
    }

    #[test]
    fn late_words_leave_what_was_said_after_them() {
        let mut replay = replay(3_000, &[0x20; 5]);
        let span = |until| Span {
            from: Millis::ZERO,
            until: Millis(until),
        };
        replay.settle(Some(span(150)));
        assert_eq!(kept(&replay), [120, 180, 240], "a cut piece is unsettled");
        replay.settle(Some(span(100)));
        assert_eq!(replay.length, Millis(180));
    }
}
