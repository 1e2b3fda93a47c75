use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::TtsFault;

/// A message of the client. Unknown fields are a mistake of ours.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the provider's message has these fields"
)]
pub(super) struct FromClient {
    pub(super) text: Option<String>,
    pub(super) context_id: Option<String>,
    pub(super) voice_settings: Option<VoiceSettings>,
    pub(super) generation_config: Option<GenerationConfig>,
    #[serde(default)]
    pub(super) flush: bool,
    #[serde(default)]
    pub(super) try_trigger_generation: bool,
    #[serde(default)]
    pub(super) close_context: bool,
    #[serde(default)]
    pub(super) close_socket: bool,
    #[serde(rename = "xi-api-key")]
    pub(super) _key: Option<String>,
}

/// How the voice sounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceSettings {
    stability: Option<f32>,
    similarity_boost: Option<f32>,
    style: Option<f32>,
    speed: Option<f32>,
    #[serde(rename = "use_speaker_boost")]
    _use_speaker_boost: Option<bool>,
}

impl VoiceSettings {
    /// Whether every value is in its range.
    pub(super) fn in_range(&self) -> bool {
        let unit = |value: Option<f32>| value.is_none_or(|value| (0.0..=1.0).contains(&value));
        unit(self.stability)
            && unit(self.similarity_boost)
            && unit(self.style)
            && self.speed.is_none_or(|speed| (0.7..=1.2).contains(&speed))
    }
}

/// When text is turned into sound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GenerationConfig {
    pub(super) chunk_length_schedule: Option<Vec<u32>>,
}

/// A character, and when it sounds within its piece of sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Timed {
    pub(super) char: char,
    pub(super) begins_ms: usize,
    pub(super) ends_ms: usize,
}

/// A piece of sound with the times of its characters. Without characters it has none, as with the
/// real one when no alignment was asked for.
pub(super) fn audio(bytes: &[u8], timed: &[Timed], context: Option<&str>) -> String {
    let chars: Vec<char> = timed.iter().map(|it| it.char).collect();
    let starts: Vec<usize> = timed.iter().map(|it| it.begins_ms).collect();
    let lengths: Vec<usize> = timed.iter().map(|it| it.ends_ms - it.begins_ms).collect();
    let alignment = if chars.is_empty() {
        Value::Null
    } else {
        json!({ "chars": chars, "charStartTimesMs": starts, "charDurationsMs": lengths })
    };
    let audio = base64_simd::STANDARD.encode_to_string(bytes);
    let mut message = json!({ "audio": audio, "isFinal": null, "alignment": alignment,
        "normalizedAlignment": alignment });
    name_context(&mut message, context);
    message.to_string()
}

/// No more sound comes, of this context or at all.
pub(super) fn last(context: Option<&str>) -> String {
    let mut message = json!({ "isFinal": true });
    name_context(&mut message, context);
    message.to_string()
}

/// An error, which is followed by a close.
pub(super) fn error(what: &str, code: u16) -> String {
    json!({ "message": what, "error": "invalid_request", "code": code }).to_string()
}

fn name_context(message: &mut Value, context: Option<&str>) {
    if let Some(context) = context {
        message["contextId"] = json!(context);
    }
}

/// The handshake's answer when a fault refuses it.
pub(super) fn refused_by(fault: TtsFault) -> Option<(u16, &'static str)> {
    match fault {
        TtsFault::Refuse(status) => Some((status, "refused")),
        TtsFault::TooMany => Some((429, "too_many_concurrent_requests")),
        TtsFault::DropAfter(_)
        | TtsFault::Garbage
        | TtsFault::Mute
        | TtsFault::NoAnswer
        | TtsFault::NoQuota
        | TtsFault::Slow(_) => None,
    }
}

/// A refused handshake.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "detail": { "status": code, "message": message } });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
