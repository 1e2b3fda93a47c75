use domain::Millis;

use super::{Place, Samples};
use crate::turns::world::Seen;

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
