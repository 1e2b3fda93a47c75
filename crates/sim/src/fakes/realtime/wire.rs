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

/// The summary of a response: about four characters are a token, and 50 ms of sound.
pub(super) fn usage(input_chars: usize, output_chars: usize, output_bytes: usize) -> Value {
    let (input, text, audio) = (
        input_chars.div_ceil(4),
        output_chars.div_ceil(4),
        output_bytes.div_ceil(400),
    );
    json!({ "total_tokens": input + text + audio, "input_tokens": input,
        "output_tokens": text + audio,
        "input_token_details": { "text_tokens": input, "audio_tokens": 0, "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": { "text_tokens": 0, "audio_tokens": 0 } },
        "output_token_details": { "text_tokens": text, "audio_tokens": audio } })
}
