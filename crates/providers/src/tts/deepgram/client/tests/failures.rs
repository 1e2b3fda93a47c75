//! Refusals, silences and ends: what becomes of the voice.

use super::*;

#[tokio::test]
async fn refusals_are_told_before_anything_is_spoken() {
    let server = Loopback::new().await;
    for (status, verdict) in [
        ("400 Bad Request", Verdict::SettingsRefused),
        ("401 Unauthorized", Verdict::KeyRefused),
        ("402 Payment Required", Verdict::KeyRefused),
        (
            "429 Too Many Requests",
            Verdict::RetryAfter(Duration::from_millis(500)),
        ),
        ("502 Bad Gateway", Verdict::Retry),
    ] {
        let call = Call::begin(&server, Deadlines::default());
        let refusal = answer(status, "dg-error: not with key-1\r\n", "<h1>no</h1>");
        server.answer(&refusal).await;
        let error = call.failure().await;
        assert_eq!(error.verdict(), verdict, "{status}");
        assert!(error.to_string().ends_with("not with ***"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        connect: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let call = Call::begin(&server, deadlines);
    let _connection = server.connection().await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "connect",
            ..
        }
    ));
}

/// A call in the middle of a clause.
async fn speaking(server: &Loopback, deadlines: Deadlines) -> (Call, ServerSocket) {
    let (mut call, mut socket) = Call::open(server, deadlines).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    socket.write_binary(audio(1)).await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    (call, socket)
}

#[tokio::test]
async fn an_end_in_the_middle_is_a_failure() {
    let server = Loopback::new().await;
    let (call, socket) = speaking(&server, Deadlines::default()).await;
    socket.break_off();
    assert!(matches!(
        call.failure().await,
        ProviderError::Connection { .. }
    ));
    for (code, reason, verdict) in [
        (1000, "", Verdict::Retry),
        (1008, "DATA-0000", Verdict::SwitchProvider),
        (
            1008,
            "DATA-0001",
            Verdict::RetryAfter(Duration::from_secs(10)),
        ),
        (1011, "NET-0000", Verdict::Retry),
    ] {
        let (call, socket) = speaking(&server, Deadlines::default()).await;
        socket.close(code, reason).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{code} {reason}");
    }
}

#[tokio::test]
async fn a_voice_that_stays_silent_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_audio: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, mut socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "Hello.").await;
    socket
        .write(r#"{"type":"Warning","code":"F","description":"too many flushes"}"#)
        .await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "first audio",
            ..
        }
    ));

    let deadlines = Deadlines {
        audio_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, _socket) = speaking(&server, deadlines).await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "audio gap",
            ..
        }
    ));
}

#[tokio::test]
async fn a_reply_that_is_not_written_yet_owes_no_audio() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        audio_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    socket.write_binary(audio(1_100)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r1-0 1100 ms");
    call.say(R1, 1, "Bye.").await;
    // Flushed a second before the audio runs out: far more than the gap has passed.
    expect(&mut socket, &["Speak: Bye. ", "Flush"]).await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failure() {
    let server = Loopback::new().await;
    let (call, mut socket) = speaking(&server, Deadlines::default()).await;
    socket.write("<html>").await;
    assert_eq!(call.failure().await.verdict(), Verdict::SwitchProvider);

    // No audio for words, and hours of it.
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.failure().await.verdict(), Verdict::SwitchProvider);

    let (mut call, mut socket) = speaking(&server, Deadlines::default()).await;
    socket.write_binary(audio(10_000)).await;
    assert_eq!(call.next().await, "r1-0 10000 ms");
    socket.write_binary(audio(10_000)).await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Garbled { .. }
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
    // Far more than the system keeps; the client leaves before it has taken all.
    for clause in 0..16 {
        let order = ToVoice::Say {
            reply: R1,
            clause: ClauseId(clause),
            text: "a".repeat(500_000),
        };
        if call.orders.send(order).await.is_err() {
            break;
        }
    }
    let error = call.failure().await.to_string();
    assert_eq!(
        error,
        "deepgram: connection failed: no message was taken for 20ms"
    );
}

#[tokio::test]
async fn an_idle_line_may_end_and_is_made_again_when_needed() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    socket.write("<html>").await;
    socket.write_binary(audio(1)).await;
    socket.write(FLUSHED).await;
    socket.write(CLEARED).await;
    socket.close(1011, "NET-0001").await;
    call.say(R1, 0, "Hello.").await;
    let mut socket = server.socket().await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;

    // Between two clauses of a reply as well.
    let (mut call, mut socket) = speaking(&server, Deadlines::default()).await;
    socket.write(FLUSHED).await;
    socket.close(1011, "NET-0003").await;
    call.say(R1, 1, "Bye.").await;
    call.order(ToVoice::End(R1)).await;
    let mut socket = server.socket().await;
    expect(&mut socket, &["Speak: Bye. ", "Flush"]).await;
    socket.write_binary(audio(5)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r1-1 5 ms");
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn an_idle_line_that_is_refused_tells_so() {
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.close(1008, "DATA-0000").await;
    assert_eq!(call.failure().await.verdict(), Verdict::SwitchProvider);
}

async fn speak_and_stop(call: &Call) {
    call.say(R1, 0, "Hello.").await;
    call.order(ToVoice::Cancel(R1)).await;
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn a_line_that_gives_no_sign_of_life_is_replaced() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        ping: Duration::from_millis(5),
        ..Deadlines::default()
    };
    // The socket is held, but nobody reads it, so no ping is answered.
    let (call, dead) = Call::open(&server, deadlines).await;
    loop {
        tokio::select! {
            _another = server.connection() => break,
            () = speak_and_stop(&call) => {}
        }
    }
    drop(dead);
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.ended.abort();
    expect(&mut socket, &["hung up"]).await;
}
