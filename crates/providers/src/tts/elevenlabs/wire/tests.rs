use super::*;

fn voice() -> Voice {
    Voice {
        model: "eleven_turbo_v2_5".into(),
        voice: "21m00Tcm4TlvDq8ikWAM".into(),
        language: "es-ES".parse().expect("a language"),
        stability: None,
        similarity_boost: None,
        style: None,
        speed: None,
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    }
}

fn address(voice: &Voice) -> String {
    let base = BaseUrl::parse("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io").expect("a base");
    url(&base, voice)
}

#[test]
fn a_voice_has_its_settings_in_the_address() {
    assert_eq!(
        address(&voice()),
        "wss://api.elevenlabs.io/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/stream-input\
         ?model_id=eleven_turbo_v2_5&output_format=ulaw_8000&inactivity_timeout=180\
         &sync_alignment=true&auto_mode=true&language_code=es"
    );
}

#[test]
fn a_model_is_not_told_what_it_would_refuse() {
    let shown = address(&Voice {
        model: "eleven_multilingual_v2".into(),
        chunk_length_schedule: vec![120, 160, 250, 290],
        multi_context: true,
        ..voice()
    });
    assert!(shown.contains("/multi-stream-input?"), "{shown}");
    assert!(!shown.contains("language_code"), "{shown}");
    assert!(!shown.contains("auto_mode"), "{shown}");
}

#[test]
fn the_first_message_is_a_space_and_what_was_set() {
    assert_eq!(begin(&voice(), None), r#"{"text":" "}"#);
    let full = Voice {
        stability: Some(0.6),
        similarity_boost: Some(0.75),
        style: Some(0.35),
        speed: Some(0.92),
        use_speaker_boost: Some(true),
        chunk_length_schedule: vec![120, 160],
        ..voice()
    };
    assert_eq!(
        begin(&full, Some("r7")),
        r#"{"text":" ","context_id":"r7","voice_settings":{"stability":0.6,"similarity_boost":0.75,"style":0.35,"use_speaker_boost":true,"speed":0.92},"generation_config":{"chunk_length_schedule":[120,160]}}"#
    );
}

#[test]
fn messages_are_as_the_server_wants_them() {
    assert_eq!(
        say("Say \"hi\".\n", None),
        r#"{"text":"Say \"hi\". ","flush":true}"#
    );
    assert_eq!(
        say("Hi", Some("r7")),
        r#"{"text":"Hi ","context_id":"r7","flush":true}"#
    );
    assert_eq!(flush("r7"), r#"{"context_id":"r7","flush":true}"#);
    assert_eq!(close("r7"), r#"{"context_id":"r7","close_context":true}"#);
    assert_eq!(keep_alive("r7"), r#"{"text":"","context_id":"r7"}"#);
}

fn letter(begins: u64, ends: u64) -> Letter {
    Letter {
        chars: 1,
        begins,
        ends,
    }
}

#[test]
fn audio_comes_with_its_letters() {
    let letters = Some(vec![letter(0, 80), letter(80, 140)]);
    for names in [
        ["charStartTimesMs", "charDurationsMs"],
        ["charsStartTimesMs", "charsDurationsMs"],
        ["char_start_times_ms", "char_durations_ms"],
    ] {
        let message = format!(
            r#"{{"audio":"//9/","isFinal":null,"normalizedAlignment":null,
            "alignment":{{"chars":["H"," ","\u00f3"],"{}":[0,80,80],"{}":[80,0,60.5]}}}}"#,
            names[0], names[1]
        );
        let spoken = read(&message).expect("audio");
        assert_eq!(spoken.audio, [0xff, 0xff, 0x7f].as_slice());
        assert_eq!(spoken.letters, letters, "{names:?}");
    }
}

#[test]
fn our_own_letters_are_preferred() {
    let message = r#"{"audio":"","alignment":{"chars":["3"],"charStartTimesMs":[1],"charDurationsMs":[1]},
        "normalizedAlignment":{"chars":["t","r"],"charStartTimesMs":[5,6],"charDurationsMs":[1,1]}}"#;
    assert_eq!(
        read(message).expect("letters").letters,
        Some(vec![letter(1, 2)])
    );
    let message = message.replace("\"alignment\"", "\"other\"");
    assert_eq!(
        read(&message).expect("letters").letters,
        Some(vec![letter(5, 6), letter(6, 7)])
    );
}

#[test]
fn an_odd_alignment_does_not_cost_the_audio() {
    for odd in [
        "7",
        "[]",
        "{}",
        r#"{"chars":["a"]}"#,
        r#"{"chars":7}"#,
        r#"{"chars":[" "],"charStartTimesMs":[0]}"#,
    ] {
        let spoken = read(&format!(r#"{{"audio":"/w==","alignment":{odd}}}"#)).expect(odd);
        assert_eq!((spoken.audio.len(), spoken.letters), (1, None), "{odd}");
    }
    let mad = r#"{"audio":"/w==","alignment":{"chars":["a"],"charStartTimesMs":[-5e300],"charDurationsMs":[1e300]}}"#;
    assert!(read(mad).is_ok());
}

#[test]
fn both_spellings_of_a_context_are_read() {
    for message in [
        r#"{"isFinal":true,"contextId":"r7"}"#,
        r#"{"is_final":true,"context_id":"r7","audio":null}"#,
        r#"{"isFinal":true,"is_final":true,"contextId":"r7","context_id":"r7"}"#,
    ] {
        let spoken = read(message).expect(message);
        assert!(spoken.is_final && spoken.audio.is_empty());
        assert_eq!(spoken.context.as_deref(), Some("r7"));
    }
}

#[test]
fn what_is_not_its_protocol_is_garbled() {
    for message in ["hello", r#"{"audio":"***"}"#, "[]x"] {
        let error = read(message).expect_err(message);
        assert!(matches!(error, ProviderError::Garbled { .. }), "{message}");
    }
}

#[test]
fn error_messages_say_what_to_do() {
    let shown = |message: &str| {
        let error = read(message).expect_err(message);
        format!("{error}\n  {:?}", error.verdict())
    };
    insta::assert_snapshot!([
        shown(r#"{"message":"This request exceeds your quota.","error":"quota_exceeded","code":1008}"#),
        shown(r#"{"message":"The API key you used is missing the permission text_to_speech to execute this operation.","error":"missing_permissions","code":1008}"#),
        shown(r#"{"message":"Unsupported model","error":"unsupported_model","code":1008}"#),
        shown(r#"{"message":"No input for 20 s","error":"input_timeout_exceeded","code":1008}"#),
        shown(r#"{"message":"too many","error":"too_many_concurrent_requests","code":1008}"#),
        shown(r#"{"error":"odd order","code":"1008"}"#),
        shown(r#"{"message":"it broke","code":1011}"#),
        shown(r#"{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}"#),
    ].join("\n"), @r#"
elevenlabs: refused with 1008: quota_exceeded This request exceeds your quota.
  KeyRefused
elevenlabs: refused with 1008: missing_permissions The API key you used is missing the permission text_to_speech to execute this operation.
  ModelRefused
elevenlabs: refused with 1008: unsupported_model Unsupported model
  ModelRefused
elevenlabs: refused with 1008: input_timeout_exceeded No input for 20 s
  Retry
elevenlabs: refused with 1008: too_many_concurrent_requests too many
  RetryAfter(250ms)
elevenlabs: refused with 1008: odd order
  SwitchProvider
elevenlabs: refused with 1011: it broke
  Retry
elevenlabs: refused with 1008: {"status":"invalid_api_key","message":"Invalid API key"}
  KeyRefused
"#);
}

#[test]
fn refusals_are_read_in_every_shape() {
    let shown = |status, body| {
        let error = refused(status, body);
        format!("{error}\n  {:?}", error.verdict())
    };
    insta::assert_snapshot!([
        shown(401, r#"{"detail":{"status":"quota_exceeded","message":"You have 0 credits."}}"#),
        shown(401, r#"{"detail":{"status":"missing_permissions","message":"The API key you used is missing the permission text_to_speech to execute this operation."}}"#),
        shown(403, r#"{"detail":"Forbidden"}"#),
        shown(403, r#"{"detail":{"status":"only_for_creator+","message":"a better plan"}}"#),
        shown(404, r#"{"detail":{"status":"model_not_found","message":"No such model"}}"#),
        shown(400, r#"{"detail":{"status":"invalid_language","message":"nope"}}"#),
        shown(422, r#"{"detail":[{"loc":["body","voice_settings"],"msg":"too large"}]}"#),
        shown(404, r#"{"detail":{"type":"x","code":"voice_not_found","message":"No such voice","status":"voice_not_found"}}"#),
        shown(422, r#"{"detail":[{"loc":["body","text"],"msg":"missing"}]}"#),
        shown(400, r#"{"detail":{"status":"max_character_limit_exceeded","message":"long"}}"#),
        shown(429, r#"{"detail":{"status":"too_many_concurrent_requests","message":"many"}}"#),
        shown(429, r#"{"detail":{"status":"system_busy","message":"busy"}}"#),
        shown(502, "<h1>Bad gateway</h1>"),
    ].join("\n"), @r#"
elevenlabs: refused with 401: quota_exceeded You have 0 credits.
  KeyRefused
elevenlabs: refused with 401: missing_permissions The API key you used is missing the permission text_to_speech to execute this operation.
  ModelRefused
elevenlabs: refused with 403: Forbidden
  KeyRefused
elevenlabs: refused with 403: only_for_creator+ a better plan
  SettingsRefused
elevenlabs: refused with 404: model_not_found No such model
  ModelRefused
elevenlabs: refused with 400: invalid_language nope
  SettingsRefused
elevenlabs: refused with 422: too large
  SettingsRefused
elevenlabs: refused with 404: voice_not_found No such voice
  SettingsRefused
elevenlabs: refused with 422: missing
  GiveUp
elevenlabs: refused with 400: max_character_limit_exceeded long
  GiveUp
elevenlabs: refused with 429: too_many_concurrent_requests many
  RetryAfter(250ms)
elevenlabs: refused with 429: system_busy busy
  RetryAfter(1s)
elevenlabs: refused with 502: <h1>Bad gateway</h1>
  Retry
"#);
}

#[test]
fn the_age_of_an_idle_line_is_no_error() {
    assert!(is_idle_close(1000, ""));
    assert!(is_idle_close(1008, "input_timeout_exceeded"));
    assert!(is_idle_close(1006, ""));
    assert!(!is_idle_close(1008, "quota_exceeded"));
}
