//! Refusals, silences and ends: what becomes of the stream, and of the turn.

use super::*;
use crate::{Verdict, loopback::answer};

#[tokio::test]
async fn a_refusal_tells_its_reason_without_the_key() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    let reason = "dg-error: Invalid credentials: key-1\r\ndg-request-id: 7\r\n";
    let refusal = answer("401 Unauthorized", reason, "{}");
    server.answer(&refusal).await;
    let error = call.failure().await;
    assert_eq!(error.verdict(), Verdict::KeyRefused);
    assert_eq!(
        error.to_string(),
        "deepgram: refused with 401: Invalid credentials: ***"
    );
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = Loopback::new().await;
    for (status, verdict) in [
        ("400 Bad Request", Verdict::SettingsRefused),
        ("402 Payment Required", Verdict::KeyRefused),
        ("403 Forbidden", Verdict::ModelRefused),
        (
            "429 Too Many Requests",
            Verdict::RetryAfter(Duration::from_millis(500)),
        ),
        ("503 Service Unavailable", Verdict::Retry),
    ] {
        let call = Call::begin(&server, Deadlines::default());
        server.answer(&answer(status, "", "<h1>no</h1>")).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_never_takes_audio_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = |connect| Deadlines {
        connect: Duration::from_millis(connect),
        ..Deadlines::default()
    };
    let call = Call::begin(&server, deadlines(20));
    let _connection = server.connection().await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "connect",
            ..
        }
    ));

    let call = Call::begin(&server, deadlines(200));
    let _socket = server.socket().await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "connected",
            ..
        }
    ));
}

#[tokio::test]
async fn a_first_message_that_is_no_welcome_is_a_failure() {
    let server = Loopback::new().await;
    for (message, verdict) in [
        ("<html>", Verdict::SwitchProvider),
        (
            r#"{"type":"Error","code":"INTERNAL_SERVER_ERROR"}"#,
            Verdict::Retry,
        ),
    ] {
        let call = Call::begin(&server, Deadlines::default());
        let mut socket = server.socket().await;
        socket.write(message).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{message}");
    }
    let call = Call::begin(&server, Deadlines::default());
    server.socket().await.close(1008, "DATA-0000").await;
    assert_eq!(call.failure().await.verdict(), Verdict::SettingsRefused);
}

/// Everything that was told, and how the stream ended.
async fn rest(mut call: Call) -> (Vec<String>, ProviderError) {
    let mut told = Vec::new();
    loop {
        match call.next().await.as_str() {
            "nothing" => break,
            more => told.push(more.to_owned()),
        }
    }
    (told, call.failure().await)
}

#[tokio::test]
async fn a_turn_outlives_its_connection() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    let words =
        r#","words":[{"word":"my","start":0.6,"end":0.7},{"word":"na","start":0.8,"end":1}]"#;
    let message = turn("Update", "my na", &(window("1.25") + words));
    socket.write(&message).await;
    socket.break_off();
    let (told, error) = rest(call).await;
    assert_eq!(told, ["words 600-1250 my na", "settled 600-1000 my na"]);
    assert!(matches!(error, ProviderError::Connection { .. }));

    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    socket.write(&turn("EndOfTurn", "so", "")).await;
    socket.close(1011, "NET-0001").await;
    let (told, error) = rest(call).await;
    assert_eq!(told, ["settled over - so", "ended 70"], "told once");
    assert_eq!(error.to_string(), "deepgram: refused with 1011: NET-0001");
    assert_eq!(error.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn an_error_message_ends_the_stream() {
    let server = Loopback::new().await;
    for (code, verdict) in [
        ("UNPARSABLE_CLIENT_MESSAGE", Verdict::SwitchProvider),
        ("INTERNAL_SERVER_ERROR", Verdict::Retry),
    ] {
        let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
        let message = format!(r#"{{"type":"Error","code":"{code}","description":"for key-1"}}"#);
        socket.write(&message).await;
        let error = call.failure().await;
        assert_eq!(error.verdict(), verdict, "{code}");
        assert!(error.to_string().ends_with("for ***"), "{error}");
    }
}

#[tokio::test]
async fn some_garbage_is_skipped_and_nothing_but_garbage_is_a_failure() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    for _ in 0..8 {
        socket.write("<html>").await;
    }
    socket.write_binary(b"or this").await;
    socket.write(r#"{"type":"Novelty"}"#).await;
    socket.write(&turn("Update", "hi", "")).await;
    assert_eq!(call.next().await, "words - hi");
    for _ in 0..=8 {
        socket.write("<html>").await;
    }
    assert!(matches!(
        call.failure().await,
        ProviderError::Garbled { .. }
    ));
}

#[tokio::test]
async fn a_message_without_an_end_is_a_failure() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    let endless = turn("Update", &"a".repeat(2 << 20), "");
    // The client leaves before it has read all.
    let writing = tokio::spawn(async move { socket.write(&endless).await });
    assert!(matches!(
        call.failure().await,
        ProviderError::Garbled { .. }
    ));
    writing.abort();
}

#[tokio::test]
async fn a_server_that_has_gone_quiet_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        gap: Duration::from_millis(4),
        ping: Duration::from_millis(4),
        ..Deadlines::default()
    };
    // The socket is held, but nobody reads it, so no ping is answered.
    let (call, _socket) = Call::open(&server, deadlines).await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Connection { .. }
    ));
}

#[tokio::test]
async fn a_server_that_stops_reading_is_given_up() {
    let server = Loopback::narrow();
    let deadlines = Deadlines {
        send: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, _unread) = Call::open(&server, deadlines).await;
    let piece = Bytes::from(vec![0xFF; 500_000]);
    while call
        .audio
        .send(ToRecogniser::Audio(piece.clone()))
        .await
        .is_ok()
    {}
    let error = call.failure().await.to_string();
    assert_eq!(
        error,
        "deepgram: connection failed: no message was taken for 20ms"
    );
}

#[tokio::test]
async fn a_call_that_ends_before_it_is_connected_wants_nothing() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    drop(call.audio);
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.ended.abort();
    assert_eq!(socket.read().await, None);
}

#[tokio::test]
async fn last_words_are_not_waited_for_for_ever() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        last_words: Duration::from_millis(10),
        ..Deadlines::default()
    };
    let (call, mut socket) = Call::open(&server, deadlines).await;
    drop(call.audio);
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    assert!(call.ended.await.expect("no panic").is_ok());
}
