//! Refusals, silences and ends: what becomes of the conversation.

use super::*;

#[tokio::test]
async fn a_refused_connection_says_what_to_do() {
    for (status, headers, body, verdict) in [
        (
            "401 Unauthorized",
            "",
            r#"{"error":{"code":"invalid_api_key","message":"wrong: key-1"}}"#,
            Verdict::KeyRefused,
        ),
        ("403 Forbidden", "", "<html>no</html>", Verdict::KeyRefused),
        (
            "429 Too Many Requests",
            "retry-after-ms: 250\r\n",
            "{}",
            Verdict::RetryAfter(Duration::from_millis(250)),
        ),
        (
            "429 Too Many Requests",
            "",
            r#"{"error":{"type":"insufficient_quota","message":"m"}}"#,
            Verdict::KeyRefused,
        ),
        ("503 Unavailable", "", "", Verdict::Retry),
    ] {
        let server = Loopback::new().await;
        let call = Call::begin(
            &server,
            talk(TurnDetection::Ours, Vec::new()),
            Deadlines::default(),
        );
        server.answer(&answer(status, headers, body)).await;
        let error = call.failure().await;
        assert_eq!(error.verdict(), verdict, "{error}");
        assert!(!error.to_string().contains("key-1"), "{error}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_a_socket_is_a_failure() {
    let server = Loopback::new().await;
    let call = Call::begin(
        &server,
        talk(TurnDetection::Ours, Vec::new()),
        Deadlines::default(),
    );
    let page = answer("200 OK", "content-type: text/html\r\n", "<html></html>");
    server.answer(&page).await;
    call.failure().await;
}

#[tokio::test]
async fn nobody_there_is_told_from_a_line_that_breaks() {
    let server = Loopback::new().await;
    let begin = || {
        Call::begin(
            &server,
            talk(TurnDetection::Ours, Vec::new()),
            Deadlines::default(),
        )
    };
    let hung_up_on = begin();
    drop(server.connection().await);
    let nobody_there = begin();
    drop(server);
    for call in [hung_up_on, nobody_there] {
        let error = call.failure().await;
        assert!(error.is_unreachable(), "{error}");
    }
}

#[tokio::test]
async fn a_session_that_does_not_begin_is_given_up() {
    let limits = Deadlines {
        connect: Duration::from_millis(50),
        ..Deadlines::default()
    };
    let stage = |error| {
        let ProviderError::Silent { stage, waited, .. } = error else {
            panic!("{error}");
        };
        (stage, waited)
    };
    let server = Loopback::new().await;
    let begin = || Call::begin(&server, talk(TurnDetection::Ours, Vec::new()), limits);
    let call = begin();
    let mute = server.connection().await;
    assert_eq!(stage(call.failure().await), ("connect", limits.connect));
    drop(mute);

    let call = begin();
    let mut socket = server.socket().await;
    socket.write(CREATED).await;
    assert_eq!(stage(call.failure().await), ("session", limits.connect));
}

#[tokio::test]
async fn settings_that_are_refused_are_told_at_once() {
    let server = Loopback::new().await;
    let call = Call::begin(
        &server,
        talk(TurnDetection::Ours, Vec::new()),
        Deadlines::default(),
    );
    let mut socket = server.socket().await;
    socket.write(CREATED).await;
    read(&mut socket).await;
    socket
        .write(r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"no such voice","event_id":"configure"}}"#)
        .await;
    assert_eq!(call.failure().await.verdict(), Verdict::SettingsRefused);
}

#[tokio::test]
async fn complaints_that_do_not_matter_are_survived_and_others_end_it() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    for code in [
        "response_cancel_not_active",
        "input_audio_buffer_commit_empty",
        "invalid_value",
    ] {
        write(
            &mut socket,
            json!({ "type": "error", "error": { "type": "invalid_request_error", "code": code,
                "message": "m", "event_id": "truncate" } }),
        )
        .await;
    }
    call.respond(R1, Vec::new()).await;
    assert_eq!(sent(&mut socket).await, "response.create r1");
    write(
        &mut socket,
        json!({ "type": "error", "error": { "type": "invalid_request_error",
            "code": "invalid_value", "message": "m", "event_id": "respond-r1-1" } }),
    )
    .await;
    assert_eq!(call.next().await, "failed r1 GiveUp");
    socket
        .write(r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"an hour"}}"#)
        .await;
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn lost_credit_ends_it_and_the_key_is_not_repeated() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    socket
        .write(r#"{"type":"error","error":{"type":"insufficient_quota","code":null,"message":"no credit for key-1"}}"#)
        .await;
    let error = call.failure().await;
    assert_eq!(error.verdict(), Verdict::KeyRefused);
    assert!(error.to_string().ends_with("no credit for ***"), "{error}");
}

#[tokio::test]
async fn an_end_of_the_session_is_a_failure() {
    for (code, reason, verdict) in [
        (1_001, "restart", Verdict::Retry),
        (1_008, "policy", Verdict::SettingsRefused),
        (1_000, "bye", Verdict::SwitchProvider),
    ] {
        let server = Loopback::new().await;
        let (call, socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
        socket.close(code, reason).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{code}");
    }
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    socket.break_off();
    let error = call.failure().await;
    assert!(matches!(error, ProviderError::Connection { .. }), "{error}");
    assert!(!error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn a_model_that_stays_silent_is_given_up() {
    let limits = Deadlines {
        first_output: Duration::from_millis(30),
        output_gap: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, limits).await;
    call.respond(R1, Vec::new()).await;
    begin(&mut socket, "r1").await;
    let error = call.failure().await.to_string();
    assert!(error.ends_with("(first output)"), "{error}");

    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, TurnDetection::Ours, limits).await;
    call.respond(R1, Vec::new()).await;
    begin(&mut socket, "r1").await;
    audio(&mut socket, "r1", 20).await;
    assert_eq!(call.next().await, "audio r1 20 ms");
    let error = call.failure().await.to_string();
    assert!(error.ends_with("(output gap)"), "{error}");
}

#[tokio::test]
async fn overdue_words_are_settled_without_the_server() {
    let limits = Deadlines {
        words: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, VAD, limits).await;
    socket
        .write(r#"{"type":"input_audio_buffer.committed","item_id":"a"}"#)
        .await;
    assert_eq!(call.next().await, "turn ended");
    assert_eq!(call.next().await, "words .");
}

#[tokio::test]
async fn what_a_refused_reply_consumed_is_told_before_the_end() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.respond(R1, Vec::new()).await;
    begin(&mut socket, "r1").await;
    write(
        &mut socket,
        json!({ "type": "response.done", "response": { "id": "r1", "status": "failed",
            "status_details": { "type": "failed", "error": { "code": "insufficient_quota",
                "message": "You exceeded your current quota." } },
            "usage": { "input_token_details": { "text_tokens": 40 } } } }),
    )
    .await;
    match call.told.recv().await {
        Some(FromSpeaker::Failed { reply, usage, .. }) => {
            assert_eq!((reply, usage.input_text), (R1, 40));
        }
        other => panic!("no bill: {other:?}"),
    }
    assert_eq!(call.failure().await.verdict(), Verdict::KeyRefused);
}

#[tokio::test]
async fn garbage_is_skipped_until_there_is_too_much_of_it() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.respond(R1, Vec::new()).await;
    begin(&mut socket, "r1").await;
    for _round in 0..8 {
        socket.write("<html>").await;
    }
    audio(&mut socket, "r1", 20).await;
    assert_eq!(call.next().await, "audio r1 20 ms");
    for _round in 0..9 {
        socket
            .write(r#"{"type":"response.output_audio.delta","delta":"%"}"#)
            .await;
    }
    let error = call.failure().await;
    assert!(matches!(error, ProviderError::Garbled { .. }), "{error}");
}

#[tokio::test]
async fn a_message_without_end_is_not_read() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    let long = format!(r#"{{"type":"{}"}}"#, "a".repeat(2 << 20));
    socket.write(&long).await;
    let error = call.failure().await;
    assert!(matches!(error, ProviderError::Garbled { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_reading_is_given_up() {
    let server = Loopback::narrow();
    let limits = Deadlines {
        send: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, _unread) = Call::open(&server, TurnDetection::Ours, limits).await;
    // Far more than the system keeps; the client leaves before it has taken all.
    for _second in 0..1_000 {
        let audio = Bytes::from(vec![0; 8_000]);
        if call.orders.send(ToSpeaker::Audio(audio)).await.is_err() {
            break;
        }
    }
    let error = call.failure().await.to_string();
    assert_eq!(
        error,
        "openai: connection failed: no message was taken for 20ms"
    );
}

#[tokio::test]
async fn a_dead_line_is_noticed_by_its_silence() {
    let limits = Deadlines {
        ping: Duration::from_millis(10),
        ..Deadlines::default()
    };
    let server = Loopback::new().await;
    // Nobody answers pings on a socket that is not read.
    let (call, _unread) = Call::open(&server, TurnDetection::Ours, limits).await;
    let error = call.failure().await.to_string();
    assert!(error.ends_with("nothing came for two pings"), "{error}");
}

#[tokio::test]
async fn the_end_of_orders_and_dropping_the_future_hang_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    drop(call.orders);
    assert!(call.ended.await.expect("no panic").is_ok());
    assert_eq!(sent(&mut socket).await, "hung up");

    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.ended.abort();
    assert_eq!(sent(&mut socket).await, "hung up");
}
