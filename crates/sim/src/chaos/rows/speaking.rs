//! What goes wrong with voices: F10 to F12.

use std::{sync::Arc, time::Duration};

use super::{Row, row};
use crate::{
    chaos::{
        Findings,
        code::{CodedVoice, bare},
        stage::{QUESTIONS, Setting, Stage, answer_of, ask},
        telephone::Ask,
    },
    fakes::{TtsFault, Voice},
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F10",
        "voice is dead",
        "the next voice after 1.5 s, then the built-in recording",
        || Box::pin(dead()),
    ),
    row(
        "F11",
        "voice is cut off mid-sentence",
        "the rest made again from the last word, silence within 1.5 s",
        || Box::pin(cut_off()),
    ),
    row(
        "F12",
        "voice sends another format, silence, ten minutes",
        "rejected, at most 60 s kept, no burst of noise",
        || Box::pin(nonsense()),
    ),
];

const FIRST_AUDIO: Duration = Duration::from_millis(1_500);
const SILENCE: Duration = Duration::from_millis(1_500);

async fn dead() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    let [first, second] = [&stage.voices[0], &stage.voices[1]];
    let rehearsed = first.fake.attempts().len();
    first.fake.fail_always(Some(TtsFault::Mute));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let took = first
        .text_asked()
        .zip(second.fake.attempts().first().copied());
    let took = took.map(|(asked, instead)| instead - asked);
    findings.on_time("next voice after", took, FIRST_AUDIO);
    findings.count("attempts", first.fake.attempts().len() - rehearsed, 1);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    second.fake.fail_always(Some(TtsFault::Mute));
    let spoiled = stage.call(&[NO_WORDS]).await?;
    let recording = spoiled.heard.answers.first().map(|answer| answer.foreign);
    let recording = recording.unwrap_or_default().as_millis();
    findings.check(recording > 500, format!("{recording} ms of the recording"));
    findings.survived(&spoiled);
    findings.ledger(&stage, &[call, spoiled]);
    stage.close().await?;
    Ok(findings)
}

/// A question that is answered by a recording only.
const NO_WORDS: Ask = Ask {
    patience: Duration::from_secs(8),
    ..ask("May I bring my two dogs?", "on a leash.")
};

async fn cut_off() -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::default()).await?;
    // In the middle of the ninth letter of a word, 400 ms to the message.
    stage.voices[0].fake.fail_once(TtsFault::DropAfter(2));
    let call = stage.call(&QUESTIONS[..2]).await?;
    let [first, second] = &call.heard.answers[..] else {
        anyhow::bail!("{} answers", call.heard.answers.len());
    };
    let whole = is_whole_but_for_a_cut(&first.text, answer_of(&QUESTIONS[0]));
    findings.check(whole, format!("heard {:?}", first.text));
    let next = bare(&second.text) == bare(answer_of(&QUESTIONS[1]));
    findings.check(next, format!("then {:?}", second.text));
    let silence = first.silence.max(second.silence);
    findings.within("silence", Some(silence), SILENCE);
    findings.survived(&call);
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// Whether a text was heard to its end, with at most one word that was broken off and said again.
pub(super) fn is_whole_but_for_a_cut(heard: &str, text: &str) -> bool {
    let heard = bare(heard);
    let mut begins = vec![0];
    for word in text.split_whitespace() {
        begins.push(begins.last().copied().unwrap_or(0) + bare(word).len());
    }
    let text = bare(text);
    let words = begins.windows(2).map(|word| (word[0], word[1]));
    let mut cuts = words.flat_map(|(begin, end)| (begin..end).map(move |cut| (begin, cut)));
    cuts.any(|(begin, cut)| heard == format!("{}{}", &text[..cut], &text[begin..]))
}

/// Speaks properly of dogs only.
struct Spoiled(fn(&str) -> Vec<u8>);

impl Voice for Spoiled {
    fn say(&self, text: &str) -> Vec<u8> {
        if bare(text).contains("sunday") {
            (self.0)(text)
        } else {
            CodedVoice::default().say(text)
        }
    }
}

/// Linear samples at 24 kHz where mu-law at 8 kHz was ordered: noise.
fn linear(text: &str) -> Vec<u8> {
    let hum = CodedVoice::default().say(text);
    let samples = hum.iter().map(|code| audio::g711::ulaw::decode(*code));
    samples
        .flat_map(|sample| [sample; 3])
        .flat_map(i16::to_le_bytes)
        .collect()
}

fn silent(text: &str) -> Vec<u8> {
    vec![0xFF; CodedVoice::default().say(text).len()]
}

fn ten_minutes(text: &str) -> Vec<u8> {
    const LENGTH: usize = 10 * 60 * 8_000;
    let mut sound = CodedVoice::default().say(text);
    sound.resize(LENGTH, 0x20);
    sound
}

async fn nonsense() -> anyhow::Result<Findings> {
    let (one, two, three) = tokio::join!(
        spoken_as("another format", linear),
        spoken_as("silence", silent),
        spoken_as("ten minutes", ten_minutes),
    );
    let mut findings = one?;
    findings.merge(two?);
    findings.merge(three?);
    Ok(findings)
}

async fn spoken_as(what: &str, sound: fn(&str) -> Vec<u8>) -> anyhow::Result<Findings> {
    const NOISE: Duration = Duration::from_millis(500);
    let mut findings = Findings::default();
    let stage = Stage::set(Setting {
        first_voice: Arc::new(Spoiled(sound)),
        ..Setting::default()
    })
    .await?;
    let question = Ask {
        patience: Duration::from_secs(10),
        ..QUESTIONS[0]
    };
    let call = stage.call(&[question]).await?;
    let answer = call.heard.answers.first();
    let heard = answer
        .map(|answer| answer.text.as_str())
        .unwrap_or_default();
    let whole = bare(heard) == bare(answer_of(&question));
    findings.check(whole, format!("{what}: heard {heard:?}"));
    let noise = answer.map_or(Duration::ZERO, |answer| answer.foreign);
    findings.within(&format!("{what}: noise"), Some(noise), NOISE);
    findings.survived(&call);
    stage.close().await?;
    Ok(findings)
}
