use std::collections::VecDeque;

use domain::Millis;
use session::{Span, Words};

use super::Sound;
use crate::connection::BYTES_PER_MS;

/// Stretches remembered: a minute of pieces, even if each of them is apart from the one before.
const KEPT: usize = 1_024;

/// Where the audio of one connection lies on the call's clock.
///
/// A connection counts the audio it was given. What was lost on the way to it, and silence that was
/// not worth playing again, leave gaps that it knows nothing of.
#[derive(Debug, Default)]
pub(super) struct Ruler {
    stretches: VecDeque<Stretch>,
    /// Bytes given so far.
    given: u64,
}

/// Audio without a gap.
#[derive(Debug)]
struct Stretch {
    /// Bytes given before it.
    before: u64,
    /// When its first sample was heard.
    from: Millis,
}

impl Stretch {
    fn at(&self, given: u64) -> Millis {
        self.from + Millis(given.saturating_sub(self.before) / BYTES_PER_MS)
    }
}

impl Ruler {
    /// The connection was given this sound.
    pub(super) fn give(&mut self, sound: &Sound) {
        let goes_on = self
            .stretches
            .back()
            .is_some_and(|last| last.at(self.given) == sound.from);
        if !goes_on {
            self.stretches.push_back(Stretch {
                before: self.given,
                from: sound.from,
            });
            if self.stretches.len() > KEPT {
                self.stretches.pop_front();
            }
        }
        self.given += sound.bytes.len() as u64;
    }

    /// The span of a connection on the call's clock, if it is about sound that was given and is
    /// remembered.
    pub(super) fn on_call(&self, span: Span) -> Option<Span> {
        let bytes = |at: Millis| at.0.saturating_mul(BYTES_PER_MS);
        let (first, end) = (bytes(span.from), bytes(span.until).min(self.given));
        if first > end {
            return None;
        }
        let from = self.holding(|stretch| stretch.before <= first)?.at(first);
        // The end belongs to the sound before it, and not to what follows a gap.
        let until = self
            .holding(|stretch| stretch.before < end || stretch.before <= first)?
            .at(end);
        Some(Span {
            from,
            until: until.max(from),
        })
    }

    /// From where on these words are all that was heard, on the call's clock.
    pub(super) fn begin_on_call(&self, words: &Words) -> Option<Millis> {
        let (from, span) = words.begins.zip(words.span)?;
        let heard = self.on_call(Span { from, ..span })?;
        Some(heard.from)
    }

    /// These spans on the call's clock; none if one of them has no place there.
    pub(super) fn all_on_call(&self, spans: &[Span]) -> Vec<Span> {
        let placed: Option<Vec<Span>> = spans.iter().map(|span| self.on_call(*span)).collect();
        placed.unwrap_or_default()
    }

    /// The last stretch that begins early enough.
    fn holding(&self, early: impl Fn(&Stretch) -> bool) -> Option<&Stretch> {
        let count = self.stretches.partition_point(early);
        self.stretches.get(count.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn sound(from: u64, ms: usize) -> Sound {
        Sound {
            from: Millis(from),
            bytes: Bytes::from(vec![0x20; ms * 8]),
            speech: true,
        }
    }

    fn span(from: u64, until: u64) -> Span {
        Span {
            from: Millis(from),
            until: Millis(until),
        }
    }

    fn ruler(sounds: &[(u64, usize)]) -> Ruler {
        let mut ruler = Ruler::default();
        for (from, ms) in sounds {
            ruler.give(&sound(*from, *ms));
        }
        ruler
    }

    #[test]
    fn a_connection_counts_from_the_first_sound_it_was_given() {
        let ruler = ruler(&[(5_000, 60), (5_060, 60), (5_120, 60)]);
        assert_eq!(ruler.stretches.len(), 1, "sound without a gap is one");
        assert_eq!(ruler.on_call(span(0, 180)), Some(span(5_000, 5_180)));
        assert_eq!(ruler.on_call(span(70, 110)), Some(span(5_070, 5_110)));
    }

    #[test]
    fn lost_sound_does_not_shift_what_comes_after_it() {
        let ruler = ruler(&[(0, 100), (400, 100), (500, 100)]);
        assert_eq!(ruler.on_call(span(100, 300)), Some(span(400, 600)));
        assert_eq!(ruler.on_call(span(50, 150)), Some(span(50, 450)));
        assert_eq!(ruler.on_call(span(20, 100)), Some(span(20, 100)));
    }

    #[test]
    fn sound_that_was_never_given_has_no_place() {
        let ruler = ruler(&[(1_000, 100)]);
        assert_eq!(ruler.on_call(span(101, 150)), None);
        let rounded_up = ruler.on_call(span(50, 101));
        assert_eq!(rounded_up, Some(span(1_050, 1_100)));
        assert_eq!(ruler.on_call(span(50, 40)), None);
        assert_eq!(Ruler::default().on_call(span(0, 0)), None);
    }

    #[test]
    fn a_result_begins_where_its_first_sound_was() {
        let ruler = ruler(&[(1_000, 100), (5_000, 100)]);
        let words = |begins| Words {
            span: Some(span(120, 180)),
            begins,
            ..Words::default()
        };
        let begin = |at: u64| ruler.begin_on_call(&words(Some(Millis(at))));
        assert_eq!(begin(20), Some(Millis(1_020)), "across a gap");
        assert_eq!(begin(110), Some(Millis(5_010)));
        assert_eq!(ruler.begin_on_call(&words(None)), None);
    }

    #[test]
    fn words_have_their_places_together_or_not_at_all() {
        let ruler = ruler(&[(1_000, 100), (5_000, 100)]);
        let (one, two, never) = (span(20, 80), span(120, 180), span(400, 500));
        let placed = ruler.all_on_call(&[one, two]);
        assert_eq!(placed, [span(1_020, 1_080), span(5_020, 5_080)]);
        assert_eq!(ruler.all_on_call(&[one, never]), []);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut ruler = Ruler::default();
        for piece in 0..2_000_u64 {
            ruler.give(&sound(piece * 61, 60));
        }
        assert_eq!(ruler.stretches.len(), KEPT);
        assert_eq!(ruler.on_call(span(0, 60)), None);
        let newest = ruler.on_call(span(1_999 * 60, 2_000 * 60));
        assert_eq!(newest, Some(span(1_999 * 61, 1_999 * 61 + 60)));
    }
}
