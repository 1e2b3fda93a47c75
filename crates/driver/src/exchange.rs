mod rehearsing;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    CallBegun, CallEnded, CallId, CarrierCallId, Clock, EndReason, Micros, Millis, Purpose,
    Receipt, TenantId, UnixMillis,
};
use futures_util::FutureExt;
use session::Input;
use store::{Record, Writer};
use tokio::{sync::mpsc, time::Instant};
use tracing::{Instrument, error, info, info_span};
use transports::{LineReader, LineWriter};

use crate::{
    agent::Agent,
    breaker::{BreakerSettings, BreakerState, BreakerStatus, Breakers},
    cache::{CacheSettings, LineCache},
    call::{Answered, Went, run_call},
    healthy::Healthy,
    meters::Meters,
    prepared::Prepared,
    purse::{self, Purses},
    rounds::Rounds,
    tally::Tally,
    tools::ToolBox,
};

/// What calls need and do not own.
#[derive(Clone)]
pub struct Shared {
    /// What is counted.
    pub meters: Arc<Meters>,
    /// Where records go.
    pub records: Writer,
    /// Wall-clock time, for records.
    pub clock: Arc<dyn Clock>,
    /// What agents can do.
    pub tools: Arc<dyn ToolBox>,
}

impl Shared {
    fn cache(&self, settings: CacheSettings) -> LineCache {
        LineCache::new(settings, Arc::clone(&self.meters), Arc::clone(&self.clock))
    }
}

/// What providers of all calls share.
#[derive(Clone)]
pub(crate) struct Commons {
    pub(crate) meters: Arc<Meters>,
    pub(crate) breakers: Breakers,
    pub(crate) cache: LineCache,
    pub(crate) purses: Purses,
}

#[cfg(test)]
impl Commons {
    /// Of nobody else.
    pub(crate) fn for_tests() -> Self {
        Self::keeping(CacheSettings::default())
    }

    /// Of nobody else, with such a cache.
    pub(crate) fn keeping(settings: CacheSettings) -> Self {
        struct Stopped;
        impl Clock for Stopped {
            fn now(&self) -> domain::UnixMillis {
                domain::UnixMillis(1_800_000_000_000)
            }
        }
        let meters = Meters::new(&mut prometheus_client::registry::Registry::default());
        let clock = Arc::new(Stopped);
        Self {
            cache: LineCache::new(settings, Arc::clone(&meters), clock),
            meters,
            breakers: Breakers::default(),
            purses: Purses::default(),
        }
    }
}

/// Sums over all calls that ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Calls.
    pub calls: u64,
    /// What they consumed of whom, and what that cost, with what was spoken before anyone called.
    pub receipt: Receipt,
}

/// A call going on.
struct Live {
    mailbox: mpsc::Sender<Input>,
    rounds: Rounds,
}

/// The telephone exchange: prepares calls, runs them, and knows which are live.
#[derive(Clone)]
pub struct Exchange {
    shared: Shared,
    commons: Commons,
    live: Arc<Mutex<BTreeMap<CallId, Live>>>,
    totals: Arc<Mutex<Totals>>,
}

impl Exchange {
    /// An exchange without calls.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        let commons = Commons {
            meters: Arc::clone(&shared.meters),
            breakers: Breakers::default(),
            cache: shared.cache(CacheSettings::default()),
            purses: Purses::default(),
        };
        Self {
            shared,
            commons,
            live: Arc::default(),
            totals: Arc::default(),
        }
    }

    /// The same with breakers, all closed, that work like this.
    #[must_use]
    pub fn with_breakers(mut self, settings: BreakerSettings) -> Self {
        self.commons.breakers = Breakers::with(settings);
        self
    }

    /// The same with an empty cache of synthesised speech that is bounded like this.
    #[must_use]
    pub fn with_cache(mut self, settings: CacheSettings) -> Self {
        self.commons.cache = self.shared.cache(settings);
        self
    }

    /// An agent's providers as its calls meet them, to be asked without a call.
    #[must_use]
    pub fn healthy(&self, agent: &Arc<Agent>) -> Healthy {
        Healthy::new(agent, &self.commons)
    }

    /// Opens what a call will need, while the phone still rings.
    #[must_use = "dropping it hangs up on the providers"]
    pub fn prepare(&self, agent: &Arc<Agent>) -> Prepared {
        Prepared::open(agent, &self.commons, Arc::new(own_lines(agent)))
    }

    /// Whether a tenant has money left today for one more call with this agent.
    #[must_use]
    pub fn may_take(&self, tenant: &TenantId, agent: &Agent) -> bool {
        let now = self.shared.clock.now();
        agent
            .budget_per_day
            .is_none_or(|budget| self.commons.purses.may_spend(tenant, now, budget))
    }

    /// Takes note of what tenants have spent today before this process began.
    pub fn remember_spending(&self, spent: &BTreeMap<TenantId, Micros>) {
        let now = self.shared.clock.now();
        for (tenant, spent) in spent {
            self.commons.purses.spend(tenant, now, *spent);
        }
    }

    /// When today began, as budgets count it.
    #[must_use]
    pub fn today(&self) -> UnixMillis {
        purse::day_began(self.shared.clock.now())
    }

    /// Runs a call to its end. Whatever happens inside, exactly one end is recorded.
    pub fn run<R: LineReader + 'static, W: LineWriter + 'static>(
        &self,
        prepared: Prepared,
        begun: CallBegun,
        reader: R,
        writer: W,
    ) -> impl Future<Output = CallEnded> + Send {
        let span = info_span!(
            "call",
            call = %begun.id,
            carrier_call = begun.carrier_call.as_ref().map(CarrierCallId::as_str),
            tenant = %begun.tenant,
            transport = begun.transport.as_str()
        );
        let call = Box::new(Answered {
            prepared,
            begun,
            line: (reader, writer),
        });
        self.run_in_span(call).instrument(span)
    }

    async fn run_in_span<R: LineReader + 'static, W: LineWriter + 'static>(
        &self,
        call: Box<Answered<R, W>>,
    ) -> CallEnded {
        let Answered {
            prepared, begun, ..
        } = &*call;
        info!(agent = %begun.agent, direction = begun.direction.as_str(), caller = %begun.from, "call began");
        let (agent, tally) = (Arc::clone(&prepared.agent), Arc::clone(&prepared.tally));
        let live = Live {
            mailbox: prepared.mailbox.clone(),
            rounds: prepared.rounds.clone(),
        };
        let _live = self.enlist(begun.id, live);
        self.shared.records.keep(Record::Begun(begun.clone()));
        let answered = Instant::now();
        let (id, tenant) = (begun.id, begun.tenant.clone());
        let went = AssertUnwindSafe(run_call(self, call))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                error!("a bug ended the call");
                self.commons.meters.panics.inc();
                let lasted = u64::try_from(answered.elapsed().as_millis()).unwrap_or(u64::MAX);
                Went {
                    reason: EndReason::InternalError,
                    lasted: Millis(lasted),
                    barge_ins: 0,
                }
            });
        let ended = self.settle(id, &agent, &tally, &went);
        let cost = tally.take(ended.cost.known);
        self.commons.purses.settle(&tenant, ended.at, cost);
        ended
    }

    /// Counts, logs and keeps the end of a call.
    fn settle(&self, id: CallId, agent: &Agent, tally: &Tally, went: &Went) -> CallEnded {
        let receipt = tally.receipt(went.lasted, &agent.prices);
        let ended = CallEnded {
            id,
            at: self.shared.clock.now(),
            duration: went.lasted,
            reason: went.reason,
            error: None,
            barge_ins: went.barge_ins,
            usage: receipt.usage(),
            cost: receipt.cost(),
            speculation_cost: receipt.cost_of(Purpose::Speculation),
        };
        let mut totals = lock(&self.totals);
        totals.calls += 1;
        totals.receipt.add(&receipt);
        drop(totals);
        self.commons.meters.paid(&receipt);
        self.commons.meters.call_ended(ended.reason);
        info!(
            reason = ended.reason.as_str(),
            fault = ended.reason.fault().as_str(),
            duration_ms = ended.duration.0,
            cost = %ended.cost,
            barge_ins = ended.barge_ins,
            "call ended"
        );
        self.shared.records.keep(Record::Ended {
            ended: ended.clone(),
            receipt,
        });
        ended
    }

    /// What every call has a share in.
    pub(crate) fn common(&self) -> (Shared, Commons) {
        (self.shared.clone(), self.commons.clone())
    }

    fn enlist(&self, id: CallId, live: Live) -> Enlisted<'_> {
        lock(&self.live).insert(id, live);
        self.show_live();
        Enlisted { exchange: self, id }
    }

    fn show_live(&self) {
        self.commons
            .meters
            .live
            .set(i64::try_from(self.live()).unwrap_or(i64::MAX));
    }

    /// Calls going on.
    #[must_use]
    pub fn live(&self) -> usize {
        lock(&self.live).len()
    }

    /// Asks all live calls to say goodbye and end.
    pub fn dismiss_all(&self) {
        for live in lock(&self.live).values() {
            // A full mailbox belongs to a call that is busy ending.
            drop(live.mailbox.try_send(Input::Dismissed));
        }
    }

    /// The rounds of a call whose carrier listens and speaks by itself.
    #[must_use]
    pub fn rounds(&self, call: CallId) -> Option<Rounds> {
        let live = lock(&self.live);
        let rounds = &live.get(&call)?.rounds;
        rounds.are_open().then(|| rounds.clone())
    }

    /// The carrier says that a call is over. One that has audio hears so on its line, unless it is
    /// leaving it in this moment: then it ends as soon as it has.
    pub fn hung_up(&self, call: CallId) {
        if let Some(live) = lock(&self.live).get(&call) {
            live.rounds.hang_up();
        }
    }

    /// The breakers of all providers that were ever used or rehearsed.
    #[must_use]
    pub fn breakers(&self) -> Vec<BreakerStatus> {
        for gone in self.commons.breakers.forget() {
            self.commons.meters.no_breaker(gone.to_string());
        }
        let statuses = self.commons.breakers.statuses();
        for status in &statuses {
            let value = match status.state {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            };
            self.commons.meters.breaker(status.of.to_string(), value);
        }
        statuses
    }

    /// Sums over all calls that ended.
    #[must_use]
    pub fn totals(&self) -> Totals {
        lock(&self.totals).clone()
    }
}

/// A call in the list of live ones, for as long as it lives.
struct Enlisted<'e> {
    exchange: &'e Exchange,
    id: CallId,
}

impl Drop for Enlisted<'_> {
    fn drop(&mut self) {
        lock(&self.exchange.live).remove(&self.id);
        self.exchange.show_live();
    }
}

fn own_lines(agent: &Agent) -> BTreeSet<String> {
    agent.rules.spoken_lines().into_iter().collect()
}

/// These locks are held for a few instructions; a panic elsewhere leaves nothing half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
