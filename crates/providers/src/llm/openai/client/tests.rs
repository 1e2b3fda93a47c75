use std::time::Duration;

use session::ToolCall;

use super::*;
use crate::{
    Verdict,
    llm::asking::Reply,
    loopback::{Loopback, ServerRequest, answer},
};

fn model(server: &Loopback, deadlines: Deadlines) -> OpenAi {
    let key = Secret::parse("key-1").expect("a key");
    let base = server.base();
    let profile = Profile::of(&base);
    OpenAi::new(base, Some(key), profile).with_deadlines(deadlines)
}

async fn asked(server: &Loopback, deadlines: Deadlines) -> (Reply, ServerRequest) {
    let reply = Reply::begin(&model(server, deadlines));
    let request = server.request().await;
    (reply, request)
}

fn delta(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn a_reply_streams() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    assert!(
        request
            .head
            .starts_with("post /v1/chat/completions http/1.1\r\n"),
        "{}",
        request.head
    );
    for line in [
        "authorization: bearer key-1",
        "accept: text/event-stream",
        "content-type: application/json",
    ] {
        assert!(
            request.head.lines().any(|header| header == line),
            "{line}: {}",
            request.head
        );
    }
    assert!(
        request
            .body
            .contains(r#"{"role":"system","content":"Be brief."}"#)
    );
    assert!(
        request.body.contains(r#""max_tokens":150"#),
        "{}",
        request.body
    );

    request.begin_stream().await;
    request.chunk(&delta("Hello")).await;
    assert_eq!(reply.text().await, "Hello");
    request.chunk(&delta(" you")).await;
    assert_eq!(reply.text().await, " you");
    request.chunk(STOP).await;
    request
        .chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n")
        .await;
    request.chunk(DONE).await;
    let tokens = reply.tokens().await;
    assert_eq!((tokens.input, tokens.output), (9, 2));
}

#[tokio::test]
async fn a_reply_may_come_in_single_bytes() {
    let server = Loopback::new().await;
    let (mut reply, mut request) = asked(&server, Deadlines::default()).await;
    request.begin_stream().await;
    let call = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let stream = format!("{}{call}\r\n\r\n{DONE}", delta("Si, señor"));
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
    assert!(reply.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (status, headers, body, verdict) in [
        (
            "429 Too Many Requests",
            "retry-after-ms: 40\r\n",
            r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#,
            Verdict::RetryAfter(Duration::from_millis(40)),
        ),
        (
            "429 Too Many Requests",
            "",
            r#"{"error":{"message":"pay","type":"insufficient_quota"}}"#,
            Verdict::KeyRefused,
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
async fn a_key_that_is_repeated_is_not_shown() {
    let server = Loopback::new().await;
    let reply = Reply::begin(&model(&server, Deadlines::default()));
    let body = r#"{"error":{"message":"Incorrect key: key-1."}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    let shown = reply.failure().await.to_string();
    assert_eq!(shown, "openai: refused with 401: Incorrect key: ***.");

    let reply = Reply::begin(&model(&server, Deadlines::default()));
    server.answer(&answer("200 OK", "", body)).await;
    let shown = reply.failure().await.to_string();
    assert_eq!(shown, "openai: refused with 200: Incorrect key: ***.");
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
    request.end_stream().await;
    assert!(matches!(
        reply.failure().await,
        ProviderError::Garbled { .. }
    ));
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
    assert!(matches!(
        reply.failure().await,
        ProviderError::Silent {
            stage: "first token",
            ..
        }
    ));

    // Signs of life that are no writing do not count.
    let (reply, mut request) = asked(&server, deadlines).await;
    request.begin_stream().await;
    request.chunk(": PROCESSING\n\n").await;
    assert!(matches!(
        reply.failure().await,
        ProviderError::Silent {
            stage: "first token",
            ..
        }
    ));
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
    assert!(matches!(
        reply.failure().await,
        ProviderError::Silent {
            stage: "token gap",
            ..
        }
    ));
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
    assert!(matches!(
        reply.failure().await,
        ProviderError::Silent { stage: "reply", .. }
    ));
}

#[tokio::test]
async fn a_finished_answer_needs_no_counts() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        after_finish: Duration::from_millis(10),
        ..Deadlines::default()
    };
    let (mut reply, mut request) = asked(&server, deadlines).await;
    request.begin_stream().await;
    request.chunk(&delta("Hello you")).await;
    request.chunk(STOP).await;
    assert_eq!(reply.text().await, "Hello you");
    // The connection stays open, and nothing more comes.
    let tokens = reply.tokens().await;
    assert_eq!((tokens.input, tokens.output), (3, 3));
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
    assert!(
        request.head.contains("authorization: bearer key-1\r\n"),
        "{}",
        request.head
    );
    request.write(answer("200 OK", "", "{}").as_bytes()).await;
    warming.await.expect("no panic");

    let mut reply = Reply::begin(&model);
    let mut request = request.next().await;
    request.begin_stream().await;
    request.chunk(&format!("{}{STOP}{DONE}", delta("Hi"))).await;
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
