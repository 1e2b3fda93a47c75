use proptest::prelude::*;
use session::ClauseId;

use super::*;

#[test]
fn recorded_messages_are_read() {
    let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
    assert_eq!(read(connected), Ok(FromTwilio::Connected));
    let media = r#"{"event":"media","sequenceNumber":"4","streamSid":"MZ1","media":{"track":"inbound","chunk":"3","timestamp":"60","payload":"//////////8="}}"#;
    assert_eq!(
        read(media),
        Ok(FromTwilio::Media(Media {
            track: Some("inbound".into()),
            timestamp: Some(60),
            payload: "//////////8=".into(),
        }))
    );
    let dtmf = r#"{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}"#;
    assert_eq!(read(dtmf), Ok(FromTwilio::Dtmf("1".into())));
    let mark = r#"{"event":"mark","sequenceNumber":"9","streamSid":"MZ1","mark":{"name":"r7-3"}}"#;
    assert_eq!(read(mark), Ok(FromTwilio::Mark("r7-3".into())));
    let stop = r#"{"event":"stop","sequenceNumber":"310","streamSid":"MZ1","stop":{"accountSid":"AC2","callSid":"CA3"}}"#;
    assert_eq!(read(stop), Ok(FromTwilio::Stop));
}

fn start(text: &str) -> Start<'_> {
    let Ok(FromTwilio::Start(start)) = read(text) else {
        panic!("not a start: {text}")
    };
    *start
}

#[test]
fn a_recorded_start_is_read() {
    let start = start(
        r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1",
        "start":{"accountSid":"AC2","streamSid":"MZ1","callSid":"CA3","tracks":["inbound"],
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{"token":"9f\"2\u00e9","agent_id":"42"}}}"#,
    );
    assert_eq!((&*start.stream_sid, &*start.call_sid), ("MZ1", "CA3"));
    assert_eq!(start.account_sid.as_deref(), Some("AC2"));
    let format = start.format.expect("a format");
    assert_eq!(
        (&*format.encoding, format.sample_rate, format.channels),
        ("audio/x-mulaw", Some(8000), Some(1))
    );
    assert_eq!(start.parameters["token"], "9f\"2é");
    assert_eq!(start.parameters["agent_id"], "42");
}

#[test]
fn parameters_may_be_missing() {
    for parameters in [
        "",
        r#","customParameters":{}"#,
        r#","customParameters":null"#,
    ] {
        let text = format!(
            r#"{{"event":"start","streamSid":"MZ1","start":{{"callSid":"CA3"{parameters}}}}}"#
        );
        let start = start(&text);
        assert_eq!((&*start.stream_sid, start.parameters.len()), ("MZ1", 0));
        assert_eq!(start.format, None);
    }
}

#[test]
fn numbers_may_be_text_or_numbers_or_neither() {
    for (written, number) in [
        ("60", Some(60)),
        (r#""60""#, Some(60)),
        (r#""""#, None),
        (r#""soon""#, None),
        (r#""-5""#, None),
        ("-5", None),
        ("1.5", None),
        ("null", None),
        (r#""99999999999999999999999""#, None),
        ("99999999999999999999999", None),
    ] {
        let text = format!(r#"{{"event":"media","media":{{"timestamp":{written},"payload":""}}}}"#);
        let Ok(FromTwilio::Media(media)) = read(&text) else {
            panic!("{written}")
        };
        assert_eq!(media.timestamp, number, "{written}");
    }
}

#[test]
fn escapes_are_understood_even_in_base64() {
    let text = r#"{"event":"me\u0064ia","media":{"track":"in\u0062ound","payload":"\/\/8="}}"#;
    let Ok(FromTwilio::Media(media)) = read(text) else {
        panic!("unreadable")
    };
    assert_eq!(
        (&*media.payload, media.track.as_deref()),
        ("//8=", Some("inbound"))
    );
}

#[test]
fn usual_audio_is_not_copied() {
    let text = r#"{"event":"media","media":{"track":"inbound","payload":"//8="}}"#;
    let Ok(FromTwilio::Media(media)) = read(text) else {
        panic!("unreadable")
    };
    assert!(matches!(media.payload, Cow::Borrowed(_)));
    assert!(matches!(media.track, Some(Cow::Borrowed(_))));
}

#[test]
fn what_is_new_is_no_error() {
    for text in [
        r#"{"event":"sneeze"}"#,
        r#"{"event":"sneeze","deep":{"er":[1,{"x":null}]},"number":1e300}"#,
        r#"{"event":""}"#,
    ] {
        assert_eq!(read(text), Ok(FromTwilio::Other), "{text}");
    }
    assert_eq!(
        read(r#"{"event":"stop","stop":{},"novelty":[[]]}"#),
        Ok(FromTwilio::Stop)
    );
}

#[test]
fn what_is_broken_is_an_error() {
    let deep = format!(r#"{{"event":"stop","start":{}"#, "[".repeat(60_000));
    let deep_unknown = format!(r#"{{"event":"stop","x":{}"#, "[".repeat(60_000));
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "{",
        r#"{"event":5}"#,
        r#"{"event":"media","event":"stop"}"#,
        r#"{"event":"media","media":{"payload":1}}"#,
        r#"{"event":"media","media":{"timestamp":1e400,"payload":""}}"#,
        r#"{"event":"media","media":{"timestamp":[1],"payload":""}}"#,
        r#"{"event":"mark","mark":{}}"#,
        r#"{"event":"dtmf","dtmf":{"digit":1}}"#,
        r#"{"event":"start","start":{"customParameters":{"a":{"b":"c"}}}}"#,
        "{\"event\":\"st\u{0}op\"}",
        &deep,
        &deep_unknown,
    ] {
        let read = read(text);
        assert!(
            matches!(read, Err(Unreadable::Json { .. })),
            "{text:.60} {read:?}"
        );
    }
    for (text, what) in [
        (r#"{"event":"media"}"#, "media"),
        (r#"{"event":"media","media":{}}"#, "media.payload"),
        (r#"{"event":"mark","mark":null}"#, "mark"),
        (r#"{"event":"dtmf"}"#, "dtmf"),
        (r#"{"event":"start"}"#, "start"),
        (
            r#"{"event":"start","start":{"callSid":"CA3"}}"#,
            "start.streamSid",
        ),
        (
            r#"{"event":"start","streamSid":"MZ1","start":{}}"#,
            "start.callSid",
        ),
    ] {
        assert_eq!(read(text), Err(Unreadable::Missing(what)));
    }
}

#[test]
fn our_messages_are_the_ones_twilio_reads() {
    let wire = ToTwilio::new("MZ1");
    assert_eq!(
        wire.media(b"~~~~~~"),
        r#"{"event":"media","streamSid":"MZ1","media":{"payload":"fn5+fn5+"}}"#
    );
    let mark = Mark {
        reply: domain::ReplyId(7),
        clause: ClauseId(3),
    };
    assert_eq!(
        wire.mark(mark),
        r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"r7-3"}}"#
    );
    assert_eq!(wire.clear(), r#"{"event":"clear","streamSid":"MZ1"}"#);
    assert_eq!(
        ToTwilio::new("a\"b").clear(),
        r#"{"event":"clear","streamSid":"a\"b"}"#
    );
}

#[test]
fn audio_is_written_in_one_allocation() {
    let text = ToTwilio::new("MZ1").media(&[0xff; 160]);
    assert_eq!(text.len(), text.capacity());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn any_media_is_read_or_refused(payload in any::<String>(), timestamp in any::<f64>(), rest in "[ -~]{0,20}") {
        let payload = serde_json::Value::from(payload);
        let _ = read(&format!(r#"{{"event":"media","media":{{"timestamp":{timestamp},"payload":{payload}}}{rest}"#));
    }

    #[test]
    fn what_we_write_can_be_read(audio in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = ToTwilio::new("MZ1").media(&audio);
        let Ok(FromTwilio::Media(media)) = read(&text) else { panic!("{text}") };
        prop_assert_eq!(base64_simd::STANDARD.decode_to_vec(&*media.payload).ok(), Some(audio));
    }
}
