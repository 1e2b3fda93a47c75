use std::collections::BTreeMap;

use super::{
    Phrases,
    slot::{Given, Slot, Utterance},
    template::{Piece, Template},
};
use crate::offline::words::{find, words};

/// The one errand that a desk runs: it fills slots, asks for consent, and calls a tool.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) begin: Phrases,
    pub(super) recall: Phrases,
    pub(super) opened: String,
    pub(super) confirm: Template,
    pub(super) corrected: String,
    pub(super) change: String,
    pub(super) tool: String,
    pub(super) moment: String,
    pub(super) done: Template,
    pub(super) failed: String,
    pub(super) slots: Vec<Slot>,
}

/// The values that the caller gave, by slot.
pub(super) type Values = BTreeMap<usize, Given>;

/// Which slots' questions are open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Open {
    /// Any: "What should I change?"
    All,
    None,
    One(usize),
}

/// What an utterance did to the values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Filled {
    /// A value took another's place.
    Corrected,
    Nothing,
    /// A value came in, or came again.
    Something,
}

impl Task {
    /// Takes what was said into `values`. The slot whose question is open looks first.
    pub(super) fn fill(&self, values: &mut Values, said: &[String], open: Open) -> Filled {
        let mut said = Utterance::new(said);
        let mut filled = Filled::Nothing;
        for index in self.looking(open) {
            let asked = open == Open::All || open == Open::One(index);
            let Some(given) = self.slots[index].take(&mut said, asked, &self.slots) else {
                continue;
            };
            let old = values.insert(index, given.clone());
            if old.is_some_and(|old| old != given) {
                filled = Filled::Corrected;
            } else if filled == Filled::Nothing {
                filled = Filled::Something;
            }
        }
        filled
    }

    fn looking(&self, open: Open) -> impl Iterator<Item = usize> {
        let first = match open {
            Open::One(index) => Some(index),
            Open::All | Open::None => None,
        };
        let others = (0..self.slots.len()).filter(move |index| Some(*index) != first);
        first.into_iter().chain(others)
    }

    /// The question for consent, if everything it names is known.
    pub(super) fn consent(&self, values: &Values) -> Option<String> {
        let slot = |index: usize| Some(values.get(&index)?.say.clone());
        self.confirm.filled(slot, |_| None)
    }

    /// Whether an agent's words end in the question for consent, whatever the values.
    pub(super) fn asks_consent(&self, heard: &[String]) -> bool {
        let tail = match self.confirm.0.last() {
            Some(Piece::Text(text)) => words(text),
            Some(Piece::Field(_) | Piece::Slot(_)) | None => return false,
        };
        find(heard, &tail).is_some()
    }

    /// What the tool is told: a JSON object of all values by slot.
    pub(super) fn arguments(&self, values: &Values) -> String {
        let object: serde_json::Map<String, serde_json::Value> = values
            .iter()
            .map(|(index, given)| (self.slots[*index].name.clone(), given.means.clone().into()))
            .collect();
        serde_json::Value::Object(object).to_string()
    }

    /// The good news, if the tool's answer has what it takes.
    pub(super) fn done(&self, values: &Values, output: &str) -> Option<String> {
        let output: serde_json::Value = serde_json::from_str(output).ok()?;
        let slot = |index: usize| Some(values.get(&index)?.say.clone());
        self.done.filled(slot, |name| spoken(output.get(name)?))
    }

    /// What it says, with every value at least once and every digit for fields.
    pub(super) fn sentences(&self) -> Vec<String> {
        let fixed = [
            &self.opened,
            &self.corrected,
            &self.change,
            &self.moment,
            &self.failed,
        ];
        let mut all: Vec<String> = fixed.into_iter().cloned().collect();
        all.extend(self.slots.iter().map(|slot| slot.ask.clone()));
        let rounds = self
            .slots
            .iter()
            .map(|slot| slot.values().len())
            .max()
            .unwrap_or(0);
        for round in 0..rounds.max(1) {
            let slot = |index: usize| {
                let values = self.slots[index].values();
                Some(values.get(round % values.len().max(1))?.say.clone())
            };
            all.extend(self.confirm.filled(slot, |_| None));
            all.extend(self.done.filled(slot, |_| spoken(&"0123456789".into())));
        }
        all
    }

    /// What callers may say for it.
    pub(super) fn phrases(&self) -> Vec<String> {
        let own = self.begin.texts().chain(self.recall.texts());
        own.chain(self.slots.iter().flat_map(Slot::phrases))
            .collect()
    }
}

/// A field of a tool's answer as it is said: numbers digit by digit.
fn spoken(value: &serde_json::Value) -> Option<String> {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Array(_)
        | serde_json::Value::Bool(_)
        | serde_json::Value::Null
        | serde_json::Value::Object(_) => return None,
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text);
    }
    let digits: Vec<String> = text
        .chars()
        .flat_map(|digit| words(&digit.to_string()))
        .collect();
    Some(digits.join(" "))
}
