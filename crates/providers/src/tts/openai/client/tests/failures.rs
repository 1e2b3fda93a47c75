use super::*;
use crate::Verdict;

/// A call that waits for a clause, and the request for it.
async fn waiting(server: &Loopback, deadlines: Deadlines) -> (Call, ServerRequest) {
    let call = Call::open(server, deadlines).await;
    call.say(R1, 0, "One.").await;
    let request = asked(server, "One.").await;
    (call, request)
}

#[tokio::test]
async fn a_voice_that_says_nothing_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_audio: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let (call, _request) = waiting(&server, deadlines).await;
    let silent = |error| {
        matches!(
            error,
            ProviderError::Silent {
                stage: "first audio",
                ..
            }
        )
    };
    assert!(silent(call.failure().await));

    // The head of an answer is none.
    let (call, mut request) = waiting(&server, deadlines).await;
    begin(&mut request).await;
    request.chunk("\0\0").await;
    assert!(silent(call.failure().await));
}

#[tokio::test]
async fn a_voice_that_stalls_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        audio_gap: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let (mut call, mut request) = waiting(&server, deadlines).await;
    begin(&mut request).await;
    silence(&mut request, 100).await;
    assert_eq!(call.next(90).await, "r1-0 98 ms");
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "audio gap",
            ..
        }
    ));
}

#[tokio::test]
async fn a_later_clause_may_wait_for_the_one_before() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_audio: Duration::from_millis(200),
        ..Deadlines::default()
    };
    let (mut call, mut one) = waiting(&server, deadlines).await;
    call.say(R1, 1, "Two.").await;
    let _two = asked(&server, "Two.").await;
    begin(&mut one).await;
    // A server that makes one clause at a time: the second waits far longer than its own deadline.
    for _piece in 0..10 {
        silence(&mut one, 20).await;
        let made = call.made.recv().await;
        assert!(matches!(made, Some(FromVoice::Audio { .. })), "{made:?}");
        let pause = tokio::time::timeout(Duration::from_millis(30), call.made.recv()).await;
        assert!(pause.is_err(), "{pause:?}");
    }
    one.end_stream().await;
    assert!(matches!(
        call.made.recv().await,
        Some(FromVoice::Audio { .. })
    ));
    let failure = call.failure().await;
    assert!(
        matches!(
            failure,
            ProviderError::Silent {
                stage: "first audio",
                ..
            }
        ),
        "{failure}"
    );
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (status, headers, body, verdict) in [
        (
            "401 Unauthorized",
            "",
            r#"{"error":{"code":"invalid_api_key"}}"#,
            Verdict::KeyRefused,
        ),
        (
            "429 Too Many Requests",
            "retry-after-ms: 40\r\n",
            "{}",
            Verdict::RetryAfter(Duration::from_millis(40)),
        ),
        (
            "429 Too Many Requests",
            "",
            r#"{"error":{"type":"insufficient_quota"}}"#,
            Verdict::KeyRefused,
        ),
        ("400 Bad Request", "", r#"{"error":"bad"}"#, Verdict::GiveUp),
        ("500 Internal Server Error", "", "", Verdict::Retry),
        (
            "200 OK",
            "content-type: text/html\r\n",
            "<html>Welcome</html>",
            Verdict::SwitchProvider,
        ),
        (
            "200 OK",
            "content-type: application/json\r\n",
            r#"{"error":{"message":"slow","code":"slow_down"}}"#,
            Verdict::RetryAfter(Duration::from_millis(500)),
        ),
        (
            "200 OK",
            "content-type: audio/pcm\r\n",
            "{\"detail\":\"this is no sound\"}",
            Verdict::SwitchProvider,
        ),
        (
            "200 OK",
            "content-type: audio/pcm\r\n",
            "RIFF\u{1}\u{1}\u{1}\u{1}WAVEfmt \u{1}\u{1}\u{1}",
            Verdict::SwitchProvider,
        ),
        (
            "200 OK",
            "content-type: audio/pcm\r\n",
            "",
            Verdict::SwitchProvider,
        ),
    ] {
        let server = Loopback::new().await;
        let (call, mut request) = waiting(&server, Deadlines::default()).await;
        request
            .write(answer(status, headers, body).as_bytes())
            .await;
        assert_eq!(call.failure().await.verdict(), verdict, "{status} {body}");
    }
}

#[tokio::test]
async fn sound_that_is_cut_off_is_a_failed_connection() {
    let server = Loopback::new().await;
    let (mut call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    silence(&mut request, 100).await;
    assert_eq!(call.next(90).await, "r1-0 98 ms");
    drop(request);
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn an_error_never_overtakes_sound() {
    let server = Loopback::new().await;
    let (mut call, mut one) = waiting(&server, Deadlines::default()).await;
    call.say(R1, 1, "Two.").await;
    let mut two = asked(&server, "Two.").await;
    two.write(answer("400 Bad Request", "", "").as_bytes())
        .await;
    begin(&mut one).await;
    silence(&mut one, 1_000).await;
    one.end_stream().await;
    assert_eq!(call.next(1_000).await, "r1-0 1000 ms");
    assert_eq!(call.failure().await.verdict(), Verdict::GiveUp);
}

#[tokio::test]
async fn sound_without_end_is_refused() {
    let server = Loopback::new().await;
    let (mut call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    let writing = tokio::spawn(async move {
        for _second in 0..13 {
            silence(&mut request, 1_000).await;
        }
        request.hung_up().await;
    });
    let mut heard = 0;
    while let Some(FromVoice::Audio { bytes, .. }) = call.made.recv().await {
        heard += bytes.len() / 8_000;
    }
    assert!(heard <= 12, "{heard} s");
    let failure = call.failure().await;
    assert!(
        matches!(failure, ProviderError::Garbled { .. }),
        "{failure}"
    );
    writing.await.expect("no panic");
}

#[tokio::test]
async fn a_key_that_is_repeated_is_not_shown() {
    let server = Loopback::new().await;
    let (call, mut request) = waiting(&server, Deadlines::default()).await;
    let body = r#"{"error":{"message":"Incorrect key: key-1."}}"#;
    let refusal = answer("401 Unauthorized", "", body);
    request.write(refusal.as_bytes()).await;
    let shown = call.failure().await.to_string();
    assert_eq!(shown, "openai: refused with 401: Incorrect key: ***.");
}

#[tokio::test]
async fn an_unknown_key_is_told_before_anything_is_spoken() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    let body = r#"{"error":{"message":"Incorrect key: key-1.","code":"invalid_api_key"}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    let failure = call.failure().await;
    assert_eq!(failure.verdict(), Verdict::KeyRefused);
    assert!(!failure.to_string().contains("key-1"), "{failure}");
}

#[tokio::test]
async fn nobody_there_is_told_before_anything_is_spoken() {
    let server = Loopback::new().await;
    let base = server.base();
    drop(server);
    let voices = OpenAiSpeech::new(base, None);
    let failure = Call::with(&voices).failure().await;
    assert!(
        matches!(failure, ProviderError::Unreachable { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (call, request) = waiting(&server, Deadlines::default()).await;
    call.ended.abort();
    request.hung_up().await;
}
