use audio::g711::BYTES_PER_MS;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::RealtimeFault;

/// An HTTP answer in place of a socket, where a fault wants one.
pub(super) fn refused_by(fault: RealtimeFault) -> Option<Response> {
    match fault {
        RealtimeFault::Busy { retry_after } => {
            let mut response = refusal(429, "rate_limit_exceeded", "Rate limit reached.");
            let ms = retry_after.as_millis().to_string();
            if let Ok(value) = HeaderValue::from_str(&ms) {
                let name = HeaderName::from_static("retry-after-ms");
                response.headers_mut().insert(name, value);
            }
            Some(response)
        }
        RealtimeFault::Refuse(status) => {
            Some(refusal(status, "refused", "The simulation refuses."))
        }
        RealtimeFault::CutAfter(_)
        | RealtimeFault::Expired
        | RealtimeFault::FailedResponses
        | RealtimeFault::Garbage
        | RealtimeFault::NoAnswer
        | RealtimeFault::NoQuota
        | RealtimeFault::NoSession
        | RealtimeFault::Slow(_)
        | RealtimeFault::StallAfter(_)
        | RealtimeFault::Wordless => None,
    }
}

/// An HTTP answer that refuses the upgrade.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let error = json!({ "error": { "message": message, "type": "invalid_request_error",
        "param": null, "code": code } });
    let mut response = Response::new(Body::from(error.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Why a message of the client is refused. The session stays open.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Nobody who follows the protocol can have sent this, whatever crossed it on the way.
    pub(super) is_violation: bool,
}

impl Refused {
    pub(super) fn violation(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_violation: true,
        }
    }

    pub(super) fn crossed(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_violation: false,
        }
    }
}

/// The event that tells about an error.
pub(super) fn error(code: &str, message: &str, about: &Value) -> Value {
    json!({ "type": "error", "error": { "type": "invalid_request_error", "code": code,
        "message": message, "param": null, "event_id": about } })
}

/// Tokens, of text and of sound.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Kinds {
    pub(super) text: u64,
    pub(super) audio: u64,
}

impl Kinds {
    /// About four characters of what is said are a token, and 100 ms of what is heard.
    pub(super) const fn heard(characters: u64, bytes: u64) -> Self {
        Self {
            text: characters.div_ceil(4),
            audio: bytes.div_ceil(100 * BYTES_PER_MS),
        }
    }

    /// The same, but 50 ms of what is spoken.
    pub(super) const fn spoken(characters: u64, bytes: u64) -> Self {
        Self {
            text: characters.div_ceil(4),
            audio: bytes.div_ceil(50 * BYTES_PER_MS),
        }
    }

    /// The smaller of each.
    pub(super) fn least(self, other: Self) -> Self {
        Self {
            text: self.text.min(other.text),
            audio: self.audio.min(other.audio),
        }
    }

    const fn all(self) -> u64 {
        self.text + self.audio
    }

    fn shown(self) -> Value {
        json!({ "text_tokens": self.text, "audio_tokens": self.audio })
    }
}

/// The summary of a response: what went in, what of that had gone in before, and what came out.
pub(super) fn usage(input: Kinds, cached: Kinds, output: Kinds) -> Value {
    let mut details = input.shown();
    details["image_tokens"] = json!(0);
    details["cached_tokens"] = json!(cached.all());
    details["cached_tokens_details"] = cached.shown();
    json!({ "total_tokens": input.all() + output.all(), "input_tokens": input.all(),
        "output_tokens": output.all(), "input_token_details": details,
        "output_token_details": output.shown() })
}
