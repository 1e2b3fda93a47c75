//! What is wanted of turn-taking, and the limits by which it is measured: both layers read them
//! here.

use domain::Millis;

use super::report::{Bound, Unit};

/// How much silence a caller hears out who waits for an agent.
pub(crate) const PATIENCE: Millis = Millis(15_000);
/// Who hears an agent for no longer goes on undisturbed.
pub(crate) const NOT_NOTICED: Millis = Millis(200);
/// Later than so long after its end, a sound over the agent's words has nothing to do with it.
pub(crate) const AFTERMATH: Millis = Millis(1_000);
/// Nearer to the end of the agent's words a sound is simply the next turn.
pub(crate) const END_EDGE: Millis = Millis(600);

/// What is wanted of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) unit: Unit,
    pub(crate) bound: Bound,
}

/// What is wanted of the value that this share of all does not exceed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantile {
    pub(crate) at: f64,
    pub(crate) wanted: Wanted,
}

const fn at_most(most: f64, unit: Unit) -> Wanted {
    Wanted {
        unit,
        bound: Bound::AtMost(most),
    }
}

const fn at_least(least: f64) -> Wanted {
    Wanted {
        unit: Unit::Share,
        bound: Bound::AtLeast(least),
    }
}

const fn p(percent: f64, most: f64, unit: Unit) -> Quantile {
    Quantile {
        at: percent / 100.0,
        wanted: at_most(most, unit),
    }
}

impl Quantile {
    /// `p95`.
    pub(crate) fn name(self) -> String {
        format!("p{:.0}", self.at * 100.0)
    }

    /// The same value, told without a bound.
    pub(crate) const fn told(self) -> Self {
        Self {
            at: self.at,
            wanted: Wanted {
                unit: self.wanted.unit,
                bound: Bound::Nothing,
            },
        }
    }
}

pub(crate) const CUTS: Wanted = at_most(10.0, Unit::Share);
pub(crate) const CUTS_PATIENT: Wanted = at_most(5.0, Unit::Share);
pub(crate) const WAIT: Wanted = at_most(550.0, Unit::Ms);
pub(crate) const WAIT_PATIENT: Wanted = at_most(900.0, Unit::Ms);
pub(crate) const AUDIBLE_CUTS: Wanted = at_most(4.0, Unit::Share);
pub(crate) const MISSED: Wanted = at_most(0.1, Unit::Share);
pub(crate) const MISSED_LOSSY: Wanted = at_most(1.0, Unit::Share);

/// With a model of 375 and 750 ms, and a voice of 100 and 250.
pub(crate) const LATENCY: [Quantile; 3] = [
    p(50.0, 850.0, Unit::Ms),
    p(90.0, 1_250.0, Unit::Ms),
    p(95.0, 1_650.0, Unit::Ms),
];
/// With a model of 200 and 350 ms, and a voice of 90 and 150.
pub(crate) const LATENCY_FAST: [Quantile; 2] =
    [p(50.0, 650.0, Unit::Ms), p(95.0, 1_100.0, Unit::Ms)];
/// Of the first sound of an answer with an opener.
pub(crate) const OPENED: [Quantile; 2] = [p(50.0, 600.0, Unit::Ms), p(95.0, 750.0, Unit::Ms)];

pub(crate) const DUCKED: Quantile = p(50.0, 200.0, Unit::Ms);
pub(crate) const SILENT: [Quantile; 2] = [p(50.0, 600.0, Unit::Ms), p(95.0, 800.0, Unit::Ms)];
pub(crate) const SILENT_FOR_STOPS: Quantile = p(95.0, 900.0, Unit::Ms);
pub(crate) const YIELDED: Wanted = at_least(99.0);
pub(crate) const RESTORED: Quantile = p(95.0, 600.0, Unit::Ms);

pub(crate) const BACKCHANNELS: Wanted = at_least(95.0);
pub(crate) const COUGHS: Wanted = at_least(95.0);
pub(crate) const BACKGROUND_VOICES: Wanted = at_least(95.0);
pub(crate) const OTHER_NOISES: Wanted = at_least(95.0);
pub(crate) const SIDE_TALK: Wanted = at_least(65.0);

/// Of words by which a record is off, if the voice tells when words end.
pub(crate) const HISTORY: [Quantile; 2] = [p(50.0, 1.0, Unit::Words), p(95.0, 2.0, Unit::Words)];
/// The same, if it does not.
pub(crate) const HISTORY_GUESSED: [Quantile; 2] =
    [p(50.0, 1.0, Unit::Words), p(95.0, 3.0, Unit::Words)];
pub(crate) const OVER_CLAIMS: Wanted = at_most(1.0, Unit::Share);

pub(crate) const ECHOES: Wanted = at_most(0.0, Unit::Number);
pub(crate) const STARTS_PER_TURN: Wanted = at_most(1.3, Unit::Number);
pub(crate) const DISCARDED: Wanted = at_most(20.0, Unit::Percent);
pub(crate) const ENGINE_PER_FRAME: Wanted = at_most(5.0, Unit::Micros);
