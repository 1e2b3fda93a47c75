use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Flushes that a connection takes within [`WINDOW`]; more are answered by a warning and no audio.
const MOST: usize = 20;
/// A little longer than the server's minute, whose beginning we do not see.
const WINDOW: Duration = Duration::from_secs(61);

/// When a connection was flushed.
#[derive(Debug, Default)]
pub(super) struct Flushes(VecDeque<Instant>);

impl Flushes {
    pub(super) fn note(&mut self, now: Instant) {
        self.forget(now);
        self.0.push_back(now);
    }

    /// How many more it takes now.
    pub(super) fn left(&mut self, now: Instant) -> usize {
        self.forget(now);
        MOST.saturating_sub(self.0.len())
    }

    /// When it takes the next one; in the past, if it takes one already.
    pub(super) fn next(&self) -> Option<Instant> {
        let oldest = self.0.len().checked_sub(MOST)?;
        self.0.get(oldest).map(|at| *at + WINDOW)
    }

    fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|at| *at + WINDOW <= now) {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_twenty() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut flushes = Flushes::default();
        for second in 0..19 {
            flushes.note(at(second));
        }
        assert_eq!((flushes.left(at(19)), flushes.next()), (1, None));
        flushes.note(at(19));
        assert_eq!((flushes.left(at(20)), flushes.next()), (0, Some(at(61))));
        assert_eq!(flushes.left(at(61)), 1);
        flushes.note(at(61));
        assert_eq!((flushes.left(at(61)), flushes.next()), (0, Some(at(62))));
        assert_eq!(flushes.left(at(200)), 20);
    }
}
