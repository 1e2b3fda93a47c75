//! Keys that are refused, and quotas that are used up: F14 and F15.

use std::time::Duration;

use driver::{BreakerSettings, BreakerState, nobody_is_left};
use tokio::time::Instant;

use super::{Row, row, thinking::OWN_LINE};
use crate::{
    chaos::{
        Findings, Set, alerts,
        code::bare,
        stage::{QUESTIONS, Setting, Stage},
    },
    fakes::{LlmFault, SttFault, TtsFault},
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F14",
        "keys are refused: 401, 403",
        "no retry, marked as refused, whoever runs it is alerted, one probe after at least 5 min (here 20 s)",
        |set| Box::pin(refused(set, KEYS)),
    ),
    row(
        "F15",
        "quotas are used up: 402, 429",
        "as with a key, and no call is taken that nobody can serve",
        |set| Box::pin(quotas(set)),
    ),
];

/// What each provider that comes first does.
#[derive(Clone, Copy)]
struct Refusals {
    row: &'static str,
    listen: SttFault,
    think: LlmFault,
    speak: TtsFault,
}

const KEYS: Refusals = Refusals {
    row: "f14",
    listen: SttFault::Refuse(401),
    think: LlmFault::KeyRefused,
    speak: TtsFault::Refuse(403),
};

const QUOTAS: Refusals = Refusals {
    row: "f15",
    listen: SttFault::Refuse(402),
    think: LlmFault::NoQuota,
    speak: TtsFault::NoQuota,
};

async fn quotas(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (one, all) = tokio::join!(refused(set, QUOTAS), without_any_model(set));
    findings.merge("the first of each", one?);
    findings.merge("all models", all?);
    Ok(findings)
}

/// No model is left: calls are not to be taken any more.
async fn without_any_model(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let takes = || !nobody_is_left(&stage.agent, &stage.exchange.breakers());
    findings.check(takes(), "calls are taken");
    for post in &stage.models {
        post.fake.fail_always(Some(QUOTAS.think));
    }
    let call = stage.call(&[OWN_LINE]).await?;
    let line = &stage.agent.rules.lines.trouble;
    let answer = call.heard.answers.first();
    let heard = answer.map_or("", |answer| answer.text.as_str());
    findings.check(bare(heard) == bare(line), format!("heard {heard:?}"));
    findings.silence(answer.map_or(Duration::MAX, |answer| answer.silence));
    let made = [0, 1].map(|place: usize| stage.models[place].fake.attempts().len());
    findings.check(made == [1, 1], format!("attempts {made:?}"));
    findings.check(!takes(), "admission knows that nobody can serve calls");
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// In place of five minutes.
const REST: Duration = Duration::from_secs(20);

async fn refused(set: Set, refusals: Refusals) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let usual = BreakerSettings::default().open_for_key;
    let long = usual >= Duration::from_secs(5 * 60);
    findings.check(long, format!("rests {} s by default", usual.as_secs()));
    let breakers = BreakerSettings {
        open_for_key: REST,
        ..BreakerSettings::default()
    };
    alerts::watch();
    let stage = Stage::set(Setting {
        breakers,
        models: format!("{}-{}", refusals.row, set.name()),
        ..Setting::of(set)
    })
    .await?;
    let rehearsed = [
        stage.voices[0].fake.attempts().len(),
        stage.voices[0].tries(),
    ];
    stage.ears[0].fake.fail_always(Some(refusals.listen));
    stage.models[0].fake.fail_always(Some(refusals.think));
    stage.voices[0].fake.fail_always(Some(refusals.speak));
    let mut calls = Vec::new();
    for (when, attempts) in [
        ("at first", 1),
        ("while it rests", 1),
        ("after its rest", 2),
    ] {
        if attempts == 2 {
            // Every rest began during the first call.
            tokio::time::sleep_until(rested(&stage, rehearsed[0])).await;
        }
        let call = stage.call(&QUESTIONS[..1]).await?;
        findings.conversation(&stage, &call, &QUESTIONS[..1]);
        let made = made(&stage, rehearsed[1]);
        findings.check(made == [attempts; 3], format!("attempts {when} {made:?}"));
        // Clauses that are asked for beside one another are one attempt; the same one twice is none.
        let refused = stage.voices[0].times_refused();
        let once = refused <= attempts;
        findings.check(once, format!("a clause refused {when} {refused}"));
        are_refused(&mut findings, &stage);
        calls.push(call);
    }
    let alerted = stage.agent.names();
    let alerted = alerted
        .iter()
        .filter(|name| alerts::about(&name.to_string()) > 0);
    findings.count("alerts", alerted.count(), 3);
    findings.ledger(&stage, &calls);
    stage.close().await?;
    Ok(findings)
}

/// Attempts to reach the recogniser, the model and the voice that come first.
fn made(stage: &Stage, rehearsed: usize) -> [usize; 3] {
    [
        stage.ears[0].fake.attempts().len(),
        stage.models[0].fake.attempts().len(),
        stage.voices[0].tries() - rehearsed,
    ]
}

/// When the last of them may be tried again.
fn rested(stage: &Stage, rehearsed: usize) -> Instant {
    let voices = stage.voices[0].fake.attempts().split_off(rehearsed);
    let others = [
        stage.ears[0].fake.attempts(),
        stage.models[0].fake.attempts(),
    ];
    let all = others.into_iter().flatten().chain(voices);
    // A quota is found out about when the first text is spoken: some time after the attempt.
    const LATER: Duration = Duration::from_secs(6);
    all.max().unwrap_or_else(Instant::now) + REST + LATER
}

fn are_refused(findings: &mut Findings, stage: &Stage) {
    let breakers = stage.exchange.breakers();
    let refused = breakers.iter().filter(|breaker| breaker.refused);
    findings.count("refused", refused.count(), 3);
    let first = breakers
        .iter()
        .filter(|breaker| breaker.refused && breaker.of.provider().ends_with('0'));
    let rest = first.filter(|breaker| breaker.state == BreakerState::Open);
    findings.count("refused and left alone", rest.count(), 3);
}
