use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn voice(model: &str) -> Voice {
    Voice {
        model: model.into(),
        voice: "a/../b".into(),
        language: "es-MX".parse().expect("a language"),
        stability: Some(0.5),
        similarity_boost: Some(0.75),
        style: None,
        speed: Some(0.92),
        use_speaker_boost: Some(true),
        chunk_length_schedule: vec![120],
        multi_context: true,
    }
}

fn asked(model: &str, text: &str, previous: &str) -> String {
    String::from_utf8(request(&voice(model), text, previous)).expect("UTF-8")
}

#[test]
fn a_clause_is_asked_for_in_mu_law_with_times() {
    assert_eq!(
        path(&voice("m")),
        "/v1/text-to-speech/a%2F..%2Fb/stream/with-timestamps?output_format=ulaw_8000"
    );
    assert_eq!(
        asked("eleven_flash_v2_5", " Say \"hola\". ", "Sí."),
        r#"{"text":"Say \"hola\".","model_id":"eleven_flash_v2_5","language_code":"es","#
            .to_owned()
            + r#""voice_settings":{"stability":0.5,"similarity_boost":0.75,"#
            + r#""use_speaker_boost":true,"speed":0.92},"previous_text":"Sí."}"#
    );
}

#[test]
fn a_model_is_sent_only_what_it_takes() {
    let older = asked("eleven_multilingual_v2", "Uno.", "");
    assert!(!older.contains("language_code") && !older.contains("previous_text"));
    assert_eq!(
        asked("eleven_v3", "Dos.", "Uno."),
        r#"{"text":"Dos.","model_id":"eleven_v3","language_code":"es","voice_settings":{"stability":0.5}}"#
    );
    let plain = Voice {
        stability: None,
        similarity_boost: None,
        speed: None,
        use_speaker_boost: None,
        ..voice("eleven_multilingual_v2")
    };
    assert_eq!(
        String::from_utf8(request(&plain, "Tres.", "")).expect("UTF-8"),
        r#"{"text":"Tres.","model_id":"eleven_multilingual_v2"}"#
    );
}

/// So many milliseconds of silence, in base64.
fn silence(ms: usize) -> String {
    base64_simd::STANDARD.encode_to_string(vec![0xFF; ms * BYTES_PER_MS])
}

/// A line whose letters take 10 ms each, the first of them at `from` ms.
fn line(text: &str, from: u32, ms: usize) -> String {
    let times = |shift: u32| {
        let times = (0..).zip(text.chars());
        let times = times.map(|(at, _char)| f64::from(from + shift + 10 * at) / 1_000.0);
        times.collect::<Vec<f64>>()
    };
    let alignment = serde_json::json!({
        "characters": text.chars().collect::<Vec<char>>(),
        "character_start_times_seconds": times(0),
        "character_end_times_seconds": times(10),
    });
    format!(
        "{}\n",
        serde_json::json!({ "audio_base64": silence(ms), "alignment": alignment,
            "normalized_alignment": null })
    )
}

/// What a body says, in pieces of such a size: `milliseconds [chars@end ...]` for each line.
fn heard(text: &str, body: &[u8], size: usize) -> Result<Vec<String>, ProviderError> {
    let shown = |sound: &Sound| {
        let words = sound.words.iter();
        let words: String = words
            .map(|word| format!(" {}@{}", word.chars, word.at.0))
            .collect();
        format!("{}{words}", sound.bytes.len() / BYTES_PER_MS)
    };
    let mut reader = SoundReader::new(text);
    let mut all = Vec::new();
    for piece in body.chunks(size) {
        reader.push(piece);
        while let Some(sound) = reader.next_sound()? {
            all.push(sound);
        }
    }
    all.push(reader.finish()?);
    all.retain(|sound| *sound != Sound::default());
    Ok(all.iter().map(shown).collect())
}

#[test]
fn words_end_where_the_clause_says() {
    let body = line("Uno d", 0, 40) + &line("os.", 50, 60);
    let expected = ["40 3@30", "60 8@80"];
    assert_eq!(
        heard("Uno dos.", body.as_bytes(), 7).ok(),
        Some(expected.map(str::to_owned).into())
    );
}

#[test]
fn times_that_step_back_count_from_their_line() {
    let body = line("Uno", 0, 40) + &line(" dos", 0, 60) + &line(" tres.", 0, 60);
    let expected = ["40 3@30", "60 7@80", "60 13@160"];
    assert_eq!(
        heard("Uno dos tres.", body.as_bytes(), 999).ok(),
        Some(expected.map(str::to_owned).into())
    );
}

#[test]
fn sound_is_worth_more_than_its_times() {
    for times in [
        "null",
        "7",
        r#"{"characters":["U"]}"#,
        r#"{"characters":["U"],"character_start_times_seconds":[null],"character_end_times_seconds":[0.1]}"#,
        r#"{"characters":[" "],"character_start_times_seconds":[0],"character_end_times_seconds":[0.1]}"#,
    ] {
        let body = format!(
            "\r\n{{\"audio_base64\":\"{}\",\"alignment\":{times}}}\r\n\n",
            silence(20)
        );
        let heard = heard("Uno.", body.as_bytes(), usize::MAX).expect(times);
        assert_eq!(heard, ["20"], "{times}");
    }
    // Times beyond all measure, and more letters than the text has.
    let body = format!(
        r#"{{"audio_base64":"{}","alignment":{{"characters":["U","n","o",".","x"],
        "character_start_times_seconds":[-1,0,0,1e300,1e300],
        "character_end_times_seconds":[0,0,0,1e300,1e300]}},"odd":{{}}}}"#,
        silence(20)
    )
    .replace('\n', " ");
    assert_eq!(
        heard("Uno.", body.as_bytes(), 1).expect("sound"),
        [format!("20 4@{}", u64::MAX)]
    );
}

#[test]
fn other_bodies_are_refused() {
    let wav = base64_simd::STANDARD.encode_to_string(b"RIFF....WAVEfmt ");
    let mp3 = base64_simd::STANDARD.encode_to_string([0xFF, 0xFB, 0x90, 0x00]);
    for (body, why) in [
        (String::new(), "no sound at all"),
        ("{}\n".to_owned(), "no sound at all"),
        ("<html>Welcome</html>".to_owned(), "no JSON"),
        ("{\"audio_base64\":\"UklGR".to_owned(), "cut off"),
        ("{\"audio_base64\":\"*\"}\n".to_owned(), "base64"),
        (
            format!("{{\"audio_base64\":\"{wav}\"}}\n"),
            "a WAV file in place of mu-law",
        ),
        (
            format!("{{\"audio_base64\":\"{mp3}\"}}\n"),
            "an MP3 stream in place of mu-law",
        ),
        (line("Uno.", 0, 13_000), "far more audio"),
        ("[".repeat(MAX_LINE + 1), "a line that never ends"),
        (
            format!("{}\n", " ".repeat(MAX_LINE + 1)),
            "a line that never ends",
        ),
    ] {
        let error = heard("Uno.", body.as_bytes(), 65_536).expect_err(why);
        assert_eq!(error.verdict(), Verdict::SwitchProvider, "{error}");
        let shown = error.to_string().to_lowercase();
        assert!(shown.contains(&why.to_lowercase()), "{why}: {shown}");
    }
}

#[test]
fn an_error_among_lines_says_what_to_do() {
    let busy = Verdict::RetryAfter(Duration::from_millis(250));
    for (line, verdict) in [
        (
            r#"{"detail":{"status":"quota_exceeded","message":"no credits"}}"#,
            Verdict::KeyRefused,
        ),
        (
            r#"{"detail":{"status":"too_many_concurrent_requests","message":"wait"}}"#,
            busy,
        ),
        (
            r#"{"detail":{"code":"internal","message":"oh"}}"#,
            Verdict::Retry,
        ),
        (r#"{"detail":"oh"}"#, Verdict::Retry),
        (r#"{"error":{"message":"oh"}}"#, Verdict::Retry),
    ] {
        let body = self::line("U", 0, 20) + line;
        let error = heard("Uno.", body.as_bytes(), 9).expect_err(line);
        assert_eq!(error.verdict(), verdict, "{error}");
    }
}

#[test]
fn a_server_that_names_a_wait_is_given_it() {
    let verdict = |status, wait, body| {
        let hints = Hints { wait, again: None };
        refused(status, hints, body).verdict()
    };
    let wait = Some(Duration::from_secs(3));
    assert_eq!(
        verdict(429, wait, "{}"),
        Verdict::RetryAfter(Duration::from_secs(3))
    );
    assert_eq!(
        verdict(429, None, "{}"),
        Verdict::RetryAfter(Duration::from_millis(250))
    );
    assert_eq!(verdict(401, wait, "{}"), Verdict::KeyRefused);
}

#[test]
fn pages_and_sound_are_no_lines() {
    assert!(is_foreign("text/html; charset=utf-8") && is_foreign("audio/mpeg"));
    assert!(!is_foreign("application/json") && !is_foreign("text/event-stream") && !is_foreign(""));
}

#[test]
fn a_page_of_voices_names_the_next() {
    assert_eq!(voices_path(None), "/v2/voices?page_size=100");
    assert_eq!(
        voices_path(Some("a&b")),
        "/v2/voices?page_size=100&next_page_token=a%26b"
    );
    let page = read_voices(
        br#"{"voices":[{"voice_id":"v1","name":"Ana","category":"premade","labels":{"a":1}},
            {"voice_id":"v2","name":null},{"name":"nobody"}],"has_more":true,"next_page_token":"p2"}"#,
    );
    let voice = |id: &str, name: &str, category: &str| VoiceInfo {
        id: id.into(),
        name: name.into(),
        category: category.into(),
    };
    assert_eq!(
        page.expect("a page"),
        VoicePage {
            voices: vec![voice("v1", "Ana", "premade"), voice("v2", "", "")],
            next: Some("p2".into()),
        }
    );
    for last in [
        r#"{"voices":[]}"#,
        r#"{"voices":[],"next_page_token":null}"#,
        r#"{"voices":[],"has_more":false,"next_page_token":"p2"}"#,
    ] {
        assert_eq!(
            read_voices(last.as_bytes()).expect(last),
            VoicePage::default()
        );
    }
    for odd in ["", "{}", "<html>", r#"{"voices":7}"#] {
        assert!(read_voices(odd.as_bytes()).is_err(), "{odd}");
    }
}

proptest! {
    #[test]
    fn any_body_gives_the_same_however_it_is_cut(body: Vec<u8>, size in 1_usize..64) {
        let whole = heard("A clause.", &body, usize::MAX).map_err(|error| error.to_string());
        let cut = heard("A clause.", &body, size).map_err(|error| error.to_string());
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn sound_with_times_is_the_same_however_it_is_cut(size in 1_usize..400) {
        let body = line("Uno d", 0, 40) + &line("os.", 50, 60);
        let whole = heard("Uno dos.", body.as_bytes(), usize::MAX).ok();
        prop_assert_eq!(heard("Uno dos.", body.as_bytes(), size).ok(), whole);
    }
}
