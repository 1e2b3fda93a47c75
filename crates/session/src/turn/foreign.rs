//! Sound that is not the caller's: our own echo, or somebody in the background.

use domain::Millis;

use super::voice::Sound;
use crate::Span;

/// Stretches of foreign sound that are remembered: words about older ones have come long ago.
const MOST_STRETCHES: usize = 8;

/// The stretches of foreign sound, none touching another, the one that was told last at the end.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    stretches: Vec<Span>,
}

/// What of a turn turned out not to be the caller's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Disowned {
    /// Some of its words.
    pub(crate) words: bool,
    /// Its last sound.
    pub(crate) sound: bool,
}

impl Foreign {
    /// Sound that goes on is told in pieces, which follow on each other or overlap.
    pub(super) fn add(&mut self, span: Span) {
        let mut whole = span;
        self.stretches.retain(|known| {
            let apart = known.until < whole.from || known.from > whole.until;
            if !apart {
                whole.from = whole.from.or_earlier(known.from);
                whole.until = whole.until.or_later(known.until);
            }
            apart
        });
        if self.stretches.len() == MOST_STRETCHES {
            self.stretches.remove(0);
        }
        self.stretches.push(whole);
    }

    /// Whether something foreign sounded at that time.
    pub(super) fn holds(&self, at: Millis) -> bool {
        self.stretches
            .iter()
            .any(|known| at >= known.from && at <= known.until)
    }

    /// How much of a stretch is foreign.
    fn within(&self, span: Span) -> Millis {
        self.stretches.iter().fold(Millis::ZERO, |sum, known| {
            sum + overlap(span, *known).map_or(Millis::ZERO, |both| both.until - both.from)
        })
    }

    /// Whether most of a stretch is foreign that is sound all through: a word.
    pub(super) fn is_word(&self, span: Span) -> bool {
        self.within(span).0 * 2 > (span.until - span.from).0
    }

    /// Whether more of the sound in a stretch is foreign than is the caller's. How much of it is
    /// silence says nothing: recognisers end a stretch where they will.
    pub(super) fn is_most_sound<'a>(
        &self,
        span: Span,
        sounds: impl IntoIterator<Item = &'a Sound>,
    ) -> bool {
        let own = sounds
            .into_iter()
            .filter_map(|sound| {
                let until = sound.until.unwrap_or(span.until);
                overlap(
                    span,
                    Span {
                        from: sound.from,
                        until,
                    },
                )
            })
            .fold(Millis::ZERO, |sum, sound| {
                sum + (sound.until - sound.from - self.within(sound))
            });
        self.within(span) > own
    }
}

/// What two stretches have in common.
fn overlap(one: Span, other: Span) -> Option<Span> {
    let from = one.from.or_later(other.from);
    let until = one.until.or_earlier(other.until);
    (from < until).then_some(Span { from, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, until: u64) -> Span {
        Span {
            from: Millis(from),
            until: Millis(until),
        }
    }

    fn foreign(spans: &[(u64, u64)]) -> Foreign {
        let mut foreign = Foreign::default();
        for (from, until) in spans {
            foreign.add(span(*from, *until));
        }
        foreign
    }

    #[test]
    fn no_sound_counts_twice_in_whatever_order_it_is_told() {
        let heard = foreign(&[(500, 900), (2_000, 2_400), (300, 600), (900, 1_000)]);
        assert_eq!(heard.stretches, [span(2_000, 2_400), span(300, 1_000)]);
        assert_eq!(heard.within(span(0, 2_100)), Millis(800));
        let bridged = foreign(&[(100, 200), (400, 500), (150, 450)]);
        assert_eq!(bridged.stretches, [span(100, 500)]);
    }

    #[test]
    fn old_sound_is_forgotten() {
        let spans: Vec<(u64, u64)> = (0..20).map(|at| (at * 100, at * 100 + 50)).collect();
        let heard = foreign(&spans);
        assert_eq!(heard.stretches.len(), MOST_STRETCHES);
        assert!(!heard.holds(Millis(20)));
        assert!(heard.holds(Millis(1_920)));
    }

    #[test]
    fn a_word_belongs_to_whoever_made_most_of_it() {
        let heard = foreign(&[(1_000, 1_300)]);
        assert!(heard.is_word(span(1_000, 1_400)));
        assert!(!heard.is_word(span(1_100, 1_600)));
        assert!(!heard.is_word(span(2_000, 2_000)));
    }

    #[test]
    fn silence_in_a_stretch_is_nobodys() {
        let heard = foreign(&[(1_000, 1_300)]);
        let sound = |from, until| Sound {
            from: Millis(from),
            until: Some(Millis(until)),
        };
        let spoken = span(1_000, 1_950);
        assert!(heard.is_most_sound(spoken, &[]));
        assert!(heard.is_most_sound(spoken, &[sound(400, 900), sound(1_700, 1_900)]));
        assert!(!heard.is_most_sound(spoken, &[sound(1_400, 1_900)]));
        assert!(!heard.is_most_sound(span(1_400, 1_950), &[]));
    }
}
