//! ElevenLabs' streaming voice: `stream-input` and `multi-stream-input`; and its HTTP interface.

mod clause;
mod connection;
mod context;
mod query;
mod recorded;
mod voice;
mod wire;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, RawQuery, State, WebSocketUpgrade},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};

pub use clause::{FakeClauses, SpokenText};
use connection::{Connection, Kind};
use query::Options;
pub use recorded::Recorded;
pub(crate) use voice::char_end;
pub use voice::{Tones, Voice};

use crate::{
    Delay,
    fakes::{
        Timeline,
        listener::{ANY_PORT, Listener, Stop, lean, query_pairs},
        requests::Requests,
    },
};

/// How a fake ElevenLabs behaves.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// The only key it knows.
    pub key: String,
    /// What makes the sound.
    pub voice: Arc<dyn Voice>,
    /// From the text to its first audio.
    pub first_audio: Delay,
    /// Audio in one message.
    pub chunk: Duration,
    /// Between two messages of one text.
    pub chunk_gap: Delay,
    /// For the delays.
    pub seed: u64,
    /// Where times are reported to.
    pub timeline: Option<Timeline>,
    /// How a socket is served that wants to be served differently, by what it asked for.
    pub manners: Option<Manners>,
}

/// Finds how a socket is served.
pub type Manners = Arc<dyn Fn(&SpokenStream) -> Option<Manner> + Send + Sync>;

/// How one socket is served.
#[derive(Clone)]
pub struct Manner {
    /// What makes the sound.
    pub voice: Arc<dyn Voice>,
    /// From the text to its first audio.
    pub first_audio: Delay,
    /// Between two messages of one text.
    pub chunk_gap: Delay,
    /// Whether it tells when each character sounds.
    pub character_times: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: ANY_PORT,
            key: "elevenlabs-test-key".to_owned(),
            voice: Arc::new(Recorded::default()),
            first_audio: Delay::spread_ms(100, 250),
            chunk: Duration::from_millis(400),
            chunk_gap: Delay::fixed_ms(40),
            seed: 1,
            timeline: None,
            manners: None,
        }
    }
}

/// What goes wrong with one socket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TtsFault {
    /// The socket is cut after so many messages with audio.
    DropAfter(usize),
    /// Messages are no JSON.
    Garbage,
    /// Takes text and never says anything.
    Mute,
    /// The handshake is never answered.
    NoAnswer,
    /// An error message and a close with 1008 at the first text.
    NoQuota,
    /// The handshake is refused with this status.
    Refuse(u16),
    /// Audio comes so much later.
    Slow(Duration),
    /// 429 `too_many_concurrent_requests` at the handshake.
    TooMany,
}

/// What one client asked for and sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpokenStream {
    /// The voice in the path.
    pub voice: String,
    /// The last part of the path.
    pub multi: bool,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The `xi-api-key` header.
    pub key: String,
    /// Messages as they came, the first few hundred.
    pub messages: Vec<String>,
    /// Texts in the pieces they were spoken in.
    pub spoken: Vec<String>,
    /// Characters that were to be spoken, blanks around texts not counted.
    pub characters: u64,
    /// It is over.
    pub ended: bool,
}

/// An ElevenLabs that is not there. Gone when dropped.
pub struct FakeElevenLabs {
    listener: Listener,
    shared: Arc<Shared>,
    clauses: FakeClauses,
}

type Shared = Requests<Settings, SpokenStream, TtsFault>;

memory_and_faults!(FakeElevenLabs, SpokenStream, TtsFault);

impl FakeElevenLabs {
    /// Listens and serves until dropped.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let address = settings.address;
        let clauses = FakeClauses::new(&settings);
        let for_clauses = Arc::clone(&clauses.shared);
        let shared = Arc::new(Shared::new(settings));
        let for_routes = shared.clone();
        let routes = |stop: Stop| {
            let over_http = Router::new()
                .route("/v1/models", get(clause::models))
                .route(
                    "/v1/text-to-speech/{voice}/stream/with-timestamps",
                    post(clause::speak),
                )
                .route("/v2/voices", get(clause::voices))
                .with_state((for_clauses, stop.clone()));
            Router::new()
                .route("/v1/text-to-speech/{voice}/stream-input", get(single))
                .route("/v1/text-to-speech/{voice}/multi-stream-input", get(multi))
                .with_state((for_routes, stop))
                .merge(over_http)
        };
        let listener = Listener::start(address, routes).await?;
        Ok(Self {
            listener,
            shared,
            clauses,
        })
    }

    /// Its voice over HTTP: what it was asked to say, and how to spoil that.
    #[must_use]
    pub const fn clauses(&self) -> &FakeClauses {
        &self.clauses
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// What `ELEVENLABS_BASE_URL` is set to.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.listener.address())
    }
}

/// What a client asked for when it connected.
struct Request {
    voice: String,
    query: Option<String>,
    headers: HeaderMap,
    kind: Kind,
}

type Served = (Arc<Shared>, Stop);

async fn single(
    State(served): State<Served>,
    Path(voice): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(
        served,
        Request {
            voice,
            query,
            headers,
            kind: Kind::Single,
        },
        upgrade,
    )
    .await
}

async fn multi(
    State(served): State<Served>,
    Path(voice): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(
        served,
        Request {
            voice,
            query,
            headers,
            kind: Kind::Multi,
        },
        upgrade,
    )
    .await
}

async fn open((shared, mut stop): Served, request: Request, upgrade: WebSocketUpgrade) -> Response {
    let fault = shared.faults.take();
    if fault == Some(TtsFault::NoAnswer) {
        stop.wait().await;
    }
    if let Some((status, code)) = fault.and_then(wire::refused_by) {
        return wire::refusal(status, code, "the simulation refuses");
    }
    let key = request
        .headers
        .get("xi-api-key")
        .and_then(|key| key.to_str().ok());
    let stream = SpokenStream {
        voice: request.voice,
        multi: request.kind == Kind::Multi,
        query: query_pairs(request.query.as_deref().unwrap_or_default()),
        key: key.unwrap_or_default().to_owned(),
        ..SpokenStream::default()
    };
    if stream.key != shared.settings.key {
        shared
            .log
            .violation("invalid_api_key: wrong or missing xi-api-key");
        shared.log.add(stream);
        return wire::refusal(401, "invalid_api_key", "Invalid API key");
    }
    let options = match Options::read(&stream.query) {
        Ok(options) => options,
        Err(reason) => {
            shared.log.violation(reason.clone());
            shared.log.add(stream);
            return wire::refusal(400, "invalid_parameters", &reason);
        }
    };
    let manners = shared.settings.manners.as_ref();
    let manner = manners.and_then(|manners| manners(&stream));
    let place = shared.log.add(stream);
    let (_, dice) = shared.next(shared.settings.seed);
    let connection =
        Connection::new(shared, (options, request.kind), (place, dice), fault).behaving(manner);
    lean(upgrade).on_upgrade(move |socket| connection.serve(socket, stop))
}

#[cfg(test)]
mod tests;
