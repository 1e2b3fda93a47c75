use proptest::prelude::*;

use super::*;

fn voice(name: &str, speed: Option<f32>) -> Voice {
    Voice {
        model: "kokoro".into(),
        voice: name.into(),
        language: "en".parse().expect("a language"),
        stability: Some(0.5),
        similarity_boost: None,
        style: None,
        speed,
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    }
}

fn asked(name: &str, speed: Option<f32>) -> String {
    String::from_utf8(request(&voice(name, speed), " Say \"hi\". ")).expect("UTF-8")
}

/// A tone as bare samples, at 24 kHz.
fn tone(samples: usize) -> Vec<u8> {
    (0..samples)
        .flat_map(|at| {
            let swing = (at as f32 * 440.0 / 24_000.0 * std::f32::consts::TAU).sin();
            ((swing * 8_000.0) as i16).to_le_bytes()
        })
        .collect()
}

fn heard(body: &[u8], piece: usize) -> Result<Vec<u8>, ProviderError> {
    let mut reader = SoundReader::new("A clause.");
    let mut sound = Vec::new();
    for piece in body.chunks(piece) {
        sound.extend(reader.read(piece)?);
    }
    sound.extend(reader.finish()?);
    Ok(sound)
}

fn refused(body: &[u8]) -> String {
    let whole = heard(body, usize::MAX).expect_err("no sound").to_string();
    let bit_by_bit = heard(body, 1).expect_err("no sound").to_string();
    assert_eq!(whole, bit_by_bit);
    whole
}

#[test]
fn a_clause_is_asked_for_in_bare_samples() {
    assert_eq!(
        asked("af_heart", None),
        r#"{"model":"kokoro","voice":"af_heart","input":"Say \"hi\".","response_format":"pcm"}"#
    );
    assert!(asked("nova", Some(0.92)).ends_with(r#","speed":0.92}"#));
    assert!(asked("nova", Some(9.0)).ends_with(r#","speed":4.0}"#));
    assert!(asked("nova", Some(0.0)).ends_with(r#","speed":0.25}"#));
    assert!(asked("voice_12", None).contains(r#""voice":{"id":"voice_12"}"#));
}

#[test]
fn samples_are_the_same_however_they_are_cut() {
    let body = tone(24_000);
    let whole = heard(&body, usize::MAX).expect("sound");
    assert_eq!(whole.len(), 8_000, "a second stays a second");
    for piece in [1, 2, 3, 7, 1_001] {
        assert_eq!(heard(&body, piece).expect("sound"), whole, "{piece}");
    }
    // Half a sample at the end is dropped.
    let odd = [&body[..], &[0x7F]].concat();
    assert_eq!(heard(&odd, 5).expect("sound"), whole);
    let loudest = whole.iter().map(|code| ulaw::decode(*code)).max();
    assert!((7_000..9_000).contains(&loudest.expect("sound")));
}

#[test]
fn a_clause_shorter_than_a_head_is_sound() {
    assert_eq!(heard(&[0; 6], 1).expect("sound").len(), 1);
}

#[test]
fn anything_but_bare_samples_is_refused() {
    let wav = [b"RIFF\xff\xff\xff\xffWAVEfmt ".as_slice(), &tone(100)].concat();
    let mp3 = [&[0xFF, 0xFB, 0x90, 0x64], &tone(100)[..]].concat();
    insta::assert_snapshot!(
        [
            refused(&wav),
            refused(&mp3),
            refused(&[b"ID3\x04".as_slice(), &tone(100)].concat()),
            refused(&[b"OggS".as_slice(), &tone(100)].concat()),
            refused(&[b"fLaC".as_slice(), &tone(100)].concat()),
            refused(b"<!doctype html>\n<html></html>"),
            refused(b"{\"detail\":\"no\"}"),
            refused(b"oops"),
            refused(b""),
            refused(b"\0"),
        ]
        .join("\n"),
        @r"
    openai: unreadable answer: a WAV file in place of bare samples
    openai: unreadable answer: an MP3 stream in place of bare samples
    openai: unreadable answer: an MP3 file in place of bare samples
    openai: unreadable answer: an Ogg file in place of bare samples
    openai: unreadable answer: a FLAC file in place of bare samples
    openai: unreadable answer: text in place of sound
    openai: unreadable answer: text in place of sound
    openai: unreadable answer: text in place of sound
    openai: unreadable answer: no sound at all
    openai: unreadable answer: no sound at all
    "
    );
}

#[test]
fn a_body_is_known_by_its_first_bytes_alone() {
    let text = b"{\"error\":{\"message\":\"slow\x01\"}}";
    assert!(heard(text, 3).is_err());
    assert!(heard(text, text.len()).is_err());
}

#[test]
fn quiet_sound_is_taken_for_sound() {
    // The first samples of a voice are about zero, -1 among them.
    for first in [-1_i16, 0, 1, -200, 200, 256] {
        let body: Vec<u8> = [first; 2_000]
            .iter()
            .flat_map(|s| s.to_le_bytes())
            .collect();
        assert!(heard(&body, 999).is_ok(), "{first}");
    }
}

#[test]
fn more_audio_than_a_text_can_fill_is_refused() {
    // "A clause." is worth 14.5 seconds at most.
    let second = vec![1; 48_000];
    let seconds = |count: usize, text: &str| {
        let mut reader = SoundReader::new(text);
        (0..count).try_for_each(|_n| reader.read(&second).map(drop))
    };
    assert!(seconds(14, "A clause.").is_ok());
    let error = seconds(15, "A clause.").expect_err("too much");
    assert_eq!(error.verdict(), crate::Verdict::SwitchProvider);
    let long = "word ".repeat(400);
    assert!(seconds(60, &long).is_ok());
    assert!(seconds(61, &long).is_err());
}

#[test]
fn texts_in_place_of_sound_say_why() {
    let shown = |body: &str| {
        let error = no_sound(body.as_bytes());
        format!("{error} -> {:?}", error.verdict())
    };
    insta::assert_snapshot!(
        [
            shown(r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#),
            shown(r#"{"error":null}"#),
            shown("<html>\n<h1>Welcome</h1>"),
            shown(""),
        ]
        .join("\n"),
        @r"
    openai: refused with 200: rate_limit_exceeded: slow down -> RetryAfter(500ms)
    openai: unreadable answer: 14 bytes in place of sound -> SwitchProvider
    openai: unreadable answer: a page in place of sound: <html> <h1>Welcome</h1> -> SwitchProvider
    openai: unreadable answer: 0 bytes in place of sound -> SwitchProvider
    "
    );
    assert!(is_text("text/html; charset=utf-8") && is_text("application/json"));
    assert!(!is_text("audio/pcm") && !is_text("application/octet-stream") && !is_text(""));
}

proptest! {
    #[test]
    fn any_body_gives_the_same_however_it_is_cut(
        body in proptest::collection::vec(any::<u8>(), 0..2_000),
        piece in 1_usize..50,
    ) {
        let whole = heard(&body, usize::MAX).ok();
        prop_assert_eq!(heard(&body, piece).ok(), whole);
    }
}
