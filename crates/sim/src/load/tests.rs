use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::header,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::*;
use crate::fakes::{
    Voice as _,
    listener::{ANY_PORT, Listener},
};

const DOCUMENT: &str =
    r#"<Response><Connect><Stream url="wss://v.example/media"/></Connect></Response>"#;

type Marks = Arc<AtomicUsize>;

async fn voice() -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], DOCUMENT).into_response()
}

async fn media(State(marks): State<Marks>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| greet(socket, marks))
}

/// Greets with a tagged sound and a mark, counts the marks that come back, and answers a turn.
async fn greet(mut socket: WebSocket, marks: Marks) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        let message: Value = serde_json::from_str(text.as_str()).unwrap();
        if message["event"] == "mark" {
            marks.fetch_add(1, Ordering::Relaxed);
        }
        // The caller has spoken up to the seventh frame.
        if message["event"] == "start" || message["media"]["chunk"] == "15" {
            let sound = TaggedVoice::default().say("zobababababaca");
            let payload = base64_simd::STANDARD.encode_to_string(&sound[..160]);
            let stream = &message["streamSid"];
            let media =
                json!({ "event": "media", "streamSid": stream, "media": { "payload": payload } });
            let mark = json!({ "event": "mark", "streamSid": stream, "mark": { "name": "m" } });
            for answer in [media, mark] {
                let _ = socket.send(Message::Text(answer.to_string().into())).await;
            }
        }
    }
}

#[tokio::test]
async fn calls_are_opened_speak_are_heard_and_end() {
    let marks = Marks::default();
    let state = marks.clone();
    let listener = Listener::start(ANY_PORT, |_| {
        Router::new()
            .route("/media", get(media))
            .fallback(post(voice))
            .with_state(state)
    });
    let listener = listener.await.unwrap();
    let carrier = Settings::local(&format!("http://{}", listener.address()), None);
    let plan = LoadPlan {
        ramp: 1_000,
        first_turn: Duration::from_millis(40),
        turn_every: Duration::from_secs(9),
        tail: Duration::from_millis(300),
        phrase: vec![0; 800].into(),
        ..LoadPlan::of(3, Duration::from_millis(700), carrier)
    };
    let probe = Arc::new(Mutex::new(Probe::default()));
    let mut phases = Vec::new();
    let report = run(&plan, &probe, |phase| phases.push(phase))
        .await
        .unwrap();
    assert_eq!(report.first_refusal, None);
    assert_eq!((report.opened, report.refused, report.broken), (3, 0, 0));
    assert_eq!(
        (report.turns, report.heard, report.greetings_us.len()),
        (3, 6, 3)
    );
    assert_eq!(report.waits_us.len(), 3, "every turn was answered");
    assert_eq!(marks.load(Ordering::Relaxed), 6);
    assert_eq!(held(&probe).understood(), 1, "all were played the same tag");
    assert_eq!(phases, [Phase::AllUp, Phase::Ending]);
}

#[tokio::test]
async fn calls_that_are_refused_are_counted_with_a_reason() {
    let listener = Listener::start(ANY_PORT, |_| Router::new()).await.unwrap();
    let carrier = Settings::local(&format!("http://{}", listener.address()), None);
    let plan = LoadPlan {
        ramp: 1_000,
        tail: Duration::ZERO,
        ..LoadPlan::of(2, Duration::from_millis(50), carrier)
    };
    let report = run(&plan, &Arc::default(), |_| {}).await.unwrap();
    assert_eq!((report.opened, report.refused), (0, 2));
    assert!(report.first_refusal.unwrap().contains("404"));
}
