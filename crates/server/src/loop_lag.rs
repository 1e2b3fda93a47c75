//! How late this process does what is due. Frames leave every 20 ms: a process that is late by more
//! for long serves nobody well, and takes no further calls until it has caught up.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior};

use crate::app::App;

/// How often something is due, for the sake of seeing when it happens.
const EVERY: Duration = Duration::from_millis(50);

/// Looks in a second.
const LOOKS: u32 = 20;

/// So many late seconds in a row are more than a hiccup.
const LATE_SECONDS: u32 = 5;

/// Watches for as long as it is polled.
pub(crate) async fn watch(app: Arc<App>) {
    let mut lag = Lag::new(app.limits.waits.loop_lag);
    let mut ticks = tokio::time::interval(EVERY);
    // What was due while the process stood still counts as late, each time.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        let due = ticks.tick().await;
        let late_by = Instant::now().saturating_duration_since(due);
        app.meters.loop_lag.observe(late_by.as_secs_f64());
        let behind = lag.look(late_by);
        if app.gate.fall_behind(behind) != behind {
            tracing::warn!(behind, "the process falls behind, or has caught up");
        }
    }
}

/// Tells a hiccup from a process that has too much to do.
#[derive(Debug)]
struct Lag {
    tolerated: Duration,
    looks: u32,
    /// Whether any look of this second was late.
    late: bool,
    late_seconds: u32,
}

impl Lag {
    const fn new(tolerated: Duration) -> Self {
        Self {
            tolerated,
            looks: 0,
            late: false,
            late_seconds: 0,
        }
    }

    /// Takes the lag of one look; says whether the process has been behind for long.
    fn look(&mut self, late_by: Duration) -> bool {
        self.looks += 1;
        self.late |= late_by > self.tolerated;
        if self.looks == LOOKS {
            self.late_seconds = if self.late { self.late_seconds + 1 } else { 0 };
            self.looks = 0;
            self.late = false;
        }
        self.late_seconds >= LATE_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERATED: Duration = Duration::from_millis(20);
    const LATE: Duration = Duration::from_millis(21);

    /// A second in which one look is this late.
    fn second(lag: &mut Lag, late_by: Duration) -> bool {
        lag.look(late_by);
        (1..LOOKS).fold(false, |_, _| lag.look(Duration::ZERO))
    }

    #[test]
    fn five_late_seconds_are_too_many() {
        let mut lag = Lag::new(TOLERATED);
        let behind = [(); 6].map(|()| second(&mut lag, LATE));
        assert_eq!(behind, [false, false, false, false, true, true]);
        assert!(!second(&mut lag, TOLERATED), "one good second is enough");
    }

    #[test]
    fn a_hiccup_is_no_overload() {
        let mut lag = Lag::new(TOLERATED);
        for _ in 0..4 {
            second(&mut lag, LATE);
        }
        second(&mut lag, Duration::ZERO);
        let behind = [(); 4].map(|()| second(&mut lag, LATE));
        assert_eq!(behind, [false; 4]);
    }
}
