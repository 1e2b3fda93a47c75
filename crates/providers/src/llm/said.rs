//! What a failure said, in whichever of the usual shapes. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    ProviderError, Verdict,
    text::{Text, brief},
};

/// What a failure said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its words, cut short.
    pub(super) words: String,
    /// Its code, if it had one.
    pub(super) code: String,
    /// Its type, if it had one.
    pub(super) kind: String,
    /// Whether a gateway shows what it took offence at.
    pub(super) shows_offence: bool,
}

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

/// What was wrong with one field. It also holds the field, which is not read.
#[derive(Default, Deserialize)]
struct Complaint<'a> {
    #[serde(borrow, default)]
    msg: Text<'a>,
}

#[derive(Default, Deserialize)]
struct ErrorObject<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    error_code: Text<'a>,
}

/// What OpenRouter and its like add. It quotes the conversation, and is not told to anybody.
#[derive(Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    flagged_input: Option<&'a RawValue>,
}

impl Said {
    /// Reads the body of an answer with an error status.
    pub(super) fn in_body(body: &str) -> Self {
        let parsed: Body<'_> = serde_json::from_str(body).unwrap_or_default();
        match parsed.error {
            Some(error) => Self::in_error(error),
            None => Self {
                words: [brief(&parsed.message), detailed(parsed.detail)]
                    .into_iter()
                    .find(|words| !words.is_empty())
                    .unwrap_or_else(|| unexplained(body)),
                ..Self::default()
            },
        }
    }

    /// Reads what stands under `error`.
    pub(super) fn in_error(raw: &RawValue) -> Self {
        if let Ok(words) = serde_json::from_str::<String>(raw.get()) {
            return Self {
                words: brief(&words),
                ..Self::default()
            };
        }
        let object: ErrorObject<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        let code = object.code.map_or("", RawValue::get).trim_matches('"');
        Self {
            words: if object.message.is_empty() {
                unexplained(raw.get())
            } else {
                brief(&object.message)
            },
            code: if code.is_empty() {
                detailed_code(object.details)
            } else {
                code.to_owned()
            },
            kind: object.kind.0.into_owned(),
            shows_offence: shows_offence(object.metadata),
        }
    }

    /// Whether its code or its type is one of these.
    pub(super) fn is_any_of(&self, names: &[&str]) -> bool {
        names.contains(&&*self.code) || names.contains(&&*self.kind)
    }

    /// The error, with the name that says the most.
    pub(super) fn into_error(
        self,
        provider: &'static str,
        status: u16,
        verdict: Verdict,
    ) -> ProviderError {
        let named = [self.code.as_str(), self.kind.as_str()]
            .into_iter()
            .find(|name| !name.is_empty() && *name != "null");
        ProviderError::Refused {
            provider,
            status,
            detail: match named {
                Some(name) => format!("{name}: {}", self.words),
                None => self.words,
            },
            verdict,
        }
    }
}

/// Words, or a list of complaints about the fields of the request.
fn detailed(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw else { return String::new() };
    if let Ok(words) = serde_json::from_str::<Text<'_>>(raw.get())
        && !words.is_empty()
    {
        return brief(&words);
    }
    let complaints = serde_json::from_str::<Vec<Complaint<'_>>>(raw.get());
    let complaints = complaints.unwrap_or_default();
    let words: Vec<&str> = complaints.iter().map(|it| &*it.msg).collect();
    brief(&words.join(" "))
}

/// What is told of a refusal in no known shape. JSON may repeat the request, and with it the
/// conversation.
fn unexplained(body: &str) -> String {
    if body.trim_start().starts_with(['{', '[']) {
        format!("{} bytes without a reason", body.len())
    } else {
        brief(body)
    }
}

fn detailed_code(details: Option<&RawValue>) -> String {
    let details = details.and_then(|raw| serde_json::from_str::<Details<'_>>(raw.get()).ok());
    details.unwrap_or_default().error_code.0.into_owned()
}

fn shows_offence(metadata: Option<&RawValue>) -> bool {
    let metadata = metadata.and_then(|raw| serde_json::from_str::<Metadata<'_>>(raw.get()).ok());
    metadata.unwrap_or_default().flagged_input.is_some()
}
