//! The conversation as requests need it, whatever their shape. Pure.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use session::{Message, Prompt, ToolCall};

use super::ToolOffer;

/// What a tool call is answered with when nothing answered it: every call needs exactly one result.
pub(crate) const CANCELLED: &str = "cancelled";

/// Which tool answers of a conversation have found their call.
pub(crate) struct ToolAnswers<'a> {
    messages: &'a [Message],
    taken: BTreeSet<usize>,
}

impl<'a> ToolAnswers<'a> {
    pub(crate) fn new(messages: &'a [Message]) -> Self {
        Self {
            messages,
            taken: BTreeSet::new(),
        }
    }

    /// The one answer to a call of the message at `place`: the next one with its id that answered
    /// nothing else.
    pub(crate) fn to(&mut self, place: usize, call: &ToolCall) -> Option<&'a str> {
        let messages = self.messages;
        let rest = messages.iter().enumerate().skip(place + 1);
        // Ids may come back: some servers count from zero in every answer.
        let before = rest.take_while(|(_place, message)| !asks(message, &call.id));
        let mut outputs = before.filter_map(|(place, message)| match message {
            Message::Tool { id, output } if *id == call.id => Some((place, output.as_str())),
            Message::Tool { .. }
            | Message::Agent { .. }
            | Message::Caller(_)
            | Message::Note(_) => None,
        });
        outputs.find_map(|(place, output)| self.taken.insert(place).then_some(output))
    }
}

fn asks(message: &Message, id: &str) -> bool {
    match message {
        Message::Agent { tools, .. } => tools.iter().any(|call| call.id == id),
        Message::Caller(_) | Message::Note(_) | Message::Tool { .. } => false,
    }
}

/// How long a prompt is, for an estimate where a server does not count.
pub(crate) fn prompt_chars(prompt: &Prompt) -> u64 {
    let messages = prompt.messages.iter().map(|message| match message {
        Message::Agent { text, .. } | Message::Caller(text) => text.chars().count(),
        Message::Note(text) => text.chars().count(),
        Message::Tool { output, .. } => output.chars().count(),
    });
    let chars = prompt.system.chars().count() + messages.sum::<usize>();
    chars as u64
}

/// The schema of a tool's arguments; an unreadable one takes none.
pub(crate) fn schema(offer: &ToolOffer) -> &RawValue {
    serde_json::from_str(&offer.parameters).unwrap_or_else(|_unreadable| {
        serde_json::from_str(r#"{"type":"object","properties":{}}"#).expect("an object, as written")
    })
}
