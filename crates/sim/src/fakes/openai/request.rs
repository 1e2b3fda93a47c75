use std::collections::BTreeSet;

use serde_json::Value;

use crate::fakes::{schema::not_strict, tab::characters};

/// A request that the provider would have taken, in OpenAI's words whoever the provider is.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// The model asked for.
    pub model: String,
    /// The messages.
    pub messages: Vec<Value>,
    /// Names of the tools on offer.
    pub tools: Vec<String>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Whether the stream tells what it cost.
    pub include_usage: bool,
}

impl Chat {
    /// The newest message of the user, or nothing.
    #[must_use]
    pub fn last_said(&self) -> &str {
        let mut newest = self.messages.iter().rev();
        let said = newest.find(|message| message["role"] == "user");
        said.and_then(|message| message["content"].as_str())
            .unwrap_or_default()
    }

    /// Characters in the messages, names and arguments of tools included.
    pub(in crate::fakes) fn characters(&self) -> u64 {
        self.messages.iter().map(Self::characters_of).sum()
    }

    /// The same of one message.
    pub(in crate::fakes) fn characters_of(message: &Value) -> u64 {
        let text = |value: &Value| characters(value.as_str().unwrap_or_default());
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        let functions = calls.map(|call| &call["function"]);
        let tools = functions.map(|it| text(&it["name"]) + text(&it["arguments"]));
        text(&message["content"]) + tools.sum::<u64>()
    }
}

/// Why a request is refused with 400.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) param: Option<String>,
    pub(super) code: Option<&'static str>,
}

impl Refusal {
    pub(super) fn unreadable() -> Self {
        let message = "We could not parse the JSON body of your request.".to_owned();
        Self {
            message,
            param: None,
            code: None,
        }
    }

    pub(super) fn of(param: impl Into<String>, message: impl Into<String>) -> Self {
        let param = Some(param.into());
        Self {
            message: message.into(),
            param,
            code: Some("invalid_value"),
        }
    }
}

const KNOWN: [&str; 32] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
    "verbosity",
];

/// Reads a request as strictly as the real one.
pub(super) fn read(body: &Value) -> Result<Chat, Refusal> {
    let fields = body.as_object().ok_or_else(Refusal::unreadable)?;
    for (name, value) in fields {
        if !KNOWN.contains(&name.as_str()) {
            let message = format!("Unknown parameter: '{name}'.");
            let code = Some("unknown_parameter");
            return Err(Refusal {
                message,
                param: Some(name.clone()),
                code,
            });
        }
        if value.is_null() {
            return Err(Refusal::of(
                name,
                format!("Unset fields are not sent: '{name}' is null."),
            ));
        }
    }
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Refusal::of("model", "you must provide a model parameter"))?;
    check_reasoning_model(model, body)?;
    let stream = body["stream"].as_bool().unwrap_or(false);
    if !stream && body.get("stream_options").is_some() {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Refusal::of("stream_options", message));
    }
    let tools = tools(body)?;
    let messages = body["messages"]
        .as_array()
        .filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| {
        Refusal::of(
            "messages",
            "Invalid 'messages': empty array. Expected at least one.",
        )
    })?;
    check_messages(messages)?;
    Ok(Chat {
        model: model.to_owned(),
        messages: messages.clone(),
        tools,
        stream,
        include_usage: body["stream_options"]["include_usage"]
            .as_bool()
            .unwrap_or(false),
    })
}

/// Reasoning models know neither the old length field nor sampling.
fn check_reasoning_model(model: &str, body: &Value) -> Result<(), Refusal> {
    let reasons = ["gpt-5", "gpt-6", "o1", "o3", "o4"]
        .iter()
        .any(|name| model.starts_with(name));
    if reasons && body.get("max_tokens").is_some() {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                       'max_completion_tokens' instead.";
        let code = Some("unsupported_parameter");
        let param = Some("max_tokens".to_owned());
        return Err(Refusal {
            message: message.to_owned(),
            param,
            code,
        });
    }
    Ok(())
}

fn tools(body: &Value) -> Result<Vec<String>, Refusal> {
    let Some(tools) = body.get("tools") else {
        if body.get("tool_choice").is_some() {
            let message = "'tool_choice' is only allowed when 'tools' are specified.";
            return Err(Refusal::of("tool_choice", message));
        }
        return Ok(Vec::new());
    };
    let tools = tools.as_array().filter(|tools| !tools.is_empty());
    let tools = tools.ok_or_else(|| Refusal::of("tools", "[] is too short - 'tools'"))?;
    tools
        .iter()
        .enumerate()
        .map(|(at, tool)| tool_name(at, tool))
        .collect()
}

fn tool_name(at: usize, tool: &Value) -> Result<String, Refusal> {
    let name = tool["function"]["name"].as_str().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if tool["type"] != "function"
        || name.is_empty()
        || name.len() > 64
        || !name.chars().all(allowed)
    {
        let message = format!("Invalid 'tools[{at}]': {tool}");
        return Err(Refusal::of(format!("tools[{at}].function.name"), message));
    }
    let parameters = &tool["function"]["parameters"];
    if !(parameters.is_null() || parameters["type"] == "object") {
        let message = format!("Invalid schema for function '{name}': its type is not object.");
        return Err(Refusal::of(
            format!("tools[{at}].function.parameters"),
            message,
        ));
    }
    let strict = tool["function"]["strict"] == true;
    if let Some(why) = not_strict(parameters).filter(|_| strict) {
        let message = format!("Invalid schema for function '{name}': In context=(), {why}");
        return Err(Refusal::of(
            format!("tools[{at}].function.parameters"),
            message,
        ));
    }
    Ok(name.to_owned())
}

/// Checks roles, and that each tool call has exactly one answer before anything else is said.
fn check_messages(messages: &[Value]) -> Result<(), Refusal> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !open.remove(id) {
                let message = "Invalid parameter: messages with role 'tool' must be a response to \
                               a preceding message with 'tool_calls'.";
                return Err(Refusal::of(format!("messages.[{at}].role"), message));
            }
            continue;
        }
        if let Some(id) = open.first() {
            return Err(unanswered(id));
        }
        if !["system", "developer", "user", "assistant"].contains(&role) {
            let message = format!("Invalid value: '{role}' as role.");
            return Err(Refusal::of(format!("messages[{at}].role"), message));
        }
        let calls = message["tool_calls"].as_array();
        if calls.is_none_or(Vec::is_empty) && !has_content(message) {
            let message = format!("Invalid value for 'content' of the {role} message.");
            return Err(Refusal::of(format!("messages.[{at}].content"), message));
        }
        for call in calls.into_iter().flatten() {
            open.insert(call["id"].as_str().unwrap_or_default());
        }
    }
    open.first().map_or(Ok(()), |id| Err(unanswered(id)))
}

fn has_content(message: &Value) -> bool {
    message["content"].is_string() || message["content"].is_array()
}

fn unanswered(id: &str) -> Refusal {
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to \
         each 'tool_call_id'. The following tool_call_ids did not have response messages: {id}"
    );
    Refusal::of("messages", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut body = json!({ "model": "gpt-6-luna", "stream": true,
            "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "u" }] });
        assert!(read(&body).is_ok());
        change(&mut body);
        read(&body).unwrap_err().message
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        assert!(refused(|b| b["tools"] = json!([])).contains("too short"));
        let tool = |parameters: Value| {
            json!([{ "type": "function",
                "function": { "name": "book", "strict": true, "parameters": parameters } }])
        };
        let open = json!({ "type": "object", "properties": {}, "required": [] });
        assert!(refused(|b| b["tools"] = tool(open)).contains("additionalProperties"));
        let optional = json!({ "type": "object", "properties": { "day": { "type": "string" } },
            "required": [], "additionalProperties": false });
        assert!(refused(|b| b["tools"] = tool(optional)).contains("every key"));
        let free = json!({ "type": "object", "properties": { "day": { "pattern": "a" } },
            "required": ["day"], "additionalProperties": false });
        assert!(refused(|b| b["tools"] = tool(free)).contains("pattern"));
        assert!(refused(|b| b["tool_choice"] = json!("auto")).contains("tool_choice"));
        assert!(refused(|b| b["max_tokens"] = json!(5)).contains("max_completion_tokens"));
        assert!(refused(|b| b["temperature"] = Value::Null).contains("null"));
        assert!(refused(|b| b["temprature"] = json!(1)).contains("Unknown parameter"));
        assert!(refused(|b| b["messages"] = json!([])).contains("empty array"));
        assert!(refused(|b| b["model"] = json!("")).contains("model"));
        assert!(refused(|b| b["messages"][0]["role"] = json!("boss")).contains("boss"));
    }

    #[test]
    fn every_tool_call_wants_one_answer() {
        let call = json!({ "role": "assistant", "tool_calls": [{ "id": "call_1" }] });
        let answer = json!({ "role": "tool", "tool_call_id": "call_1", "content": "{}" });
        let user = json!({ "role": "user", "content": "u" });
        let with = |messages: &[&Value]| {
            let body = json!({ "model": "m", "messages": messages });
            read(&body).map(|_| ()).map_err(|refusal| refusal.message)
        };
        assert_eq!(with(&[&user, &call, &answer]), Ok(()));
        assert!(with(&[&user, &call, &user]).unwrap_err().contains("call_1"));
        assert!(with(&[&user, &call]).unwrap_err().contains("call_1"));
        assert!(with(&[&user, &answer]).unwrap_err().contains("preceding"));
        assert!(with(&[&user, &call, &answer, &answer]).is_err());
    }
}
