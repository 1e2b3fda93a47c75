use domain::Millis;

/// How much audio may come in: a few times real time, with room for a network that stalled and
/// then delivers everything at once.
#[derive(Debug)]
pub(super) struct Budget {
    times_real_time: u64,
    /// In milliseconds of audio.
    credit: u64,
    counted: Millis,
    dropped: u32,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It is within the budget.
    Take,
    /// It is beyond it.
    Drop,
    /// This is an attack.
    Close,
}

impl Budget {
    /// The longest gap that is filled (10 s) must fit, and what comes right after it.
    const BURST_MS: u64 = 15_000;
    /// Even a message without audio costs something to read.
    const LEAST_MS: u64 = 5;
    const MAX_DROPPED: u32 = 1_000;

    pub(super) fn new(times_real_time: u32) -> Self {
        Self {
            times_real_time: times_real_time.into(),
            credit: Self::BURST_MS,
            counted: Millis::ZERO,
            dropped: 0,
        }
    }

    /// Charges a message that holds or stands for this much audio.
    pub(super) fn charge(&mut self, now: Millis, audio: Millis) -> Verdict {
        let earned = (now - self.counted).0.saturating_mul(self.times_real_time);
        self.credit = self.credit.saturating_add(earned).min(Self::BURST_MS);
        self.counted = now;
        if let Some(rest) = self.credit.checked_sub(audio.0.max(Self::LEAST_MS)) {
            self.credit = rest;
            return Verdict::Take;
        }
        self.dropped += 1;
        if self.dropped > Self::MAX_DROPPED {
            Verdict::Close
        } else {
            Verdict::Drop
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Millis = Millis(20);

    #[test]
    fn a_call_in_real_time_never_meets_it() {
        let mut budget = Budget::new(4);
        for frame in 0..100_000 {
            assert_eq!(budget.charge(Millis(frame * 20), FRAME), Verdict::Take);
        }
    }

    #[test]
    fn a_stalled_network_may_catch_up() {
        let mut budget = Budget::new(4);
        for stall in 0..10 {
            let now = Millis(stall * 10_000);
            let verdicts: Vec<_> = (0..500).map(|_| budget.charge(now, FRAME)).collect();
            assert!(
                verdicts.iter().all(|verdict| *verdict == Verdict::Take),
                "{stall}"
            );
        }
    }

    #[test]
    fn a_flood_is_dropped_and_then_closed() {
        let mut budget = Budget::new(4);
        let verdicts: Vec<_> = (0..3_000)
            .map(|_| budget.charge(Millis(0), FRAME))
            .collect();
        assert_eq!(
            verdicts.iter().position(|it| *it == Verdict::Drop),
            Some(750)
        );
        assert_eq!(
            verdicts.iter().position(|it| *it == Verdict::Close),
            Some(1_750)
        );
    }

    #[test]
    fn four_times_real_time_is_the_limit() {
        for (times, taken_all) in [(4, true), (5, false)] {
            let mut budget = Budget::new(4);
            let taken = (0..100_000u64)
                .all(|frame| budget.charge(Millis(frame * 20 / times), FRAME) == Verdict::Take);
            assert_eq!(taken, taken_all, "{times} times");
        }
    }

    #[test]
    fn messages_without_audio_cost_too() {
        let mut budget = Budget::new(4);
        let taken = (0..5_000)
            .take_while(|_| budget.charge(Millis(0), Millis(0)) == Verdict::Take)
            .count();
        assert_eq!(taken, 3_000);
    }
}
