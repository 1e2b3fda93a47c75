use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ModelName;
use providers::{ProviderError, Verdict};
use tokio::time::Instant;
use tracing::{error, info, warn};

/// When a provider that fails is left alone, and how it comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BreakerSettings {
    /// Failures within `window` that open it.
    pub failures: u32,
    /// How long a failure is remembered.
    pub window: Duration,
    /// How long it stays open.
    pub open: Duration,
    /// How long it stays open when a key, a quota or a model was refused.
    pub open_for_key: Duration,
    /// Successes in a row that close it again.
    pub successes: u32,
    /// Of those who ask, so many percent more are let through every second after that.
    pub ramp_percent: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 3,
            window: Duration::from_secs(10),
            open: Duration::from_secs(30),
            open_for_key: Duration::from_secs(5 * 60),
            successes: 2,
            ramp_percent: 10,
        }
    }
}

/// How long one probe keeps others from trying.
const PROBE: Duration = Duration::from_secs(10);

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
    /// Its key, its quota or the model itself was refused: waiting does not help, somebody has to
    /// look after it.
    pub refused: bool,
}

/// How much somebody needs a provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// There is nobody else.
    LastResort,
    Usual,
}

/// One breaker per model of a provider, shared by all calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakers {
    by_name: Arc<Mutex<BTreeMap<ModelName, Watched>>>,
    settings: BreakerSettings,
}

/// What is known of one model.
#[derive(Debug, Default)]
struct Watched {
    breaker: Breaker,
    /// Its key, its quota or the model itself was refused, and nothing has worked since.
    refused: bool,
}

/// What whoever runs the server should know of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Notice {
    Closed,
    HalfOpen,
    Opened,
    Recovers,
    Refused,
}

#[derive(Debug)]
enum Breaker {
    Closed {
        failures: Vec<Instant>,
    },
    /// A probe that tells nothing, and is not even dropped, is forgotten after a while.
    HalfOpen {
        successes: u32,
        probing_until: Instant,
        /// The probe has reached it. Whether it works is not known yet.
        reached: bool,
        /// Somebody holds the probe, and gives it back.
        held: bool,
    },
    Open {
        until: Instant,
    },
    /// It works again, and is not to be overrun.
    Recovering {
        since: Instant,
        /// Percents of a request that were not let through yet.
        credit: u128,
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

    /// Breakers that work like this.
    pub(crate) fn with(settings: BreakerSettings) -> Self {
        Self {
            by_name: Arc::default(),
            settings,
        }
    }

    /// Whether this model may be asked now. A half-open breaker lets one probe through, one that
    /// has just closed a growing share; those who have nobody else it does not turn away, unless the
    /// probe may show at any moment that nobody is there.
    pub(crate) fn allows(&self, name: &ModelName, need: Need) -> bool {
        let ramp = self.settings.ramp_percent;
        self.change(name, |watched, now| watched.breaker.allows(now, need, ramp))
    }

    /// The first of these, by their places, that may be asked: one that is not to be overrun only
    /// if there is nobody else.
    pub(crate) fn first_allowed<'n>(
        &self,
        names: impl Iterator<Item = (usize, &'n ModelName)> + Clone,
    ) -> Option<usize> {
        let allowed = |need| {
            let mut names = names.clone();
            names.find(|(_, name)| self.allows(name, need))
        };
        let found = allowed(Need::Usual).or_else(|| allowed(Need::LastResort));
        found.map(|(place, _)| place)
    }

    /// How long this model will not be asked, not even by those who have nobody else.
    pub(crate) fn rests(&self, name: &ModelName) -> Duration {
        let now = Instant::now();
        match self.lock().get(name).map(|watched| &watched.breaker) {
            Some(
                Breaker::Open { until }
                | Breaker::HalfOpen {
                    probing_until: until,
                    reached: false,
                    ..
                },
            ) => until.saturating_duration_since(now),
            Some(
                Breaker::Closed { .. }
                | Breaker::HalfOpen { reached: true, .. }
                | Breaker::Recovering { .. },
            )
            | None => Duration::ZERO,
        }
    }

    /// Takes hold of the probe that was last allowed, unless somebody has it: until when it keeps
    /// others away, which also tells it from others.
    pub(crate) fn take_probe(&self, name: &ModelName) -> Option<Instant> {
        match &mut self.lock().get_mut(name)?.breaker {
            Breaker::HalfOpen {
                probing_until,
                held,
                ..
            } => (!std::mem::replace(held, true)).then_some(*probing_until),
            Breaker::Closed { .. } | Breaker::Open { .. } | Breaker::Recovering { .. } => None,
        }
    }

    /// Until when somebody tries it, and keeps others from it.
    fn probed_until(&self, name: &ModelName) -> Option<Instant> {
        match self.lock().get(name)?.breaker {
            Breaker::HalfOpen { probing_until, .. } => Some(probing_until),
            Breaker::Closed { .. } | Breaker::Open { .. } | Breaker::Recovering { .. } => None,
        }
    }

    /// The probe that was to last until then is gone. Whatever it has shown was told before.
    pub(crate) fn give_back(&self, name: &ModelName, probe: Instant) {
        if self.probed_until(name) == Some(probe) {
            self.answered(name);
        }
    }

    pub(crate) fn succeeded(&self, name: &ModelName) {
        let successes = self.settings.successes;
        self.change(name, |watched, now| watched.succeeded(now, successes));
    }

    /// Somebody is there, which says nothing about how well it works.
    pub(crate) fn reached(&self, name: &ModelName) {
        self.change(name, |watched, _| watched.breaker.reached());
    }

    /// It answered, which says nothing about how well it works.
    pub(crate) fn answered(&self, name: &ModelName) {
        self.change(name, |watched, now| watched.breaker.answered(now));
    }

    pub(crate) fn failed(&self, name: &ModelName, error: &ProviderError) {
        let settings = &self.settings;
        self.change(name, |watched, now| match error.verdict() {
            Verdict::KeyRefused => watched.refused(now, settings),
            Verdict::Retry | Verdict::RetryAfter(_) | Verdict::SwitchProvider => {
                watched.breaker.failed(now, settings)
            }
            // It did not take the request; the next one it may.
            Verdict::GiveUp => watched.breaker.answered(now),
        });
    }

    /// Changes a breaker, and tells the log if that is a turn of events.
    fn change<T>(&self, name: &ModelName, change: impl FnOnce(&mut Watched, Instant) -> T) -> T {
        let mut breakers = self.lock();
        let watched = breakers.entry(name.clone()).or_default();
        let before = watched.standing();
        let changed = change(watched, Instant::now());
        let notice = watched.notice(before);
        drop(breakers);
        if let Some(notice) = notice {
            notice.log(name);
        }
        changed
    }

    /// All breakers as they are now.
    pub(crate) fn statuses(&self) -> Vec<BreakerStatus> {
        let now = Instant::now();
        let state = |breaker: &Breaker| match breaker {
            Breaker::Closed { .. } | Breaker::Recovering { .. } => BreakerState::Closed,
            Breaker::Open { until } if *until > now => BreakerState::Open,
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => BreakerState::HalfOpen,
        };
        self.lock()
            .iter()
            .map(|(name, watched)| BreakerStatus {
                name: name.clone(),
                state: state(&watched.breaker),
                refused: watched.refused,
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ModelName, Watched>> {
        // A panic elsewhere cannot leave a breaker half-written.
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn succeeded(&mut self, now: Instant, enough: u32) {
        self.breaker.succeeded(now, enough);
        // What was asked for before the refusal may still come.
        if self.standing().0 != Notice::Opened {
            self.refused = false;
        }
    }

    fn refused(&mut self, now: Instant, settings: &BreakerSettings) {
        self.refused = true;
        self.breaker = Breaker::Open {
            until: now + settings.open_for_key,
        };
    }

    /// How it became what it is, and whether it is refused.
    const fn standing(&self) -> (Notice, bool) {
        let became = match &self.breaker {
            Breaker::Closed { .. } => Notice::Closed,
            Breaker::HalfOpen { .. } => Notice::HalfOpen,
            Breaker::Open { .. } => Notice::Opened,
            Breaker::Recovering { .. } => Notice::Recovers,
        };
        (became, self.refused)
    }

    /// What has changed since. A refusal is told once, whatever follows, until something works.
    fn notice(&self, (before, was_refused): (Notice, bool)) -> Option<Notice> {
        if self.refused && !was_refused {
            return Some(Notice::Refused);
        }
        let (became, _) = self.standing();
        (became != before).then_some(became)
    }
}

impl Notice {
    fn log(self, provider: &ModelName) {
        match self {
            Self::Closed => info!(%provider, "provider has all its work again"),
            Self::HalfOpen => info!(%provider, "provider is tried again"),
            Self::Opened => warn!(%provider, "provider fails, left alone for a while"),
            Self::Recovers => info!(%provider, "provider works again"),
            Self::Refused => error!(%provider, "provider refuses its key, quota or model"),
        }
    }
}

impl Breaker {
    fn allows(&mut self, now: Instant, need: Need, ramp_percent: u32) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until } if *until > now => false,
            Self::Open { .. } => {
                *self = Self::HalfOpen {
                    successes: 0,
                    probing_until: now + PROBE,
                    reached: false,
                    held: false,
                };
                true
            }
            Self::HalfOpen {
                probing_until,
                reached,
                held,
                ..
            } => {
                let known_to_be_there = *reached && need == Need::LastResort;
                if *probing_until > now && !known_to_be_there {
                    return false;
                }
                *probing_until = now + PROBE;
                *reached = false;
                *held = false;
                true
            }
            Self::Recovering { since, credit } => {
                let share = (now - *since).as_millis() * u128::from(ramp_percent) / 1_000;
                if share >= 100 {
                    *self = Self::default();
                    return true;
                }
                *credit += share;
                let through = *credit >= 100 || need == Need::LastResort;
                if through {
                    *credit = credit.saturating_sub(100);
                }
                through
            }
        }
    }

    fn succeeded(&mut self, now: Instant, enough: u32) {
        match self {
            Self::Closed { failures } => failures.clear(),
            Self::HalfOpen { successes, .. } if *successes + 1 >= enough => {
                *self = Self::Recovering {
                    since: now,
                    credit: 0,
                }
            }
            Self::HalfOpen {
                successes,
                probing_until,
                ..
            } => {
                *successes += 1;
                *probing_until = now;
            }
            Self::Open { .. } | Self::Recovering { .. } => {}
        }
    }

    fn reached(&mut self) {
        if let Self::HalfOpen { reached, .. } = self {
            *reached = true;
        }
    }

    /// A probe came back without a verdict on the provider.
    fn answered(&mut self, now: Instant) {
        if let Self::HalfOpen { probing_until, .. } = self {
            *probing_until = now;
        }
    }

    fn failed(&mut self, now: Instant, settings: &BreakerSettings) {
        let open = Self::Open {
            until: now + settings.open,
        };
        match self {
            Self::Closed { failures } => {
                failures.retain(|at| now - *at < settings.window);
                failures.push(now);
                if failures.len() >= settings.failures as usize {
                    *self = open;
                }
            }
            Self::HalfOpen { .. } | Self::Recovering { .. } => *self = open,
            Self::Open { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
