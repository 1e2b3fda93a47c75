//! The fake model's brain: every role's replies, in their order.

use std::{sync::Arc, time::Duration};

use super::cast::{Cast, Role};
use crate::{
    Delay,
    fakes::{Brain, Chat, Pace, Reply, ReplyTool},
};

/// Answers for all roles. The prompt says for whom.
#[derive(Debug)]
pub(super) struct Replies(pub(super) Arc<Cast>);

impl Replies {
    fn role(&self, chat: &Chat) -> Option<&Arc<Role>> {
        let prompts = chat
            .messages
            .iter()
            .filter(|message| matches!(message["role"].as_str(), Some("system" | "developer")));
        let mut keys = prompts.filter_map(|message| key_in(message["content"].as_str()?));
        keys.find_map(|key| self.0.find(key))
    }
}

/// The prompt of a role.
pub(super) fn prompt(key: &str) -> String {
    format!("You play <{key}>.")
}

fn key_in(prompt: &str) -> Option<&str> {
    let (_, rest) = prompt.split_once("You play <")?;
    rest.split_once('>').map(|(key, _)| key)
}

impl Brain for Replies {
    fn reply(&self, chat: &Chat) -> Reply {
        let Some(role) = self.role(chat) else {
            return Reply::saying("Nobody knows this caller.");
        };
        let replies = &role.scenario.agent.replies;
        let reply = replies.get(answers_before(chat)).or(replies.last());
        let Some(reply) = reply else {
            return Reply::default();
        };
        role.wrote(&reply.say);
        let tool = reply.tool.as_ref().map(|tool| ReplyTool {
            name: tool.name.clone(),
            arguments: tool.arguments.clone(),
        });
        Reply {
            text: reply.say.clone(),
            tools: tool.into_iter().collect(),
        }
    }

    fn pace(&self, chat: &Chat) -> Option<Pace> {
        let llm = self.role(chat)?.scenario.llm;
        let gap = Duration::from_secs(1) / llm.tokens_per_second.max(1);
        Some(Pace {
            first_token: llm.first_ms.delay(),
            token_gap: Delay::Fixed(gap),
        })
    }
}

/// How many replies were asked for before this one: a turn or a tool's answer asks for each.
fn answers_before(chat: &Chat) -> usize {
    let asks =
        |message: &&serde_json::Value| matches!(message["role"].as_str(), Some("user" | "tool"));
    let asked = chat.messages.iter().filter(asks).count();
    asked.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::turns::layer2::stage;

    fn chat(messages: serde_json::Value) -> Chat {
        Chat {
            model: "m".to_owned(),
            messages: messages.as_array().cloned().unwrap_or_default(),
            tools: Vec::new(),
            stream: true,
            include_usage: true,
        }
    }

    fn replies() -> Replies {
        let role = stage::role_with("Hi.", 80, r#""llm": {"first_ms": 900},"#);
        Replies(Arc::new(Cast { roles: vec![role] }))
    }

    #[test]
    fn the_prompt_tells_whose_reply_is_wanted() {
        let replies = replies();
        let asked = chat(json!([
            { "role": "system", "content": prompt("role-0") },
            { "role": "user", "content": "Hi." },
        ]));
        assert_eq!(replies.reply(&asked).text, "We close at six.");
        let pace = replies.pace(&asked).unwrap();
        assert_eq!(pace.first_token, Delay::fixed_ms(900));
        assert_eq!(replies.0.roles[0].newest_reply(), "We close at six.");
    }

    #[test]
    fn a_stranger_gets_no_part() {
        let asked = chat(json!([{ "role": "system", "content": prompt("role-9") }]));
        assert_eq!(replies().reply(&asked).text, "Nobody knows this caller.");
        assert_eq!(replies().pace(&asked), None);
    }

    #[test]
    fn replies_are_counted_by_what_asked_for_them() {
        let asked = chat(json!([
            { "role": "user", "content": "One." },
            { "role": "assistant", "content": "", "tool_calls": [] },
            { "role": "tool", "content": "{}" },
            { "role": "assistant", "content": "First." },
            { "role": "user", "content": "Two." },
        ]));
        assert_eq!(answers_before(&asked), 2);
    }
}
