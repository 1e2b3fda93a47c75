use audio::wav::WavReader;
use domain::Millis;
use proptest::prelude::*;

use super::*;

fn listen(model: &str, language: &str, keyterms: &[&str]) -> Listen {
    Listen {
        model: model.into(),
        language: language.parse().expect("a language"),
        keyterms: keyterms.iter().map(|term| (*term).to_owned()).collect(),
        endpointing: Millis(300),
        utterance_end: Millis::ZERO,
        smart_format: true,
        filler_words: false,
    }
}

/// The parts but the file, as `name=value`.
fn shown(listen: &Listen) -> String {
    let fields = fields(listen);
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    fields.join(" ")
}

fn words(body: &str) -> Result<String, String> {
    read(body.as_bytes(), &"es-ES".parse().expect("a language")).map_err(|error| {
        let verdict = error.verdict();
        format!("{error} -> {verdict:?}")
    })
}

#[test]
fn a_form_holds_fields_and_a_file() {
    let form = form(&listen("m", "en", &["Ana"]), &[0x00, 0xFF, 0x80]);
    let head = "------repartee-form-boundary-0\r\nContent-Disposition: form-data; name=\"model\"\r\n\
                \r\nm\r\n------repartee-form-boundary-0\r\n";
    assert_eq!(
        form.content_type,
        "multipart/form-data; boundary=----repartee-form-boundary-0"
    );
    assert!(form.body.starts_with(head.as_bytes()));
    assert!(
        form.body
            .ends_with(b"\r\n------repartee-form-boundary-0--\r\n")
    );
    let file = b"name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF";
    assert!(holds(&form.body, file));
}

#[test]
fn the_file_says_what_it_is() {
    let file = wav(&[0x00, 0xFF, 0x80]);
    let mut reader = WavReader::default();
    let sound = reader.sound(&file).expect("a WAV file").to_vec();
    let format = reader.format().expect("a header");
    assert_eq!(
        (format.coding, format.rate_hz, format.channels),
        (Coding::Pcm16, 8_000, 1)
    );
    let samples: Vec<i16> = sound
        .chunks(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]))
        .collect();
    assert_eq!(samples, [-32_124, 0, 32_124]);
}

#[test]
fn models_are_asked_in_their_own_ways() {
    let ask = |model| shown(&listen(model, "es-ES", &["Ana", " ", "Lucía & co"]));
    insta::assert_snapshot!(
        [
            ask("whisper-1"),
            ask("Systran/faster-Whisper-small"),
            ask("gpt-4o-mini-transcribe"),
            ask("gpt-4o-transcribe-diarize"),
            ask("gpt-transcribe"),
            shown(&listen("whisper-1", "fil", &[])),
        ]
        .join("\n"),
        @r"
    model=whisper-1 language=es response_format=verbose_json prompt=Ana, Lucía & co
    model=Systran/faster-Whisper-small language=es response_format=verbose_json prompt=Ana, Lucía & co
    model=gpt-4o-mini-transcribe language=es response_format=json prompt=Ana, Lucía & co
    model=gpt-4o-transcribe-diarize language=es response_format=json
    model=gpt-transcribe languages[]=es response_format=json keywords[]=Ana keywords[]=Lucía & co
    model=whisper-1 response_format=verbose_json
    "
    );
}

#[test]
fn hints_are_bounded() {
    let many: Vec<String> = (0..2_000).map(|n| format!("name{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let prompted = shown(&listen("whisper-1", "en", &many));
    assert!(prompted.len() < 700, "{prompted}");
    assert!(prompted.contains("name50"), "{prompted}");
    let long = "a".repeat(1_000);
    assert!(shown(&listen("m", "en", &[&long, "Ana"])).ends_with(" prompt=Ana"));
    assert!(!shown(&listen("m", "en", &[&long])).contains("prompt"));
    let listed = shown(&listen("gpt-transcribe", "en", &many));
    assert_eq!(listed.matches("keywords[]=").count(), 100);
}

#[test]
fn a_boundary_never_stands_in_a_part() {
    let taken = "----repartee-form-boundary-0";
    let form = form(&listen("m", "en", &[taken]), &[]);
    assert!(form.content_type.ends_with("boundary-1"));
    let text = String::from_utf8_lossy(&form.body);
    // Before each of five parts, and behind the last.
    assert_eq!(text.matches("----repartee-form-boundary-1").count(), 6);
}

#[test]
fn words_are_read_whatever_stands_beside_them() {
    for body in [
        r#"{"text":"Hola, soy Ana."}"#,
        r#"{"text":" Hola, soy Ana.\n","usage":{"type":"duration","seconds":3}}"#,
        r#"{"text":"Hola, soy Ana.","segments":null,"error":null,"new":[{}]}"#,
        r#"{"text":"Hola, soy Ana.","segments":[{"avg_logprob":"odd"}]}"#,
        r#"{"task":"transcribe","language":"spanish","duration":2.1,"text":"Hola, soy Ana.",
            "segments":[{"id":0,"text":" Hola, soy Ana.","avg_logprob":-0.3,"no_speech_prob":0.8}]}"#,
    ] {
        assert_eq!(words(body).expect(body), "Hola, soy Ana.", "{body}");
    }
    assert_eq!(words(r#"{"text":""}"#).expect("words"), "");
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let body = b"{\"text\":\"Hola \xff\xfe\"}";
    let words = read(body, &Language::default()).expect("words");
    assert_eq!(words, "Hola \u{fffd}\u{fffd}");
}

#[test]
fn what_nobody_said_is_dropped() {
    let segment = |text: &str, sure: f64, doubt: f64| {
        format!(r#"{{"text":"{text}","avg_logprob":{sure},"no_speech_prob":{doubt}}}"#)
    };
    let answer = |segments: &[String]| {
        let body = format!(
            r#"{{"text":"Hola. Gracias.","segments":[{}]}}"#,
            segments.join(",")
        );
        words(&body).expect("words")
    };
    let hello = segment(" Hola.", -0.2, 0.1);
    assert_eq!(
        answer(&[hello.clone(), segment(" Gracias.", -1.2, 0.9)]),
        "Hola."
    );
    assert_eq!(
        answer(&[hello, segment(" Gracias.", -0.5, 0.9)]),
        "Hola. Gracias."
    );
    assert_eq!(answer(&[segment(" Gracias.", -1.2, 0.9)]), "");
    for body in [
        r#"{"text":"Thanks for watching!"}"#,
        r#"{"text":"Subtítulos realizados por la comunidad de Amara.org"}"#,
        r#"{"text":"Gracias.","segments":[{"text":"Gracias.","no_speech_prob":0.7,"avg_logprob":-0.4}]}"#,
    ] {
        assert_eq!(words(body).expect(body), "", "{body}");
    }
    assert_eq!(words(r#"{"text":"Gracias."}"#).expect("words"), "Gracias.");
}

#[test]
fn an_answer_that_is_no_transcription_is_a_failure() {
    let shown = |body: &str| words(body).expect_err(body);
    insta::assert_snapshot!(
        [
            shown("<html><h1>Welcome</h1></html>"),
            shown(""),
            shown("[]"),
            shown(r#"{"text":null}"#),
            shown(r#"{"text":["a"]}"#),
            shown(r#"{"text":"cut"#),
            shown(r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#),
            shown(r#"{"error":"model not loaded"}"#),
        ]
        .join("\n"),
        @r"
    openai: unreadable answer: a page in place of a transcription: <html><h1>Welcome</h1></html> -> SwitchProvider
    openai: unreadable answer: 0 bytes in place of a transcription -> SwitchProvider
    openai: unreadable answer: 2 bytes in place of a transcription -> SwitchProvider
    openai: unreadable answer: 13 bytes in place of a transcription -> SwitchProvider
    openai: unreadable answer: 14 bytes in place of a transcription -> SwitchProvider
    openai: unreadable answer: 12 bytes in place of a transcription -> SwitchProvider
    openai: refused with 200: rate_limit_exceeded: slow down -> RetryAfter(500ms)
    openai: refused with 200: model not loaded -> Retry
    "
    );
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        text in "\\PC{0,40}",
    ) {
        let _any = read(&body, &Language::default());
        let answer = serde_json::json!({ "text": text, "segments": [{ "text": text }] });
        let words = read(answer.to_string().as_bytes(), &Language::default()).expect("words");
        prop_assert!(words.is_empty() || words == text.trim());
    }
}
