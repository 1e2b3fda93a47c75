use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{bail, ensure};
use sim::{
    carrier::Settings,
    fakes::Moment,
    load::{self, LoadPlan, Phase, Probe},
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    StageArgs,
    child::{AUTH_TOKEN, Cpu, Policy, Server, Start},
    result::{Row, Usage},
    sets::{self, Set, Told, TurnEnd},
};

/// Moments that wait to be noted; more are lost, which shows as unanswered turns.
const MOMENTS: usize = 1 << 14;

/// A call that goes before all others, and the rest after it: what the server does or keeps only
/// once is not theirs.
const FIRST_CALL: Duration = Duration::from_secs(10);
const AFTER_FIRST_CALL: Duration = Duration::from_secs(1);
/// How often the server's memory is looked at.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// What is measured with one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Who does the work.
    pub(crate) set: Set,
    pub(crate) turns: TurnEnd,
    /// At the same time.
    pub(crate) calls: usize,
    /// How long all of them go on together.
    pub(crate) seconds: u64,
}

/// Measures one number of calls with a fresh server.
pub(crate) async fn run(args: &StageArgs, plan: Plan) -> anyhow::Result<Row> {
    let Plan {
        set,
        turns,
        calls,
        seconds,
    } = plan;
    let probe = Arc::new(Mutex::new(Probe::default()));
    let (timeline, moments) = mpsc::channel(MOMENTS);
    let noting = tokio::spawn(note(moments, probe.clone(), set.told(turns)));
    let providers = sets::start(timeline).await?;
    let agents = set.agents(turns, &providers);
    let start = Start {
        binary: &args.server,
        core: Some(args.server_core),
        log: args.server_log.as_deref(),
        policy: Policy::Agents(&agents),
        http: args.http,
    };
    let mut server = Server::start(&start, &providers).await?;
    // The greeting is spoken into the cache.
    sleep(Duration::from_secs(1)).await;
    let carrier = Settings::local(&server.url, Some(AUTH_TOKEN.to_owned()));
    let load = |calls, length| {
        set.paced(LoadPlan {
            ramp: args.ramp,
            ..LoadPlan::of(calls, length, carrier.clone())
        })
    };
    let mut usage = Usage::from_idle(server.memory());
    let first = LoadPlan {
        numbered_from: calls,
        ..load(1, FIRST_CALL)
    };
    load::run(&first, &probe, |_phase| {}).await?;
    sleep(AFTER_FIRST_CALL).await;
    *held(&probe) = Probe::default();
    usage.warm(server.memory());
    let usage = Mutex::new(usage);
    let plan = load(calls, Duration::from_secs(seconds));
    let running = load::run(&plan, &probe, |phase| match phase {
        Phase::AllUp => held(&usage).begin(server.cpu(), own()),
        Phase::Ending => held(&usage).end(server.cpu(), own(), server.memory()),
    });
    let report = tokio::select! {
        report = running => report?,
        never = watch(&server, &usage) => match never {},
    };
    ensure!(server.is_alive(), "the server died under the load");
    if let Some(why) = set.stood_in(&providers) {
        bail!(why);
    }
    let ready_after = server.ready_after;
    let violations = providers.violations();
    drop(server);
    drop(providers);
    noting.abort();
    let usage = usage.into_inner().unwrap_or_else(PoisonError::into_inner);
    let row = Row::new(calls, &report, &held(&probe), usage);
    Ok(row.with_server(ready_after, violations))
}

/// What the load itself had of its core.
fn own() -> Cpu {
    Cpu::of(std::process::id())
}

async fn note(mut moments: mpsc::Receiver<Moment>, probe: Arc<Mutex<Probe>>, told: Told) {
    while let Some(moment) = moments.recv().await {
        if !told.counts(&moment.what) {
            continue;
        }
        held(&probe).moment(&moment);
    }
}

/// Takes note of the memory that the server needs, again and again.
async fn watch(server: &Server, usage: &Mutex<Usage>) -> Infallible {
    loop {
        held(usage).holds(server.memory());
        sleep(WATCH_EVERY).await;
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
