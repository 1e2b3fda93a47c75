//! A desk that talks by a script: it streams, asks for tools, remembers, and is no model.
//!
//! The reply follows from the prompt's messages alone: the same prompt gives the same reply. Each
//! call is replayed from its messages, so nothing is kept between replies. The messages must reach
//! back to what the caller said, or to the agent's last summary of it (`confirm`).
//!
//! # The file
//!
//! TOML; unknown keys are errors. Phrases are compared as words: case, punctuation and contractions
//! do not matter, and `7` is `seven`. The embedded `demo.toml` is an example of everything.
//!
//! - `name`: what the desk is called.
//! - `[lines]`: sentences of their own. `greeting`, `trouble`, `still_there` (two) and `goodbye` are
//!   for the agent's rules; `help` and `ask_again` are said when nothing is under way, `unknown`
//!   when nothing was understood, `finished` when the caller needs nothing more.
//! - `[answers]`: phrases for `yes`, `no`, and for `again` (the last reply is repeated).
//! - `[[intent]]`: a question and its answer. `phrases` that show it, the answer to `say`, and
//!   `asks_again = false` if a pending question should not follow.
//! - `[task]`: one errand. It begins with a phrase of `begin`, answered by `opened`; missing slots
//!   are asked for; `confirm` (with `{slot}`s) must be heard to its end and answered by yes before
//!   `tool` is asked for, with `moment` said meanwhile. Then comes `done`, with `{field}`s of the
//!   tool's answer, numbers spoken digit by digit, or `failed`. `corrected` precedes the new
//!   question when the caller changed a value; `change` asks for it after a no; a phrase of
//!   `recall` repeats `done`.
//! - `[[slot]]`: one value of the task, in the order of asking. `ask` is the question; an `optional`
//!   slot is asked for once. Either `values` (each with what to `say`, what it `means` to the tool,
//!   and how else it may be `heard`) or `free_words`, the longest name that may follow a phrase of
//!   `before`. A slot with phrases `before` or `after` takes a value beside one of them, a value of
//!   several words anywhere, or any value right after its question; a slot without takes it
//!   anywhere.

mod errand;
mod memory;
mod raw;
mod slot;
mod template;

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt as _};
use session::{Prompt, ToolCall};
use tokio::sync::mpsc;

use self::{errand::Task, memory::Memory, slot::Slot};
use super::words::{find, words};
use crate::{
    ProviderError,
    llm::{LanguageModel, Think, Tokens, Written},
};

static DEMO: &str = include_str!("demo.toml");

/// Why a script cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadScript {
    /// Not TOML, or not this format; the text shows where.
    #[error("{0}")]
    Syntax(String),
    /// It contradicts itself.
    #[error("{}", .0.join("; "))]
    Contradictions(Vec<String>),
}

/// A desk: what it understands and what it says.
#[derive(Clone, Debug)]
pub struct Script {
    name: String,
    lines: ScriptLines,
    yes: Phrases,
    no: Phrases,
    again: Phrases,
    intents: Vec<Intent>,
    task: Option<Task>,
}

/// Sentences of a script that stand for themselves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScriptLines {
    /// The agent's first words.
    pub greeting: String,
    /// Asked when nothing is under way.
    pub ask_again: String,
    /// What the desk can do.
    pub help: String,
    /// Nothing was understood.
    pub unknown: String,
    /// A stage failed.
    pub trouble: String,
    /// The caller is silent, first and second time.
    pub still_there: [String; 2],
    /// Before hanging up.
    pub goodbye: String,
    /// The caller needs nothing more.
    pub finished: String,
}

/// What the desk answers to a prompt.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// What it says.
    pub text: String,
    /// What it asks for after that.
    pub tool: Option<ToolCall>,
}

#[derive(Clone, Debug)]
struct Intent {
    phrases: Phrases,
    say: String,
    asks_again: bool,
}

/// Phrases, any of which may stand in what was said.
#[derive(Clone, Debug, Default)]
struct Phrases(Vec<Vec<String>>);

/// How fast a [`Scripted`] desk writes. The default is at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pace {
    /// Before the first word.
    pub first: Duration,
    /// Before every further word.
    pub word: Duration,
}

/// A [`Script`] in the place of a language model.
#[derive(Clone, Debug)]
pub struct Scripted {
    script: Arc<Script>,
    pace: Pace,
}

impl Script {
    /// The restaurant desk that comes with the program.
    #[must_use]
    pub fn demo() -> Self {
        Self::parse(DEMO).expect("the embedded script is read by a test")
    }

    /// Reads a script.
    ///
    /// # Errors
    /// When it is not in the format, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, BadScript> {
        let raw: raw::Script =
            toml::from_str(text).map_err(|error| BadScript::Syntax(error.to_string()))?;
        raw.understood()
    }

    /// What the desk is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sentences for the agent's rules.
    #[must_use]
    pub const fn lines(&self) -> &ScriptLines {
        &self.lines
    }

    /// The phrases that it understands: a grammar for a recogniser.
    #[must_use]
    pub fn phrases(&self) -> Vec<String> {
        let mut all: Vec<String> = [&self.yes, &self.no, &self.again]
            .into_iter()
            .chain(self.intents.iter().map(|intent| &intent.phrases))
            .flat_map(Phrases::texts)
            .collect();
        all.extend(self.task.iter().flat_map(Task::phrases));
        all
    }

    /// Everything that it can say, so that it can be recorded: each value stands in some sentence.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let lines = &self.lines;
        let mut all = vec![
            lines.greeting.clone(),
            lines.ask_again.clone(),
            lines.help.clone(),
            lines.unknown.clone(),
            lines.trouble.clone(),
            lines.goodbye.clone(),
            lines.finished.clone(),
        ];
        all.extend(lines.still_there.iter().cloned());
        all.extend(self.intents.iter().map(|intent| intent.say.clone()));
        all.extend(self.task.iter().flat_map(Task::sentences));
        all
    }

    /// The reply to a prompt.
    #[must_use]
    pub fn answer(&self, prompt: &Prompt) -> Answer {
        Memory::replay(self, &prompt.messages)
    }

    /// The intent with the longest phrase in `said`; the first of equals.
    fn intent(&self, said: &[String]) -> Option<&Intent> {
        let best = self
            .intents
            .iter()
            .map(|intent| intent.phrases.longest(said))
            .max()?;
        self.intents
            .iter()
            .find(|intent| best > 0 && intent.phrases.longest(said) == best)
    }
}

impl Phrases {
    fn new(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| words(text)).collect())
    }

    fn are_in(&self, said: &[String]) -> bool {
        self.longest(said) > 0
    }

    /// Words of the longest phrase that stands in `said`.
    fn longest(&self, said: &[String]) -> usize {
        let found = self.0.iter().filter(|phrase| find(said, phrase).is_some());
        found.map(Vec::len).max().unwrap_or(0)
    }

    /// Where the first of them begins in `said`.
    fn first(&self, said: &[String]) -> Option<usize> {
        self.0.iter().filter_map(|phrase| find(said, phrase)).min()
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|phrase| phrase.join(" "))
    }
}

impl Answer {
    /// Sentences in a row; empty ones are left out.
    fn say(sentences: &[&str]) -> Self {
        let some: Vec<&str> = sentences
            .iter()
            .copied()
            .filter(|text| !text.is_empty())
            .collect();
        Self {
            text: some.join(" "),
            tool: None,
        }
    }
}

impl Pace {
    /// About as fast as a small hosted model: for the demo.
    pub const LIFELIKE: Self = Self {
        first: Duration::from_millis(150),
        word: Duration::from_millis(25),
    };
}

impl Scripted {
    /// Lets a script write at a pace.
    #[must_use]
    pub const fn new(script: Arc<Script>, pace: Pace) -> Self {
        Self { script, pace }
    }
}

impl LanguageModel for Scripted {
    fn reply(
        &self,
        think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        write(Arc::clone(&self.script), self.pace, think.prompt, written).boxed()
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

/// Writes the answer word by word; stops when nobody reads it.
async fn write(
    script: Arc<Script>,
    pace: Pace,
    prompt: Prompt,
    written: mpsc::Sender<Written>,
) -> Result<Tokens, ProviderError> {
    let answer = script.answer(&prompt);
    let mut tokens = Tokens {
        input: prompt_words(&prompt),
        ..Tokens::default()
    };
    let words = answer
        .text
        .split_inclusive(' ')
        .map(|word| Written::Text(word.to_owned()));
    let tool = answer.tool.map(Written::Tool);
    let mut wait = pace.first;
    for piece in words.chain(tool) {
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        wait = pace.word;
        tokens.output += 1;
        if written.send(piece).await.is_err() {
            break;
        }
    }
    Ok(tokens)
}

/// A model would count tokens; a script counts words.
fn prompt_words(prompt: &Prompt) -> u64 {
    let count = |text: &str| text.split_whitespace().count() as u64;
    let messages = prompt.messages.iter().map(|message| match message {
        session::Message::Agent { text, .. } | session::Message::Caller(text) => count(text),
        session::Message::Note(text) => count(text),
        session::Message::Tool { output, .. } => count(output),
    });
    count(&prompt.system) + messages.sum::<u64>()
}

#[cfg(test)]
mod tests;
