use super::*;
use crate::Verdict;

/// A call that waits for a clause, and the request for it.
async fn waiting(server: &Loopback, deadlines: Deadlines) -> (Call, ServerRequest) {
    let call = Call::open(server, deadlines).await;
    call.say(R1, 0, "One.").await;
    let request = asked(server, "One.").await;
    (call, request)
}

fn is_silent(error: &ProviderError, expected: &str) -> bool {
    matches!(error, ProviderError::Silent { stage, .. } if *stage == expected)
}

#[tokio::test]
async fn a_voice_that_says_nothing_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_audio: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let (call, _request) = waiting(&server, deadlines).await;
    let failure = call.failure().await;
    assert!(is_silent(&failure, "first audio"), "{failure}");

    // Lines without sound are none.
    let (call, mut request) = waiting(&server, deadlines).await;
    begin(&mut request).await;
    request.chunk("{\"audio_base64\":\"\"}\n\n").await;
    let failure = call.failure().await;
    assert!(is_silent(&failure, "first audio"), "{failure}");
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
    request.chunk(&silence(100)).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    let failure = call.failure().await;
    assert!(is_silent(&failure, "audio gap"), "{failure}");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let busy = |ms| Verdict::RetryAfter(Duration::from_millis(ms));
    let json = "content-type: application/json\r\n";
    let (invalid, quota, many, heavy) = (
        r#"{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}"#,
        r#"{"detail":{"status":"quota_exceeded","message":"no credits"}}"#,
        r#"{"detail":{"status":"too_many_concurrent_requests","message":"many"}}"#,
        r#"{"detail":{"status":"system_busy","message":"busy"}}"#,
    );
    for (status, headers, body, verdict) in [
        ("401 Unauthorized", json, invalid, Verdict::KeyRefused),
        ("401 Unauthorized", json, quota, Verdict::KeyRefused),
        (
            "403 Forbidden",
            json,
            r#"{"detail":"creator only"}"#,
            Verdict::KeyRefused,
        ),
        ("404 Not Found", "", "", Verdict::ModelRefused),
        ("429 Too Many Requests", json, many, busy(250)),
        ("429 Too Many Requests", json, heavy, busy(1_000)),
        (
            "429 Too Many Requests",
            "retry-after: 2\r\n",
            many,
            busy(2_000),
        ),
        (
            "400 Bad Request",
            json,
            r#"{"detail":{"status":"max_character_limit_exceeded","message":"long"}}"#,
            Verdict::GiveUp,
        ),
        (
            "422 Unprocessable Entity",
            json,
            r#"{"detail":[{"loc":["body","text"],"msg":"bad","input":"One."}]}"#,
            Verdict::GiveUp,
        ),
        ("503 Service Unavailable", "", "<html>", Verdict::Retry),
        (
            "200 OK",
            "content-type: text/html\r\n",
            "<html>",
            Verdict::SwitchProvider,
        ),
        (
            "200 OK",
            "content-type: audio/mpeg\r\n",
            "ID3",
            Verdict::SwitchProvider,
        ),
        ("200 OK", "", "<html>", Verdict::SwitchProvider),
        ("200 OK", json, "", Verdict::SwitchProvider),
        ("200 OK", json, quota, Verdict::KeyRefused),
    ] {
        let server = Loopback::new().await;
        let (call, mut request) = waiting(&server, Deadlines::default()).await;
        request
            .write(answer(status, headers, body).as_bytes())
            .await;
        let failure = call.failure().await;
        assert_eq!(failure.verdict(), verdict, "{status} {body}: {failure}");
        assert!(!failure.to_string().contains("One."), "{failure}");
    }
}

#[tokio::test]
async fn an_error_never_overtakes_sound() {
    let server = Loopback::new().await;
    let (mut call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    // Both in one piece.
    request
        .chunk(&(silence(500) + "{\"detail\":\"oh\"}\n"))
        .await;
    assert_eq!(call.next().await, "r1-0 200 ms");
    assert_eq!(call.next().await, "r1-0 200 ms");
    assert_eq!(call.next().await, "r1-0 100 ms");
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn sound_that_is_cut_off_is_a_failed_connection() {
    let server = Loopback::new().await;
    let (mut call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    let line = silence(100);
    request.chunk(&line).await;
    request.chunk(&line[..line.len() / 2]).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    drop(request);
    let failure = call.failure().await;
    assert!(
        matches!(failure, ProviderError::Connection { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn sound_without_end_is_refused() {
    let server = Loopback::new().await;
    let (mut call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    let writing = tokio::spawn(async move {
        for _second in 0..13 {
            request.chunk(&silence(1_000)).await;
        }
        request.hung_up().await;
    });
    let mut heard = 0;
    while let Some(FromVoice::Audio { bytes, .. }) = call.made.recv().await {
        heard += bytes.len() / 8;
    }
    assert!(heard <= 12_000, "{heard} ms");
    let failure = call.failure().await;
    assert!(
        matches!(failure, ProviderError::Garbled { .. }),
        "{failure}"
    );
    writing.await.expect("no panic");
}

#[tokio::test]
async fn a_line_without_end_is_refused() {
    let server = Loopback::new().await;
    let (call, mut request) = waiting(&server, Deadlines::default()).await;
    begin(&mut request).await;
    for _part in 0..17 {
        request.chunk(&" ".repeat(wire::MAX_LINE / 16)).await;
    }
    let failure = call.failure().await;
    assert!(
        matches!(failure, ProviderError::Garbled { .. }),
        "{failure}"
    );
    request.hung_up().await;
}

#[tokio::test]
async fn an_unknown_key_is_told_before_anything_is_spoken() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    let body = r#"{"detail":{"status":"invalid_api_key","message":"Invalid key: key-1"}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    let failure = call.failure().await;
    assert_eq!(failure.verdict(), Verdict::KeyRefused);
    assert_eq!(
        failure.to_string(),
        "elevenlabs: refused with 401: invalid_api_key Invalid key: ***"
    );
}

#[tokio::test]
async fn a_key_that_may_not_list_models_may_speak() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let body = r#"{"detail":{"status":"missing_permissions","message":"models_read"}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    assert_eq!(call.next().await, "ready");
    call.say(R1, 0, "One.").await;
    speak(&mut asked(&server, "One.").await, 20).await;
    assert_eq!(call.next().await, "r1-0 20 ms");
}

#[tokio::test]
async fn a_list_that_nobody_has_is_a_failed_connection() {
    let server = Loopback::new().await;
    let client = voices(&server);
    drop(server);
    let failure = client.voices(Duration::from_secs(5)).await;
    let failure = failure.expect_err("nobody is there");
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

#[tokio::test]
async fn a_list_that_cannot_be_had_says_why() {
    let server = Loopback::new().await;
    let refused = async {
        let body = r#"{"detail":{"status":"missing_permissions","message":"not with key-1"}}"#;
        server.answer(&answer("401 Unauthorized", "", body)).await;
    };
    let client = voices(&server);
    let (failure, ()) = tokio::join!(client.voices(Duration::from_secs(5)), refused);
    let failure = failure.expect_err("a refusal");
    assert_eq!(failure.verdict(), Verdict::ModelRefused);
    assert!(failure.to_string().ends_with("not with ***"), "{failure}");

    let html = answer("200 OK", "content-type: text/html\r\n", "<html></html>");
    let page = server.answer(&html);
    let (failure, ()) = tokio::join!(client.voices(Duration::from_secs(5)), page);
    let failure = failure.expect_err("a page of HTML");
    assert!(
        matches!(failure, ProviderError::Garbled { .. }),
        "{failure}"
    );

    let listing = client.voices(Duration::from_millis(30));
    let (failure, _request) = tokio::join!(listing, server.request());
    let failure = failure.expect_err("silence");
    assert!(is_silent(&failure, "voices"), "{failure}");
}
