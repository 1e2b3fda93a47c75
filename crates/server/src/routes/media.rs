//! The media socket: checked before the upgrade, proven by its token, then one call.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{FromRequestParts, State, WebSocketUpgrade, ws::WebSocket},
    http::Request,
    response::{IntoResponse, Response},
};
use domain::{CallBegun, Transport};
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;
use transports::{
    FromLine, LineReader,
    twilio::{
        public_url::Reach,
        signature::Signed,
        stream::{self, Rejected, Started},
        token::TokenRefused,
    },
};

use super::{ApiError, document, proof};
use crate::{app::App, doorstep::Visitor, switchboard::Taken};

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// `GET /media-stream` and `/voice/stream`.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Err(error) = proof::check(&app, &parts, Reach::Socket, Signed::UrlOnly) {
        return error.into_response();
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let Some(visitor) = app.doorstep.wait(peer.0.ip()) else {
        app.meters.media_refused("crowd");
        return ApiError::TooMany.into_response();
    };
    let running = app.streams.token();
    stream::upgrade_config(upgrade).on_upgrade(async move |socket| {
        serve(&app, socket, visitor).await;
        drop(running);
    })
}

async fn serve(app: &App, socket: WebSocket, visitor: Visitor) {
    let started = match stream::accept(socket, &app.stream_limits, &app.oddities).await {
        Ok(started) => started,
        Err(rejected) => {
            app.meters.media_refused(rejection_label(&rejected));
            tracing::warn!(reason = %rejected, "a socket did not become a stream");
            return;
        }
    };
    let token = started.parameters.get(document::TOKEN).map(String::as_str);
    let grant = match app
        .media_tokens
        .redeem(token, &started.call, app.clock.now())
    {
        Ok(grant) => grant,
        Err(refused) => {
            app.meters.auth_refused(token_label(refused));
            tracing::warn!(carrier_call = %started.call, reason = %refused, "stream refused");
            started.refuse().await;
            return;
        }
    };
    drop(visitor);
    let epoch = grant.epoch;
    match app.switchboard.take(&grant, || app.next_call_id()) {
        Some(taken) => run(app, taken, started, epoch).await,
        None => {
            app.meters.auth_refused("old_media_token");
            tracing::warn!(carrier_call = %started.call, "stream refused: its call has another one");
            started.refuse().await;
        }
    }
}

async fn run(app: &App, taken: Taken, started: Started, epoch: u32) {
    let Taken {
        announced,
        prepared,
        superseded,
        over,
    } = taken;
    let begun = CallBegun {
        id: announced.id,
        tenant: announced.desk.tenant.id.clone(),
        agent: announced.desk.agent.id.clone(),
        transport: Transport::TwilioStream,
        direction: announced.direction,
        carrier_call: Some(announced.call.clone()),
        from: announced.from.clone(),
        to: announced.to.clone(),
        at: app.clock.now(),
    };
    let reader = UntilSuperseded {
        reader: started.reader,
        superseded: Box::pin(superseded.cancelled_owned()),
    };
    let ended = app
        .exchange
        .run(prepared, begun, reader, started.writer)
        .await;
    app.switchboard
        .ended(&announced.call, epoch, ended.reason, Instant::now());
    over.send_replace(Some(ended.reason));
}

/// A line that is lost as soon as a newer stream of its call takes over.
struct UntilSuperseded<R> {
    reader: R,
    /// Kept from frame to frame: to begin waiting costs more than to go on.
    superseded: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<R: LineReader> LineReader for UntilSuperseded<R> {
    fn next(&mut self) -> impl Future<Output = FromLine> + Send {
        let Self { reader, superseded } = self;
        async move {
            tokio::select! {
                biased;
                () = superseded => FromLine::Lost,
                heard = reader.next() => heard,
            }
        }
    }
}

const fn rejection_label(rejected: &Rejected) -> &'static str {
    match rejected {
        Rejected::BadStart(_) => "bad_start",
        Rejected::Format(_) => "format",
        Rejected::Gone => "gone",
        Rejected::TooSlow => "too_slow",
        Rejected::WrongOrder(_) => "wrong_order",
    }
}

const fn token_label(refused: TokenRefused) -> &'static str {
    match refused {
        TokenRefused::Expired => "expired_media_token",
        TokenRefused::Forged => "forged_media_token",
        TokenRefused::NoToken => "no_media_token",
        TokenRefused::OtherCall => "media_token_of_other_call",
        TokenRefused::Reused => "reused_media_token",
        TokenRefused::TooMany => "too_many_media_tokens",
    }
}
