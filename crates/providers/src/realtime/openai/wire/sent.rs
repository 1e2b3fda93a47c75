//! What we send.

use domain::{Millis, ReplyId};
use serde_json::{Value, json};
use session::{Message, ToolCall};

use crate::{
    BaseUrl,
    address::Address,
    llm::{
        ToolOffer,
        history::{CANCELLED, ToolAnswers, arguments, plain, schema},
    },
    realtime::{Eagerness, TalkSettings, TurnDetection},
};

/// Ends a turn of the caller: what was appended becomes an item of the conversation.
pub const COMMIT: &str = r#"{"event_id":"commit","type":"input_audio_buffer.commit"}"#;
/// Forgets what was appended.
pub const CLEAR: &str = r#"{"event_id":"clear","type":"input_audio_buffer.clear"}"#;
/// The id of the message that settles a session, repeated in a complaint about it.
pub const CONFIGURE: &str = "configure";
/// Before the request in the id of the message that makes it.
const RESPOND: &str = "respond-";

/// The address of a conversation. A base without any path gets `/v1`, where every server has it.
#[must_use]
pub fn url(base: &BaseUrl, settings: &TalkSettings) -> String {
    let base = base.clone().versioned_if_bare();
    Address::new(base.ws("/realtime"))
        .with("model", &settings.model)
        .finish()
}

/// Settles how the session hears and talks.
#[must_use]
pub fn configure(settings: &TalkSettings, instructions: &str) -> String {
    let transcription = settings
        .transcription_model
        .as_ref()
        .map(|model| json!({ "model": model, "language": settings.language.primary() }));
    let mut session = json!({
        "type": "realtime",
        "instructions": instructions,
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": { "type": "audio/pcmu" },
                "transcription": transcription,
                "turn_detection": turn_detection(settings.turns),
            },
            "output": { "format": { "type": "audio/pcmu" }, "voice": settings.voice },
        },
    });
    if !settings.tools.is_empty() {
        session["tools"] = settings.tools.iter().map(tool).collect();
        session["tool_choice"] = json!("auto");
    }
    if let Some(most) = settings.max_output_tokens {
        session["max_output_tokens"] = json!(most);
    }
    json!({ "type": "session.update", "event_id": CONFIGURE, "session": session }).to_string()
}

/// Gives the agent other instructions from here on.
#[must_use]
pub fn instruct(instructions: &str) -> String {
    let session = json!({ "type": "realtime", "instructions": instructions });
    json!({ "type": "session.update", "event_id": "instruct", "session": session }).to_string()
}

/// Replies are ours to order, so that each has an id of ours and none begins unasked.
fn turn_detection(turns: TurnDetection) -> Value {
    match turns {
        TurnDetection::Ours => Value::Null,
        TurnDetection::ServerVad {
            threshold,
            padding,
            silence,
        } => json!({
            "type": "server_vad", "threshold": threshold, "prefix_padding_ms": padding.0,
            "silence_duration_ms": silence.0, "create_response": false, "interrupt_response": false,
        }),
        TurnDetection::SemanticVad(eagerness) => json!({
            "type": "semantic_vad", "eagerness": eagerness.as_str(),
            "create_response": false, "interrupt_response": false,
        }),
    }
}

impl Eagerness {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

fn tool(offer: &ToolOffer) -> Value {
    json!({
        "type": "function", "name": offer.name, "description": offer.description,
        "parameters": schema(offer),
    })
}

/// A stretch of the caller's audio.
#[must_use]
pub fn append(audio: &[u8]) -> String {
    const BEFORE: &str = r#"{"type":"input_audio_buffer.append","audio":""#;
    const AFTER: &str = r#""}"#;
    let coding = base64_simd::STANDARD;
    let mut message =
        String::with_capacity(BEFORE.len() + coding.encoded_length(audio.len()) + AFTER.len());
    message.push_str(BEFORE);
    coding.encode_append(audio, &mut message);
    message.push_str(AFTER);
    message
}

/// One request for a reply. A reply may take several, and each has a response of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    /// Which reply.
    pub reply: ReplyId,
    /// Which request of the conversation.
    pub number: u64,
}

impl Request {
    /// What comes back with the response. All values have to be text.
    fn metadata(self) -> Value {
        json!({ "reply": self.reply.to_string(), "request": self.number.to_string() })
    }

    /// Reads `r7` and `3`.
    pub(super) fn read(reply: &str, number: &str) -> Option<Self> {
        Some(Self {
            reply: ReplyId(reply.strip_prefix('r')?.parse().ok()?),
            number: number.parse().ok()?,
        })
    }
}

/// Asks for a reply. The request's name comes back with the response.
#[must_use]
pub fn respond(request: Request) -> String {
    response(request, json!({ "metadata": request.metadata() }))
}

/// Asks for a reply that says just this, without a look at the conversation, which it becomes a
/// part of.
#[must_use]
pub fn say(request: Request, text: &str) -> String {
    let instructions = format!(
        "Say exactly the following text, word for word, in its own language. Add nothing, leave \
         nothing out, answer nothing.\n\n{text}"
    );
    let asked = json!({
        "instructions": instructions, "input": [], "tool_choice": "none",
        "metadata": request.metadata(),
    });
    response(request, asked)
}

fn response(request: Request, asked: Value) -> String {
    let Request { reply, number } = request;
    let id = format!("{RESPOND}{reply}-{number}");
    json!({ "type": "response.create", "event_id": id, "response": asked }).to_string()
}

/// Which request a message made, by the message's id.
#[must_use]
pub fn request_of(event_id: &str) -> Option<Request> {
    let (reply, number) = event_id.strip_prefix(RESPOND)?.split_once('-')?;
    Request::read(reply, number)
}

/// Ends a response. Without an id: whichever is under way.
#[must_use]
pub fn cancel(response: Option<&str>) -> String {
    let mut message = json!({ "type": "response.cancel", "event_id": "cancel" });
    if let Some(response) = response {
        message["response_id"] = json!(response);
    }
    message.to_string()
}

/// Forgets what comes after so much audio of an item.
#[must_use]
pub fn truncate(item: &str, heard: Millis) -> String {
    json!({
        "type": "conversation.item.truncate", "event_id": "truncate", "item_id": item,
        "content_index": 0, "audio_end_ms": heard.0,
    })
    .to_string()
}

/// Forgets an item.
#[must_use]
pub fn delete(item: &str) -> String {
    json!({ "type": "conversation.item.delete", "event_id": "delete", "item_id": item }).to_string()
}

/// What a tool answered.
#[must_use]
pub fn tool_output(call: &str, output: &str) -> String {
    item(json!({ "type": "function_call_output", "call_id": call, "output": output }))
}

/// What the caller typed.
#[must_use]
pub fn caller(text: &str) -> String {
    said("user", "input_text", text)
}

/// Something that nobody said.
#[must_use]
pub fn note(text: &str) -> String {
    said("system", "input_text", text)
}

fn agent(text: &str, interrupted: bool) -> String {
    let mark = if interrupted { "…" } else { "" };
    said("assistant", "output_text", &format!("{text}{mark}"))
}

fn said(role: &str, kind: &str, text: &str) -> String {
    item(json!({
        "type": "message", "role": role, "content": [{ "type": kind, "text": text }],
    }))
}

fn item(item: Value) -> String {
    json!({ "type": "conversation.item.create", "event_id": "item", "item": item }).to_string()
}

/// Fills a new session with a conversation: one message for each item.
///
/// Tool calls in the last message of the agent may still be answered, so they are left open.
#[must_use]
pub fn history(messages: &[Message]) -> Vec<String> {
    let last = messages
        .iter()
        .rposition(|message| matches!(message, Message::Agent { .. }));
    let mut answers = ToolAnswers::new(messages);
    let mut items = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        match message {
            Message::Caller(text) if text.trim().is_empty() => {}
            Message::Caller(text) => items.push(caller(text)),
            Message::Note(text) => items.push(note(text)),
            Message::Agent {
                text,
                interrupted,
                tools,
            } => {
                if !text.trim().is_empty() {
                    items.push(agent(text, *interrupted));
                }
                for call in tools {
                    items.push(function_call(call));
                    match answers.to(place, call) {
                        Some(output) => items.push(tool_output(&call.id, output)),
                        None if Some(place) == last => {}
                        None => items.push(tool_output(&call.id, CANCELLED)),
                    }
                }
            }
            // Stands behind the call that it answers, wherever it came.
            Message::Tool { .. } => {}
        }
    }
    items
}

fn function_call(call: &ToolCall) -> String {
    item(json!({
        "type": "function_call", "call_id": call.id, "name": plain(&call.name),
        "arguments": arguments(call).get(),
    }))
}
