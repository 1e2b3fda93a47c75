//! What goes wrong with time: F17.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{Clock, Item, Micros, UnixMillis};

use super::{Row, row};
use crate::chaos::{
    Findings, Set,
    stage::{Call, QUESTIONS, Setting, Stage},
};

pub(super) const ROWS: &[Row] = &[row(
    "F17",
    "clock jumps an hour forward and back, over midnight",
    "durations, bills and what is left of a day's budget right",
    |set| Box::pin(jumps(set)),
)];

const HOUR_MS: i64 = 3_600_000;
/// Half an hour before midnight.
const LATE_MS: i64 = 20_833 * 24 * HOUR_MS - HOUR_MS / 2;
const BUDGET: Micros = Micros(1_000_000);

/// A wall clock that somebody moves.
#[derive(Debug)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// A clock, and a stage that has it and a budget for each day.
async fn late_at_night(set: Set) -> anyhow::Result<(Arc<Moved>, Stage)> {
    let clock = Arc::new(Moved(AtomicI64::new(LATE_MS)));
    let stage = Stage::set(Setting {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        budget_per_day: Some(BUDGET),
        ..Setting::of(set)
    })
    .await?;
    Ok((clock, stage))
}

async fn jumps(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (clock, stage) = late_at_night(set).await?;
    let mut calls = Vec::new();
    for jump in [HOUR_MS, -HOUR_MS] {
        let moves = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            clock.0.fetch_add(jump, Ordering::Relaxed);
        };
        let (call, ()) = tokio::join!(stage.call(&QUESTIONS[..2]), moves);
        let call = call?;
        findings.conversation(&stage, &call, &QUESTIONS[..2]);
        is_timed_right(&mut findings, &call);
        calls.push(call);
    }
    findings.ledger(&stage, &calls);
    stage.close().await?;
    findings.merge("budgets", budgets(set).await?);
    Ok(findings)
}

/// Two days have two budgets, however often the clock passes midnight.
async fn budgets(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (clock, stage) = late_at_night(set).await?;
    let tenant: domain::TenantId = "acme".parse()?;
    let takes = || stage.exchange.may_take(&tenant, &stage.agent);
    let spent = || {
        let all = std::iter::once((tenant.clone(), BUDGET)).collect();
        stage.exchange.remember_spending(&all);
    };
    findings.check(takes(), "there is one");
    spent();
    findings.check(!takes(), "today's is spent");
    clock.0.fetch_add(HOUR_MS, Ordering::Relaxed);
    findings.check(takes(), "tomorrow has its own");
    spent();
    let jumps = [
        (-HOUR_MS, "back before midnight"),
        (HOUR_MS, "after it again"),
    ];
    for (jump, when) in jumps {
        clock.0.fetch_add(jump, Ordering::Relaxed);
        let takes = takes();
        findings.check(!takes, format!("{when} a call is taken: {takes}"));
    }
    stage.close().await?;
    Ok(findings)
}

fn is_timed_right(findings: &mut Findings, call: &Call) {
    const INEXACT_MS: u64 = 300;
    let lasted = u64::try_from(call.lasted.as_millis()).unwrap_or(u64::MAX);
    let told = call.ended.duration.0;
    findings.check(
        told.abs_diff(lasted) <= INEXACT_MS,
        format!("lasted {told} ms (really {lasted})"),
    );
    let line = call.receipt.0.iter().find(|line| line.item == Item::Line);
    let billed = line.map_or(0, |line| line.amount);
    findings.check(billed == told, format!("line billed {billed} ms"));
    let in_order = call.turns.is_sorted_by_key(|turn| turn.at);
    let within = call.turns.iter().all(|turn| turn.at <= call.ended.duration);
    findings.check(in_order && within, "turns dated within the call");
}
