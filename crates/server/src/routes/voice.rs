//! The voice webhook: a call comes in.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Request, request::Parts},
    response::{IntoResponse, Response},
};
use domain::Party;
use driver::{Prepared, nobody_is_left};
use tokio::time::Instant;
use transports::twilio::{
    twiml::{Rejection, Say, Twiml, regional},
    webhook::{self, VoiceRequest},
};

use super::{ApiError, document, proof};
use crate::{
    admission::Refusal,
    app::App,
    config::WhenFull,
    directory::Desk,
    switchboard::{Announced, Announcement},
};

/// `/twiml`, whose stream is `/media-stream`.
pub(crate) async fn twiml(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, "/media-stream").await
}

/// `/voice/incoming`, whose stream is `/voice/stream`.
pub(crate) async fn incoming(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, "/voice/stream").await
}

async fn answer(app: &App, request: Request<Body>, stream_path: &'static str) -> Response {
    let (parts, form) = match proof::webhook(app, request).await {
        Ok(proven) => proven,
        Err(error) => return error.into_response(),
    };
    let told = webhook::read(&form).map_err(|error| {
        tracing::debug!(%error, "unreadable webhook");
        app.meters.webhook_refused(ApiError::BadRequest.code());
        ApiError::BadRequest
    });
    told.and_then(|told| take(app, &parts, &told, stream_path))
        .into_response()
}

/// Answers for a call: the first time with a stream, again with the same document.
pub(super) fn take(
    app: &App,
    parts: &Parts,
    told: &VoiceRequest,
    stream_path: &'static str,
) -> Result<Twiml, ApiError> {
    let now = Instant::now();
    // The carrier may ask twice: it gets the same answer, and there is one call.
    if let Some(twiml) = app.switchboard.answered(&told.call, now) {
        return Ok(twiml);
    }
    let Some(desk) = app.directory.desk(told.called()) else {
        app.meters.unknown_number();
        tracing::warn!(carrier_call = %told.call, to = %told.to, "nobody answers this number");
        return Err(ApiError::NotFound);
    };
    if let Err(refusal) = admit(app, desk, now) {
        app.meters.refused(refusal);
        tracing::warn!(carrier_call = %told.call, reason = refusal.as_str(), "call refused");
        return Ok(refuse(app, desk, refusal));
    }
    let announced = Announced {
        id: app.next_call_id(),
        call: told.call.clone(),
        desk: Arc::clone(desk),
        from: told.from.clone(),
        to: told.to.clone(),
        direction: told.direction,
        stream_path,
        epoch: app.switchboard.next_epoch(&told.call),
    };
    let twiml = connect(app, parts, &announced)?;
    Ok(announce(app, announced, twiml, now))
}

/// Takes one more call for this desk, or says why not.
fn admit(app: &App, desk: &Desk, now: Instant) -> Result<(), Refusal> {
    if !app.exchange.may_take(&desk.tenant.id, &desk.agent) {
        return Err(Refusal::Budget);
    }
    if nobody_is_left(&desk.agent, &app.exchange.breakers()) {
        return Err(Refusal::Providers);
    }
    app.gate.admit(app.taken(), now)
}

/// Announces an admitted call; returns the document to answer with.
fn announce(app: &App, announced: Announced, twiml: Twiml, now: Instant) -> Twiml {
    let mut prepared = app.exchange.prepare(&announced.desk.agent);
    remember(app, &announced, &mut prepared);
    let kept = app
        .switchboard
        .announce(announced.clone(), twiml.clone(), prepared, now);
    if let Announcement::Repeated(first) = kept {
        return first;
    }
    app.meters.admitted();
    tracing::info!(
        call = %announced.id,
        carrier_call = %announced.call,
        tenant = %announced.desk.tenant.id,
        from = %announced.from,
        to = %announced.to,
        "call announced"
    );
    twiml
}

/// Has the agent remember what this caller said before, if it does that and knows the number.
fn remember(app: &App, announced: &Announced, prepared: &mut Prepared) {
    let calls = announced.desk.agent.remembers_calls;
    let known = matches!(announced.from, Party::Number(_));
    if calls == 0 || !known {
        return;
    }
    let store = Arc::clone(&app.store);
    let (tenant, caller) = (announced.desk.tenant.id.clone(), announced.from.clone());
    prepared.recall(async move {
        let said = store.said_before(&tenant, &caller, calls).await;
        said.unwrap_or_else(|error| {
            tracing::warn!(%error, "earlier calls cannot be read");
            Vec::new()
        })
    });
}

/// Writes the document that opens a stream for a call.
pub(super) fn connect(app: &App, parts: &Parts, announced: &Announced) -> Result<Twiml, ApiError> {
    let url = app
        .document_url(proof::host(&parts.headers))
        .map_err(|error| {
            tracing::warn!(%error, "the Host header names no host; set server.public_url");
            ApiError::BadRequest
        })?;
    document::write(app, &url, announced, app.clock.now()).map_err(|error| {
        tracing::error!(%error, "the carrier would refuse our document");
        ApiError::Internal
    })
}

fn refuse(app: &App, desk: &Desk, refusal: Refusal) -> Twiml {
    let line = match refusal {
        // It is our fault, and calling again in a minute does not help.
        Refusal::Providers => &app.admission.apology_line,
        Refusal::Budget
        | Refusal::CallsPerSecond
        | Refusal::Draining
        | Refusal::LoopLag
        | Refusal::MaxCalls => &app.admission.busy_line,
    };
    match app.admission.when_full {
        WhenFull::Reject => Twiml::reject(Rejection::Busy),
        WhenFull::Say => say(desk, line),
    }
}

/// Says a line in the carrier's voice and hangs up.
pub(super) fn say(desk: &Desk, line: &str) -> Twiml {
    let language = regional(&desk.agent.rules.language);
    Twiml::say_and_hang_up(&Say {
        line,
        voice: None,
        language: language.as_ref(),
    })
}
