//! A call in rounds: the carrier listens and speaks by itself, and asks in between what comes next.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{CarrierCallId, EndReason};
use driver::Rounds;
use transports::{
    AfterSaying, Round, RoundHeard,
    twilio::{
        public_url::{PublicUrl, Reach},
        twiml::{GatherDocument, Listening, Say, Twiml, regional},
        webhook,
    },
};

use super::{ApiError, after, proof};
use crate::{
    app::App,
    directory::Desk,
    switchboard::{Announced, Whereabouts},
};

/// Asked with what was heard in a round.
pub(crate) const GATHER: &str = "/v1/twilio/gather";

/// The carrier's question: which round of which call it is about.
pub(super) struct Question<'a> {
    pub(super) announced: &'a Announced,
    pub(super) turn: u32,
}

/// `POST /v1/twilio/gather?turn=N`.
pub(crate) async fn gather(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (parts, form) = match proof::webhook(&app, request).await {
        Ok(proven) => proven,
        Err(error) => return error.into_response(),
    };
    let told = webhook::read(&form).and_then(|told| Ok((told, webhook::turn(parts.uri.query())?)));
    let (told, turn) = match told {
        Ok(told) => told,
        Err(error) => {
            tracing::debug!(%error, "unreadable webhook");
            app.meters.webhook_refused(ApiError::BadRequest.code());
            return ApiError::BadRequest.into_response();
        }
    };
    let heard = webhook::heard(&form);
    if heard == RoundHeard::HungUp {
        after::over(&app, &told.call);
        return StatusCode::NO_CONTENT.into_response();
    }
    // A carrier that asks twice gets the same bytes, also when the call has ended meanwhile.
    if let Some(twiml) = app.switchboard.round(&told.call, turn) {
        return twiml.into_response();
    }
    let Some(announced) = app.switchboard.announced(&told.call) else {
        tracing::warn!(carrier_call = %told.call, turn, "an unknown call asks for a round");
        return StatusCode::NO_CONTENT.into_response();
    };
    let question = Question {
        announced: &announced,
        turn,
    };
    match app.exchange.rounds(announced.id) {
        Some(rounds) => answer(&app, &parts, &rounds, question, heard).await,
        None => without(&app, &told.call).await,
    }
}

/// Answers with what the carrier does next.
pub(super) async fn answer(
    app: &App,
    parts: &Parts,
    rounds: &Rounds,
    question: Question<'_>,
    heard: RoundHeard,
) -> Response {
    let Question { announced, turn } = question;
    let Some(round) = rounds.next(turn, heard).await else {
        if app.exchange.rounds(announced.id).is_some() {
            tracing::warn!(call = %announced.id, turn, "a round that was never asked for");
            return ApiError::NotFound.into_response();
        }
        return without(app, &announced.call).await;
    };
    let Ok(url) = app.document_url(proof::host(&parts.headers)) else {
        return ApiError::BadRequest.into_response();
    };
    let twiml = document(&announced.desk, &round, &next_url(&url, turn));
    app.switchboard.keep_round(&announced.call, turn, &twiml);
    twiml.into_response()
}

/// What a call is told that has no rounds: it is over, or never had any.
async fn without(app: &App, call: &CarrierCallId) -> Response {
    let reason = match app.switchboard.whereabouts(call) {
        Whereabouts::Live(over) => after::noticed(over).await,
        Whereabouts::NeverOpened | Whereabouts::Unknown => None,
        Whereabouts::Over(reason) => Some(reason),
    };
    match reason {
        Some(EndReason::InternalError) => after::apologise(app, call),
        Some(_) => Twiml::hang_up().into_response(),
        None => ApiError::NotFound.into_response(),
    }
}

fn next_url(url: &PublicUrl, turn: u32) -> String {
    let next = turn.saturating_add(1);
    url.url(Reach::Webhook, &format!("{GATHER}?turn={next}"))
}

/// What the carrier does, as its document.
fn document(desk: &Desk, round: &Round, next: &str) -> Twiml {
    let language = regional(&desk.agent.rules.language);
    let line = Some(round.say.trim()).filter(|line| !line.is_empty());
    let line = line.map(|line| Say {
        line,
        voice: None,
        language: language.as_ref(),
    });
    match (round.then, line) {
        (AfterSaying::Listen { patience, pause }, _) => Twiml::gather(&GatherDocument {
            line,
            language: language.as_ref(),
            action_url: next,
            listening: Listening {
                patience,
                pause,
                end_key: desk.agent.rules.dtmf.end_key,
            },
            hints: likely_words(desk),
        }),
        // The question after a goodbye says that all of it was heard.
        (AfterSaying::ComeBack, _) | (AfterSaying::HangUp, Some(_)) => {
            Twiml::say_and_come_back(line.as_ref(), next)
        }
        (AfterSaying::HangUp, None) => Twiml::hang_up(),
    }
}

/// What the agent's own recognisers were told to expect.
fn likely_words(desk: &Desk) -> &[String] {
    let first = desk.agent.listen.first();
    first.map_or(&[], |station| &station.settings.keyterms)
}
