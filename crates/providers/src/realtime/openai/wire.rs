//! What goes over the wire: the address, orders, events, complaints, closes. Pure.
//!
//! Events are read by their names of today and by those of the beta, which some servers still use.

mod complaint;
mod sent;
mod usage;

use bytes::Bytes;
use domain::Millis;
use serde::Deserialize;
use serde_json::value::RawValue;
use session::ToolCall;

pub use self::{
    complaint::{Complaint, NOTHING_TO_COMMIT, Weight, closed},
    sent::{
        CLEAR, COMMIT, CONFIGURE, Request, append, caller, cancel, configure, delete, history,
        instruct, note, request_of, respond, say, tool_output, truncate, url,
    },
};
use crate::{
    ProviderError, Verdict,
    openai::{NAME, broke_off},
    realtime::{RealtimeTokens, TranscriptionUsage},
    text::{Text, unreadable},
};

pub use crate::llm::openai::wire::refused;

/// One event of the server.
#[derive(Clone, Debug)]
pub enum FromRealtime {
    /// It is there.
    SessionCreated,
    /// It took the settings.
    SessionUpdated,
    /// Its own detection heard speech begin.
    SpeechStarted {
        /// What the speech will become.
        item: String,
        /// Counted from the first audio sent.
        at: Millis,
    },
    /// Its own detection heard speech end.
    SpeechStopped {
        /// What the speech becomes.
        item: String,
        /// Counted from the first audio sent.
        at: Millis,
    },
    /// A turn of the caller became an item.
    Committed {
        /// Its id.
        item: String,
        /// The item before it, if there is one.
        previous: Option<String>,
    },
    /// More words of a turn.
    Transcribing {
        /// Which turn.
        item: String,
        /// Goes on where the last one ended.
        text: String,
    },
    /// All words of a turn.
    Transcribed {
        /// Which turn.
        item: String,
        /// The words; may be none.
        text: String,
        /// What they cost, if it is told.
        usage: Option<TranscriptionUsage>,
    },
    /// Nobody could write down a turn.
    NotTranscribed {
        /// Which turn.
        item: String,
        /// Why, cut short.
        why: String,
    },
    /// A response began.
    ResponseCreated {
        /// Its id.
        response: String,
        /// What it was asked for by, if the server repeats that.
        request: Option<Request>,
    },
    /// A response has another item.
    ItemAdded {
        /// Whose.
        response: String,
        /// Its id.
        item: String,
    },
    /// An item of a response is whole.
    ItemDone {
        /// Whose.
        response: String,
        /// Its id.
        item: String,
        /// The tool that it asks for.
        call: Option<ToolCall>,
    },
    /// A piece of the voice; mu-law, never empty.
    Audio {
        /// Whose.
        response: String,
        /// Of which item.
        item: String,
        /// The sound.
        bytes: Bytes,
    },
    /// Some text of what is said, never empty.
    Text {
        /// Whose.
        response: String,
        /// The words.
        text: String,
    },
    /// The server is at work on a response.
    Alive {
        /// Which.
        response: String,
    },
    /// A response is over.
    ResponseDone(Done),
    /// It disliked something; the session stays open unless it is said to be over.
    Complaint(Complaint),
    /// Nothing for us.
    Nothing,
}

/// How a response ended.
#[derive(Clone, Debug)]
pub struct Done {
    /// Which.
    pub response: String,
    /// Well or not.
    pub end: End,
    /// Tools that it asks for, each with its item.
    pub calls: Vec<(String, ToolCall)>,
    /// What it consumed.
    pub usage: RealtimeTokens,
}

/// What a response ended as.
#[derive(Clone, Debug)]
pub enum End {
    /// Somebody cancelled it.
    Cancelled,
    /// It is whole.
    Completed,
    /// It failed.
    Failed(ProviderError),
    /// It is as long as it may be.
    TooLong,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    item_id: Text<'a>,
    #[serde(borrow, default)]
    previous_item_id: Text<'a>,
    #[serde(borrow, default)]
    response_id: Text<'a>,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    transcript: Text<'a>,
    #[serde(borrow, default)]
    audio_start_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio_end_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    call_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Text<'a>,
}

#[derive(Default, Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    status_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct StatusDetails<'a> {
    #[serde(borrow, default)]
    reason: Text<'a>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    reply: Text<'a>,
    #[serde(borrow, default)]
    request: Text<'a>,
}

/// Reads a text message. What it says where nobody expects it is ignored, never an error.
pub fn read(message: &str) -> Result<FromRealtime, ProviderError> {
    let event: Event<'_> =
        serde_json::from_str(message).map_err(|why| garbled(unreadable(message, &why)))?;
    let item = || event.item_id.to_string();
    Ok(match &*event.kind {
        "session.created" => FromRealtime::SessionCreated,
        "session.updated" => FromRealtime::SessionUpdated,
        "input_audio_buffer.speech_started" => FromRealtime::SpeechStarted {
            item: item(),
            at: time(event.audio_start_ms),
        },
        "input_audio_buffer.speech_stopped" => FromRealtime::SpeechStopped {
            item: item(),
            at: time(event.audio_end_ms),
        },
        "input_audio_buffer.committed" => FromRealtime::Committed {
            item: item(),
            previous: some(&event.previous_item_id),
        },
        "conversation.item.input_audio_transcription.delta" => FromRealtime::Transcribing {
            item: item(),
            text: event.delta.to_string(),
        },
        "conversation.item.input_audio_transcription.completed" => FromRealtime::Transcribed {
            item: item(),
            text: event.transcript.trim().to_owned(),
            usage: usage::transcription(event.usage),
        },
        "conversation.item.input_audio_transcription.failed" => FromRealtime::NotTranscribed {
            item: item(),
            why: complaint::words(event.error),
        },
        "error" => {
            complaint::read(event.error).map_or(FromRealtime::Nothing, FromRealtime::Complaint)
        }
        _ => return of_response(&event),
    })
}

fn of_response(event: &Event<'_>) -> Result<FromRealtime, ProviderError> {
    let response = || event.response_id.to_string();
    Ok(match &*event.kind {
        "response.created" => created(&part(event.response)),
        "response.done" => FromRealtime::ResponseDone(done(&part(event.response))),
        "response.output_item.added" => FromRealtime::ItemAdded {
            response: response(),
            item: part::<Item<'_>>(event.item).id.to_string(),
        },
        "response.output_item.done" => {
            let item: Item<'_> = part(event.item);
            FromRealtime::ItemDone {
                response: response(),
                item: item.id.to_string(),
                call: call(&item),
            }
        }
        "response.output_audio.delta" | "response.audio.delta" => {
            let bytes = base64_simd::forgiving_decode_to_vec(event.delta.as_bytes())
                .map_err(|_odd| garbled("audio that is no base64".to_owned()))?;
            if bytes.is_empty() {
                return Ok(FromRealtime::Nothing);
            }
            FromRealtime::Audio {
                response: response(),
                item: event.item_id.to_string(),
                bytes: bytes.into(),
            }
        }
        "response.output_audio_transcript.delta"
        | "response.audio_transcript.delta"
        | "response.output_text.delta"
        | "response.text.delta"
            if !event.delta.is_empty() =>
        {
            FromRealtime::Text {
                response: response(),
                text: event.delta.to_string(),
            }
        }
        _ if !event.response_id.is_empty() => FromRealtime::Alive {
            response: response(),
        },
        _ => FromRealtime::Nothing,
    })
}

fn created(response: &Response<'_>) -> FromRealtime {
    let metadata: Metadata<'_> = part(response.metadata);
    FromRealtime::ResponseCreated {
        response: response.id.to_string(),
        request: Request::read(&metadata.reply, &metadata.request),
    }
}

fn done(response: &Response<'_>) -> Done {
    let items: Vec<&RawValue> = part(response.output);
    let items = items.into_iter().map(|raw| part::<Item<'_>>(Some(raw)));
    Done {
        response: response.id.to_string(),
        end: end(response),
        calls: items
            .filter_map(|item| Some((item.id.to_string(), call(&item)?)))
            .collect(),
        usage: usage::tokens(response.usage),
    }
}

fn end(response: &Response<'_>) -> End {
    let details: StatusDetails<'_> = part(response.status_details);
    match &*response.status {
        "cancelled" => End::Cancelled,
        "incomplete" if &*details.reason == "content_filter" => {
            End::Failed(ProviderError::Refused {
                provider: NAME,
                status: 200,
                detail: "content_filter".to_owned(),
                verdict: Verdict::GiveUp,
            })
        }
        "incomplete" => End::TooLong,
        "failed" => End::Failed(details.error.map_or_else(
            || garbled("a response failed without a reason".to_owned()),
            broke_off,
        )),
        _ => End::Completed,
    }
}

/// A tool call that was not cut off.
fn call(item: &Item<'_>) -> Option<ToolCall> {
    let is_whole = &*item.kind == "function_call"
        && &*item.status != "incomplete"
        && !item.call_id.is_empty()
        && !item.name.is_empty();
    is_whole.then(|| ToolCall {
        id: item.call_id.to_string(),
        name: item.name.to_string(),
        arguments: match item.arguments.trim() {
            "" => "{}".to_owned(),
            arguments => arguments.to_owned(),
        },
    })
}

/// A part of a message; an odd one must not lose the rest.
fn part<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A position in the audio. No call lasts for a year.
fn time(raw: Option<&RawValue>) -> Millis {
    const YEAR_MS: f64 = 366.0 * 86_400_000.0;
    let ms: f64 = part(raw);
    Millis(ms.clamp(0.0, YEAR_MS) as u64)
}

fn garbled(detail: String) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail,
    }
}

#[cfg(test)]
mod tests;
