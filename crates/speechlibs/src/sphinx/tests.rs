use super::*;
use crate::{Flite, VoiceName};

/// The library, or the proof that its absence is told properly.
fn sphinx() -> Option<Sphinx> {
    match Sphinx::open() {
        Ok(sphinx) => Some(sphinx),
        Err(missing) => {
            assert_eq!(
                missing.install,
                "apt-get install pocketsphinx pocketsphinx-en-us"
            );
            assert!(missing.to_string().contains(missing.library), "{missing}");
            None
        }
    }
}

fn phrases() -> Hear {
    let phrases = [
        "Yes please.",
        "No thanks.",
        "A table for four.",
        "Call Xyzzyx.",
    ];
    Hear::Phrases(phrases.map(ToOwned::to_owned).to_vec())
}

fn spoken(text: &str) -> Option<Vec<i16>> {
    let voice = Flite::open()
        .and_then(|flite| flite.voice(VoiceName::Rms))
        .ok()?;
    Some(voice.speak(text).samples)
}

#[test]
fn phrases_are_understood() {
    let (Some(sphinx), Some(sound)) = (sphinx(), spoken("A table for four.")) else {
        return;
    };
    let mut decoder = sphinx.decoder(&phrases()).expect("a decoder");
    assert_eq!(decoder.dropped(), ["Call Xyzzyx."]);
    for _ in 0..2 {
        decoder.start().expect("an utterance");
        for piece in sound.chunks(320) {
            decoder.hear(piece).expect("listening");
        }
        assert!(decoder.interim().starts_with("a table"));
        assert_eq!(decoder.finish(), "a table for four");
    }
}

#[test]
fn a_decoder_that_is_misused_stays_calm() {
    let Some(sphinx) = sphinx() else { return };
    let mut decoder = sphinx.decoder(&phrases()).expect("a decoder");
    assert_eq!(decoder.finish(), "");
    assert_eq!(decoder.interim(), "");
    decoder.hear(&[0; 160]).expect("ignored");
    decoder.start().expect("an utterance");
    assert_eq!(decoder.finish(), "");
    decoder.start().expect("an utterance");
    decoder.hear(&[]).expect("nothing");
    decoder.hear(&[i16::MIN; 1_600]).expect("noise");
    decoder.start().expect("another utterance");
    drop(decoder);
}

#[test]
fn unknown_phrases_alone_make_no_decoder() {
    let Some(sphinx) = sphinx() else { return };
    for hopeless in [vec![], vec!["Xyzzyx".to_owned()], vec!["日本".to_owned()]] {
        let refused = sphinx.decoder(&Hear::Phrases(hopeless)).err();
        assert_eq!(refused, Some(DecoderError::NothingSayable));
    }
}

#[test]
fn decoders_work_in_threads() {
    let (Some(sphinx), Some(sound)) = (sphinx(), spoken("No thanks.")) else {
        return;
    };
    std::thread::scope(|scope| {
        let listeners: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut decoder = sphinx.decoder(&phrases()).expect("a decoder");
                    decoder.start().expect("an utterance");
                    decoder.hear(&sound).expect("listening");
                    decoder.finish()
                })
            })
            .collect();
        for listener in listeners {
            assert_eq!(listener.join().expect("no panic"), "no thanks");
        }
    });
}

#[test]
fn anything_can_be_heard() {
    let (Some(sphinx), Some(sound)) = (sphinx(), spoken("I would like to go home tomorrow."))
    else {
        return;
    };
    let mut decoder = sphinx.decoder(&Hear::Anything).expect("a decoder");
    decoder.start().expect("an utterance");
    decoder.hear(&sound).expect("listening");
    let words = decoder.finish();
    assert!(words.contains("tomorrow"), "{words}");
}
