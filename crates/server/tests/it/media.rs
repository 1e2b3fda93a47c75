use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};
use transports::twilio::signature::{self, AuthToken, Signed};

use crate::app::{Socket, TOKEN, TestApp, parameter};

/// Sends what a stream begins with.
pub(crate) async fn begin(socket: &mut Socket, sid: &str, token: Option<&str>) {
    let connected = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
    let mut parameters = json!({});
    if let Some(token) = token {
        parameters["token"] = json!(token);
    }
    let start = json!({
        "event": "start", "sequenceNumber": "1", "streamSid": "MZ1",
        "start": {
            "accountSid": "AC1", "streamSid": "MZ1", "callSid": sid, "tracks": ["inbound"],
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
            "customParameters": parameters,
        },
    });
    send(socket, &connected).await;
    send(socket, &start).await;
}

pub(crate) async fn send(socket: &mut Socket, message: &Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .expect("sent");
}

/// The next event that the server sends.
pub(crate) async fn event(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(5), socket.next()).await;
        match message
            .expect("in time")
            .expect("a message")
            .expect("readable")
        {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Close(frame) => panic!("closed: {frame:?}"),
            Message::Binary(_) | Message::Frame(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

/// How the server closes the socket, within a second.
async fn closed(socket: &mut Socket) -> CloseCode {
    let wait = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                return frame.code;
            }
        }
        CloseCode::Abnormal
    };
    tokio::time::timeout(Duration::from_secs(1), wait)
        .await
        .expect("closed within a second")
}

#[tokio::test]
async fn a_socket_without_a_signature_is_refused_before_the_upgrade() {
    let app = TestApp::start().await;
    let token = AuthToken::new("another").expect("a token");
    let url = format!("ws://{}/media-stream", app.running.address());
    let wrong = signature::sign(&token, &url, Signed::UrlOnly);
    assert_eq!(app.refused_socket(None).await, 403);
    assert_eq!(app.refused_socket(Some(&wrong)).await, 403);
    assert_eq!(
        app.metric("repartee_auth_refused_total{reason=\"no_signature\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn a_stream_needs_the_token_of_its_call() {
    let app = TestApp::start().await;
    let token = parameter(&app.call("CA1").await, "token");
    let forged = format!("{}x", &token[..token.len() - 1]);
    let rows = [
        ("B15", "CA1", None, "no_media_token"),
        ("B15", "CA1", Some("x.y"), "forged_media_token"),
        ("B16", "CA1", Some(forged.as_str()), "forged_media_token"),
        (
            "B17",
            "CA2",
            Some(token.as_str()),
            "media_token_of_other_call",
        ),
    ];
    for (name, sid, token, reason) in rows {
        let mut socket = app.socket("/media-stream").await;
        begin(&mut socket, sid, token).await;
        assert_eq!(closed(&mut socket).await, CloseCode::Policy, "{name}");
        let metric = format!("repartee_auth_refused_total{{reason=\"{reason}\"}}");
        app.counts(&metric).await;
    }
    let mut socket = app.socket("/media-stream").await;
    begin(&mut socket, "CA1", Some(&token)).await;
    assert_eq!(event(&mut socket).await["event"], "media");
    let mut second = app.socket("/media-stream").await;
    begin(&mut second, "CA1", Some(&token)).await;
    assert_eq!(closed(&mut second).await, CloseCode::Policy, "B18");
    assert_eq!(
        app.metric("repartee_auth_refused_total{reason=\"reused_media_token\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn a_stream_that_begins_wrongly_is_closed() {
    let app = TestApp::start().await;
    let start = json!({ "event": "start", "streamSid": "MZ1", "start": { "callSid": "CA1", "streamSid": "MZ1" } });
    let connected = r#"{"event":"connected"}"#;
    for (name, messages, reason) in [
        ("B19 start first", vec![start.to_string()], "wrong_order"),
        (
            "B20 no call",
            vec![connected.into(), r#"{"event":"start","start":{}}"#.into()],
            "bad_start",
        ),
        ("B26 deep JSON", vec!["[".repeat(5_000)], "bad_start"),
    ] {
        let mut socket = app.socket("/media-stream").await;
        for message in messages {
            socket.send(Message::text(message)).await.expect("sent");
        }
        assert_eq!(closed(&mut socket).await, CloseCode::Protocol, "{name}");
        let metric = format!("repartee_media_refused_total{{reason=\"{reason}\"}}");
        app.counts(&metric).await;
    }
}

#[tokio::test]
async fn b30_one_address_cannot_crowd_the_door() {
    let app = TestApp::with("limits.unproven_streams_per_address = 1").await;
    let first = app.socket("/media-stream").await;
    let url = format!("ws://{}/media-stream", app.running.address());
    let token = AuthToken::new(TOKEN).expect("a token");
    let signature = signature::sign(&token, &url, Signed::UrlOnly);
    assert_eq!(app.refused_socket(Some(&signature)).await, 429);
    drop(first);
}
