//! Refusals, silences and ends: what becomes of the voice.

use super::*;

#[tokio::test]
async fn a_refusal_is_told_before_anything_is_spoken() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, false, Deadlines::default());
    let body = r#"{"detail":{"status":"quota_exceeded","message":"no credits for key-1"}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    let error = call.failure().await;
    assert_eq!(error.verdict(), Verdict::KeyRefused);
    assert!(
        error
            .to_string()
            .contains("401: quota_exceeded no credits for ***"),
        "{error}"
    );
}

#[tokio::test]
async fn an_end_in_the_middle_is_a_failure() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    read(&mut socket).await;
    socket.write(AUDIO).await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    socket.break_off();
    assert!(matches!(
        call.failure().await,
        ProviderError::Connection { .. }
    ));

    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    read(&mut socket).await;
    socket
        .write(r#"{"message":"no credits","error":"quota_exceeded","code":1008}"#)
        .await;
    assert_eq!(call.failure().await.verdict(), Verdict::KeyRefused);
}

#[tokio::test]
async fn a_normal_end_before_the_last_letter_is_a_failure() {
    const ONE: &str = r#"{"audio":"//////////8=","alignment":
        {"chars":["O","n","e","."],"charStartTimesMs":[0,0,0,0]}}"#;
    const TWO: &str = r#"{"audio":"//////////8=","alignment":
        {"chars":[" ","T","w","o","."],"charStartTimesMs":[0,0,0,0,0]}}"#;
    let begin = async |server: &Loopback| {
        let (mut call, mut socket) = Call::open(server, Deadlines::default()).await;
        call.say(R1, 0, "One.").await;
        call.say(R1, 1, "Two.").await;
        call.order(ToVoice::End(R1)).await;
        for _message in 0..3 {
            read(&mut socket).await;
        }
        socket.write(ONE).await;
        assert_eq!(call.next().await, "r1-0 1 ms");
        (call, socket)
    };
    let server = Loopback::new().await;
    let (call, socket) = begin(&server).await;
    socket.close(1000, "draining").await;
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);

    let server = Loopback::new().await;
    let (mut call, mut socket) = begin(&server).await;
    socket.write(TWO).await;
    assert_eq!(call.next().await, "r1-1 1 ms");
    socket.close(1000, "done").await;
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn a_voice_that_stays_silent_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_audio: Duration::from_millis(20),
        audio_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, _socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "Hello.").await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "first audio",
            ..
        }
    ));

    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "Hello.").await;
    read(&mut socket).await;
    socket
        .write(r#"{"audio":"//////////8=","alignment":{"chars":["H"],"charStartTimesMs":[0]}}"#)
        .await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "audio gap",
            ..
        }
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
        "elevenlabs: connection failed: no message was taken for 20ms"
    );
}

#[tokio::test]
async fn an_idle_line_may_end_and_is_made_again_when_needed() {
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.close(1008, "input_timeout_exceeded").await;
    call.say(R1, 0, "Hello.").await;
    let mut socket = spare(&server).await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":"Hello. ","flush":true}"#
    );
}

#[tokio::test]
async fn lost_credit_is_told_by_an_idle_line_too() {
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.close(1008, "quota_exceeded").await;
    assert_eq!(call.failure().await.verdict(), Verdict::KeyRefused);
}

#[tokio::test]
async fn a_waiting_line_is_kept_open() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_alive: Duration::from_millis(5),
        ..Deadlines::default()
    };
    let (_call, mut socket) = Call::open(&server, deadlines).await;
    assert_eq!(read(&mut socket).await, wire::KEEP_ALIVE);
    assert_eq!(read(&mut socket).await, wire::KEEP_ALIVE);
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.ended.abort();
    assert_eq!(read(&mut socket).await, "hung up");
}
