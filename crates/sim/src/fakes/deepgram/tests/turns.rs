//! `/v2/listen`.

use super::*;

const PATH: &str = "/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000\
                    &eot_threshold=0.70&eager_eot_threshold=0.50";

/// A stream that was welcomed.
async fn open(fake: &FakeDeepgram) -> Socket {
    let mut socket = connect_to(fake, PATH, "deepgram-test-key").await.unwrap();
    assert_eq!(answer(&mut socket).await["type"], "Connected");
    socket
}

/// The next message that is no update.
async fn event(socket: &mut Socket) -> Value {
    loop {
        let message = answer(socket).await;
        if message["event"] != "Update" {
            return message;
        }
    }
}

#[tokio::test]
async fn a_turn_is_told_from_its_beginning_to_its_end() {
    let fake = fake().await;
    let mut socket = open(&fake).await;
    speak(&mut socket).await;
    let silence = Message::binary(vec![0xFF; 4_000]);
    socket.send(silence).await.unwrap();
    for name in ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"] {
        let told = event(&mut socket).await;
        assert_eq!(
            (&told["event"], &told["transcript"]),
            (&name.into(), &"Hello there.".into())
        );
        let is_end = name == "EndOfTurn";
        assert_eq!(told.get("trigger").is_some(), is_end, "{told}");
    }
    say(&mut socket, r#"{"type":"ForceEndTurn"}"#).await;
    say(&mut socket, r#"{"type":"CloseStream"}"#).await;
    let last = loop {
        match socket.next().await {
            Some(Ok(Message::Text(_))) => {}
            Some(Ok(Message::Close(Some(frame)))) => break u16::from(frame.code),
            other => panic!("expected a close, got {other:?}"),
        }
    };
    assert_eq!(last, 1000);
    assert_eq!(fake.violations(), vec![]);
}

#[tokio::test]
async fn a_forced_end_comes_at_once() {
    let fake = fake().await;
    let mut socket = open(&fake).await;
    socket
        .send(Message::binary(vec![0x00; 4_000]))
        .await
        .unwrap();
    socket
        .send(Message::binary(vec![0xFF; 1_600]))
        .await
        .unwrap();
    say(&mut socket, r#"{"type":"ForceEndTurn"}"#).await;
    assert_eq!(event(&mut socket).await["event"], "StartOfTurn");
    let told = event(&mut socket).await;
    assert_eq!(
        (&told["event"], &told["trigger"]),
        (&"EndOfTurn".into(), &"manual".into())
    );
}

#[tokio::test]
async fn what_only_the_other_endpoint_takes_ends_the_stream() {
    for message in [r#"{"type":"KeepAlive"}"#, r#"{"type":"Finalize"}"#, "hello"] {
        let fake = fake().await;
        let mut socket = open(&fake).await;
        say(&mut socket, message).await;
        assert_eq!(
            answer(&mut socket).await["code"],
            "UNPARSABLE_CLIENT_MESSAGE"
        );
        assert_eq!(close_code(&mut socket).await.0, 1008);
        assert_eq!(fake.violations().len(), 1, "{message}");
    }
    let fake = fake().await;
    let mut socket = open(&fake).await;
    let control = br#"{"type":"CloseStream"}"#.to_vec();
    socket.send(Message::binary(control)).await.unwrap();
    socket.send(Message::binary(Vec::new())).await.unwrap();
    assert_eq!(close_code(&mut socket).await.0, 1000);
    let violations = fake.violations();
    assert_eq!(violations[0].what, "a control message sent as audio");
    assert_eq!(violations.len(), 2);
}

#[tokio::test]
async fn each_endpoint_has_its_models() {
    let fake = fake().await;
    for path in [
        PATH.replace("v2", "v1"),
        PATH.replace("flux-general-en", "nova-3"),
    ] {
        match connect_to(&fake, &path, "deepgram-test-key").await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 400, "{path}"),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
    assert_eq!(fake.violations().len(), 2);
}
