//! Measures the real server, in a process and on a core of its own, under simulated calls.

mod chaos;
mod child;
mod relay;
mod resilience;
mod result;
mod run;
mod scenario;
mod sets;
mod turns;

use std::{fs, io::Write as _, path::PathBuf, process::Command};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum as _};

use chaos::ChaosArgs;
use child::Http;
use relay::RelayArgs;
use resilience::ResilienceArgs;
use result::Results;
use run::Plan;
use scenario::ScenarioArgs;
use sets::{Set, TurnEnd};
use turns::TurnsArgs;

/// That of the server: the load and the relay beside it are no slower for theirs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of a whole server.
#[derive(Debug, Parser)]
#[command(name = "sim-bench", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Our share of a turn, CPU and memory per call, start-up
    Call(CallArgs),
    /// Simulated calls on which things go wrong
    Chaos(ChaosArgs),
    /// Every set of providers: what a caller waits, CPU and memory per call
    Providers(ProvidersArgs),
    /// What a healthy request pays for retries, breakers, deadlines, meters and bills
    Resilience(ResilienceArgs),
    /// A relay that knows nothing, for comparison: `call` and `providers` start it by themselves
    #[command(hide = true)]
    Relay(RelayArgs),
    /// One call by a script, with providers as they are, told turn by turn
    Scenario(ScenarioArgs),
    /// Turn-taking: who waits how long, who cuts whom off
    Turns(TurnsArgs),
}

/// What `call` is told.
#[derive(Debug, Args)]
struct CallArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Numbers of calls at the same time, each with a fresh server
    #[arg(long, value_delimiter = ',', default_value = "1,100,300,700,1000")]
    calls: Vec<usize>,
    /// How long all calls go on together
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
}

/// What `providers` is told.
#[derive(Debug, Args)]
struct ProvidersArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Which sets, all by default; each with a fresh server
    #[arg(long, value_delimiter = ',')]
    sets: Vec<Set>,
    /// Calls at the same time
    #[arg(long, default_value_t = 100)]
    calls: usize,
    /// The same offline, where recognising and speaking are the server's own work
    #[arg(long, default_value_t = 4)]
    offline_calls: usize,
    /// How long all calls go on together
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
    /// Who ends a turn
    #[arg(long, value_enum, default_value_t = TurnEnd::Provider)]
    turns: TurnEnd,
}

/// On what everything is measured.
#[derive(Debug, Args)]
struct StageArgs {
    /// The server's binary
    #[arg(long, default_value = "target/release/repartee")]
    server: PathBuf,
    /// New calls per second
    #[arg(long, default_value_t = 100)]
    ramp: u32,
    /// The server's core; the load runs on another one
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the load and of the simulated providers
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Run before everything else on these cores (needs root): on a machine that is shared
    #[arg(long)]
    realtime: bool,
    /// How the fakes are asked
    #[arg(long, value_enum, default_value_t = Http::Two)]
    http: Http,
    /// Where the results are written as JSON too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the server's own output goes; nowhere by default
    #[arg(long)]
    server_log: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match &cli.command {
        Bench::Call(args) => place(&args.stage)?,
        Bench::Providers(args) => place(&args.stage)?,
        Bench::Chaos(_)
        | Bench::Relay(_)
        | Bench::Resilience(_)
        | Bench::Scenario(_)
        | Bench::Turns(_) => {}
    }
    let runtime = match &cli.command {
        Bench::Chaos(_) => tokio::runtime::Builder::new_multi_thread(),
        Bench::Call(_)
        | Bench::Providers(_)
        | Bench::Relay(_)
        | Bench::Resilience(_)
        | Bench::Scenario(_)
        | Bench::Turns(_) => tokio::runtime::Builder::new_current_thread(),
    }
    .enable_all()
    .build()?;
    match &cli.command {
        Bench::Call(args) => calls(args, &runtime),
        Bench::Chaos(args) => runtime.block_on(chaos::run(args)),
        Bench::Providers(args) => providers(args, &runtime),
        Bench::Relay(args) => runtime.block_on(relay::serve(args)),
        Bench::Resilience(args) => runtime.block_on(resilience::run(args)),
        Bench::Scenario(args) => runtime.block_on(scenario::run(args)),
        Bench::Turns(args) => turns::run(args, &runtime),
    }
}

fn calls(args: &CallArgs, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    let mut results = Results::default();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Results::HEAD)?;
    for &calls in &args.calls {
        let plan = Plan {
            set: Set::Nova,
            turns: TurnEnd::Provider,
            calls,
            seconds: args.seconds,
        };
        let result = runtime.block_on(run::run(&args.stage, plan));
        let result = result.with_context(|| format!("with {calls} calls"))?;
        let relay = runtime.block_on(relay::cost(&args.stage, calls));
        let result = result.beside_relay(relay);
        writeln!(out, "{}", result.row())?;
        for remark in result.remarks() {
            writeln!(out, "    {remark}")?;
        }
        out.flush()?;
        results.rows.push(result);
    }
    writeln!(out, "{}", results.summary())?;
    keep(&args.stage, &results)
}

/// Measures every set; one that cannot be is told at the end, and the others are measured all the
/// same.
fn providers(args: &ProvidersArgs, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    let (mut results, mut failed) = (Results::default(), Vec::new());
    let sets = match args.sets.as_slice() {
        [] => Set::value_variants(),
        chosen => chosen,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Results::SETS_HEAD)?;
    for &set in sets {
        let plan = args.plan(set);
        match runtime.block_on(run::run(&args.stage, plan)) {
            Ok(row) => {
                let relay = runtime.block_on(relay::cost(&args.stage, plan.calls));
                let row = row.with_set(set, args.turns).beside_relay(relay);
                writeln!(out, "{}", row.set_row())?;
                results.rows.push(row);
            }
            Err(error) => failed.push(format!("{}: {error:#}", set.title())),
        }
        out.flush()?;
    }
    writeln!(out)?;
    for row in &results.rows {
        for remark in row.remarks() {
            writeln!(out, "{}: {remark}", row.name())?;
        }
    }
    keep(&args.stage, &results)?;
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join("; "));
    Ok(())
}

impl ProvidersArgs {
    fn plan(&self, set: Set) -> Plan {
        let calls = match set {
            Set::Offline => self.offline_calls,
            Set::Nova | Set::Flux | Set::Files | Set::Aura | Set::Realtime => self.calls,
        };
        Plan {
            set,
            turns: self.turns,
            calls,
            seconds: self.seconds,
        }
    }
}

fn keep(args: &StageArgs, results: &Results) -> anyhow::Result<()> {
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(results)?;
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Moves this process to its core, and before all others if that is wanted. The server inherits
/// the second, and has a core of its own.
fn place(args: &StageArgs) -> anyhow::Result<()> {
    let (core, id) = (args.load_core.to_string(), std::process::id().to_string());
    order("taskset", &["-acp", &core, &id])?;
    if args.realtime {
        order("chrt", &["-a", "-f", "-p", "10", &id])?;
    }
    Ok(())
}

fn order(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let ordered = Command::new(program).args(arguments).output();
    let ordered = ordered.with_context(|| format!("{program} is needed (Debian: util-linux)"))?;
    let why = String::from_utf8_lossy(&ordered.stderr);
    anyhow::ensure!(ordered.status.success(), "{program}: {}", why.trim());
    Ok(())
}
