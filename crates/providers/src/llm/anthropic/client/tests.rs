use std::time::Duration;

use session::ToolCall;

use super::*;
use crate::{
    Verdict,
    llm::asking::Reply,
    loopback::{Loopback, ServerRequest, answer},
};

fn model(server: &Loopback, deadlines: Deadlines) -> Anthropic {
    let key = Secret::parse("key-1").expect("a key");
    Anthropic::new(server.base(), Some(key)).with_deadlines(deadlines)
}

async fn asked(server: &Loopback, deadlines: Deadlines) -> (Reply, ServerRequest) {
    let reply = Reply::begin(&model(server, deadlines));
    let request = server.request().await;
    (reply, request)
}

fn delta(text: &str) -> String {
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
    )
}

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n";
const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
const COUNTS: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n";
const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn is_silent_at(failure: &ProviderError, at: &str) -> bool {
    matches!(failure, ProviderError::Silent { stage, .. } if *stage == at)
}

#[tokio::test]
async fn a_reply_streams() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    assert!(
        request.head.starts_with("post /v1/messages http/1.1\r\n"),
        "{}",
        request.head
    );
    for line in [
        "x-api-key: key-1",
        "anthropic-version: 2023-06-01",
        "accept: text/event-stream",
        "content-type: application/json",
    ] {
        assert!(
            request.head.lines().any(|header| header == line),
            "{line}: {}",
            request.head
        );
    }
    for field in [
        r#""max_tokens":150"#,
        r#""stream":true"#,
        r#""text":"Be brief.""#,
    ] {
        assert!(request.body.contains(field), "{field}: {}", request.body);
    }

    request.begin_stream().await;
    request.chunk(START).await;
    request.chunk(&delta("Hello")).await;
    assert_eq!(reply.text().await, "Hello");
    request.chunk(&delta(" you")).await;
    assert_eq!(reply.text().await, " you");
    request.chunk(COUNTS).await;
    request.chunk(STOP).await;
    // The end is the message's, whether or not the connection stays open.
    let tokens = reply.tokens().await;
    assert_eq!((tokens.input, tokens.output), (9, 2));
}

#[tokio::test]
async fn an_address_may_have_a_path() {
    let server = Loopback::new().await;
    for path in ["/v1", "/proxy/v1", "/proxy"] {
        let base = BaseUrl::parse("TEST", &format!("{}{path}", server.base())).expect("a base");
        let model = Anthropic::new(base, None);
        let _reply = Reply::begin(&model);
        let head = server.request().await.head;
        let path = path.trim_end_matches("/v1");
        assert!(
            head.starts_with(&format!("post {path}/v1/messages http/1.1\r\n")),
            "{head}"
        );
        assert!(!head.contains("x-api-key"), "{head}");
    }
}

#[tokio::test]
async fn a_reply_may_come_in_single_bytes() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    let call = "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\",\"input\":{}}}\r\n\r\ndata: {\"type\":\"content_block_stop\",\"index\":1}\r\n\r\n";
    let stream = format!("{}{call}{STOP}", delta("Si, señor"));
    for byte in stream.as_bytes() {
        request
            .write(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n'])
            .await;
    }
    request.end_stream().await;
    assert_eq!(reply.text().await, "Si, señor");
    let call = ToolCall {
        id: "a".into(),
        name: "x".into(),
        arguments: "{}".into(),
    };
    assert_eq!(reply.written.recv().await, Some(Written::Tool(call)));
    reply.tokens().await;
}

#[tokio::test]
async fn what_was_counted_is_told_before_anything_is_written_or_fails() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    let start = r#"data: {"type":"message_start","message":{"usage":{"input_tokens":25,"cache_read_input_tokens":1200,"output_tokens":1}}}"#;
    request.chunk(&format!("{start}\n\n")).await;
    let counted = reply.used().await;
    assert_eq!([counted.input, counted.cached], [1_225, 1_200]);
    let refusal = r#"data: {"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":90}}"#;
    request.chunk(&format!("{refusal}\n\n")).await;
    assert_eq!(reply.used().await.output, 90);
    assert_eq!(reply.failure().await.verdict(), Verdict::GiveUp);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (status, headers, body, verdict) in [
        (
            "429 Too Many Requests",
            "retry-after: 3\r\n",
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#,
            Verdict::RetryAfter(Duration::from_secs(3)),
        ),
        (
            "429 Too Many Requests",
            "",
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            Verdict::KeyRefused,
        ),
        (
            "529 Overloaded",
            "x-should-retry: true\r\n",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            Verdict::SwitchProvider,
        ),
        (
            "400 Bad Request",
            "x-should-retry: false\r\n",
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages: empty"}}"#,
            Verdict::GiveUp,
        ),
        ("500 Internal Server Error", "", "oops", Verdict::Retry),
        (
            "307 Temporary Redirect",
            "location: http://127.0.0.1:1/\r\n",
            "",
            Verdict::ModelRefused,
        ),
    ] {
        let server = Loopback::new().await;
        let reply = Reply::begin(&model(&server, Deadlines::default()));
        server.answer(&answer(status, headers, body)).await;
        assert_eq!(reply.failure().await.verdict(), verdict, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_without_end_is_cut_short() {
    let server = Loopback::new().await;
    let (reply, mut request) = asked(&server, Deadlines::default()).await;
    let head = "HTTP/1.1 500 Internal Server Error\r\ntransfer-encoding: chunked\r\n\r\n";
    request.write(head.as_bytes()).await;
    request.chunk(&"x".repeat(20_000)).await;
    assert_eq!(reply.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn a_key_that_is_repeated_is_not_shown() {
    let server = Loopback::new().await;
    let body = r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key key-1"}}"#;
    for status in ["401 Unauthorized", "200 OK"] {
        let reply = Reply::begin(&model(&server, Deadlines::default()));
        server.answer(&answer(status, "", body)).await;
        let failure = reply.failure().await;
        let shown = failure.to_string();
        assert!(
            shown.ends_with("authentication_error: invalid x-api-key ***"),
            "{shown}"
        );
        assert_eq!(failure.verdict(), Verdict::KeyRefused);
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_a_failure() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    assert_eq!(reply.text().await, "Hel");
    request
        .chunk("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n")
        .await;
    assert_eq!(reply.failure().await.verdict(), Verdict::SwitchProvider);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_failure() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    assert_eq!(reply.text().await, "Hel");
    drop(request);
    assert!(matches!(
        reply.failure().await,
        ProviderError::Connection { .. }
    ));

    let (reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    request.chunk(COUNTS).await;
    request.end_stream().await;
    assert!(matches!(
        reply.failure().await,
        ProviderError::Garbled { .. }
    ));
}

#[tokio::test]
async fn something_else_in_its_place_is_a_failure() {
    let server = Loopback::new().await;
    for body in ["<html>sign in</html>", "{\"ok\":true}", "hello\n\nyou"] {
        let reply = Reply::begin(&model(&server, Deadlines::default()));
        server
            .answer(&answer("200 OK", "content-type: text/html\r\n", body))
            .await;
        let failure = reply.failure().await;
        assert!(
            matches!(failure, ProviderError::Garbled { .. }),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_a_failed_connection() {
    let server = Loopback::new().await;
    let model = model(&server, Deadlines::default());
    drop(server);
    let failure = Reply::begin(&model).failure().await;
    assert!(
        matches!(failure, ProviderError::Unreachable { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn a_silent_model_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        first_token: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let (reply, _request) = asked(&server, deadlines).await;
    assert!(is_silent_at(&reply.failure().await, "first token"));

    // Signs of life that are no writing do not count.
    let (reply, mut request) = asked(&server, deadlines).await;
    request.begin_stream().await;
    request.chunk(&format!("{PING}{START}{PING}")).await;
    assert!(is_silent_at(&reply.failure().await, "first token"));

    // Nor does the beginning of a refusal.
    let (reply, mut request) = asked(&server, deadlines).await;
    let head = "HTTP/1.1 529 Overloaded\r\ntransfer-encoding: chunked\r\n\r\n";
    request.write(head.as_bytes()).await;
    assert!(is_silent_at(&reply.failure().await, "first token"));
}

#[tokio::test]
async fn a_stalled_model_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        token_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (mut reply, mut request) = asked(&server, deadlines).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    assert_eq!(reply.text().await, "Hel");
    assert!(is_silent_at(&reply.failure().await, "token gap"));
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        reply: Duration::from_millis(50),
        ..Deadlines::default()
    };
    let (mut reply, mut request) = asked(&server, deadlines).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    assert_eq!(reply.text().await, "Hel");
    assert!(is_silent_at(&reply.failure().await, "reply"));
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    request.chunk(&delta("Hel")).await;
    assert_eq!(reply.text().await, "Hel");
    reply.ended.abort();
    request.hung_up().await;
}

#[tokio::test]
async fn nobody_listening_ends_the_request() {
    let server = Loopback::new().await;
    let (reply, mut request) = asked(&server, Deadlines::default()).await;
    drop(reply.written);
    request.begin_stream().await;
    request
        .chunk(&format!("{START}{}", delta("12345678")))
        .await;
    let tokens = reply.ended.await.expect("no panic").expect("a reply");
    assert_eq!((tokens.input, tokens.output), (9, 2));
    request.hung_up().await;
}

#[tokio::test]
async fn a_warm_connection_serves_the_first_reply() {
    let server = Loopback::new().await;
    let model = model(&server, Deadlines::default());
    let warming = tokio::spawn(model.warm());
    let mut request = server.request().await;
    assert!(
        request.head.starts_with("get /v1/models http/1.1\r\n"),
        "{}",
        request.head
    );
    for header in ["x-api-key: key-1\r\n", "anthropic-version: 2023-06-01\r\n"] {
        assert!(request.head.contains(header), "{}", request.head);
    }
    request.write(answer("200 OK", "", "{}").as_bytes()).await;
    warming.await.expect("no panic");

    let mut reply = Reply::begin(&model);
    let mut request = request.next().await;
    request.begin_stream().await;
    request.chunk(&format!("{}{STOP}", delta("Hi"))).await;
    assert_eq!(reply.text().await, "Hi");
}

#[tokio::test]
async fn failing_to_warm_is_no_failure() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        warm: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let model = model(&server, deadlines);
    // Nobody answers it.
    let in_time = tokio::time::timeout(Duration::from_secs(5), model.warm()).await;
    assert!(in_time.is_ok(), "it waits for no one");
    let _unanswered = server.connection().await;
    let mut reply = Reply::begin(&model);
    let mut request = server.request().await;
    request.begin_stream().await;
    request.chunk(&delta("Hello.")).await;
    assert_eq!(reply.text().await, "Hello.");
}
