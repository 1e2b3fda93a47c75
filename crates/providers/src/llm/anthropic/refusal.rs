use std::time::Duration;

use serde_json::value::RawValue;

use super::NAME;
use crate::{Hints, ProviderError, Verdict, llm::said::Said};

/// How long to wait where a server does not say.
const A_MOMENT: Duration = Duration::from_millis(500);

/// An answer with an error status.
#[must_use]
pub fn refused(status: u16, hints: Hints, body: &str) -> ProviderError {
    error(status, hints, Said::in_body(body))
}

/// Whether a 401 is about the key itself.
pub(super) fn is_unknown_key(body: &str) -> bool {
    Said::in_body(body).is_any_of(&["authentication_error"])
}

/// An error in the middle of a stream, whose status was 200.
pub(super) fn broke_off(raw: &RawValue) -> ProviderError {
    error(200, Hints::default(), Said::in_error(raw))
}

fn error(status: u16, hints: Hints, said: Said) -> ProviderError {
    let verdict = verdict(status, hints, &said);
    said.into_error(NAME, status, verdict)
}

fn verdict(status: u16, hints: Hints, said: &Said) -> Verdict {
    if is_out_of_money(status, said) {
        return Verdict::KeyRefused;
    }
    match (status, &*said.kind) {
        (_, "authentication_error" | "billing_error") => Verdict::KeyRefused,
        (_, "not_found_error" | "permission_error") => Verdict::ModelRefused,
        (401..=403, _) => Verdict::KeyRefused,
        // Redirects and the like: this address does not serve what we ask for.
        (300..=399 | 404, _) => Verdict::ModelRefused,
        (529, _) | (_, "overloaded_error") => Verdict::SwitchProvider,
        (429, _) | (_, "rate_limit_error") => match hints.again {
            Some(false) => Verdict::SwitchProvider,
            Some(true) | None => Verdict::RetryAfter(hints.wait.unwrap_or(A_MOMENT)),
        },
        (400, _) | (_, "invalid_request_error") if is_misconfigured(said) => {
            Verdict::SettingsRefused
        }
        (400 | 413, _) | (_, "invalid_request_error" | "request_too_large") => Verdict::GiveUp,
        (200 | 408 | 409 | 500..=599, _) => again(hints),
        _ if hints.again == Some(true) => again(hints),
        _ => Verdict::GiveUp,
    }
}

fn again(hints: Hints) -> Verdict {
    match hints {
        Hints {
            again: Some(false), ..
        } => Verdict::SwitchProvider,
        Hints {
            wait: Some(wait), ..
        } => Verdict::RetryAfter(wait),
        Hints { wait: None, .. } => Verdict::Retry,
    }
}

/// Money hides behind 429, where it has a code, and behind 400, where it has words alone.
fn is_out_of_money(status: u16, said: &Said) -> bool {
    let is_bad_request = status == 400 || said.kind == "invalid_request_error";
    said.code.ends_with("spend_limit_reached")
        || (is_bad_request && says(said, &["spend limit", "usage limit", "credit balance"]))
}

/// Wrong for every request of an agent, not for this one alone: fields that this model does not take, tools whose
/// schemas it cannot keep to. The provider has no code for it.
fn is_misconfigured(said: &Said) -> bool {
    const PHRASES: [&str; 6] = [
        "compiled grammar",
        "deprecated",
        "does not support",
        "not supported",
        "too complex",
        "too many strict",
    ];
    says(said, &PHRASES)
}

fn says(said: &Said, phrases: &[&str]) -> bool {
    let words = said.words.to_lowercase();
    phrases.iter().any(|phrase| words.contains(phrase))
}

#[cfg(test)]
mod tests;
