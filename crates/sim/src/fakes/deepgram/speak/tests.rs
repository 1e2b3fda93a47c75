use axum::http::HeaderValue;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use super::*;
use crate::fakes::DeepgramSettings;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const QUERY: &str = "model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000";
const FLUSH: &str = r#"{"type":"Flush"}"#;

async fn fake() -> FakeDeepgram {
    let speech = Speech {
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        ..Speech::default()
    };
    speaking(speech).await
}

async fn speaking(speech: Speech) -> FakeDeepgram {
    let settings = DeepgramSettings {
        speech,
        ..DeepgramSettings::default()
    };
    FakeDeepgram::start(settings).await.unwrap()
}

async fn connect(fake: &FakeDeepgram, query: &str, key: &str) -> Result<Socket, Error> {
    let base = fake.base_url().replace("http", "ws");
    let mut request = format!("{base}/v1/speak?{query}")
        .into_client_request()
        .unwrap();
    let token = HeaderValue::from_str(&format!("Token {key}")).unwrap();
    request.headers_mut().insert("authorization", token);
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn open(fake: &FakeDeepgram) -> Socket {
    let mut socket = connect(fake, QUERY, "deepgram-test-key").await.unwrap();
    assert_eq!(next(&mut socket).await, "Metadata");
    socket
}

async fn say(socket: &mut Socket, messages: &[&str]) {
    for message in messages {
        socket.send(Message::text(*message)).await.unwrap();
    }
}

/// What comes next: `3200 bytes`, `Flushed`, `1008 DATA-0000`.
async fn next(socket: &mut Socket) -> String {
    match socket.next().await {
        Some(Ok(Message::Binary(bytes))) => format!("{} bytes", bytes.len()),
        Some(Ok(Message::Close(Some(frame)))) => {
            let reason: String = frame.reason.chars().take(9).collect();
            format!("{} {reason}", u16::from(frame.code))
        }
        Some(Ok(Message::Text(text))) => {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            message["type"].as_str().unwrap().to_owned()
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flushed_text_is_spoken_and_a_close_ends_the_stream() {
    let fake = fake().await;
    let mut socket = open(&fake).await;
    let hello = r#"{"type":"Speak","text":"Hello "}"#;
    let there = r#"{"type":"Speak","text":"there. "}"#;
    say(&mut socket, &[hello, there, FLUSH, FLUSH]).await;
    let mut bytes = 0;
    loop {
        let told = next(&mut socket).await;
        let Some(length) = told.strip_suffix(" bytes") else {
            assert_eq!(told, "Flushed");
            break;
        };
        bytes += length.parse::<usize>().unwrap();
    }
    assert_eq!(bytes, "Hello there.".len() * 480);
    assert_eq!(next(&mut socket).await, "Flushed", "of nothing");
    say(&mut socket, &[r#"{"type":"Close"}"#]).await;
    assert_eq!(next(&mut socket).await, "1000 ");
    assert_eq!(fake.spoken()[0].spoken, ["Hello there."]);
    assert!(fake.violations().is_empty());
}

#[tokio::test]
async fn what_was_cleared_is_not_spoken() {
    let fake = speaking(Speech {
        first_audio: Delay::fixed_ms(60_000),
        ..Speech::default()
    })
    .await;
    let mut socket = open(&fake).await;
    let hello = r#"{"type":"Speak","text":"Hello."}"#;
    say(&mut socket, &[hello, FLUSH, hello, r#"{"type":"Clear"}"#]).await;
    assert_eq!(next(&mut socket).await, "Cleared");
    say(&mut socket, &[FLUSH]).await;
    assert_eq!(next(&mut socket).await, "Flushed", "the text is gone");
}

#[tokio::test]
async fn twenty_flushes_a_minute_are_done() {
    let fake = fake().await;
    let mut socket = open(&fake).await;
    say(&mut socket, &[FLUSH; 21]).await;
    for _ in 0..20 {
        assert_eq!(next(&mut socket).await, "Flushed");
    }
    assert_eq!(next(&mut socket).await, "Warning");
    assert_eq!(fake.violations().len(), 1);
}

#[tokio::test]
async fn what_the_protocol_forbids_closes_the_socket() {
    let long = format!(r#"{{"type":"Speak","text":"{}"}}"#, "a".repeat(2_001));
    for (message, close) in [
        (Message::text("hello"), "1008 DATA-0000"),
        (Message::text(r#"{"type":"KeepAlive"}"#), "1008 DATA-0000"),
        (
            Message::text(r#"{"type":"Speak","text":"a","flush":true}"#),
            "1008 DATA-0000",
        ),
        (Message::text(long), "1009 BIG-0001:"),
        (Message::binary(FLUSH), "1003 MESSAGE-0"),
    ] {
        let fake = fake().await;
        let mut socket = open(&fake).await;
        socket.send(message).await.unwrap();
        let told = next(&mut socket).await;
        assert!(told.starts_with(close.trim_end_matches(':')), "{told}");
        assert_eq!(fake.violations().len(), 1, "{close}");
    }
}

#[tokio::test]
async fn wrong_keys_and_queries_are_refused() {
    let fake = fake().await;
    fake.fail_speech_once(TtsFault::NoQuota);
    for (query, key, expected) in [
        (QUERY, "deepgram-test-key", 402),
        (QUERY, "other", 401),
        ("model=nova-3", "deepgram-test-key", 400),
    ] {
        match connect(&fake, query, key).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), expected),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
    assert_eq!(fake.violations().len(), 2);
}

#[tokio::test]
async fn a_silent_client_is_sent_away() {
    let fake = speaking(Speech {
        patience: Duration::from_millis(30),
        ..Speech::default()
    })
    .await;
    let mut socket = open(&fake).await;
    assert_eq!(next(&mut socket).await, "1011 NET-0001:");
}

#[tokio::test]
async fn a_dropped_socket_breaks_after_some_audio() {
    let fake = fake().await;
    fake.fail_speech_once(TtsFault::DropAfter(1));
    let mut socket = open(&fake).await;
    let hello = r#"{"type":"Speak","text":"A text of several chunks."}"#;
    say(&mut socket, &[hello, FLUSH]).await;
    assert_eq!(next(&mut socket).await, "3200 bytes");
    assert!(!matches!(
        socket.next().await,
        Some(Ok(Message::Binary(_) | Message::Text(_)))
    ));
}
