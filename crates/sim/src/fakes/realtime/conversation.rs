use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::wire::Refused;
use crate::fakes::{Chat, ReplyTool};

/// The items of a session.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    items: Vec<Item>,
    counter: u64,
}

#[derive(Debug)]
struct Item {
    id: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// The agent spoke: its text, and how much sound of it went out.
    Agent { text: String, sent_ms: u64 },
    /// A tool that the model asks for.
    Call { id: String, tool: ReplyTool },
    /// Text by us: role and words.
    Message { role: String, text: String },
    /// A tool's answer.
    Output { id: String, output: String },
}

impl Conversation {
    /// The id of an item to come.
    pub(super) fn reserve(&mut self) -> String {
        self.counter += 1;
        format!("item_{}", self.counter)
    }

    fn add(&mut self, what: What) -> String {
        let id = self.reserve();
        self.add_as(id.clone(), what);
        id
    }

    fn add_as(&mut self, id: String, what: What) {
        self.items.push(Item { id, what });
    }

    /// The item that a new one stands behind.
    pub(super) fn last(&self) -> Option<String> {
        self.items.last().map(|item| item.id.clone())
    }

    /// A turn of the caller.
    pub(super) fn add_turn(&mut self, id: String, words: &str) {
        let what = What::Message {
            role: "user".to_owned(),
            text: words.to_owned(),
        };
        self.add_as(id, what);
    }

    /// What the agent begins to say.
    pub(super) fn add_speech(&mut self, text: &str) -> String {
        self.add(What::Agent {
            text: text.to_owned(),
            sent_ms: 0,
        })
    }

    pub(super) fn add_call(&mut self, id: &str, tool: ReplyTool) -> String {
        let id = id.to_owned();
        self.add(What::Call { id, tool })
    }

    /// So much more sound of an item went out.
    pub(super) fn sent(&mut self, item: &str, ms: u64) {
        for item in self.items.iter_mut().filter(|one| one.id == item) {
            if let What::Agent { sent_ms, .. } = &mut item.what {
                *sent_ms += ms;
            }
        }
    }

    /// Adds an item that the client wrote.
    pub(super) fn create(&mut self, item: &Value) -> Result<String, Refused> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let what = match item["type"].as_str() {
            Some("message") => {
                let role = text(&item["role"]);
                let expected = match role.as_str() {
                    "user" | "system" => "input_text",
                    "assistant" => "output_text",
                    _ => return Err(invalid("item.role")),
                };
                let content = &item["content"][0];
                if content["type"] != expected || content["text"].as_str().is_none() {
                    return Err(invalid("item.content[0].type"));
                }
                What::Message {
                    role,
                    text: text(&content["text"]),
                }
            }
            Some("function_call") => What::Call {
                id: text(&item["call_id"]),
                tool: ReplyTool {
                    name: text(&item["name"]),
                    arguments: text(&item["arguments"]),
                },
            },
            Some("function_call_output") => {
                let id = text(&item["call_id"]);
                if !self.open_calls().contains(id.as_str()) {
                    let message = format!("No open tool call '{id}' in the conversation.");
                    return Err(Refused::violation("invalid_tool_call_id", message));
                }
                What::Output {
                    id,
                    output: text(&item["output"]),
                }
            }
            Some(_) | None => return Err(invalid("item.type")),
        };
        Ok(self.add(what))
    }

    fn open_calls(&self) -> BTreeSet<&str> {
        let mut open = BTreeSet::new();
        for item in &self.items {
            match &item.what {
                What::Call { id, .. } => {
                    open.insert(id.as_str());
                }
                What::Output { id, .. } => {
                    open.remove(id.as_str());
                }
                What::Agent { .. } | What::Message { .. } => {}
            }
        }
        open
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<(), Refused> {
        let at = self.items.iter().position(|item| item.id == id);
        let at = at.ok_or_else(|| not_found(id))?;
        self.items.remove(at);
        Ok(())
    }

    /// Forgets what comes after so much sound, and as much of the text.
    pub(super) fn truncate(&mut self, message: &Value) -> Result<(), Refused> {
        let id = message["item_id"].as_str().unwrap_or_default();
        let item = self.items.iter_mut().find(|item| item.id == id);
        let item = item.ok_or_else(|| not_found(id))?;
        let What::Agent { text, sent_ms } = &mut item.what else {
            return Err(invalid("item_id"));
        };
        let end = message["audio_end_ms"].as_u64();
        let end = end.ok_or_else(|| invalid("audio_end_ms"))?;
        if message["content_index"] != 0 {
            return Err(invalid("content_index"));
        }
        if end == 0 || end > *sent_ms {
            let message = format!("Audio content of {sent_ms}ms is shorter than {end}ms");
            return Err(Refused::violation("invalid_value", message));
        }
        let share = text.chars().count() as u64 * end / *sent_ms;
        *text = text.chars().take(share as usize).collect();
        *sent_ms = end;
        Ok(())
    }

    /// The conversation as a model of text would be asked.
    pub(super) fn chat(&self, model: &str, (system, tools): (&str, Vec<String>)) -> Chat {
        let mut messages = vec![json!({ "role": "system", "content": system })];
        messages.extend(self.items.iter().map(|item| match &item.what {
            What::Agent { text, .. } => json!({ "role": "assistant", "content": text }),
            What::Call { id, tool } => json!({ "role": "assistant", "content": "",
                "tool_calls": [{ "id": id, "type": "function",
                    "function": { "name": tool.name, "arguments": tool.arguments } }] }),
            What::Message { role, text } => json!({ "role": role, "content": text }),
            What::Output { id, output } => {
                json!({ "role": "tool", "tool_call_id": id, "content": output })
            }
        }));
        Chat {
            model: model.to_owned(),
            messages,
            tools,
            stream: true,
            include_usage: true,
        }
    }

    /// The conversation in lines.
    pub(super) fn shown(&self) -> Vec<String> {
        let lines = self.items.iter().map(|item| match &item.what {
            What::Agent { text, .. } => format!("assistant: {text}"),
            What::Call { tool, .. } => format!("call: {} {}", tool.name, tool.arguments),
            What::Message { role, text } => format!("{role}: {text}"),
            What::Output { output, .. } => format!("output: {output}"),
        });
        lines.collect()
    }
}

fn not_found(id: &str) -> Refused {
    Refused::violation("item_not_found", format!("Item with id '{id}' not found."))
}

fn invalid(param: &str) -> Refused {
    Refused::violation("invalid_value", format!("Invalid value: '{param}'."))
}
