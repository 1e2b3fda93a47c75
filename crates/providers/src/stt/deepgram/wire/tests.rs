use domain::Millis;

use super::*;

fn listen() -> Listen {
    Listen {
        model: "nova-2".into(),
        language: "en".parse().expect("a language"),
        keyterms: Vec::new(),
        endpointing: Millis(1_500),
        utterance_end: Millis(3_000),
        smart_format: true,
        filler_words: true,
    }
}

fn url(listen: &Listen) -> String {
    let base = BaseUrl::parse("DEEPGRAM_BASE_URL", "https://api.deepgram.com").expect("a base");
    listen_url(&base, listen)
}

fn words(text: &str, flags: [bool; 3]) -> FromDeepgram {
    let [settled, ends_utterance, answers_finalize] = flags;
    FromDeepgram::Words(Words {
        text: text.into(),
        settled,
        ends_utterance,
        answers_finalize,
        ..Words::default()
    })
}

#[test]
fn a_stream_has_its_settings_in_the_address() {
    assert_eq!(
        url(&listen()),
        "wss://api.deepgram.com/v1/listen?model=nova-2&language=en&encoding=mulaw\
         &sample_rate=8000&channels=1&interim_results=true&punctuate=true&smart_format=true\
         &endpointing=1500&vad_events=true&utterance_end_ms=3000&filler_words=true"
    );
}

#[test]
fn zero_switches_endpointing_and_the_word_gap_off() {
    let quick = url(&Listen {
        endpointing: Millis(0),
        utterance_end: Millis(0),
        smart_format: false,
        ..listen()
    });
    assert!(quick.contains("&endpointing=false&"), "{quick}");
    assert!(quick.contains("&smart_format=false&"), "{quick}");
    assert!(!quick.contains("utterance_end_ms"), "{quick}");
    let short = url(&Listen {
        utterance_end: Millis(300),
        ..listen()
    });
    assert!(
        short.contains("&utterance_end_ms=1000&filler_words"),
        "{short}"
    );
}

#[test]
fn fillers_are_asked_for_where_the_model_knows_them() {
    let asks = |model: &str, language: &str, filler_words: bool| {
        url(&Listen {
            model: model.into(),
            language: language.parse().expect("a language"),
            filler_words,
            ..listen()
        })
        .contains("&filler_words=true")
    };
    for model in ["nova", "nova-2", "nova-3", "nova-3-general"] {
        assert!(asks(model, "en", true), "{model}");
        assert!(asks(model, "en-AU", true), "{model}");
        assert!(!asks(model, "en", false), "{model}");
        assert!(!asks(model, "es", true), "{model}");
    }
    for model in ["nova-2-phonecall", "nova-3-medical", "enhanced", "base"] {
        assert!(!asks(model, "en", true), "{model}");
    }
}

#[test]
fn likely_words_go_by_the_name_that_the_model_knows() {
    let with = |model: &str| {
        let address = url(&Listen {
            model: model.into(),
            keyterms: vec!["Harbour Side".into(), " ".into(), "Lucía".into()],
            ..listen()
        });
        let at = address.find("&key").expect("likely words");
        address[at..].to_owned()
    };
    assert_eq!(with("nova-3"), "&keyterm=Harbour%20Side&keyterm=Luc%C3%ADa");
    assert_eq!(
        with("nova-2"),
        "&keywords=Harbour&keywords=Side&keywords=Luc%C3%ADa"
    );
    assert_eq!(with("nova-2-phonecall"), with("nova-2"));
    assert_eq!(with("nova"), with("nova-2"));
}

#[test]
fn an_address_stays_short_whatever_the_number_of_words() {
    let long = url(&Listen {
        model: "nova-3".into(),
        keyterms: vec!["Harbourside".into(); 9_000],
        ..listen()
    });
    assert!(long.len() < 4_000, "{}", long.len());
}

#[test]
fn a_region_or_variant_that_would_be_refused_is_left_out() {
    let shown = |model: &str, language: &str| {
        let address = url(&Listen {
            model: model.into(),
            language: language.parse().expect("a language"),
            ..listen()
        });
        let query = address.split_once('?').expect("a query").1.to_owned();
        query.split('&').take(2).collect::<Vec<_>>().join("&")
    };
    assert_eq!(shown("nova-3", "es-ES"), "model=nova-3&language=es");
    assert_eq!(shown("nova-3", "es-419"), "model=nova-3&language=es-419");
    assert_eq!(shown("nova-3", "en-AU"), "model=nova-3&language=en-AU");
    assert_eq!(
        shown("nova-2-phonecall", "en-US"),
        "model=nova-2-phonecall&language=en-US"
    );
    assert_eq!(shown("nova-2-phonecall", "es"), "model=nova-2&language=es");
    assert_eq!(
        shown("nova-3-general", "es"),
        "model=nova-3-general&language=es"
    );
}

#[test]
fn results_become_words() {
    let interim = r#"{"type":"Results","channel_index":[0,1],"start":3.2,"duration":1.1,"is_final":false,
        "speech_final":false,"channel":{"alternatives":[{"transcript":" hola, b","confidence":0.9,
        "words":[{"word":"hola","start":3.3,"end":3.6}]}]},"metadata":{"request_id":"5a0d"}}"#;
    let timed = Words {
        text: "hola, b".into(),
        span: Some(span(3_300, 4_300)),
        begins: Some(Millis(3_200)),
        ..Words::default()
    };
    assert_eq!(read(interim).expect("read"), FromDeepgram::Words(timed));
    let settled = r#"{"channel":{"alternatives":[{"transcript":"say \"hi\" \u00e9"},{"transcript":"no"}]},
        "is_final":true,"speech_final":true,"from_finalize":null,"type":"Results"}"#;
    assert_eq!(
        read(settled).expect("read"),
        words("say \"hi\" é", [true, true, false])
    );
}

fn span(from: u64, until: u64) -> Span {
    Span {
        from: Millis(from),
        until: Millis(until),
    }
}

#[test]
fn words_have_a_span_where_their_times_make_sense() {
    let read_span = |times: &str| {
        let message = format!(
            r#"{{"type":"Results",{times},"channel":{{"alternatives":[{{"transcript":"a","words":1}}]}}}}"#
        );
        let FromDeepgram::Words(words) = read(&message).expect(&message) else {
            panic!("no words: {message}");
        };
        words.span
    };
    for (times, expected) in [
        (r#""start":1,"duration":0.5"#, Some(span(1_000, 1_500))),
        (r#""start":1.2345,"duration":0"#, Some(span(1_234, 1_234))),
        (r#""start":"1","duration":0.5"#, None),
        (r#""start":-1,"duration":0.5"#, None),
        (r#""start":1,"duration":-0.5"#, None),
        (r#""start":1e300,"duration":1e300"#, None),
        (r#""start":1e9,"duration":1"#, None),
        (r#""start":[1],"duration":{}"#, None),
        (r#""start":null,"duration":1"#, None),
        (r#""start":1"#, None),
    ] {
        assert_eq!(read_span(times), expected, "{times}");
    }
}

#[test]
fn each_word_has_its_time_where_the_text_shows_which_is_which() {
    let spans = |transcript: &str, words: &str| {
        let message = format!(
            r#"{{"type":"Results","channel":{{"alternatives":[{{"transcript":"{transcript}","words":{words}}}]}}}}"#
        );
        let FromDeepgram::Words(words) = read(&message).expect(&message) else {
            panic!("no words: {message}");
        };
        words.word_spans
    };
    let two = r#"[{"word":"yes","punctuated_word":"Yes,","start":3.2,"end":3.5},
        {"word":"please","punctuated_word":"please.","start":3.5,"end":3.82}]"#;
    assert_eq!(
        spans("Yes, please.", two),
        [span(3_200, 3_500), span(3_500, 3_820)]
    );
    for (transcript, words) in [
        ("Yes please now", two),
        ("Yes", r#"[{"start":3.2}]"#),
        ("Yes", r#"[{"start":3.2,"end":"3.5"}]"#),
        ("Yes", r#"[{"start":3.2,"end":3.1}]"#),
        ("Yes", r#"[{"start":-3.2,"end":3.1}]"#),
        ("Yes", "7"),
    ] {
        assert_eq!(spans(transcript, words), [], "{transcript}: {words}");
    }
}

#[test]
fn empty_words_count_only_as_an_answer() {
    let empty = |flags: &str| {
        read(&format!(
            r#"{{"type":"Results","is_final":true,{flags},"channel":{{"alternatives":[]}}}}"#
        ))
        .expect("read")
    };
    let nothing = Words {
        settled: true,
        span: Some(span(1_000, 1_500)),
        begins: Some(Millis(1_000)),
        ..Words::default()
    };
    assert_eq!(
        empty(r#""speech_final":false,"start":1,"duration":0.5"#),
        FromDeepgram::NoWords(nothing),
        "unless it takes some back"
    );
    assert_eq!(
        empty(r#""speech_final":true"#),
        words("", [true, true, false])
    );
    assert_eq!(
        empty(r#""from_finalize":true"#),
        words("", [true, false, true])
    );
    assert_eq!(
        read(r#"{"type":"Results","channel":null}"#).expect("read"),
        FromDeepgram::Nothing
    );
}

#[test]
fn everything_else_is_told_apart_by_its_type() {
    for (message, expected) in [
        (
            r#"{"type":"SpeechStarted","channel":[0],"timestamp":3.2}"#,
            FromDeepgram::SpeechStarted,
        ),
        (
            r#"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":4.31}"#,
            FromDeepgram::UtteranceEnd,
        ),
        (
            r#"{"type":"Metadata","duration":12.4,"channels":1}"#,
            FromDeepgram::Metadata,
        ),
        (
            r#"{"type":"Error","variant":"SchemaError","description":"cannot read","message":"{}"}"#,
            FromDeepgram::Complaint("cannot read {}".into()),
        ),
        (r#"{"type":"Novelty","x":1}"#, FromDeepgram::Nothing),
        (r#"{"type":7}"#, FromDeepgram::Nothing),
        (
            r#"{"is_final":true,"channel":{"alternatives":[{"transcript":"Hello."}]}}"#,
            FromDeepgram::Words(Words {
                text: "Hello.".into(),
                settled: true,
                ..Words::default()
            }),
        ),
        ("{}", FromDeepgram::Nothing),
    ] {
        assert_eq!(read(message).expect(message), expected);
    }
    assert!(read("hello").is_err());
}

#[test]
fn refusals_say_what_to_do() {
    let busy = Verdict::RetryAfter(std::time::Duration::from_millis(500));
    for (status, reason, body, detail, verdict) in [
        (
            401,
            Some("Invalid credentials."),
            "",
            "Invalid credentials.",
            Verdict::KeyRefused,
        ),
        (
            400,
            None,
            r#"{"err_code":"Bad Request","err_msg":"no keywords","request_id":"x"}"#,
            "Bad Request no keywords",
            Verdict::SettingsRefused,
        ),
        (
            401,
            Some("Not this one."),
            r#"{"err_code":"INSUFFICIENT_PERMISSIONS","err_msg":"no"}"#,
            "Not this one.",
            Verdict::ModelRefused,
        ),
        (403, None, "", "", Verdict::ModelRefused),
        (
            402,
            None,
            r#"{"category":"ASR_PAYMENT_REQUIRED","message":"pay"}"#,
            "ASR_PAYMENT_REQUIRED pay",
            Verdict::KeyRefused,
        ),
        (
            429,
            Some("TOO_MANY_REQUESTS"),
            "",
            "TOO_MANY_REQUESTS",
            busy,
        ),
        (503, None, "<h1>down</h1>", "<h1>down</h1>", Verdict::Retry),
        (408, None, "", "", Verdict::Retry),
    ] {
        let error = refused(status, reason, body);
        assert_eq!(error.verdict(), verdict, "{status}");
        let shown = format!("deepgram: refused with {status}: {detail}");
        assert_eq!(error.to_string(), shown);
    }
}

#[test]
fn closes_say_what_to_do() {
    assert_eq!(
        closed(1008, "DATA-0000").verdict(),
        Verdict::SettingsRefused
    );
    assert_eq!(closed(1011, "NET-0001 no audio").verdict(), Verdict::Retry);
    assert_eq!(closed(1000, "").verdict(), Verdict::Retry);
}
