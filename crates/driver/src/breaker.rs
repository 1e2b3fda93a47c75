use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ModelName;
use providers::{ProviderError, Verdict};
use tokio::time::Instant;

/// Failures within [`WINDOW`] that open a breaker.
const FAILURES: usize = 3;
const WINDOW: Duration = Duration::from_secs(10);
/// How long it stays open after failures, and after a refused key.
const OPEN: Duration = Duration::from_secs(30);
const OPEN_FOR_KEY: Duration = Duration::from_secs(5 * 60);
/// How long one probe keeps others from trying.
const PROBE: Duration = Duration::from_secs(10);
/// Successes in a row that close it again.
const SUCCESSES: u32 = 2;

/// Whether a provider is asked at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BreakerState {
    /// It works.
    Closed,
    /// One probe at a time may try.
    HalfOpen,
    /// It failed: nobody asks it for a while.
    Open,
}

impl BreakerState {
    /// The name in `/health`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// A breaker as `/health` and metrics show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakerStatus {
    /// Which model of whom.
    pub name: ModelName,
    /// Whether it is asked.
    pub state: BreakerState,
}

/// One breaker per model of a provider, shared by all calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakers {
    by_name: Arc<Mutex<BTreeMap<ModelName, Breaker>>>,
}

#[derive(Debug)]
enum Breaker {
    Closed {
        failures: Vec<Instant>,
    },
    /// A probe that was dropped tells nothing; after a while the next one may try.
    HalfOpen {
        successes: u32,
        probing_until: Instant,
    },
    Open {
        until: Instant,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed {
            failures: Vec::new(),
        }
    }
}

impl Breakers {
    /// Begins to watch a model, so that it is shown before it is first used.
    pub(crate) fn watch(&self, name: &ModelName) {
        self.lock().entry(name.clone()).or_default();
    }

    /// Whether this model may be asked now. A half-open breaker lets one probe through.
    pub(crate) fn allows(&self, name: &ModelName) -> bool {
        self.lock()
            .entry(name.clone())
            .or_default()
            .allows(Instant::now())
    }

    /// How long this model will not be asked.
    pub(crate) fn rests(&self, name: &ModelName) -> Duration {
        let now = Instant::now();
        match self.lock().get(name) {
            Some(
                Breaker::Open { until }
                | Breaker::HalfOpen {
                    probing_until: until,
                    ..
                },
            ) => until.saturating_duration_since(now),
            Some(Breaker::Closed { .. }) | None => Duration::ZERO,
        }
    }

    pub(crate) fn succeeded(&self, name: &ModelName) {
        self.lock()
            .entry(name.clone())
            .or_default()
            .succeeded(Instant::now());
    }

    pub(crate) fn failed(&self, name: &ModelName, error: &ProviderError) {
        let now = Instant::now();
        let mut breakers = self.lock();
        let breaker = breakers.entry(name.clone()).or_default();
        match error.verdict() {
            Verdict::KeyRefused => {
                *breaker = Breaker::Open {
                    until: now + OPEN_FOR_KEY,
                }
            }
            Verdict::Retry | Verdict::RetryAfter(_) | Verdict::SwitchProvider => {
                breaker.failed(now)
            }
            // The request was wrong, not the provider.
            Verdict::GiveUp => breaker.answered(now),
        }
    }

    /// All breakers as they are now.
    pub(crate) fn statuses(&self) -> Vec<BreakerStatus> {
        let now = Instant::now();
        let state = |breaker: &Breaker| match breaker {
            Breaker::Closed { .. } => BreakerState::Closed,
            Breaker::Open { until } if *until > now => BreakerState::Open,
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => BreakerState::HalfOpen,
        };
        self.lock()
            .iter()
            .map(|(name, breaker)| BreakerStatus {
                name: name.clone(),
                state: state(breaker),
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ModelName, Breaker>> {
        // A panic elsewhere cannot leave a breaker half-written.
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Breaker {
    fn allows(&mut self, now: Instant) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until } if *until > now => false,
            Self::Open { .. } => {
                *self = Self::HalfOpen {
                    successes: 0,
                    probing_until: now + PROBE,
                };
                true
            }
            Self::HalfOpen { probing_until, .. } if *probing_until > now => false,
            Self::HalfOpen { probing_until, .. } => {
                *probing_until = now + PROBE;
                true
            }
        }
    }

    fn succeeded(&mut self, now: Instant) {
        match self {
            Self::Closed { failures } => failures.clear(),
            Self::HalfOpen { successes, .. } if *successes + 1 >= SUCCESSES => {
                *self = Self::default()
            }
            Self::HalfOpen {
                successes,
                probing_until,
            } => {
                *successes += 1;
                *probing_until = now;
            }
            Self::Open { .. } => {}
        }
    }

    /// A probe came back without a verdict on the provider.
    fn answered(&mut self, now: Instant) {
        if let Self::HalfOpen { probing_until, .. } = self {
            *probing_until = now;
        }
    }

    fn failed(&mut self, now: Instant) {
        match self {
            Self::Closed { failures } => {
                failures.retain(|at| now - *at < WINDOW);
                failures.push(now);
                if failures.len() >= FAILURES {
                    *self = Self::Open { until: now + OPEN };
                }
            }
            Self::HalfOpen { .. } => *self = Self::Open { until: now + OPEN },
            Self::Open { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> ModelName {
        "deepgram/nova-3".parse().unwrap()
    }

    fn silent() -> ProviderError {
        ProviderError::Silent {
            provider: "deepgram",
            stage: "connect",
            waited: Duration::from_secs(2),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_open_it_and_two_successes_close_it() {
        let breakers = Breakers::default();
        for _ in 0..3 {
            assert!(breakers.allows(&name()));
            breakers.failed(&name(), &silent());
        }
        assert!(!breakers.allows(&name()));
        tokio::time::advance(OPEN).await;
        assert!(breakers.allows(&name()), "one probe");
        assert!(!breakers.allows(&name()), "and no more than one");
        breakers.succeeded(&name());
        assert_eq!(breakers.statuses()[0].state, BreakerState::HalfOpen);
        assert!(breakers.allows(&name()));
        breakers.succeeded(&name());
        assert_eq!(breakers.statuses()[0].state, BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_was_dropped_does_not_block_the_next() {
        let breakers = Breakers::default();
        for _ in 0..3 {
            breakers.failed(&name(), &silent());
        }
        tokio::time::advance(OPEN).await;
        assert!(breakers.allows(&name()));
        tokio::time::advance(PROBE).await;
        assert!(breakers.allows(&name()));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_far_apart_leave_it_closed() {
        let breakers = Breakers::default();
        for _ in 0..5 {
            breakers.failed(&name(), &silent());
            tokio::time::advance(Duration::from_secs(6)).await;
        }
        assert!(breakers.allows(&name()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_opens_it_at_once_and_for_long() {
        let refused = ProviderError::Refused {
            provider: "deepgram",
            status: 401,
            detail: "INVALID_AUTH".to_owned(),
            verdict: Verdict::KeyRefused,
        };
        let breakers = Breakers::default();
        breakers.failed(&name(), &refused);
        tokio::time::advance(Duration::from_secs(299)).await;
        assert!(!breakers.allows(&name()));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(breakers.allows(&name()));
    }
}
