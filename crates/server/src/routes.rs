//! The server's paths.

mod after;
mod document;
mod error;
mod health;
mod media;
mod metrics;
mod proof;
mod rounds;
mod voice;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{MatchedPath, State},
    http::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use prometheus_client::registry::Registry;

use crate::app::App;

pub(crate) use error::ApiError;
pub(crate) use media::Peer;

/// All routes.
pub(crate) fn router(app: Arc<App>, registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/stats", get(health::stats))
        .route("/metrics", get(metrics::metrics))
        .route("/twiml", get(voice::twiml).post(voice::twiml))
        .route(
            "/voice/incoming",
            get(voice::incoming).post(voice::incoming),
        )
        .route("/media-stream", get(media::socket))
        .route("/voice/stream", get(media::socket))
        .route(document::AFTER_STREAM, post(after::stream))
        .route(rounds::GATHER, post(rounds::gather))
        .route("/v1/twilio/status", post(after::status))
        .route(document::STREAM_STATUS, post(after::stream_status))
        .fallback(async || ApiError::NotFound.into_response())
        .layer(Extension(registry))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), count))
        .with_state(app)
}

async fn count(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    app.meters.http(route, response.status().as_u16());
    response
}
