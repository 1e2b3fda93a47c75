use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use transports::twilio::signature::{self, AuthToken, Signed};

use crate::app::{NUMBER, TOKEN, TestApp, parameter, sign_form};

const CALL: [(&str, &str); 3] = [("CallSid", "CA1"), ("From", "+14155550100"), ("To", NUMBER)];

const FORM: &str = "application/x-www-form-urlencoded";

/// What an attacker sends.
struct Bad {
    name: &'static str,
    body: Vec<u8>,
    content: &'static str,
    query: &'static str,
    signature: Option<String>,
    status: u16,
    metric: &'static str,
}

impl Bad {
    fn new(name: &'static str, status: u16, metric: &'static str) -> Self {
        let body = b"CallSid=CA1&From=%2B14155550100&To=%2B14155550199".to_vec();
        Self {
            name,
            body,
            content: FORM,
            query: "",
            signature: None,
            status,
            metric,
        }
    }
}

const FORBIDDEN: &str = "repartee_webhooks_refused_total{reason=\"forbidden\"}";
const BAD_REQUEST: &str = "repartee_webhooks_refused_total{reason=\"bad_request\"}";
const TOO_LARGE: &str = "repartee_webhooks_refused_total{reason=\"body_too_large\"}";
const WRONG_CONTENT: &str = "repartee_webhooks_refused_total{reason=\"wrong_content\"}";
const NO_SIGNATURE: &str = "repartee_auth_refused_total{reason=\"no_signature\"}";
const WRONG_SIGNATURE: &str = "repartee_auth_refused_total{reason=\"wrong_signature\"}";
const BODY_CHANGED: &str = "repartee_auth_refused_total{reason=\"body_changed\"}";

/// Signs the JSON body `{"a":1}`.
const HASH: &str = "?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";

fn rows(url: &str) -> Vec<Bad> {
    let token = AuthToken::new(TOKEN).expect("a token");
    let other = sign_form("another token", url, &CALL);
    let elsewhere = sign_form(TOKEN, "https://elsewhere.example.com/twiml", &CALL);
    let hashed = signature::sign(&token, &format!("{url}{HASH}"), Signed::UrlOnly);
    vec![
        Bad::new("B01 no signature", 403, NO_SIGNATURE),
        Bad {
            signature: Some(other),
            ..Bad::new("B02 another token", 403, WRONG_SIGNATURE)
        },
        Bad {
            signature: Some(elsewhere),
            ..Bad::new("another address", 403, WRONG_SIGNATURE)
        },
        Bad {
            signature: Some("?".into()),
            ..Bad::new("no base64", 403, WRONG_SIGNATURE)
        },
        Bad {
            body: b"{\"a\":2}".to_vec(),
            content: "application/json",
            query: HASH,
            signature: Some(hashed.clone()),
            ..Bad::new("B05 another body", 403, BODY_CHANGED)
        },
        Bad {
            body: b"{\"a\":1}".to_vec(),
            content: "application/json",
            query: HASH,
            signature: Some(hashed),
            ..Bad::new("signed, but no form", 415, WRONG_CONTENT)
        },
        Bad {
            content: "application/json",
            ..Bad::new("no form", 415, WRONG_CONTENT)
        },
        Bad {
            content: "",
            ..Bad::new("no content type", 415, WRONG_CONTENT)
        },
        Bad {
            body: vec![b'a'; 65 * 1024],
            ..Bad::new("B07 too large", 413, TOO_LARGE)
        },
        Bad {
            body: b"CallSid=%zz".to_vec(),
            ..Bad::new("B08 broken escape", 400, BAD_REQUEST)
        },
        Bad {
            body: b"CallSid=%ff".to_vec(),
            ..Bad::new("B08 not UTF-8", 400, BAD_REQUEST)
        },
    ]
}

#[tokio::test]
async fn bad_webhooks_have_their_status_and_counter() {
    let app = TestApp::start().await;
    for row in rows(&app.url("/twiml")) {
        let before = app.metric(row.metric).await;
        let mut request = app.post(&format!("/twiml{}", row.query)).body(row.body);
        if !row.content.is_empty() {
            request = request.header("content-type", row.content);
        }
        if let Some(signature) = row.signature {
            request = request.header(signature::HEADER, signature);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), row.status, "{}", row.name);
        assert_eq!(app.metric(row.metric).await, before + 1.0, "{}", row.name);
    }
    assert_eq!(app.metric(FORBIDDEN).await, 5.0);
    assert_eq!(
        app.metric("repartee_calls_waiting").await,
        0.0,
        "nothing was prepared"
    );
}

#[tokio::test]
async fn b03_a_forged_host_is_ignored_where_the_public_url_is_known() {
    let app = TestApp::with("server.public_url = \"https://voice.example.com/in\"").await;
    for (signed_for, status) in [
        ("https://voice.example.com/in/twiml", 200),
        ("https://evil.example.com/twiml", 403),
    ] {
        let response = app
            .post("/twiml")
            .header(signature::HEADER, sign_form(TOKEN, signed_for, &CALL))
            .header("host", "evil.example.com")
            .header("x-forwarded-host", "evil.example.com")
            .header("x-forwarded-proto", "https")
            .form(&CALL)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), status, "{signed_for}");
        let document = response.text().await.expect("text");
        assert!(!document.contains("evil"), "{document}");
        let stream = "url=\"wss://voice.example.com/in/media-stream\"";
        assert_eq!(document.contains(stream), status == 200);
    }
}

#[tokio::test]
async fn b04_a_repeated_webhook_gets_the_same_bytes_and_one_call() {
    let app = TestApp::start().await;
    let first = app.call("CA1").await;
    assert_eq!(app.call("CA1").await, first);
    assert_eq!(app.metric("repartee_calls_waiting").await, 1.0);
    assert_eq!(
        app.metric("repartee_admission_total{result=\"admitted\",reason=\"none\"}")
            .await,
        1.0
    );
    assert_ne!(app.call("CA2").await, first);
}

#[tokio::test]
async fn b06_a_repeated_field_has_one_reading() {
    let app = TestApp::start().await;
    let fields = [
        ("CallSid", "CA1"),
        ("To", NUMBER),
        ("To", "+19005550000"),
        ("CallSid", "CA2"),
    ];
    let response = app.webhook("/twiml", &fields).await;
    let document = response.text().await.expect("text");
    assert_eq!(parameter(&document, "callSid"), "CA1");
}

#[tokio::test]
async fn b07_a_dripping_body_is_cut_off() {
    let app = TestApp::with("limits.http_body_wait_ms = 100").await;
    let mut stream = TcpStream::connect(app.running.address())
        .await
        .expect("a connection");
    let head = format!(
        "POST /twiml HTTP/1.1\r\nhost: x\r\ncontent-type: {FORM}\r\ncontent-length: 50\r\n\r\nCallS"
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(
        app.metric("repartee_webhooks_refused_total{reason=\"body_too_slow\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn b27_a_dripping_head_is_cut_off() {
    let app = TestApp::with("limits.http_head_wait_ms = 100").await;
    let mut stream = TcpStream::connect(app.running.address())
        .await
        .expect("a connection");
    stream
        .write_all(b"GET /media-stream HTTP/1.1\r\nhost: x\r\nupgr")
        .await
        .expect("written");
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection was closed");
}

#[tokio::test]
async fn b09_any_caller_is_taken() {
    let app = TestApp::start().await;
    for (index, from) in [
        "anonymous",
        "",
        "client:ada",
        "</Parameter><Dial>+1900</Dial>",
    ]
    .iter()
    .enumerate()
    {
        let sid = format!("CA{index}");
        let response = app
            .webhook(
                "/twiml",
                &[("CallSid", &sid), ("From", from), ("To", NUMBER)],
            )
            .await;
        assert_eq!(response.status(), 200, "{from}");
        let document = response.text().await.expect("text");
        assert!(!document.contains("Dial"), "{document}");
    }
}

#[tokio::test]
async fn b13_a_webhook_that_names_no_call_is_refused() {
    let app = TestApp::start().await;
    for fields in [
        &[("To", NUMBER)][..],
        &[("CallSid", "CA1/../x"), ("To", NUMBER)],
    ] {
        assert_eq!(app.webhook("/twiml", fields).await.status(), 400);
    }
}

#[tokio::test]
async fn b14_questions_about_unknown_calls_get_nothing() {
    let app = TestApp::start().await;
    let stream = [
        ("CallSid", "CA9"),
        ("StreamSid", "MZ1"),
        ("StreamEvent", "stream-stopped"),
    ];
    let status = [("CallSid", "CA9"), ("CallStatus", "completed")];
    assert_eq!(app.after_stream("CA9").await.status(), 204);
    assert_eq!(app.webhook("/v1/twiml", &status).await.status(), 404);
    assert_eq!(
        app.webhook("/v1/twilio/status", &status).await.status(),
        204
    );
    assert_eq!(
        app.webhook("/v1/twilio/stream-status", &stream)
            .await
            .status(),
        204
    );
}

#[tokio::test]
async fn an_unknown_number_is_not_found() {
    let app = TestApp::start().await;
    for to in ["+14155550111", "", "sip:x@example.com"] {
        let response = app
            .webhook("/voice/incoming", &[("CallSid", "CA1"), ("To", to)])
            .await;
        assert_eq!(response.status(), 404, "{to}");
    }
    assert_eq!(
        app.metric("repartee_admission_total{result=\"refused\",reason=\"unknown_number\"}")
            .await,
        3.0
    );
}

#[tokio::test]
async fn both_webhooks_lead_to_their_own_socket() {
    let app = TestApp::start().await;
    for (index, (webhook, socket)) in [
        ("/twiml", "/media-stream"),
        ("/voice/incoming", "/voice/stream"),
    ]
    .iter()
    .enumerate()
    {
        let sid = format!("CA{index}");
        let response = app
            .webhook(webhook, &[("CallSid", &sid), ("To", NUMBER)])
            .await;
        assert_eq!(
            response.headers()["content-type"],
            "text/xml; charset=utf-8"
        );
        let document = response.text().await.expect("text");
        let url = format!("url=\"ws://{}{socket}\"", app.running.address());
        assert!(document.contains(&url), "{document}");
        assert_eq!(parameter(&document, "tenant"), "acme");
    }
}

#[tokio::test]
async fn a_webhook_may_be_a_get() {
    let app = TestApp::start().await;
    let path = format!("/twiml?CallSid=CA1&To={}", NUMBER.replace('+', "%2B"));
    let token = AuthToken::new(TOKEN).expect("a token");
    let signature = signature::sign(&token, &app.url(&path), Signed::UrlOnly);
    let client = crate::app::client();
    let signed = client
        .get(app.url(&path))
        .header(signature::HEADER, signature);
    let response = signed.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(response.text().await.expect("text").contains("<Stream"));
    assert_eq!(app.get(&path).await.status(), 403);
}

#[tokio::test]
async fn a_full_server_refuses_politely() {
    let app =
        TestApp::with("limits.max_calls = 1\nadmission.busy_line = \"We are busy & sorry.\"").await;
    assert!(app.call("CA1").await.contains("<Stream"));
    let refusal = app.call("CA2").await;
    assert!(
        refusal.contains("<Say>We are busy &amp; sorry.</Say><Hangup/>"),
        "{refusal}"
    );
    assert_eq!(app.get("/readyz").await.status(), 503);
    assert_eq!(
        app.metric("repartee_admission_total{result=\"refused\",reason=\"max_calls\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn a_full_server_may_send_a_busy_signal() {
    let app = TestApp::with("limits.calls_per_second = 1\nadmission.when_full = \"reject\"").await;
    assert!(app.call("CA1").await.contains("<Stream"));
    assert!(app.call("CA2").await.contains("<Reject reason=\"busy\"/>"));
    assert_eq!(
        app.metric("repartee_admission_total{result=\"refused\",reason=\"calls_per_second\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn without_a_token_no_call_is_taken_and_the_rest_works() {
    let config = server::config::Config::parse(
        "",
        "server.host = \"127.0.0.1\"\nserver.port = 0\n",
        &server::config::Environment::default(),
    )
    .expect("a configuration");
    let store: std::sync::Arc<dyn store::Store> = std::sync::Arc::new(store::Memory::default());
    let options = server::Options {
        store: Some(store),
        ..server::Options::default()
    };
    let running = server::Running::start(config, options)
        .await
        .expect("a server");
    let url = |path| format!("http://{}{path}", running.address());
    let client = crate::app::client();
    let webhook = client
        .post(url("/twiml"))
        .form(&CALL)
        .send()
        .await
        .expect("an answer");
    assert_eq!(webhook.status(), 500);
    let health = client.get(url("/health")).send().await.expect("an answer");
    assert_eq!(health.status(), 200);
    let ready = client.get(url("/readyz")).send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.text().await.expect("text"), "unconfigured\n");
}
