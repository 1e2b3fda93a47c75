//! What goes wrong with recognisers: F01 to F04.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Row, row};
use crate::{
    chaos::{
        Findings, Set,
        code::bare,
        stage::{Call, FakeEar, GREETING, Post, QUESTIONS, Setting, Stage, ask},
        telephone::Ask,
    },
    fakes::SttFault,
    proxy::Trouble,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F01",
        "recogniser cannot be reached at the start",
        "greeting on time, second recogniser within 2 s, all words since the answer; without any: asked by the carrier (Gather), or told, where it cannot",
        |set| Box::pin(unreachable(set)),
    ),
    row(
        "F02",
        "recogniser is cut off mid-utterance, of 1.6 s and of 6 s",
        "back within 0.5 s, no word lost or doubled",
        |set| Box::pin(cut_off(set)),
    ),
    row(
        "F03",
        "recogniser never says anything, to 1.6 s, 6 s and 0.3 s of speech",
        "asked for words within 1 s, fall-back 2.5 s later, with the whole utterance replayed once",
        |set| Box::pin(mute(set)),
    ),
    row(
        "F04",
        "recogniser is 3 s late",
        "one filler after 1.5 s, the turn completes",
        |set| Box::pin(late(set)),
    ),
];

/// The connection to a recogniser has this deadline.
const CONNECT: Duration = Duration::from_secs(2);
/// Words that were asked for have this one.
const WORDS: Duration = Duration::from_millis(2_500);
/// The session asks for the words after so much silence.
const FINALIZE: Duration = Duration::from_millis(200);
const BACK: Duration = Duration::from_millis(500);
/// Files are answered within this time.
const ANSWERS: Duration = Duration::from_millis(300);
/// A silence of ours is filled after so long.
const FILLER: Duration = Duration::from_millis(1_500);

/// Six seconds of speech.
const LONG: [Ask; 2] = [
    ask(
        "If I come with my whole family, until what time does your kitchen serve breakfast on a Sunday?",
        "until noon.",
    ),
    QUESTIONS[1],
];
/// A third of a second.
const SHORT: [Ask; 2] = [ask("Dogs?", "on a leash."), QUESTIONS[2]];

/// From the first attempt at one place to the first at another one.
pub(super) fn between(from: &[Instant], to: &[Instant]) -> Option<Duration> {
    Some(*to.first()? - *from.first()?)
}

async fn unreachable(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let one = async {
        match set {
            Set::Nova | Set::Flux => first_unreachable(set).await,
            Set::Files => first_refuses(set).await,
        }
    };
    let (one, none, asked) = tokio::join!(one, nobody(set), by_rounds(set));
    findings.merge("the first", one?);
    findings.merge("all", none?);
    findings.merge("all, with rounds", asked?);
    Ok(findings)
}

async fn first_unreachable(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    stage.ears[0].fake.fail_always(Some(SttFault::NoAnswer));
    let call = stage.call(&QUESTIONS[..2]).await?;
    let [first, second] = [&stage.ears[0].fake, &stage.ears[1].fake];
    findings.on_time(
        "second asked after",
        between(&first.attempts(), &second.attempts()),
        CONNECT,
    );
    findings.count("attempts", first.attempts().len(), 1);
    findings.count("attempts at the second", second.attempts().len(), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// Who takes files has no connection that could fail to open: nobody is there.
async fn first_refuses(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = &stage.ears;
    first.proxy.spoil(Trouble::Refuse);
    let call = stage.call(&QUESTIONS[..2]).await?;
    let called = |post: &Post<FakeEar>| -> Vec<Instant> {
        post.proxy.links().iter().map(|link| link.opened).collect()
    };
    let after = between(&called(first), &called(second));
    findings.within("second called after", after, CONNECT);
    findings.count("attempts", first.fake.attempts().len(), 0);
    findings.count("files for the second", second.fake.attempts().len(), 2);
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// No recogniser at all, and a carrier that cannot listen: the caller is told, and the call ends.
async fn nobody(set: Set) -> anyhow::Result<Findings> {
    const TOLD_WITHIN: Duration = Duration::from_secs(5);
    const LETTER: Duration = Duration::from_millis(60);
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    deafen(&stage);
    let call = stage.call(&[Ask::NOTHING]).await?;
    let ended = call.ended.reason.as_str();
    findings.check(ended == "provider_failed_stt", format!("ended: {ended}"));
    let line = &stage.agent.rules.lines.failure;
    let heard = call.heard.text();
    let is_told = bare(&heard) == bare(&format!("{GREETING}{line}"));
    findings.check(is_told, format!("heard {heard:?}"));
    let letters = u32::try_from(heard.len()).unwrap_or(u32::MAX);
    let spoken = TOLD_WITHIN + LETTER * letters;
    findings.within("over after", Some(call.lasted), spoken);
    findings.recorded(&call);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// No recogniser at all, and a carrier that asks by itself: the call goes on.
async fn by_rounds(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting {
        rounds: true,
        ..Setting::of(set)
    });
    let stage = stage.await?;
    deafen(&stage);
    let asks = &QUESTIONS[..2];
    let (call, rounds) = stage.call_in_rounds(Ask::NOTHING, asks).await?;
    let ended = call.ended.reason.as_str();
    findings.check(ended == "caller_hung_up", format!("ended: {ended}"));
    let heard = call.heard.text();
    let is_greeted = bare(&heard) == bare(GREETING);
    findings.check(is_greeted, format!("over the audio {heard:?}"));
    findings.in_rounds(&rounds, asks);
    findings.check(rounds.repeats, "a question asked twice is answered alike");
    let turns: Vec<&str> = call.turns.iter().map(|turn| &*turn.caller).collect();
    let asked: Vec<&str> = asks.iter().map(|ask| ask.words).collect();
    let is_kept = turns.iter().filter(|said| !said.is_empty()).eq(&asked);
    findings.check(is_kept, format!("recorded {turns:?}"));
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

fn deafen(stage: &Stage) {
    for post in &stage.ears {
        post.proxy.spoil(Trouble::Refuse);
    }
}

async fn cut_off(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    if set == Set::Files {
        findings.merge("between words and answer", answer_cut(set).await?);
        return Ok(findings);
    }
    let (usual, long) = tokio::join!(
        cut_after(set, Duration::from_secs(2), &QUESTIONS[..2]),
        cut_after(set, Duration::from_millis(6_500), &LONG),
    );
    findings.merge("1.6 s", usual?);
    findings.merge("6 s", long?);
    Ok(findings)
}

/// No connection stands while somebody speaks: only the answer to a file can be cut.
async fn answer_cut(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = [&stage.ears[0].fake, &stage.ears[1].fake];
    first.fail_once(SttFault::DropAfter(Duration::ZERO));
    let call = stage.call(&QUESTIONS[..2]).await?;
    let attempts = first.attempts();
    let back = attempts.windows(2).next().map(|at| at[1] - at[0]);
    findings.within("sent again after", back, ANSWERS + BACK);
    findings.count("attempts", attempts.len(), 3);
    findings.count("attempts at the second", second.attempts().len(), 0);
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// The first question begins about a second after the call.
async fn cut_after(set: Set, when: Duration, asks: &[Ask]) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let first = &stage.ears[0];
    let cuts = async {
        sleep(when).await;
        first.proxy.spoil(Trouble::CutAfter(0));
        let is_cut = || {
            let links = first.proxy.links();
            links.first().is_some_and(|link| link.closed.is_some())
        };
        while !is_cut() {
            sleep(Duration::from_millis(1)).await;
        }
        first.proxy.spoil(Trouble::Clean);
    };
    let (call, ()) = tokio::join!(stage.call(asks), cuts);
    let call = call?;
    let links = first.proxy.links();
    let cut = links.first().and_then(|link| link.closed);
    let attempts = first.fake.attempts();
    let back = cut.zip(attempts.get(1)).map(|(cut, back)| *back - cut);
    findings.within("back after", back, BACK);
    findings.count("attempts", attempts.len(), 2);
    let instead = stage.ears[1].fake.attempts().len();
    findings.count("attempts at the second", instead, 0);
    findings.conversation(&stage, &call, asks);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn mute(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (usual, long, short) = tokio::join!(
        mute_to(set, &QUESTIONS[..2]),
        mute_to(set, &LONG),
        mute_to(set, &SHORT)
    );
    findings.merge("1.6 s", usual?);
    findings.merge("6 s", long?);
    findings.merge("0.3 s", short?);
    Ok(findings)
}

async fn mute_to(set: Set, asks: &[Ask]) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = [&stage.ears[0].fake, &stage.ears[1].fake];
    first.fail_always(Some(SttFault::Mute));
    let call = stage.call(asks).await?;
    let fell_back = second.attempts().first().copied();
    let took = first_asked(&call)
        .zip(fell_back)
        .map(|(asked, back)| back.saturating_duration_since(asked));
    if asks == LONG {
        // It may be noticed while he speaks that no words come.
        findings.within("fall-back after", took, FINALIZE + WORDS);
    } else {
        findings.on_time("fall-back after", took, FINALIZE + WORDS);
    }
    findings.count("attempts", first.attempts().len(), 1);
    let instead = second.attempts().len();
    match set {
        Set::Nova | Set::Flux => findings.count("attempts at the second", instead, 1),
        // A file for each stretch of speech.
        Set::Files => findings.check(instead >= asks.len(), format!("{instead} files then")),
    }
    let leads = findings.answers(&call, asks);
    findings.excused(&stage, leads);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// When the caller had said his first words.
fn first_asked(call: &Call) -> Option<Instant> {
    call.heard.answers.first().map(|answer| answer.asked)
}

async fn late(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (words, line) = tokio::join!(late_by(set, Late::Words), late_by(set, Late::Line));
    findings.merge("words", words?);
    findings.merge("line", line?);
    Ok(findings)
}

/// What is late.
#[derive(Clone, Copy)]
enum Late {
    /// Everything that comes over the line, from shortly after the beginning on.
    Line,
    Words,
}

async fn late_by(set: Set, late: Late) -> anyhow::Result<Findings> {
    const CONNECTED: Duration = Duration::from_millis(500);
    let by = match set {
        Set::Nova | Set::Flux => Duration::from_secs(3),
        // Nothing comes of a file before its words, which are not waited for that long.
        Set::Files => Duration::from_secs(2),
    };
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = &stage.ears;
    let delays = async {
        match late {
            Late::Line => {
                sleep(CONNECTED).await;
                first.proxy.spoil(Trouble::Delay(by));
            }
            Late::Words => first.fake.fail_always(Some(SttFault::Slow(by))),
        }
    };
    let (call, ()) = tokio::join!(stage.call(&QUESTIONS[..1]), delays);
    let call = call?;
    let leads = findings.answers(&call, &QUESTIONS[..1]);
    let fillers = &stage.agent.rules.mask.fillers;
    let is_filler = |lead: &String| fillers.iter().any(|filler| bare(filler) == *lead);
    findings.check(
        leads.iter().all(is_filler),
        format!("before the answer {leads:?}"),
    );
    let after = call.heard.answers.first().and_then(|answer| answer.after);
    findings.on_time("first sound after", after, FILLER);
    findings.count("attempts", first.fake.attempts().len(), 1);
    findings.count("attempts at the second", second.fake.attempts().len(), 0);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}
