//! How one breaker opens, is tried and closes.

use std::time::Duration;

use domain::ModelName;
use providers::ProviderError;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{BreakerSettings, BreakerState, Need, whom::Watched};

/// How long one probe keeps others from trying.
pub(super) const PROBE: Duration = Duration::from_secs(10);

/// Whoever was to be tried, and was not asked for so long, may never be.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) breaker: Breaker,
    /// It was refused, and nothing has worked since.
    pub(super) refused: bool,
    /// When requests failed since the last one that worked, and of which model. Old ones are
    /// forgotten.
    failures: Vec<(Instant, ModelName)>,
}

/// What whoever runs the server should know of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Notice {
    Closed,
    HalfOpen,
    Opened,
    Recovers,
    Refused,
}

/// Whether it is asked, and what decides that.
#[derive(Debug, Default)]
pub(super) enum Breaker {
    #[default]
    Closed,
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

impl Standing {
    pub(super) fn succeeded(&mut self, now: Instant, enough: u32) {
        self.breaker.succeeded(now, enough);
        self.failures.clear();
        // What was asked for before the refusal may still come.
        if self.is().0 != Notice::Opened {
            self.refused = false;
        }
    }

    pub(super) fn refused(&mut self, now: Instant, settings: &BreakerSettings) {
        self.refused = true;
        self.open(now + settings.open_for_key);
    }

    /// A request to this model failed. What a provider's models share is open only when two of them
    /// say so: one alone has a breaker of its own.
    pub(super) fn failed(
        &mut self,
        (of, by): (&Watched, &ModelName),
        now: Instant,
        settings: &BreakerSettings,
    ) {
        self.failures.retain(|(at, _)| now - *at < settings.window);
        self.failures.push((now, by.clone()));
        let is_sure = match of {
            Watched::Access(_) => self.failures.iter().any(|(_, other)| other != by),
            Watched::Model(_) | Watched::Settings { .. } => true,
        };
        let is_enough = match self.breaker {
            Breaker::Closed => self.failures.len() >= settings.failures as usize,
            Breaker::HalfOpen { .. } | Breaker::Recovering { .. } => true,
            Breaker::Open { .. } => false,
        };
        if is_sure && is_enough {
            self.open(now + settings.open);
        }
    }

    fn open(&mut self, until: Instant) {
        self.failures.clear();
        self.breaker = Breaker::Open { until };
    }

    /// How it became what it is, and whether it is refused.
    pub(super) const fn is(&self) -> (Notice, bool) {
        let became = match &self.breaker {
            Breaker::Closed => Notice::Closed,
            Breaker::HalfOpen { .. } => Notice::HalfOpen,
            Breaker::Open { .. } => Notice::Opened,
            Breaker::Recovering { .. } => Notice::Recovers,
        };
        (became, self.refused)
    }

    /// What has changed since. A refusal is told once, whatever follows, until something works.
    pub(super) fn notice(&self, (before, was_refused): (Notice, bool)) -> Option<Notice> {
        if self.refused && !was_refused {
            return Some(Notice::Refused);
        }
        let (became, _) = self.is();
        (became != before).then_some(became)
    }
}

impl Notice {
    /// What was found out when that model was asked, and by which failure.
    pub(super) fn log(self, of: &Watched, (model, error): (&ModelName, Option<&ProviderError>)) {
        let error = error.map(tracing::field::display);
        match (self, of) {
            (Self::Closed, _) => info!(provider = %of, "provider has all its work again"),
            (Self::HalfOpen, _) => info!(provider = %of, "provider is tried again"),
            (Self::Opened, _) => warn!(provider = %of, "provider fails, left alone for a while"),
            (Self::Recovers, _) => info!(provider = %of, "provider works again"),
            (Self::Refused, Watched::Access(_)) => {
                error!(provider = %of, %model, error, "provider refuses its key or quota");
            }
            (Self::Refused, Watched::Model(_)) => {
                error!(provider = %of, error, "provider refuses a model");
            }
            (Self::Refused, Watched::Settings { agent, .. }) => {
                error!(provider = %of, %agent, error, "provider refuses an agent's settings");
            }
        }
    }
}

impl Breaker {
    /// Whether nobody, or only the one who tries it, may ask.
    pub(super) fn turns_away(&self, now: Instant, need: Need) -> bool {
        match self {
            Self::Closed | Self::Recovering { .. } => false,
            Self::Open { until } => *until > now,
            Self::HalfOpen {
                probing_until,
                reached,
                ..
            } => {
                let known_to_be_there = *reached && need == Need::LastResort;
                *probing_until > now && !known_to_be_there
            }
        }
    }

    /// One more wants to ask. One that recovers makes room for a share of them.
    pub(super) fn makes_room(&mut self, now: Instant, ramp_percent: u32) {
        if let Self::Recovering { since, credit } = self {
            let share = share(now - *since, ramp_percent);
            if share >= 100 {
                *self = Self::default();
            } else {
                // What is not used now is not for a crowd later.
                *credit = (*credit + share).min(100 + share);
            }
        }
    }

    pub(super) fn has_room(&self, need: Need) -> bool {
        match self {
            Self::Closed | Self::HalfOpen { .. } | Self::Open { .. } => true,
            Self::Recovering { credit, .. } => *credit >= 100 || need == Need::LastResort,
        }
    }

    /// Somebody asks. Where nobody knows how it does, that is a probe.
    pub(super) fn is_asked(&mut self, now: Instant) {
        match self {
            Self::Closed => {}
            Self::Recovering { credit, .. } => *credit = credit.saturating_sub(100),
            Self::Open { .. } => {
                *self = Self::HalfOpen {
                    successes: 0,
                    probing_until: now + PROBE,
                    reached: false,
                    held: false,
                };
            }
            Self::HalfOpen {
                probing_until,
                reached,
                held,
                ..
            } => {
                *probing_until = now + PROBE;
                *reached = false;
                *held = false;
            }
        }
    }

    /// How long nobody may ask, not even those who have nobody else.
    pub(super) fn rest(&self, now: Instant) -> Duration {
        match self {
            Self::Open { until }
            | Self::HalfOpen {
                probing_until: until,
                reached: false,
                ..
            } => until.saturating_duration_since(now),
            Self::Closed | Self::HalfOpen { reached: true, .. } | Self::Recovering { .. } => {
                Duration::ZERO
            }
        }
    }

    /// Takes hold of the probe that was last allowed, unless somebody has it.
    pub(super) fn take_probe(&mut self) -> Option<Instant> {
        match self {
            Self::HalfOpen {
                probing_until,
                held,
                ..
            } => (!std::mem::replace(held, true)).then_some(*probing_until),
            Self::Closed | Self::Open { .. } | Self::Recovering { .. } => None,
        }
    }

    /// The probe that was to last until then is gone. Whatever it has shown was told before.
    pub(super) fn give_back(&mut self, probe: Instant, now: Instant) {
        if let Self::HalfOpen { probing_until, .. } = self
            && *probing_until == probe
        {
            *probing_until = now;
        }
    }

    /// Whether everybody may ask.
    pub(super) fn is_closed(&self, now: Instant, ramp_percent: u32) -> bool {
        match self {
            Self::Closed => true,
            Self::HalfOpen { .. } | Self::Open { .. } => false,
            Self::Recovering { since, .. } => share(now - *since, ramp_percent) >= 100,
        }
    }

    /// Everybody may ask, or nobody wants to.
    pub(super) fn is_over(&self, now: Instant, ramp_percent: u32) -> bool {
        match self {
            Self::Closed | Self::Recovering { .. } => self.is_closed(now, ramp_percent),
            Self::HalfOpen {
                probing_until: until,
                ..
            }
            | Self::Open { until } => now.saturating_duration_since(*until) >= FORGOTTEN_AFTER,
        }
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self {
            Self::Closed | Self::Recovering { .. } => BreakerState::Closed,
            Self::Open { until } if *until > now => BreakerState::Open,
            Self::Open { .. } | Self::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn succeeded(&mut self, now: Instant, enough: u32) {
        match self {
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
            Self::Closed | Self::Open { .. } | Self::Recovering { .. } => {}
        }
    }

    pub(super) fn reached(&mut self) {
        if let Self::HalfOpen { reached, .. } = self {
            *reached = true;
        }
    }

    /// Somebody else may try it, too.
    pub(super) fn free(&mut self, now: Instant) {
        if let Self::HalfOpen { probing_until, .. } = self {
            *probing_until = now;
        }
    }
}

/// How many of a hundred are let through, so long after it came back.
fn share(after: Duration, ramp_percent: u32) -> u128 {
    after.as_millis() * u128::from(ramp_percent) / 1_000
}
