//! What models thought before they asked for tools.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde_json::value::RawValue;

/// Rounds of tools that are remembered: each is over within seconds.
const MOST_ROUNDS: usize = 256;

/// The thoughts before one round of tools, opaque to us.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The id of its first call.
    pub(super) call: String,
    pub(super) blocks: Vec<Box<RawValue>>,
}

/// The thoughts of the newest rounds. The provider wants them back, unchanged, with the answers of
/// the tools, and only the model that had them can read them. They are no part of a conversation:
/// another model goes on without them.
#[derive(Debug, Default)]
pub(super) struct Thoughts(Mutex<VecDeque<(String, Round)>>);

impl Thoughts {
    pub(super) fn keep(&self, model: &str, round: Round) {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rounds.len() == MOST_ROUNDS {
            rounds.pop_front();
        }
        rounds.push_back((model.to_owned(), round));
    }

    /// What this model thought before the round that begins with this call.
    pub(super) fn before(&self, model: &str, call: &str) -> Vec<Box<RawValue>> {
        let rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let round = rounds
            .iter()
            .rev()
            .find(|(whose, round)| whose == model && round.call == call);
        round.map_or_else(Vec::new, |(_whose, round)| round.blocks.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_rounds_are_known_to_their_own_model() {
        let thoughts = Thoughts::default();
        for call in 0..=MOST_ROUNDS {
            let blocks = vec![RawValue::from_string(format!("{{\"n\":{call}}}")).expect("JSON")];
            let call = call.to_string();
            thoughts.keep("opus", Round { call, blocks });
        }
        assert!(thoughts.before("opus", "0").is_empty(), "the oldest");
        assert_eq!(thoughts.before("opus", "1")[0].get(), r#"{"n":1}"#);
        assert!(thoughts.before("sonnet", "1").is_empty());
    }
}
