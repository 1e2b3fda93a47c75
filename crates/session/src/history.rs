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
        // What goes on is always told, however long it is.
        let last = messages.len().saturating_sub(1);
        let mut tokens: usize = messages[from..].iter().map(tokens).sum();
        while from < last && tokens > rules.history_tokens {
            tokens -= self::tokens(&messages[from]);
            from += 1;
        }
        while matches!(messages.get(from), Some(Message::Tool { .. })) {
            from += 1;
        }
        Prompt {
            system: rules.system.clone(),
            messages: messages.split_off(from),
        }
    }

    /// Puts what was said in earlier calls in front.
    pub(crate) fn recall(&mut self, earlier: Vec<Message>) {
        self.messages.splice(0..0, earlier);
    }

    /// Forgets what can never be in a prompt again.
    pub(crate) fn trim(&mut self, keep: usize) {
        let spare = self.messages.len().saturating_sub(keep);
        self.messages.drain(..spare);
    }
}

/// About how many tokens a message is: what English text has.
fn tokens(message: &Message) -> usize {
    const CHARACTERS_PER_TOKEN: usize = 4;
    let characters = match message {
        Message::Agent { text, tools, .. } => {
            let tools = tools
                .iter()
                .map(|tool| tool.name.len() + tool.arguments.len());
            text.len() + tools.sum::<usize>()
        }
        Message::Caller(text) => text.len(),
        Message::Note(text) => text.len(),
        Message::Tool { output, .. } => output.len(),
    };
    characters.div_ceil(CHARACTERS_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(text: &str) -> Message {
        Message::Caller(text.to_owned())
    }

    #[test]
    fn the_oldest_go_when_the_newest_are_long() {
        let mut rules = Rules::defaults(&domain::Language::default());
        rules.history_tokens = 10;
        let mut history = History::default();
        let sixteen = "0123456789abcdef";
        history.add([caller("Hello."), caller(sixteen), caller(sixteen)]);
        let prompt = history.prompt(&rules, [caller("Yes.")]);
        assert_eq!(
            prompt.messages,
            [caller(sixteen), caller(sixteen), caller("Yes.")]
        );
        let endless = "x".repeat(1_000);
        let prompt = history.prompt(&rules, [caller(&endless)]);
        assert_eq!(
            prompt.messages,
            [caller(&endless)],
            "what goes on is told whole"
        );
    }

    #[test]
    fn earlier_calls_come_first() {
        let rules = Rules::defaults(&domain::Language::default());
        let mut history = History::default();
        history.add([caller("Hello.")]);
        history.recall(vec![caller("Last week.")]);
        let prompt = history.prompt(&rules, [caller("It is me.")]);
        let told = [caller("Last week."), caller("Hello."), caller("It is me.")];
        assert_eq!(prompt.messages, told);
    }

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
