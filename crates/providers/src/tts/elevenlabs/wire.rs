//! What goes over the wire: addresses, messages, audio with its alignment. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use super::refusal::{closed, is_idle_close, refused};
use super::{
    NAME,
    settings::{self, VoiceSettings},
};
use crate::{
    BaseUrl, ProviderError,
    address::Address,
    text::{Text, brief, unreadable},
    tts::Voice,
};

/// Keeps a connection for one reply open: no text at all would end it.
pub const KEEP_ALIVE: &str = r#"{"text":" "}"#;
/// Ends a connection for one reply: the rest is spoken, then it closes.
pub const END: &str = r#"{"text":""}"#;
/// Keeps a connection for many replies open.
pub const KEEP_ALIVE_MULTI: &str = r#"{"text":""}"#;

/// A message to the server. With a context it belongs to one of many replies.
#[derive(Default, Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_settings: Option<VoiceSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flush: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_context: Option<bool>,
}

#[derive(Serialize)]
struct GenerationConfig<'a> {
    chunk_length_schedule: &'a [u32],
}

/// The address of a voice.
#[must_use]
pub fn url(base: &BaseUrl, voice: &Voice) -> String {
    let endpoint = if voice.multi_context {
        "multi-stream-input"
    } else {
        "stream-input"
    };
    let mut address = Address::new(base.clone().versioned().ws("/text-to-speech"))
        .segment(&voice.voice)
        .segment(endpoint)
        .with("model_id", &voice.model)
        .with("output_format", "ulaw_8000")
        .with("inactivity_timeout", "180")
        .with("sync_alignment", "true");
    if voice.chunk_length_schedule.is_empty() {
        // Whole clauses come from us, so the server need not gather any text.
        address = address.with("auto_mode", "true");
    }
    if let Some(language) = settings::language(voice) {
        address = address.with("language_code", language);
    }
    address.finish()
}

/// The first message of a connection or a context: one space, and how to speak.
#[must_use]
pub fn begin(voice: &Voice, context: Option<&str>) -> String {
    let schedule = voice.chunk_length_schedule.as_slice();
    written(&Sent {
        text: Some(" "),
        context_id: context,
        voice_settings: VoiceSettings::of(voice),
        generation_config: (!schedule.is_empty()).then_some(GenerationConfig {
            chunk_length_schedule: schedule,
        }),
        ..Sent::default()
    })
}

/// A clause, to be spoken at once. It ends with a space: the server joins pieces as they are.
#[must_use]
pub fn say(text: &str, context: Option<&str>) -> String {
    written(&Sent {
        text: Some(&format!("{} ", text.trim())),
        context_id: context,
        flush: Some(true),
        ..Sent::default()
    })
}

/// Speaks what is left of a context. The order to close it comes as a message of its own.
#[must_use]
pub fn flush(context: &str) -> String {
    written(&Sent {
        context_id: Some(context),
        flush: Some(true),
        ..Sent::default()
    })
}

/// Ends a context.
#[must_use]
pub fn close(context: &str) -> String {
    written(&Sent {
        context_id: Some(context),
        close_context: Some(true),
        ..Sent::default()
    })
}

/// Keeps a context open.
#[must_use]
pub fn keep_alive(context: &str) -> String {
    written(&Sent {
        text: Some(""),
        context_id: Some(context),
        ..Sent::default()
    })
}

fn written(message: &Sent<'_>) -> String {
    serde_json::to_string(message).expect("text keys and finite numbers always serialise")
}

/// One message of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// Mu-law; may be empty.
    pub audio: Bytes,
    /// Nothing follows for what was asked.
    pub is_final: bool,
    /// Which context, if the server tells.
    pub context: Option<String>,
    /// When the letters of the text are spoken, if the server tells.
    pub letters: Option<Vec<Letter>>,
}

/// When a part of the text is spoken, counted from the beginning of the message's audio.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Letter {
    /// Characters that are not white space.
    pub chars: usize,
    /// Milliseconds.
    pub begins: u64,
    /// Milliseconds.
    pub ends: u64,
}

#[derive(Deserialize)]
struct Received<'a> {
    #[serde(borrow, default)]
    audio: Text<'a>,
    #[serde(default, rename = "isFinal")]
    is_final: Option<bool>,
    #[serde(default, rename = "is_final")]
    is_final_snake: Option<bool>,
    #[serde(borrow, default, rename = "contextId")]
    context: Text<'a>,
    #[serde(borrow, default, rename = "context_id")]
    context_snake: Text<'a>,
    #[serde(borrow, default)]
    alignment: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "normalizedAlignment")]
    normalized: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Alignment<'a> {
    #[serde(borrow, default)]
    chars: Vec<Text<'a>>,
    #[serde(
        default,
        rename = "charStartTimesMs",
        alias = "charsStartTimesMs",
        alias = "char_start_times_ms"
    )]
    starts: Vec<f64>,
    #[serde(
        default,
        rename = "charDurationsMs",
        alias = "charsDurationsMs",
        alias = "char_durations_ms"
    )]
    durations: Vec<f64>,
}

/// Reads a text message: audio, or the error that it reports.
pub fn read(message: &str) -> Result<Spoken, ProviderError> {
    let received: Received<'_> =
        serde_json::from_str(message).map_err(|why| garbled(&unreadable(message, &why)))?;
    if let Some(error) = reported(&received) {
        return Err(error);
    }
    let audio = base64_simd::forgiving_decode_to_vec(received.audio.as_bytes())
        .map_err(|why| garbled(&why))?;
    let context = [received.context, received.context_snake]
        .into_iter()
        .find(|id| !id.is_empty());
    // The plain alignment has our own characters, the other what was made of them.
    let letters = [received.alignment, received.normalized]
        .into_iter()
        .flatten()
        .find_map(letters);
    Ok(Spoken {
        audio: audio.into(),
        is_final: received
            .is_final
            .or(received.is_final_snake)
            .unwrap_or_default(),
        context: context.map(|id| id.0.into_owned()),
        letters,
    })
}

/// An alignment that cannot be read is none: the audio is worth more.
fn letters(raw: &RawValue) -> Option<Vec<Letter>> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and times beyond the audio are cut off later"
    )]
    let millis = |time: f64| time as u64;
    let alignment: Alignment<'_> = serde_json::from_str(raw.get()).ok()?;
    let letters: Vec<Letter> = alignment
        .chars
        .iter()
        .zip(&alignment.starts)
        .enumerate()
        .map(|(at, (text, &begins))| Letter {
            chars: text.chars().filter(|c| !c.is_whitespace()).count(),
            begins: millis(begins),
            ends: millis(begins + alignment.durations.get(at).copied().unwrap_or_default()),
        })
        .filter(|letter| letter.chars > 0)
        .collect();
    (!letters.is_empty()).then_some(letters)
}

fn reported(received: &Received<'_>) -> Option<ProviderError> {
    let is_error = received.error.is_some() || received.detail.is_some();
    let code = received
        .code
        .and_then(|code| code.get().trim_matches('"').parse().ok());
    if !is_error && (received.message.is_empty() || code.is_none()) {
        return None;
    }
    let words = [received.error, received.detail].map(|raw| raw.map_or(Cow::from(""), words));
    let said = format!("{} {} {}", words[0], words[1], &*received.message);
    Some(closed(code.unwrap_or(1008), &said))
}

/// Text as it is, anything else as it was written.
pub(super) fn words(raw: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<Text<'_>>(raw.get()) {
        Ok(text) if !text.is_empty() => text.0,
        Ok(_) | Err(_) => Cow::Borrowed(raw.get()),
    }
}

fn garbled(why: &dyn std::fmt::Display) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: brief(&why.to_string()),
    }
}

#[cfg(test)]
mod tests;
