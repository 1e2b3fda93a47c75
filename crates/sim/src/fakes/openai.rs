//! OpenAI's chat completions and models, `/v1/chat/completions` and `/v1/models`; `audio` has the
//! rest.

mod audio;
mod brain;
mod desk;
mod request;
mod stream;
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
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::time::Instant;

pub use self::audio::{
    FakeSpeech, FakeTranscription, HeardFile, SpeechFault, SpeechSettings, SpokenClause,
    TranscriptionFault, TranscriptionSettings,
};
pub use brain::{Brain, Echo, Pace, Reply, ReplyTool, Scripted};
pub use desk::Desk;
pub use request::Chat;

use self::audio::Audio;
use crate::{
    Delay, Dice,
    fakes::{
        Timeline, Used,
        arrivals::Arrivals,
        cache::{Cache, Lasts, Mark},
        listener::{ANY_PORT, Listener, Stop},
        log::{Faults, Log},
        moment::{What, report},
        tab::{OpenTab, Tabs},
        writing::Pieces,
    },
};

/// How a fake OpenAI behaves.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// The only key it knows.
    pub key: String,
    /// What writes the replies.
    pub brain: Arc<dyn Brain>,
    /// From the request to the first piece of text.
    pub first_token: Delay,
    /// Between two pieces.
    pub token_gap: Delay,
    /// How replies are cut into pieces.
    pub pieces: Pieces,
    /// How clauses are spoken.
    pub speech: SpeechSettings,
    /// How files are heard.
    pub transcription: TranscriptionSettings,
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
            brain: Arc::new(Echo),
            first_token: Delay::spread_ms(300, 600),
            token_gap: Delay::fixed_ms(15),
            pieces: Pieces::Tokens,
            speech: SpeechSettings::default(),
            transcription: TranscriptionSettings::default(),
            seed: 1,
            timeline: None,
        }
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LlmFault {
    /// After so many pieces comes an event whose text is no UTF-8. The rest follows.
    BadUtf8After(usize),
    /// 429 `rate_limit_exceeded` with `retry-after`.
    Busy {
        /// Told to the client.
        retry_after: Duration,
    },
    /// The stream ends after so many pieces, without a finish or `[DONE]`.
    CutAfter(usize),
    /// It does not answer that, and says so in the provider's own way.
    Declines,
    /// After so many pieces comes an error event.
    ErrorAfter(usize),
    /// After so many pieces comes a line that is no JSON.
    GarbageAfter(usize),
    /// A page of HTML, as a broken gateway sends it.
    Html,
    /// A page of HTML with a status that says that all is well.
    HtmlAsAnswer,
    /// 401 `invalid_api_key`.
    KeyRefused,
    /// The first event is a line of so many bytes, and means nothing. The rest follows.
    LongLine(usize),
    /// The request is never answered.
    NoAnswer,
    /// 429 `insufficient_quota`.
    NoQuota,
    /// 503, or the provider's own status for it.
    Overloaded,
    /// After so many pieces comes an error event that says so.
    OverloadedAfter(usize),
    /// 500.
    ServerError,
    /// Nothing more after so many pieces, and the connection stays open.
    StallAfter(usize),
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The `Authorization` header.
    pub authorization: String,
    /// The body, if it was JSON.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

/// An OpenAI that is not there. Gone when dropped.
pub struct FakeOpenAi {
    listener: Listener,
    shared: Arc<Shared>,
    audio: Audio,
}

struct Shared {
    settings: Settings,
    log: Log<Asked>,
    faults: Faults<LlmFault>,
    requests: AtomicU64,
    tabs: Tabs,
    cache: Cache,
}

memory_and_faults!(FakeOpenAi, Asked, LlmFault);

impl FakeOpenAi {
    /// Listens and serves until dropped.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let address = settings.address;
        let audio = Audio::new(&settings);
        let shared = Arc::new(Shared {
            settings,
            log: Log::new(),
            faults: Faults::new(),
            requests: AtomicU64::new(0),
            tabs: Tabs::default(),
            cache: Cache::default(),
        });
        let for_routes = shared.clone();
        let routes = |stop| {
            let audio = audio.routes(&stop);
            Router::new()
                .route("/v1/chat/completions", post(chat))
                .route("/v1/models", get(models))
                .with_state((for_routes, stop))
                .merge(audio)
        };
        let listener = Listener::start(address, routes).await?;
        Ok(Self {
            listener,
            shared,
            audio,
        })
    }

    /// Its voice: what it was asked to say, and how to spoil that.
    #[must_use]
    pub const fn speech(&self) -> &FakeSpeech {
        &self.audio.speech
    }

    /// Its recogniser: what it was sent, and how to spoil that.
    #[must_use]
    pub const fn transcription(&self) -> &FakeTranscription {
        &self.audio.transcription
    }

    /// What the chat requests that were taken have used so far, in their order.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        self.shared.tabs.used()
    }

    /// When the answer to each of these was over, or nobody wanted it any more.
    #[must_use]
    pub fn closed(&self) -> Vec<Option<Instant>> {
        self.shared.tabs.closed()
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

type Served = (Arc<Shared>, Stop);

async fn models(State((shared, _)): State<Served>, headers: HeaderMap) -> Response {
    if authorization(&headers) != format!("Bearer {}", shared.settings.key) {
        shared.log.violation("invalid_api_key on /models");
        return wire::key_refused();
    }
    let model = json!({ "id": "gpt-6-luna", "object": "model", "created": 1, "owned_by": "openai",
        "shutdown_date": null });
    Json(json!({ "object": "list", "data": [model] })).into_response()
}

async fn chat(
    State((shared, mut stop)): State<Served>,
    ConnectInfo(arrivals): ConnectInfo<Arrivals>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = arrivals.last();
    let fault = shared.faults.take();
    let parsed = serde_json::from_slice::<Value>(&body);
    let authorization = authorization(&headers);
    let known = authorization == format!("Bearer {}", shared.settings.key);
    let read = match &parsed {
        Ok(body) => request::read(body),
        Err(_) => Err(request::Refusal::unreadable()),
    };
    let refused = if let Some(refused) = fault.and_then(wire::refused_by) {
        Some(refused)
    } else if !known {
        shared.log.violation("invalid_api_key");
        Some(wire::key_refused())
    } else {
        read.as_ref().err().map(|refusal| {
            shared.log.violation(refusal.message.clone());
            wire::refusal(refusal)
        })
    };
    let status = refused.as_ref().map_or(StatusCode::OK, Response::status);
    shared.log.add(Asked {
        authorization,
        body: parsed.unwrap_or(Value::Null),
        status: status.as_u16(),
        at,
    });
    let characters = read.as_ref().map_or(0, Chat::characters);
    let tab = shared.tabs.open(characters, status != StatusCode::OK);
    if let Some(refused) = refused {
        return refused;
    }
    if fault == Some(LlmFault::NoAnswer) {
        stop.wait().await;
        return wire::server_error();
    }
    match read {
        Ok(chat) => answer(&shared, (chat, at), (fault, tab), stop).await,
        Err(refusal) => wire::refusal(&refusal),
    }
}

async fn answer(
    shared: &Shared,
    (chat, at): (Chat, Instant),
    (fault, tab): (Option<LlmFault>, OpenTab),
    stop: Stop,
) -> Response {
    let settings = &shared.settings;
    report(settings.timeline.as_ref(), at, || {
        What::ChatAsked(chat.last_said().to_owned())
    });
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let reply = settings.brain.reply(&chat);
    let pace = settings.brain.pace(&chat).unwrap_or(Pace {
        first_token: settings.first_token,
        token_gap: settings.token_gap,
    });
    let dice = Dice::new(settings.seed ^ (number << 20));
    let plan = stream::Plan {
        number,
        pace,
        cached: shared.cached(&chat),
        chat,
        reply,
        fault,
        tab,
    };
    stream::respond(plan, settings, dice, stop).await
}

impl Shared {
    /// Tokens of a prompt that are in the cache. Every prompt is kept, whole: the real cache begins
    /// at 1,024 tokens and goes in steps of 128, which no prompt of a test would reach.
    fn cached(&self, chat: &Chat) -> u64 {
        let mark = Mark {
            lasts: Lasts::Minutes,
            messages: chat.messages.len(),
        };
        let input = self.cache.weigh(&chat.tools.join(" "), chat, &[mark]);
        input.read
    }
}

fn authorization(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
