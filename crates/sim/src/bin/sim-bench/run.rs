use std::{
    sync::{Arc, Mutex, PoisonError},
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
    };
    let mut server = Server::start(&start, &providers).await?;
    // What a server does once, such as speaking its greeting into the cache, is not the calls'.
    sleep(Duration::from_secs(1)).await;
    let idle = server.memory();
    let carrier = Settings::local(&server.url, Some(AUTH_TOKEN.to_owned()));
    let length = Duration::from_secs(seconds);
    let plan = set.paced(LoadPlan {
        ramp: args.ramp,
        ..LoadPlan::of(calls, length, carrier)
    });
    let mut usage = Usage::from_idle(idle);
    let report = load::run(&plan, &probe, |phase| match phase {
        Phase::AllUp => usage.begin(server.cpu(), own()),
        Phase::Ending => usage.end(server.cpu(), own(), server.memory()),
    })
    .await?;
    ensure!(server.is_alive(), "the server died under the load");
    if let Some(why) = set.stood_in(&providers) {
        bail!(why);
    }
    let ready_after = server.ready_after;
    let violations = providers.violations();
    drop(server);
    drop(providers);
    noting.abort();
    let probe = probe.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Row::new(calls, &report, &probe, usage).with_server(ready_after, violations))
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
        probe
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .moment(&moment);
    }
}
