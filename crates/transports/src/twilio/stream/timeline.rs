/// Places audio in time, so that lost messages leave silence and not a jump.
///
/// Counts in bytes of mu-law: eight to the millisecond.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Where the next audio belongs.
    expected: Option<u64>,
}

impl Timeline {
    const BYTES_PER_MS: u64 = 8;
    /// Timestamps are rounded and jitter a little; half a frame is not a loss.
    const TOLERANCE: u64 = 10 * Self::BYTES_PER_MS;
    /// Ten seconds. A call that lost more is beyond repair.
    const LONGEST_GAP: u64 = 10_000 * Self::BYTES_PER_MS;

    /// Takes the next piece of audio; returns how many bytes of silence belong before it.
    ///
    /// A timestamp that is missing, no number, or runs backward says nothing: the count starts anew.
    pub(super) fn place(&mut self, timestamp_ms: Option<u64>, bytes: usize) -> usize {
        let length = u64::try_from(bytes).unwrap_or(u64::MAX);
        let Some(at) = timestamp_ms.and_then(|ms| ms.checked_mul(Self::BYTES_PER_MS)) else {
            self.expected = None;
            return 0;
        };
        let expected = self.expected.unwrap_or(at);
        let gap = at.saturating_sub(expected);
        let follows = at.abs_diff(expected) < Self::TOLERANCE;
        let begins = if follows { expected } else { at };
        self.expected = begins.checked_add(length);
        if follows {
            0
        } else {
            usize::try_from(gap.min(Self::LONGEST_GAP)).unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The gaps before pieces of (timestamp, bytes).
    fn gaps<const N: usize>(pieces: [(Option<u64>, usize); N]) -> [usize; N] {
        let mut timeline = Timeline::default();
        pieces.map(|(timestamp, bytes)| timeline.place(timestamp, bytes))
    }

    #[test]
    fn audio_in_time_has_no_gaps() {
        assert_eq!(
            gaps([
                (Some(60), 160),
                (Some(80), 160),
                (Some(100), 80),
                (Some(110), 0)
            ]),
            [0; 4]
        );
    }

    #[test]
    fn lost_messages_become_silence() {
        assert_eq!(
            gaps([(Some(0), 160), (Some(100), 160), (Some(120), 160)]),
            [0, 640, 0]
        );
    }

    #[test]
    fn a_gap_is_filled_with_ten_seconds_at_most() {
        assert_eq!(
            gaps([(Some(0), 160), (Some(60_000), 160), (Some(60_020), 160)]),
            [0, 80_000, 0]
        );
    }

    #[test]
    fn odd_timestamps_start_the_count_anew() {
        assert_eq!(
            gaps([(Some(100), 160), (None, 160), (Some(900), 160)]),
            [0; 3]
        );
        assert_eq!(
            gaps([(Some(100), 160), (Some(20), 160), (Some(40), 160)]),
            [0; 3]
        );
        assert_eq!(
            gaps([
                (Some(u64::MAX), 160),
                (Some(u64::MAX / 8), 160),
                (Some(0), 160)
            ]),
            [0; 3]
        );
    }

    #[test]
    fn jitter_is_no_loss_but_drift_is() {
        let jitter = [
            (Some(0), 160),
            (Some(25), 160),
            (Some(38), 160),
            (Some(69), 160),
        ];
        assert_eq!(gaps(jitter), [0; 4]);
        let drift = [
            (Some(0), 160),
            (Some(26), 160),
            (Some(52), 160),
            (Some(72), 160),
        ];
        assert_eq!(gaps(drift), [0, 0, 96, 0], "6 ms late, then 12");
    }

    proptest! {
        #[test]
        fn silence_is_bounded(pieces in prop::collection::vec((any::<Option<u64>>(), 0usize..50_000), 0..50)) {
            let mut timeline = Timeline::default();
            for (timestamp, bytes) in pieces {
                prop_assert!(timeline.place(timestamp, bytes) <= 80_000);
            }
        }
    }
}
