use axum::http::HeaderValue;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use super::*;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn fake() -> FakeElevenLabs {
    let settings = Settings {
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        ..Settings::default()
    };
    FakeElevenLabs::start(settings).await.unwrap()
}

async fn connect(fake: &FakeElevenLabs, kind: &str, key: &'static str) -> Result<Socket, Error> {
    let base = fake.base_url().replace("http", "ws");
    let query = "model_id=eleven_flash_v2_5&output_format=ulaw_8000";
    let url = format!("{base}/v1/text-to-speech/Ana/{kind}?{query}");
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert("xi-api-key", HeaderValue::from_static(key));
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn say(socket: &mut Socket, message: Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

async fn answer(socket: &mut Socket) -> Value {
    let message = socket.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

/// Everything up to `isFinal`: bytes of audio, and its characters.
async fn speech(socket: &mut Socket) -> (usize, String) {
    let (mut bytes, mut chars) = (0, String::new());
    loop {
        let message = answer(socket).await;
        if message["isFinal"] == true {
            return (bytes, chars);
        }
        let audio = message["audio"].as_str().unwrap();
        bytes += base64_simd::STANDARD.decode_to_vec(audio).unwrap().len();
        let piece = message["alignment"]["chars"].as_array().unwrap();
        chars.extend(piece.iter().map(|char| char.as_str().unwrap()));
    }
}

async fn close_code(socket: &mut Socket) -> (u16, String) {
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("expected a close, got {other:?}"),
    }
}

#[tokio::test]
async fn a_flushed_text_is_spoken_and_the_empty_text_ends_the_stream() {
    let fake = fake().await;
    let mut socket = connect(&fake, "stream-input", "elevenlabs-test-key")
        .await
        .unwrap();
    say(
        &mut socket,
        json!({ "text": " ", "voice_settings": { "stability": 0.5 } }),
    )
    .await;
    say(
        &mut socket,
        json!({ "text": "Good morning. ", "flush": true }),
    )
    .await;
    say(&mut socket, json!({ "text": "" })).await;
    assert_eq!(
        speech(&mut socket).await,
        (13 * 480, "Good morning.".to_owned())
    );
    assert_eq!(close_code(&mut socket).await.0, 1000);
    assert_eq!(fake.seen()[0].spoken, ["Good morning."]);
    assert!(fake.violations().is_empty());
}

#[tokio::test]
async fn characters_end_when_they_are_told_to_wherever_a_message_ends() {
    let settings = Settings {
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        chunk: Duration::from_millis(70),
        ..Settings::default()
    };
    let fake = FakeElevenLabs::start(settings).await.unwrap();
    let mut socket = connect(&fake, "stream-input", "elevenlabs-test-key")
        .await
        .unwrap();
    say(&mut socket, json!({ "text": " " })).await;
    say(
        &mut socket,
        json!({ "text": "Good morning. ", "flush": true }),
    )
    .await;
    say(&mut socket, json!({ "text": "" })).await;
    let (mut before_ms, mut ends) = (0, Vec::new());
    loop {
        let message = answer(&mut socket).await;
        if message["isFinal"] == true {
            break;
        }
        let alignment = &message["alignment"];
        let times = |key: &str| alignment[key].as_array().cloned().unwrap_or_default();
        let told = times("charStartTimesMs")
            .into_iter()
            .zip(times("charDurationsMs"));
        let told = told.filter_map(|(from, lasts)| Some(from.as_u64()? + lasts.as_u64()?));
        ends.extend(told.map(|end| before_ms + end));
        let audio = message["audio"].as_str().unwrap();
        let bytes = base64_simd::STANDARD.decode_to_vec(audio).unwrap().len();
        before_ms += bytes as u64 / 8;
    }
    let expected: Vec<u64> = (1..=13).map(|number| number * 60).collect();
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn contexts_speak_apart_and_end_when_they_are_closed() {
    let fake = fake().await;
    let mut socket = connect(&fake, "multi-stream-input", "elevenlabs-test-key")
        .await
        .unwrap();
    say(&mut socket, json!({ "text": " ", "context_id": "r1" })).await;
    say(&mut socket, json!({ "text": "One. ", "context_id": "r1" })).await;
    say(&mut socket, json!({ "context_id": "r1", "flush": true })).await;
    say(&mut socket, json!({ "text": "", "context_id": "r1" })).await;
    say(
        &mut socket,
        json!({ "context_id": "r1", "close_context": true }),
    )
    .await;
    assert_eq!(speech(&mut socket).await, (4 * 480, "One.".to_owned()));
    say(
        &mut socket,
        json!({ "text": "Two. ", "context_id": "r2", "flush": true }),
    )
    .await;
    assert_eq!(answer(&mut socket).await["contextId"], "r2");
    say(&mut socket, json!({ "close_socket": true })).await;
    assert_eq!(
        answer(&mut socket).await,
        json!({ "isFinal": true, "contextId": "r2" })
    );
    assert_eq!(close_code(&mut socket).await.0, 1000);
    assert!(fake.violations().is_empty());
}

#[tokio::test]
async fn a_wrong_order_is_closed_with_1008() {
    let settings = json!({ "stability": 0.5 });
    let cases = [
        ("stream-input", vec![json!({ "text": "Hello " })]),
        (
            "stream-input",
            vec![
                json!({ "text": " " }),
                json!({ "text": "Hello ", "voice_settings": settings }),
            ],
        ),
        (
            "stream-input",
            vec![json!({ "text": " ", "context_id": "r1" })],
        ),
        (
            "multi-stream-input",
            vec![
                json!({ "text": "", "context_id": "r1" }),
                json!({ "text": " ", "context_id": "r1", "voice_settings": settings }),
            ],
        ),
        ("multi-stream-input", vec![json!({ "text": "Hello " })]),
        (
            "multi-stream-input",
            vec![json!({ "txt": "Hello ", "context_id": "r1" })],
        ),
        (
            "multi-stream-input",
            (1..=6)
                .map(|n| json!({ "text": " ", "context_id": format!("r{n}") }))
                .collect(),
        ),
    ];
    for (kind, messages) in cases {
        let fake = fake().await;
        let mut socket = connect(&fake, kind, "elevenlabs-test-key").await.unwrap();
        for message in &messages {
            say(&mut socket, message.clone()).await;
        }
        assert_eq!(answer(&mut socket).await["code"], 1008, "{messages:?}");
        assert_eq!(close_code(&mut socket).await.0, 1008, "{messages:?}");
        assert_eq!(fake.violations().len(), 1, "{messages:?}");
    }
}

#[tokio::test]
async fn handshakes_are_refused_as_the_provider_does() {
    let fake = fake().await;
    fake.fail_once(TtsFault::TooMany);
    for (key, expected) in [("elevenlabs-test-key", 429), ("other", 401)] {
        match connect(&fake, "stream-input", key).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), expected),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_dropped_socket_breaks_after_some_audio() {
    let fake = fake().await;
    fake.fail_once(TtsFault::DropAfter(1));
    let mut socket = connect(&fake, "stream-input", "elevenlabs-test-key")
        .await
        .unwrap();
    say(&mut socket, json!({ "text": " " })).await;
    say(
        &mut socket,
        json!({ "text": "A text of several chunks. ", "flush": true }),
    )
    .await;
    assert!(answer(&mut socket).await["audio"].is_string());
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))));
}
