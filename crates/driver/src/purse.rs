//! Budgets that calls share.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Micros, TenantId, UnixMillis};
use tracing::warn;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The part of a budget, in percent, at which whoever runs the server is warned.
const WARN_PERCENT: u8 = 80;

/// How the cost of a call has changed. It may fall: what was refused is not paid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    pub(crate) before: Micros,
    pub(crate) after: Micros,
}

/// What each tenant has spent today. Days are those of UTC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purses {
    by_tenant: Arc<Mutex<BTreeMap<TenantId, Purse>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Purse {
    day: i64,
    spent: Micros,
    warned: bool,
}

impl Purses {
    /// Takes so much more out of a tenant's purse. Returns what it has spent today.
    pub(crate) fn spend(&self, tenant: &TenantId, now: UnixMillis, more: Micros) -> Micros {
        let mut purses = self.lock();
        let purse = today(purses.entry(tenant.clone()).or_default(), now);
        purse.spent = purse.spent + more;
        purse.spent
    }

    /// Takes what a call costs out of a tenant's purse, of which it was told before.
    pub(crate) fn settle(&self, tenant: &TenantId, now: UnixMillis, cost: Change) {
        let mut purses = self.lock();
        let purse = today(purses.entry(tenant.clone()).or_default(), now);
        purse.spent = purse.spent + cost.after - cost.before;
    }

    /// Whether a tenant may spend more of its budget today. Says so in the log, once a day, when it
    /// is nearly spent.
    pub(crate) fn may_spend(&self, tenant: &TenantId, now: UnixMillis, budget: Micros) -> bool {
        let mut purses = self.lock();
        let purse = today(purses.entry(tenant.clone()).or_default(), now);
        if purse.spent >= budget.percent(WARN_PERCENT) && !purse.warned {
            purse.warned = true;
            warn!(%tenant, spent = %purse.spent, %budget, "today's budget is nearly spent");
        }
        purse.spent < budget
    }

    // No change stops half-way.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Purse>> {
        self.by_tenant
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The purse, filled again if a new day has begun. A clock that is set back over midnight begins no
/// day anew; one that was days ahead was wrong, and its days never come.
fn today(purse: &mut Purse, now: UnixMillis) -> &mut Purse {
    let day = day_of(now);
    if purse.day < day || purse.day > day + 1 {
        *purse = Purse {
            day,
            ..Purse::default()
        };
    }
    purse
}

fn day_of(now: UnixMillis) -> i64 {
    now.0.div_euclid(DAY_MS)
}

/// When the day began that this moment is in.
pub(crate) fn day_began(now: UnixMillis) -> UnixMillis {
    UnixMillis(day_of(now) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> TenantId {
        "acme".parse().expect("a name")
    }

    const NOON: UnixMillis = UnixMillis(20_000 * DAY_MS + DAY_MS / 2);
    const BUDGET: Micros = Micros(1_000);

    #[test]
    fn a_purse_is_empty_when_the_budget_is_spent_and_full_again_the_next_day() {
        let purses = Purses::default();
        assert!(purses.may_spend(&acme(), NOON, BUDGET));
        assert_eq!(purses.spend(&acme(), NOON, Micros(600)), Micros(600));
        assert!(purses.may_spend(&acme(), NOON, BUDGET));
        assert_eq!(purses.spend(&acme(), NOON, Micros(600)), Micros(1_200));
        assert!(!purses.may_spend(&acme(), NOON, BUDGET));
        let other = "other".parse().expect("a name");
        assert!(purses.may_spend(&other, NOON, BUDGET), "each has its own");
        let tomorrow = UnixMillis(NOON.0 + DAY_MS);
        assert!(purses.may_spend(&acme(), tomorrow, BUDGET));
    }

    #[test]
    fn a_clock_that_is_set_back_over_midnight_fills_no_purse() {
        let purses = Purses::default();
        let midnight = UnixMillis(day_began(NOON).0 + DAY_MS);
        let [before, after] = [-1, 1].map(|minutes| UnixMillis(midnight.0 + minutes * 60_000));
        purses.spend(&acme(), before, BUDGET);
        assert!(purses.may_spend(&acme(), after, BUDGET), "a new day");
        purses.spend(&acme(), after, BUDGET);
        assert!(
            !purses.may_spend(&acme(), before, BUDGET),
            "not the old one"
        );
        assert_eq!(purses.spend(&acme(), after, Micros(1)), Micros(1_001));
        let days_before = UnixMillis(before.0 - DAY_MS);
        assert!(purses.may_spend(&acme(), days_before, BUDGET));
    }

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(day_began(NOON), UnixMillis(20_000 * DAY_MS));
        assert_eq!(day_began(UnixMillis(-1)), UnixMillis(-DAY_MS));
    }
}
