//! What goes over the wire: the address of a voice, orders, what the server tells beside audio.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::{
    BaseUrl, ProviderError, Verdict,
    address::Address,
    deepgram::NAME,
    text::{Text, brief, unreadable},
    tts::Voice,
};

pub use crate::deepgram::refused;

/// Makes audio of all text so far.
pub const FLUSH: &str = r#"{"type":"Flush"}"#;
/// Forgets all text so far, and makes no more audio of it.
pub const CLEAR: &str = r#"{"type":"Clear"}"#;
/// Ends the connection.
pub const CLOSE: &str = r#"{"type":"Close"}"#;

/// Characters that one message may carry.
const MOST_CHARS: usize = 2_000;

/// One text message of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FromAura {
    /// Nothing of what was cleared comes any more.
    Cleared,
    /// It dislikes something.
    Complaint(String),
    /// All audio of a flush was sent.
    Flushed,
    /// Nothing for us.
    Nothing,
}

/// Reads a text message.
pub fn read(message: &str) -> Result<FromAura, ProviderError> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow, default, alias = "warn_code", alias = "err_code")]
        code: Text<'a>,
        #[serde(borrow, default, alias = "warn_msg", alias = "err_msg")]
        description: Text<'a>,
    }
    let message: Message<'_> =
        serde_json::from_str(message).map_err(|why| garbled(&unreadable(message, &why)))?;
    Ok(match &*message.kind {
        "Cleared" => FromAura::Cleared,
        "Flushed" => FromAura::Flushed,
        "Warning" | "Error" => {
            let said = format!("{} {}", &*message.code, &*message.description);
            FromAura::Complaint(brief(&said))
        }
        _ => FromAura::Nothing,
    })
}

/// An answer that is not this protocol.
pub(super) fn garbled(detail: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: brief(detail),
    }
}

/// The messages that hand over a clause. What follows it is another word.
#[must_use]
pub fn say(text: &str) -> Vec<String> {
    let text = format!("{} ", text.trim());
    pieces(&text)
        .map(|piece| json!({ "type": "Speak", "text": piece }).to_string())
        .collect()
}

/// Cuts a text into what one message may carry, between words if it can.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = match rest.char_indices().nth(MOST_CHARS) {
            None => rest.len(),
            Some((most, _)) => rest[..most]
                .rfind(char::is_whitespace)
                .filter(|space| *space > 0)
                .map_or(most, |space| space + first_char(&rest[space..])),
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// The address of a voice.
#[must_use]
pub fn speak_url(base: &BaseUrl, voice: &Voice) -> String {
    let mut address = Address::new(base.clone().in_version("/v1").ws("/speak"))
        .with("model", &model(voice))
        .with("encoding", "mulaw")
        .with("sample_rate", "8000");
    if let Some(speed) = voice.speed {
        address = address.with("speed", &speed.to_string());
    }
    address.finish()
}

/// A voice has one name, such as `aura-2-thalia-en`. It may stand where the model or where the voice
/// is named, or be put together: `aura-2` and `thalia`.
fn model(voice: &Voice) -> String {
    let name = voice.voice.trim();
    if name.starts_with("aura-") {
        return name.to_owned();
    }
    if name.is_empty() || !["aura", "aura-1", "aura-2"].contains(&voice.model.as_str()) {
        return voice.model.clone();
    }
    let language = voice.language.primary();
    // The first generation's names have no number.
    let family = voice.model.strip_suffix("-1").unwrap_or(&voice.model);
    format!("{family}-{name}-{language}")
}

/// Whether a close of a connection that nobody used is just its age.
#[must_use]
pub fn is_idle_close(code: u16) -> bool {
    !matches!(code, 1003 | 1007..=1009)
}

/// What a close that we did not ask for means.
#[must_use]
pub fn closed(code: u16, reason: &str) -> ProviderError {
    let verdict = match code {
        // So many characters a minute.
        1008 if reason.contains("DATA-0001") => Verdict::RetryAfter(Duration::from_secs(10)),
        // What we sent will not be understood the next time either.
        1003 | 1007..=1009 => Verdict::SwitchProvider,
        _ => Verdict::Retry,
    };
    ProviderError::Refused {
        provider: NAME,
        status: code,
        detail: brief(reason),
        verdict,
    }
}

#[cfg(test)]
mod tests;
