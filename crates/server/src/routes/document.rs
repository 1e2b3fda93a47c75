//! The document that connects a call to its media socket.

use domain::UnixMillis;
use transports::twilio::{
    public_url::{PublicUrl, Reach},
    token::Grant,
    twiml::{BadDocument, StreamDocument, Twiml},
};

use crate::{app::App, switchboard::Announced};

/// Asked by the carrier when a stream has ended or never opened.
pub(crate) const AFTER_STREAM: &str = "/v1/twilio/after-stream";
/// Told by the carrier when a stream starts, stops or fails.
pub(crate) const STREAM_STATUS: &str = "/v1/twilio/stream-status";
/// The parameter that carries the media token.
pub(crate) const TOKEN: &str = "token";

/// Writes the document, with a token that opens exactly one stream.
pub(crate) fn write(
    app: &App,
    url: &PublicUrl,
    announced: &Announced,
    now: UnixMillis,
) -> Result<Twiml, BadDocument> {
    let tenant = &announced.desk.tenant.id;
    let grant = Grant {
        call: announced.call.clone(),
        tenant: tenant.clone(),
        epoch: announced.epoch,
    };
    let token = app.media_tokens.issue(&grant, now);
    let after = url.url(Reach::Webhook, AFTER_STREAM);
    Twiml::stream(&StreamDocument {
        greeting: None,
        stream_url: &url.url(Reach::Socket, announced.stream_path),
        action_url: &after,
        fallback_url: &after,
        status_url: Some(&url.url(Reach::Webhook, STREAM_STATUS)),
        parameters: &[
            (TOKEN, &token),
            ("tenant", tenant.as_str()),
            ("callSid", announced.call.as_str()),
        ],
    })
}
