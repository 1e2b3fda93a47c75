use domain::Millis;
use serde::Serialize;

use super::{Place, Samples};
use crate::turns::{
    bounds::{self, Quantile},
    world::Seen,
};

/// Whether a voice tells when its words end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WordTimes {
    /// It tells.
    #[default]
    Told,
    /// They have to be guessed.
    Untold,
}

impl WordTimes {
    /// What a voice does that tells them, or does not.
    #[must_use]
    pub const fn of(told: bool) -> Self {
        if told { Self::Told } else { Self::Untold }
    }

    /// What is wanted of the words by which records are off.
    pub(crate) const fn wanted(self) -> &'static [Quantile] {
        match self {
            Self::Told => &bounds::HISTORY,
            Self::Untold => &bounds::HISTORY_GUESSED,
        }
    }

    /// The name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "word times",
            Self::Untold => "no word times",
        }
    }
}

/// How well the record of a reply that was cut off agrees with what was played.
#[derive(Clone, Debug, Default)]
pub struct HistoryScore {
    /// Words that the record has too many or too few.
    pub words_off: Samples,
    /// Words that a record claims and that were not wholly played.
    pub over_claims: Samples,
}

impl HistoryScore {
    /// Adds what was seen in one call.
    pub fn add(&mut self, call: usize, seen: &Seen) {
        for (at, record, played) in &seen.records {
            let Some(played) = played.filter(|_| record.interrupted) else {
                continue;
            };
            let stored = record.heard.split_whitespace().count();
            let place = Place {
                call,
                from: *at - Millis(3_000),
                until: *at + Millis(500),
            };
            self.words_off.add(stored.abs_diff(played) as u64, place);
            let claimed = stored.saturating_sub(played) as u64;
            self.over_claims.add(claimed, place);
        }
    }
}
