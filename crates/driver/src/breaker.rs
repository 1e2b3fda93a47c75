mod machine;
mod whom;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ModelName;
use providers::{ProviderError, Verdict};
use tokio::time::Instant;

use self::machine::{Breaker, Notice, Standing};
pub use self::whom::Watched;
pub(crate) use self::whom::Whom;
#[cfg(test)]
pub(crate) use self::whom::anna;

/// When a provider that fails is left alone, and how it comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BreakerSettings {
    /// Failures within `window` that open it.
    pub failures: u32,
    /// How long a failure is remembered.
    pub window: Duration,
    /// How long it stays open.
    pub open: Duration,
    /// How long it stays open when a key, a quota, a model or settings were refused.
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
    /// What it watches.
    pub of: Watched,
    /// Whether that is asked.
    pub state: BreakerState,
    /// The key or the quota, the model or the settings were refused: waiting does not help, somebody
    /// has to look after it.
    pub refused: bool,
}

/// How much somebody needs a provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// There is nobody else.
    LastResort,
    Usual,
}

/// Breakers shared by all calls. In front of a model stand its own, that of its provider's access,
/// and that of an agent's settings where some were refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakers {
    all: Arc<Mutex<All>>,
    settings: BreakerSettings,
}

type All = BTreeMap<Watched, Standing>;

/// A probe that is held: of what, and until when it keeps others away, which also tells it from
/// others.
pub(crate) type Held = (Watched, Instant);

impl Breakers {
    /// Begins to watch a model, so that it is shown before it is first used.
    pub(crate) fn watch(&self, whom: Whom<'_>) {
        self.change(whom, None, |front, _| front.each(|_, _| {}));
    }

    /// Breakers that work like this.
    pub(crate) fn with(settings: BreakerSettings) -> Self {
        Self {
            all: Arc::default(),
            settings,
        }
    }

    /// Whether this model may be asked now. A half-open breaker lets one probe through, one that
    /// has just closed a growing share; those who have nobody else it does not turn away, unless the
    /// probe may show at any moment that nobody is there.
    pub(crate) fn allows(&self, whom: Whom<'_>, need: Need) -> bool {
        let ramp = self.settings.ramp_percent;
        self.change(whom, None, |front, now| {
            // A probe is taken only where nothing else turns it away.
            if front.any(|breaker| breaker.turns_away(now, need)) {
                return false;
            }
            front.each(|_, standing| standing.breaker.makes_room(now, ramp));
            let allowed = !front.any(|breaker| !breaker.has_room(need));
            if allowed {
                front.each(|_, standing| standing.breaker.is_asked(now));
            }
            allowed
        })
    }

    /// The first of these, by their places, that may be asked: one that is not to be overrun only
    /// if there is nobody else.
    pub(crate) fn first_allowed<'n>(
        &self,
        list: impl Iterator<Item = (usize, Whom<'n>)> + Clone,
    ) -> Option<usize> {
        let allowed = |need| {
            let mut list = list.clone();
            list.find(|(_, whom)| self.allows(*whom, need))
        };
        let found = allowed(Need::Usual).or_else(|| allowed(Need::LastResort));
        found.map(|(place, _)| place)
    }

    /// How long this model will not be asked, not even by those who have nobody else.
    pub(crate) fn rests(&self, whom: Whom<'_>) -> Duration {
        let (front, now) = (self.in_front(whom), Instant::now());
        let all = self.lock();
        let rests = front
            .into_iter()
            .filter_map(|watched| Some(all.get(&watched)?.breaker.rest(now)));
        rests.max().unwrap_or_default()
    }

    /// Whether everybody may ask this model.
    pub(crate) fn are_closed(&self, whom: Whom<'_>) -> bool {
        let (front, ramp) = (self.in_front(whom), self.settings.ramp_percent);
        let (all, now) = (self.lock(), Instant::now());
        let mut standings = front.iter().filter_map(|watched| all.get(watched));
        standings.all(|standing| standing.breaker.is_closed(now, ramp))
    }

    /// Takes hold of the probes that were last allowed, unless somebody has them.
    pub(crate) fn take_probes(&self, whom: Whom<'_>) -> Vec<Held> {
        let front = self.in_front(whom);
        let (mut all, mut held) = (self.lock(), Vec::new());
        for watched in front {
            let standing = all.get_mut(&watched);
            if let Some(until) = standing.and_then(|standing| standing.breaker.take_probe()) {
                held.push((watched, until));
            }
        }
        held
    }

    /// A probe is gone. Whatever it has shown was told before.
    pub(crate) fn give_back(&self, (watched, until): &Held) {
        if let Some(standing) = self.lock().get_mut(watched) {
            standing.breaker.give_back(*until, Instant::now());
        }
    }

    pub(crate) fn succeeded(&self, whom: Whom<'_>) {
        let enough = self.settings.successes;
        self.change(whom, None, |front, now| {
            front.each(|_, standing| standing.succeeded(now, enough));
        });
    }

    /// Somebody is there, which says nothing about how well it works. Of an address no more is to be
    /// found out, so others may ask beside this one; a key may still turn out to be refused.
    pub(crate) fn reached(&self, whom: Whom<'_>) {
        self.change(whom, None, |front, now| {
            front.each(|watched, standing| match watched {
                Watched::Access(_) if !standing.refused => standing.breaker.free(now),
                Watched::Access(_) | Watched::Model(_) | Watched::Settings { .. } => {
                    standing.breaker.reached();
                }
            });
        });
    }

    /// It failed, or what stands in front of it: of the rest nothing was found out, and whoever
    /// holds a probe of that goes on.
    pub(crate) fn failed(&self, whom: Whom<'_>, error: &ProviderError) {
        let settings = &self.settings;
        let blame = Blame::of(whom, error);
        self.change(whom, Some((error, &blame)), |front, now| {
            front.each(|watched, standing| match &blame {
                Blame::Refused(blamed) if blamed == watched => standing.refused(now, settings),
                Blame::Failed(blamed) if blamed.contains(watched) => {
                    standing.failed((watched, whom.name), now, settings);
                }
                Blame::Failed(_) | Blame::Nobody | Blame::Refused(_) => {}
            });
        });
    }

    /// Changes the breakers in front of a model, and tells the log of turns of events.
    fn change<T>(
        &self,
        whom: Whom<'_>,
        failure: Option<(&ProviderError, &Blame)>,
        change: impl FnOnce(&mut Front<'_>, Instant) -> T,
    ) -> T {
        let mut front = self.in_front(whom);
        let mut all = self.lock();
        if let Some((_, Blame::Refused(refused))) = failure {
            all.entry(refused.clone()).or_default();
            if !front.contains(refused) {
                front.push(refused.clone());
            }
        }
        let mut front = Front::of(&mut all, front);
        let before = front.are();
        let changed = change(&mut front, Instant::now());
        let notices = front.notices(&before);
        drop(all);
        for (watched, notice) in notices {
            notice.log(&watched, (whom.name, failure.map(|(error, _)| error)));
        }
        changed
    }

    /// All breakers as they are now.
    pub(crate) fn statuses(&self) -> Vec<BreakerStatus> {
        let now = Instant::now();
        self.lock()
            .iter()
            .map(|(watched, standing)| BreakerStatus {
                of: watched.clone(),
                state: standing.breaker.state(now),
                refused: standing.refused,
            })
            .collect()
    }

    /// Forgets settings that work again, and those that nobody has asked for in a day. Returns them.
    pub(crate) fn forget(&self) -> Vec<Watched> {
        let (now, ramp) = (Instant::now(), self.settings.ramp_percent);
        let mut all = self.lock();
        let is_over = |watched: &Watched, standing: &Standing| match watched {
            Watched::Settings { .. } => standing.breaker.is_over(now, ramp),
            Watched::Access(_) | Watched::Model(_) => false,
        };
        let over = all.extract_if(.., |watched, standing| is_over(watched, standing));
        over.map(|(watched, _)| watched).collect()
    }

    /// What has to be in order for a model to be asked. Nobody waits while settings are written out,
    /// which is done only where some of that model's were refused.
    fn in_front(&self, whom: Whom<'_>) -> Vec<Watched> {
        let mut front = vec![whom.model()];
        front.extend(whom.access());
        let some_refused = any_settings(&self.lock(), whom.name);
        if some_refused {
            front.push(whom.settings());
        }
        front
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        // A panic elsewhere cannot leave a breaker half-written.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether any settings of this model were refused. They come last, and few were ever.
fn any_settings(all: &All, of: &ModelName) -> bool {
    let mut refused = all.keys().rev().map_while(|watched| match watched {
        Watched::Settings { name, .. } => Some(name),
        Watched::Access(_) | Watched::Model(_) => None,
    });
    refused.any(|name| name == of)
}

/// What a failure is about.
enum Blame {
    Failed(Vec<Watched>),
    Nobody,
    Refused(Watched),
}

impl Blame {
    fn of(whom: Whom<'_>, error: &ProviderError) -> Self {
        match error.verdict() {
            Verdict::GiveUp => Self::Nobody,
            Verdict::KeyRefused => Self::Refused(whom.access().unwrap_or_else(|| whom.model())),
            Verdict::ModelRefused => Self::Refused(whom.model()),
            Verdict::SettingsRefused => Self::Refused(whom.settings()),
            Verdict::Retry | Verdict::RetryAfter(_) | Verdict::SwitchProvider => {
                // Whatever broke once it was reached is no sign against its other models.
                let access = whom.access().filter(|_| error.is_unreachable());
                Self::Failed([whom.model()].into_iter().chain(access).collect())
            }
        }
    }
}

/// The breakers in front of a model.
struct Front<'b> {
    all: &'b mut All,
    watched: Vec<Watched>,
}

impl<'b> Front<'b> {
    fn of(all: &'b mut All, mut watched: Vec<Watched>) -> Self {
        watched.retain(|watched| match watched {
            // Only what was refused is watched.
            Watched::Settings { .. } => all.contains_key(watched),
            Watched::Access(_) | Watched::Model(_) => true,
        });
        for watched in &watched {
            if !all.contains_key(watched) {
                all.insert(watched.clone(), Standing::default());
            }
        }
        Self { all, watched }
    }

    fn each(&mut self, mut change: impl FnMut(&Watched, &mut Standing)) {
        for watched in &self.watched {
            if let Some(standing) = self.all.get_mut(watched) {
                change(watched, standing);
            }
        }
    }

    fn any(&self, does: impl Fn(&Breaker) -> bool) -> bool {
        let mut standings = self
            .watched
            .iter()
            .filter_map(|watched| self.all.get(watched));
        standings.any(|standing| does(&standing.breaker))
    }

    fn are(&mut self) -> Vec<(Notice, bool)> {
        let mut are = Vec::with_capacity(self.watched.len());
        self.each(|_, standing| are.push(standing.is()));
        are
    }

    fn notices(&mut self, before: &[(Notice, bool)]) -> Vec<(Watched, Notice)> {
        let mut notices = Vec::new();
        let mut before = before.iter();
        self.each(|watched, standing| {
            let notice = before.next().and_then(|before| standing.notice(*before));
            notices.extend(notice.map(|notice| (watched.clone(), notice)));
        });
        notices
    }
}

#[cfg(test)]
mod tests;
