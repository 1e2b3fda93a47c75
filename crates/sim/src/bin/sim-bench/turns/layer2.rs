use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use sim::{
    carrier::Settings,
    turns::{
        layer2::{self, Cast, Diary, Fakes, Phone, Recordings, Role, Run, Stored},
        report::Report,
        scenario::{Group, Scenario},
    },
};
use store::{CallFilter, Database, Store as _};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::child::{AUTH_TOKEN, Http, Policy, Providers, Server, Start};

/// What layer 2 is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --l2")]
pub(crate) struct Layer2Args {
    /// The server's binary
    #[arg(long, default_value = "target/release/repartee")]
    server: PathBuf,
    /// What callers say, recorded
    #[arg(long, default_value = "crates/sim/fixtures/turns")]
    recordings: PathBuf,
    /// Only scenarios with this in their name
    #[arg(long, default_value = "")]
    only: String,
    /// Calls at the same time
    #[arg(long, default_value_t = 10)]
    at_once: usize,
    /// How often each scenario with echo is played
    #[arg(long, default_value_t = 5)]
    echo_times: usize,
    /// A folder for the sound of every call: caller left, agent right
    #[arg(long)]
    wavs: Option<PathBuf>,
    /// Where the server's own output goes; nowhere by default
    #[arg(long)]
    server_log: Option<PathBuf>,
}

/// A call that was placed: whose, and what it was like.
type Placed = (Arc<Role>, Result<Diary, String>);

/// Plays all scenarios against the real server, and tells how the goals were met.
pub(super) async fn run(
    args: &Layer2Args,
    scenarios: Vec<Scenario>,
    seed: u64,
) -> anyhow::Result<Report> {
    let cast = Arc::new(cast(args, scenarios)?);
    let Fakes {
        deepgram,
        openai,
        elevenlabs,
    } = Fakes::start(&cast, seed).await?;
    let providers = Providers::of(deepgram, openai, elevenlabs);
    let agents = layer2::agents(&cast);
    let start = Start {
        binary: &args.server,
        core: None,
        log: args.server_log.as_deref(),
        policy: Policy::Agents(&agents),
        http: Http::default(),
    };
    // Signals are caught before there is a server: dropped on the way out, it is killed, also while
    // it starts. Only a process that is killed itself leaves it behind.
    let mut asked = Asked::listen()?;
    let stage = Stage {
        cast: &cast,
        providers: &providers,
        seed,
    };
    let (mut server, placed) = tokio::select! {
        played = timeout(LONGEST, stage.play(args, &start)) => {
            played.context("the calls have no end")??
        }
        () = asked.stop() => return Err(anyhow!("stopped before the end")),
    };
    ensure!(server.is_alive(), "the server died during the calls");
    let stored = stored(&server.store_url(), cast.roles.len()).await?;
    let mut run = judged(args, placed, &stored)?;
    run.provider_violations = providers.violations();
    let heard = providers.deepgram.seen();
    run.finals_lost = heard.iter().map(|stream| stream.lost_finals as usize).sum();
    Ok(run.report())
}

/// More calls than ten minutes have room for, or a server that hangs.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Signals by which somebody wants this process to end.
struct Asked {
    terminated: Signal,
    interrupted: Signal,
}

impl Asked {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminated: signal(SignalKind::terminate())?,
            interrupted: signal(SignalKind::interrupt())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}

/// Everything that calls are played with.
struct Stage<'a> {
    cast: &'a Cast,
    providers: &'a Providers,
    seed: u64,
}

impl Stage<'_> {
    /// Starts the server and places every call.
    async fn play(
        &self,
        args: &Layer2Args,
        start: &Start<'_>,
    ) -> anyhow::Result<(Server, Vec<Placed>)> {
        let server = Server::start(start, self.providers).await?;
        rehearsed(self.providers).await;
        let phone = Phone::new(Settings::local(&server.url, Some(AUTH_TOKEN.to_owned())))?;
        let placed = place_all(args, self.cast, &phone, self.seed).await?;
        Ok((server, placed))
    }
}

/// Greetings are rehearsed before the first call, as they are before a first caller: waits until
/// the voice has nothing to say for a second.
async fn rehearsed(providers: &Providers) {
    const LOOK: Duration = Duration::from_millis(100);
    const QUIET_LOOKS: u32 = 10;
    const MOST_LOOKS: u32 = 300;
    let (mut spoken, mut quiet) = (0, 0);
    for _ in 0..MOST_LOOKS {
        let streams = providers.elevenlabs.seen();
        let said: usize = streams.iter().map(|stream| stream.spoken.len()).sum();
        quiet = if said == spoken { quiet + 1 } else { 0 };
        spoken = said;
        if quiet >= QUIET_LOOKS {
            return;
        }
        sleep(LOOK).await;
    }
}

fn cast(args: &Layer2Args, mut scenarios: Vec<Scenario>) -> anyhow::Result<Cast> {
    let recordings = Recordings::load(&args.recordings)?;
    scenarios.retain(|scenario| scenario.name.contains(&args.only));
    ensure!(
        !scenarios.is_empty(),
        "no scenario has {:?} in its name",
        args.only
    );
    let times = |scenario: &Scenario| {
        if scenario.group == Group::Echo {
            args.echo_times
        } else {
            1
        }
    };
    Ok(Cast::of(scenarios, &recordings, times)?)
}

/// Places the call of every role, so many at the same time.
async fn place_all(
    args: &Layer2Args,
    cast: &Cast,
    phone: &Phone,
    seed: u64,
) -> anyhow::Result<Vec<Placed>> {
    let lines = Arc::new(Semaphore::new(args.at_once.max(1)));
    let mut calls = JoinSet::new();
    for (number, role) in (1..).zip(cast.roles.clone()) {
        let (phone, lines) = (phone.clone(), lines.clone());
        let seed = seed << 32 | number;
        calls.spawn(async move {
            let _line = lines.acquire().await;
            let diary = place(&phone, &role, seed).await;
            (role, diary)
        });
    }
    let mut placed = Vec::new();
    while let Some(call) = calls.join_next().await {
        placed.push(call.context("a call of the simulation broke")?);
        let mut out = std::io::stderr().lock();
        write!(out, "\r{} of {} calls ", placed.len(), cast.roles.len())?;
        out.flush()?;
    }
    placed.sort_by(|one, other| one.0.scenario.name.cmp(&other.0.scenario.name));
    Ok(placed)
}

/// Places a call; dials again when the server is busy, as people do.
async fn place(phone: &Phone, role: &Arc<Role>, seed: u64) -> Result<Diary, String> {
    const TRIES: u32 = 5;
    const PAUSE: Duration = Duration::from_secs(3);
    /// The longest call, and some time to dial.
    const LONGEST_CALL: Duration = Duration::from_secs(180);
    let mut why = String::new();
    for _ in 0..TRIES {
        match timeout(LONGEST_CALL, phone.place(role, seed)).await {
            Ok(Ok(diary)) => return Ok(diary),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => return Err("it was neither taken nor refused".to_owned()),
        }
        sleep(PAUSE).await;
    }
    Err(why)
}

/// What the server stored, by the carrier's ids. Waits until every call has its end.
async fn stored(url: &str, calls: usize) -> anyhow::Result<BTreeMap<String, Stored>> {
    const LOOKS: usize = 50;
    let database = Database::open_existing(url).await?;
    let filter = CallFilter {
        limit: CallFilter::MOST,
        ..CallFilter::default()
    };
    let mut listed = database.calls(&filter).await?;
    for _ in 0..LOOKS {
        if listed.len() >= calls && listed.iter().all(|call| call.ended.is_some()) {
            break;
        }
        sleep(Duration::from_millis(200)).await;
        listed = database.calls(&filter).await?;
    }
    let mut stored = BTreeMap::new();
    for call in listed {
        let Some(sid) = call.begun.carrier_call.as_ref().map(ToString::to_string) else {
            continue;
        };
        let turns = database.call(call.begun.id).await?;
        let turns = turns.map_or_else(Vec::new, |whole| whole.turns);
        let end = call.ended.map(|ended| ended.reason.as_str().to_owned());
        stored.insert(sid, Stored { turns, end });
    }
    Ok(stored)
}

fn judged(
    args: &Layer2Args,
    placed: Vec<Placed>,
    stored: &BTreeMap<String, Stored>,
) -> anyhow::Result<Run> {
    let mut run = Run::default();
    for (role, diary) in placed {
        let diary = match diary {
            Ok(diary) => diary,
            Err(why) => {
                run.refused(&role, &why);
                continue;
            }
        };
        if let Some(folder) = &args.wavs {
            save(folder, &role, &diary)?;
        }
        run.add(&role, &diary, stored.get(&diary.call_sid));
    }
    Ok(run)
}

fn save(folder: &Path, role: &Role, diary: &Diary) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("{}-{}.wav", role.scenario.name, role.key));
    let wav = sim::wav::stereo(&diary.audio.caller, &diary.audio.agent);
    fs::write(&file, wav).with_context(|| format!("cannot write {}", file.display()))
}
