use std::{collections::BTreeMap, io::Write as _, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sim::chaos::{Findings, Row, rows};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

/// No row takes longer: one that does hangs.
const LONGEST: Duration = Duration::from_secs(150);

/// What `chaos` is told.
#[derive(Debug, Args)]
pub(crate) struct ChaosArgs {
    #[command(subcommand)]
    command: Chaos,
}

#[derive(Debug, Subcommand)]
enum Chaos {
    /// Faults of providers, F01 to F17: a table of what was required and found; fails if a row does
    Providers(ProvidersArgs),
}

#[derive(Debug, Args)]
struct ProvidersArgs {
    /// Only these rows
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Rows that run at the same time
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=32))]
    together: u16,
}

/// Runs the rows and prints what they found.
pub(crate) async fn run(args: &ChaosArgs) -> anyhow::Result<()> {
    let Chaos::Providers(args) = &args.command;
    let known = rows();
    for name in &args.rows {
        let is_known = known.iter().any(|row| row.name == name);
        anyhow::ensure!(
            is_known,
            "`{name}` is not a row; they are {}",
            names(&known)
        );
    }
    let chosen = known
        .into_iter()
        .filter(|row| args.rows.is_empty() || args.rows.iter().any(|name| name == row.name));
    let (alone, others): (Vec<Row>, Vec<Row>) = chosen.partition(|row| row.alone);
    let mut found = together(&others, args.together).await?;
    for row in alone {
        found.insert(row.name, (row, played(row).await));
    }
    print(&found)
}

fn names(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.join(", ")
}

type Found = BTreeMap<&'static str, (Row, Findings)>;

async fn together(rows: &[Row], most: u16) -> anyhow::Result<Found> {
    let room = Arc::new(Semaphore::new(usize::from(most)));
    let mut running = JoinSet::new();
    for row in rows.iter().copied() {
        let room = Arc::clone(&room);
        running.spawn(async move {
            let _place = room.acquire_owned().await;
            (row, played(row).await)
        });
    }
    let mut found = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        let (row, findings) = done.context("a row has panicked")?;
        found.insert(row.name, (row, findings));
    }
    Ok(found)
}

/// What a row found; that it could not be played is something that it missed.
async fn played(row: Row) -> Findings {
    let missed = |why: String| Findings {
        missed: vec![why],
        ..Findings::default()
    };
    match timeout(LONGEST, row.run()).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => missed(format!("{error:#}")),
        Err(_) => missed(format!("not over after {} s", LONGEST.as_secs())),
    }
}

fn print(found: &Found) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "| row | fault | required | found | verdict |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (row, findings) in found.values() {
        let verdict = if findings.hold() { "held" } else { "MISSED" };
        let lists = [("missed: ", &findings.missed), ("", &findings.found)];
        let lists = lists.iter().filter(|(_, list)| !list.is_empty());
        let told: Vec<String> = lists
            .map(|(head, list)| format!("{head}{}", list.join("; ")))
            .collect();
        let (name, fault, required) = (row.name, row.fault, row.required);
        let told = told.join(" - ").replace('|', "/");
        writeln!(
            out,
            "| {name} | {fault} | {required} | {told} | {verdict} |"
        )?;
    }
    let missed: Vec<&str> = found
        .values()
        .filter(|(_, findings)| !findings.hold())
        .map(|(row, _)| row.name)
        .collect();
    anyhow::ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}
