mod layer2;

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use layer2::Layer2Args;
use sim::turns::{layer1::Layer1, picture, report::Report, scenario::Scenario};

/// What `turns` is told.
#[derive(Debug, Args)]
pub(crate) struct TurnsArgs {
    /// Events in virtual time: thousands of turns in seconds
    #[arg(long)]
    l1: bool,
    /// Sound, in real time, through the real server: the scenarios, within ten minutes
    #[arg(long, conflicts_with = "l1")]
    l2: bool,
    #[command(flatten)]
    layer2: Layer2Args,
    /// Where the scenarios are
    #[arg(long, default_value = "scenarios/turns")]
    scenarios: PathBuf,
    /// Turns generated for each policy
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    turns: u64,
    /// Makes the same turns again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seeds that nothing was tuned on, scored beside the other with --l1
    #[arg(long, value_delimiter = ',', default_values_t = [2, 7])]
    held_out: Vec<u64>,
    /// Where the results are written as JSON too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the picture is drawn: cuts against mean wait
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Scores turn-taking. Fails only if the instrument itself cannot be trusted.
pub(crate) fn run(args: &TurnsArgs, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    anyhow::ensure!(args.l1 || args.l2, "say which layer: --l1 or --l2");
    let scenarios = Scenario::load_folder(&args.scenarios)?;
    if args.l2 {
        let report = runtime.block_on(layer2::run(&args.layer2, scenarios, args.seed))?;
        return tell(args, &report);
    }
    let layer = Layer1 {
        turns: usize::try_from(args.turns)?,
        seed: args.seed,
        held_out: args.held_out.clone(),
    };
    tell(args, &layer.run(scenarios))
}

fn tell(args: &TurnsArgs, report: &Report) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "{}", report.text())?;
    out.flush()?;
    if let Some(path) = &args.json {
        write(path, &serde_json::to_string_pretty(report)?)?;
    }
    if let Some(path) = args.svg.as_ref().filter(|_| args.l1) {
        write(path, &picture::draw(&report.policies))?;
    }
    anyhow::ensure!(
        report.can_be_trusted(),
        "a check of the instrument failed: the numbers mean nothing"
    );
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
