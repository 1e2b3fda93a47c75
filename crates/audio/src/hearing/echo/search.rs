//! Searches the lag at which our own voice comes back.

use super::envelope::{Own, Steps, correlation};

/// Lags that are looked at: up to 800 ms, in steps of 16 ms.
pub(super) const LAGS: usize = 51;
/// What was heard within the last second is compared.
pub(super) const WINDOW: usize = 64;
/// A second that is this much like ours was ours.
const ENOUGH: f32 = 0.8;
/// An echo comes back at most as loud as we are, or a gateway amplifies: 6 dB.
const MOST_GAIN: f32 = 4.0;

/// Where our voice was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// How many steps later.
    pub(super) lag: u64,
    /// How much of its power was left.
    pub(super) gain: f32,
}

impl Found {
    pub(super) fn is_near(&self, other: &Self) -> bool {
        self.lag.abs_diff(other.lag) <= 1
    }
}

/// The lag at which the last second of what was heard is most like what we played, if it is.
pub(super) fn search(heard: &Steps, own: &Own) -> Option<Found> {
    let mut x = [0.0; WINDOW];
    heard.copy_last(&mut x);
    let mut ours = [0.0; WINDOW + LAGS - 1];
    own.copy(heard.count(), &mut ours);
    let (lag, best) = (0..LAGS)
        .map(|lag| (lag, correlation(&x, &ours[LAGS - 1 - lag..][..WINDOW])))
        .max_by(|(_, a), (_, b)| a.likeness.total_cmp(&b.likeness))?;
    let gain = best.slope.powi(4);
    (best.likeness > ENOUGH && gain < MOST_GAIN).then_some(Found {
        lag: lag as u64,
        gain,
    })
}
