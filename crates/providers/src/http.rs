use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::BaseUrl;

/// Streams that one HTTP/2 connection is given before the next connection is used.
///
/// The client library keeps one connection per host and lets requests queue at the server's stream
/// limit, which is often 100.
const STREAMS_PER_LANE: usize = 60;
/// What a server may send of one answer before we have taken it: more would lie in our memory. The
/// connection's own window, 5 MiB, has room for that of all its streams.
const STREAM_WINDOW: u32 = 64 * 1_024;
/// Connections per provider: enough for a thousand calls that think at once.
const LANES: usize = 16;

/// Connections to one provider's HTTP API, shared by all calls.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    lanes: Arc<[Lane]>,
}

#[derive(Debug)]
struct Lane {
    client: reqwest::Client,
    streams: AtomicUsize,
}

/// The right to use one connection for one request.
pub(crate) struct Ticket {
    lanes: Arc<[Lane]>,
    lane: usize,
}

impl HttpClient {
    /// For the server at this address. Opens nothing yet. Proxies of the environment are not used and
    /// redirects not followed: a key goes to the configured host and nowhere else.
    ///
    /// # Panics
    /// Never in practice: only if the TLS settings built here were not accepted.
    pub(crate) fn of(base: &BaseUrl) -> Self {
        let lanes = (0..LANES).map(|_lane| Lane {
            client: client(base),
            streams: AtomicUsize::new(0),
        });
        Self {
            lanes: lanes.collect(),
        }
    }

    /// Picks the first connection with room, else the least loaded: a quiet server keeps one
    /// connection warm, a busy one spreads.
    pub(crate) fn ticket(&self) -> Ticket {
        let load = |lane: &Lane| lane.streams.load(Ordering::Relaxed);
        let roomy = self
            .lanes
            .iter()
            .position(|lane| load(lane) < STREAMS_PER_LANE);
        let lane = roomy.unwrap_or_else(|| {
            let loads = self.lanes.iter().map(load).enumerate();
            loads
                .min_by_key(|(_lane, load)| *load)
                .map_or(0, |(lane, _load)| lane)
        });
        self.lanes[lane].streams.fetch_add(1, Ordering::Relaxed);
        Ticket {
            lanes: Arc::clone(&self.lanes),
            lane,
        }
    }
}

impl Ticket {
    /// The client to send the request with. Keep the ticket until the answer was read.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.lanes[self.lane].client
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.lanes[self.lane]
            .streams
            .fetch_sub(1, Ordering::Relaxed);
    }
}

/// TLS as every connection of ours uses it; `alpn` in order of preference.
pub(crate) fn tls(alpn: &[&[u8]]) -> ClientConfig {
    static TRUSTED: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = TRUSTED.get_or_init(|| {
        Arc::new(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })
    });
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers TLS 1.2 and 1.3")
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config
}

fn client(base: &BaseUrl) -> reqwest::Client {
    let mut client = reqwest::Client::builder();
    if base.is_h2c() {
        client = client.http2_prior_knowledge();
    }
    client
        .tls_backend_preconfigured(tls(&[b"h2", b"http/1.1"]))
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(60))
        .pool_idle_timeout(Duration::from_secs(300))
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .http2_keep_alive_while_idle(true)
        .build()
        .expect("the TLS settings are complete")
}

/// Who we say we are.
pub(crate) const USER_AGENT: &str = concat!("repartee/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse("", text).expect("an address")
    }

    #[test]
    fn requests_spread_over_connections_once_one_is_full() {
        let http = HttpClient::of(&base("http://127.0.0.1:1"));
        let first: Vec<Ticket> = (0..STREAMS_PER_LANE).map(|_n| http.ticket()).collect();
        assert!(first.iter().all(|ticket| ticket.lane == 0));
        assert_eq!(http.ticket().lane, 1);
        drop(first);
        assert_eq!(http.ticket().lane, 0);
    }

    #[test]
    fn a_full_house_uses_the_least_loaded() {
        let http = HttpClient::of(&base("http://127.0.0.1:1"));
        for lane in http.lanes.iter() {
            lane.streams.store(STREAMS_PER_LANE + 5, Ordering::Relaxed);
        }
        http.lanes[3]
            .streams
            .store(STREAMS_PER_LANE, Ordering::Relaxed);
        assert_eq!(http.ticket().lane, 3);
    }
}
