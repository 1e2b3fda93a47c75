use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use server::Options;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::{
    MaybeTlsStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};
use transports::twilio::signature::{self, AuthToken, Signed};

use crate::{
    app::{Socket, StoppedClock, TOKEN, TestApp, parameter},
    calls::{hang_up, talking},
};

/// 20 ms of silence.
const MEDIA: &str = r#"{"event":"media","media":{"track":"inbound","payload":"/////w=="}}"#;

const LOST: &str = "repartee_calls_total{end_reason=\"media_lost\"}";

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
        ("B15", "CA1", Some(forged.as_str()), "forged_media_token"),
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
async fn b16_an_old_token_opens_nothing() {
    let clock = StoppedClock::new();
    let options = Options {
        clock: Some(Arc::<StoppedClock>::clone(&clock)),
        ..Options::default()
    };
    let app = TestApp::with_options("", options).await;
    let token = parameter(&app.call("CA1").await, "token");
    clock.advance(Duration::from_secs(60));
    let mut socket = app.socket("/media-stream").await;
    begin(&mut socket, "CA1", Some(&token)).await;
    assert_eq!(closed(&mut socket).await, CloseCode::Policy);
    app.counts("repartee_auth_refused_total{reason=\"expired_media_token\"}")
        .await;
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
        (
            "B21 media first, for too long",
            [vec![connected.to_owned()], vec![MEDIA.to_owned(); 51]].concat(),
            "wrong_order",
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

#[tokio::test]
async fn odd_messages_are_counted_and_the_call_goes_on() {
    let app = TestApp::start().await;
    let mut socket = talking(&app, "CA1").await;
    for (name, message, oddity) in [
        (
            "B22",
            r#"{"event":"media","media":{"payload":"?"}}"#,
            "bad_payload",
        ),
        (
            "B26",
            r#"{"event":"media","media":{"payload":1e400}}"#,
            "bad_json",
        ),
        (
            "B29",
            r#"{"event":"mark","mark":{"name":"never set"}}"#,
            "bad_mark",
        ),
        ("B29", r#"{"event":"weather"}"#, "unknown_event"),
    ] {
        socket.send(Message::text(message)).await.expect(name);
        let metric = format!("repartee_media_oddities_total{{oddity=\"{oddity}\"}}");
        app.counts(&metric).await;
    }
    assert_eq!(app.metric("repartee_calls_live").await, 1.0);
    hang_up(socket, "CA1").await;
    app.counts("repartee_calls_total{end_reason=\"caller_hung_up\"}")
        .await;
}

#[tokio::test]
async fn b22_a_huge_message_ends_the_stream() {
    let app = TestApp::start().await;
    let mut socket = talking(&app, "CA1").await;
    let huge = format!(r#"{{"event":"{}"}}"#, "x".repeat(65 * 1024));
    socket.send(Message::text(huge)).await.expect("sent");
    assert_eq!(closed(&mut socket).await, CloseCode::Protocol);
    app.counts(LOST).await;
}

#[tokio::test]
async fn b23_a_flood_of_messages_ends_the_stream() {
    let app = TestApp::start().await;
    let (mut out, mut back) = talking(&app, "CA1").await.split();
    let flood = async {
        // The server says goodbye somewhere in the middle.
        while out.send(Message::text(r#"{"event":"x"}"#)).await.is_ok() {}
    };
    let goodbye = async {
        while let Some(Ok(message)) = back.next().await {
            if let Message::Close(Some(frame)) = message {
                return Some(frame.code);
            }
        }
        None
    };
    let in_time = tokio::time::timeout(Duration::from_secs(5), async {
        tokio::select! { () = flood => {}, _ = goodbye => {} }
    });
    assert!(in_time.await.is_ok(), "the flood was stopped");
    app.counts("repartee_media_oddities_total{oddity=\"flood\"}")
        .await;
    app.counts(LOST).await;
}

#[tokio::test]
async fn b24_frames_that_break_the_protocol_end_the_stream() {
    let app = TestApp::start().await;
    for (sid, name, frame) in [
        ("CA1", "a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0][..]),
        ("CA2", "no mask", &[0x81, 0x01, b'x']),
        (
            "CA3",
            "a continuation of nothing",
            &[0x80, 0x80, 0, 0, 0, 0],
        ),
    ] {
        let mut socket = talking(&app, sid).await;
        let MaybeTlsStream::Plain(stream) = socket.get_mut() else {
            panic!("plain on this machine")
        };
        stream.write_all(frame).await.expect("written");
        assert_eq!(closed(&mut socket).await, CloseCode::Protocol, "{name}");
    }
    app.reaches(LOST, 3.0).await;
}

#[tokio::test]
async fn b25_compression_is_not_agreed_to() {
    let app = TestApp::start().await;
    let url = format!("ws://{}/media-stream", app.running.address());
    let token = AuthToken::new(TOKEN).expect("a token");
    let mut request = url.as_str().into_client_request().expect("a request");
    let headers = request.headers_mut();
    let signed = signature::sign(&token, &url, Signed::UrlOnly);
    headers.insert(signature::HEADER, signed.parse().expect("a header"));
    let offer = "permessage-deflate; client_max_window_bits";
    headers.insert("sec-websocket-extensions", offer.parse().expect("a header"));
    let (_socket, answer) = connect_async(request).await.expect("a socket");
    assert_eq!(answer.headers().get("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn b28_a_silent_stream_is_probed_and_given_up() {
    let app = TestApp::with("limits.media_silence_ms = 200").await;
    let mut socket = talking(&app, "CA1").await;
    assert_eq!(closed(&mut socket).await, CloseCode::Policy);
    app.counts("repartee_media_oddities_total{oddity=\"probe\"}")
        .await;
    app.counts(LOST).await;
    let again = app.after_stream("CA1").await.text().await.expect("text");
    assert!(again.contains("<Stream"), "the caller is not lost: {again}");
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let app = TestApp::with("limits.media_start_wait_ms = 100").await;
    let mut socket = app.socket("/media-stream").await;
    assert_eq!(closed(&mut socket).await, CloseCode::Policy);
    app.counts("repartee_media_refused_total{reason=\"too_slow\"}")
        .await;
}
