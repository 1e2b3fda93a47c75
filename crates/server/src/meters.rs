//! What is counted about the server itself; `driver` counts calls.

pub mod names;
pub(crate) mod state;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::admission::Refusal;

/// Seconds of lag: a frame lasts 0.02.
const LAG: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0];

/// Counters of the server.
#[derive(Clone)]
pub(crate) struct Meters {
    admission: Family<Admission, Counter>,
    auth_refused: Family<Reason, Counter>,
    pub(crate) calls_unclaimed: Counter,
    http_requests: Family<Http, Counter>,
    pub(crate) loop_lag: Histogram,
    media_refused: Family<Reason, Counter>,
    resumes: Family<Resume, Counter>,
    webhooks_refused: Family<Reason, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Admission {
    result: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Http {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Resume {
    cause: &'static str,
    result: &'static str,
}

impl Meters {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let meters = Self {
            admission: Family::default(),
            auth_refused: Family::default(),
            calls_unclaimed: Counter::default(),
            http_requests: Family::default(),
            loop_lag: Histogram::new(LAG),
            media_refused: Family::default(),
            resumes: Family::default(),
            webhooks_refused: Family::default(),
        };
        meters.register(registry);
        meters.admitted_count();
        for refusal in Refusal::ALL {
            drop(meters.admission_of("refused", refusal.as_str()));
        }
        for cause in ["media_lost", "never_opened"] {
            for result in ["ok", "given_up"] {
                drop(meters.resumes.get_or_create(&Resume { cause, result }));
            }
        }
        meters
    }

    fn register(&self, registry: &mut Registry) {
        let it = self.clone();
        registry.register(
            names::ADMISSION,
            "Calls that asked to be taken",
            it.admission,
        );
        registry.register(
            names::AUTH_REFUSED,
            "Requests and streams that could not prove where they come from",
            it.auth_refused,
        );
        registry.register(
            names::CALLS_UNCLAIMED,
            "Announced calls whose stream never came",
            it.calls_unclaimed,
        );
        registry.register(
            names::HTTP_REQUESTS,
            "Requests, by route and status",
            it.http_requests,
        );
        registry.register(
            names::LOOP_LAG,
            "How late the process did what was due",
            it.loop_lag,
        );
        registry.register(
            names::MEDIA_REFUSED,
            "Sockets that did not become a stream",
            it.media_refused,
        );
        registry.register(
            names::RESUMES,
            "New streams for calls that lost theirs",
            it.resumes,
        );
        registry.register(
            names::WEBHOOKS_REFUSED,
            "Webhooks refused before they were read",
            it.webhooks_refused,
        );
    }

    fn admission_of(&self, result: &'static str, reason: &'static str) -> Counter {
        self.admission
            .get_or_create(&Admission { result, reason })
            .clone()
    }

    fn admitted_count(&self) -> Counter {
        self.admission_of("admitted", "none")
    }

    pub(crate) fn admitted(&self) {
        self.admitted_count().inc();
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.admission_of("refused", refusal.as_str()).inc();
    }

    pub(crate) fn unknown_number(&self) {
        self.admission_of("refused", "unknown_number").inc();
    }

    pub(crate) fn auth_refused(&self, reason: &'static str) {
        self.auth_refused.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn media_refused(&self, reason: &'static str) {
        self.media_refused.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn webhook_refused(&self, reason: &'static str) {
        self.webhooks_refused
            .get_or_create(&Reason { reason })
            .inc();
    }

    pub(crate) fn resumed(&self, cause: &'static str, result: &'static str) {
        self.resumes.get_or_create(&Resume { cause, result }).inc();
    }

    pub(crate) fn http(&self, route: &str, status: u16) {
        let route = route.to_owned();
        self.http_requests
            .get_or_create(&Http { route, status })
            .inc();
    }
}
