//! What all of Deepgram's services have in common: the key, and how they refuse a connection.

use std::time::Duration;

use serde::Deserialize;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header};

use crate::{
    ProviderError, Secret, Verdict,
    socket::{NotOpened, key_header},
    text::{Text, brief, unreadable},
};

/// The provider's name in errors and metrics.
pub(crate) const NAME: &str = "deepgram";

/// Where Deepgram's own service is.
pub(crate) const BASE_URL: &str = "https://api.deepgram.com";

/// The header that carries the key.
pub(crate) fn authorization(key: &Secret) -> (HeaderName, HeaderValue) {
    (
        header::AUTHORIZATION,
        key_header(&format!("Token {}", key.reveal())),
    )
}

/// Why a socket was not opened.
pub(crate) fn not_opened(why: NotOpened) -> ProviderError {
    match why {
        NotOpened::Failed(error) => error,
        NotOpened::Refused(refusal) => {
            let header = |name: &str| {
                refusal
                    .headers
                    .get(name)
                    .and_then(|text| text.to_str().ok())
            };
            let request = header("dg-request-id").unwrap_or("none");
            tracing::debug!(provider = NAME, request, status = refusal.status, "refused");
            refused(refusal.status, header("dg-error"), &refusal.body)
        }
    }
}

/// A message that cannot be read.
pub(crate) fn garbled(message: &str, why: &serde_json::Error) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: unreadable(message, why),
    }
}

/// A key that is good for other things.
const NOT_PERMITTED: &str = "INSUFFICIENT_PERMISSIONS";

/// What an HTTP answer in place of a socket means. `reason` is the header `dg-error`.
#[must_use]
pub fn refused(status: u16, reason: Option<&str>, body: &str) -> ProviderError {
    #[derive(Default, Deserialize)]
    struct Body<'a> {
        #[serde(borrow, default, alias = "error_code", alias = "category")]
        err_code: Text<'a>,
        #[serde(borrow, default, alias = "message", alias = "reason")]
        err_msg: Text<'a>,
    }
    let said: Body<'_> = serde_json::from_str(body).unwrap_or_default();
    let detail = match reason {
        Some(reason) => brief(reason),
        None if said.err_code.is_empty() && said.err_msg.is_empty() => brief(body),
        None => brief(&format!("{} {}", &*said.err_code, &*said.err_msg)),
    };
    let verdict = match status {
        408 | 499 | 500..=599 => Verdict::Retry,
        // It counts concurrent streams, and never says when one will be free.
        429 => Verdict::RetryAfter(Duration::from_millis(500)),
        401 if &*said.err_code == NOT_PERMITTED || detail.contains(NOT_PERMITTED) => {
            Verdict::ModelRefused
        }
        401 | 402 => Verdict::KeyRefused,
        // Redirects and the like: this address does not serve what we ask for.
        300..=399 | 403 | 404 => Verdict::ModelRefused,
        // A connection asks for nothing but what the agent is set to.
        _ => Verdict::SettingsRefused,
    };
    ProviderError::Refused {
        provider: NAME,
        status,
        detail,
        verdict,
    }
}
