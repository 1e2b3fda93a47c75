use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{LlmFault, request::Refusal};
use crate::fakes::Used;

/// The whole answer to a request that a fault refuses at once.
pub(super) fn refused_by(fault: LlmFault) -> Option<Response> {
    match fault {
        LlmFault::Busy { retry_after } => {
            let message = "Rate limit reached for requests";
            let mut response = error(429, message, "requests", Some("rate_limit_exceeded"));
            let seconds = format!("{:.3}", retry_after.as_secs_f64());
            let ms = retry_after.as_millis().to_string();
            set(&mut response, "retry-after", &seconds);
            set(&mut response, "retry-after-ms", &ms);
            Some(response)
        }
        LlmFault::Html => {
            let page = "<html><head><title>502 Bad Gateway</title></head></html>";
            let mut response = answer(StatusCode::BAD_GATEWAY, page.to_owned());
            set(&mut response, "content-type", "text/html");
            Some(response)
        }
        LlmFault::HtmlAsAnswer => {
            let page = "<html><head><title>Sign in</title></head></html>\n\n";
            let mut response = answer(StatusCode::OK, page.to_owned());
            set(&mut response, "content-type", "text/html");
            Some(response)
        }
        LlmFault::KeyRefused => Some(key_refused()),
        LlmFault::NoQuota => {
            let message = "You exceeded your current quota, please check your plan and billing.";
            Some(error(
                429,
                message,
                "insufficient_quota",
                Some("insufficient_quota"),
            ))
        }
        LlmFault::Overloaded => {
            let message = "The engine is currently overloaded, please try again later.";
            Some(error(503, message, "server_error", None))
        }
        LlmFault::ServerError => Some(server_error()),
        LlmFault::BadUtf8After(_)
        | LlmFault::CutAfter(_)
        | LlmFault::Declines
        | LlmFault::ErrorAfter(_)
        | LlmFault::GarbageAfter(_)
        | LlmFault::LongLine(_)
        | LlmFault::NoAnswer
        | LlmFault::OverloadedAfter(_)
        | LlmFault::StallAfter(_) => None,
    }
}

pub(super) fn key_refused() -> Response {
    error(
        401,
        "Incorrect API key provided.",
        "invalid_request_error",
        Some("invalid_api_key"),
    )
}

pub(super) fn server_error() -> Response {
    error(
        500,
        "The server had an error while processing your request.",
        "server_error",
        None,
    )
}

pub(super) fn refusal(refusal: &Refusal) -> Response {
    let error = json!({ "message": refusal.message, "type": "invalid_request_error",
        "param": refusal.param, "code": refusal.code });
    answer(
        StatusCode::BAD_REQUEST,
        json!({ "error": error }).to_string(),
    )
}

fn error(status: u16, message: &str, kind: &str, code: Option<&str>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({ "message": message, "type": kind, "param": null, "code": code });
    answer(status, json!({ "error": error }).to_string())
}

/// A response with the headers that every answer carries.
pub(super) fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    set(&mut response, "content-type", "application/json");
    set(&mut response, "x-request-id", "req_0123456789abcdef");
    set(&mut response, "openai-processing-ms", "12");
    response
}

pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Makes a response a stream of events.
pub(super) fn as_events(response: &mut Response) {
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
}

/// One event of a stream.
pub(super) fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// The frame of every chunk.
pub(super) fn chunk(number: u64, model: &str, delta: Value, finish: Option<&str>) -> Value {
    json!({ "id": format!("chatcmpl-{number}"), "object": "chat.completion.chunk", "created": 1,
        "model": model, "usage": null,
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

/// What a reply cost, in tokens.
pub(super) fn usage(used: &Used) -> Value {
    let (input, output) = (used.prompt(), used.output);
    json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": { "cached_tokens": used.cached, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 } })
}
