//! What goes wrong with voices: F10 to F12.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Row, row};
use crate::{
    carrier::SILENCE as SILENT,
    chaos::{
        Findings, Set,
        code::{CodedVoice, Reader, bare},
        ledger::Lost,
        stage::{Call, FakeVoice, GREETING, Post, QUESTIONS, Setting, Stage, answer_of, ask},
        telephone::Ask,
    },
    fakes::{TtsFault, Voice},
    proxy::Trouble,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "F10",
        "voice is dead",
        "the next voice after 1.5 s, then the built-in recording, and after it the carrier's own (Gather) where it can speak; no silence of 4 s",
        |set| Box::pin(dead(set)),
    ),
    row(
        "F11",
        "voice is cut off mid-sentence",
        "the rest made again from the last word, silence within 1.5 s",
        |set| Box::pin(cut_off(set)),
    ),
    row(
        "F12",
        "voice sends another format, odd bytes, silence, ten minutes",
        "rejected (odd bytes are played), at most 60 s kept, no burst of noise; sound that goes on ends when no text takes as long",
        |set| Box::pin(nonsense(set)),
    ),
];

const FIRST_AUDIO: Duration = Duration::from_millis(1_500);
const SILENCE: Duration = Duration::from_millis(1_500);

async fn dead(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (stays, leaves) = tokio::join!(dead_on_audio(set), dead_by_rounds(set));
    findings.merge("audio", stays?);
    findings.merge("with rounds", leaves?);
    Ok(findings)
}

/// No voice at all, and a carrier that speaks by itself: one recording, and the call goes on.
async fn dead_by_rounds(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting {
        rounds: true,
        ..Setting::of(set)
    });
    let stage = stage.await?;
    for voice in &stage.voices {
        voice.fake.fail_always(Some(TtsFault::Mute));
    }
    let asks = &QUESTIONS[..1];
    // He stays on the line until it is left: two voices are waited for, then comes the recording.
    let spoken = Ask {
        patience: Duration::from_secs(15),
        ..NO_WORDS
    };
    let (call, rounds) = stage.call_in_rounds(spoken, asks).await?;
    let spoken = call.heard.answers.first();
    let recording = spoken.map_or(Duration::ZERO, |answer| answer.foreign);
    findings.on_time("of the recording", Some(recording), loud_in(APOLOGY));
    findings.silence(spoken.map_or(Duration::MAX, |answer| answer.silence));
    findings.in_rounds(&rounds, asks);
    let ended = call.ended.reason.as_str();
    findings.check(ended == "caller_hung_up", format!("ended: {ended}"));
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

async fn dead_on_audio(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let [first, second] = [&stage.voices[0], &stage.voices[1]];
    let rehearsed = first.fake.texts().len();
    first.fake.fail_always(Some(TtsFault::Mute));
    let call = stage.call(&QUESTIONS[..1]).await?;
    let took = first
        .text_asked()
        .zip(second.fake.attempts().first().copied());
    let took = took.map(|(asked, instead)| instead - asked);
    findings.on_time("next voice after", took, FIRST_AUDIO);
    findings.count("attempts", first.times_asked(rehearsed), 1);
    findings.conversation(&stage, &call, &QUESTIONS[..1]);
    second.fake.fail_always(Some(TtsFault::Mute));
    let spoiled = stage.call(&[NO_WORDS]).await?;
    let answer = spoiled.heard.answers.first();
    let heard = answer.map_or("", |answer| answer.text.as_str());
    findings.check(heard.is_empty(), format!("then heard {heard:?}"));
    let recording = answer.map_or(Duration::ZERO, |answer| answer.foreign);
    findings.on_time("of the recording", Some(recording), loud_in(APOLOGY));
    findings.silence(answer.map_or(Duration::MAX, |answer| answer.silence));
    findings.survived(&spoiled);
    findings.ledger(&stage, &[call, spoiled]);
    stage.close().await?;
    Ok(findings)
}

/// What is played when nobody speaks.
const APOLOGY: &[u8] = include_bytes!("../../../../driver/clips/apology-en.ulaw");

/// How much of a recording is loud, as the caller counts what is nobody's words.
fn loud_in(recording: &[u8]) -> Duration {
    let mut reader = Reader::default();
    for sample in recording {
        reader.take(*sample);
    }
    Duration::from_micros(reader.foreign as u64 * 125)
}

/// A question that is answered by a recording only.
const NO_WORDS: Ask = Ask {
    patience: Duration::from_secs(8),
    ..ask("May I bring my two dogs?", "on a leash.")
};

async fn cut_off(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let (between, within) =
        tokio::join!(cut_off_at(set, Cut::Between), cut_off_at(set, Cut::Within));
    findings.merge("between messages", between?);
    findings.merge("within one", within?);
    Ok(findings)
}

/// Where a voice is cut off.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Cut {
    /// After two messages: in the middle of the ninth letter of a word, 400 ms to the message.
    Between,
    /// By the line, in the middle of the second message.
    Within,
}

/// Cuts the next answer of a voice, and nothing after it.
async fn cut_by_line(voice: &Post<FakeVoice>) {
    /// Of mu-law in base64, and of linear samples at 24 kHz.
    const NARROW: u64 = 7_000;
    const WIDE: u64 = 28_000;
    const MOMENT: Duration = Duration::from_millis(1);
    while voice.text_asked().is_none() {
        sleep(MOMENT).await;
    }
    let closed = || {
        let links = voice.proxy.links();
        links.iter().filter(|link| link.closed.is_some()).count()
    };
    let before = closed();
    voice.proxy.spoil(Trouble::CutAfter(match voice.fake {
        FakeVoice::Clauses(_) | FakeVoice::Socket(_) => NARROW,
        FakeVoice::Wide(_) => WIDE,
    }));
    while closed() == before {
        sleep(MOMENT).await;
    }
    voice.proxy.spoil(Trouble::Clean);
}

async fn cut_off_at(set: Set, cut: Cut) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let stage = Stage::set(Setting::of(set)).await?;
    let voice = &stage.voices[0];
    let rehearsed = voice.fake.texts().len();
    let asks = &QUESTIONS[..2];
    let call = match cut {
        Cut::Between => {
            voice.fake.fail_once(TtsFault::DropAfter(2));
            stage.call(asks).await?
        }
        Cut::Within => tokio::join!(stage.call(asks), cut_by_line(voice)).0?,
    };
    let [first, second] = &call.heard.answers[..] else {
        anyhow::bail!("{} answers", call.heard.answers.len());
    };
    let answer = answer_of(&QUESTIONS[0]);
    let whole = is_whole_but_for_a_cut(&first.text, answer);
    findings.check(whole, format!("heard {:?}", first.text));
    let next = bare(&second.text) == bare(answer_of(&QUESTIONS[1]));
    findings.check(next, format!("then {:?}", second.text));
    let given = voice.fake.texts().split_off(rehearsed);
    let again = given.iter().find(|text| match cut {
        Cut::Between => text.starts_with("nine"),
        Cut::Within => text.contains("at nine") && !answer.starts_with(text.as_str()),
    });
    let again = again.map_or("", |text| text.as_str());
    let is_rest = if set.speaks_by_clause() {
        answer.contains(again)
    } else {
        // The reply that was cut, its rest, the second reply.
        findings.count("attempts", given.len(), 3);
        answer.ends_with(again)
    };
    findings.check(
        is_rest && !again.is_empty(),
        format!("said again {again:?}"),
    );
    let instead = stage.voices[1].times_asked(0);
    findings.count("attempts at the second", instead, 0);
    let silence = first.silence.max(second.silence);
    findings.within("silence", Some(silence), SILENCE);
    // The piece of a word that was said again is no word.
    let recorded: String = call.turns.iter().map(|turn| bare(&turn.heard)).collect();
    let said = [GREETING, answer, answer_of(&QUESTIONS[1])].concat();
    findings.check(recorded == bare(&said), format!("recorded {recorded:?}"));
    findings.survived(&call);
    // The last sentence may have been on its way to a voice that was already gone.
    let last = answer.split_inclusive('.').next_back().unwrap_or(answer);
    let lost = Lost {
        tokens: 0,
        characters: last.trim().len() as u64,
    };
    findings.ledger_but(&stage, &[call], lost);
    stage.close().await?;
    Ok(findings)
}

/// Whether a text was heard to its end, with at most one word that was broken off and said again:
/// the code of its last letter may have been heard, for it comes at the letter's beginning.
pub(super) fn is_whole_but_for_a_cut(heard: &str, text: &str) -> bool {
    let heard = bare(heard);
    let mut begins = vec![0];
    for word in text.split_whitespace() {
        begins.push(begins.last().copied().unwrap_or(0) + bare(word).len());
    }
    let text = bare(text);
    let words = begins.windows(2).map(|word| (word[0], word[1]));
    let mut cuts = words.flat_map(|(begin, end)| (begin..=end).map(move |cut| (begin, cut)));
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

/// What comes in place of words.
#[derive(Clone, Copy)]
enum Sound {
    Of(fn(&str) -> Vec<u8>),
    /// Another format than was ordered: these bytes, or a file where that is what tells it.
    Wrong(fn(&str) -> Vec<u8>),
}

impl Sound {
    fn voice(self, set: Set) -> Arc<dyn Voice> {
        match (self, set) {
            (Self::Wrong(_), Set::Flux) => Arc::new(CodedVoice::default()),
            (Self::Of(sound) | Self::Wrong(sound), Set::Nova | Set::Flux | Set::Files) => {
                Arc::new(Spoiled(sound))
            }
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
    vec![SILENT; CodedVoice::default().say(text).len()]
}

fn minutes(length: usize, text: &str) -> Vec<u8> {
    const MINUTE: usize = 60 * 8_000;
    let mut sound = CodedVoice::default().say(text);
    sound.resize(length * MINUTE, 0x20);
    sound
}

/// As many bytes as no frame, no letter and no 16-bit sample has.
fn odd(text: &str) -> Vec<u8> {
    const MORE: usize = 37;
    let mut sound = CodedVoice::default().say(text);
    sound.resize(sound.len() + MORE, SILENT);
    sound
}

async fn nonsense(set: Set) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    // Wide sound takes a voice long to make.
    let endless: fn(&str) -> Vec<u8> = match set {
        Set::Nova | Set::Files => |text| minutes(10, text),
        Set::Flux => |text| minutes(2, text),
    };
    let sentences = answer_of(&QUESTIONS[0]).split_inclusive('.');
    let most = NOISE + sentences.map(longest).max().unwrap_or_default();
    let (format, odd, silence, long) = tokio::join!(
        spoken_as(set, Sound::Wrong(linear), 1, NOISE),
        spoken_as(set, Sound::Of(odd), 0, NOISE),
        spoken_as(set, Sound::Of(silent), 1, NOISE),
        spoken_as(set, Sound::Of(endless), 1, most),
    );
    findings.merge("another format", format?);
    findings.merge("odd bytes", odd?);
    findings.merge("silence", silence?);
    findings.merge("sound without end", long?);
    Ok(findings)
}

/// The longest that noise is heard.
const NOISE: Duration = Duration::from_millis(500);

/// The longest that any text may sound: what goes on after its words cannot be told from them sooner.
fn longest(text: &str) -> Duration {
    Duration::from_millis(3_000 + 250 * text.len() as u64)
}

/// Sound that is given up so many times, and until then is heard for so long at most.
async fn spoken_as(
    set: Set,
    sound: Sound,
    failures: usize,
    most: Duration,
) -> anyhow::Result<Findings> {
    /// A minute of mu-law in base64, and what is said about it.
    const NARROW: u64 = 60 * 8_000 * 3 / 2;
    /// A minute of linear samples at 24 kHz.
    const WIDE: u64 = 60 * 24_000 * 2;
    let mut findings = Findings::default();
    let stage = Stage::set(Setting {
        first_voice: sound.voice(set),
        ..Setting::of(set)
    })
    .await?;
    let [first, second] = [&stage.voices[0], &stage.voices[1]];
    if let Sound::Wrong(_) = sound {
        first.fake.speak_in_files();
    }
    let rehearsed = first.fake.texts().len();
    let before = answered(first);
    let question = Ask {
        patience: Duration::from_secs(10) + most,
        ..QUESTIONS[0]
    };
    let call = stage.call(&[question]).await?;
    let read = answered(first) - before;
    let most_read = match first.fake {
        FakeVoice::Clauses(_) | FakeVoice::Socket(_) => NARROW,
        FakeVoice::Wide(_) => WIDE,
    };
    findings.check(read <= most_read, format!("{} kB read", read >> 10));
    findings.count("attempts", first.times_asked(rehearsed), 1);
    findings.count("attempts at the second", second.times_asked(0), failures);
    let noise = call.heard.answers.first();
    let noise = noise.map_or(Duration::ZERO, |answer| answer.foreign);
    findings.within("noise", Some(noise), most);
    if most > NOISE && set.speaks_by_clause() {
        perhaps_twice(&mut findings, &call);
    } else {
        findings.conversation(&stage, &call, &[question]);
    }
    findings.ledger(&stage, &[call]);
    stage.close().await?;
    Ok(findings)
}

/// Nobody knows what was in so much sound: the sentence that it was for may be said again.
fn perhaps_twice(findings: &mut Findings, call: &Call) {
    let answer = bare(answer_of(&QUESTIONS[0]));
    let heard = call.heard.answers.first();
    let heard = heard.map_or(String::new(), |answer| bare(&answer.text));
    let again = heard.strip_suffix(&answer);
    let is_whole = again.is_some_and(|again| answer.starts_with(again));
    findings.check(is_whole, format!("heard {heard:?}"));
    findings.survived(call);
}

/// Bytes that it has sent.
fn answered(post: &Post<FakeVoice>) -> u64 {
    let links = post.proxy.links();
    links.iter().map(|link| link.answered).sum()
}
