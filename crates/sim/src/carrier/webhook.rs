use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::timeout;
use transports::twilio::{
    form::Form,
    signature::{self, AuthToken, Signed},
};

use super::{CallPlan, Carrier, wire::StreamIds};

/// The carrier waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// One call as the carrier tells the server about it.
pub(super) struct Line<'a> {
    pub(super) carrier: &'a Carrier,
    pub(super) plan: &'a CallPlan,
    pub(super) ids: StreamIds,
}

/// Why a webhook was of no use.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadWebhook {
    /// No answer, or a broken one.
    #[error("error 11200: {url} cannot be fetched: {why}")]
    Unreachable {
        /// Asked for.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// An answer that is no success.
    #[error("error 11200: {url} answered {status}")]
    Status {
        /// Asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that is not read as a document.
    #[error("error 12300: {url} answered with content type {kind:?}")]
    Kind {
        /// Asked for.
        url: String,
        /// The content type.
        kind: String,
    },
}

impl Line<'_> {
    /// Asks for a document.
    pub(super) async fn ask(
        &self,
        url: &str,
        status: &str,
        more: &[(&str, &str)],
    ) -> Result<String, BadWebhook> {
        let unreachable = |why: String| BadWebhook::Unreachable {
            url: url.to_owned(),
            why,
        };
        let asking = async {
            let answer = self
                .post(url, status, more)
                .await
                .map_err(|why| why.to_string())?;
            let code = answer.status().as_u16();
            let kind = answer
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_owned();
            let text = answer.text().await.map_err(|why| why.to_string())?;
            Ok((code, kind, text))
        };
        let answered = timeout(PATIENCE, asking).await;
        let answered = answered.unwrap_or_else(|_| Err("no answer within 15 s".to_owned()));
        let (status, kind, text) = answered.map_err(unreachable)?;
        let url = url.to_owned();
        if !(200..300).contains(&status) {
            return Err(BadWebhook::Status { url, status });
        }
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !["text/xml", "application/xml", "text/html"].contains(&essence) {
            return Err(BadWebhook::Kind { url, kind });
        }
        Ok(text)
    }

    /// Tells something whose answer is ignored.
    pub(super) async fn tell(&self, url: Option<&str>, status: &str, more: &[(&str, &str)]) {
        if let Some(url) = url {
            // A callback that fails is logged in the carrier's debugger, the call goes on.
            let _ = timeout(PATIENCE, self.post(url, status, more)).await;
        }
    }

    /// The signature of a URL without a form, for the handshake of the media socket.
    pub(super) fn signed(&self, url: &str) -> Option<String> {
        let token = self.carrier.settings.auth_token.as_deref()?;
        let token = AuthToken::new(token).ok()?;
        Some(signature::sign(&token, url, Signed::UrlOnly))
    }

    async fn post(
        &self,
        url: &str,
        status: &str,
        more: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let settings = &self.carrier.settings;
        let form: Form = self.fields(status, more).into_iter().collect();
        let pairs: Vec<(&str, &str)> = form.fields().collect();
        let near = url.strip_prefix(settings.public.as_str());
        let near = near.map_or_else(
            || url.to_owned(),
            |path| format!("{}{path}", settings.server),
        );
        let mut request = self.carrier.http.post(near).form(&pairs);
        let token = settings
            .auth_token
            .as_deref()
            .and_then(|token| AuthToken::new(token).ok());
        if let Some(token) = token {
            request = request.header(
                signature::HEADER,
                signature::sign(&token, url, Signed::Form(&form)),
            );
        }
        let host = settings
            .public
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
            request = request.header(reqwest::header::HOST, host);
        }
        request.send().await
    }

    fn fields(&self, status: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let direction = "inbound";
        let usual = [
            ("CallSid", self.ids.call.as_str()),
            ("AccountSid", &self.ids.account),
            ("ApiVersion", "2010-04-01"),
            ("From", &self.plan.from),
            ("To", &self.plan.to),
            ("Caller", &self.plan.from),
            ("Called", &self.plan.to),
            ("CallStatus", status),
            ("Direction", direction),
        ];
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        usual.iter().chain(more).map(own).collect()
    }
}
