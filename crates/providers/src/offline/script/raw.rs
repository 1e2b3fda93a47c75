//! A script as it was typed.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    BadScript, Intent, Phrases, ScriptLines, Slot, Task,
    slot::{Expects, Value},
    template::{Piece, Template},
};
use crate::offline::words::words;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    name: String,
    lines: Lines,
    answers: Answers,
    task: Option<RawTask>,
    #[serde(default)]
    slot: Vec<RawSlot>,
    #[serde(default)]
    intent: Vec<RawIntent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    greeting: String,
    ask_again: String,
    help: String,
    unknown: String,
    trouble: String,
    still_there: [String; 2],
    goodbye: String,
    finished: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    yes: Vec<String>,
    no: Vec<String>,
    again: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTask {
    begin: Vec<String>,
    opened: String,
    confirm: String,
    corrected: String,
    change: String,
    tool: String,
    moment: String,
    done: String,
    failed: String,
    #[serde(default)]
    recall: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSlot {
    name: String,
    ask: String,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    values: Vec<RawValue>,
    free_words: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValue {
    say: String,
    means: Option<String>,
    #[serde(default)]
    heard: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIntent {
    name: String,
    phrases: Vec<String>,
    say: String,
    #[serde(default = "yes")]
    asks_again: bool,
}

const fn yes() -> bool {
    true
}

impl Script {
    /// What it means, or everything that is wrong with it.
    pub(super) fn understood(self) -> Result<super::Script, BadScript> {
        let mut wrong = Wrong::default();
        let slots = self.slots(&mut wrong);
        let intents = self
            .intent
            .iter()
            .map(|intent| intent.understood(&mut wrong))
            .collect();
        if self.task.is_none() && !slots.is_empty() {
            wrong
                .0
                .push("[[slot]] without a [task] to use it".to_owned());
        }
        let task = self.task.map(|task| task.understood(slots, &mut wrong));
        let script = super::Script {
            name: self.name,
            lines: self.lines.into(),
            yes: wrong.phrases("answers.yes", &self.answers.yes),
            no: wrong.phrases("answers.no", &self.answers.no),
            again: wrong.phrases("answers.again", &self.answers.again),
            intents,
            task,
        };
        if wrong.0.is_empty() {
            Ok(script)
        } else {
            Err(BadScript::Contradictions(wrong.0))
        }
    }

    fn slots(&self, wrong: &mut Wrong) -> Vec<Slot> {
        let mut names = BTreeSet::new();
        for slot in &self.slot {
            if !names.insert(&slot.name) {
                wrong.0.push(format!("slot `{}` stands twice", slot.name));
            }
        }
        self.slot
            .iter()
            .map(|slot| slot.understood(wrong))
            .collect()
    }
}

impl From<Lines> for ScriptLines {
    fn from(raw: Lines) -> Self {
        Self {
            greeting: raw.greeting,
            ask_again: raw.ask_again,
            help: raw.help,
            unknown: raw.unknown,
            trouble: raw.trouble,
            still_there: raw.still_there,
            goodbye: raw.goodbye,
            finished: raw.finished,
        }
    }
}

impl RawIntent {
    fn understood(&self, wrong: &mut Wrong) -> Intent {
        Intent {
            phrases: wrong.phrases(&format!("intent `{}`", self.name), &self.phrases),
            say: self.say.clone(),
            asks_again: self.asks_again,
        }
    }
}

impl RawTask {
    fn understood(self, slots: Vec<Slot>, wrong: &mut Wrong) -> Task {
        let slot = |name: &str| slots.iter().position(|slot| slot.name == name);
        let confirm = wrong.template("task.confirm", &self.confirm, slot);
        let done = wrong.template("task.done", &self.done, slot);
        for piece in &confirm.0 {
            match piece {
                Piece::Field(name) => wrong.0.push(format!("task.confirm: no slot `{name}`")),
                Piece::Slot(index) if slots[*index].optional => wrong.0.push(format!(
                    "task.confirm: slot `{}` is optional and may be missing",
                    slots[*index].name
                )),
                Piece::Slot(_) | Piece::Text(_) => {}
            }
        }
        Task {
            begin: wrong.phrases("task.begin", &self.begin),
            recall: Phrases::new(&self.recall),
            opened: self.opened,
            confirm,
            corrected: self.corrected,
            change: self.change,
            tool: self.tool,
            moment: self.moment,
            done,
            failed: self.failed,
            slots,
        }
    }
}

impl RawSlot {
    fn understood(&self, wrong: &mut Wrong) -> Slot {
        let place = format!("slot `{}`", self.name);
        if self.values.is_empty() == self.free_words.is_none() {
            wrong
                .0
                .push(format!("{place}: needs either `values` or `free_words`"));
        }
        Slot {
            name: self.name.clone(),
            ask: self.ask.clone(),
            optional: self.optional,
            before: Phrases::new(&self.before),
            after: Phrases::new(&self.after),
            expects: match self.free_words {
                Some(at_most) => Expects::Name { at_most },
                None => Expects::OneOf(
                    self.values
                        .iter()
                        .map(|value| value.understood(&place, wrong))
                        .collect(),
                ),
            },
        }
    }
}

impl RawValue {
    fn understood(&self, place: &str, wrong: &mut Wrong) -> Value {
        let mut heard = self.heard.clone();
        heard.push(self.say.clone());
        Value {
            heard: wrong.phrases(place, &heard),
            means: self.means.clone().unwrap_or_else(|| self.say.clone()),
            say: self.say.clone(),
        }
    }
}

/// Everything that is wrong, collected, so that it is told at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn phrases(&mut self, place: &str, texts: &[String]) -> Phrases {
        if texts.is_empty() {
            self.0.push(format!("{place}: needs at least one phrase"));
        }
        for text in texts.iter().filter(|text| words(text).is_empty()) {
            self.0.push(format!("{place}: `{text}` has no words"));
        }
        Phrases::new(texts)
    }

    fn template(
        &mut self,
        place: &str,
        text: &str,
        slot: impl Fn(&str) -> Option<usize>,
    ) -> Template {
        Template::parse(text, slot).unwrap_or_else(|problem| {
            self.0.push(format!("{place}: {problem}"));
            Template(Vec::new())
        })
    }
}
