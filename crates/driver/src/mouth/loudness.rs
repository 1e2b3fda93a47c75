//! Which reply is played more quietly than it was made.

use audio::gain::Gain;
use domain::ReplyId;

/// Ducks one reply at a time; every other one is played as it is.
#[derive(Default)]
pub(super) struct Loudness {
    ducked: Option<(ReplyId, u8)>,
    /// By how much sound is lowered just now.
    lowered_db: u8,
    gain: Gain,
}

impl Loudness {
    pub(super) fn duck(&mut self, reply: ReplyId, db: u8) {
        self.ducked = Some((reply, db));
    }

    pub(super) fn restore(&mut self, reply: ReplyId) {
        self.ducked.take_if(|(ducked, _)| *ducked == reply);
    }

    pub(super) fn restore_all(&mut self) {
        *self = Self::default();
    }

    /// Makes some sound of a reply as loud as it is to be.
    pub(super) fn apply(&mut self, reply: ReplyId, ulaw: &mut [u8]) {
        let wanted_db = match self.ducked {
            Some((ducked, db)) if ducked == reply => db,
            Some(_) | None => 0,
        };
        if wanted_db != self.lowered_db {
            self.lowered_db = wanted_db;
            self.gain.lower(f32::from(wanted_db));
        }
        self.gain.apply(ulaw);
    }
}
