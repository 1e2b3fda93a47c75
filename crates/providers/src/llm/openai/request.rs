use serde::Serialize;
use serde_json::value::RawValue;
use session::{Message, Prompt, ToolCall};

use crate::{
    BaseUrl,
    llm::{
        ModelSettings, ToolOffer,
        history::{CANCELLED, CallIds, ToolAnswers, arguments, plain, schema},
        strict,
    },
};

/// How a server wants to be asked. Servers that copy OpenAI's interface differ in these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    /// What the instructions are called.
    pub system_role: SystemRole,
    /// Whose models it serves.
    pub models: Models,
    /// How the key is sent.
    pub authorisation: Authorisation,
    /// Whether the arguments of tools can be guaranteed.
    pub arguments: Arguments,
    /// Whether token counts may be asked for.
    pub asks_usage: bool,
    /// Whether padding against traffic analysis may be declined: it doubles the bytes of a stream.
    pub declines_padding: bool,
}

/// The role of the instructions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SystemRole {
    /// OpenAI's newer models.
    Developer,
    /// Everyone else, and OpenAI still.
    System,
}

/// Whose models a server has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Models {
    /// Anyone's. The longest answer is `max_completion_tokens` for OpenAI's reasoning models, which
    /// something in between may serve under their own names; `max_tokens` for everything else.
    Anyones,
    /// OpenAI's. The longest answer is `max_completion_tokens`: reasoning models refuse the other.
    /// Their names tell how little they can think.
    OpenAis,
}

impl Models {
    /// An id that the server accepts: Mistral's models, wherever they run, want nine letters.
    fn call_id(self, ids: &mut CallIds, id: &str) -> String {
        match self {
            Self::Anyones => ids.nine(id),
            Self::OpenAis => ids.plain(id),
        }
    }
}

/// What is known of the arguments of a tool call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arguments {
    /// They fit the tool's schema, where it is of the kind that the server can keep to.
    Guaranteed,
    /// The model means to.
    Hoped,
}

/// The header with the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authorisation {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `api-key: KEY`, as Azure wants it.
    ApiKey,
}

impl Profile {
    /// OpenAI's own service.
    pub const OPENAI: Self = Self {
        system_role: SystemRole::Developer,
        models: Models::OpenAis,
        authorisation: Authorisation::Bearer,
        arguments: Arguments::Guaranteed,
        asks_usage: true,
        declines_padding: true,
    };
    /// Azure's.
    pub const AZURE: Self = Self {
        authorisation: Authorisation::ApiKey,
        // Older deployments do not know of it.
        arguments: Arguments::Hoped,
        declines_padding: false,
        ..Self::OPENAI
    };
    /// Anything else: the older names are the ones that every server knows.
    pub const COMPATIBLE: Self = Self {
        system_role: SystemRole::System,
        models: Models::Anyones,
        authorisation: Authorisation::Bearer,
        arguments: Arguments::Hoped,
        asks_usage: true,
        declines_padding: false,
    };

    /// The profile that fits an address.
    #[must_use]
    pub fn of(base: &BaseUrl) -> Self {
        let host = base.host();
        if host == "api.openai.com" || host.ends_with(".api.openai.com") {
            Self::OPENAI
        } else if host.ends_with(".azure.com") {
            Self::AZURE
        } else {
            Self {
                // It refuses fields that it does not know, and sends the counts unasked.
                asks_usage: host != "api.mistral.ai",
                ..Self::COMPATIBLE
            }
        }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    messages: Vec<Wire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_obfuscation: Option<bool>,
}

#[derive(Serialize)]
struct Wire<'a> {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: String,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    parameters: &'a RawValue,
}

/// The body of a request for one reply.
pub(super) fn body(profile: &Profile, prompt: &Prompt, settings: &ModelSettings) -> Vec<u8> {
    let (completion, effort) = match profile.models {
        Models::Anyones => (is_reasoning_model(&settings.model), None),
        Models::OpenAis => (true, least_effort(&settings.model)),
    };
    let request = Request {
        model: &settings.model,
        stream: true,
        stream_options: profile.asks_usage.then_some(StreamOptions {
            include_usage: true,
            include_obfuscation: profile.declines_padding.then_some(false),
        }),
        messages: messages(profile, prompt),
        max_completion_tokens: completion.then_some(settings.max_tokens),
        max_tokens: (!completion).then_some(settings.max_tokens),
        temperature: settings.temperature,
        presence_penalty: settings.presence_penalty,
        frequency_penalty: settings.frequency_penalty,
        reasoning_effort: settings.reasoning_effort.as_deref().or(effort),
        tools: settings
            .tools
            .iter()
            .map(|offer| tool(profile, offer))
            .collect(),
    };
    serde_json::to_vec(&request).expect("text keys and finite numbers always serialise")
}

/// As little as one of OpenAI's models can do with: the caller hears thinking as silence, and
/// thoughts count towards the longest reply. Models differ in what they accept and refuse the rest,
/// so those that are not known here, `gpt-5-chat-latest` for one, are told nothing.
fn least_effort(model: &str) -> Option<&'static str> {
    const SIZES: [&str; 6] = ["astra", "luna", "mini", "nano", "sol", "terra"];
    let name = without_date(model);
    if ["o1", "o3", "o3-mini", "o4-mini"].contains(&name) {
        return Some("low");
    }
    let (version, size) = match name.strip_prefix("gpt-")?.split_once('-') {
        Some((version, size)) => (version, Some(size)),
        None => (name.strip_prefix("gpt-")?, None),
    };
    let is_known = size.is_none_or(|size| SIZES.contains(&size));
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?) {
        (5, 0) if is_known => Some("minimal"),
        (5.., _) if is_known => Some("none"),
        _ => None,
    }
}

/// A name without the day that pins it: `gpt-5-mini-2025-08-07`.
fn without_date(model: &str) -> &str {
    let is_date = |part: &str| {
        let bytes = part.bytes().enumerate();
        bytes.fold(true, |fits, (at, byte)| {
            fits && match at {
                0 | 5 | 8 => byte == b'-',
                _ => byte.is_ascii_digit(),
            }
        })
    };
    match model.len().checked_sub("-2025-08-07".len()) {
        Some(at) if model.get(at..).is_some_and(is_date) => &model[..at],
        Some(_) | None => model,
    }
}

/// Whether a name is of OpenAI's families that refuse `max_tokens`: `gpt-5.6-luna`, `openai/o3`.
fn is_reasoning_model(model: &str) -> bool {
    let bare = model.rsplit_once('/').map_or(model, |(_vendor, bare)| bare);
    let mut version = bare
        .strip_prefix("gpt-")
        .or_else(|| bare.strip_prefix('o'))
        .unwrap_or("")
        .chars();
    match version.next() {
        Some('1'..='4') => bare.starts_with('o'),
        Some('5'..='9') => bare.starts_with("gpt-"),
        Some(_) | None => false,
    }
}

fn tool<'a>(profile: &Profile, offer: &'a ToolOffer) -> Tool<'a> {
    let strict = match profile.arguments {
        Arguments::Guaranteed => strict::fits(offer),
        Arguments::Hoped => false,
    };
    Tool {
        kind: "function",
        function: Function {
            name: &offer.name,
            description: &offer.description,
            strict: strict.then_some(true),
            parameters: schema(offer),
        },
    }
}

fn messages<'a>(profile: &Profile, prompt: &'a Prompt) -> Vec<Wire<'a>> {
    let mut wires = Vec::with_capacity(prompt.messages.len() + 1);
    if !prompt.system.is_empty() {
        wires.push(said(
            match profile.system_role {
                SystemRole::Developer => "developer",
                SystemRole::System => "system",
            },
            prompt.system.to_string(),
        ));
    }
    let mut answers = ToolAnswers::new(&prompt.messages);
    let mut ids = CallIds::default();
    for (place, message) in prompt.messages.iter().enumerate() {
        match message {
            Message::Caller(text) => caller(&mut wires, text),
            // Many templates know instructions only in front.
            Message::Note(text) => caller(&mut wires, text),
            Message::Agent {
                text,
                interrupted,
                tools,
            } => {
                let calls: Vec<(String, &ToolCall)> = tools
                    .iter()
                    .map(|call| (profile.models.call_id(&mut ids, &call.id), call))
                    .collect();
                agent(&mut wires, text, *interrupted, &calls);
                for (id, call) in calls {
                    let output = answers.to(place, call).unwrap_or(CANCELLED);
                    wires.push(Wire {
                        tool_call_id: Some(id),
                        ..said("tool", output.to_owned())
                    });
                }
            }
            // Stands behind the call that it answers, wherever it came.
            Message::Tool { .. } => {}
        }
    }
    wires
}

fn said(role: &'static str, content: String) -> Wire<'static> {
    Wire {
        role,
        content,
        tool_calls: Vec::new(),
        tool_call_id: None,
    }
}

/// Turns in a row become one: many models' templates insist that roles alternate.
fn caller(wires: &mut Vec<Wire<'_>>, text: &str) {
    match wires.last_mut() {
        Some(last) if last.role == "user" => {
            last.content.push('\n');
            last.content.push_str(text);
        }
        Some(_) | None => wires.push(said("user", text.to_owned())),
    }
}

fn agent<'a>(
    wires: &mut Vec<Wire<'a>>,
    text: &str,
    interrupted: bool,
    calls: &[(String, &'a ToolCall)],
) {
    if text.is_empty() && calls.is_empty() {
        return;
    }
    let mut content = text.to_owned();
    if interrupted && !content.is_empty() {
        content.push('…');
    }
    let calls = calls.iter().map(|(id, call)| Call {
        id: id.clone(),
        kind: "function",
        function: CalledFunction {
            name: plain(&call.name),
            arguments: arguments(call).get(),
        },
    });
    wires.push(Wire {
        tool_calls: calls.collect(),
        ..said("assistant", content)
    });
}

#[cfg(test)]
mod tests;
