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

/// The ids of the calls in one request. Calls that another provider's model made may have other
/// ones than this provider accepts, and some servers count from zero in every answer.
#[derive(Default)]
pub(crate) struct CallIds(BTreeSet<String>);

impl CallIds {
    /// An id of letters, digits, `_` and `-`, used once.
    pub(crate) fn plain(&mut self, id: &str) -> String {
        let plain = plain(id);
        self.unused(plain.clone(), |count| format!("{plain}_{}", count + 2))
    }

    /// An id of nine letters and digits, used once: the narrowest form that any server wants.
    pub(crate) fn nine(&mut self, id: &str) -> String {
        let is_nine = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let counted = |count: usize| format!("call{:05}", count % 100_000);
        let first = if is_nine {
            id.to_owned()
        } else {
            counted(self.0.len())
        };
        let from = self.0.len();
        self.unused(first, |count| counted(from + count))
    }

    fn unused(&mut self, first: String, next: impl Fn(usize) -> String) -> String {
        let mut ids = std::iter::once(first).chain((0..).map(next));
        let unused = ids.find(|id| self.0.insert(id.clone()));
        unused.expect("there are more ids than calls in a request")
    }
}

/// A name or an id in the characters that every provider accepts in them.
pub(crate) fn plain(name: &str) -> String {
    if name.is_empty() {
        return "unknown".to_owned();
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}

/// The arguments of a call, which have to be an object: what a model wrote of one that was cut is
/// refused with every later request.
pub(crate) fn arguments(call: &ToolCall) -> &RawValue {
    let read = serde_json::from_str::<&RawValue>(&call.arguments).ok();
    read.filter(|raw| raw.get().starts_with('{'))
        .unwrap_or_else(|| serde_json::from_str("{}").expect("an object, as written"))
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
