//! OpenAI's realtime models: `/v1/realtime`. Hears with the ears of the fake recognisers, thinks with
//! the brains of the fake models, speaks with the voices of the fake ElevenLabs.

mod connection;
mod conversation;
mod hearing;
mod settled;
mod speaking;
mod wire;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State, WebSocketUpgrade},
    http::{HeaderMap, header},
    response::Response,
    routing::get,
};
use serde_json::Value;

use self::connection::Connection;
use crate::{
    Delay,
    fakes::{
        Brain, Ear, Echo, FingerprintEar, Recorded, Timeline, Voice,
        listener::{ANY_PORT, Listener, Stop, lean, query_pairs},
        log::{Faults, Log},
    },
};

/// How a fake realtime model behaves.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// The only key it knows.
    pub key: String,
    /// What recognises the words of a session.
    pub ear: Arc<dyn Fn() -> Box<dyn Ear> + Send + Sync>,
    /// What writes the replies.
    pub brain: Arc<dyn Brain>,
    /// What makes the sound.
    pub voice: Arc<dyn Voice>,
    /// From new settings to their confirmation.
    pub settle: Delay,
    /// From the end of a turn to its words.
    pub words: Delay,
    /// From the request for a response to its first sound.
    pub first_audio: Delay,
    /// Sound in one message.
    pub chunk: Duration,
    /// Between two messages of one response.
    pub chunk_gap: Delay,
    /// How long a session may last.
    pub longest: Duration,
    /// For the delays.
    pub seed: u64,
    /// Where times are reported to.
    pub timeline: Option<Timeline>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: ANY_PORT,
            key: "openai-test-key".to_owned(),
            ear: Arc::new(|| Box::new(FingerprintEar::recorded())),
            brain: Arc::new(Echo),
            voice: Arc::new(Recorded::default()),
            settle: Delay::fixed_ms(20),
            words: Delay::spread_ms(300, 700),
            first_audio: Delay::spread_ms(400, 800),
            chunk: Duration::from_millis(200),
            chunk_gap: Delay::fixed_ms(20),
            longest: Duration::from_secs(3_600),
            seed: 1,
            timeline: None,
        }
    }
}

/// What goes wrong with one session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RealtimeFault {
    /// 429 `rate_limit_exceeded` at the handshake, with `retry-after`.
    Busy {
        /// Told to the client.
        retry_after: Duration,
    },
    /// The socket is cut after so many messages with sound.
    CutAfter(usize),
    /// The first request for a response is answered with `session_expired`, and the socket closes.
    Expired,
    /// Responses fail with `inference_rate_limit_exceeded`.
    FailedResponses,
    /// Sound comes in messages that are no JSON.
    Garbage,
    /// The handshake is never answered.
    NoAnswer,
    /// The first request for a response is answered with `insufficient_quota`.
    NoQuota,
    /// The socket opens and says nothing.
    NoSession,
    /// The handshake is refused with this status.
    Refuse(u16),
    /// The first sound comes so much later.
    Slow(Duration),
    /// Nothing more after so many messages with sound, and the socket stays open.
    StallAfter(usize),
    /// Turns of the caller are never written down.
    Wordless,
}

/// What one client asked for and sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RealtimeSession {
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The `Authorization` header.
    pub authorization: String,
    /// The instructions as they were last.
    pub instructions: String,
    /// Bytes of audio.
    pub audio_bytes: u64,
    /// What its responses cost, as the client was told.
    pub used: RealtimeUsed,
    /// Messages without audio, the first few hundred.
    pub messages: Vec<String>,
    /// The conversation as it is: `user: Hello.`, `assistant: Hi.`, `call: book {}`.
    pub items: Vec<String>,
    /// It is over.
    pub ended: bool,
}

/// Tokens of responses, by what a price is for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RealtimeUsed {
    /// Text that went in for the first time.
    pub text: u64,
    /// Sound that did.
    pub audio: u64,
    /// Text that went in from the cache.
    pub cached_text: u64,
    /// Sound that did.
    pub cached_audio: u64,
    /// Text that came out.
    pub output_text: u64,
    /// Sound that came out.
    pub output_audio: u64,
}

impl RealtimeUsed {
    /// Adds the summary of a response.
    fn add(&mut self, usage: &Value) {
        let tokens = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let input = |kind: &str| tokens(&format!("/input_token_details/{kind}_tokens"));
        let cached = |kind: &str| {
            tokens(&format!(
                "/input_token_details/cached_tokens_details/{kind}_tokens"
            ))
        };
        let output = |kind: &str| tokens(&format!("/output_token_details/{kind}_tokens"));
        self.text += input("text").saturating_sub(cached("text"));
        self.audio += input("audio").saturating_sub(cached("audio"));
        self.cached_text += cached("text");
        self.cached_audio += cached("audio");
        self.output_text += output("text");
        self.output_audio += output("audio");
    }
}

/// A realtime model that is not there. Gone when dropped.
pub struct FakeRealtime {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    log: Log<RealtimeSession>,
    faults: Faults<RealtimeFault>,
    sessions: AtomicU64,
}

memory_and_faults!(FakeRealtime, RealtimeSession, RealtimeFault);

impl FakeRealtime {
    /// Listens and serves until dropped.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let address = settings.address;
        let shared = Arc::new(Shared {
            settings,
            log: Log::new(),
            faults: Faults::new(),
            sessions: AtomicU64::new(0),
        });
        let for_routes = shared.clone();
        let routes = |stop| {
            Router::new()
                .route("/v1/realtime", get(open))
                .with_state((for_routes, stop))
        };
        let listener = Listener::start(address, routes).await?;
        Ok(Self { listener, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// What `OPENAI_BASE_URL` is set to.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.listener.address())
    }
}

async fn open(
    State((shared, mut stop)): State<(Arc<Shared>, Stop)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let fault = shared.faults.take();
    if fault == Some(RealtimeFault::NoAnswer) {
        stop.wait().await;
    }
    if let Some(response) = fault.and_then(wire::refused_by) {
        return response;
    }
    let authorization = headers.get(header::AUTHORIZATION);
    let session = RealtimeSession {
        query: query_pairs(query.as_deref().unwrap_or_default()),
        authorization: authorization
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        ..RealtimeSession::default()
    };
    if session.authorization != format!("Bearer {}", shared.settings.key) {
        shared.log.violation("invalid_api_key");
        shared.log.add(session);
        return wire::refusal(401, "invalid_api_key", "Incorrect API key provided.");
    }
    if headers.contains_key("openai-beta") {
        shared
            .log
            .violation("the header OpenAI-Beta asks for the old names");
    }
    let [(name, model)] = session.query.as_slice() else {
        shared
            .log
            .violation("the query is a model and nothing else");
        return wire::refusal(400, "invalid_request_error", "missing model");
    };
    if name != "model" || model.is_empty() {
        shared.log.violation("no model");
        return wire::refusal(400, "invalid_request_error", "missing model");
    }
    let model = model.clone();
    let place = shared.log.add(session);
    let number = shared.sessions.fetch_add(1, Ordering::Relaxed);
    let connection = Connection::new(shared, (model, place, number), fault);
    lean(upgrade).on_upgrade(move |socket| connection.serve(socket, stop))
}

#[cfg(test)]
mod tests;
