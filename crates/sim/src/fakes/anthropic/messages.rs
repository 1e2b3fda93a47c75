use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    request::{Marks, Refusal, check_fields, is_name},
    wire,
};

/// Checks the messages of a request and adds them to a chat, in its words.
pub(super) fn read(
    body: &Value,
    model: &str,
    (chat, marks): (&mut Vec<Value>, &mut Marks),
) -> Result<(), Refusal> {
    let messages = body["messages"].as_array();
    let messages = messages.filter(|messages| !messages.is_empty());
    let messages =
        messages.ok_or_else(|| Refusal::invalid("messages: at least one message is required"))?;
    if messages[0]["role"] != "user" {
        return Err(Refusal::invalid(
            "messages: first message must use the \"user\" role",
        ));
    }
    let mut reading = Reading {
        chat,
        marks,
        may_call: body.get("tools").is_some(),
        unanswered: Vec::new(),
        ids: BTreeSet::new(),
    };
    for (at, message) in messages.iter().enumerate() {
        reading.message(at, message)?;
    }
    reading.all_answered(messages.len())?;
    let last = &messages[messages.len() - 1];
    if last["role"] == "assistant" && !model.contains("-4-5") {
        return Err(Refusal::invalid(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    Ok(())
}

/// The text of a block, which must not be empty.
pub(super) fn text(block: &Value) -> Result<&str, Refusal> {
    let text = block["text"].as_str().unwrap_or_default();
    if block["type"] != "text" {
        return Err(Refusal::invalid(format!("Input should be text: {block}")));
    }
    if text.trim().is_empty() {
        return Err(Refusal::invalid("text content blocks must be non-empty"));
    }
    Ok(text)
}

/// A call before which the model thought needs that thought before it, as it was.
fn check_thought(at: usize, call: &Value, signature: &str) -> Result<(), Refusal> {
    let id = call["id"].as_str().unwrap_or_default();
    let number = id.strip_prefix("toolu_thought");
    let number = number.and_then(|rest| rest.split('_').next()?.parse().ok());
    match number {
        Some(number) if signature != wire::signature(number) => Err(Refusal::invalid(format!(
            "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found \
             `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a \
             thinking block"
        ))),
        Some(_) | None => Ok(()),
    }
}

struct Reading<'a> {
    chat: &'a mut Vec<Value>,
    marks: &'a mut Marks,
    may_call: bool,
    /// Calls of the message before.
    unanswered: Vec<&'a str>,
    ids: BTreeSet<&'a str>,
}

impl<'a> Reading<'a> {
    fn message(&mut self, at: usize, message: &'a Value) -> Result<(), Refusal> {
        check_fields(message, &format!("messages.{at}."), &["content", "role"])?;
        let content = &message["content"];
        let said = content
            .as_str()
            .map(|said| json!({ "type": "text", "text": said }));
        match (message["role"].as_str(), said, content.as_array()) {
            (Some("user"), Some(said), _) => {
                self.all_answered(at)?;
                self.caller(&said)
            }
            (Some("user"), None, Some(blocks)) if !blocks.is_empty() => self.user(at, blocks),
            (Some("assistant"), Some(said), _) => {
                self.all_answered(at)?;
                let said = text(&said)?;
                self.chat
                    .push(json!({ "role": "assistant", "content": said }));
                Ok(())
            }
            (Some("assistant"), None, Some(blocks)) if !blocks.is_empty() => {
                self.all_answered(at)?;
                self.assistant(at, blocks)
            }
            _ => Err(Refusal::invalid(format!(
                "messages.{at}: Invalid: {message}"
            ))),
        }
    }

    /// All results first, then what the caller said.
    fn user(&mut self, at: usize, blocks: &'a [Value]) -> Result<(), Refusal> {
        let is_result = |block: &&Value| block["type"] == "tool_result";
        let results = blocks.iter().take_while(is_result).count();
        let (results, said) = blocks.split_at(results);
        for result in results {
            self.result(at, result)?;
        }
        self.all_answered(at)?;
        for block in said {
            if is_result(&block) {
                return Err(Refusal::invalid(format!(
                    "messages.{at}: `tool_result` blocks must come first"
                )));
            }
            self.caller(block)?;
        }
        Ok(())
    }

    fn result(&mut self, at: usize, block: &'a Value) -> Result<(), Refusal> {
        const KNOWN: [&str; 5] = [
            "cache_control",
            "content",
            "is_error",
            "tool_use_id",
            "type",
        ];
        check_fields(block, &format!("messages.{at}.tool_result."), &KNOWN)?;
        self.mark(block)?;
        let id = block["tool_use_id"].as_str().unwrap_or_default();
        let Some(place) = self.unanswered.iter().position(|open| *open == id) else {
            return Err(Refusal::invalid(format!(
                "messages.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the previous \
                 message."
            )));
        };
        self.unanswered.remove(place);
        let content = block["content"].as_str().unwrap_or_default();
        self.chat
            .push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
        Ok(())
    }

    /// Something without a letter in it stands for a caller who said nothing.
    fn caller(&mut self, block: &Value) -> Result<(), Refusal> {
        check_fields(block, "messages.text.", &["cache_control", "text", "type"])?;
        self.mark(block)?;
        let said = text(block)?;
        if said.contains(char::is_alphanumeric) {
            self.chat.push(json!({ "role": "user", "content": said }));
        }
        Ok(())
    }

    fn assistant(&mut self, at: usize, blocks: &'a [Value]) -> Result<(), Refusal> {
        let (mut said, mut calls) = (String::new(), Vec::new());
        let mut signature = "";
        for block in blocks {
            if block["type"] == "tool_use" {
                calls.push(self.call(at, block)?);
                check_thought(at, block, signature)?;
            } else if block["type"] == "thinking" {
                let path = format!("messages.{at}.thinking.");
                check_fields(block, &path, &["signature", "thinking", "type"])?;
                signature = block["signature"].as_str().unwrap_or_default();
            } else {
                check_fields(block, "messages.text.", &["cache_control", "text", "type"])?;
                self.mark(block)?;
                said.push_str(text(block)?);
            }
        }
        self.chat
            .push(json!({ "role": "assistant", "content": said, "tool_calls": calls }));
        Ok(())
    }

    fn call(&mut self, at: usize, block: &'a Value) -> Result<Value, Refusal> {
        const KNOWN: [&str; 5] = ["cache_control", "id", "input", "name", "type"];
        check_fields(block, &format!("messages.{at}.tool_use."), &KNOWN)?;
        self.mark(block)?;
        let field = |name: &str| block[name].as_str().unwrap_or_default();
        let (id, name) = (field("id"), field("name"));
        if !self.may_call {
            let message = "Requests which include `tool_use` blocks must define tools";
            return Err(Refusal::invalid(message));
        }
        if !is_name(id) || !is_name(name) {
            return Err(Refusal::invalid(format!(
                "messages.{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            )));
        }
        if !block["input"].is_object() {
            return Err(Refusal::invalid(format!(
                "messages.{at}.tool_use.input: Input should be a valid dictionary"
            )));
        }
        let id = block["id"].as_str().unwrap_or_default();
        if !self.ids.insert(id) {
            let message = format!("messages.{at}: `tool_use` ids must be unique");
            return Err(Refusal::invalid(message));
        }
        self.unanswered.push(id);
        Ok(json!({ "id": id, "type": "function",
            "function": { "name": name, "arguments": block["input"].to_string() } }))
    }

    /// A mark in a block is behind the message that the block becomes.
    fn mark(&mut self, block: &Value) -> Result<(), Refusal> {
        self.marks.add(block, self.chat.len() + 1)
    }

    fn all_answered(&self, at: usize) -> Result<(), Refusal> {
        if self.unanswered.is_empty() {
            return Ok(());
        }
        Err(Refusal::invalid(format!(
            "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately \
             after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the \
             next message.",
            self.unanswered.join(", ")
        )))
    }
}
