use audio::g711::ulaw;
use domain::Millis;
use proptest::prelude::*;
use session::Span;

use super::*;
use crate::offline::fixtures::caller_phrase;

const MS: usize = BYTES_PER_MS;

fn phrase() -> &'static [u8] {
    caller_phrase("party").expect("a fixture").ulaw
}

fn silence(ms: usize) -> Vec<u8> {
    vec![ulaw::SILENCE; ms * MS]
}

/// Somebody who speaks without a pause for so long.
fn speech(ms: usize) -> Vec<u8> {
    let voice: Vec<u8> = phrase()
        .chunks(PIECE)
        .filter(|piece| piece.iter().any(|code| code | 0x80 < 0xB0))
        .flatten()
        .copied()
        .collect();
    voice.iter().copied().cycle().take(ms * MS).collect()
}

/// What is to be done, short: `speech`, `ask 1200 ms 0-2000 answer`, `silence 0-200 end`.
fn jobs(segments: &mut Segments) -> Vec<String> {
    let mut shown = Vec::new();
    while let Some(job) = segments.next_job() {
        shown.push(match job {
            Job::Ask { sound, words } => format!("ask {} ms {}", sound.len() / MS, about(&words)),
            Job::Tell(Recognised::SpeechStarted) => "speech".to_owned(),
            Job::Tell(Recognised::Words(words)) => format!("silence {}", about(&words)),
            Job::Tell(other) => format!("{other:?}"),
        });
    }
    shown
}

fn about(words: &Words) -> String {
    assert!(words.settled && words.text.is_empty());
    let Some(Span { from, until }) = words.span else {
        panic!("a span");
    };
    let why = match (words.answers_finalize, words.ends_utterance) {
        (true, false) => " answer",
        (false, true) => " end",
        (false, false) => "",
        (true, true) => " both",
    };
    format!("{}-{}{why}", from.0, until.0)
}

fn spans(segments: &mut Segments) -> Vec<(Millis, Millis)> {
    let mut spans = Vec::new();
    while let Some(job) = segments.next_job() {
        if let Job::Ask { words, .. } = job {
            let span = words.span.expect("a span");
            spans.push((span.from, span.until));
        }
    }
    spans
}

#[test]
fn silence_is_answered_at_once_and_never_sent() {
    let mut segments = Segments::new();
    segments.finalize();
    segments.hear(&silence(700));
    segments.finalize();
    segments.hear(&silence(5_000));
    segments.end();
    assert_eq!(
        jobs(&mut segments),
        ["silence 0-0 answer", "silence 0-700 answer"]
    );
}

#[test]
fn what_was_said_is_asked_for_with_a_little_silence_around_it() {
    let mut segments = Segments::new();
    segments.hear(&silence(1_000));
    segments.hear(phrase());
    segments.hear(&silence(200));
    segments.finalize();
    let heard = 1_200 + phrase().len() / MS;
    let Some(Job::Tell(Recognised::SpeechStarted)) = segments.next_job() else {
        panic!("speech");
    };
    let Some(Job::Ask { sound, words }) = segments.next_job() else {
        panic!("a segment");
    };
    let span = words.span.expect("a span");
    assert_eq!(span.until, Millis(heard as u64));
    assert!((600..1_050).contains(&span.from.0), "{span:?}");
    let stream = [silence(1_000), phrase().to_vec(), silence(200)].concat();
    let from = span.from.0 as usize * MS;
    assert_eq!(sound[..], stream[from..from + sound.len()]);
    assert!(sound.len() > phrase().len() * 3 / 4, "{}", sound.len());

    // The silence behind it ends the utterance, and is not sent.
    segments.hear(&silence(600));
    let until = jobs(&mut segments);
    assert_eq!(until.len(), 1, "{until:?}");
    assert!(
        until[0].starts_with(&format!("silence {heard}-")),
        "{until:?}"
    );
    assert!(until[0].ends_with(" end"), "{until:?}");
    segments.hear(&silence(3_000));
    assert_eq!(jobs(&mut segments), Vec::<String>::new());
}

#[test]
fn a_segment_ends_by_itself_after_a_pause() {
    let mut segments = Segments::new();
    segments.hear(&[silence(500), phrase().to_vec(), silence(1_000)].concat());
    let done = jobs(&mut segments);
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(
        done[1].starts_with("ask ") && done[1].ends_with(" end"),
        "{done:?}"
    );
    segments.finalize();
    let done = jobs(&mut segments);
    assert!(
        done[0].starts_with("silence ") && done[0].ends_with("answer"),
        "{done:?}"
    );
}

#[test]
fn words_asked_for_in_the_middle_go_on_where_they_were_cut() {
    let mut segments = Segments::new();
    segments.hear(&silence(500));
    segments.hear(&speech(1_000));
    segments.finalize();
    segments.finalize();
    segments.hear(&speech(1_000));
    segments.hear(&silence(300));
    segments.finalize();
    let done = jobs(&mut segments);
    assert_eq!(done.len(), 4, "{done:?}");
    assert!(done[1].ends_with("-1500 answer"), "{done:?}");
    assert_eq!(
        done[2], "silence 1500-1500 answer",
        "nothing new was said yet"
    );
    assert!(done[3].contains(" 1500-2800 answer"), "{done:?}");
}

#[test]
fn the_last_sound_of_what_was_asked_for_is_not_sent_again() {
    let mut segments = Segments::new();
    segments.hear(&[silence(500), speech(1_000), silence(40)].concat());
    segments.finalize();
    segments.hear(&silence(2_000));
    let done = jobs(&mut segments);
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(done[1].starts_with("ask "), "{done:?}");
    assert!(
        done[2].starts_with("silence 1540-") && done[2].ends_with(" end"),
        "{done:?}"
    );
}

#[test]
fn a_monologue_is_cut() {
    let mut segments = Segments::new();
    segments.hear(&speech(70_000));
    segments.end();
    let spans = spans(&mut segments);
    assert!(spans.len() >= 3, "{spans:?}");
    for pair in spans.windows(2) {
        assert_eq!(pair[0].1, pair[1].0, "nothing is lost or heard twice");
    }
    for (from, until) in spans {
        assert!(until.0 - from.0 <= 30_000, "{from:?} {until:?}");
    }
}

#[test]
fn a_long_segment_ends_at_the_next_pause() {
    let mut segments = Segments::new();
    segments.hear(&[speech(21_000), silence(250)].concat());
    segments.hear(&speech(500));
    let done = jobs(&mut segments);
    assert!(
        done.iter().any(|job| job.starts_with("ask 2")),
        "it was cut before 30 s: {done:?}"
    );
}

#[test]
fn a_slow_server_does_not_fill_memory() {
    let mut segments = Segments::new();
    let mut given = 0;
    while segments.has_room() {
        segments.hear(&speech(1_000));
        given += 1;
        assert!(given <= 120, "it never says that it is full");
    }
    while segments.next_job().is_some() {}
    assert!(segments.has_room());
}

#[test]
fn the_last_words_are_asked_for_when_the_call_ends() {
    let mut segments = Segments::new();
    segments.hear(&[silence(500), speech(1_000)].concat());
    segments.end();
    let done = jobs(&mut segments);
    assert!(done.last().expect("a job").starts_with("ask "), "{done:?}");
}

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
enum Step {
    Finalize,
    Silence(usize),
    Speech(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Finalize),
        (1_usize..900).prop_map(Step::Silence),
        (1_usize..2_500).prop_map(Step::Speech),
    ];
    proptest::collection::vec(step, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_question_is_answered_and_no_sound_is_settled_twice(steps in steps()) {
        let mut segments = Segments::new();
        let (mut asked, mut heard) = (0, 0);
        for step in steps {
            match step {
                Step::Finalize => {
                    segments.finalize();
                    asked += 1;
                }
                Step::Silence(ms) => segments.hear(&silence(ms)),
                Step::Speech(ms) => segments.hear(&speech(ms)),
            }
            heard += match step {
                Step::Finalize => 0,
                Step::Silence(ms) | Step::Speech(ms) => ms as u64,
            };
        }
        segments.end();
        let mut settled = Millis::ZERO;
        while let Some(job) = segments.next_job() {
            let words = match job {
                Job::Ask { sound, words } => {
                    prop_assert!((SHORTEST..=LONGEST).contains(&sound.len()));
                    words
                }
                Job::Tell(Recognised::Words(words)) => words,
                Job::Tell(_) => continue,
            };
            asked -= i32::from(words.answers_finalize);
            let span = words.span.expect("a span");
            prop_assert!(span.from >= settled && span.until >= span.from, "{span:?}");
            prop_assert!(span.until.0 <= heard);
            settled = span.until;
        }
        prop_assert_eq!(asked, 0);
        prop_assert!(segments.has_room());
    }
}
