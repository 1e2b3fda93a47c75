use domain::Millis;

use super::*;

fn listen() -> Listen {
    Listen {
        model: "flux-general-en".into(),
        language: "en-GB".parse().expect("a language"),
        keyterms: vec!["Harbour Side".into()],
        endpointing: Millis(300),
        utterance_end: Millis(1_000),
        smart_format: true,
        filler_words: true,
    }
}

fn url_at(base: &str, listen: &Listen, thresholds: Thresholds) -> String {
    let base = BaseUrl::parse("DEEPGRAM_BASE_URL", base).expect("a base");
    listen_url(&base, listen, &thresholds)
}

fn url(listen: &Listen, thresholds: Thresholds) -> String {
    url_at("https://api.deepgram.com", listen, thresholds)
}

fn turn_of(message: &str) -> Turn {
    let FromFlux::Turn(turn) = read(message).expect(message) else {
        panic!("no turn: {message}");
    };
    turn
}

fn span(from: u64, until: u64) -> Option<Span> {
    Some(Span {
        from: Millis(from),
        until: Millis(until),
    })
}

#[test]
fn a_stream_has_its_settings_in_the_address() {
    assert_eq!(
        url(&listen(), Thresholds::default()),
        "wss://api.deepgram.com/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000\
         &eot_threshold=0.70&eager_eot_threshold=0.50&eot_timeout_ms=5000&numerals=true\
         &keyterm=Harbour%20Side"
    );
}

#[test]
fn thresholds_stay_within_what_is_accepted() {
    let with = |likely, over, silence| {
        let thresholds = Thresholds {
            likely,
            over,
            silence: Millis(silence),
        };
        let address = url(&listen(), thresholds);
        let (_, query) = address.split_once("8000&").expect("a query");
        query.split_once("&numerals").expect("more").0.to_owned()
    };
    assert_eq!(
        with(Some(95), 100, 100_000),
        "eot_threshold=1.00&eager_eot_threshold=0.90&eot_timeout_ms=60000"
    );
    assert_eq!(
        with(Some(80), 20, 1),
        "eot_threshold=0.50&eager_eot_threshold=0.50&eot_timeout_ms=500"
    );
    assert_eq!(with(None, 70, 700), "eot_threshold=0.70&eot_timeout_ms=700");
}

#[test]
fn another_language_is_for_the_model_that_knows_many() {
    let shown = |model: &str, language: &str| {
        let address = url(
            &Listen {
                model: model.into(),
                language: language.parse().expect("a language"),
                smart_format: false,
                keyterms: Vec::new(),
                ..listen()
            },
            Thresholds::default(),
        );
        let (_, query) = address.split_once("model=").expect("a model");
        let hint = query.split_once("language_hint=").map(|(_, hint)| hint);
        let (model, _) = query.split_once('&').expect("more");
        (model.to_owned(), hint.map(str::to_owned))
    };
    let multi = |hint: &str| ("flux-general-multi".to_owned(), Some(hint.to_owned()));
    assert_eq!(shown("flux-general-en", "es-ES"), multi("es"));
    assert_eq!(shown("flux-general-multi", "en-US"), multi("en"));
    assert_eq!(
        shown("flux-general-en", "en"),
        ("flux-general-en".to_owned(), None)
    );
}

#[test]
fn the_version_in_a_base_is_ours_to_choose() {
    for base in [
        "http://127.0.0.1:1/dg/v1",
        "http://127.0.0.1:1/dg/v2",
        "http://127.0.0.1:1/dg",
    ] {
        let address = url_at(base, &listen(), Thresholds::default());
        assert!(
            address.starts_with("ws://127.0.0.1:1/dg/v2/listen?"),
            "{address}"
        );
    }
}

#[test]
fn an_address_stays_short_whatever_the_number_of_words() {
    let long = url(
        &Listen {
            keyterms: vec!["Harbourside".into(); 9_000],
            ..listen()
        },
        Thresholds::default(),
    );
    assert!(long.len() < 4_000, "{}", long.len());
}

#[test]
fn a_turn_is_told_with_all_its_words() {
    let turn = turn_of(
        r#"{"type":"TurnInfo","request_id":"5a","sequence_id":7,"event":"EndOfTurn","turn_index":0,
        "audio_window_start":0.0,"audio_window_end":2.4,"transcript":" I need to change it ",
        "words":[{"word":"I","confidence":0.99,"start":0.2,"end":0.3},
        {"word":"it","confidence":0.99,"start":1.6,"end":1.75}],"end_of_turn_confidence":0.83,
        "trigger":"model","languages":["en"]}"#,
    );
    assert_eq!(
        turn,
        Turn {
            event: Event::Over,
            text: "I need to change it".into(),
            span: span(200, 2_400),
            words: 2,
            last_word: span(1_600, 1_750),
            confidence: Some(83),
        }
    );
}

#[test]
fn events_are_told_apart_and_unknown_ones_bring_words() {
    for (event, expected) in [
        ("EagerEndOfTurn", Event::Likely),
        ("EndOfTurn", Event::Over),
        ("StartOfTurn", Event::Started),
        ("TurnResumed", Event::Resumed),
        ("Update", Event::Update),
        ("Novelty", Event::Update),
    ] {
        let message = format!(r#"{{"type":"TurnInfo","event":"{event}","transcript":"a"}}"#);
        let turn = turn_of(&message);
        assert_eq!((turn.event, turn.text.as_str()), (expected, "a"), "{event}");
    }
}

#[test]
fn odd_fields_lose_nothing_else() {
    let with = |fields: &str| {
        turn_of(&format!(
            r#"{{"type":"TurnInfo","event":"Update","transcript":"a",{fields}}}"#
        ))
    };
    let bare = Turn {
        text: "a".into(),
        ..Turn::default()
    };
    for fields in [
        r#""words":7,"end_of_turn_confidence":"high""#,
        r#""audio_window_start":1,"audio_window_end":null"#,
        r#""audio_window_start":2,"audio_window_end":1"#,
        r#""audio_window_start":-1,"audio_window_end":1e300"#,
        r#""end_of_turn_confidence":1.5,"sequence_id":{}"#,
        r#""end_of_turn_confidence":-0.1"#,
    ] {
        assert_eq!(with(fields), bare, "{fields}");
    }
    let window = r#""audio_window_start":1,"audio_window_end":2"#;
    for words in [
        "[]",
        r#"[{"word":"a"}]"#,
        "null",
        r#"[{"start":"x","end":9}]"#,
    ] {
        let turn = with(&format!(r#"{window},"words":{words}"#));
        assert_eq!(
            (turn.span, turn.last_word),
            (span(1_000, 2_000), None),
            "{words}"
        );
    }
}

#[test]
fn everything_else_is_told_apart_by_its_type() {
    for (message, expected) in [
        (
            r#"{"type":"Connected","request_id":"5a","sequence_id":0}"#,
            FromFlux::Connected,
        ),
        (
            r#"{"type":"Error","sequence_id":11,"code":"INTERNAL_SERVER_ERROR","description":"oh"}"#,
            FromFlux::Failed {
                code: "INTERNAL_SERVER_ERROR".into(),
                description: "oh".into(),
            },
        ),
        (
            r#"{"type":"Warning","code":"SLOW","description":"too much"}"#,
            FromFlux::Complaint("SLOW too much".into()),
        ),
        (
            r#"{"type":"ConfigureFailure","code":"X","description":null}"#,
            FromFlux::Complaint("X".into()),
        ),
        (
            r#"{"type":"ConfigureSuccess","keyterms":[]}"#,
            FromFlux::Nothing,
        ),
        (r#"{"type":7}"#, FromFlux::Nothing),
        ("{}", FromFlux::Nothing),
    ] {
        assert_eq!(read(message).expect(message), expected);
    }
    assert!(read("<html>").is_err());
    assert!(read(r#"{"type":"TurnInfo","transcript":"a"#).is_err());
}

#[test]
fn errors_say_what_to_do() {
    let ours = failed("UNPARSABLE_CLIENT_MESSAGE", "cannot read");
    assert_eq!(ours.verdict(), Verdict::SwitchProvider);
    let theirs = failed("INTERNAL_SERVER_ERROR", "oh");
    assert_eq!(theirs.verdict(), Verdict::Retry);
    assert_eq!(
        theirs.to_string(),
        "deepgram: refused with 1011: INTERNAL_SERVER_ERROR oh"
    );
}
