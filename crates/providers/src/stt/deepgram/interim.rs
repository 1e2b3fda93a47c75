use domain::Millis;
use session::Words;

/// The words that were told last, as long as they may be taken back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Interim {
    #[default]
    None,
    /// There are some, about sound up to here, if it is known up to where.
    Told { until: Option<Millis> },
}

impl Interim {
    /// These are told.
    pub(super) fn take(&mut self, words: &Words) {
        *self = if words.settled || words.text.is_empty() {
            Self::None
        } else {
            Self::Told {
                until: words.span.map(|span| span.until),
            }
        };
    }

    /// Whether this result is about their sound, too: then they are replaced by what it has. Without
    /// times one that is settled is taken to be.
    pub(super) fn is_covered_by(self, result: &Words) -> bool {
        match self {
            Self::None => false,
            Self::Told { until } => until
                .zip(result.begins)
                .map_or(result.settled, |(until, begins)| begins < until),
        }
    }
}

#[cfg(test)]
mod tests {
    use session::Span;

    use super::*;

    fn result(text: &str, from: u64, until: u64) -> Words {
        Words {
            text: text.to_owned(),
            span: Some(Span {
                from: Millis(from),
                until: Millis(until),
            }),
            begins: Some(Millis(from)),
            ..Words::default()
        }
    }

    #[test]
    fn words_that_are_not_settled_can_be_taken_back() {
        let nothing = result("", 1_000, 3_000);
        let mut interim = Interim::default();
        assert!(!interim.is_covered_by(&nothing), "there are none");
        interim.take(&result("uh", 1_000, 2_000));
        assert!(interim.is_covered_by(&nothing));
        let timeless = |settled| Words {
            settled,
            ..Words::default()
        };
        let covers = [true, false].map(|settled| interim.is_covered_by(&timeless(settled)));
        assert_eq!(covers, [true, false], "as it seems");
        let later = result("", 2_000, 3_000);
        assert!(!interim.is_covered_by(&later), "it is about other sound");
        interim.take(&nothing);
        assert!(!interim.is_covered_by(&nothing), "once");
        interim.take(&Words {
            settled: true,
            ..result("uh", 1_000, 2_000)
        });
        assert!(!interim.is_covered_by(&nothing), "they are settled");
    }
}
