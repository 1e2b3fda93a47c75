//! Deepgram: its recognisers, live, `/v1/listen`, and by turns, `/v2/listen`; and its voices,
//! `/v1/speak`.

mod connection;
mod ear;
mod engine;
mod fingerprint;
mod flux;
mod manner;
mod query;
mod recognition;
mod speak;
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
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use connection::{Accepted, Connection};
pub use ear::{Ear, LevelEar, Word};
pub(crate) use ear::{LOUD, is_loud};
use engine::Asked;
pub use fingerprint::FingerprintEar;
pub use manner::Manner;
use query::Options;
pub(crate) use recognition::is_filler;
pub use speak::{Speech, SpokenByAura};

use crate::fakes::{
    Timeline,
    listener::{ANY_PORT, Listener, Stop, lean, query_pairs},
    log::{Faults, Log},
};

/// How a fake Deepgram behaves.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// The only key it knows.
    pub key: String,
    /// How a stream is recognised. Its query tells the agents of a server apart.
    pub manner: Arc<dyn Fn(&HeardStream) -> Manner + Send + Sync>,
    /// Silence of the client after which it is disconnected.
    pub patience: Duration,
    /// How it speaks.
    pub speech: Speech,
    /// For the delays.
    pub seed: u64,
    /// Where times are reported to.
    pub timeline: Option<Timeline>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: ANY_PORT,
            key: "deepgram-test-key".to_owned(),
            manner: Arc::new(|_stream| Manner::default()),
            patience: Duration::from_secs(10),
            speech: Speech::default(),
            seed: 1,
            timeline: None,
        }
    }
}

/// What goes wrong with one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SttFault {
    /// The socket is cut after so much audio, without a close.
    DropAfter(Duration),
    /// Results are no JSON.
    Garbage,
    /// Takes audio and never says anything.
    Mute,
    /// The handshake is never answered.
    NoAnswer,
    /// The handshake is refused with this status.
    Refuse(u16),
    /// Results come so much later.
    Slow(Duration),
}

/// What one client asked for and sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeardStream {
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The `Authorization` header.
    pub authorization: String,
    /// Bytes of audio.
    pub audio_bytes: u64,
    /// Binary frames of audio.
    pub audio_frames: u64,
    /// Text frames, the first few hundred.
    pub texts: Vec<String>,
    /// Final words that were kept from the client on purpose.
    pub lost_finals: u32,
    /// It is over.
    pub ended: bool,
}

/// A Deepgram that is not there. Gone when dropped.
pub struct FakeDeepgram {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    log: Log<HeardStream>,
    faults: Faults<SttFault>,
    speech: speak::Memory,
    streams: AtomicU64,
}

memory_and_faults!(FakeDeepgram, HeardStream, SttFault);

impl FakeDeepgram {
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
            speech: speak::Memory::new(),
            streams: AtomicU64::new(0),
        });
        let for_routes = shared.clone();
        let routes = |stop| {
            Router::new()
                .route("/v1/listen", get(listen))
                .route("/v1/speak", get(speak::speak))
                .route("/v2/listen", get(listen_by_turns))
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

    /// What `DEEPGRAM_BASE_URL` is set to.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.listener.address())
    }
}

type Served = (Arc<Shared>, Stop);

async fn listen(
    State(served): State<Served>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let read = |pairs: &[(String, String)]| Options::read(pairs).map(Asked::Live);
    open(served, (query, headers), upgrade, read).await
}

async fn listen_by_turns(
    State(served): State<Served>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let read = |pairs: &[(String, String)]| flux::query::Options::read(pairs).map(Asked::Turns);
    open(served, (query, headers), upgrade, read).await
}

async fn open(
    (shared, mut stop): Served,
    (query, headers): (Option<String>, HeaderMap),
    upgrade: WebSocketUpgrade,
    read: impl FnOnce(&[(String, String)]) -> Result<Asked, String>,
) -> Response {
    let fault = shared.faults.take();
    if fault == Some(SttFault::NoAnswer) {
        stop.wait().await;
    }
    if let Some(SttFault::Refuse(status)) = fault {
        return wire::refusal(status, "INTERNAL_SERVER_ERROR", "the simulation refuses");
    }
    let stream = HeardStream {
        query: query_pairs(query.as_deref().unwrap_or_default()),
        authorization: text_header(&headers, &header::AUTHORIZATION),
        ..HeardStream::default()
    };
    if stream.authorization != format!("Token {}", shared.settings.key) {
        shared
            .log
            .violation("INVALID_AUTH: wrong or missing Authorization: Token");
        shared.log.add(stream);
        return wire::refusal(401, "INVALID_AUTH", "Invalid credentials.");
    }
    let asked = match read(&stream.query) {
        Ok(asked) => asked,
        Err(reason) => {
            shared
                .log
                .violation(format!("INVALID_QUERY_PARAMETER: {reason}"));
            shared.log.add(stream);
            return wire::refusal(400, "INVALID_QUERY_PARAMETER", &reason);
        }
    };
    let number = shared.streams.fetch_add(1, Ordering::Relaxed);
    let accepted = Accepted {
        asked,
        manner: (shared.settings.manner)(&stream),
        place: shared.log.add(stream),
        number,
        fault,
    };
    let connection = Connection::new(shared, accepted);
    let mut answer = lean(upgrade).on_upgrade(move |socket| connection.serve(socket, stop));
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let id = wire::request_id(number);
        answer
            .headers_mut()
            .insert("dg-request-id", id.parse().unwrap_or(wire::NO_ID));
    }
    answer.into_response()
}

fn text_header(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
