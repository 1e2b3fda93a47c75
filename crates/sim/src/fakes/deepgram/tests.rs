use axum::http::HeaderValue;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

mod turns;

use super::*;
use crate::Delay;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const QUERY: &str = "model=nova-3&encoding=mulaw&sample_rate=8000&endpointing=300&punctuate=true";

async fn connect(fake: &FakeDeepgram, query: &str, key: &str) -> Result<Socket, Error> {
    connect_to(fake, &format!("/v1/listen?{query}"), key).await
}

async fn connect_to(fake: &FakeDeepgram, path: &str, key: &str) -> Result<Socket, Error> {
    let url = format!("{}{path}", fake.base_url().replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    let token = HeaderValue::from_str(&format!("Token {key}")).unwrap();
    request.headers_mut().insert("authorization", token);
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn refused(fake: &FakeDeepgram, query: &str, key: &str) -> (u16, String) {
    match connect(fake, query, key).await {
        Err(Error::Http(response)) => {
            let reason = response.headers()["dg-error"].to_str().unwrap().to_owned();
            (response.status().as_u16(), reason)
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn speak(socket: &mut Socket) {
    for byte in [0x00, 0xFF] {
        socket
            .send(Message::binary(vec![byte; 4_000]))
            .await
            .unwrap();
    }
}

async fn say(socket: &mut Socket, text: &'static str) {
    socket.send(Message::text(text)).await.unwrap();
}

async fn answer(socket: &mut Socket) -> Value {
    let message = socket.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn close_code(socket: &mut Socket) -> (u16, String) {
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("expected a close, got {other:?}"),
    }
}

async fn fake() -> FakeDeepgram {
    hearing(hello().lagging(Delay::NONE)).await
}

fn hello() -> Manner {
    Manner::hearing(|| LevelEar::saying("Hello there.".to_owned()))
}

async fn hearing(manner: Manner) -> FakeDeepgram {
    let settings = Settings {
        manner: manner.for_all(),
        ..Settings::default()
    };
    FakeDeepgram::start(settings).await.unwrap()
}

#[tokio::test]
async fn a_stream_is_recognised_and_closed_with_its_summary() {
    let fake = fake().await;
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    speak(&mut socket).await;
    let results = answer(&mut socket).await;
    assert_eq!(
        results["channel"]["alternatives"][0]["transcript"],
        "Hello there."
    );
    assert_eq!(
        results["channel"]["alternatives"][0]["words"][0]["word"],
        "hello"
    );
    assert_eq!(results["speech_final"], true);
    say(&mut socket, r#"{"type":"CloseStream"}"#).await;
    let metadata = answer(&mut socket).await;
    assert_eq!(
        (&metadata["type"], &metadata["duration"]),
        (&"Metadata".into(), &1.0.into())
    );
    assert_eq!(close_code(&mut socket).await.0, 1000);
    assert_eq!(
        (fake.seen()[0].audio_bytes, fake.violations()),
        (8_000, vec![])
    );
}

#[tokio::test]
async fn finalize_is_answered_even_with_nothing() {
    let fake = fake().await;
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    say(&mut socket, r#"{"type":"KeepAlive"}"#).await;
    say(&mut socket, r#"{"type":"Finalize"}"#).await;
    let results = answer(&mut socket).await;
    assert_eq!(
        (&results["from_finalize"], &results["is_final"]),
        (&true.into(), &true.into())
    );
}

#[tokio::test]
async fn wrong_keys_and_queries_are_refused_with_the_reason_in_the_header() {
    let fake = fake().await;
    let (status, _) = refused(&fake, QUERY, "other").await;
    assert_eq!(status, 401);
    let (status, reason) = refused(&fake, "encoding=mulaw", "deepgram-test-key").await;
    assert_eq!((status, reason.as_str()), (400, "model is missing"));
    fake.fail_once(SttFault::Refuse(429));
    assert_eq!(refused(&fake, QUERY, "deepgram-test-key").await.0, 429);
    assert_eq!(fake.violations().len(), 2);
}

#[tokio::test]
async fn unreadable_texts_and_empty_audio_are_violations() {
    let fake = fake().await;
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    say(&mut socket, "hello").await;
    assert_eq!(answer(&mut socket).await["variant"], "SchemaError");
    socket.send(Message::binary(Vec::new())).await.unwrap();
    assert_eq!(answer(&mut socket).await["type"], "Metadata");
    assert_eq!(fake.violations().len(), 2);
}

#[tokio::test]
async fn a_silent_client_is_sent_away() {
    let patience = Duration::from_millis(30);
    let settings = Settings {
        patience,
        ..Settings::default()
    };
    let fake = FakeDeepgram::start(settings).await.unwrap();
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    let (code, reason) = close_code(&mut socket).await;
    assert!(
        code == 1011 && reason.contains("NET-0001"),
        "{code} {reason}"
    );
}

#[tokio::test]
async fn a_dropped_stream_breaks_without_a_close() {
    let fake = fake().await;
    fake.fail_once(SttFault::DropAfter(Duration::from_millis(400)));
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    speak(&mut socket).await;
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn dropping_the_fake_ends_its_sockets() {
    let fake = fake().await;
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    drop(fake);
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))));
}

#[tokio::test]
async fn each_stream_is_recognised_in_the_manner_its_query_names() {
    let settings = Settings {
        manner: Arc::new(|stream| {
            let bare = stream.query.contains(&("keyterm".into(), "bare".into()));
            Manner {
                punctuates: !bare,
                ..hello().lagging(Delay::NONE)
            }
        }),
        ..Settings::default()
    };
    let fake = FakeDeepgram::start(settings).await.unwrap();
    for (more, expected) in [("", "Hello there."), ("&keyterm=bare", "hello there")] {
        let query = format!("{QUERY}{more}");
        let mut socket = connect(&fake, &query, "deepgram-test-key").await.unwrap();
        speak(&mut socket).await;
        let results = answer(&mut socket).await;
        let best = &results["channel"]["alternatives"][0];
        assert_eq!(best["transcript"], expected);
        assert_eq!(best["words"][1]["word"], "there");
    }
}

#[tokio::test]
async fn a_lost_final_is_counted_and_never_arrives() {
    let fake = hearing(Manner {
        lost_finals: 1.0,
        ..hello().lagging(Delay::NONE)
    })
    .await;
    let mut socket = connect(&fake, QUERY, "deepgram-test-key").await.unwrap();
    speak(&mut socket).await;
    say(&mut socket, r#"{"type":"Finalize"}"#).await;
    let results = answer(&mut socket).await;
    let transcript = &results["channel"]["alternatives"][0]["transcript"];
    assert_eq!(
        (&results["from_finalize"], transcript),
        (&true.into(), &"".into())
    );
    assert_eq!(fake.seen()[0].lost_finals, 1);
}

#[tokio::test]
async fn what_was_asked_for_comes_sooner_than_what_was_not() {
    let fake = hearing(Manner {
        final_lag: Delay::fixed_ms(60_000),
        finalize_lag: Delay::fixed_ms(30),
        ..hello()
    })
    .await;
    let query = QUERY.replace("endpointing=300", "endpointing=false");
    let mut socket = connect(&fake, &query, "deepgram-test-key").await.unwrap();
    speak(&mut socket).await;
    let asked = tokio::time::Instant::now();
    say(&mut socket, r#"{"type":"Finalize"}"#).await;
    let results = answer(&mut socket).await;
    assert!(asked.elapsed() >= Duration::from_millis(30));
    assert_eq!(
        (&results["start"], &results["duration"]),
        (&0.0.into(), &1.0.into())
    );
}
