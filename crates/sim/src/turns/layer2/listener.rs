//! What comes out of the caller's telephone: how loud, and which part of which of the agent's words.
//! Pure.

use audio::g711::ulaw;

use super::stamp::{Reader, SLOT, Stamp};
use crate::carrier::FRAME;

/// Louder is heard.
pub(super) const AUDIBLE_DBFS: f32 = -45.0;

/// What was heard in 20 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tick {
    /// The level.
    pub(super) db: f32,
    /// The agent's words, when some were played.
    pub(super) playing: Option<Playing>,
}

/// A part of the agent's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Playing {
    /// The clip.
    pub(super) clip: u16,
    /// Its sample that the frame ends with.
    pub(super) until: usize,
    /// The clip begins in this frame.
    pub(super) begins: bool,
}

impl Tick {
    pub(super) fn audible(&self) -> bool {
        self.db > AUDIBLE_DBFS
    }
}

/// Follows the agent's words by their stamps. Where the voice was made quieter the stamps are gone,
/// and what is heard is taken to go on.
#[derive(Debug, Default)]
pub(super) struct Listener {
    reader: Reader,
    at: Option<(u16, usize)>,
}

impl Listener {
    pub(super) fn hear(&mut self, frame: &[u8; FRAME]) -> Tick {
        let samples = frame.map(ulaw::decode);
        let db = audio::level::dbfs(&samples);
        let before = self.at;
        let stamp = frame.iter().enumerate().filter_map(|(place, code)| {
            let stamp = self.reader.take(*code)?;
            Some((stamp, place))
        });
        let playing = match stamp.last() {
            Some((stamp, place)) => Some(self.settle(stamp, place, before)),
            None if db > AUDIBLE_DBFS => before.map(|(clip, until)| self.go_on(clip, until)),
            None => None,
        };
        Tick { db, playing }
    }

    fn settle(&mut self, stamp: Stamp, place: usize, before: Option<(u16, usize)>) -> Playing {
        /// A stamp is complete with this sample of its slot.
        const COMPLETE: usize = 58;
        let until = usize::from(stamp.slot) * SLOT + COMPLETE + (FRAME - 1 - place);
        let begins = before.is_none_or(|(clip, at)| clip != stamp.clip || until < at);
        self.at = Some((stamp.clip, until));
        Playing {
            clip: stamp.clip,
            until,
            begins,
        }
    }

    fn go_on(&mut self, clip: u16, until: usize) -> Playing {
        let until = until + FRAME;
        self.at = Some((clip, until));
        Playing {
            clip,
            until,
            begins: false,
        }
    }
}

/// The stamps of both halves of a frame, for its echo.
pub(super) fn stamps(tick: &Tick) -> [Option<Stamp>; 2] {
    let Some(playing) = tick.playing else {
        return [None; 2];
    };
    let slot = (playing.until / SLOT).saturating_sub(1);
    let slot = u16::try_from(slot).unwrap_or(u16::MAX);
    let stamp = |slot| Stamp {
        clip: playing.clip,
        slot,
    };
    [Some(stamp(slot.saturating_sub(1))), Some(stamp(slot))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loud clip, `quieter` times as loud as it was stamped from its second frame on.
    fn frames(clip: u16, count: u16, quieter: i16) -> Vec<[u8; FRAME]> {
        let frame = |number: u16| {
            let mut frame = [ulaw::encode(8_000); FRAME];
            for (half, samples) in (0..).zip(frame.chunks_mut(SLOT)) {
                let slot = number * 2 + half;
                Stamp { clip, slot }.write(samples);
            }
            if number > 0 && quieter > 1 {
                frame = frame.map(|code| ulaw::encode(ulaw::decode(code) / quieter));
            }
            frame
        };
        (0..count).map(frame).collect()
    }

    fn heard(frames: &[[u8; FRAME]]) -> Vec<(u16, usize, bool)> {
        let mut listener = Listener::default();
        let ticks = frames
            .iter()
            .filter_map(|frame| listener.hear(frame).playing);
        ticks.map(|it| (it.clip, it.until, it.begins)).collect()
    }

    #[test]
    fn the_agents_words_are_followed() {
        let expected = [(0x801, 160, true), (0x801, 320, false), (0x801, 480, false)];
        assert_eq!(heard(&frames(0x801, 3, 1)), expected);
    }

    #[test]
    fn a_quieter_voice_is_taken_to_go_on() {
        let expected = [(0x801, 160, true), (0x801, 320, false), (0x801, 480, false)];
        assert_eq!(heard(&frames(0x801, 3, 4)), expected);
    }

    #[test]
    fn the_same_clip_again_begins_again() {
        let twice = [
            frames(0x801, 2, 1),
            vec![[0xFF; FRAME]],
            frames(0x801, 1, 1),
        ]
        .concat();
        let begins: Vec<bool> = heard(&twice).iter().map(|it| it.2).collect();
        assert_eq!(begins, [true, false, true]);
    }
}
