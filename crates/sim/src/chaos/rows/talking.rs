//! What goes wrong with models that hear, think and speak: F13.

use std::{sync::Arc, time::Duration};

use session::Speculate;
use tokio::time::Instant;

use super::{Row, row, speaking::is_whole_but_for_a_cut};
use crate::{
    chaos::{
        Findings, Set,
        code::bare,
        stage::{Call, QUESTIONS, Setting, Stage, Talker, answer_of, answer_to},
    },
    fakes::{Chat, RealtimeFault, Reply, What},
};

pub(super) const ROWS: &[Row] = &[row(
    "F13",
    "speech-to-speech connection is lost",
    "back with what was heard within 2 s, else model and voice carry on; the answer goes on, once",
    |set| Box::pin(lost(set)),
)];

const BACK: Duration = Duration::from_secs(2);
const OUTPUT_GAP: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3_600);
const SILENCE: Duration = Duration::from_secs(4);
/// Messages with sound: the greeting, and a second of the first answer.
const SOUNDS: usize = 2 + 5;
/// The greeting, and 400 ms of it: to the last letter of a word.
const TO_A_LETTER: usize = 2 + 2;

async fn lost(set: Set) -> anyhow::Result<Findings> {
    let (cut, in_a_word, stalled, dead, old) = tokio::join!(
        breaks(set, RealtimeFault::CutAfter(SOUNDS), None),
        breaks(set, RealtimeFault::CutAfter(TO_A_LETTER), None),
        breaks(set, RealtimeFault::StallAfter(SOUNDS), None),
        breaks(
            set,
            RealtimeFault::CutAfter(SOUNDS),
            Some(RealtimeFault::Refuse(503))
        ),
        grows_old(set),
    );
    let mut findings = Findings::default();
    findings.merge("cut off", cut?);
    findings.merge("in a word", in_a_word?);
    findings.merge("stalled", stalled?);
    findings.merge("dead", dead?);
    findings.merge("old", old?);
    Ok(findings)
}

fn talking(set: Set, lasts: Duration, recycle: Duration) -> Setting {
    Setting {
        brains: [Arc::new(going_on), Arc::new(going_on)],
        talker: Some(Talker {
            brain: Arc::new(going_on),
            lasts,
            recycle,
        }),
        speculate: Speculate::Off,
        ..Setting::of(set)
    }
}

/// A session would end in the second answer, and is replaced between the two.
async fn grows_old(set: Set) -> anyhow::Result<Findings> {
    const LASTS: Duration = Duration::from_secs(11);
    const RECYCLE: Duration = Duration::from_secs(5);
    let mut findings = Findings::default();
    let stage = Stage::set(talking(set, LASTS, RECYCLE)).await?;
    let call = stage.call(&QUESTIONS[..2]).await?;
    let talker = &stage.talkers[0].fake;
    let after = talker.attempts().windows(2).next().map(|at| at[1] - at[0]);
    findings.on_time("next session after", after, RECYCLE);
    let outlived = call.lasted > LASTS;
    findings.check(outlived, format!("a call of {} s", call.lasted.as_secs()));
    // The first may be replaced just before the first answer, or in the pause after it.
    let mut later = talker.seen().into_iter().skip(1);
    let took_over = later.any(|session| session.used.output_audio > 0);
    findings.check(took_over, "the next session speaks");
    findings.count(
        "answers by others",
        stage.models[0].fake.attempts().len(),
        0,
    );
    findings.conversation(&stage, &call, &QUESTIONS[..2]);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// A connection breaks in the first answer; `then` is what becomes of the next.
async fn breaks(
    set: Set,
    fault: RealtimeFault,
    then: Option<RealtimeFault>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(talking(set, HOUR, HOUR)).await?;
    let talker = &stage.talkers[0];
    talker.fake.fail_once(fault);
    talker.fake.fail_always(then);
    let call = stage.call(&QUESTIONS[..2]).await?;
    let attempts = talker.fake.attempts();
    findings.count("connections", attempts.len(), 2);
    let again = attempts.get(1).copied();
    let spoke = answer_began(&talker.moments());
    let took = again.zip(spoke).map(|(again, spoke)| again - spoke);
    if let RealtimeFault::StallAfter(_) = fault {
        findings.on_time("noticed after", took, OUTPUT_GAP);
    } else {
        findings.within("called again after", took, BACK);
    }
    heard(&mut findings, &call)?;
    let asked = stage.models[0].fake.attempts().len();
    let expected = if then.is_some() { 2 } else { 0 };
    findings.count("answers by others", asked, expected);
    findings.survived(&call);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

fn answer_began(moments: &[crate::fakes::Moment]) -> Option<Instant> {
    let answer = answer_of(&QUESTIONS[0]);
    let begins = |what: &What| matches!(what, What::SpeechSent(text) if text == answer);
    moments
        .iter()
        .find(|moment| begins(&moment.what))
        .map(|moment| moment.at)
}

fn heard(findings: &mut Findings, call: &Call) -> anyhow::Result<()> {
    let [first, second] = &call.heard.answers[..] else {
        anyhow::bail!("{} answers", call.heard.answers.len());
    };
    let whole = is_whole_but_for_a_cut(&first.text, answer_of(&QUESTIONS[0]));
    findings.check(whole, format!("heard {:?}", first.text));
    let next = bare(&second.text) == bare(answer_of(&QUESTIONS[1]));
    findings.check(next, format!("then {:?}", second.text));
    let silence = first.silence.max(second.silence);
    findings.within("silence", Some(silence), SILENCE);
    let kept = call.turns.get(1).map(|turn| bare(&turn.heard));
    let kept = kept.unwrap_or_default();
    findings.check(
        kept == bare(answer_of(&QUESTIONS[0])),
        format!("kept {kept:?}"),
    );
    Ok(())
}

/// What comes next of the answer to what the caller asked last.
fn going_on(chat: &Chat) -> Reply {
    let answer = answer_to(chat);
    let after = chat
        .messages
        .iter()
        .rposition(|message| message["role"] == "user" && !is_note(&message["content"]));
    let since = chat.messages.iter().skip(after.map_or(0, |at| at + 1));
    let mut said = since.filter(|message| message["role"] == "assistant");
    let said = said.find_map(|message| message["content"].as_str());
    let rest = answer.strip_prefix(said.unwrap_or_default().trim());
    Reply::saying(rest.unwrap_or(answer).trim())
}

fn is_note(content: &serde_json::Value) -> bool {
    content.as_str().is_some_and(|text| text.starts_with('['))
}
