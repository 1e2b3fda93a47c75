//! Measures the real server, in a process and on a core of its own, under simulated calls.

mod chaos;
mod child;
mod result;
mod run;
mod scenario;
mod turns;

use std::{fs, io::Write as _, path::PathBuf, process::Command};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use chaos::ChaosArgs;
use result::Results;
use scenario::ScenarioArgs;
use turns::TurnsArgs;

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
    /// One call by a script, with providers as they are, told turn by turn
    Scenario(ScenarioArgs),
    /// Turn-taking: who waits how long, who cuts whom off
    Turns(TurnsArgs),
}

/// What `call` is told.
#[derive(Debug, Args)]
struct CallArgs {
    /// The server's binary
    #[arg(long, default_value = "target/release/repartee")]
    server: PathBuf,
    /// Numbers of calls at the same time, each with a fresh server
    #[arg(long, value_delimiter = ',', default_value = "1,100,300,700,1000")]
    calls: Vec<usize>,
    /// How long all calls go on together
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
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
    /// Where the results are written as JSON too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the server's own output goes; nowhere by default
    #[arg(long)]
    server_log: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if let Bench::Call(args) = &cli.command {
        place(args)?;
    }
    let runtime = match &cli.command {
        Bench::Chaos(_) => tokio::runtime::Builder::new_multi_thread(),
        Bench::Call(_) | Bench::Scenario(_) | Bench::Turns(_) => {
            tokio::runtime::Builder::new_current_thread()
        }
    }
    .enable_all()
    .build()?;
    match &cli.command {
        Bench::Call(args) => calls(args, &runtime),
        Bench::Chaos(args) => runtime.block_on(chaos::run(args)),
        Bench::Scenario(args) => runtime.block_on(scenario::run(args)),
        Bench::Turns(args) => turns::run(args, &runtime),
    }
}

fn calls(args: &CallArgs, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    let mut results = Results::default();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Results::HEAD)?;
    for &calls in &args.calls {
        let result = runtime.block_on(run::run(args, calls));
        let result = result.with_context(|| format!("with {calls} calls"))?;
        writeln!(out, "{}", result.row())?;
        for remark in result.remarks() {
            writeln!(out, "    {remark}")?;
        }
        out.flush()?;
        results.rows.push(result);
    }
    writeln!(out, "{}", results.summary())?;
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&results)?;
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Moves this process to its core, and before all others if that is wanted. The server inherits
/// the second, and has a core of its own.
fn place(args: &CallArgs) -> anyhow::Result<()> {
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
