use domain::Millis;

use crate::recent::Recent;

/// How slowly this caller speaks: the waits at the end of a turn are stretched by it.
#[derive(Debug)]
pub(crate) struct Pace {
    percent: u64,
    /// Pauses inside this caller's turns.
    pauses: Recent,
}

const USUAL: u64 = 100;
const SLOWEST: u64 = 160;
const QUICKEST: u64 = 80;
/// The pause that the usual waits are made for.
const USUAL_PAUSE: Millis = Millis(600);

impl Default for Pace {
    fn default() -> Self {
        Self {
            percent: USUAL,
            pauses: Recent::default(),
        }
    }
}

impl Pace {
    /// In percent of the usual waits.
    pub(crate) fn percent(&self) -> u64 {
        self.percent
    }

    /// The caller paused, and went on in the same turn.
    pub(crate) fn paused(&mut self, length: Millis) {
        self.pauses.add(length);
    }

    /// A turn was taken and answered. `clean`: not too soon, as far as anybody can tell. That says
    /// that long waits may become shorter again, not that usual ones are too long.
    pub(crate) fn turn_is_over(&mut self, clean: bool) {
        if let Some(long) = self.pauses.percentile(90) {
            let own = (long.0 * 100 / USUAL_PAUSE.0).clamp(QUICKEST, SLOWEST);
            self.percent = (self.percent * 80 + own * 20) / 100;
        }
        if clean && self.percent > USUAL {
            self.percent = (self.percent * 95 / 100).max(USUAL);
        }
        self.percent = self.percent.clamp(QUICKEST, SLOWEST);
    }

    /// The agent was heard while the caller was not done.
    pub(crate) fn cut_in(&mut self) {
        self.percent = (self.percent * 125 / 100).min(SLOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_with_long_pauses_is_waited_for() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            pace.paused(Millis(1_200));
            pace.turn_is_over(false);
        }
        assert_eq!(pace.percent(), 156, "towards the slowest");
        pace.cut_in();
        assert_eq!(pace.percent(), SLOWEST);
    }

    #[test]
    fn a_caller_with_short_pauses_is_answered_sooner_down_to_a_bound() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            pace.paused(Millis(200));
            pace.turn_is_over(true);
        }
        assert_eq!(pace.percent(), QUICKEST);
    }

    #[test]
    fn clean_turns_undo_what_a_cut_in_did_and_no_more() {
        let mut pace = Pace::default();
        pace.cut_in();
        pace.turn_is_over(true);
        assert_eq!(pace.percent(), 118);
        for _ in 0..20 {
            pace.turn_is_over(true);
        }
        assert_eq!(pace.percent(), USUAL);
    }
}
