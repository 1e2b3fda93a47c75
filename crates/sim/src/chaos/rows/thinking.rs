//! What goes wrong with models: F05 to F09.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::Purpose;
use driver::BreakerSettings;
use tokio::time::Instant;

use super::{Row, Weight, listening::between, row};
use crate::{
    chaos::{
        Findings, Set,
        code::bare,
        ledger::{Lost, tokens_for},
        stage::{
            Call, FakeModel, QUESTIONS, Question, Setting, Stage, TOKEN_GAP, answer_to, answered,
            ask,
        },
        telephone::Ask,
    },
    fakes::{Brain, Chat, LlmFault, Pieces, Reply, What},
    proxy::Trouble,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F05",
        "model refuses: 429, 500, 503",
        "at most one retry after 100 to 300 ms (none where it says to wait longer), then the next one; first sound within 4 s",
        |set| Box::pin(refuses(set)),
    ),
    row(
        "F06",
        "model is silent",
        "a second one asked after 2.5 s, the loser cancelled, both billed",
        |set| Box::pin(silent(set)),
    ),
    row(
        "F07",
        "model stalls in the middle",
        "noticed after 2 s, whole sentences spoken, the next one is told of them and goes on, nothing said twice",
        |set| Box::pin(stalls(set)),
    ),
    Row {
        weight: Weight::Heavy,
        ..row(
            "F08",
            "model talks garbage: HTML, broken events, bad UTF-8, lines of 100 kB and 10 MB, no end",
            "taken for a failure, the next one answers; at most 64 kB in a line (60 are read), 2,000 tokens and 15 s",
            |set| Box::pin(garbage(set)),
        )
    },
    row(
        "F09",
        "model says nothing, or declines",
        "asked once more, then a line of the agent's own",
        |set| Box::pin(empty(set)),
    ),
];

const HEDGE_AFTER: Duration = Duration::from_millis(2_500);
/// Nothing more for so long is a stall.
const STALL: Duration = Duration::from_secs(2);
const LONGEST_REPLY: Duration = Duration::from_secs(15);
const MOST_TOKENS: u64 = 2_000;
const RETRY: [Duration; 2] = [Duration::from_millis(95), Duration::from_millis(300)];
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

fn without_breakers(set: Set) -> Setting {
    Setting {
        breakers: NO_BREAKERS,
        ..Setting::of(set)
    }
}

async fn refuses(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(without_breakers(set)).await?;
    let [first, second] = [&stage.models[0].fake, &stage.models[1].fake];
    let busy = |ms| LlmFault::Busy {
        retry_after: Duration::from_millis(ms),
    };
    // Each with the retries it is worth.
    let faults = [
        (busy(200), 1),
        (LlmFault::ServerError, 1),
        (LlmFault::Overloaded, 1),
        (busy(5_000), 0),
    ];
    let mut calls = Vec::new();
    for ((fault, most), ask) in faults.into_iter().zip(QUESTIONS) {
        let before = [first, second].map(|model| model.asked().len());
        first.fail_always(Some(fault));
        let call = stage.call(&[ask]).await?;
        findings.retries(&first.asked()[before[0]..], (fault, most));
        let instead = by_question(&second.asked()[before[1]..]);
        let times: Vec<usize> = instead.iter().map(Vec::len).collect();
        let is_once = !times.is_empty() && times.iter().all(|times| *times == 1);
        findings.check(is_once, format!("the second asked each {times:?} times"));
        let after = call.heard.answers.first().and_then(|answer| answer.after);
        findings.within("first sound", after, FIRST_SOUND);
        findings.conversation(&stage, &call, &[ask]);
        calls.push(call);
    }
    findings.ledger(&stage, &calls);
    stage.close().await?;
    Ok(findings)
}

/// When each question was asked.
fn by_question(asked: &[(Instant, Question)]) -> Vec<Vec<Instant>> {
    let mut times: BTreeMap<&Question, Vec<Instant>> = BTreeMap::new();
    for (at, question) in asked {
        times.entry(question).or_default().push(*at);
    }
    times.into_values().collect()
}

impl Findings {
    /// Who refuses with this is asked the same again so often at most, and not at once.
    fn retries(&mut self, asked: &[(Instant, Question)], (fault, most): (LlmFault, usize)) {
        self.check(!asked.is_empty(), format!("{fault:?}: asked"));
        for times in by_question(asked) {
            let again = times.len() - 1;
            self.check(again <= most, format!("{fault:?}: {again} retries"));
            if let [first, second] = times[..] {
                let wait = second - first;
                self.check(wait >= RETRY[0], format!("after {} ms", wait.as_millis()));
                self.within("retried after", Some(wait), RETRY[1].mul_f64(1.2));
            }
        }
    }

    /// Two are asked at once, and whoever writes first wins: the other one is kept until then, and
    /// not much longer.
    fn race(&mut self, loser_closed: Option<Instant>, winner_wrote: Option<Instant>) {
        let (closed, wrote) = (loser_closed, winner_wrote);
        let kept = closed
            .zip(wrote)
            .is_some_and(|(closed, wrote)| closed >= wrote);
        self.check(kept, "the loser is waited for until the winner writes");
        let after = closed
            .zip(wrote)
            .map(|(closed, wrote)| closed.saturating_duration_since(wrote));
        self.within("loser cancelled after", after, Duration::from_secs(1));
    }
}

async fn silent(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    first.fake.fail_always(Some(LlmFault::NoAnswer));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let hedged = between(&first.fake.attempts(), &second.fake.attempts());
    findings.on_time("second asked after", hedged, HEDGE_AFTER);
    findings.count("attempts", first.fake.attempts().len(), 1);
    findings.race(last_closed(&first.fake), second.wrote());
    let paid = tokens_for(&call.receipt, Purpose::Hedge);
    let used = first.fake.used();
    let used: u64 = used.iter().map(|used| used.prompt() + used.output).sum();
    findings.check(
        paid == used && paid > 0,
        format!("{paid} tokens for the loser, who used {used}"),
    );
    findings.count("attempts at the second", second.fake.attempts().len(), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// When the last of its answers was over. `None`: one of them is not.
fn last_closed(model: &FakeModel) -> Option<Instant> {
    let closed: Option<Vec<Instant>> = model.closed().into_iter().collect();
    closed?.into_iter().max()
}

/// Goes on where another one stopped; without knowing of it, answers in words of its own.
fn goes_on(chat: &Chat) -> Reply {
    let mut said = chat.messages.iter();
    let knows = said.any(|message| {
        message["role"] == "assistant" && message["content"].as_str().is_some_and(has_spoken)
    });
    Reply::saying(if knows {
        "Breakfast is served until noon."
    } else {
        "On Sundays it is nine o'clock, and breakfast is there until noon."
    })
}

fn has_spoken(said: &str) -> bool {
    bare(said).ends_with("weopenatnineonsunday")
}

async fn stalls(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting {
        brains: [Arc::new(answered), Arc::new(goes_on)],
        ..Setting::of(set)
    })
    .await?;
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
    findings.on_time("next one asked after", took, STALL);
    findings.count("attempts", first.fake.attempts().len(), 1);
    findings.count("attempts at the second", second.fake.attempts().len(), 1);
    let told = second.fake.shown().iter().any(|said| has_spoken(said));
    findings.check(told, "the next one is shown what was spoken");
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn garbage(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (broken, good, long, longest, fast, slow) = tokio::join!(
        broken(set),
        line_of(set, 60_000, 0),
        line_of(set, 100_000, 1),
        line_of(set, 10 << 20, 1),
        endless(set, Duration::from_millis(1), Pieces::Sentences),
        endless(set, TOKEN_GAP, Pieces::Tokens),
    );
    findings.merge("broken", broken?);
    findings.merge("60 kB", good?);
    findings.merge("100 kB", long?);
    findings.merge("10 MB", longest?);
    findings.merge("fast", fast?);
    findings.merge("slow", slow?);
    Ok(findings)
}

/// Tokens that were written and could not be read: whoever wrote them counts them.
const UNREADABLE: Lost = Lost {
    tokens: 12,
    characters: 0,
};

/// HTML, broken events, bad UTF-8 and what is no HTTP, each in a call of its own.
async fn broken(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(without_breakers(set)).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    let faults = [
        Some(LlmFault::Html),
        Some(LlmFault::HtmlAsAnswer),
        Some(LlmFault::GarbageAfter(5)),
        Some(LlmFault::BadUtf8After(5)),
        None,
    ];
    let mut calls = Vec::new();
    for (number, fault) in faults.into_iter().enumerate() {
        let ask = QUESTIONS[number % QUESTIONS.len()];
        let name = fault.map_or("no HTTP".to_owned(), |fault| format!("{fault:?}"));
        let before = [first, second].map(|post| post.fake.attempts().len());
        first.fake.fail_always(fault);
        if fault.is_none() {
            first.proxy.spoil(Trouble::GarbageAfter(1_500));
        }
        let call = stage.call(&[ask]).await?;
        let made = [first, second].map(|post| post.fake.attempts().len());
        let (made, instead) = (made[0] - before[0], made[1] - before[1]);
        findings.check((1..=2).contains(&made), format!("{name}: {made} attempts"));
        findings.count(&format!("{name}: at the second"), instead, 1);
        findings.conversation(&stage, &call, &[ask]);
        calls.push(call);
    }
    findings.ledger_but(&stage, &calls, UNREADABLE);
    stage.close().await?;
    Ok(findings)
}

/// A line so long, which is a failure or not.
async fn line_of(set: Set, bytes: usize, failures: usize) -> anyhow::Result<Findings> {
    /// What the sockets of both sides hold comes on top of what is read.
    const IN_SOCKETS: u64 = 2 << 20;
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = [&stage.models[0], &stage.models[1]];
    first.fake.fail_always(Some(LlmFault::LongLine(bytes)));
    let call = stage.call(&QUESTIONS[..1]).await?;
    findings.count("attempts", first.fake.attempts().len(), 1);
    findings.count("at the second", second.fake.attempts().len(), failures);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    let links = first.proxy.links();
    let read: u64 = links.iter().map(|link| link.answered).sum();
    findings.check(read < IN_SOCKETS, format!("{} kB read", read >> 10));
    findings.ledger_but(&stage, &[call], UNREADABLE);
    stage.close().await?;
    Ok(findings)
}

/// A model that has no end, with so much between two pieces.
async fn endless(set: Set, gap: Duration, pieces: Pieces) -> anyhow::Result<Findings> {
    const SENTENCE: &str = "It goes on and on. ";
    const SENTENCES: usize = 5_000;
    const QUESTION: Ask = Ask {
        patience: Duration::from_secs(20),
        ..ask("When do you open on Sunday?", "the end of it.")
    };
    let mut findings = Findings::default();
    let endless = Arc::new(|_chat: &Chat| Reply::saying(SENTENCE.repeat(SENTENCES)));
    let stage = Stage::set(Setting {
        brains: [endless, Arc::new(answered)],
        token_gap: gap,
        pieces,
        ..Setting::of(set)
    })
    .await?;
    let model = &stage.models[0];
    let call = stage.call(&[QUESTION]).await?;
    let asked = model.fake.attempts().first().copied();
    let took = asked
        .zip(last_closed(&model.fake))
        .map(|(asked, ended)| ended.saturating_duration_since(asked));
    findings.within("ended after", took, LONGEST_REPLY.mul_f64(1.2));
    let written: u64 = model.fake.used().iter().map(|used| used.output).sum();
    // Some were on their way.
    let lost = Lost {
        tokens: MOST_TOKENS / 100,
        ..UNREADABLE
    };
    let most = MOST_TOKENS + lost.tokens;
    findings.check(written <= most, format!("{written} tokens"));
    let answer = call.heard.answers.first();
    let heard = answer.map_or(String::new(), |answer| bare(&answer.text));
    let sentence = bare(SENTENCE);
    // Whatever was said of the end, the rest is sentence after sentence.
    let (lead, rest) = heard.split_at(heard.find(&sentence).unwrap_or(heard.len()));
    let spoken = rest.matches(&sentence).count();
    let left = &rest[spoken * sentence.len()..];
    findings.check(
        spoken > 0 && rest.starts_with(&sentence.repeat(spoken)),
        format!("heard {lead:?}, {spoken} sentences, {left:?}"),
    );
    findings.silence(answer.map_or(Duration::MAX, |answer| answer.silence));
    findings.survived(&call);
    findings.ledger_but(&stage, &[call], lost);
    stage.close().await?;
    Ok(findings)
}

async fn empty(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (silent, declines) = tokio::join!(says_nothing(set), declines(set));
    findings.merge("nothing", silent?);
    findings.merge("declines", declines?);
    Ok(findings)
}

async fn says_nothing(set: Set) -> anyhow::Result<Findings> {
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
        ..Setting::of(set)
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

async fn declines(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    stage.models[0].fake.fail_once(LlmFault::Declines);
    let answered = stage.call(&QUESTIONS[..1]).await?;
    findings.count("attempts until an answer", attempts(&stage), 2);
    findings.conversation(&stage, &answered, &QUESTIONS[..1]);
    let before = attempts(&stage);
    for post in &stage.models {
        post.fake.fail_always(Some(LlmFault::Declines));
    }
    let own = stage.call(&[OWN_LINE]).await?;
    findings.count("attempts without one", attempts(&stage) - before, 2);
    own_line(&mut findings, &stage, &own);
    findings.ledger(&stage, &[answered, own]);
    stage.close().await?;
    Ok(findings)
}

/// A question that only a line of the agent's own answers.
pub(super) const OWN_LINE: Ask = Ask {
    patience: Duration::from_secs(8),
    ..ask("May I bring my two dogs?", "say that again?")
};

fn own_line(findings: &mut Findings, stage: &Stage, call: &Call) {
    let line = &stage.agent.rules.lines.trouble;
    let answer = call.heard.answers.first();
    let heard = answer.map_or("", |answer| answer.text.as_str());
    let is_own = bare(heard) == bare(line);
    findings.check(is_own, format!("then heard {heard:?}"));
    findings.silence(answer.map_or(Duration::MAX, |answer| answer.silence));
    findings.recorded(call);
    findings.survived(call);
}

fn attempts(stage: &Stage) -> usize {
    let of = |place: usize| stage.models[place].fake.attempts().len();
    of(0) + of(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_begun_too_soon_is_no_retry_of_the_next() {
        let begun = Instant::now();
        let asked = |after_ms, said| {
            let body = json!({ "messages": [{ "role": "user", "content": said }] });
            (begun + Duration::from_millis(after_ms), Question::of(&body))
        };
        let retries = |asked: &[(Instant, Question)]| {
            let mut findings = Findings::default();
            findings.retries(asked, (LlmFault::ServerError, 1));
            findings
        };
        let mut all = vec![
            asked(0, "When do you"),
            asked(200, "When do you"),
            asked(600, "When do you open?"),
            asked(800, "When do you open?"),
        ];
        assert!(retries(&all).hold());
        all.push(asked(1_000, "When do you open?"));
        assert_eq!(retries(&all).missed.len(), 1);
    }

    #[test]
    fn a_loser_that_was_dropped_before_the_winner_wrote_was_in_no_race() {
        let wrote = Instant::now();
        let (before, soon) = (
            wrote - Duration::from_millis(150),
            wrote + Duration::from_millis(5),
        );
        let race = |closed| {
            let mut findings = Findings::default();
            findings.race(closed, Some(wrote));
            findings
        };
        assert!(race(Some(soon)).hold());
        assert_eq!(race(Some(before)).missed.len(), 1);
        assert_eq!(race(None).missed.len(), 2);
        let late = race(Some(wrote + Duration::from_secs(2)));
        assert_eq!((late.missed.len(), late.late.len()), (0, 1));
    }
}
