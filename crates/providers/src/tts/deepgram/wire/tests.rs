use super::*;

fn voice(model: &str, voice: &str) -> Voice {
    Voice {
        model: model.into(),
        voice: voice.into(),
        language: "es-ES".parse().expect("a language"),
        stability: Some(0.5),
        similarity_boost: None,
        style: None,
        speed: None,
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    }
}

fn url(voice: &Voice) -> String {
    let base = BaseUrl::parse("DEEPGRAM_BASE_URL", "https://api.deepgram.com/v1");
    speak_url(&base.expect("a base"), voice)
}

#[test]
fn a_voice_has_its_settings_in_the_address() {
    let slow = Voice {
        speed: Some(0.9),
        ..voice("aura-2-celeste-es", "")
    };
    assert_eq!(
        url(&slow),
        "wss://api.deepgram.com/v1/speak?model=aura-2-celeste-es&encoding=mulaw&sample_rate=8000\
         &speed=0.9"
    );
}

#[test]
fn a_voice_is_named_in_one_place_or_in_two() {
    for (model, name, expected) in [
        ("aura-2-celeste-es", "", "aura-2-celeste-es"),
        ("aura-2-celeste-es", "somebody", "aura-2-celeste-es"),
        ("aura-2", "aura-2-thalia-en", "aura-2-thalia-en"),
        ("aura-2", "celeste", "aura-2-celeste-es"),
        ("aura", "stella", "aura-stella-es"),
        ("aura-1", "stella", "aura-stella-es"),
    ] {
        let address = url(&voice(model, name));
        let expected = format!("?model={expected}&");
        assert!(address.contains(&expected), "{model} {name}: {address}");
    }
}

#[test]
fn a_clause_is_handed_over_as_a_word_before_others() {
    assert_eq!(
        say(" He said \"no\". "),
        [r#"{"text":"He said \"no\". ","type":"Speak"}"#]
    );
}

#[test]
fn long_texts_are_cut_between_words() {
    let text = "añadir ".repeat(600);
    let cut: Vec<&str> = pieces(&text).collect();
    assert_eq!(cut.concat(), text);
    assert_eq!(cut.len(), 3);
    for piece in cut {
        assert!(piece.chars().count() <= MOST_CHARS && piece.ends_with(' '));
    }
    let word = "é".repeat(4_500);
    let cut: Vec<usize> = pieces(&word).map(|piece| piece.chars().count()).collect();
    assert_eq!(cut, [2_000, 2_000, 500]);
    let blank = format!(" {word}");
    assert_eq!(pieces(&blank).collect::<String>(), blank);
    assert_eq!(pieces("").count(), 0);
}

#[test]
fn messages_are_told_apart_by_their_type() {
    let complaint = |said: &str| FromAura::Complaint(said.into());
    for (message, expected) in [
        (
            r#"{"type":"Metadata","request_id":"5a","model_name":"aura-2-thalia-en"}"#,
            FromAura::Nothing,
        ),
        (r#"{"type":"Flushed","sequence_id":0}"#, FromAura::Flushed),
        (
            r#"{"type":"Cleared","sequence_id":null}"#,
            FromAura::Cleared,
        ),
        (
            r#"{"type":"Warning","code":"FLUSH","description":"too often"}"#,
            complaint("FLUSH too often"),
        ),
        (
            r#"{"type":"Warning","warn_code":7,"warn_msg":"too often"}"#,
            complaint("too often"),
        ),
        (
            r#"{"type":"Error","err_code":"X","err_msg":"oh"}"#,
            complaint("X oh"),
        ),
        (r#"{"type":"Novelty"}"#, FromAura::Nothing),
        ("{}", FromAura::Nothing),
    ] {
        assert_eq!(read(message).expect(message), expected);
    }
}

#[test]
fn what_is_not_its_protocol_is_garbled() {
    for message in ["<html>", "", "7", r#"{"type":"Flushed""#] {
        let error = read(message).expect_err(message);
        assert_eq!(error.verdict(), Verdict::SwitchProvider, "{message}");
    }
}

#[test]
fn closes_say_what_to_do() {
    for (code, reason, verdict, idle) in [
        (1000, "", Verdict::Retry, true),
        (1003, "MESSAGE-0000", Verdict::SwitchProvider, false),
        (1006, "", Verdict::Retry, true),
        (1008, "DATA-0000", Verdict::SwitchProvider, false),
        (
            1008,
            "too many characters (DATA-0001)",
            Verdict::RetryAfter(Duration::from_secs(10)),
            false,
        ),
        (1009, "BIG-0001", Verdict::SwitchProvider, false),
        (1011, "NET-0001", Verdict::Retry, true),
    ] {
        assert_eq!(closed(code, reason).verdict(), verdict, "{code} {reason}");
        assert_eq!(is_idle_close(code), idle, "{code} {reason}");
    }
    assert_eq!(
        closed(1011, "NET-0002\n").to_string(),
        "deepgram: refused with 1011: NET-0002"
    );
}
