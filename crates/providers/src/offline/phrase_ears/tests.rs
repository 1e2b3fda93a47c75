use bytes::Bytes;

use super::*;
use crate::offline::fixtures::{caller_phrase, caller_phrases};

/// What the ears tell, shortly: `~` not settled, `.` ends the utterance, `!` answers `Finalize`.
fn shown(told: &Recognised) -> String {
    match told {
        Recognised::NoWords => "no words".to_owned(),
        Recognised::Ready => "ready".to_owned(),
        Recognised::SpeechStarted => "speech".to_owned(),
        Recognised::TurnEnded { confidence } => format!("ended {confidence}"),
        Recognised::TurnLikely => "likely".to_owned(),
        Recognised::TurnResumed => "resumed".to_owned(),
        Recognised::Refused => "refused".to_owned(),
        Recognised::Sent(_) => "sent".to_owned(),
        Recognised::UtteranceOver => "over".to_owned(),
        Recognised::Words(words) => {
            let settled = if words.settled { "" } else { "~" };
            let ends = if words.ends_utterance { " ." } else { "" };
            let answers = if words.answers_finalize { " !" } else { "" };
            format!("{settled}{}{ends}{answers}", words.text)
        }
    }
}

fn listen() -> Listen {
    Listen {
        model: "fixtures".to_owned(),
        language: domain::Language::default(),
        keyterms: Vec::new(),
        endpointing: Millis(300),
        utterance_end: Millis::ZERO,
        smart_format: false,
        filler_words: false,
    }
}

fn frames(ulaw: &'static [u8]) -> Vec<ToRecogniser> {
    ulaw.chunks(160)
        .map(|frame| ToRecogniser::Audio(Bytes::from_static(frame)))
        .collect()
}

fn silence(frames: usize) -> Vec<ToRecogniser> {
    vec![ToRecogniser::Audio(Bytes::from_static(&[0xFF; 160])); frames]
}

/// Everything told about a stream, given at once; the stream then stays open for `open_for`.
async fn told(stream: Vec<ToRecogniser>, open_for: Duration) -> Vec<String> {
    let all = recognised(stream, open_for).await;
    all.iter().map(shown).collect()
}

async fn recognised(stream: Vec<ToRecogniser>, open_for: Duration) -> Vec<Recognised> {
    let (send, audio) = mpsc::channel(stream.len().max(1));
    let (heard, mut hear) = mpsc::channel(256);
    for each in stream {
        send.try_send(each).expect("room");
    }
    let ears = PhraseEars::new().listen(listen(), audio, heard);
    let hangs_up = async {
        tokio::time::sleep(open_for).await;
        drop(send);
    };
    let (ended, ()) = tokio::join!(ears, hangs_up);
    ended.expect("no failure");
    let mut all = Vec::new();
    while let Some(told) = hear.recv().await {
        all.push(told);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_phrase_is_told_word_by_word_and_settled_after_its_end() {
    let phrase = caller_phrase("when").expect("a fixture");
    let stream = [frames(phrase.ulaw), silence(5)].concat();
    assert_eq!(
        told(stream, Duration::ZERO).await,
        [
            "ready",
            "speech",
            "~Tomorrow",
            "~Tomorrow at",
            "~Tomorrow at seven.",
            "Tomorrow at seven. .",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn words_cover_the_sound_they_were_made_of() {
    let phrase = caller_phrase("when").expect("a fixture");
    let length = phrase.ulaw.len() as u64 / 8;
    let stream = [silence(50), frames(phrase.ulaw), silence(10)].concat();
    let all = recognised(stream, Duration::ZERO).await;
    let spans: Vec<_> = all
        .iter()
        .filter_map(|told| {
            if let Recognised::Words(words) = told {
                words.span
            } else {
                None
            }
        })
        .collect();
    let last = spans.last().expect("words");
    assert_eq!(last.from, Millis(1_000), "where the phrase began");
    assert!(last.until.0.abs_diff(1_000 + length) <= 120, "{last:?}");
    assert!(spans.is_sorted_by_key(|span| span.until));
}

#[tokio::test(start_paused = true)]
async fn every_phrase_is_understood() {
    for phrase in caller_phrases() {
        let stream = [silence(7), frames(phrase.ulaw), silence(10)].concat();
        let all = told(stream, Duration::ZERO).await;
        assert_eq!(
            all.last(),
            Some(&format!("{} .", phrase.text)),
            "{}",
            phrase.key
        );
    }
}

#[tokio::test(start_paused = true)]
async fn finalize_is_answered_at_once() {
    let phrase = caller_phrase("when").expect("a fixture");
    let mut stream = vec![ToRecogniser::Finalize];
    stream.extend(frames(phrase.ulaw));
    stream.push(ToRecogniser::Finalize);
    stream.extend(silence(50));
    let all = told(stream, Duration::ZERO).await;
    assert_eq!(all[..3], ["ready", " !", "speech"]);
    assert_eq!(
        all.last().map(String::as_str),
        Some("Tomorrow at seven. . !")
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_breaks_off_is_understood_as_far_as_he_got() {
    let phrase = caller_phrase("stop").expect("a fixture");
    let half = &phrase.ulaw[..phrase.ulaw.len() / 2];
    for (after, open_for) in [(silence(30), 0), (Vec::new(), 1_000), (Vec::new(), 0)] {
        let stream = [frames(half), after].concat();
        let all = told(stream, Duration::from_millis(open_for)).await;
        assert_eq!(all.last().map(String::as_str), Some("Stop, wait ."));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_listening_ends_the_ears() {
    let (_send, audio) = mpsc::channel(1);
    let (heard, hear) = mpsc::channel(1);
    drop(hear);
    PhraseEars::new()
        .listen(listen(), audio, heard)
        .await
        .expect("no failure");
}
