//! What is counted about calls. Handles are made once; a call only adds to them.

pub mod names;
mod taking;

use std::{sync::Arc, sync::atomic::AtomicU64, time::Duration};

use domain::{EndReason, Gap, ModelName, Receipt, TurnRecord};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use taking::TakingMeters;

/// Seconds that people notice, finest where a turn is decided.
const LATENCY: [f64; 18] = [
    0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0,
];

/// Counters, gauges and histograms about calls.
#[derive(Clone)]
pub struct Meters {
    pub(crate) live: Gauge,
    calls: Family<EndLabel, Counter>,
    pub(crate) turns: Counter,
    pub(crate) barge_ins: Counter,
    turn_latency: Family<StageLabel, Histogram>,
    pub(crate) answer_latency: Histogram,
    requests: Family<RequestLabel, Counter>,
    provider_latency: Family<ProviderLabel, Histogram>,
    fallbacks: Family<FallbackLabel, Counter>,
    breakers: Family<ProviderLabel, Gauge>,
    pub(crate) frames_late: Counter,
    dropped: Family<DropLabel, Counter>,
    notes: Family<NoteLabel, Counter>,
    taking: TakingMeters,
    pub(crate) cache: CacheMeters,
    cost: Family<CostLabel, Counter<f64, AtomicU64>>,
    pub(crate) panics: Counter,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EndLabel {
    end_reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct StageLabel {
    stage: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabel {
    provider: String,
    op: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ProviderLabel {
    provider: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct FallbackLabel {
    from: String,
    to: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DropLabel {
    q: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct NoteLabel {
    note: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CostLabel {
    provider: String,
    purpose: &'static str,
}

/// About the cache of synthesised speech.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheMeters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) bytes: Gauge,
}

impl CacheMeters {
    fn register(self, registry: &mut Registry) {
        registry.register(
            names::SPEECH_CACHE_HITS,
            "Own lines played from the cache",
            self.hits,
        );
        registry.register(
            names::SPEECH_CACHE_MISSES,
            "Own lines made during a call",
            self.misses,
        );
        registry.register(
            names::SPEECH_CACHE_BYTES,
            "Memory held by synthesised speech",
            self.bytes,
        );
    }
}

/// What a provider does for a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    Listen,
    Speak,
    Talk,
    Think,
}

impl Job {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "stt",
            Self::Speak => "tts",
            Self::Talk => "realtime",
            Self::Think => "llm",
        }
    }
}

impl Meters {
    /// Makes all metrics and registers them.
    pub fn new(registry: &mut Registry) -> Arc<Self> {
        let histogram = || Histogram::new(LATENCY);
        let meters = Self {
            live: Gauge::default(),
            calls: Family::default(),
            turns: Counter::default(),
            barge_ins: Counter::default(),
            turn_latency: Family::new_with_constructor(histogram),
            answer_latency: histogram(),
            requests: Family::default(),
            provider_latency: Family::new_with_constructor(histogram),
            fallbacks: Family::default(),
            breakers: Family::default(),
            frames_late: Counter::default(),
            dropped: Family::default(),
            notes: Family::default(),
            taking: TakingMeters::default(),
            cache: CacheMeters::default(),
            cost: Family::default(),
            panics: Counter::default(),
        };
        meters.register(registry);
        meters.start_at_zero();
        Arc::new(meters)
    }

    fn register(&self, registry: &mut Registry) {
        let Self {
            live,
            calls,
            turns,
            barge_ins,
            turn_latency,
            answer_latency,
            requests,
            provider_latency,
            fallbacks,
            breakers,
            frames_late,
            dropped,
            notes,
            taking,
            cache,
            cost,
            panics,
        } = self.clone();
        registry.register(names::CALLS_LIVE, "Calls going on", live);
        registry.register(names::CALLS, "Calls that ended, by reason", calls);
        registry.register(names::TURNS, "Turns answered", turns);
        registry.register(names::BARGE_INS, "Times that a caller cut in", barge_ins);
        registry.register(
            names::TURN_LATENCY,
            "Silence before an answer, by stage",
            turn_latency,
        );
        registry.register(
            names::ANSWER_LATENCY,
            "From start to the greeting's first frame",
            answer_latency,
        );
        registry.register(
            names::PROVIDER_REQUESTS,
            "Requests to providers, by result",
            requests,
        );
        registry.register(
            names::PROVIDER_LATENCY,
            "Time until a provider's first answer",
            provider_latency,
        );
        registry.register(
            names::FALLBACKS,
            "Times that another provider stepped in",
            fallbacks,
        );
        registry.register(
            names::BREAKER_STATE,
            "0 closed, 1 half open, 2 open",
            breakers,
        );
        registry.register(names::FRAMES_LATE, "Frames that left late", frames_late);
        registry.register(
            names::DROPPED,
            "Thrown away because a queue was full",
            dropped,
        );
        registry.register(names::NOTES, "Odd things that a session ignored", notes);
        taking.register(registry);
        cache.register(registry);
        registry.register(names::COST, "What calls have cost, in dollars", cost);
        registry.register(names::PANICS, "Calls ended by a bug", panics);
    }

    /// Known label sets exist from the start, so that rates work from the first event.
    fn start_at_zero(&self) {
        for reason in EndReason::ALL {
            drop(self.calls.get_or_create(&EndLabel {
                end_reason: reason.as_str(),
            }));
        }
        for stage in Gap::STAGES.into_iter().chain(["total"]) {
            drop(self.turn_latency.get_or_create(&StageLabel { stage }));
        }
    }

    /// How many turns were answered so far, by calls that still go on, too.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.get()
    }

    pub(crate) fn call_ended(&self, reason: EndReason) {
        self.calls
            .get_or_create(&EndLabel {
                end_reason: reason.as_str(),
            })
            .inc();
    }

    pub(crate) fn turn_answered(&self, gap: &Gap) {
        self.turns.inc();
        for (stage, part) in Gap::STAGES.into_iter().zip(gap.parts()) {
            self.turn_latency
                .get_or_create(&StageLabel { stage })
                .observe(part.seconds());
        }
        self.turn_latency
            .get_or_create(&StageLabel { stage: "total" })
            .observe(gap.total().seconds());
    }

    /// Counts how the floor changed hands, whether or not an answer was heard.
    pub(crate) fn turn_recorded(&self, turn: &TurnRecord) {
        self.taking.count(turn);
    }

    pub(crate) fn provider_answered(&self, name: &ModelName, job: Job, after: Duration) {
        self.request(name, job, "ok");
        let label = ProviderLabel {
            provider: name.provider.clone(),
        };
        self.provider_latency
            .get_or_create(&label)
            .observe(after.as_secs_f64());
    }

    pub(crate) fn request(&self, name: &ModelName, job: Job, result: &'static str) {
        let label = RequestLabel {
            provider: name.provider.clone(),
            op: job.as_str(),
            result,
        };
        self.requests.get_or_create(&label).inc();
    }

    pub(crate) fn fell_back(&self, from: &ModelName, to: &ModelName) {
        let label = FallbackLabel {
            from: from.to_string(),
            to: to.to_string(),
        };
        self.fallbacks.get_or_create(&label).inc();
    }

    /// How often that was counted.
    #[cfg(test)]
    pub(crate) fn fallbacks_of(&self, from: &ModelName, to: &ModelName) -> u64 {
        let label = FallbackLabel {
            from: from.to_string(),
            to: to.to_string(),
        };
        self.fallbacks.get_or_create(&label).get()
    }

    pub(crate) fn breaker(&self, provider: String, state: i64) {
        self.breakers
            .get_or_create(&ProviderLabel { provider })
            .set(state);
    }

    pub(crate) fn no_breaker(&self, provider: String) {
        self.breakers.remove(&ProviderLabel { provider });
    }

    pub(crate) fn dropped(&self, q: &'static str, reason: &'static str) {
        self.dropped.get_or_create(&DropLabel { q, reason }).inc();
    }

    pub(crate) fn note(&self, note: &'static str) {
        self.notes.get_or_create(&NoteLabel { note }).inc();
    }

    /// Counts what a call has cost, as far as prices are known.
    pub(crate) fn paid(&self, receipt: &Receipt) {
        for line in &receipt.0 {
            let Some(cost) = line.cost else { continue };
            let label = CostLabel {
                provider: line.payee.provider.clone(),
                purpose: line.purpose.as_str(),
            };
            self.cost.get_or_create(&label).inc_by(cost.dollars());
        }
    }
}
