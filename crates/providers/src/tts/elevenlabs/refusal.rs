//! What a provider that refuses or hangs up means by it. Pure.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{NAME, wire::words};
use crate::{
    ProviderError, Verdict,
    text::{Text, brief},
};

/// Whether a close of a connection that nobody used is just its age.
#[must_use]
pub fn is_idle_close(code: u16, reason: &str) -> bool {
    code != 1008 || says(reason, &["timeout", "timed out", "inactiv"])
}

/// What a close that we did not ask for means, or an error message with such a code.
#[must_use]
pub fn closed(code: u16, reason: &str) -> ProviderError {
    let verdict = match code {
        // Of a key that is good for other jobs.
        _ if says(reason, &["permission"]) => Verdict::ModelRefused,
        _ if says(reason, &["quota", "api_key", "api key", "auth", "unusual"]) => {
            Verdict::KeyRefused
        }
        _ if says(reason, &["concurrent", "too many", "too_many"]) => BUSY,
        _ if says(reason, &["system_busy", "heavy traffic"]) => VERY_BUSY,
        1008 if is_idle_close(code, reason) => Verdict::Retry,
        1008 if says(reason, &SETTINGS) => Verdict::SettingsRefused,
        1008 if says(reason, &["model"]) => Verdict::ModelRefused,
        1008 if says(reason, &["max_character", "character limit"]) => Verdict::GiveUp,
        1003 | 1007 | 1008 | 1009 => Verdict::SwitchProvider,
        _ => Verdict::Retry,
    };
    ProviderError::Refused {
        provider: NAME,
        status: code,
        detail: brief(reason),
        verdict,
    }
}

/// What an HTTP answer in place of a socket means.
#[must_use]
pub fn refused(status: u16, body: &str) -> ProviderError {
    let detail = refusal_words(body);
    let verdict = match status {
        429 if says(body, &["system_busy"]) => VERY_BUSY,
        429 => BUSY,
        408 | 500..=599 => Verdict::Retry,
        // Of all that is sent only the text differs from clause to clause.
        400 | 413 | 422 if says(body, &["max_character", "\"text\""]) => Verdict::GiveUp,
        401 | 403 if says(&detail, &["permission"]) => Verdict::ModelRefused,
        _ if says(&detail, &["quota", "api_key", "api key", "credit"]) => Verdict::KeyRefused,
        _ if says(&detail, &SETTINGS) => Verdict::SettingsRefused,
        401..=403 => Verdict::KeyRefused,
        _ if says(&detail, &["model"]) => Verdict::ModelRefused,
        // Redirects and the like: this address does not serve what we ask for.
        300..=399 | 404 => Verdict::ModelRefused,
        _ => Verdict::SettingsRefused,
    };
    ProviderError::Refused {
        provider: NAME,
        status,
        detail,
        verdict,
    }
}

/// Whether a 401 is about the key itself: one without a permission is told by another name.
pub(super) fn is_unknown_key(body: &str) -> bool {
    refusal_words(body).starts_with("invalid_api_key")
}

/// What an error in the middle of an answer means, whose status was good.
#[must_use]
pub(super) fn broke_off(body: &str) -> ProviderError {
    closed(200, &refusal_words(body))
}

/// What an agent chooses. A plan that is too small has others.
const SETTINGS: [&str; 6] = [
    "voice",
    "language",
    "output_format",
    "only_for_creator",
    "setting",
    "subscription",
];
/// A slot is free again after a sentence of someone else's.
const BUSY: Verdict = Verdict::RetryAfter(Duration::from_millis(250));
const VERY_BUSY: Verdict = Verdict::RetryAfter(Duration::from_secs(1));

fn says(text: &str, any: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    any.iter().any(|word| text.contains(word))
}

fn refusal_words(body: &str) -> String {
    #[derive(Default, Deserialize)]
    struct Body<'a> {
        #[serde(borrow, default)]
        detail: Option<&'a RawValue>,
    }
    #[derive(Default, Deserialize)]
    struct Detail<'a> {
        #[serde(borrow, default)]
        code: Text<'a>,
        #[serde(borrow, default)]
        status: Text<'a>,
        #[serde(borrow, default)]
        message: Text<'a>,
    }
    #[derive(Deserialize)]
    struct Flaw<'a> {
        #[serde(borrow, default)]
        msg: Text<'a>,
    }
    let Body { detail } = serde_json::from_str(body).unwrap_or_default();
    let Some(raw) = detail else {
        return brief(body);
    };
    match serde_json::from_str::<Detail<'_>>(raw.get()) {
        Ok(detail) if !detail.message.is_empty() => {
            let status = [detail.status, detail.code];
            let status = status.into_iter().find(|name| !name.is_empty());
            brief(&format!(
                "{} {}",
                &*status.unwrap_or_default(),
                &*detail.message
            ))
        }
        Ok(_) | Err(_) => match serde_json::from_str::<Vec<Flaw<'_>>>(raw.get()) {
            // The rest of it may repeat what was to be spoken.
            Ok(flaws) => brief(
                &flaws
                    .iter()
                    .map(|flaw| &*flaw.msg)
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            Err(_) => brief(&words(raw)),
        },
    }
}
