//! A server that is asked over HTTP, and what every client of such a server does alike.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::{
    RequestBuilder, Response,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap},
};
use tokio::time::timeout;

use crate::{
    BaseUrl, ProviderError, Secret,
    http::{HttpClient, Ticket},
    manners::Manners,
};

/// As much as is read of a list of models: it only has to be over.
const MAX_LIST: usize = 1 << 20;

/// A server, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    manners: &'static Manners,
    base: BaseUrl,
    key: Option<Secret>,
    headers: HeaderMap,
    http: HttpClient,
}

/// An answer with a good status, and the connection that it comes over.
pub(crate) struct Answer {
    manners: &'static Manners,
    response: Response,
    _ticket: Ticket,
}

impl Endpoint {
    /// A server at this address. `headers` carry the key, if there is one.
    pub(crate) fn new(
        manners: &'static Manners,
        base: BaseUrl,
        (key, headers): (Option<Secret>, HeaderMap),
    ) -> Self {
        Self {
            manners,
            http: HttpClient::of(&base),
            base,
            key,
            headers,
        }
    }

    /// Sends a body and waits for the head of the answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, ProviderError> {
        let ticket = self.http.ticket();
        let request = ticket.client().post(self.base.http(path));
        let request = request.header(CONTENT_TYPE, content_type).body(body);
        self.ask(request, ticket).await
    }

    /// Sends JSON that asks for a stream of events, and waits for the head of the answer.
    pub(crate) async fn stream(&self, path: &str, body: Vec<u8>) -> Result<Answer, ProviderError> {
        let ticket = self.http.ticket();
        let request = ticket.client().post(self.base.http(path));
        let request = request
            .header(ACCEPT, "text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        self.ask(request, ticket).await
    }

    /// Asks for something and waits for the head of the answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, ProviderError> {
        let ticket = self.http.ticket();
        let request = ticket.client().get(self.base.http(path));
        self.ask(request, ticket).await
    }

    async fn ask(&self, request: RequestBuilder, ticket: Ticket) -> Result<Answer, ProviderError> {
        let sent = request.headers(self.headers.clone()).send().await;
        let response = sent.map_err(|error| self.manners.broken(&error))?;
        if !response.status().is_success() {
            return Err(self.shown(self.manners.refusal(response).await));
        }
        Ok(Answer {
            manners: self.manners,
            response,
            _ticket: ticket,
        })
    }

    /// Opens a connection ahead of time, by asking for the list of models at this path. Fails if
    /// nobody is there, or if nobody knows the key; a server without a list, or a key that may not
    /// see it, is no failure.
    pub(crate) async fn warm(&self, list: &str, within: Duration) -> Result<(), ProviderError> {
        let ticket = self.http.ticket();
        let asking = async {
            let request = ticket.client().get(self.base.http(list));
            let request = request.headers(self.headers.clone());
            let mut response = request
                .send()
                .await
                .map_err(|error| self.manners.broken(&error))?;
            if response.status() == 401 {
                return self.on_stranger(response).await;
            }
            // A connection is free for the next request once its answer was read.
            let mut read = 0;
            while let Ok(Some(piece)) = response.chunk().await
                && read < MAX_LIST
            {
                read += piece.len();
            }
            Ok(())
        };
        // Whoever is slow here may yet be fast where it counts.
        timeout(within, asking).await.unwrap_or(Ok(()))
    }

    /// The same where failing is no failure.
    pub(crate) async fn try_warm(&self, list: &str, within: Duration) {
        if let Err(error) = self.warm(list, within).await {
            let provider = self.manners.name;
            tracing::debug!(provider, %error, "no connection could be opened ahead of time");
        }
    }

    async fn on_stranger(&self, response: Response) -> Result<(), ProviderError> {
        let refusal = self.manners.refused_with(response).await;
        if (self.manners.is_unknown_key)(&refusal.body) {
            return Err(self.shown(self.manners.meaning(&refusal)));
        }
        Ok(())
    }

    /// Nothing came for too long.
    pub(crate) fn silent(&self, stage: &'static str, waited: Duration) -> ProviderError {
        self.manners.silent(stage, waited)
    }

    /// Waits for something that this server owes, and no longer.
    pub(crate) async fn within<T>(
        &self,
        stage: &'static str,
        wait: Duration,
        work: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let done = timeout(wait, work).await;
        done.unwrap_or_else(|_elapsed| Err(self.silent(stage, wait)))
    }

    /// The same error, should the server have repeated our key in its answer.
    pub(crate) fn shown(&self, error: ProviderError) -> ProviderError {
        match &self.key {
            Some(key) => error.without(key),
            None => error,
        }
    }
}

impl Answer {
    /// What kind of body follows, in small letters.
    pub(crate) fn content_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE);
        let value = value.and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_ascii_lowercase()
    }

    /// The next piece of the body.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let piece = self.response.chunk().await;
        piece.map_err(|error| self.manners.broken(&error))
    }

    /// Nothing of it came for too long.
    pub(crate) fn silent(&self, stage: &'static str, waited: Duration) -> ProviderError {
        self.manners.silent(stage, waited)
    }

    /// As much of the body as comes, up to about `most`.
    pub(crate) async fn beginning(mut self, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < most
            && let Ok(Some(piece)) = self.response.chunk().await
        {
            body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
        }
        body
    }

    /// The whole body, unless it is longer than `most`.
    pub(crate) async fn whole(mut self, most: usize) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            if body.len() + piece.len() > most {
                return Err(ProviderError::Garbled {
                    provider: self.manners.name,
                    detail: format!("an answer of more than {most} bytes"),
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// The end of some work, if there is any under way. May be dropped and called again.
pub(crate) async fn going_on<T>(work: &mut Option<BoxFuture<'static, T>>) -> T {
    let Some(running) = work else {
        return std::future::pending().await;
    };
    let done = running.await;
    *work = None;
    done
}
