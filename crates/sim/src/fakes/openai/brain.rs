use std::sync::Mutex;

use super::request::Chat;
use crate::{Delay, fakes::log::held};

/// What writes the replies of a fake model.
pub trait Brain: Send + Sync {
    /// Answers one request.
    fn reply(&self, chat: &Chat) -> Reply;

    /// How fast this request is answered, where it is not as the settings say.
    fn pace(&self, _chat: &Chat) -> Option<Pace> {
        None
    }
}

/// How fast a model writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// From the request to the first piece of text.
    pub first_token: Delay,
    /// Between two pieces.
    pub token_gap: Delay,
}

impl<F: Fn(&Chat) -> Reply + Send + Sync> Brain for F {
    fn reply(&self, chat: &Chat) -> Reply {
        self(chat)
    }
}

/// A reply, before it is cut into pieces.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// What is said.
    pub text: String,
    /// What is asked for after it.
    pub tools: Vec<ReplyTool>,
}

impl Reply {
    /// Says something and asks for nothing.
    pub fn saying(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tools: Vec::new(),
        }
    }
}

/// A tool that the model wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplyTool {
    /// Its name.
    pub name: String,
    /// Its arguments as text; not checked, so that nonsense can be sent.
    pub arguments: String,
}

/// Repeats what the caller said.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

impl Brain for Echo {
    fn reply(&self, chat: &Chat) -> Reply {
        Reply::saying(format!("You said: {}", chat.last_said()))
    }
}

/// Says these replies in turn, the last one for ever.
#[derive(Debug)]
pub struct Scripted {
    replies: Vec<Reply>,
    at: Mutex<usize>,
}

impl Scripted {
    /// Takes the replies in their order.
    #[must_use]
    pub fn new(replies: Vec<Reply>) -> Self {
        Self {
            replies,
            at: Mutex::new(0),
        }
    }
}

impl Brain for Scripted {
    fn reply(&self, _chat: &Chat) -> Reply {
        let mut at = held(&self.at);
        let reply = self.replies.get(*at).or(self.replies.last());
        *at += 1;
        reply.cloned().unwrap_or_default()
    }
}
