use std::collections::BTreeSet;

use session::{Message, ToolCall};

use super::{
    Answer, Intent, Script,
    errand::{Filled, Open, Task, Values},
};
use crate::offline::words::{find, words};

/// What a desk knows at some point of a call: all of it follows from the messages before.
#[derive(Clone, Debug)]
pub(super) struct Memory<'a> {
    script: &'a Script,
    errand: Errand,
    values: Values,
    /// Optional slots that were asked for: they are not asked for again.
    asked_once: BTreeSet<usize>,
    /// What the last reply asks.
    question: Question,
    /// The last reply that answered the caller.
    reply: Answer,
    /// What the caller heard since he spoke.
    heard: String,
    /// What the caller said last, all of it as long as he has heard no reply.
    said: String,
    tools_asked: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Question {
    /// "Shall I book it?"
    Consent,
    /// "What should I change?"
    Change,
    /// "Can I do anything else for you?"
    More,
    None,
    Slot(usize),
}

/// How far the task is.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Errand {
    /// Its tool gave this.
    Done(String),
    None,
    /// Values are being collected, or the tool is at work.
    Open,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Neither,
    No,
    Yes,
}

impl<'a> Memory<'a> {
    /// The answer to the last of these messages.
    pub(super) fn replay(script: &'a Script, messages: &[Message]) -> Answer {
        let mut memory = Self::fresh(script);
        let mut before_caller = memory.clone();
        for message in messages {
            match message {
                Message::Agent { text, tools, .. } => {
                    memory.on_agent(text);
                    if !tools.is_empty() {
                        memory.on_tools_asked(tools.len());
                        before_caller = memory.clone();
                    }
                }
                Message::Caller(text) if memory.heard.is_empty() => {
                    // He heard no reply to what he said before, so it is still the same turn.
                    let said = format!("{} {text}", memory.said);
                    memory = before_caller.clone();
                    memory.on_caller(said);
                }
                Message::Caller(text) => {
                    before_caller = memory.clone();
                    memory.on_caller(text.clone());
                }
                // A script is never cut off.
                Message::Note(_) => {}
                Message::Tool { output, .. } => {
                    memory.on_tool(output);
                    before_caller = memory.clone();
                }
            }
        }
        memory.reply
    }

    fn fresh(script: &'a Script) -> Self {
        Self {
            script,
            errand: Errand::None,
            values: Values::new(),
            asked_once: BTreeSet::new(),
            question: Question::None,
            reply: Answer::say(&[&script.lines.greeting]),
            heard: String::new(),
            said: String::new(),
            tools_asked: 0,
        }
    }

    fn on_agent(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.heard.push(' ');
            self.heard.push_str(text);
        }
        let Some(task) = &self.script.task else {
            return;
        };
        let heard = words(&self.heard);
        if self.errand == Errand::None && task.asks_consent(&heard) {
            // Earlier messages were dropped; the summary repeats the values that they gave.
            task.fill(&mut self.values, &heard, Open::None);
            self.errand = Errand::Open;
            self.question = Question::Consent;
            self.asked_once.extend(0..task.slots.len());
        }
    }

    /// A tool runs once: what was said before it is settled.
    fn on_tools_asked(&mut self, count: usize) {
        self.tools_asked += count;
        self.said.clear();
    }

    fn on_tool(&mut self, output: &str) {
        self.heard.clear();
        self.said.clear();
        let Some(task) = &self.script.task else {
            return;
        };
        if let Some(news) = task.done(&self.values, output) {
            self.reply = Answer::say(&[&news]);
            self.errand = Errand::Done(news);
            self.question = Question::More;
        } else {
            self.reply = Answer::say(&[&task.failed]);
            self.question = Question::None;
        }
    }

    fn on_caller(&mut self, text: String) {
        let said = words(&text);
        if !self.script.again.are_in(&said) {
            self.reply = self.reply_to(&said);
        }
        self.said = text;
        self.heard.clear();
    }

    fn reply_to(&mut self, said: &[String]) -> Answer {
        let intent = self.script.intent(said);
        if let Some(answer) = self.on_task(said, intent) {
            return answer;
        }
        match (intent, &self.script.task) {
            (Some(intent), Some(task)) if intent.asks_again && self.errand == Errand::Open => {
                Answer::say(&[&intent.say, &self.next_question(task)])
            }
            (Some(intent), _) => Answer::say(&[&intent.say]),
            (None, _) => self.on_short_answer(said),
        }
    }

    /// What moves the task on: its beginning, a value, or a wish to hear the result again.
    fn on_task(&mut self, said: &[String], intent: Option<&Intent>) -> Option<Answer> {
        let task = self.script.task.as_ref()?;
        if let Errand::Done(news) = &self.errand {
            if task.recall.are_in(said) {
                return Some(Answer::say(&[news]));
            }
            if intent.is_some() {
                return None;
            }
        }
        let begins = task.begin.are_in(said) && self.errand != Errand::Open;
        if begins {
            self.values.clear();
            self.asked_once.clear();
        } else if self.errand == Errand::None {
            return None;
        }
        let filled = self.fill(task, said, intent.is_some());
        if !begins && filled == Filled::Nothing {
            return None;
        }
        self.errand = Errand::Open;
        let aside = intent
            .filter(|intent| intent.asks_again)
            .map(|intent| intent.say.as_str());
        Some(Answer::say(&[
            aside.unwrap_or_default(),
            if begins { &task.opened } else { "" },
            if filled == Filled::Corrected {
                &task.corrected
            } else {
                ""
            },
            &self.next_question(task),
        ]))
    }

    fn fill(&mut self, task: &Task, said: &[String], is_aside: bool) -> Filled {
        let open = match self.question {
            Question::Slot(index) => Open::One(index),
            Question::Change => Open::All,
            Question::Consent | Question::More | Question::None => Open::None,
        };
        let filled = task.fill(&mut self.values, said, open);
        if let Question::Slot(index) = self.question
            && filled == Filled::Nothing
            && !is_aside
            && self.verdict(said) == Verdict::Neither
            && let Some(name) = task.slots[index].bare_name(said)
        {
            self.values.insert(index, name);
            return Filled::Something;
        }
        filled
    }

    /// Yes, no, or something that was not understood.
    fn on_short_answer(&mut self, said: &[String]) -> Answer {
        let lines = &self.script.lines;
        let verdict = self.verdict(said);
        match (&self.errand, &self.script.task) {
            (Errand::Open, Some(task)) => self.on_open_question(task, verdict),
            (Errand::Done(news), _)
                if self.question == Question::More
                    && verdict != Verdict::No
                    && !self.was_heard(news) =>
            {
                Answer::say(&[news])
            }
            (Errand::Done(_) | Errand::None | Errand::Open, _) => match verdict {
                Verdict::Neither => Answer::say(&[&lines.unknown, &lines.help]),
                Verdict::No => Answer::say(&[&lines.finished]),
                Verdict::Yes => Answer::say(&[&lines.ask_again]),
            },
        }
    }

    fn on_open_question(&mut self, task: &Task, verdict: Verdict) -> Answer {
        let unknown = &self.script.lines.unknown;
        match (self.question, verdict) {
            (Question::Consent, Verdict::Yes) if self.heard_consent(task) => self.ask_tool(task),
            (Question::Consent | Question::None, Verdict::No) => {
                self.question = Question::Change;
                Answer::say(&[&task.change])
            }
            (Question::Change, Verdict::Neither | Verdict::Yes) => {
                Answer::say(&[unknown, &task.change])
            }
            (Question::Slot(index), _) if task.slots[index].optional => {
                Answer::say(&[&self.next_question(task)])
            }
            (Question::Slot(_), _) | (_, Verdict::Neither) => {
                Answer::say(&[unknown, &self.next_question(task)])
            }
            (
                Question::Change | Question::Consent | Question::More | Question::None,
                Verdict::No | Verdict::Yes,
            ) => Answer::say(&[&self.next_question(task)]),
        }
    }

    /// Asks for the next missing value, or for consent.
    fn next_question(&mut self, task: &Task) -> String {
        for (index, slot) in task.slots.iter().enumerate() {
            let settled = slot.optional && self.asked_once.contains(&index);
            if !settled && !self.values.contains_key(&index) {
                self.asked_once.insert(index);
                self.question = Question::Slot(index);
                return slot.ask.clone();
            }
        }
        self.question = Question::Consent;
        let consent = task.consent(&self.values);
        consent.expect("the values that it names are required, and required values were asked for")
    }

    fn ask_tool(&self, task: &Task) -> Answer {
        Answer {
            text: task.moment.clone(),
            tool: Some(ToolCall {
                id: format!("{}-{}", task.tool, self.tools_asked + 1),
                name: task.tool.clone(),
                arguments: task.arguments(&self.values),
            }),
        }
    }

    /// Whoever did not hear the question to its end has not agreed to anything.
    fn heard_consent(&self, task: &Task) -> bool {
        let question = task.consent(&self.values);
        question.is_some_and(|question| self.was_heard(&question))
    }

    fn was_heard(&self, text: &str) -> bool {
        find(&words(&self.heard), &words(text)).is_some()
    }

    /// What comes first counts: "no, that is right" is a no.
    fn verdict(&self, said: &[String]) -> Verdict {
        match (self.script.yes.first(said), self.script.no.first(said)) {
            (None, None) => Verdict::Neither,
            (Some(yes), Some(no)) if yes < no => Verdict::Yes,
            (Some(_), None) => Verdict::Yes,
            (_, Some(_)) => Verdict::No,
        }
    }
}
