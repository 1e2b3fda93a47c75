use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::NAME;
use crate::{
    ProviderError, Verdict,
    llm::Hints,
    text::{Text, brief},
};

/// What a failure said, in whichever of the usual shapes.
#[derive(Default)]
struct Said {
    words: String,
    code: String,
    kind: String,
}

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    detail: Text<'a>,
}

#[derive(Default, Deserialize)]
struct ErrorObject<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
}

/// An answer with an error status.
#[must_use]
pub fn refused(status: u16, hints: Hints, body: &str) -> ProviderError {
    let parsed: Body<'_> = serde_json::from_str(body).unwrap_or_default();
    let said = match parsed.error {
        Some(error) => read_error(error),
        None => Said {
            words: [&*parsed.message, &*parsed.detail, body]
                .into_iter()
                .find(|words| !words.is_empty())
                .map_or_else(String::new, brief),
            ..Said::default()
        },
    };
    error(status, hints, &said)
}

/// An error in the middle of a stream, whose status was 200.
pub(super) fn broke_off(raw: &RawValue) -> ProviderError {
    let said = read_error(raw);
    let status = said
        .code
        .parse()
        .ok()
        .filter(|code| (400..600).contains(code));
    error(status.unwrap_or(200), Hints::default(), &said)
}

fn read_error(raw: &RawValue) -> Said {
    if let Ok(words) = serde_json::from_str::<String>(raw.get()) {
        return Said {
            words: brief(&words),
            ..Said::default()
        };
    }
    let object: ErrorObject<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    let code = object.code.map_or("", RawValue::get).trim_matches('"');
    Said {
        words: if object.message.is_empty() {
            brief(raw.get())
        } else {
            brief(&object.message)
        },
        code: code.to_owned(),
        kind: object.kind.0.into_owned(),
    }
}

fn error(status: u16, hints: Hints, said: &Said) -> ProviderError {
    let named = [said.code.as_str(), said.kind.as_str()]
        .into_iter()
        .find(|name| !name.is_empty() && *name != "null");
    ProviderError::Refused {
        provider: NAME,
        status,
        detail: match named {
            Some(name) => format!("{name}: {}", said.words),
            None => said.words.clone(),
        },
        verdict: verdict(status, hints, said),
    }
}

/// The provider has swapped `code` and `type` before, so either may hold the name.
fn verdict(status: u16, hints: Hints, said: &Said) -> Verdict {
    let named = |names: &[&str]| names.contains(&&*said.code) || names.contains(&&*said.kind);
    if named(&OUT_OF_MONEY) || named(&MISCONFIGURED) {
        return Verdict::KeyRefused;
    }
    match (status, hints.again) {
        (401..=404, _) => Verdict::KeyRefused,
        (_, Some(false)) if status >= 500 || status == 429 => Verdict::SwitchProvider,
        (429, _) => Verdict::RetryAfter(hints.wait.unwrap_or(Duration::from_millis(500))),
        (200, _) if named(&["rate_limit_exceeded", "rate_limit_error", "slow_down"]) => {
            Verdict::RetryAfter(Duration::from_millis(500))
        }
        (200 | 408 | 409 | 498 | 499 | 500..=599, _) | (_, Some(true)) => {
            hints.wait.map_or(Verdict::Retry, Verdict::RetryAfter)
        }
        // Redirects and the like: this address does not serve what we ask for.
        (300..=399, _) => Verdict::KeyRefused,
        _ => Verdict::GiveUp,
    }
}

/// Quotas hide behind 429.
const OUT_OF_MONEY: [&str; 7] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "billing_not_active",
    "insufficient_balance",
    "spend_limit_reached",
    "usage_limit_reached",
];
/// Wrong for every request, not for this one alone.
const MISCONFIGURED: [&str; 6] = [
    "invalid_api_key",
    "model_not_found",
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "unsupported_country_region_territory",
];

#[cfg(test)]
mod tests;
