//! What goes wrong with recognisers: F01 to F04.

use std::time::Duration;

use tokio::time::Instant;

use super::{Row, row};
use crate::{
    chaos::{
        Findings,
        code::bare,
        stage::{Call, QUESTIONS, Setting, Stage},
    },
    fakes::SttFault,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F01",
        "recogniser cannot be reached at the start",
        "greeting on time, second recogniser within 2 s, all words since the answer; without any: told, and ended",
        || Box::pin(unreachable()),
    ),
    row(
        "F02",
        "recogniser is cut off mid-utterance",
        "back within 0.5 s, no word lost or doubled",
        || Box::pin(cut_off()),
    ),
    row(
        "F03",
        "recogniser never says anything",
        "fall-back after 2.5 s, with the utterance replayed",
        || Box::pin(mute()),
    ),
    row(
        "F04",
        "recogniser is 3 s late",
        "one filler, the turn completes",
        || Box::pin(late()),
    ),
];

/// The connection to a recogniser has this deadline.
const CONNECT: Duration = Duration::from_secs(2);
/// Words that were asked for have this one.
const WORDS: Duration = Duration::from_millis(2_500);

/// A silence of ours is filled after so long.
const FILLER: Duration = Duration::from_millis(1_500);

/// From the first attempt at one place to the first at another one.
pub(super) fn between(from: &[Instant], to: &[Instant]) -> Option<Duration> {
    Some(*to.first()? - *from.first()?)
}

async fn unreachable() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    stage.ears[0].fake.fail_always(Some(SttFault::NoAnswer));
    let call = stage.call(&QUESTIONS[..2]).await?;
    let [first, second] = [&stage.ears[0].fake, &stage.ears[1].fake];
    findings.on_time(
        "second asked after",
        between(&first.attempts(), &second.attempts()),
        CONNECT,
    );
    findings.count("attempts", first.attempts().len(), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    findings.merge(nobody().await?);
    Ok(findings)
}

/// No recogniser at all.
async fn nobody() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    for post in &stage.ears {
        post.proxy.spoil(crate::proxy::Trouble::Refuse);
    }
    let call = stage.call(&QUESTIONS[..1]).await?;
    let ended = call.ended.reason.as_str();
    findings.check(
        ended == "provider_failed_stt",
        format!("without any: {ended}"),
    );
    let told = call.turns.last().is_some_and(|turn| !turn.heard.is_empty());
    findings.check(told, "and the caller was told");
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn cut_off() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    // The first question begins about a second after the call.
    let middle = SttFault::DropAfter(Duration::from_millis(2_000));
    stage.ears[0].fake.fail_once(middle);
    let call = stage.call(&QUESTIONS[..2]).await?;
    let cut = stage.ears[0]
        .proxy
        .links()
        .first()
        .and_then(|link| link.closed);
    let attempts = stage.ears[0].fake.attempts();
    let back = cut.zip(attempts.get(1)).map(|(cut, back)| *back - cut);
    findings.within("back after", back, Duration::from_millis(500));
    findings.count("attempts", attempts.len(), 2);
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn mute() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    stage.ears[0].fake.fail_always(Some(SttFault::Mute));
    let call = stage.call(&QUESTIONS[..2]).await?;
    let asked = first_asked(&call);
    let fell_back = stage.ears[1].fake.attempts().first().copied();
    // The session asks for the words after 200 ms of silence.
    let finalized = Duration::from_millis(200);
    let took = asked.zip(fell_back).map(|(asked, back)| back - asked);
    findings.on_time("fall-back after", took, finalized + WORDS);
    findings.count("attempts", stage.ears[0].fake.attempts().len(), 1);
    // The session may have said that it heard nothing.
    for lead in findings.answers(&call, &QUESTIONS[..2]) {
        if !lead.is_empty() {
            findings.found.push(format!("before it {lead:?}"));
        }
    }
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// When the caller had said his first words.
fn first_asked(call: &Call) -> Option<Instant> {
    call.heard.answers.first().map(|answer| answer.asked)
}

async fn late() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    let late = SttFault::Slow(Duration::from_secs(3));
    stage.ears[0].fake.fail_always(Some(late));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let leads = findings.answers(&call, &QUESTIONS[..1]);
    let fillers = stage.agent.rules.mask.fillers.iter();
    let filled = leads
        .iter()
        .all(|lead| fillers.clone().any(|filler| bare(filler) == *lead));
    findings.check(filled, format!("before the answer {leads:?}"));
    let after = call.heard.answers.first().and_then(|answer| answer.after);
    findings.on_time("first sound after", after, FILLER);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}
