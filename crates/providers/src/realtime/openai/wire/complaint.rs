//! What the server dislikes, and what its closes mean.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Request, part, request_of, some};
use crate::{
    ProviderError, Verdict,
    openai::{NAME, broke_off},
    text::{Text, brief},
};

/// What the server disliked.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// Its code, or its type where it has no code.
    pub code: String,
    /// The id of our message.
    pub about: Option<String>,
    /// What it comes to.
    pub error: ProviderError,
}

/// The code of a complaint about a commit of no sound, or of too little.
pub const NOTHING_TO_COMMIT: &str = "input_audio_buffer_commit_empty";

/// How much a complaint matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// Another response has to end first.
    Busy,
    /// The session is over.
    Fatal,
    /// A reply cannot be made.
    Reply,
    /// It can be left at that.
    Trifle,
}

/// These end a session whatever they are about: no other one would fare better.
const FATAL: [&str; 5] = [
    "account_deactivated",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "insufficient_quota",
    "invalid_api_key",
];
const EXPIRED: &str = "session_expired";
const BUSY: &str = "conversation_already_has_active_response";

#[derive(Default, Deserialize)]
struct ErrorObject<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    event_id: Text<'a>,
}

/// Reads what stands under `error`.
pub(super) fn read(raw: Option<&RawValue>) -> Option<Complaint> {
    let raw = raw?;
    let error: ErrorObject<'_> = part(Some(raw));
    // Some servers swap the two.
    let named = [&*error.code, &*error.kind]
        .into_iter()
        .find(|name| FATAL.contains(name) || *name == EXPIRED || *name == BUSY);
    let code = if error.code.is_empty() {
        &*error.kind
    } else {
        &*error.code
    };
    Some(Complaint {
        code: named.unwrap_or(code).to_owned(),
        about: some(&error.event_id),
        error: in_session(&error, raw),
    })
}

/// The words of an error, cut short.
pub(super) fn words(raw: Option<&RawValue>) -> String {
    brief(&part::<ErrorObject<'_>>(raw).message)
}

fn in_session(error: &ErrorObject<'_>, raw: &RawValue) -> ProviderError {
    // Over HTTP the status tells that it was our fault; here the type does.
    let is_ours = &*error.kind == "invalid_request_error" && &*error.code != EXPIRED;
    let error = broke_off(raw);
    if is_ours {
        judged_again(error, Verdict::Retry, Verdict::GiveUp)
    } else {
        error
    }
}

fn judged_again(mut error: ProviderError, before: Verdict, after: Verdict) -> ProviderError {
    if let ProviderError::Refused { verdict, .. } = &mut error
        && *verdict == before
    {
        *verdict = after;
    }
    error
}

impl Complaint {
    /// How much it matters.
    #[must_use]
    pub fn weight(&self) -> Weight {
        let code = self.code.as_str();
        let is_too_fast = matches!(self.error.verdict(), Verdict::RetryAfter(_));
        if code == EXPIRED || FATAL.contains(&code) {
            Weight::Fatal
        } else if code == BUSY {
            Weight::Busy
        } else if self.request().is_some() || (self.about.is_none() && is_too_fast) {
            Weight::Reply
        } else {
            Weight::Trifle
        }
    }

    /// The request for a reply that it is about.
    #[must_use]
    pub fn request(&self) -> Option<Request> {
        self.about.as_deref().and_then(request_of)
    }

    /// As the refusal of a session's settings: wrong for every call with them, not for this one alone.
    #[must_use]
    pub fn of_settings(self) -> ProviderError {
        judged_again(self.error, Verdict::GiveUp, Verdict::SettingsRefused)
    }
}

/// What a close that we did not ask for means.
#[must_use]
pub fn closed(code: u16, reason: &str) -> ProviderError {
    let verdict = match code {
        _ if FATAL.iter().any(|fatal| reason.contains(fatal)) => Verdict::KeyRefused,
        _ if reason.contains(EXPIRED) => Verdict::Retry,
        1001 | 1005 | 1006 | 1011..=1013 | 1015 => Verdict::Retry,
        // It does not say of what. Nobody but this agent is spared.
        1008 => Verdict::SettingsRefused,
        _ => Verdict::SwitchProvider,
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
