use super::*;
use crate::fakes::{deepgram::ear::LevelEar, deepgram::wire::transcript, listener::query_pairs};

const MS: usize = 8;

fn recognition(query: &str) -> Recognition {
    let query = format!("model=nova-3&encoding=mulaw&sample_rate=8000{query}");
    let options = Options::read(&query_pairs(&query)).unwrap();
    Recognition::new(
        options,
        Box::new(LevelEar::saying("I need a table".to_owned())),
        1_000,
    )
}

/// Speaks, is silent, and prints what came of it, with the seconds of audio.
fn hear(recognition: &mut Recognition, speech_ms: usize, silence_ms: usize) -> Vec<String> {
    let mut said = Vec::new();
    let mut told = Vec::new();
    let audio = [vec![0x00; speech_ms * MS], vec![0xFF; silence_ms * MS]].concat();
    for frame in audio.chunks(20 * MS) {
        recognition.hear(frame, &mut said);
        let at = recognition.heard() as f64 / 8_000.0;
        told.extend(
            said.drain(..)
                .map(|said| format!("{at:.2} {}", print(&said))),
        );
    }
    told
}

fn print(said: &Said) -> String {
    match said {
        Said::Results(results) => format!("{:?} {}", results.why, transcript(&results.words, true)),
        Said::SpeechStarted { .. } => "speech".to_owned(),
        Said::UtteranceEnd { .. } => "utterance end".to_owned(),
    }
}

#[test]
fn a_pause_of_the_endpointing_ends_an_utterance() {
    let mut recognition = recognition("&endpointing=300&vad_events=true");
    let told = hear(&mut recognition, 500, 600);
    assert_eq!(told, ["0.02 speech", "0.80 Endpoint I need a table"]);
}

#[test]
fn a_shorter_pause_does_not() {
    let mut recognition = recognition("&endpointing=300");
    assert_eq!(hear(&mut recognition, 500, 280), Vec::<String>::new());
}

#[test]
fn finalize_gives_the_words_at_once_and_the_endpoint_comes_empty() {
    let mut recognition = recognition("&endpointing=500");
    hear(&mut recognition, 500, 200);
    let mut said = Vec::new();
    recognition.finalize(&mut said);
    assert_eq!(
        said.iter().map(print).collect::<Vec<_>>(),
        ["Finalize I need a table"]
    );
    assert_eq!(hear(&mut recognition, 0, 400), ["1.00 Endpoint "]);
}

#[test]
fn a_phrase_that_goes_on_after_finalize_keeps_the_time_of_its_words() {
    let mut recognition = recognition("&endpointing=300");
    let mut said = Vec::new();
    hear(&mut recognition, 500, 0);
    recognition.finalize(&mut said);
    recognition.hear(
        &[vec![0x00; 500 * MS], vec![0xFF; 400 * MS]].concat(),
        &mut said,
    );
    let Some(Said::Results(last)) = said.last() else {
        panic!("no results: {said:?}");
    };
    assert_eq!(transcript(&last.words, true), "I need a table");
    let times = (last.words[0].start, last.words[3].end);
    assert_eq!(times, (80, 1_000 * MS as u64), "as long as it sounded");
}

#[test]
fn without_endpointing_the_word_gap_ends_the_utterance() {
    let query = "&endpointing=false&interim_results=true&utterance_end_ms=1000";
    let mut recognition = recognition(query);
    let told = hear(&mut recognition, 500, 5_000);
    let expected = [
        "1.00 Interim I need a table",
        "1.50 Span I need a table",
        "1.50 utterance end",
    ];
    assert_eq!(told[..3], expected);
}

#[test]
fn a_client_that_wants_interim_results_has_one_every_second() {
    let mut recognition = recognition("&endpointing=300&interim_results=true");
    recognition.ear = Box::new(Deaf);
    let told = hear(&mut recognition, 2_500, 600);
    assert_eq!(told, ["1.00 Interim ", "2.00 Interim ", "3.00 Interim "]);
}

#[test]
fn noise_without_words_says_nothing() {
    let mut recognition = recognition("&endpointing=300");
    recognition.ear = Box::new(Deaf);
    assert_eq!(hear(&mut recognition, 500, 600), Vec::<String>::new());
    let mut said = Vec::new();
    recognition.end(&mut said);
    assert_eq!(said, []);
}

struct Deaf;

impl Ear for Deaf {
    fn hear(&mut self, _audio: &[u8]) -> Vec<Word> {
        Vec::new()
    }

    fn settle(&mut self) -> Option<String> {
        None
    }
}
