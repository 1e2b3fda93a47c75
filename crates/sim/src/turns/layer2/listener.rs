//! What comes out of the caller's telephone: how loud, and which part of which of the agent's words.
//! Pure.

use std::sync::Arc;

use audio::g711::ulaw;

use super::{
    cast::Role,
    stamp::{Reader, SLOT, Stamp},
};
use crate::carrier::FRAME;

/// Louder is heard.
pub(super) const AUDIBLE_DBFS: f32 = -45.0;

/// What was heard, or came, in 20 ms.
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
    /// It is as it was made: whoever makes a voice quieter takes the stamps away.
    pub(super) stamped: bool,
}

impl Tick {
    pub(super) fn audible(&self) -> bool {
        self.db > AUDIBLE_DBFS
    }
}

/// Follows the agent's words by their stamps. Where the voice was made quieter the stamps are gone:
/// then every sample that the server sent is taken for the next one of the words.
#[derive(Debug)]
pub(super) struct Listener {
    role: Arc<Role>,
    reader: Reader,
    at: Option<(u16, usize)>,
}

impl Listener {
    pub(super) fn new(role: Arc<Role>) -> Self {
        Self {
            role,
            reader: Reader::default(),
            at: None,
        }
    }

    /// What was to come was thrown away: what comes next may be anything.
    pub(super) fn forget(&mut self) {
        self.at = None;
    }

    /// Hears a frame, of which so many samples came from the server.
    pub(super) fn hear(&mut self, frame: &[u8; FRAME], carried: usize) -> Tick {
        let samples = frame.map(ulaw::decode);
        let db = audio::level::dbfs(&samples);
        let before = self.at;
        let stamp = frame.iter().enumerate().filter_map(|(place, code)| {
            let stamp = self.reader.take(*code)?;
            Some((stamp, place))
        });
        let playing = match stamp.last() {
            Some((stamp, place)) => Some(self.settle(stamp, place, before)),
            None if carried > 0 => {
                before.and_then(|(clip, until)| self.go_on(clip, until + carried))
            }
            None => None,
        };
        Tick { db, playing }
    }

    fn settle(&mut self, stamp: Stamp, place: usize, before: Option<(u16, usize)>) -> Playing {
        /// A stamp is complete with this sample of its slot.
        const COMPLETE: usize = 58;
        let until = usize::from(stamp.slot) * SLOT + COMPLETE + (FRAME - 1 - place);
        let until = until.min(self.length(stamp.clip).unwrap_or(until));
        let begins = before.is_none_or(|(clip, at)| clip != stamp.clip || until < at);
        self.at = Some((stamp.clip, until));
        Playing {
            clip: stamp.clip,
            until,
            begins,
            stamped: true,
        }
    }

    /// Plays on to this sample of a clip, or so far into the next one. `None`: there is no next one,
    /// and what is heard is not known.
    fn go_on(&mut self, clip: u16, until: usize) -> Option<Playing> {
        let length = self.length(clip).unwrap_or(until);
        let begins = until > length;
        let (clip, until) = if begins {
            (self.role.next_of(clip)?, until - length)
        } else {
            (clip, until)
        };
        self.at = Some((clip, until));
        Some(Playing {
            clip,
            until,
            begins,
            stamped: false,
        })
    }

    fn length(&self, clip: u16) -> Option<usize> {
        self.role.piece(clip).map(|piece| piece.ulaw.len())
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
    use crate::turns::layer2::stage;

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

    fn carried(frame: &[u8; FRAME]) -> usize {
        if *frame == [0xFF; FRAME] { 0 } else { FRAME }
    }

    fn heard(frames: &[[u8; FRAME]]) -> Vec<(u16, usize, bool)> {
        let mut listener = Listener::new(stage::role("Hi.", 80));
        let ticks = frames
            .iter()
            .filter_map(|frame| listener.hear(frame, carried(frame)).playing);
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
    fn soft_parts_of_a_quieter_voice_were_played_and_the_next_clip_follows() {
        let role = stage::role("Hi.", 80);
        role.wrote("Two words. Two more.");
        for (text, frames) in [("Two words.", 3), ("Two more.", 2)] {
            role.speak(text, |_| vec![0; frames * FRAME]);
        }
        let mut listener = Listener::new(role);
        let first = frames(0x800, 1, 1);
        assert!(listener.hear(&first[0], FRAME).playing.is_some());
        let soft = [0xFF; FRAME];
        let mut heard = || {
            let playing = listener.hear(&soft, FRAME).playing?;
            Some((playing.clip, playing.until, playing.begins))
        };
        assert_eq!(heard(), Some((0x800, 320, false)));
        assert_eq!(heard(), Some((0x800, 480, false)));
        assert_eq!(heard(), Some((0x801, 160, true)));
        assert_eq!(heard(), Some((0x801, 320, false)));
        assert_eq!(heard(), None, "nothing follows");
    }

    #[test]
    fn where_nothing_was_sent_nothing_was_played() {
        let mut listener = Listener::new(stage::role("Hi.", 80));
        listener.hear(&frames(0x801, 1, 1)[0], FRAME);
        assert_eq!(listener.hear(&[0xFF; FRAME], 0).playing, None);
        listener.forget();
        assert_eq!(listener.hear(&[0x80; FRAME], FRAME).playing, None);
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
