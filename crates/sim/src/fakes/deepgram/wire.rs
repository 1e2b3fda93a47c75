use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    query::Options,
    recognition::{Results, Said, TimedWord, Why},
};

/// Stands in where a header could not be written.
pub(super) const NO_ID: HeaderValue = HeaderValue::from_static("0");

/// An id in the shape of a UUID, from the number of the request.
pub(super) fn request_id(number: u64) -> String {
    format!("5a0d0000-0000-4000-8000-{number:012x}")
}

/// A refused handshake, with its reason in the header and in the body.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let id = request_id(0);
    let body = json!({ "err_code": code, "err_msg": message, "request_id": id });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("dg-request-id", id.parse().unwrap_or(NO_ID));
    let reason = message
        .parse()
        .unwrap_or(HeaderValue::from_static("see the body"));
    headers.insert("dg-error", reason);
    response
}

/// One message as it goes over the wire.
pub(super) fn message(said: &Said, options: &Options, number: u64) -> String {
    let value = match said {
        Said::Results(results) => results_value(results, options, number),
        Said::SpeechStarted { at } => {
            json!({ "type": "SpeechStarted", "channel": [0], "timestamp": seconds(*at) })
        }
        Said::UtteranceEnd { last_word } => {
            let end = seconds(*last_word);
            json!({ "type": "UtteranceEnd", "channel": [0, 1], "last_word_end": end })
        }
    };
    value.to_string()
}

fn results_value(results: &Results, options: &Options, number: u64) -> Value {
    let model = &options.model;
    let language = options.language.as_deref().unwrap_or("en");
    let words: Vec<_> = results
        .words
        .iter()
        .map(|word| word_value(word, options.punctuate))
        .collect();
    json!({
        "type": "Results",
        "channel_index": [0, 1],
        "start": seconds(results.start),
        "duration": seconds(results.end - results.start),
        "is_final": results.why != Why::Interim,
        "speech_final": results.why == Why::Endpoint,
        "from_finalize": results.why == Why::Finalize,
        "channel": { "alternatives": [{
            "transcript": transcript(&results.words, options.punctuate),
            "confidence": if results.words.is_empty() { 0.0 } else { 0.97 },
            "languages": [language],
            "words": words,
        }]},
        "metadata": {
            "request_id": request_id(number),
            "model_uuid": "1c000000-0000-4000-8000-000000000000",
            "model_info": { "name": format!("general-{model}"), "version": "2026-01-01.0", "arch": model },
        },
    })
}

/// The words as one line.
pub(super) fn transcript(words: &[TimedWord], punctuate: bool) -> String {
    let written = words.iter().map(|word| {
        if punctuate {
            word.word.clone()
        } else {
            bare(&word.word)
        }
    });
    let words: Vec<_> = written.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Without capitals and without the punctuation around it: `7.30` keeps its point.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

fn word_value(word: &TimedWord, punctuate: bool) -> Value {
    let mut value = json!({
        "word": bare(&word.word),
        "start": seconds(word.start),
        "end": seconds(word.end),
        "confidence": 0.98,
    });
    if punctuate {
        value["punctuated_word"] = word.word.as_str().into();
    }
    value
}

/// The last message of a stream.
pub(super) fn metadata(heard: u64, number: u64) -> String {
    json!({
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id(number),
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "created": "2026-11-20T10:00:00.000Z",
        "duration": seconds(heard),
        "channels": 1,
    })
    .to_string()
}

/// The answer to a text frame that cannot be read.
pub(super) fn schema_error(text: &str) -> String {
    json!({
        "type": "Error",
        "variant": "SchemaError",
        "description": "Could not deserialize last text message.",
        "message": text,
    })
    .to_string()
}

/// A position in the audio as the messages tell it.
pub(super) fn seconds(bytes: u64) -> f64 {
    bytes as f64 / 8_000.0
}
