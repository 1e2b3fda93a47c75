//! What all requests share.

use std::{sync::Arc, time::Duration};

use domain::{CallId, Clock};
use driver::Exchange;
use ring::rand::{SecureRandom, SystemRandom};
use store::{Store, Writer};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use transports::twilio::{
    public_url::{BadPublicUrl, PublicUrl},
    signature::AuthToken,
    stream::{Oddities, StreamLimits},
    token::MediaTokens,
};

use crate::{
    admission::Gate,
    config::{Admission, Limits},
    directory::Directory,
    doorstep::Doorstep,
    meters::Meters,
    switchboard::Switchboard,
};

/// How it is known that a webhook comes from the carrier.
pub(crate) enum Trust {
    /// Whoever calls is believed: someone asked for it, loudly.
    Anyone,
    /// It is signed with one of these tokens. There may be none yet.
    Signed(Vec<AuthToken>),
}

impl Trust {
    /// Whether any webhook can be believed.
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Self::Anyone => true,
            Self::Signed(tokens) => !tokens.is_empty(),
        }
    }
}

/// What all requests share.
pub(crate) struct App {
    pub(crate) admission: Admission,
    pub(crate) call_meters: Arc<driver::Meters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Directory,
    pub(crate) doorstep: Doorstep,
    pub(crate) exchange: Exchange,
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) media_tokens: MediaTokens,
    pub(crate) meters: Meters,
    pub(crate) oddities: Arc<Oddities>,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) random: SystemRandom,
    pub(crate) started: Instant,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) stream_limits: StreamLimits,
    /// One task per media socket, so that shutdown can wait for them.
    pub(crate) streams: TaskTracker,
    pub(crate) switchboard: Switchboard,
    pub(crate) trust: Trust,
    pub(crate) writer: Writer,
}

impl App {
    /// Calls that go on or are about to.
    pub(crate) fn taken(&self) -> usize {
        self.exchange.live() + self.switchboard.waiting()
    }

    /// How long the server runs.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// A fresh id for a call.
    pub(crate) fn next_call_id(&self) -> CallId {
        let mut random = [0; 10];
        self.random
            .fill(&mut random)
            .expect("the operating system always has random bytes once it is up");
        CallId::new(u64::try_from(self.clock.now().0).unwrap_or(0), random)
    }

    /// The URL under which the carrier knows us, for checking what it signed.
    pub(crate) fn signed_url(&self, host: Option<&str>) -> Result<PublicUrl, BadPublicUrl> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None => PublicUrl::from_host(host.unwrap_or_default()),
        }
    }

    /// The URL to write into documents.
    pub(crate) fn document_url(&self, host: Option<&str>) -> Result<PublicUrl, BadPublicUrl> {
        if let Some(url) = &self.public_url {
            return Ok(url.clone());
        }
        let host = host.unwrap_or_default();
        // A carrier on this very machine is a simulated one, and speaks without TLS.
        if is_loopback(host) {
            return PublicUrl::parse(&format!("http://{host}"));
        }
        PublicUrl::from_host(host)
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<axum::http::uri::Authority>()
        .is_ok_and(|authority| {
            let name = authority.host().trim_matches(['[', ']']);
            name.eq_ignore_ascii_case("localhost")
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in [
            "localhost:1",
            "127.0.0.1",
            "127.0.0.1:3001",
            "[::1]:80",
            "LOCALHOST",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "10.0.0.1:80",
            "a b",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
