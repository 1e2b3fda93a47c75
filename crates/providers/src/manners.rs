//! How a provider's servers talk about a request, whatever it is for.

use std::time::Duration;

use reqwest::Response;

use crate::{Hints, ProviderError, text::brief};

/// As much of a refusal as is read.
const MAX_REFUSAL: usize = 16 * 1024;

/// How one provider's servers talk about a request.
#[derive(Debug)]
pub(crate) struct Manners {
    /// The provider, for errors.
    pub(crate) name: &'static str,
    /// The header with a request's number.
    pub(crate) request_id: &'static str,
    /// What an answer with an error status means.
    pub(crate) refused: fn(u16, Hints, &str) -> ProviderError,
    /// Whether the body of such an answer says that nobody knows the key, rather than that it may
    /// not do this.
    pub(crate) is_unknown_key: fn(&str) -> bool,
}

/// An answer with an error status.
pub(crate) struct Refusal {
    status: u16,
    hints: Hints,
    pub(crate) body: String,
}

impl Manners {
    /// Reads why a request was refused.
    pub(crate) async fn refusal(&self, response: Response) -> ProviderError {
        self.meaning(&self.refused_with(response).await)
    }

    /// What a refusal means.
    pub(crate) fn meaning(&self, refusal: &Refusal) -> ProviderError {
        (self.refused)(refusal.status, refusal.hints, &refusal.body)
    }

    /// Reads a refusal.
    pub(crate) async fn refused_with(&self, mut response: Response) -> Refusal {
        let status = response.status().as_u16();
        let hints = {
            let headers = response.headers();
            let header = |name: &str| headers.get(name).and_then(|text| text.to_str().ok());
            let request = header(self.request_id).unwrap_or("none");
            tracing::debug!(provider = self.name, request, status, "refused");
            Hints::read(header)
        };
        let mut body = Vec::new();
        while body.len() < MAX_REFUSAL {
            let Ok(Some(piece)) = response.chunk().await else {
                break;
            };
            body.extend_from_slice(&piece);
        }
        Refusal {
            status,
            hints,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A connection that could not be made, or broke.
    pub(crate) fn broken(&self, error: &reqwest::Error) -> ProviderError {
        // The error itself would name the address; what went wrong stands at the end of the chain.
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let (provider, detail) = (self.name, brief(&cause.to_string()));
        if error.is_connect() {
            ProviderError::Unreachable { provider, detail }
        } else {
            ProviderError::Connection { provider, detail }
        }
    }

    /// Nothing came for too long.
    pub(crate) fn silent(&self, stage: &'static str, waited: Duration) -> ProviderError {
        ProviderError::Silent {
            provider: self.name,
            stage,
            waited,
        }
    }
}
