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

    /// What the model sees: the newest messages, then what is going on now, which is always told.
    ///
    /// The oldest message kept is never a tool's answer, whose question would be missing. Whether
    /// keys may be pressed is for the call to say.
    pub(crate) fn prompt(&self, rules: &Rules, now: impl IntoIterator<Item = Message>) -> Prompt {
        let mut now: Vec<Message> = now.into_iter().collect();
        let most = rules.history_tokens;
        if now.iter().map(tokens).sum::<usize>() > most {
            now.iter_mut().for_each(|message| shorten(message, most));
        }
        let mut left = most.saturating_sub(now.iter().map(tokens).sum());
        let room = rules.history_messages.saturating_sub(now.len());
        let newest = self.messages.iter().rev().take(room);
        let fits = newest.take_while(|message| {
            let rest = left.checked_sub(tokens(message));
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        let from = self.messages.len() - fits.count();
        let before = self.messages[from..].iter();
        let before = before.skip_while(|message| matches!(message, Message::Tool { .. }));
        Prompt {
            system: rules.system.clone(),
            messages: before.cloned().chain(now).collect(),
            may_press: false,
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

/// About what English text has.
const CHARACTERS_PER_TOKEN: usize = 4;

/// Cuts what a tool answered to half of the most tokens: the caller's words are needed beside it.
fn shorten(message: &mut Message, most: usize) {
    let Message::Tool { output, .. } = message else {
        return;
    };
    let characters = most / 2 * CHARACTERS_PER_TOKEN;
    if let Some((at, _)) = output.char_indices().nth(characters) {
        output.truncate(at);
        output.push_str(" … (cut off here: too long)");
    }
}

/// About how many tokens a message is.
fn tokens(message: &Message) -> usize {
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
    fn a_long_answer_of_a_tool_is_cut_and_the_question_stays() {
        let mut rules = Rules::defaults(&domain::Language::default());
        rules.history_tokens = 100;
        let asked = Message::Agent {
            text: String::new(),
            interrupted: false,
            tools: Vec::new(),
        };
        let answered = Message::Tool {
            id: "1".to_owned(),
            output: "x".repeat(1_000),
        };
        let mut history = History::default();
        history.add([caller("Hello.")]);
        let now = [caller("Is it free?"), asked, answered];
        let prompt = history.prompt(&rules, now);
        assert_eq!(prompt.messages[1], caller("Is it free?"));
        let Some(Message::Tool { output, .. }) = prompt.messages.last() else {
            panic!("the last is the tool's answer");
        };
        let cut = ["x".repeat(200).as_str(), " … (cut off here: too long)"].concat();
        assert_eq!(*output, cut);
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
