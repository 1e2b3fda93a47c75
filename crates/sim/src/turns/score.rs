//! From what was seen in many calls to numbers: quantiles, shares, and the worst of each kind.

mod history;
mod overlaps;
mod turns;

pub use history::{HistoryScore, WordTimes};
pub use overlaps::OverlapScore;
pub use turns::{OPENERS, TurnScore};

use domain::Millis;

/// Many measurements of one thing, and where each was made.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    all: Vec<Sample>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Sample {
    /// What was measured.
    pub value: u64,
    /// Where.
    pub place: Place,
}

/// A moment of a call.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The call, by its place in the list of calls.
    pub call: usize,
    /// The stretch that shows it.
    pub from: Millis,
    /// Its end.
    pub until: Millis,
}

impl Samples {
    /// Adds one.
    pub fn add(&mut self, value: u64, place: Place) {
        self.all.push(Sample { value, place });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The value that this share of all does not exceed. `None` of nothing.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut values: Vec<u64> = self.all.iter().map(|sample| sample.value).collect();
        values.sort_unstable();
        Some(values[rank(values.len(), share)?] as f64)
    }

    /// All of them.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.all.iter().map(|sample| sample.value as f64).collect()
    }

    /// The mean. `None` of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let sum: u64 = self.all.iter().map(|sample| sample.value).sum();
        (!self.all.is_empty()).then(|| sum as f64 / self.all.len() as f64)
    }

    /// The share of them that is not zero, in percent.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        let those = self.all.iter().filter(|sample| sample.value > 0).count();
        percent(those, self.all.len())
    }

    /// The three highest.
    #[must_use]
    pub fn worst(&self) -> Vec<Sample> {
        let mut all = self.all.clone();
        all.sort_unstable_by(|a, b| b.value.cmp(&a.value).then(a.place.cmp(&b.place)));
        all.retain(|sample| sample.value > 0);
        all.truncate(3);
        all
    }
}

/// The place, among so many values in their order, of the one that this share does not exceed.
pub(crate) fn rank(of: usize, share: f64) -> Option<usize> {
    let last = of.checked_sub(1)?;
    let at = (share * of as f64).ceil() as usize;
    Some(at.saturating_sub(1).min(last))
}

/// A share in percent. `None` of nothing.
#[must_use]
pub fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut samples = Samples::default();
        assert_eq!(samples.quantile(0.5), None);
        for value in 1..=100 {
            samples.add(value, Place::default());
        }
        assert_eq!(samples.quantile(0.5), Some(50.0));
        assert_eq!(samples.quantile(0.95), Some(95.0));
        assert_eq!(samples.quantile(1.0), Some(100.0));
        assert_eq!(samples.mean(), Some(50.5));
        let worst: Vec<u64> = samples.worst().iter().map(|sample| sample.value).collect();
        assert_eq!(worst, [100, 99, 98]);
    }
}
