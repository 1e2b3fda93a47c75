use std::sync::Arc;

use providers::offline::Script;
use serde_json::Value;
use session::{Message, Prompt, ToolCall};

use super::{Brain, Chat, Reply, ReplyTool};

/// The offline engine's scripted desk, behind the provider's wire.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Script>);

impl Desk {
    /// Answers by this script.
    #[must_use]
    pub const fn new(script: Arc<Script>) -> Self {
        Self(script)
    }
}

impl Brain for Desk {
    fn reply(&self, chat: &Chat) -> Reply {
        let answer = self.0.answer(&prompt(chat));
        let tools = answer.tool.into_iter();
        let tools = tools.map(
            |ToolCall {
                 name, arguments, ..
             }| ReplyTool { name, arguments },
        );
        Reply {
            text: answer.text,
            tools: tools.collect(),
        }
    }
}

/// The request as our own core would have written it.
fn prompt(chat: &Chat) -> Prompt {
    let mut system = String::new();
    let mut messages = Vec::new();
    for message in &chat.messages {
        let text = message["content"].as_str().unwrap_or_default().to_owned();
        match message["role"].as_str() {
            Some("system" | "developer") => system.push_str(&text),
            Some("user") => messages.push(Message::Caller(text)),
            Some("assistant") => {
                let tools = message["tool_calls"].as_array().into_iter().flatten();
                let tools = tools.map(tool_call).collect();
                messages.push(Message::Agent {
                    text,
                    interrupted: false,
                    tools,
                });
            }
            Some("tool") => {
                let id = message["tool_call_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                messages.push(Message::Tool { id, output: text });
            }
            Some(_) | None => {}
        }
    }
    Prompt {
        system: system.into(),
        messages,
        may_press: false,
    }
}

fn tool_call(call: &Value) -> ToolCall {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let function = &call["function"];
    ToolCall {
        id: text(&call["id"]),
        name: text(&function["name"]),
        arguments: text(&function["arguments"]),
    }
}
