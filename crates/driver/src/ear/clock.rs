//! Which sample of the caller's stream belongs to a moment of ours.

use std::time::Duration;

use tokio::time::Instant;

/// Audio arrives late, in bursts, never early: the earliest arrival of the last 2 to 4 s counts. A
/// gap in the stream, or a carrier's clock that runs slow, is forgotten as soon.
const WITHIN: Duration = Duration::from_secs(2);

/// Dates moments in samples of the caller's stream.
#[derive(Debug)]
pub(super) struct LineClock {
    /// When the stream began, judged by the earliest arrivals: of the time before, and of now.
    began: [Option<Instant>; 2],
    since: Instant,
}

impl LineClock {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: [None, None],
            since: now,
        }
    }

    /// So much of the stream has arrived by now.
    pub(super) fn arrived(&mut self, now: Instant, heard_ms: u64) {
        if now - self.since >= WITHIN {
            self.since = now;
            self.began = [self.began[1], None];
        }
        let began = now.checked_sub(Duration::from_millis(heard_ms));
        self.began[1] = earlier(self.began[1], began);
    }

    /// The position in the stream, in ms, that arrives at this moment if it is not delayed.
    pub(super) fn position_ms(&self, at: Instant) -> u64 {
        let Some(began) = earlier(self.began[0], self.began[1]) else {
            return 0;
        };
        u64::try_from(at.saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX)
    }

    /// When this position of the stream was spoken, as far as arrivals tell.
    pub(super) fn moment(&self, position_ms: u64) -> Option<Instant> {
        let began = earlier(self.began[0], self.began[1])?;
        Some(began + Duration::from_millis(position_ms))
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_packet_does_not_shift_the_clock_and_a_gap_does() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut clock = LineClock::new(start);
        for frame in 1..=100 {
            let late = if frame % 7 == 0 { 60 } else { 0 };
            clock.arrived(at(frame * 20 + late), frame * 20);
        }
        assert_eq!(clock.position_ms(at(2_300)), 2_300);
        assert_eq!(clock.moment(1_500), Some(at(1_500)));
        // Half a second is never sent.
        for frame in 101..=350 {
            clock.arrived(at(frame * 20 + 500), frame * 20);
        }
        assert_eq!(clock.position_ms(at(8_000)), 7_500);
    }
}
