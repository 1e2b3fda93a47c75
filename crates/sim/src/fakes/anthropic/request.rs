use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::messages;
use crate::fakes::{
    cache::{Lasts, Mark},
    openai::Chat,
    schema::{not_strict, unions},
};

/// A request that the provider would have taken.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) chat: Chat,
    /// It asks for thoughts.
    pub(super) thinks: bool,
    /// The tools as they were sent, or nothing.
    pub(super) tools: String,
    /// Up to where it is to be kept in the cache.
    pub(super) marks: Vec<Mark>,
}

/// Why a request is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            message: message.into(),
        }
    }
}

const KNOWN: [&str; 17] = [
    "cache_control",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
];

/// Reads a request as strictly as the real one.
pub(super) fn read(body: &Value) -> Result<Asking, Refusal> {
    check_fields(body, "", &KNOWN)?;
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Refusal::invalid("model: Field required"))?;
    if body["max_tokens"].as_u64().is_none() {
        return Err(Refusal::invalid("max_tokens: Field required"));
    }
    check_thinking(model, body)?;
    check_temperature(model, body)?;
    let mut marks = Marks::default();
    let tools = tools(body, &mut marks)?;
    let system = system(body, &mut marks)?;
    let mut chat_messages = Vec::new();
    if !system.is_empty() {
        chat_messages.push(json!({ "role": "system", "content": system }));
    }
    messages::read(body, model, (&mut chat_messages, &mut marks))?;
    marks.check()?;
    Ok(Asking {
        thinks: thinks(body),
        tools: body.get("tools").map(Value::to_string).unwrap_or_default(),
        marks: marks.0,
        chat: Chat {
            model: model.to_owned(),
            messages: chat_messages,
            tools,
            stream: body["stream"].as_bool().unwrap_or(false),
            include_usage: true,
        },
    })
}

/// Refuses fields that are not known, and null in those that are.
pub(super) fn check_fields(object: &Value, path: &str, known: &[&str]) -> Result<(), Refusal> {
    let fields = object.as_object();
    let fields = fields.ok_or_else(|| Refusal::invalid(format!("{path}: not an object")))?;
    for (name, value) in fields {
        if !known.contains(&name.as_str()) {
            let message = format!("{path}{name}: Extra inputs are not permitted");
            return Err(Refusal::invalid(message));
        }
        if value.is_null() {
            let message = format!("{path}{name}: Unset fields are not sent");
            return Err(Refusal::invalid(message));
        }
    }
    Ok(())
}

/// The models that took over in 2026.
fn is_current(model: &str) -> bool {
    ["haiku-5", "sonnet-5", "opus-5", "fable-5"]
        .iter()
        .any(|name| model.starts_with(&format!("claude-{name}")))
}

fn check_thinking(model: &str, body: &Value) -> Result<(), Refusal> {
    let Some(thinking) = body.get("thinking") else {
        return Ok(());
    };
    let refuses = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    let mode = thinking["type"].as_str().unwrap_or_default();
    let taken = match mode {
        "adaptive" => true,
        "between_tools" => model.starts_with("claude-sonnet-5-5"),
        "disabled" => !refuses(&["claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5"]),
        "enabled" => !is_current(model),
        _ => false,
    };
    if taken {
        return Ok(());
    }
    let message = format!("thinking.type: '{mode}' is not supported for {model}");
    Err(Refusal::invalid(message))
}

/// Whether the model is asked to think before it asks for tools.
fn thinks(body: &Value) -> bool {
    match body["thinking"]["type"].as_str() {
        Some("disabled") => false,
        Some(_) => true,
        None => body["output_config"]["effort"].is_string(),
    }
}

fn check_temperature(model: &str, body: &Value) -> Result<(), Refusal> {
    let Some(temperature) = body.get("temperature") else {
        return Ok(());
    };
    if is_current(model) {
        let message = format!("temperature: not supported for {model}");
        return Err(Refusal::invalid(message));
    }
    let degrees = temperature.as_f64().unwrap_or(-1.0);
    if (0.0..=1.0).contains(&degrees) {
        Ok(())
    } else {
        Err(Refusal::invalid("temperature: range: 0..1"))
    }
}

fn tools(body: &Value, marks: &mut Marks) -> Result<Vec<String>, Refusal> {
    const KNOWN: [&str; 7] = [
        "cache_control",
        "description",
        "eager_input_streaming",
        "input_schema",
        "name",
        "strict",
        "type",
    ];
    let Some(tools) = body.get("tools") else {
        if body.get("tool_choice").is_some() {
            return Err(Refusal::invalid("tool_choice: only allowed with tools"));
        }
        return Ok(Vec::new());
    };
    let mut names = BTreeSet::new();
    let mut strict = Vec::new();
    for (at, tool) in tools.as_array().into_iter().flatten().enumerate() {
        check_fields(tool, &format!("tools.{at}."), &KNOWN)?;
        marks.add(tool, 0)?;
        let name = tool["name"].as_str().unwrap_or_default();
        if !is_name(name) || name.len() > 128 {
            return Err(Refusal::invalid(format!(
                "tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )));
        }
        if tool["input_schema"]["type"] != "object" {
            let message = format!("tools.{at}.custom.input_schema.type: Field required");
            return Err(Refusal::invalid(message));
        }
        check_keys(at, &tool["input_schema"]["properties"])?;
        if tool["strict"] == true {
            if let Some(why) = not_strict(&tool["input_schema"]) {
                let message = format!("tools.{at}.custom.input_schema: {why}");
                return Err(Refusal::invalid(message));
            }
            strict.push(&tool["input_schema"]);
        }
        if !names.insert(name.to_owned()) {
            return Err(Refusal::invalid("tools: Tool names must be unique."));
        }
    }
    check_strict(&strict)?;
    Ok(names.into_iter().collect())
}

/// What arguments are called, whether or not they are guaranteed.
fn check_keys(at: usize, properties: &Value) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let is_key = |key: &String| (1..=64).contains(&key.len()) && key.chars().all(allowed);
    let mut keys = properties.as_object().into_iter().flat_map(Map::keys);
    if keys.all(is_key) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "tools.{at}.custom.input_schema.properties: Property keys should match pattern \
         '^[a-zA-Z0-9_.-]{{1,64}}$'"
    )))
}

/// All schemas of a request whose arguments are guaranteed become one grammar.
fn check_strict(schemas: &[&Value]) -> Result<(), Refusal> {
    const MOST: usize = 20;
    const MOST_UNIONS: usize = 16;
    if schemas.len() > MOST {
        let message = format!(
            "Too many strict tools ({}). The maximum is {MOST}.",
            schemas.len()
        );
        return Err(Refusal::invalid(message));
    }
    let unions: usize = schemas.iter().map(|schema| unions(schema)).sum();
    if unions > MOST_UNIONS {
        let message = format!(
            "Schemas contain too many parameters with union types ({unions}). The maximum is \
             {MOST_UNIONS}."
        );
        return Err(Refusal::invalid(message));
    }
    Ok(())
}

/// Whether a name or an id is in the characters that are accepted.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

fn system(body: &Value, marks: &mut Marks) -> Result<String, Refusal> {
    let Some(system) = body.get("system") else {
        return Ok(String::new());
    };
    if let Some(text) = system.as_str() {
        return Ok(text.to_owned());
    }
    let mut text = String::new();
    for (at, block) in system.as_array().into_iter().flatten().enumerate() {
        check_fields(
            block,
            &format!("system.{at}."),
            &["cache_control", "text", "type"],
        )?;
        marks.add(block, 1)?;
        text.push_str(messages::text(block)?);
    }
    Ok(text)
}

/// The marks for the cache, in the order of the request.
#[derive(Default)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// Adds the mark of a block, if it has one, behind so many messages.
    pub(super) fn add(&mut self, block: &Value, messages: usize) -> Result<(), Refusal> {
        let Some(mark) = block.get("cache_control") else {
            return Ok(());
        };
        check_fields(mark, "cache_control.", &["ttl", "type"])?;
        let lasts = mark
            .get("ttl")
            .map_or("5m", |ttl| ttl.as_str().unwrap_or_default());
        let lasts = match lasts {
            "1h" if mark["type"] == "ephemeral" => Lasts::Hour,
            "5m" if mark["type"] == "ephemeral" => Lasts::Minutes,
            _ => return Err(Refusal::invalid(format!("cache_control: Invalid: {mark}"))),
        };
        self.0.push(Mark { lasts, messages });
        Ok(())
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.0.len() > 4 {
            let message = format!(
                "A maximum of 4 blocks with cache_control may be provided. Found {}.",
                self.0.len()
            );
            return Err(Refusal::invalid(message));
        }
        let mut lasts = self.0.iter().map(|mark| mark.lasts);
        if lasts.any(|lasts| lasts == Lasts::Minutes) && lasts.any(|lasts| lasts == Lasts::Hour) {
            return Err(Refusal::invalid(
                "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
