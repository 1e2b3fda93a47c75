//! A provider that is down for everybody: F16.

use std::{sync::Arc, time::Duration};

use driver::BreakerSettings;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{Row, row};
use crate::{
    chaos::{
        Findings,
        stage::{Call, QUESTIONS, Setting, Stage},
    },
    fakes::LlmFault,
};

pub(super) const ROWS: &[Row] = &[Row {
    alone: true,
    ..row(
        "F16",
        "model is down for 200 calls",
        "attempts at most 1.1 times the turns, one probe at a time, back by at most 10 % a second, no call dropped",
        || Box::pin(down()),
    )
}];

const CALLS: usize = 200;
/// Between two calls' beginnings: all are there after 10 s.
const APART: Duration = Duration::from_millis(50);
/// From the first call to the outage, and how long it lasts.
const UP: Duration = Duration::from_secs(12);
const DOWN: Duration = Duration::from_secs(12);
/// In place of half a minute.
const OPEN: Duration = Duration::from_secs(5);
const RAMP_PERCENT: u32 = 10;

async fn down() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let breakers = BreakerSettings {
        open: OPEN,
        ramp_percent: RAMP_PERCENT,
        ..BreakerSettings::default()
    };
    let stage = Arc::new(
        Stage::set(Setting {
            breakers,
            ..Setting::default()
        })
        .await?,
    );
    let began = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..CALLS {
        let stage = Arc::clone(&stage);
        running.spawn(async move {
            sleep(APART * u32::try_from(number).unwrap_or(0)).await;
            // Two rounds: about forty seconds.
            stage
                .call_among_others(&[QUESTIONS, QUESTIONS].concat())
                .await
        });
    }
    sleep_until(began + UP).await;
    let outage = Instant::now();
    stage.models[0]
        .fake
        .fail_always(Some(LlmFault::ServerError));
    sleep_until(outage + DOWN).await;
    stage.models[0].fake.fail_always(None);
    let over = Instant::now();
    let mut calls = Vec::new();
    while let Some(call) = running.join_next().await {
        calls.push(call??);
    }
    are_alive(&mut findings, &calls);
    attempts(&mut findings, &stage, (outage, over));
    ramp(&mut findings, &stage, over);
    findings.ledger(&stage, &calls);
    stage.close().await?;
    Ok(findings)
}

fn are_alive(findings: &mut Findings, calls: &[Call]) {
    let dropped = calls
        .iter()
        .filter(|call| call.ended.reason.as_str() != "caller_hung_up");
    findings.count("calls dropped", dropped.count(), 0);
    let answers = calls.iter().flat_map(|call| &call.heard.answers);
    let unanswered = answers.clone().filter(|answer| !answer.whole).count();
    findings.count("questions unanswered", unanswered, 0);
    let longest = answers.map(|answer| answer.silence).max();
    findings.within("silence", longest, Duration::from_secs(4));
}

/// While it is down: requests to both models, for each that was answered.
fn attempts(findings: &mut Findings, stage: &Stage, (from, until): (Instant, Instant)) {
    let during = |attempts: Vec<Instant>| -> Vec<Instant> {
        let mut attempts = attempts;
        attempts.retain(|at| (from..until).contains(at));
        attempts
    };
    let refused = during(stage.models[0].fake.attempts());
    let answered = during(stage.models[1].fake.attempts()).len();
    let made = refused.len() + answered;
    let most = answered * 11 / 10;
    findings.check(
        made <= most,
        format!("{made} attempts for {answered} answers (most {most})"),
    );
    // It opens within a second; from then on there are probes, an opening apart.
    let opened = from + Duration::from_secs(1);
    let probes: Vec<Instant> = refused.into_iter().filter(|at| *at > opened).collect();
    let close = probes
        .windows(2)
        .filter(|pair| pair[1] - pair[0] < OPEN.mul_f64(0.8));
    let (close, probes) = (close.count(), probes.len());
    findings.check(
        close == 0 && probes > 0,
        format!("{probes} probes, {close} too soon after another"),
    );
}

/// When it works again: its share of requests, second by second after the breaker has closed.
fn ramp(findings: &mut Findings, stage: &Stage, over: Instant) {
    let shares = |second: u32| {
        let begins = over + OPEN + Duration::from_secs(u64::from(second));
        let within = |at: &Instant| (begins..begins + Duration::from_secs(1)).contains(at);
        let of = |place: usize| {
            stage.models[place]
                .fake
                .attempts()
                .iter()
                .filter(|at| within(at))
                .count()
        };
        let (back, instead) = (of(0), of(1));
        (back + instead > 0).then(|| back * 100 / (back + instead))
    };
    let shares: Vec<Option<usize>> = (0..8).map(shares).collect();
    // The breaker closes at the latest when the ramp is counted from here; a share may be off by
    // what three requests make of it.
    let too_fast = (1..).zip(&shares).filter(|(second, share)| {
        share.is_some_and(|share| share > RAMP_PERCENT as usize * (second + 1) + 15)
    });
    let (too_fast, shown) = (too_fast.count(), format!("{shares:?}"));
    findings.check(
        too_fast == 0,
        format!("percent back, by the second: {shown}"),
    );
}
