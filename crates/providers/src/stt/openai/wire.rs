//! What goes over the wire: the form with the sound, and the words that answer it.

use std::borrow::Cow;

use audio::{
    g711::ulaw,
    wav::{self, Coding, Format},
};
use domain::Language;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::phantoms::{is_doubtful, is_from_a_film};
use crate::{
    ProviderError,
    openai::{NAME, broke_off},
    stt::Listen,
    text::{Text, in_place_of},
};

/// The longest answer that is read.
pub const MAX_ANSWER: usize = 1 << 20;

/// Whisper reads 224 tokens of prompt, and forgets the first ones of a longer one.
const PROMPT_BYTES: usize = 600;
/// Likely words sent one by one.
const MOST_KEYWORDS: usize = 100;
/// The server's doubt from which a segment holds no speech, if its words are unsure too.
const NO_SPEECH: f64 = 0.6;
/// The mean log probability below which words are unsure.
const UNSURE: f64 = -1.0;

/// A `multipart/form-data` body. It lives in memory alone: audio never reaches a disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Form {
    /// With the boundary.
    pub content_type: String,
    /// All parts.
    pub body: Vec<u8>,
}

/// What a model takes and gives, by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dialect {
    /// Tells speakers apart, and takes no hints.
    Bare,
    /// Takes likely words one by one, and several languages.
    Keywords,
    /// Takes a prompt.
    Prompt,
    /// Takes a prompt, and tells how sure it is.
    Whisper,
}

impl Dialect {
    fn of(model: &str) -> Self {
        if model.to_ascii_lowercase().contains("whisper") {
            Self::Whisper
        } else if model.starts_with("gpt-transcribe") {
            Self::Keywords
        } else if model.contains("diarize") {
            Self::Bare
        } else {
            Self::Prompt
        }
    }
}

/// The form that asks for the words of some mu-law audio.
///
/// The file is linear, at the telephone's own rate: no server takes bare mu-law, all of them
/// resample, and raising the rate here would send twice the bytes for the same sound.
#[must_use]
pub fn form(listen: &Listen, sound: &[u8]) -> Form {
    let fields = fields(listen);
    let file = wav(sound);
    let mut number = 0;
    let boundary = loop {
        let boundary = format!("----repartee-form-boundary-{number}");
        let free = |bytes: &[u8]| !holds(bytes, boundary.as_bytes());
        if free(&file) && fields.iter().all(|(_, value)| free(value.as_bytes())) {
            break boundary;
        }
        number += 1;
    };
    let mut body = Vec::with_capacity(file.len() + 2_048);
    for (name, value) in &fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Form {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body,
    }
}

fn fields(listen: &Listen) -> Vec<(&'static str, Cow<'_, str>)> {
    let dialect = Dialect::of(&listen.model);
    let mut fields = vec![("model", Cow::Borrowed(listen.model.as_str()))];
    let language = listen.language.primary();
    // Codes of three letters are of another standard.
    if language.len() == 2 {
        let name = match dialect {
            Dialect::Keywords => "languages[]",
            Dialect::Bare | Dialect::Prompt | Dialect::Whisper => "language",
        };
        fields.push((name, Cow::Borrowed(language)));
    }
    let format = match dialect {
        Dialect::Whisper => "verbose_json",
        Dialect::Bare | Dialect::Keywords | Dialect::Prompt => "json",
    };
    fields.push(("response_format", Cow::Borrowed(format)));
    let terms = listen.keyterms.iter().map(|term| term.trim());
    let terms = terms.filter(|term| !term.is_empty());
    match dialect {
        Dialect::Bare => {}
        Dialect::Keywords => {
            let terms = terms.take(MOST_KEYWORDS);
            fields.extend(terms.map(|term| ("keywords[]", Cow::Borrowed(term))));
        }
        Dialect::Prompt | Dialect::Whisper => {
            let prompt = Some(prompt(terms)).filter(|prompt| !prompt.is_empty());
            fields.extend(prompt.map(|prompt| ("prompt", Cow::Owned(prompt))));
        }
    }
    fields
}

/// As many whole terms as fit.
fn prompt<'a>(terms: impl Iterator<Item = &'a str>) -> String {
    let mut prompt = String::new();
    for term in terms {
        if prompt.len() + term.len() + 2 > PROMPT_BYTES {
            continue;
        }
        if !prompt.is_empty() {
            prompt.push_str(", ");
        }
        prompt.push_str(term);
    }
    prompt
}

fn wav(sound: &[u8]) -> Vec<u8> {
    let format = Format {
        coding: Coding::Pcm16,
        rate_hz: 8_000,
        channels: 1,
    };
    let bytes = u32::try_from(2 * sound.len()).unwrap_or(u32::MAX);
    let mut file = wav::header(format, bytes).to_vec();
    file.reserve(2 * sound.len());
    for code in sound {
        file.extend_from_slice(&ulaw::decode(*code).to_le_bytes());
    }
    file
}

fn holds(bytes: &[u8], sought: &[u8]) -> bool {
    bytes.windows(sought.len()).any(|window| window == sought)
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    segments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Segment<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    avg_logprob: Option<f64>,
    no_speech_prob: Option<f64>,
}

impl Segment<'_> {
    fn is_doubted(&self) -> bool {
        self.no_speech_prob.is_some_and(|doubt| doubt > NO_SPEECH)
    }

    fn is_invented(&self) -> bool {
        self.is_doubted() && self.avg_logprob.is_some_and(|sure| sure < UNSURE)
    }
}

/// Reads the words of an answer with status 200. What was invented where nobody spoke is left out.
pub fn read(body: &[u8], language: &Language) -> Result<String, ProviderError> {
    let body = String::from_utf8_lossy(body);
    let answer: Answer<'_> = serde_json::from_str(&body).map_err(|_| garbled(&body))?;
    if let Some(error) = answer.error {
        return Err(broke_off(error));
    }
    let text = answer
        .text
        .and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let text = text.ok_or_else(|| garbled(&body))?;
    // Without segments, or with odd ones, nothing is known about how sure the words are.
    let segments = answer
        .segments
        .and_then(|raw| serde_json::from_str::<Vec<Segment<'_>>>(raw.get()).ok())
        .unwrap_or_default();
    let text = if segments.iter().any(Segment::is_invented) {
        let real = segments.iter().filter(|segment| !segment.is_invented());
        real.map(|segment| segment.text.trim())
            .collect::<Vec<_>>()
            .join(" ")
    } else {
        text
    };
    let text = text.trim();
    let doubted = segments.iter().any(Segment::is_doubted);
    let language = language.primary();
    if is_from_a_film(text, language) || (doubted && is_doubtful(text, language)) {
        tracing::debug!(provider = NAME, "words that nobody said were dropped");
        return Ok(String::new());
    }
    Ok(text.to_owned())
}

/// Says what came, but no caller's words.
fn garbled(body: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: in_place_of("a transcription", body),
    }
}

#[cfg(test)]
mod tests;
