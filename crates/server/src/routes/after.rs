//! What the carrier asks and tells after a stream: what to do with the call, and how it went.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{CarrierCallId, EndReason};
use driver::Rounds;
use tokio::{sync::watch, time::Instant};
use transports::{
    RoundHeard,
    twilio::{
        twiml::Twiml,
        webhook::{self, StreamEvent, VoiceRequest},
    },
};

use super::{
    proof,
    rounds::{self, Question},
    voice,
};
use crate::{
    app::App,
    switchboard::{Announced, Whereabouts},
};

/// How long a call may take to notice that its stream is gone. The carrier's question comes over
/// another connection than the end of the stream, and may be faster.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// What happens to a call whose stream is over.
enum Next {
    /// A fault of ours ended it: say so.
    Apologise,
    /// It ended as it should.
    HangUp,
    /// The stream broke, or never opened: try another one.
    Relink(&'static str),
    /// It goes on without a stream.
    Rounds(Rounds, Announced),
    /// We never heard of it.
    Unknown,
}

/// `POST /v1/twilio/after-stream`.
pub(crate) async fn stream(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (parts, told) = match read(&app, request).await {
        Ok(told) => told,
        Err(response) => return response,
    };
    if told.status.is_some_and(webhook::CallStatus::is_final) {
        over(&app, &told.call);
        return StatusCode::NO_CONTENT.into_response();
    }
    match next(&app, &told.call).await {
        Next::Apologise => apologise(&app, &told.call),
        Next::HangUp => Twiml::hang_up().into_response(),
        Next::Relink(cause) => relink(&app, &parts, &told.call, cause),
        Next::Rounds(rounds, announced) => {
            let question = Question {
                announced: &announced,
                turn: 0,
            };
            rounds::answer(&app, &parts, &rounds, question, RoundHeard::Nothing).await
        }
        Next::Unknown => begin_anew(&app, &parts, &told),
    }
}

/// `POST /v1/twilio/status`: the life of a call as the carrier sees it.
pub(crate) async fn status(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    match read(&app, request).await {
        Ok((_, told)) => {
            tracing::debug!(carrier_call = %told.call, status = ?told.status, "call status");
            if told.status.is_some_and(webhook::CallStatus::is_final) {
                over(&app, &told.call);
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => response,
    }
}

/// `POST /v1/twilio/stream-status`: the life of a stream as the carrier sees it.
pub(crate) async fn stream_status(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let form = match proof::webhook(&app, request).await {
        Ok((_, form)) => form,
        Err(error) => return error.into_response(),
    };
    match webhook::read_stream(&form) {
        Ok(told) => {
            if let StreamEvent::Error(error) = &told.event {
                tracing::warn!(carrier_call = %told.call, error, "the carrier's stream failed");
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            tracing::debug!(%error, "unreadable stream status");
            super::ApiError::BadRequest.into_response()
        }
    }
}

async fn read(app: &App, request: Request<Body>) -> Result<(Parts, VoiceRequest), Response> {
    let (parts, form) = proof::webhook(app, request)
        .await
        .map_err(IntoResponse::into_response)?;
    let told = webhook::read(&form).map_err(|error| {
        tracing::debug!(%error, "unreadable webhook");
        app.meters
            .webhook_refused(super::ApiError::BadRequest.code());
        super::ApiError::BadRequest.into_response()
    })?;
    Ok((parts, told))
}

/// The carrier says that a call is over: what was prepared for it is not needed, and one in rounds
/// hears of it in no other way.
pub(super) fn over(app: &App, call: &CarrierCallId) {
    app.switchboard.dismiss(call);
    if let Some(announced) = app.switchboard.announced(call) {
        app.exchange.hung_up(announced.id);
    }
}

async fn next(app: &App, call: &CarrierCallId) -> Next {
    if let Some(announced) = app.switchboard.announced(call)
        && let Some(rounds) = app.exchange.rounds(announced.id)
    {
        return Next::Rounds(rounds, announced);
    }
    match app.switchboard.whereabouts(call) {
        Whereabouts::Live(over) => noticed(over)
            .await
            .map_or(Next::Relink("media_lost"), after),
        Whereabouts::NeverOpened => Next::Relink("never_opened"),
        Whereabouts::Over(reason) => after(reason),
        Whereabouts::Unknown => Next::Unknown,
    }
}

/// How a call ended of which the carrier knows that it is over.
pub(super) async fn noticed(mut over: watch::Receiver<Option<EndReason>>) -> Option<EndReason> {
    let ended = tokio::time::timeout(NOTICED_WITHIN, over.wait_for(Option::is_some)).await;
    ended.ok().and_then(Result::ok).and_then(|reason| *reason)
}

fn after(reason: EndReason) -> Next {
    if reason == EndReason::MediaLost {
        Next::Relink("media_lost")
    } else if reason == EndReason::InternalError {
        Next::Apologise
    } else {
        Next::HangUp
    }
}

/// A call that nobody knows was known before a restart, perhaps: if the caller is on the line to one
/// of our numbers, it begins anew.
fn begin_anew(app: &App, parts: &Parts, told: &VoiceRequest) -> Response {
    tracing::warn!(carrier_call = %told.call, "an unknown call asks what to do");
    match voice::take(app, parts, told, "/media-stream") {
        Ok(twiml) => {
            app.meters.resumed("unknown", "anew");
            twiml.into_response()
        }
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

fn relink(app: &App, parts: &Parts, call: &CarrierCallId, cause: &'static str) -> Response {
    let twiml = app.switchboard.relink(call, Instant::now(), |announced| {
        let agent = match cause {
            "never_opened" => &announced.desk.agent,
            _ => &announced.desk.resuming,
        };
        let twiml = voice::connect(app, parts, announced).ok()?;
        Some((twiml, app.exchange.prepare(agent)))
    });
    match twiml {
        Some(twiml) => {
            app.meters.resumed(cause, "ok");
            tracing::warn!(carrier_call = %call, cause, "a call gets a new stream");
            twiml.into_response()
        }
        None => {
            app.meters.resumed(cause, "given_up");
            tracing::warn!(carrier_call = %call, cause, "a call lost too many streams");
            apologise(app, call)
        }
    }
}

pub(super) fn apologise(app: &App, call: &CarrierCallId) -> Response {
    match app.switchboard.announced(call) {
        Some(Announced { desk, .. }) => {
            voice::say(&desk, &app.admission.apology_line).into_response()
        }
        None => Twiml::hang_up().into_response(),
    }
}
