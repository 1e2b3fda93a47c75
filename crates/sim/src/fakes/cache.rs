//! The cache of prompts: what a request finds in it, and what it leaves there.

use std::{collections::BTreeSet, sync::Mutex};

use crate::fakes::{log::held, openai::Chat};

/// Beginnings of requests: the tools and some messages.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<BTreeSet<String>>);

/// A request is to be kept up to here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    pub(super) lasts: Lasts,
    /// So many messages of the chat, the instructions among them.
    pub(super) messages: usize,
}

/// How long it is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lasts {
    Hour,
    Minutes,
}

/// What went in, in tokens: about four characters are one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Input {
    pub(super) fresh: u64,
    pub(super) read: u64,
    pub(super) for_minutes: u64,
    pub(super) for_an_hour: u64,
}

impl Cache {
    /// What goes in, and what the cache has to do with it. In all it is as much as a client guesses
    /// that is not told.
    pub(super) fn weigh(&self, tools: &str, chat: &Chat, marks: &[Mark]) -> Input {
        /// Beginnings remembered; a test needs few.
        const MOST: usize = 256;
        let request = Request::new(tools, chat);
        let whole = chat.messages.len();
        let last = marks.iter().map(|mark| mark.messages.min(whole)).max();
        let mut known = held(&self.0);
        let mut found = (1..=last.unwrap_or(0)).rev();
        let mut reached = found
            .find(|messages| known.contains(request.beginning(*messages)))
            .unwrap_or(0);
        let mut input = Input {
            read: request.tokens(reached),
            ..Input::default()
        };
        for mark in marks {
            let until = mark.messages.min(whole).max(reached);
            let written = request.tokens(until) - request.tokens(reached);
            match mark.lasts {
                Lasts::Hour => input.for_an_hour += written,
                Lasts::Minutes => input.for_minutes += written,
            }
            if known.len() < MOST {
                known.insert(request.beginning(until).to_owned());
            }
            reached = until;
        }
        input.fresh = request.tokens(whole) - request.tokens(reached);
        input
    }
}

/// A request in one text, and where its messages end in it.
struct Request {
    text: String,
    /// After so many messages: the end in the text, and the characters that are paid for.
    ends: Vec<(usize, u64)>,
}

impl Request {
    fn new(tools: &str, chat: &Chat) -> Self {
        let mut text = tools.to_owned();
        let mut ends = vec![(text.len(), 0)];
        let mut paid = 0;
        for message in &chat.messages {
            text.push_str(&message.to_string());
            paid += Chat::characters_of(message);
            ends.push((text.len(), paid));
        }
        Self { text, ends }
    }

    fn beginning(&self, messages: usize) -> &str {
        &self.text[..self.ends[messages].0]
    }

    fn tokens(&self, messages: usize) -> u64 {
        self.ends[messages].1.div_ceil(4)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chat(said: &[&str]) -> Chat {
        let messages = said.iter().enumerate();
        let role = |at| if at == 0 { "system" } else { "user" };
        Chat {
            model: "m".to_owned(),
            messages: messages
                .map(|(at, said)| json!({ "role": role(at), "content": said }))
                .collect(),
            tools: Vec::new(),
            stream: true,
            include_usage: true,
        }
    }

    fn marks(minutes: usize) -> [Mark; 2] {
        let mark = |lasts, messages| Mark { lasts, messages };
        [mark(Lasts::Hour, 1), mark(Lasts::Minutes, minutes)]
    }

    #[test]
    fn what_one_request_leaves_the_next_one_finds() {
        let cache = Cache::default();
        let rules = "a".repeat(40);
        let first = cache.weigh("", &chat(&[&rules, "Hello."]), &marks(2));
        let expected = Input {
            for_an_hour: 10,
            for_minutes: 2,
            ..Input::default()
        };
        assert_eq!(first, expected);
        let second = cache.weigh("", &chat(&[&rules, "Hello.", "A table."]), &marks(3));
        let expected = Input {
            read: 12,
            for_minutes: 2,
            ..Input::default()
        };
        assert_eq!(second, expected);
        let other = cache.weigh("", &chat(&[&rules, "No.", "Bye."]), &marks(2));
        let expected = Input {
            read: 10,
            for_minutes: 1,
            fresh: 1,
            ..Input::default()
        };
        assert_eq!(other, expected, "only the rules are the same");
        let tools = cache.weigh("[]", &chat(&[&rules, "Hello."]), &marks(2));
        assert_eq!(tools, first, "other tools come before everything");
    }

    #[test]
    fn without_marks_nothing_is_kept_or_found() {
        let cache = Cache::default();
        let asked = chat(&["Be brief.", "Hello."]);
        cache.weigh("", &asked, &marks(2));
        let input = cache.weigh("", &asked, &[]);
        let expected = Input {
            fresh: 4,
            ..Input::default()
        };
        assert_eq!(input, expected);
    }

    #[test]
    fn a_mark_behind_what_is_not_told_is_at_the_end() {
        let cache = Cache::default();
        let input = cache.weigh("", &chat(&["Be brief."]), &marks(2));
        assert_eq!((input.for_an_hour, input.for_minutes), (3, 0));
    }
}
