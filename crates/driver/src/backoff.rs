use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use providers::Verdict;

/// How long to wait before something is tried again: at random, and twice as long at most each time,
/// so that a thousand calls which failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// Every wait is at least this long.
    pub(crate) least: Duration,
    /// The longest.
    pub(crate) most: Duration,
}

impl Backoff {
    /// The wait after so many earlier ones: at random between `least` and `least` doubled once
    /// more than that, at most `most`.
    pub(crate) fn wait(self, earlier: u32) -> Duration {
        // The standard library's only source of randomness: keys of a hash map.
        let dice = RandomState::new().hash_one(earlier);
        self.wait_with(earlier, dice)
    }

    fn wait_with(self, earlier: u32, dice: u64) -> Duration {
        let doubled = 1u32.checked_shl(earlier + 1).unwrap_or(u32::MAX);
        let longest = self.least.saturating_mul(doubled).min(self.most);
        let room = longest.saturating_sub(self.least).as_micros();
        let part = room * u128::from(dice >> 32) / u128::from(u32::MAX);
        self.least + Duration::from_micros(u64::try_from(part).unwrap_or(0))
    }
}

/// When a provider that failed is asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) backoff: Backoff,
    /// The longest wait that it may ask for.
    pub(crate) longest: Duration,
    /// How many times.
    pub(crate) times: u32,
}

impl Retry {
    /// How long to wait, after it was asked again so many times; `None` if that will not help.
    pub(crate) fn after(self, verdict: Verdict, earlier: u32) -> Option<Duration> {
        if earlier >= self.times {
            return None;
        }
        match verdict {
            Verdict::Retry => Some(self.backoff.wait(earlier)),
            Verdict::RetryAfter(wait) => Some(wait).filter(|wait| *wait <= self.longest),
            Verdict::GiveUp
            | Verdict::KeyRefused
            | Verdict::ModelRefused
            | Verdict::SettingsRefused
            | Verdict::SwitchProvider => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        least: Duration::from_millis(100),
        most: Duration::from_millis(1_000),
    };

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        let bounds =
            |earlier| [0, u64::MAX].map(|dice| BACKOFF.wait_with(earlier, dice).as_millis());
        assert_eq!(bounds(0), [100, 200]);
        assert_eq!(bounds(2), [100, 800]);
        assert_eq!(bounds(9), [100, 1_000]);
        assert_eq!(bounds(40), [100, 1_000]);
        assert!((BACKOFF.least..=2 * BACKOFF.least).contains(&BACKOFF.wait(0)));
    }

    #[test]
    fn only_what_may_help_is_done_again_and_only_so_often() {
        let retry = Retry {
            backoff: BACKOFF,
            longest: Duration::from_millis(300),
            times: 2,
        };
        let after = |wait| Verdict::RetryAfter(Duration::from_millis(wait));
        for (verdict, earlier, again) in [
            (Verdict::Retry, 0, true),
            (Verdict::Retry, 1, true),
            (Verdict::Retry, 2, false),
            (after(300), 0, true),
            (after(301), 0, false),
            (Verdict::GiveUp, 0, false),
            (Verdict::KeyRefused, 0, false),
            (Verdict::ModelRefused, 0, false),
            (Verdict::SettingsRefused, 0, false),
            (Verdict::SwitchProvider, 0, false),
        ] {
            let wait = retry.after(verdict, earlier);
            assert_eq!(wait.is_some(), again, "{verdict:?} {earlier}");
        }
    }
}
