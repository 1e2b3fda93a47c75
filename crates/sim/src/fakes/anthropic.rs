//! Anthropic's Messages: `/v1/messages` and `/v1/models`.

mod messages;
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
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use self::request::{Asking, Refusal};
use super::openai::{Brain, Echo, LlmFault, Pace};
use crate::{
    Delay, Dice,
    fakes::{
        Timeline, Used,
        arrivals::Arrivals,
        cache::Cache,
        listener::{ANY_PORT, Listener, Stop},
        log::{Faults, Log},
        moment::{What, report},
        tab::{OpenTab, Tabs},
        writing::Pieces,
    },
};

/// How a fake Anthropic behaves.
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
    /// For the delays.
    pub seed: u64,
    /// Where times are reported to.
    pub timeline: Option<Timeline>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: ANY_PORT,
            key: "anthropic-test-key".to_owned(),
            brain: Arc::new(Echo),
            first_token: Delay::spread_ms(300, 600),
            token_gap: Delay::fixed_ms(15),
            pieces: Pieces::Tokens,
            seed: 1,
            timeline: None,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The `x-api-key` header.
    pub key: String,
    /// The body, if it was JSON.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

/// An Anthropic that is not there. Gone when dropped.
pub struct FakeAnthropic {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    log: Log<Asked>,
    faults: Faults<LlmFault>,
    requests: AtomicU64,
    tabs: Tabs,
    cache: Cache,
}

memory_and_faults!(FakeAnthropic, Asked, LlmFault);

impl FakeAnthropic {
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
            requests: AtomicU64::new(0),
            tabs: Tabs::default(),
            cache: Cache::default(),
        });
        let for_routes = shared.clone();
        let routes = |stop| {
            Router::new()
                .route("/v1/messages", post(messages))
                .route("/v1/models", get(models))
                .with_state((for_routes, stop))
        };
        let listener = Listener::start(address, routes).await?;
        Ok(Self { listener, shared })
    }

    /// What the requests that were taken have used so far, in their order.
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

    /// What `ANTHROPIC_BASE_URL` is set to.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.listener.address())
    }
}

type Served = (Arc<Shared>, Stop);

async fn models(State((shared, _)): State<Served>, headers: HeaderMap) -> Response {
    if let Err(refusal) = admit(&shared.settings, &headers) {
        shared
            .log
            .violation(format!("{} on /models", refusal.message));
        return wire::refusal(&refusal);
    }
    let model = json!({ "type": "model", "id": "claude-haiku-5-5", "display_name": "Haiku",
        "created_at": "2026-01-01T00:00:00Z" });
    Json(
        json!({ "data": [model], "has_more": false, "first_id": "claude-haiku-5-5",
        "last_id": "claude-haiku-5-5" }),
    )
    .into_response()
}

async fn messages(
    State((shared, mut stop)): State<Served>,
    ConnectInfo(arrivals): ConnectInfo<Arrivals>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = arrivals.last();
    let fault = shared.faults.take();
    let parsed = serde_json::from_slice::<Value>(&body);
    let read = admit(&shared.settings, &headers).and_then(|()| match &parsed {
        Ok(body) => request::read(body),
        Err(_) => Err(Refusal::invalid("The request body is not valid JSON.")),
    });
    let refused = match fault.and_then(wire::refused_by) {
        Some(refused) => Some(refused),
        None => read.as_ref().err().map(|refusal| {
            shared.log.violation(refusal.message.clone());
            wire::refusal(refusal)
        }),
    };
    let status = refused.as_ref().map_or(StatusCode::OK, Response::status);
    shared.log.add(Asked {
        key: header(&headers, "x-api-key"),
        body: parsed.unwrap_or(Value::Null),
        status: status.as_u16(),
        at,
    });
    let characters = read.as_ref().map_or(0, |asking| asking.chat.characters());
    let tab = shared.tabs.open(characters, status != StatusCode::OK);
    match (refused, read) {
        (Some(refused), _) => refused,
        (None, Err(refusal)) => wire::refusal(&refusal),
        (None, Ok(_)) if fault == Some(LlmFault::NoAnswer) => {
            stop.wait().await;
            wire::server_error()
        }
        (None, Ok(asking)) => answer(&shared, (asking, at), (fault, tab), stop).await,
    }
}

/// Checks the headers that every request needs.
fn admit(settings: &Settings, headers: &HeaderMap) -> Result<(), Refusal> {
    if header(headers, "x-api-key") != settings.key {
        return Err(Refusal {
            status: 401,
            kind: "authentication_error",
            message: "invalid x-api-key".to_owned(),
        });
    }
    if header(headers, "anthropic-version") != "2023-06-01" {
        return Err(Refusal::invalid("anthropic-version: header is required"));
    }
    Ok(())
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

async fn answer(
    shared: &Shared,
    (asking, at): (Asking, Instant),
    (fault, tab): (Option<LlmFault>, OpenTab),
    stop: Stop,
) -> Response {
    let settings = &shared.settings;
    let chat = asking.chat;
    report(settings.timeline.as_ref(), at, || {
        What::ChatAsked(chat.last_said().to_owned())
    });
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let reply = settings.brain.reply(&chat);
    let thinks = asking.thinks && !reply.tools.is_empty();
    let pace = settings.brain.pace(&chat).unwrap_or(Pace {
        first_token: settings.first_token,
        token_gap: settings.token_gap,
    });
    let dice = Dice::new(settings.seed ^ (number << 20));
    let plan = stream::Plan {
        number,
        pace,
        input: shared.cache.weigh(&asking.tools, &chat, &asking.marks),
        chat,
        thinks,
        reply,
        fault,
        tab,
    };
    stream::respond(plan, settings, dice, stop).await
}

#[cfg(test)]
mod tests;
