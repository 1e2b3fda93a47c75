//! Proof that a request comes from the carrier: read it within bounds, then check its signature.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, header, request::Parts},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use transports::twilio::{
    form::Form,
    public_url::Reach,
    signature::{self, Refused, Signed},
};

use super::ApiError;
use crate::app::{App, Trust};

/// Reads a webhook whose sender is known.
pub(crate) async fn webhook(app: &App, request: Request<Body>) -> Result<(Parts, Form), ApiError> {
    let (parts, body) = request.into_parts();
    let read = read(app, &parts, body).await;
    match read {
        Ok(form) => Ok((parts, form)),
        Err(error) => {
            app.meters.webhook_refused(error.code());
            Err(error)
        }
    }
}

async fn read(app: &App, parts: &Parts, body: Body) -> Result<Form, ApiError> {
    if parts.method == Method::GET {
        let form = Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
        check(app, parts, Reach::Webhook, Signed::UrlOnly)?;
        return form.map_err(|_| ApiError::BadRequest);
    }
    let content = content(&parts.headers);
    // Without a hash in its query such a body could not be checked: it is not even read.
    if content == Content::Other && !hashed(parts) {
        return Err(ApiError::WrongContent);
    }
    let limits = &app.limits;
    let bytes = tokio::time::timeout(
        limits.waits.http_body,
        collect(&parts.headers, body, limits.http_body_bytes),
    )
    .await
    .map_err(|_| ApiError::BodyTooSlow)??;
    match content {
        Content::Form => {
            let form = Form::parse(&bytes).map_err(|error| {
                tracing::debug!(%error, "unreadable form");
                ApiError::BadRequest
            })?;
            check(app, parts, Reach::Webhook, Signed::Form(&form))?;
            Ok(form)
        }
        Content::Other => {
            check(app, parts, Reach::Webhook, Signed::Body(&bytes))?;
            Err(ApiError::WrongContent)
        }
    }
}

/// Checks the signature of a request or handshake.
pub(crate) fn check(
    app: &App,
    parts: &Parts,
    reach: Reach,
    signed: Signed<'_>,
) -> Result<(), ApiError> {
    let Trust::Signed(tokens) = &app.trust else {
        return Ok(());
    };
    let signature = parts
        .headers
        .get(signature::HEADER)
        .and_then(|value| value.to_str().ok());
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let urls = app
        .signed_url(host(&parts.headers))
        .map(|url| url.candidates(reach, target))
        .map_err(|_| ApiError::BadRequest)?;
    signature::verify(tokens, &urls, signed, signature).map_err(|refused| {
        app.meters.auth_refused(label(refused));
        if refused == Refused::NoToken {
            tracing::error!(
                "a webhook was refused because TWILIO_AUTH_TOKEN is not set: \
                 set it, or start with --insecure-webhooks on this machine alone"
            );
            return ApiError::Unconfigured;
        }
        tracing::warn!(path = parts.uri.path(), reason = %refused, "refused an unproven request");
        ApiError::Forbidden
    })
}

const fn label(refused: Refused) -> &'static str {
    match refused {
        Refused::BodyChanged => "body_changed",
        Refused::NoBodyHash => "no_body_hash",
        Refused::NoSignature => "no_signature",
        Refused::NoToken => "no_token",
        Refused::WrongSignature => "wrong_signature",
    }
}

/// What the sender calls us.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Content {
    Form,
    Other,
}

fn content(headers: &HeaderMap) -> Content {
    let text = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Content::Form
    } else {
        Content::Other
    }
}

fn hashed(parts: &Parts) -> bool {
    parts
        .uri
        .query()
        .is_some_and(|query| query.contains("bodySHA256="))
}

async fn collect(headers: &HeaderMap, body: Body, most: usize) -> Result<BytesMut, ApiError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(ApiError::BodyTooLarge);
    }
    let mut bytes = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::BadRequest)?;
        if bytes.len() + chunk.len() > most {
            return Err(ApiError::BodyTooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
