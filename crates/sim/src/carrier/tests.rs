use std::sync::Mutex;

use axum::{
    Router,
    body::Bytes,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use transports::twilio::{
    form::Form,
    signature::{self, AuthToken, Signed},
};

use super::*;
use crate::{
    caller::{Kind, Phrase, Step},
    fakes::listener::{ANY_PORT, Listener},
};

const PUBLIC: &str = "https://voice.example.com";
const TOKEN: &str = "12345";
const STREAM: &str = r#"<Response><Connect action="/after"><Stream
    url="wss://voice.example.com/media"><Parameter name="t" value="secret"/></Stream></Connect>
    <Say>Lost.</Say></Response>"#;

/// What a server under test saw, and how it answers.
struct Server {
    document: &'static str,
    agent: fn(Value) -> Vec<Answer>,
    seen: Mutex<Vec<String>>,
}

enum Answer {
    Text(Value),
    Close,
}

type Shared = State<Arc<Server>>;

impl Server {
    fn see(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }

    /// Refuses what is not signed as the carrier signs.
    fn check(&self, scheme: &str, uri: &Uri, headers: &HeaderMap, signed: Signed<'_>) {
        let url = format!("{scheme}://voice.example.com{uri}");
        let tokens = [AuthToken::new(TOKEN).unwrap()];
        let signature = headers[signature::HEADER].to_str().ok();
        assert_eq!(
            signature::verify(&tokens, &[url], signed, signature),
            Ok(())
        );
    }
}

async fn voice(State(server): Shared, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::parse(&body).unwrap();
    server.check("https", &uri, &headers, Signed::Form(&form));
    let heard = form.get("Digits").map(|keys| format!(" {keys}"));
    let status = form.get("CallStatus").unwrap();
    server.see(format!("{uri} {status}{}", heard.unwrap_or_default()));
    let first = uri.path() == "/twiml";
    let text = if first {
        server.document
    } else {
        "<Response><Hangup/></Response>"
    };
    ([(header::CONTENT_TYPE, "text/xml")], text).into_response()
}

async fn media(
    State(server): Shared,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    server.check("wss", &uri, &headers, Signed::UrlOnly);
    upgrade.on_upgrade(move |socket| agent(server, socket))
}

async fn agent(server: Arc<Server>, mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { break };
        let message: Value = serde_json::from_str(text.as_str()).unwrap();
        if message["event"] != "media" {
            server.see(message["event"].as_str().unwrap().to_owned());
        }
        for answer in (server.agent)(message) {
            match answer {
                Answer::Text(answer) => {
                    let text = Message::Text(answer.to_string().into());
                    let _ = socket.send(text).await;
                }
                Answer::Close => return,
            }
        }
    }
}

async fn call(document: &'static str, agent: fn(Value) -> Vec<Answer>, steps: &[Step]) -> Call {
    placed(document, agent, steps, None).await
}

async fn placed(
    document: &'static str,
    agent: fn(Value) -> Vec<Answer>,
    steps: &[Step],
    status: Option<&str>,
) -> Call {
    let server = Arc::new(Server {
        document,
        agent,
        seen: Mutex::default(),
    });
    let state = server.clone();
    let listener = Listener::start(ANY_PORT, |_| {
        Router::new()
            .route("/media", get(media))
            .fallback(post(voice))
            .with_state(state)
    });
    let listener = listener.await.unwrap();
    let settings = Settings {
        server: format!("http://{}", listener.address()),
        public: PUBLIC.to_owned(),
        auth_token: Some(TOKEN.to_owned()),
        say_per_char: Duration::ZERO,
    };
    let phrase = Phrase {
        text: "Hi.".to_owned(),
        ulaw: vec![0x00; 480],
    };
    let book = Arc::new([("hi".to_owned(), phrase)].into_iter().collect());
    let script = Script {
        steps: steps.to_vec(),
    };
    let plan = CallPlan {
        book,
        status: status.map(ToOwned::to_owned),
        limit: Duration::from_secs(5),
        ..CallPlan::by(script)
    };
    let report = Carrier::new(settings).unwrap().place_call(plan).await;
    let seen = std::mem::take(&mut *server.seen.lock().unwrap());
    Call { report, seen }
}

struct Call {
    report: CallReport,
    seen: Vec<String>,
}

fn audio(message: &Value, ms: usize) -> Answer {
    let payload = base64_simd::STANDARD.encode_to_string(vec![0x10; ms * 8]);
    let stream = &message["streamSid"];
    Answer::Text(json!({ "event": "media", "streamSid": stream, "media": { "payload": payload } }))
}

fn mark(message: &Value, name: &str) -> Answer {
    let stream = &message["streamSid"];
    Answer::Text(json!({ "event": "mark", "streamSid": stream, "mark": { "name": name } }))
}

#[tokio::test]
async fn audio_is_played_marked_and_recorded_and_the_action_ends_the_call() {
    let agent = |message: Value| match message["event"].as_str() {
        Some("start") => {
            assert_eq!(message["start"]["customParameters"]["t"], "secret");
            vec![audio(&message, 100), mark(&message, "m")]
        }
        Some("mark") => vec![Answer::Close],
        Some(_) | None => vec![],
    };
    let call = call(STREAM, agent, &[]).await;
    let expected = [
        "/twiml ringing",
        "connected",
        "start",
        "mark",
        "/after in-progress",
    ];
    assert_eq!(call.seen, expected);
    assert_eq!(
        (call.report.end, call.report.violations),
        (CallEnd::AgentHungUp, vec![])
    );
    let loud = call
        .report
        .agent_audio
        .iter()
        .filter(|code| **code == 0x10)
        .count();
    assert_eq!(loud, 800);
    assert!(call.report.greeting_after_ms.is_some());
}

#[tokio::test]
async fn a_clear_silences_at_once_and_gives_back_the_marks() {
    let agent = |message: Value| match message["event"].as_str() {
        Some("start") => {
            let clear = json!({ "event": "clear", "streamSid": message["streamSid"] });
            vec![
                audio(&message, 4_000),
                mark(&message, "m"),
                Answer::Text(clear),
            ]
        }
        Some("mark") => vec![Answer::Close],
        Some(_) | None => vec![],
    };
    let call = call(STREAM, agent, &[]).await;
    assert_eq!(call.report.clears, 1);
    assert!(
        call.report.agent_audio.len() < 2_000,
        "{}",
        call.report.agent_audio.len()
    );
    assert_eq!(call.report.most_ahead_ms, 4_000);
}

#[tokio::test]
async fn turns_are_measured_as_the_caller_hears_them() {
    let agent = |message: Value| match message["event"].as_str() {
        Some("media") if message["media"]["timestamp"] == "160" => vec![audio(&message, 100)],
        Some(_) | None => vec![],
    };
    let steps = [
        Step::Say("hi".to_owned()),
        Step::WaitAgent(100),
        Step::HangUp,
    ];
    let call = call(STREAM, agent, &steps).await;
    let turn = &call.report.turns[0];
    assert_eq!(
        (turn.kind, turn.began_ms, turn.ended_ms),
        (Kind::Said, 0, Some(60))
    );
    let waited = turn.answered_after_ms.unwrap();
    assert!((100..=300).contains(&waited), "{waited}");
    assert_eq!(call.report.end, CallEnd::CallerHungUp);
    let expected = [
        "/twiml ringing",
        "connected",
        "start",
        "stop",
        "/after completed",
    ];
    assert_eq!(call.seen, expected);
}

#[tokio::test]
async fn what_the_carrier_cannot_read_is_a_violation_and_the_call_goes_on() {
    let agent = |message: Value| match message["event"].as_str() {
        Some("start") => {
            let strange = json!({ "event": "mark", "streamSid": "MZ0", "mark": { "name": "a" } });
            let stream = message["streamSid"].clone();
            let payload = json!({ "event": "media", "streamSid": stream,
                "media": { "payload": "***" } });
            vec![
                Answer::Text(json!({ "event": "play" })),
                Answer::Text(strange),
                Answer::Text(payload),
                mark(&message, "end"),
            ]
        }
        Some("mark") => vec![Answer::Close],
        Some(_) | None => vec![],
    };
    let call = call(STREAM, agent, &[]).await;
    assert_eq!(
        call.report.violations.len(),
        3,
        "{:?}",
        call.report.violations
    );
    assert_eq!(call.report.end, CallEnd::AgentHungUp);
}

#[tokio::test]
async fn documents_are_followed_or_end_the_call() {
    for (document, end) in [
        ("<Response><Reject/></Response>", CallEnd::Rejected),
        (
            "<Response><Say>Hi.</Say><Dial>+1</Dial></Response>",
            CallEnd::PutThrough,
        ),
        (
            "<Response><Redirect>/next</Redirect></Response>",
            CallEnd::AgentHungUp,
        ),
        ("<Response/>", CallEnd::AgentHungUp),
    ] {
        let call = call(document, |_| vec![], &[]).await;
        assert_eq!(call.report.end, end, "{document}");
    }
    let call = call("Hello", |_| vec![], &[]).await;
    assert!(matches!(call.report.end, CallEnd::ApplicationError(_)));
}

#[tokio::test]
async fn a_question_is_asked_and_its_answer_told() {
    let document = r#"<Response><Gather action="/after?turn=1" numDigits="1"><Say>Press.</Say>
        </Gather><Redirect>/silence</Redirect></Response>"#;
    let call = call(document, |_| vec![], &[Step::Press("7".to_owned())]).await;
    assert_eq!(call.seen, ["/twiml ringing", "/after?turn=1 in-progress 7"]);
    assert_eq!(call.report.end, CallEnd::AgentHungUp);
    assert_eq!(call.report.carrier_said, ["Press."]);
    let keys = RoundHeard::Keys("7".to_owned());
    assert_eq!(call.report.carrier_heard, [keys]);
}

#[tokio::test]
async fn a_loop_of_documents_ends_the_call_and_its_end_is_told() {
    let document = "<Response><Redirect>/twiml</Redirect></Response>";
    let call = placed(document, |_| vec![], &[], Some("/status")).await;
    assert!(matches!(call.report.end, CallEnd::ApplicationError(_)));
    assert_eq!(call.report.documents.len(), MOST_DOCUMENTS);
    assert_eq!(call.seen.last().unwrap(), "/status completed");
    let turned_away = "<Response><Reject/></Response>";
    let call = placed(turned_away, |_| vec![], &[], Some("/status")).await;
    assert_eq!(call.seen, ["/twiml ringing"], "it was never answered");
}

#[tokio::test]
async fn a_stream_that_does_not_open_goes_on_with_the_next_verb() {
    let document = r#"<Response><Connect action="/after"><Stream
        url="wss://voice.example.com/nowhere"/></Connect><Redirect>/lost</Redirect></Response>"#;
    let call = call(document, |_| vec![], &[]).await;
    assert_eq!(call.seen, ["/twiml ringing", "/lost in-progress"]);
    assert!(
        call.report.violations[0].contains("31920"),
        "{:?}",
        call.report.violations
    );
}
