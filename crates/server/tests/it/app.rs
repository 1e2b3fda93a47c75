//! A server in this process, and the ways to ask it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{Clock, UnixMillis};
use reqwest::{Client, RequestBuilder, Response};
use server::{
    Options, Running,
    config::{Config, Environment},
};
use store::{Memory, Store};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, client::IntoClientRequest},
};
use transports::twilio::{
    form::Form,
    signature::{self, AuthToken, Signed},
};

/// The token that everything is signed with.
pub(crate) const TOKEN: &str = "12345";

/// The number that someone answers.
pub(crate) const NUMBER: &str = "+14155550199";

/// A running server with its records in memory.
pub(crate) struct TestApp {
    pub(crate) running: Running,
    pub(crate) store: Arc<dyn Store>,
    client: Client,
}

/// A clock that stands still until it is moved.
pub(crate) struct StoppedClock(AtomicI64);

impl StoppedClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_790_000_000_000)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("not ages");
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// A media socket, seen from the carrier.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl TestApp {
    /// A server with one tenant and offline engines.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with more configuration.
    pub(crate) async fn with(more: &str) -> Self {
        Self::with_options(more, Options::default()).await
    }

    /// The same with more configuration and options; records are kept in memory all the same.
    pub(crate) async fn with_options(more: &str, options: Options) -> Self {
        let text = format!(
            "twilio.auth_token = \"{TOKEN}\"\nserver.host = \"127.0.0.1\"\nserver.port = 0\n{more}\n\
             [[tenants]]\nid = \"acme\"\nnumbers = [\"{NUMBER}\"]\n\
             [agents.desk]\nstt = [\"offline/phrases\"]\ntts = [\"offline/recorded\"]\n"
        );
        let config = Config::parse("test.toml", &text, &Environment::default());
        Self::of(config.expect("a configuration"), options).await
    }

    /// A server with this configuration; records are kept in memory all the same.
    pub(crate) async fn of(config: Config, options: Options) -> Self {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        let options = Options {
            store: Some(Arc::clone(&store)),
            ..options
        };
        let running = Running::start(config, options).await.expect("a server");
        running.rehearsed().await;
        Self {
            running,
            store,
            client: client(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address())
    }

    /// A request by anybody.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client
            .get(self.url(path))
            .send()
            .await
            .expect("an answer")
    }

    /// A POST that is still to be completed.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// A signed webhook.
    pub(crate) async fn webhook(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let signature = sign_form(TOKEN, &self.url(path), fields);
        self.post(path)
            .header(signature::HEADER, signature)
            .form(fields)
            .send()
            .await
            .expect("an answer")
    }

    /// The document that answers a call to our number.
    pub(crate) async fn call(&self, sid: &str) -> String {
        let fields = [("CallSid", sid), ("From", "+14155550100"), ("To", NUMBER)];
        let response = self.webhook("/twiml", &fields).await;
        assert_eq!(response.status(), 200);
        response.text().await.expect("a document")
    }

    /// What the carrier is told when a stream of a call is over.
    pub(crate) async fn after_stream(&self, sid: &str) -> Response {
        self.webhook(
            "/v1/twilio/after-stream",
            &[("CallSid", sid), ("CallStatus", "in-progress")],
        )
        .await
    }

    /// Opens the media socket with a signature.
    pub(crate) async fn socket(&self, path: &str) -> Socket {
        let url = format!("ws://{}{path}", self.running.address());
        let token = AuthToken::new(TOKEN).expect("a token");
        let mut request = url.as_str().into_client_request().expect("a request");
        let signature = signature::sign(&token, &url, Signed::UrlOnly);
        request
            .headers_mut()
            .insert(signature::HEADER, signature.parse().expect("a header"));
        connect_async(request).await.expect("a socket").0
    }

    /// The status that refuses a socket.
    pub(crate) async fn refused_socket(&self, signature: Option<&str>) -> u16 {
        let url = format!("ws://{}/media-stream", self.running.address());
        let mut request = url.as_str().into_client_request().expect("a request");
        if let Some(signature) = signature {
            request
                .headers_mut()
                .insert(signature::HEADER, signature.parse().expect("a header"));
        }
        match connect_async(request).await {
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Waits until a line of `/metrics` counts something.
    pub(crate) async fn counts(&self, line: &str) {
        self.reaches(line, 1.0).await;
    }

    /// Waits until a line of `/metrics` counts so much.
    pub(crate) async fn reaches(&self, line: &str, least: f64) {
        let counted = async { while self.metric(line).await < least {} };
        let in_time = tokio::time::timeout(Duration::from_secs(5), counted).await;
        assert!(in_time.is_ok(), "{line} does not reach {least}");
    }

    /// The value of one line of `/metrics`.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.expect("metrics");
        let found = text
            .lines()
            .find_map(|each| each.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

/// Someone who asks over HTTP.
pub(crate) fn client() -> Client {
    // Another test of this process may have done so before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// Signs a form as the carrier does.
pub(crate) fn sign_form(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let token = AuthToken::new(token).expect("a token");
    let form: Form = fields.iter().copied().collect();
    signature::sign(&token, url, Signed::Form(&form))
}

/// The value of the parameter `name` in a document.
pub(crate) fn parameter(document: &str, name: &str) -> String {
    let start = format!("<Parameter name=\"{name}\" value=\"");
    let (_, rest) = document.split_once(&start).expect("the parameter");
    rest.split('"').next().expect("its value").to_owned()
}
