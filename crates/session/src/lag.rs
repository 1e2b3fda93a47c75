use domain::Millis;

use crate::recent::Recent;

/// How long the recogniser takes, measured in this call.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    recent: Recent,
}

/// Fewer measurements say nothing.
const ENOUGH: usize = 4;
/// A recogniser that is usually later than this is slow.
const SLOW: Millis = Millis(400);
/// No turn waits longer for words, however late they usually are.
const LONGEST: Millis = Millis(2_500);
const MARGIN: Millis = Millis(50);

impl Lag {
    /// Words came so long after their sound.
    pub(crate) fn measured(&mut self, lag: Millis) {
        self.recent.add(lag);
    }

    fn percentile(&self, percent: usize) -> Option<Millis> {
        self.recent
            .percentile(percent)
            .filter(|_| self.recent.len() >= ENOUGH)
    }

    /// Whether words usually come late: then one word proves little, and silence less.
    pub(crate) fn is_slow(&self) -> bool {
        self.percentile(95).is_some_and(|lag| lag > SLOW)
    }

    /// The shortest silence that may end a turn: words that are on their way must have come.
    pub(crate) fn floor(&self) -> Millis {
        match self.percentile(95) {
            Some(lag) if lag > SLOW => lag.or_earlier(LONGEST) + MARGIN,
            Some(lag) => lag - MARGIN,
            None => Millis::ZERO,
        }
    }

    /// How long after the last sound its words are waited for.
    pub(crate) fn deadline(&self, usual: Millis) -> Millis {
        let late = self.percentile(99).unwrap_or_default();
        late.or_earlier(LONGEST).or_later(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(measured: &[u64]) -> Lag {
        let mut lag = Lag::default();
        for &ms in measured {
            lag.measured(Millis(ms));
        }
        lag
    }

    #[test]
    fn a_few_measurements_change_nothing() {
        let lag = lag(&[2_000, 2_000, 2_000]);
        assert!(!lag.is_slow());
        assert_eq!(lag.floor(), Millis::ZERO);
        assert_eq!(lag.deadline(Millis(1_000)), Millis(1_000));
    }

    #[test]
    fn a_slow_recogniser_lengthens_every_wait() {
        let quick = lag(&[240, 250, 260, 300]);
        assert!(!quick.is_slow());
        assert_eq!(quick.floor(), Millis(250));
        let slow = lag(&[600, 700, 800, 1_200]);
        assert!(slow.is_slow());
        assert_eq!(slow.floor(), Millis(1_250));
        assert_eq!(slow.deadline(Millis(1_000)), Millis(1_200));
        assert_eq!(lag(&[9_000; 8]).deadline(Millis(1_000)), LONGEST);
    }
}
