//! A provider that is down for everybody: F16.

use std::{sync::Arc, time::Duration};

use driver::{BreakerSettings, BreakerState};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{Row, Weight, row};
use crate::{
    chaos::{
        Findings, Set,
        stage::{Call, QUESTIONS, Setting, Stage},
        telephone::Answer,
    },
    fakes::LlmFault,
};

pub(super) const ROWS: &[Row] = &[Row {
    weight: Weight::Whole,
    but_for: &[(Set::Files, "its model is the one of nova")],
    ..row(
        "F16",
        "model is down for 200 calls",
        "attempts at most 1.1 times the turns, one probe at a time, back by at most 10 % a second, no call dropped",
        |set| Box::pin(down(set)),
    )
}];

const CALLS: usize = 200;
/// Between two calls' beginnings: all are there after 10 s.
const APART: Duration = Duration::from_millis(50);
/// From the first call to the outage, and how long it lasts.
const UP: Duration = Duration::from_secs(11);
const DOWN: Duration = Duration::from_secs(9);
/// In place of half a minute.
const OPEN: Duration = Duration::from_secs(4);
const RAMP_PERCENT: usize = 10;
const SECOND: Duration = Duration::from_secs(1);

async fn down(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let breakers = BreakerSettings {
        open: OPEN,
        ramp_percent: RAMP_PERCENT as u32,
        ..BreakerSettings::default()
    };
    let stage = Arc::new(
        Stage::set(Setting {
            breakers,
            ..Setting::of(set)
        })
        .await?,
    );
    let began = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..CALLS {
        let stage = Arc::clone(&stage);
        running.spawn(async move {
            sleep(APART * u32::try_from(number).unwrap_or(0)).await;
            // Two rounds: about forty-five seconds.
            stage
                .call_among_others(&[QUESTIONS, QUESTIONS].concat())
                .await
        });
    }
    sleep_until(began + UP).await;
    let outage = Instant::now();
    let model = &stage.models[0].fake;
    model.fail_always(Some(LlmFault::ServerError));
    sleep_until(outage + DOWN).await;
    model.fail_always(None);
    let over = Instant::now();
    let closed = closed(&stage).await;
    let mut calls = Vec::new();
    while let Some(call) = running.join_next().await {
        calls.push(call??);
    }
    are_alive(&mut findings, &stage, &calls);
    attempts(&mut findings, (&stage, &calls), (outage, over));
    findings.within(
        "asked again after",
        closed.map(|at| at - over),
        OPEN + 2 * SECOND,
    );
    if let Some(closed) = closed {
        ramp(&mut findings, &stage, closed);
    }
    findings.ledger(&stage, &calls);
    stage.close().await?;
    Ok(findings)
}

/// When the first model's breaker lets requests through again.
async fn closed(stage: &Stage) -> Option<Instant> {
    let is_closed = || {
        let breakers = stage.exchange.breakers();
        let mut first = breakers
            .iter()
            .filter(|breaker| breaker.of.provider() == "model0");
        first.all(|breaker| breaker.state == BreakerState::Closed)
    };
    let until = Instant::now() + 3 * OPEN;
    while !is_closed() {
        if Instant::now() > until {
            return None;
        }
        sleep(Duration::from_millis(20)).await;
    }
    Some(Instant::now())
}

/// Every call to its end, every answer word for word and once.
fn are_alive(findings: &mut Findings, stage: &Stage, calls: &[Call]) {
    let mut all = Findings::default();
    for call in calls {
        all.conversation(stage, call, &[QUESTIONS, QUESTIONS].concat());
    }
    let hung_up = calls
        .iter()
        .filter(|call| call.ended.reason.as_str() == "caller_hung_up");
    findings.count("calls held", hung_up.count(), CALLS);
    let answers = calls.iter().flat_map(|call| &call.heard.answers);
    let answers: Vec<&Answer> = answers.collect();
    let whole = answers.iter().filter(|answer| answer.whole).count();
    findings.count("answers", whole, CALLS * 2 * QUESTIONS.len());
    let longest = answers.iter().map(|answer| answer.silence).max();
    findings.silence(longest.unwrap_or(Duration::MAX));
    const SHOWN: usize = 3;
    let missed = all.missed.len();
    findings.missed.extend(all.missed.into_iter().take(SHOWN));
    if missed > SHOWN {
        findings.missed.push(format!("and {} more", missed - SHOWN));
    }
}

/// While it is down: requests to both models, for each turn that they were made for.
fn attempts(
    findings: &mut Findings,
    (stage, calls): (&Stage, &[Call]),
    (from, until): (Instant, Instant),
) {
    let during = |mut attempts: Vec<Instant>| -> Vec<Instant> {
        attempts.retain(|at| (from..until).contains(at));
        attempts
    };
    let refused = during(stage.models[0].fake.attempts());
    let instead = during(stage.models[1].fake.attempts());
    let answers = calls.iter().flat_map(|call| &call.heard.answers);
    let turns = during(answers.map(|answer| answer.asked).collect()).len();
    let (made, most) = (refused.len() + instead.len(), turns * 11 / 10);
    findings.check(
        made <= most,
        format!("{made} attempts for {turns} turns (most {most})"),
    );
    // It opens within a second; from then on there are probes, an opening apart.
    let opened = from + SECOND;
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

/// When it works again: its share of requests, second by second after its breaker has closed.
fn ramp(findings: &mut Findings, stage: &Stage, closed: Instant) {
    /// What chance makes of a share of some thirty requests.
    const CHANCE: usize = 15;
    const SECONDS: usize = 100 / RAMP_PERCENT + 2;
    let shares: Vec<usize> = (0..SECONDS as u32)
        .map(|second| {
            let begins = closed + SECOND * second;
            let asked = |place: usize| {
                let attempts = stage.models[place].fake.attempts().into_iter();
                let within = attempts.filter(|at| (begins..begins + SECOND).contains(at));
                within.count()
            };
            let (back, instead) = (asked(0), asked(1));
            back * 100 / (back + instead).max(1)
        })
        .collect();
    let too_fast = (1..)
        .zip(&shares)
        .filter(|(second, share)| **share > RAMP_PERCENT * second + CHANCE);
    let too_fast = too_fast.count();
    let is_back = shares[SECONDS - 2..].iter().all(|share| *share >= 90);
    findings.check(
        too_fast == 0 && is_back,
        format!("percent back, by the second: {shares:?}"),
    );
}
