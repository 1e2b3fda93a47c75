//! What goes wrong with models: F05 to F09.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::Purpose;
use driver::BreakerSettings;
use tokio::time::Instant;

use super::{Row, listening::between, row};
use crate::{
    chaos::{
        Findings,
        code::bare,
        ledger::tokens_for,
        stage::{Call, QUESTIONS, Setting, Stage, answer_to, answered, ask},
        telephone::Ask,
    },
    fakes::{Brain, Chat, LlmFault, Pieces, Reply, What},
    proxy::Trouble,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F05",
        "model refuses: 429, 500, 503",
        "at most one retry after 100 to 300 ms, then the next one; first sound within 4 s",
        || Box::pin(refuses()),
    ),
    row(
        "F06",
        "model is silent",
        "second model asked after 2.5 s, the loser cancelled, both billed",
        || Box::pin(silent()),
    ),
    row(
        "F07",
        "model stalls in the middle",
        "noticed after 2 s, whole sentences spoken, the next model goes on, nothing said twice",
        || Box::pin(stalls()),
    ),
    row(
        "F08",
        "model talks garbage: HTML, broken events, bad UTF-8, a line of 10 MB, no end",
        "taken for a failure, the next one answers; at most 2,000 tokens and 15 s",
        || Box::pin(garbage()),
    ),
    row(
        "F09",
        "model says nothing",
        "asked once more, then a line of the agent's own",
        || Box::pin(empty()),
    ),
];

const HEDGE_AFTER: Duration = Duration::from_millis(2_500);
const TOKEN_GAP: Duration = Duration::from_secs(2);
const LONGEST_REPLY: Duration = Duration::from_secs(15);
const MOST_TOKENS: u64 = 2_000;
const FIRST_SOUND: Duration = Duration::from_secs(4);

/// Breakers that stay out of the way.
const NO_BREAKERS: BreakerSettings = BreakerSettings {
    failures: u32::MAX,
    window: Duration::from_secs(10),
    open: Duration::from_secs(30),
    open_for_key: Duration::from_secs(300),
    successes: 2,
    ramp_percent: 10,
};

fn without_breakers() -> Setting {
    Setting {
        breakers: NO_BREAKERS,
        ..Setting::default()
    }
}

async fn refuses() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(without_breakers()).await?;
    let model = &stage.models[0].fake;
    let busy = LlmFault::Busy {
        retry_after: Duration::from_millis(200),
    };
    let faults = [busy, LlmFault::ServerError, LlmFault::Overloaded];
    let mut calls = Vec::new();
    for (fault, ask) in faults.into_iter().zip(QUESTIONS) {
        let before = model.attempts().len();
        model.fail_always(Some(fault));
        let call = stage.call(&[ask]).await?;
        let attempts = model.attempts().split_off(before);
        let again = attempts.len() - 1;
        findings.check(again <= 1, format!("{fault:?}: {again} retries"));
        if let [first, second] = attempts[..] {
            let wait = (second - first).as_millis();
            findings.check((95..=360).contains(&wait), format!("after {wait} ms"));
        }
        let after = call.heard.answers.first().and_then(|answer| answer.after);
        findings.within("first sound", after, FIRST_SOUND);
        findings.conversation(&stage, &call, &[ask]);
        calls.push(call);
    }
    findings.ledger(&stage, &calls);
    stage.close().await?;
    Ok(findings)
}

async fn silent() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    first.fake.fail_always(Some(LlmFault::NoAnswer));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let hedged = between(&first.fake.attempts(), &second.fake.attempts());
    findings.on_time("second asked after", hedged, HEDGE_AFTER);
    findings.count("attempts", first.fake.attempts().len(), 1);
    let links = first.proxy.links();
    let cancelled = links.iter().filter_map(|link| link.closed).min();
    let won = second.fake.attempts().first().copied();
    let after = cancelled
        .zip(won)
        .map(|(at, won)| at.saturating_duration_since(won));
    findings.within("loser cancelled after", after, Duration::from_secs(1));
    let paid = tokens_for(&call.receipt, Purpose::Hedge);
    findings.check(paid > 0, format!("{paid} tokens for the loser"));
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn stalls() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    // In the second sentence.
    first.fake.fail_once(LlmFault::StallAfter(10));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let moments = first.moments();
    let sent = moments
        .iter()
        .filter(|moment| matches!(moment.what, What::TextSent(_)));
    let last: Option<Instant> = sent.map(|moment| moment.at).next_back();
    let instead = second.fake.attempts().first().copied();
    let took = last.zip(instead).map(|(last, instead)| instead - last);
    findings.on_time("next one asked after", took, TOKEN_GAP);
    findings.count("attempts", first.fake.attempts().len(), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn garbage() -> anyhow::Result<Findings> {
    let (one, two, three) = tokio::join!(broken(), long_line(), endless());
    let mut findings = one?;
    findings.merge(two?);
    findings.merge(three?);
    Ok(findings)
}

/// Tokens that were written and could not be read: whoever wrote them counts them.
const UNREADABLE: u64 = 12;

/// HTML, broken events and bad UTF-8, each in a call of its own.
async fn broken() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(without_breakers()).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    let mut calls = Vec::new();
    for (number, ask) in QUESTIONS[..3].iter().enumerate() {
        match number {
            0 => first.fake.fail_always(Some(LlmFault::Html)),
            1 => first.fake.fail_once(LlmFault::GarbageAfter(5)),
            _ => first.proxy.spoil(Trouble::GarbageAfter(1_500)),
        }
        let call = stage.call(&[*ask]).await?;
        first.fake.fail_always(None);
        findings.conversation(&stage, &call, &[*ask]);
        calls.push(call);
    }
    findings.count("fall-backs", second.fake.attempts().len(), 3);
    findings.ledger_but(&stage, &calls, UNREADABLE);
    stage.close().await?;
    Ok(findings)
}

async fn long_line() -> anyhow::Result<Findings> {
    const LETTERS: usize = 10 << 20;
    let mut findings = Findings::default();
    let long = Arc::new(|_chat: &Chat| Reply::saying("a".repeat(LETTERS)));
    let stage = Stage::set(Setting {
        brains: [long, Arc::new(answered)],
        pieces: Pieces::Sentences,
        ..Setting::default()
    })
    .await?;
    let call = stage.call(&QUESTIONS[..1]).await?;
    findings.count("fall-backs", stage.models[1].fake.attempts().len(), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    let read = stage.models[0]
        .proxy
        .links()
        .iter()
        .map(|link| link.answered)
        .sum::<u64>();
    findings.check(
        read < 8 << 20,
        format!("{} kB of a 10 MB line read", read >> 10),
    );
    stage.close().await?;
    Ok(findings)
}

async fn endless() -> anyhow::Result<Findings> {
    const SENTENCES: usize = 5_000;
    const QUESTION: Ask = Ask {
        patience: Duration::from_secs(20),
        ..ask("When do you open on Sunday?", "the end of it.")
    };
    let mut findings = Findings::default();
    let endless = Arc::new(|_chat: &Chat| Reply::saying("It goes on and on. ".repeat(SENTENCES)));
    let stage = Stage::set(Setting {
        brains: [endless, Arc::new(answered)],
        ..Setting::default()
    })
    .await?;
    let model = &stage.models[0];
    let call = stage.call(&[QUESTION]).await?;
    let asked = model.fake.attempts().first().copied();
    let ended = model
        .proxy
        .links()
        .iter()
        .filter_map(|link| link.closed)
        .max();
    let took = asked
        .zip(ended)
        .map(|(asked, ended)| ended.saturating_duration_since(asked));
    findings.within("endless ended after", took, LONGEST_REPLY.mul_f64(1.2));
    let written: u64 = model.fake.used().iter().map(|used| used.output).sum();
    findings.check(written <= MOST_TOKENS, format!("{written} tokens of it"));
    findings.survived(&call);
    stage.close().await?;
    Ok(findings)
}

async fn empty() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let asked = AtomicU32::new(0);
    // The first answer is empty, and everything about dogs is.
    let brain: Arc<dyn Brain> = Arc::new(move |chat: &Chat| {
        let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        let answer = answer_to(chat);
        let says_nothing = first || answer.starts_with("Dogs");
        Reply::saying(if says_nothing { "" } else { answer })
    });
    let stage = Stage::set(Setting {
        brains: [Arc::clone(&brain), brain],
        ..Setting::default()
    })
    .await?;
    let answered = stage.call(&QUESTIONS[..1]).await?;
    findings.count("attempts until an answer", attempts(&stage), 2);
    findings.conversation(&stage, &answered, &QUESTIONS[..1]);
    let own = stage.call(&[OWN_LINE]).await?;
    findings.count("attempts without one", attempts(&stage) - 2, 2);
    own_line(&mut findings, &stage, &own);
    findings.ledger(&stage, &[answered, own]);
    stage.close().await?;
    Ok(findings)
}

/// A question that only a line of the agent's own answers.
const OWN_LINE: Ask = Ask {
    patience: Duration::from_secs(8),
    ..ask("May I bring my two dogs?", "on a leash.")
};

fn own_line(findings: &mut Findings, stage: &Stage, call: &Call) {
    let line = &stage.agent.rules.lines.trouble;
    let heard = call
        .heard
        .answers
        .first()
        .map(|answer| answer.text.as_str());
    let heard = heard.unwrap_or_default();
    let is_own = bare(heard) == bare(line);
    findings.check(is_own, format!("then heard {heard:?}"));
    findings.survived(call);
}

fn attempts(stage: &Stage) -> usize {
    let of = |place: usize| stage.models[place].fake.attempts().len();
    of(0) + of(1)
}
