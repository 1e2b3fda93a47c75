use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::request::Refusal;
use crate::fakes::openai::LlmFault;

/// The whole answer to a request that a fault refuses at once.
pub(super) fn refused_by(fault: LlmFault) -> Option<Response> {
    match fault {
        LlmFault::Busy { retry_after } => {
            let mut response = error(
                429,
                "rate_limit_error",
                "This request would exceed your rate limit.",
            );
            let seconds = format!("{:.3}", retry_after.as_secs_f64());
            set(&mut response, "retry-after", &seconds);
            set(&mut response, "anthropic-ratelimit-requests-remaining", "0");
            set(
                &mut response,
                "anthropic-ratelimit-requests-reset",
                "2026-01-01T00:00:01Z",
            );
            Some(response)
        }
        LlmFault::Html => {
            let page = "<html><head><title>502 Bad Gateway</title></head></html>";
            let mut response = answer(StatusCode::BAD_GATEWAY, page.to_owned());
            set(&mut response, "content-type", "text/html");
            Some(response)
        }
        LlmFault::KeyRefused => Some(error(401, "authentication_error", "invalid x-api-key")),
        LlmFault::NoQuota => {
            let error = json!({ "type": "rate_limit_error",
                "message": "You have reached the limit of your organisation.",
                "details": { "error_code": "enforced_spend_limit_reached" } });
            Some(answer(StatusCode::TOO_MANY_REQUESTS, body(&error)))
        }
        LlmFault::Overloaded => Some(error(529, "overloaded_error", "Overloaded")),
        LlmFault::ServerError => Some(server_error()),
        LlmFault::CutAfter(_)
        | LlmFault::ErrorAfter(_)
        | LlmFault::GarbageAfter(_)
        | LlmFault::NoAnswer
        | LlmFault::OverloadedAfter(_)
        | LlmFault::StallAfter(_) => None,
    }
}

pub(super) fn server_error() -> Response {
    error(500, "api_error", "Internal server error")
}

pub(super) fn refusal(refusal: &Refusal) -> Response {
    error(refusal.status, refusal.kind, &refusal.message)
}

fn error(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, body(&json!({ "type": kind, "message": message })))
}

fn body(error: &Value) -> String {
    json!({ "type": "error", "error": error, "request_id": REQUEST }).to_string()
}

const REQUEST: &str = "req_0123456789abcdef";

/// A response with the headers that every answer carries.
pub(super) fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    set(&mut response, "content-type", "application/json");
    set(&mut response, "request-id", REQUEST);
    response
}

/// Makes a response a stream of events.
pub(super) fn as_events(response: &mut Response) {
    set(response, "content-type", "text/event-stream; charset=utf-8");
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Before the place of a call in its id, where the model thought before it.
pub(super) fn thoughtful(number: u64) -> String {
    format!("toolu_thought{number}")
}

/// What proves that a thought is that of this answer.
pub(super) fn signature(number: u64) -> String {
    format!("c2ln{number}")
}

/// What an event of the content begins with.
pub(super) const DELTA: &str = "event: content_block_delta\n";

/// One event of a stream; its name is its type.
pub(super) fn event(value: &Value) -> String {
    let name = value["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {value}\n\n")
}

/// An error in the middle of a stream.
pub(super) fn error_event(kind: &str, message: &str) -> String {
    event(
        &json!({ "type": "error", "error": { "type": kind, "message": message },
        "request_id": REQUEST }),
    )
}
