use std::collections::VecDeque;

use audio::g711::BYTES_PER_MS;
use domain::Millis;
use session::Span;

/// Gaps that are told apart. Nobody hears of sound that lies further back.
const MOST_GAPS: usize = 64;

/// Tells times of what the server was sent as times of what we were given.
///
/// The two differ by audio that was dropped while the connection was made, and by the silence that
/// we fill gaps with.
#[derive(Debug, Default)]
pub(super) struct Ruler {
    /// Bytes given that the server never saw: all of them before the first one it saw.
    dropped: u64,
    /// Bytes sent.
    sent: u64,
    gaps: VecDeque<Gap>,
    /// Bytes of silence in gaps so old that they are not kept.
    old_silence: u64,
}

/// Silence that was sent and never given.
#[derive(Debug)]
struct Gap {
    at: u64,
    length: u64,
}

impl Ruler {
    /// Audio was dropped before anything was sent.
    pub(super) fn drop(&mut self, bytes: usize) {
        self.dropped += bytes as u64;
    }

    /// Audio was sent as it was given.
    pub(super) fn send(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// Silence was sent that nobody gave.
    pub(super) fn fill(&mut self, bytes: usize) {
        let length = bytes as u64;
        match self.gaps.back_mut() {
            Some(last) if last.at + last.length == self.sent => last.length += length,
            Some(_) | None => self.gaps.push_back(Gap {
                at: self.sent,
                length,
            }),
        }
        self.sent += length;
        if self.gaps.len() > MOST_GAPS
            && let Some(oldest) = self.gaps.pop_front()
        {
            self.old_silence += oldest.length;
        }
    }

    /// A stretch of what was sent, as one of what was given.
    pub(super) fn as_given(&self, span: Span) -> Span {
        Span {
            from: self.time_given(span.from),
            until: self.time_given(span.until),
        }
    }

    /// A time within a gap is where the gap is.
    fn time_given(&self, sent: Millis) -> Millis {
        let sent = sent.0.saturating_mul(BYTES_PER_MS);
        let silence: u64 = self
            .gaps
            .iter()
            .map(|gap| sent.saturating_sub(gap.at).min(gap.length))
            .sum();
        let given = sent.saturating_add(self.dropped);
        Millis(given.saturating_sub(silence + self.old_silence) / BYTES_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(ruler: &Ruler, from: u64, until: u64) -> (u64, u64) {
        let span = ruler.as_given(Span {
            from: Millis(from),
            until: Millis(until),
        });
        (span.from.0, span.until.0)
    }

    #[test]
    fn dropped_audio_counts_and_silence_of_ours_does_not() {
        let mut ruler = Ruler::default();
        ruler.drop(8 * 1_000);
        ruler.send(8 * 200);
        ruler.fill(8 * 300);
        ruler.fill(8 * 100);
        ruler.send(8 * 200);
        assert_eq!(given(&ruler, 0, 200), (1_000, 1_200));
        assert_eq!(given(&ruler, 350, 600), (1_200, 1_200), "within the gap");
        assert_eq!(given(&ruler, 600, 800), (1_200, 1_400));
    }

    #[test]
    fn old_gaps_are_added_up() {
        let mut ruler = Ruler::default();
        for _ in 0..1_000 {
            ruler.fill(8 * 10);
            ruler.send(8 * 10);
        }
        assert_eq!(ruler.gaps.len(), MOST_GAPS);
        assert_eq!(given(&ruler, 20_000, 20_000), (10_000, 10_000));
    }
}
