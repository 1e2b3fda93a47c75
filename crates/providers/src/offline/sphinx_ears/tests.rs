use bytes::Bytes;

use super::*;
use crate::offline::{
    Script,
    fixtures::{Phrase, caller_phrase, caller_phrases},
    words::words,
};

fn party() -> &'static Phrase {
    caller_phrase("party").expect("a fixture")
}

/// The ears, or the proof that their absence is told properly.
fn ears() -> Option<SphinxEars> {
    match SphinxEars::open() {
        Ok(ears) => Some(ears),
        Err(missing) => {
            assert_eq!(
                missing.install,
                "apt-get install pocketsphinx pocketsphinx-en-us"
            );
            None
        }
    }
}

fn listen(model: &str) -> Listen {
    let mut keyterms: Vec<String> = caller_phrases()
        .iter()
        .map(|phrase| phrase.text.clone())
        .collect();
    keyterms.extend(Script::demo().phrases());
    Listen {
        model: model.to_owned(),
        language: domain::Language::default(),
        keyterms,
        endpointing: Millis(300),
        utterance_end: Millis::ZERO,
        smart_format: false,
        filler_words: false,
    }
}

/// What is told about one call that holds these phrases with a second of silence around each.
async fn told(ears: SphinxEars, model: &str, phrases: &[&Phrase]) -> Vec<Recognised> {
    let (send, audio) = mpsc::channel(64);
    let (heard, mut hear) = mpsc::channel(64);
    let listening = tokio::spawn(ears.listen(listen(model), audio, heard));
    let silence = [0xFF_u8; 8_000];
    let mut stream = silence.to_vec();
    for phrase in phrases {
        stream.extend_from_slice(phrase.ulaw);
        stream.extend_from_slice(&silence);
    }
    let speaking = tokio::spawn(async move {
        for frame in stream.chunks(160) {
            let frame = ToRecogniser::Audio(Bytes::copy_from_slice(frame));
            send.send(frame).await.expect("the ears listen");
        }
    });
    let mut all = Vec::new();
    while let Some(told) = hear.recv().await {
        all.push(told);
    }
    speaking.await.expect("no panic");
    listening.await.expect("no panic").expect("no failure");
    all
}

fn settled(told: &[Recognised]) -> Vec<&str> {
    told.iter()
        .filter_map(|told| match told {
            Recognised::Words(words) if words.settled => Some(words.text.as_str()),
            Recognised::Words(_)
            | Recognised::NoWords
            | Recognised::Ready
            | Recognised::SpeechStarted
            | Recognised::TurnEnded { .. }
            | Recognised::TurnLikely
            | Recognised::TurnResumed
            | Recognised::Refused
            | Recognised::Sent(_)
            | Recognised::UtteranceOver => None,
        })
        .filter(|text| !text.is_empty())
        .collect()
}

/// Words that must be changed, put in or left out to get from one text to the other.
fn errors(meant: &str, understood: &str) -> usize {
    let (meant, understood) = (words(meant), words(understood));
    let mut row: Vec<usize> = (0..=understood.len()).collect();
    for (i, word) in meant.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in understood.iter().enumerate() {
            let changed = corner + usize::from(word != other);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[understood.len()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callers_phrases_are_understood() {
    let Some(ears) = ears() else { return };
    let phrases: Vec<&Phrase> = caller_phrases().iter().collect();
    let told = told(ears, "grammar", &phrases).await;
    let understood = settled(&told).join(" ");
    let meant: Vec<&str> = phrases.iter().map(|phrase| phrase.text.as_str()).collect();
    let meant = meant.join(" ");
    let (wrong, all) = (errors(&meant, &understood), words(&meant).len());
    assert!(
        wrong * 25 <= all,
        "{wrong} of {all} words wrong: {understood}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phrase_comes_with_interim_words_and_its_punctuation() {
    let Some(ears) = ears() else { return };
    let told = told(ears, "grammar", &[party()]).await;
    assert_eq!(told[..2], [Recognised::Ready, Recognised::SpeechStarted]);
    let interim = told
        .iter()
        .filter(|told| matches!(told, Recognised::Words(words) if !words.settled));
    assert!(interim.count() >= 2, "{told:?}");
    let Some(Recognised::Words(last)) = told.last() else {
        panic!("no words: {told:?}");
    };
    assert_eq!(last.text, party().text);
    assert!(last.settled && last.ends_utterance);
    let span = last.span.expect("where it was heard");
    let end = 1_000 + party().ulaw.len() as u64 / 8;
    assert!((600..=1_000).contains(&span.from.0), "{span:?}");
    assert!((end..=end + 1_000).contains(&span.until.0), "{span:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finalize_is_answered_in_silence_and_in_speech() {
    let Some(ears) = ears() else { return };
    let (send, audio) = mpsc::channel(1_000);
    let (heard, mut hear) = mpsc::channel(64);
    let listening = tokio::spawn(ears.listen(listen("grammar"), audio, heard));
    send.send(ToRecogniser::Finalize).await.expect("room");
    let phrase = party();
    let stream = [&[0xFF; 8_000], phrase.ulaw, &[0xFF; 1_600]].concat();
    for frame in stream.chunks(160) {
        let frame = ToRecogniser::Audio(Bytes::copy_from_slice(frame));
        send.send(frame).await.expect("room");
    }
    send.send(ToRecogniser::Finalize).await.expect("room");
    drop(send);
    let mut answers = Vec::new();
    while let Some(told) = hear.recv().await {
        if let Recognised::Words(words) = told
            && words.answers_finalize
        {
            answers.push(words.text);
        }
    }
    assert_eq!(answers, ["", phrase.text.as_str()]);
    listening.await.expect("no panic").expect("no failure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phrase_is_understood_as_the_first_of_a_call() {
    let Some(ears) = ears() else { return };
    // A decoder has to get used to a voice: the first phrase is the hardest. Each needs a decoder
    // of its own, which takes half a second to make: so an opening, a short answer, a question.
    for key in ["book", "yes", "where"] {
        let phrase = caller_phrase(key).expect("a fixture");
        let understood = settled(&told(ears, "grammar", &[phrase]).await).join(" ");
        assert_eq!(errors(&phrase.text, &understood), 0, "{understood}");
    }
}
