use serde::Deserialize;
use serde_json::json;

use super::super::wire::request_id;
use crate::fakes::TtsFault;

/// A message of the client. Unknown fields are a mistake of ours.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub(super) enum FromClient {
    Clear {},
    Close {},
    Flush {},
    Speak { text: String },
}

/// The first message of a connection.
pub(super) fn metadata(model: &str, number: u64) -> String {
    json!({
        "type": "Metadata",
        "request_id": request_id(number),
        "model_name": model,
        "model_version": "2026-01-01.0",
        "model_uuid": "1c000000-0000-4000-8000-000000000001",
    })
    .to_string()
}

/// All audio of a flush was sent.
pub(super) fn flushed(sequence: u64) -> String {
    json!({ "type": "Flushed", "sequence_id": sequence }).to_string()
}

/// Nothing of what was cleared is sent any more.
pub(super) fn cleared(sequence: u64) -> String {
    json!({ "type": "Cleared", "sequence_id": sequence }).to_string()
}

/// A flush too many: it is not done.
pub(super) fn too_many_flushes() -> String {
    json!({
        "type": "Warning",
        "code": "FLUSH_LIMIT",
        "description": "No more flushes are processed until 60 seconds have passed.",
    })
    .to_string()
}

/// The handshake's answer when a fault refuses it.
pub(super) fn refused_by(fault: TtsFault) -> Option<(u16, &'static str)> {
    match fault {
        TtsFault::NoQuota => Some((402, "ASR_PAYMENT_REQUIRED")),
        TtsFault::Refuse(status) => Some((status, "INTERNAL_SERVER_ERROR")),
        TtsFault::TooMany => Some((429, "TOO_MANY_REQUESTS")),
        TtsFault::DropAfter(_)
        | TtsFault::Garbage
        | TtsFault::Mute
        | TtsFault::NoAnswer
        | TtsFault::Slow(_) => None,
    }
}
