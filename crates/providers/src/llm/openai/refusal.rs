use std::time::Duration;

use serde_json::value::RawValue;

use super::NAME;
use crate::{Hints, ProviderError, Verdict, llm::said::Said};

/// An answer with an error status.
#[must_use]
pub fn refused(status: u16, hints: Hints, body: &str) -> ProviderError {
    error(status, hints, Said::in_body(body))
}

/// Whether a 401 is about the key itself. One that may not see this answers 401, too; Azure has the
/// status for a code.
pub(crate) fn is_unknown_key(body: &str) -> bool {
    let said = Said::in_body(body);
    said.is_any_of(&[
        "401",
        "authentication_error",
        "invalid_api_key",
        "invalid_authentication_error",
        "unauthorized",
    ])
}

/// An error in an answer, or in the middle of a stream, whose status was 200.
pub(crate) fn broke_off(raw: &RawValue) -> ProviderError {
    let said = Said::in_error(raw);
    let status = said
        .code
        .parse()
        .ok()
        .filter(|code| (400..600).contains(code));
    error(status.unwrap_or(200), Hints::default(), said)
}

fn error(status: u16, hints: Hints, said: Said) -> ProviderError {
    let verdict = verdict(status, hints, &said);
    said.into_error(NAME, status, verdict)
}

/// The provider has swapped `code` and `type` before, so either may hold the name.
fn verdict(status: u16, hints: Hints, said: &Said) -> Verdict {
    if said.is_any_of(&OUT_OF_MONEY) || said.is_any_of(&LOCKED_OUT) {
        return Verdict::KeyRefused;
    }
    if said.is_any_of(&MISCONFIGURED) {
        return Verdict::SettingsRefused;
    }
    if said.code == NO_MODEL || said.kind == NO_MODEL || lacks_scope(status, said) {
        return Verdict::ModelRefused;
    }
    if status == 403 && is_about_the_words(said) {
        return Verdict::GiveUp;
    }
    match (status, hints.again) {
        (401..=403, _) => Verdict::KeyRefused,
        // Redirects and the like: this address does not serve what we ask for.
        (300..=399 | 404, _) => Verdict::ModelRefused,
        (_, Some(false)) if status >= 500 || status == 429 => Verdict::SwitchProvider,
        (429, _) => Verdict::RetryAfter(hints.wait.unwrap_or(Duration::from_millis(500))),
        (200, _) if said.is_any_of(&TOO_FAST) => Verdict::RetryAfter(Duration::from_millis(500)),
        (200 | 408 | 409 | 498 | 499 | 500..=599, _) | (_, Some(true)) => {
            hints.wait.map_or(Verdict::Retry, Verdict::RetryAfter)
        }
        _ => Verdict::GiveUp,
    }
}

/// Names for a limit that passes, where no status tells.
const TOO_FAST: [&str; 4] = [
    "inference_rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit_exceeded",
    "slow_down",
];
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
/// The key is of no use, whatever is asked for.
const LOCKED_OUT: [&str; 3] = [
    "account_deactivated",
    "invalid_api_key",
    "unsupported_country_region_territory",
];
/// There is none, or this key may not use it.
const NO_MODEL: &str = "model_not_found";
/// Wrong for every request of an agent, not for this one alone.
const MISCONFIGURED: [&str; 3] = [
    "unknown_parameter",
    "unsupported_parameter",
    "unsupported_value",
];

/// Signs of what OpenRouter and its like answer with 403.
const MODERATED: [&str; 4] = ["content_filter", "content_policy", "flagged", "moderation"];

/// A gateway moderates what callers say: the key is as good as ever. An account that is flagged is
/// of no use.
fn is_about_the_words(said: &Said) -> bool {
    let told = format!("{} {} {}", said.code, said.kind, said.words).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    said.shows_offence || says(&MODERATED) && !says(&["account", "api key"])
}

/// A key that is good for other jobs. There is no code for it.
fn lacks_scope(status: u16, said: &Said) -> bool {
    let words = said.words.to_lowercase();
    matches!(status, 401 | 403) && words.contains("missing scopes")
}

#[cfg(test)]
mod tests;
