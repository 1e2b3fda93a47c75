use crate::{Message, Prompt, Rules};

/// The conversation as it was heard, for the model.
#[derive(Debug, Default)]
pub(crate) struct History {
    messages: Vec<Message>,
}

impl History {
    /// Adds what happened in one turn.
    pub(crate) fn add(&mut self, messages: impl IntoIterator<Item = Message>) {
        self.messages.extend(messages);
    }

    /// What the model sees: the newest messages, then what is going on now.
    ///
    /// The oldest message kept is never a tool's answer, whose question would be missing.
    pub(crate) fn prompt(&self, rules: &Rules, now: impl IntoIterator<Item = Message>) -> Prompt {
        let mut messages: Vec<Message> = self.messages.iter().cloned().chain(now).collect();
        let mut from = messages.len().saturating_sub(rules.history_messages.max(1));
        while matches!(messages.get(from), Some(Message::Tool { .. })) {
            from += 1;
        }
        Prompt {
            system: rules.system.clone(),
            messages: messages.split_off(from),
        }
    }

    /// Forgets what can never be in a prompt again.
    pub(crate) fn trim(&mut self, keep: usize) {
        let spare = self.messages.len().saturating_sub(keep);
        self.messages.drain(..spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_answer_never_stands_first() {
        let mut rules = Rules::defaults(&domain::Language::default());
        rules.history_messages = 2;
        let mut history = History::default();
        history.add([
            Message::Agent {
                text: String::new(),
                interrupted: false,
                tools: Vec::new(),
            },
            Message::Tool {
                id: "1".into(),
                output: "{}".into(),
            },
        ]);
        let prompt = history.prompt(&rules, [Message::Caller("Hello.".into())]);
        assert_eq!(prompt.messages, [Message::Caller("Hello.".into())]);
    }
}
