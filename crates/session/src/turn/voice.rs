//! What is known of the caller's voice.

use domain::Millis;

/// A stretch of the caller's sound. `until` is missing while it goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sound {
    pub(super) from: Millis,
    pub(super) until: Option<Millis>,
}

/// How a turn began. Words without a sound stand in for it: their times are all there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Onset {
    Sound(Millis),
    Words(Millis),
}

/// Whether the caller makes a sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Voice {
    Quiet { since: Millis, before: Before },
    Speaking { since: Millis, before: Before },
}

/// How things stood before the last sound, should it turn out not to be the caller's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Before {
    pub(super) quiet_since: Millis,
    pub(super) coverage: Coverage,
}

/// Whether the words cover the sound so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Coverage {
    /// They were waited for long enough: what there is has to do.
    GivenUp,
    /// The recogniser owes some.
    #[default]
    Owed,
    /// The recogniser has nothing more to say about it.
    Whole,
}

impl Default for Voice {
    fn default() -> Self {
        Self::Quiet {
            since: Millis::ZERO,
            before: Before::default(),
        }
    }
}

/// What the recogniser's own model of turns thinks of this one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Opinion {
    /// It seemed over, and is not.
    GoesOn,
    Likely,
    #[default]
    None,
    Over {
        since: Millis,
    },
}
