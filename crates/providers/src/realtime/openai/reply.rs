//! One reply of the model: its items, its sound, its tool calls, and what of it was heard. Pure.

use audio::g711::BYTES_PER_MS;
use domain::{Millis, ReplyId};
use session::{Message, ToolCall};

use super::{
    NAME,
    replies::Asking,
    wire::{self, Request},
};
use crate::ProviderError;

/// More sound than this in one reply is noise: five minutes.
const MAX_AUDIO: u64 = 300_000 * BYTES_PER_MS;
/// More text than this in one reply is noise.
const MAX_TEXT: usize = 64 * 1_024;
/// More items than this in one reply are noise.
const MAX_ITEMS: usize = 64;

/// A reply, from when it was asked for.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: ReplyId,
    asked: Asking,
    /// The server's name for it, once it has begun.
    pub(super) response: Option<String>,
    items: Vec<Item>,
    calls: Vec<Call>,
    /// What it says.
    text: String,
    /// How much the caller heard, once it was cancelled.
    pub(super) heard: Option<Millis>,
    state: State,
    /// A prompt since then tells what was heard of it.
    pub(super) is_told: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// The server is at it.
    Made,
    /// It is over: the server takes answers to its calls, and changes to its items.
    Whole,
    /// Its items were another session's.
    Void,
}

#[derive(Debug)]
struct Item {
    id: String,
    /// Sound that came of it.
    bytes: u64,
}

#[derive(Debug)]
struct Call {
    item: String,
    call: ToolCall,
    output: Option<String>,
}

/// What to do with a tool's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Later,
    Now,
    Unwanted,
}

impl Reply {
    pub(super) fn new(asked: Asking) -> Self {
        Self {
            id: asked.request.reply,
            asked,
            response: None,
            items: Vec::new(),
            calls: Vec::new(),
            text: String::new(),
            heard: None,
            state: State::Made,
            is_told: false,
        }
    }

    pub(super) fn ask_again(self) -> Asking {
        self.asked
    }

    /// Whether it was asked for by this request, as far as the server tells.
    pub(super) fn is_asked_by(&self, request: Option<Request>) -> bool {
        request.is_none_or(|request| request == self.asked.request)
    }

    pub(super) fn add_item(&mut self, id: String) {
        self.item(id);
    }

    fn item(&mut self, id: String) -> Option<&mut Item> {
        let at = match self.items.iter().position(|item| item.id == id) {
            Some(at) => at,
            None if self.items.len() < MAX_ITEMS && !id.is_empty() => {
                self.items.push(Item { id, bytes: 0 });
                self.items.len() - 1
            }
            None => return None,
        };
        self.items.get_mut(at)
    }

    /// Adds a call; false if it is known already.
    pub(super) fn add_call(&mut self, item: String, call: ToolCall) -> bool {
        let is_known = self.calls.iter().any(|known| known.call.id == call.id);
        if is_known || self.calls.len() >= MAX_ITEMS {
            return false;
        }
        self.add_item(item.clone());
        self.calls.push(Call {
            item,
            call,
            output: None,
        });
        true
    }

    pub(super) fn add_audio(&mut self, item: String, bytes: usize) -> Result<(), ProviderError> {
        if let Some(item) = self.item(item) {
            item.bytes += bytes as u64;
        }
        if self.bytes() > MAX_AUDIO {
            return Err(endless("audio"));
        }
        Ok(())
    }

    pub(super) fn add_text(&mut self, text: &str) -> Result<(), ProviderError> {
        self.text.push_str(text);
        if self.text.len() > MAX_TEXT {
            return Err(endless("text"));
        }
        Ok(())
    }

    /// How long its sound is.
    pub(super) fn length(&self) -> Millis {
        Millis(self.bytes() / BYTES_PER_MS)
    }

    fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }

    /// Takes a tool's answer, if it was asked for here.
    pub(super) fn answer(&mut self, id: &str, output: &str) -> Option<Answer> {
        let call = self.calls.iter_mut().find(|call| call.call.id == id)?;
        if call.output.is_some() || self.heard.is_some() {
            return Some(Answer::Unwanted);
        }
        call.output = Some(output.to_owned());
        Some(match self.state {
            State::Made => Answer::Later,
            State::Whole | State::Void => Answer::Now,
        })
    }

    pub(super) fn has_open_calls(&self) -> bool {
        self.heard.is_none() && self.calls.iter().any(|call| call.output.is_none())
    }

    /// Nothing more comes of it.
    pub(super) fn complete(&mut self, send: &mut Vec<String>) {
        self.state = State::Whole;
        for call in &self.calls {
            if let Some(output) = &call.output {
                send.push(wire::tool_output(&call.call.id, output));
            }
        }
        if self.heard.is_some() {
            self.trim(send);
        }
    }

    /// Makes the conversation forget what was not heard. Answered calls stay: they had effects.
    pub(super) fn trim(&mut self, send: &mut Vec<String>) {
        if self.state == State::Void {
            return;
        }
        let mut left = self
            .heard
            .unwrap_or_default()
            .0
            .saturating_mul(BYTES_PER_MS);
        for item in std::mem::take(&mut self.items) {
            let call = self.calls.iter().find(|call| call.item == item.id);
            if let Some(call) = call {
                if call.output.is_none() {
                    send.push(wire::delete(&item.id));
                }
                continue;
            }
            let heard = Millis(left.min(item.bytes) / BYTES_PER_MS);
            if heard == Millis::ZERO {
                send.push(wire::delete(&item.id));
            } else if left < item.bytes {
                send.push(wire::truncate(&item.id, heard));
            }
            left = left.saturating_sub(item.bytes);
            self.items.push(item);
        }
    }

    /// Another session has taken over, which knows it as text.
    pub(super) fn forget_items(&mut self) {
        self.state = State::Void;
    }

    /// What of it the model is to know.
    pub(super) fn messages(&self) -> Vec<Message> {
        let calls = || self.calls.iter().filter(|call| call.output.is_some());
        if self.heard_text().is_empty() && calls().next().is_none() {
            return Vec::new();
        }
        let said = Message::Agent {
            text: self.heard_text().to_owned(),
            interrupted: self.heard.is_some(),
            tools: calls().map(|call| call.call.clone()).collect(),
        };
        let outputs = calls().filter_map(|call| {
            Some(Message::Tool {
                id: call.call.id.clone(),
                output: call.output.clone()?,
            })
        });
        std::iter::once(said).chain(outputs).collect()
    }

    /// As much of the text as fits into what was heard, in whole words: speech is about even.
    fn heard_text(&self) -> &str {
        let total = self.bytes() / BYTES_PER_MS;
        let heard = match self.heard {
            Some(Millis::ZERO) => return "",
            Some(heard) if heard.0 < total => heard,
            Some(_) | None => return self.text.trim(),
        };
        let chars = self.text.chars().count() as u64;
        let share = (u128::from(chars) * u128::from(heard.0) / u128::from(total)) as usize;
        let cut = self.text.char_indices().nth(share);
        let heard = cut.map_or(self.text.as_str(), |(at, _char)| &self.text[..at]);
        heard
            .rfind(char::is_whitespace)
            .map_or("", |at| heard[..at].trim())
    }
}

fn endless(what: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: format!("a reply without end: too much {what}"),
    }
}
