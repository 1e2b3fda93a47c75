use std::{collections::BTreeMap, io::Write as _, sync::Arc, time::Duration};

use clap::{Args, Subcommand};
use sim::chaos::{Findings, Row, Set, Weight, rows};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

/// No row takes longer: one that does hangs.
const LONGEST: Duration = Duration::from_secs(150);
/// Nor do all of them, where nothing was chosen.
const ALL_WITHIN: Duration = Duration::from_secs(5 * 60);

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
    /// Only with these sets of providers
    #[arg(long, value_delimiter = ',')]
    sets: Vec<Set>,
    /// Rows that run at the same time
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u16).range(1..=32))]
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
    let sets = if args.sets.is_empty() {
        &Set::ALL[..]
    } else {
        &args.sets
    };
    let chosen = known
        .into_iter()
        .filter(|row| args.rows.is_empty() || args.rows.iter().any(|name| name == row.name));
    let played = chosen.flat_map(|row| sets.iter().map(move |set| (row, *set)));
    let (alone, others): (Vec<Played>, Vec<Played>) =
        played.partition(|(row, _)| row.weight == Weight::Whole);
    let begun = Instant::now();
    let mut found = together(&others, args.together).await;
    for played in alone {
        found.extend(together(&[played], 1).await);
    }
    let took = begun.elapsed();
    print(&found, took)?;
    let is_whole = args.rows.is_empty() && args.sets.is_empty();
    anyhow::ensure!(
        !is_whole || took < ALL_WITHIN,
        "all rows together took longer than {} s",
        ALL_WITHIN.as_secs()
    );
    Ok(())
}

fn names(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.join(", ")
}

/// A row, and who it is played with.
type Played = (Row, Set);

/// In the order in which it is told; with how long it was played.
type Found = BTreeMap<(Set, &'static str), (Row, Findings, Duration)>;

async fn together(played: &[Played], most: u16) -> Found {
    let room = Arc::new(Semaphore::new(usize::from(most)));
    let heavy = Arc::new(Semaphore::new(1));
    let running = played.iter().copied().map(|(row, set)| {
        let (room, heavy) = (Arc::clone(&room), Arc::clone(&heavy));
        let playing = tokio::spawn(async move {
            let _turn = match row.weight {
                Weight::Heavy => Some(heavy.acquire_owned().await),
                Weight::Light | Weight::Whole => None,
            };
            let _place = room.acquire_owned().await;
            let begun = Instant::now();
            (findings(row, set).await, begun.elapsed())
        });
        (row, set, playing)
    });
    let mut found = BTreeMap::new();
    for (row, set, playing) in running.collect::<Vec<_>>() {
        let (findings, took) = playing
            .await
            .unwrap_or_else(|panic| (missed(panic.to_string()), Duration::ZERO));
        found.insert((set, row.name), (row, findings, took));
    }
    found
}

/// What a row found; that it could not be played is something that it missed.
async fn findings(row: Row, set: Set) -> Findings {
    if row.why_not(set).is_some() {
        return Findings::default();
    }
    match timeout(LONGEST, row.run(set)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => missed(format!("{error:#}")),
        Err(_) => missed("took too long".to_owned()),
    }
}

fn missed(why: String) -> Findings {
    Findings {
        missed: vec![why],
        ..Findings::default()
    }
}

fn print(found: &Found, took: Duration) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| set | row | fault | required | found | s | verdict |\n|---|---|---|---|---|---:|---|"
    )?;
    for ((set, name), (row, findings, took)) in found {
        let (verdict, told) = match row.why_not(*set) {
            Some(why) => ("not applicable", why.to_owned()),
            None if findings.hold() => ("held", told(findings)),
            None => ("MISSED", told(findings)),
        };
        let (set, fault, required) = (set.name(), row.fault, row.required);
        let took = took.as_secs();
        writeln!(
            out,
            "| {set} | {name} | {fault} | {required} | {told} | {took} | {verdict} |"
        )?;
    }
    let missed: Vec<String> = found
        .iter()
        .filter(|(_, (_, findings, _))| !findings.hold())
        .map(|((set, name), _)| format!("{name} of {}", set.name()))
        .collect();
    writeln!(out, "{} rows in {} s", found.len(), took.as_secs())?;
    anyhow::ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

fn told(findings: &Findings) -> String {
    let lists = [
        ("missed: ", &findings.missed),
        ("late: ", &findings.late),
        ("", &findings.found),
    ];
    let lists = lists.iter().filter(|(_, list)| !list.is_empty());
    let told: Vec<String> = lists
        .map(|(head, list)| format!("{head}{}", list.join("; ")))
        .collect();
    told.join(" - ").replace('|', "/")
}
