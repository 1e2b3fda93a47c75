use std::collections::BTreeMap;

use domain::{Millis, ReplyId};
use session::{Input, ToolRun};

use super::Future;
use crate::{
    Delay, Dice,
    turns::scenario::{Reply, Scenario},
};

/// Writes the scenario's replies, in order, however often it is asked ahead of time.
#[derive(Debug)]
pub(crate) struct Model {
    replies: Vec<Reply>,
    delay: Delay,
    token: f64,
    /// The reply that is written next, until somebody has heard it.
    next: usize,
    asked: BTreeMap<ReplyId, usize>,
    calls: u32,
}

impl Model {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            replies: scenario.agent.replies.clone(),
            delay: scenario.llm.first_ms.delay(),
            token: 1_000.0 / f64::from(scenario.llm.tokens_per_second.max(1)),
            next: 0,
            asked: BTreeMap::new(),
            calls: 0,
        }
    }

    pub(crate) fn think(&mut self, now: Millis, id: ReplyId, future: &mut Future, dice: &mut Dice) {
        let index = self.next.min(self.replies.len() - 1);
        self.asked.insert(id, index);
        let reply = &self.replies[index];
        let first = self.delay.draw(dice).as_millis() as f64;
        let mut at = now;
        for (number, text) in reply.say.split_inclusive(' ').enumerate() {
            at = now + Millis((first + self.token * number as f64) as u64);
            let text = text.to_owned();
            future.tell(at, Input::Text { reply: id, text });
        }
        if let Some(tool) = &reply.tool {
            at = at.or_later(now + Millis(first as u64));
            self.calls += 1;
            let asked = Input::ToolAsked {
                reply: id,
                id: format!("call-{}", self.calls),
                name: tool.name.clone(),
                arguments: tool.arguments.clone(),
            };
            future.tell(at, asked);
        }
        future.tell(at + Millis(5), Input::ThoughtAll(id));
    }

    pub(crate) fn run_tool(&mut self, now: Millis, run: &ToolRun, future: &mut Future) {
        let tool = self.replies.iter().enumerate().find_map(|(index, reply)| {
            let tool = reply.tool.as_ref()?;
            (tool.name == run.name && index >= self.next.saturating_sub(1)).then_some((index, tool))
        });
        let Some((index, tool)) = tool else { return };
        self.next = self.next.max(index + 1);
        let answered = Input::ToolAnswered {
            run: run.run,
            output: tool.answer.clone(),
        };
        future.tell(now + Millis(tool.takes_ms), answered);
    }

    /// The caller hears the first of a reply: it was written for good.
    pub(crate) fn was_heard(&mut self, id: ReplyId) {
        if let Some(index) = self.asked.get(&id) {
            self.next = self.next.max(index + 1);
        }
    }
}
