use std::collections::BTreeSet;

use domain::Millis;

use super::{Place, Samples, percent};
use crate::turns::{bounds::NOT_NOTICED, world::Seen};

/// How the ends of turns were found.
#[derive(Clone, Debug, Default)]
pub struct TurnScore {
    /// For a turn that was taken before it was over, by how much, in milliseconds; else 0.
    pub cuts: Samples,
    /// For a turn into which the agent spoke for longer than 200 ms, how long; else 0.
    pub audible_cuts: Samples,
    /// From the last sound of a turn to the decision that it was over.
    pub waits: Samples,
    /// From the last sound of a turn to the agent's first.
    pub latencies: Samples,
    /// The same, for answers that begin with an opener.
    pub opened: Samples,
    /// 1 for a turn that got no answer, or one to less than half of its words, else 0.
    pub missed: Samples,
    starts: usize,
    tokens: u64,
    discarded: u64,
}

/// What agents say where openers are measured.
pub const OPENERS: [&str; 2] = ["Sure.", "Okay."];

/// A timeline begins so long before what it shows, and ends so long after.
const MARGIN: Millis = Millis(2_500);

impl TurnScore {
    /// Adds what was seen in one call.
    pub fn add(&mut self, call: usize, seen: &Seen) {
        for (index, turn) in seen.turns.iter().enumerate() {
            let place = Place {
                call,
                from: turn.begins - Millis(300),
                until: turn.ends + MARGIN,
            };
            let early = seen.taken_early(turn);
            self.cuts
                .add(early.map_or(0, |early| early.0.max(1)), place);
            let spoken = Some(seen.spoken_into(turn)).filter(|spoken| *spoken > NOT_NOTICED);
            self.audible_cuts
                .add(spoken.map_or(0, |spoken| spoken.0), place);
            self.missed.add(u64::from(seen.missed(index)), place);
            if let Some(taken) = seen.taken(index) {
                self.waits.add((taken.at - turn.ends).0, place);
            }
            if let Some(latency) = seen.latency(index) {
                self.latencies.add(latency.0, place);
                if seen.opens(index, &OPENERS) {
                    self.opened.add(latency.0, place);
                }
            }
        }
        self.count_requests(seen);
    }

    fn count_requests(&mut self, seen: &Seen) {
        let asked: BTreeSet<_> = seen.starts.iter().map(|(_, reply)| *reply).collect();
        self.starts += asked.len();
        for (reply, tokens) in &seen.tokens {
            let heard = seen.audible.iter().any(|stretch| stretch.reply == *reply);
            self.tokens += u64::from(*tokens);
            if !heard {
                self.discarded += u64::from(*tokens);
            }
        }
    }

    /// Requests to the model per turn.
    #[must_use]
    pub fn starts_per_turn(&self) -> Option<f64> {
        let turns = self.cuts.len();
        (turns > 0).then(|| self.starts as f64 / turns as f64)
    }

    /// Of all that the model wrote, the share of replies of which nothing was heard.
    #[must_use]
    pub fn discarded_percent(&self) -> Option<f64> {
        percent(self.discarded as usize, self.tokens as usize)
    }
}
