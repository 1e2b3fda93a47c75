mod client;

use std::time::Duration;

use reqwest::Response as Answer;

use super::*;
use crate::fakes::{Reply, ReplyTool, Scripted};

const CHAT: &str = r#"{"model":"claude-haiku-5-5","max_tokens":150,"stream":true,
    "messages":[{"role":"user","content":"a table for two"}]}"#;
const KEY: &str = "anthropic-test-key";

async fn fake(brain: impl Brain + 'static) -> FakeAnthropic {
    let settings = Settings {
        brain: Arc::new(brain),
        first_token: Delay::NONE,
        token_gap: Delay::NONE,
        ..Settings::default()
    };
    FakeAnthropic::start(settings).await.unwrap()
}

async fn ask(fake: &FakeAnthropic, key: &str, body: &str) -> Answer {
    let url = format!("{}/v1/messages", fake.base_url());
    let request = crate::http::client().unwrap().post(url);
    let request = request
        .header("x-api-key", key)
        .header("anthropic-version", "2023-06-01");
    request.body(body.to_owned()).send().await.unwrap()
}

/// The data of all events that are JSON; each has its type as its name.
async fn events(fake: &FakeAnthropic) -> Vec<Value> {
    let text = ask(fake, KEY, CHAT).await.text().await.unwrap();
    let events = text.split_terminator("\n\n").filter_map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).ok()?;
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        Some(data)
    });
    events.collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect()
}

#[tokio::test]
async fn a_reply_is_streamed_from_its_start_to_its_stop() {
    let fake = fake(Echo).await;
    let events = events(&fake).await;
    let types = types(&events);
    assert_eq!(types[..3], ["message_start", "ping", "content_block_start"]);
    assert_eq!(
        types[types.len() - 3..],
        ["content_block_stop", "message_delta", "message_stop"]
    );
    let text: String = events
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str())
        .collect();
    assert_eq!(text, "You said: a table for two");
    let end = &events[events.len() - 2];
    assert_eq!(end["delta"]["stop_reason"], "end_turn");
    assert!(end["usage"]["output_tokens"].as_u64().unwrap() > 0);
    assert_eq!(fake.seen()[0].status, 200);
}

#[tokio::test]
async fn tool_calls_are_blocks_of_their_own() {
    let tool = |arguments: &str| ReplyTool {
        name: "book".to_owned(),
        arguments: arguments.to_owned(),
    };
    let tools = vec![tool(r#"{"day":"Tuesday"}"#), tool("{}")];
    let text = "One moment.".to_owned();
    let fake = fake(Scripted::new(vec![Reply { text, tools }])).await;
    let events = events(&fake).await;
    let mut read = [String::new(), String::new(), String::new()];
    for event in &events {
        if let Some(bit) = event["delta"]["partial_json"].as_str() {
            read[event["index"].as_u64().unwrap() as usize].push_str(bit);
        }
    }
    assert_eq!(read, ["", r#"{"day":"Tuesday"}"#, ""]);
    let end = &events[events.len() - 2];
    assert_eq!(end["delta"]["stop_reason"], "tool_use");

    let whole = CHAT.replace("true", "false");
    let whole = ask(&fake, KEY, &whole).await.text().await.unwrap();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["content"][0]["text"], "One moment.");
    assert_eq!(whole["content"][1]["input"]["day"], "Tuesday");
}

#[tokio::test]
async fn wrong_keys_and_bad_requests_get_the_providers_errors() {
    let fake = fake(Echo).await;
    let answer = ask(&fake, "other", CHAT).await;
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("request-id"));
    let error: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(error["error"]["type"], "authentication_error");
    assert_eq!(ask(&fake, KEY, "{").await.status(), 400);
    let url = format!("{}/v1/messages", fake.base_url());
    let request = crate::http::client().unwrap().post(url);
    let unversioned = request.header("x-api-key", KEY).body(CHAT).send();
    assert_eq!(unversioned.await.unwrap().status(), 400);
    let seen: Vec<u16> = fake.seen().iter().map(|asked| asked.status).collect();
    assert_eq!(seen, [401, 400, 400]);
    assert_eq!(fake.violations().len(), 3);
}

#[tokio::test]
async fn faults_look_as_they_do_in_the_field() {
    let fake = fake(Echo).await;
    let all = events(&fake).await.len();
    for (fault, status) in [
        (
            LlmFault::Busy {
                retry_after: Duration::from_millis(20),
            },
            429,
        ),
        (LlmFault::NoQuota, 429),
        (LlmFault::ServerError, 500),
        (LlmFault::Html, 502),
        (LlmFault::HtmlAsAnswer, 200),
        (LlmFault::KeyRefused, 401),
        (LlmFault::Overloaded, 529),
    ] {
        fake.fail_once(fault);
        assert_eq!(ask(&fake, KEY, CHAT).await.status(), status, "{fault:?}");
    }
    fake.fail_once(LlmFault::CutAfter(2));
    assert_eq!(
        types(&events(&fake).await)[3..],
        ["content_block_delta", "content_block_delta"]
    );
    for (fault, kind) in [
        (LlmFault::ErrorAfter(1), "api_error"),
        (LlmFault::OverloadedAfter(1), "overloaded_error"),
    ] {
        fake.fail_once(fault);
        assert_eq!(events(&fake).await[4]["error"]["type"], kind);
    }
    fake.fail_once(LlmFault::GarbageAfter(1));
    assert_eq!(events(&fake).await.len(), 4);
    fake.fail_once(LlmFault::CutAfter(99));
    assert_eq!(events(&fake).await.len(), all - 1, "cut before its end");
    assert_eq!(events(&fake).await.len(), all, "faults pass");
    assert!(fake.violations().is_empty());
}

#[tokio::test]
async fn a_stalled_stream_stays_open_and_silent() {
    let fake = fake(Echo).await;
    fake.fail_once(LlmFault::StallAfter(1));
    let mut answer = ask(&fake, KEY, CHAT).await;
    let mut read = String::new();
    while !read.contains("You ") {
        read.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
    }
    let more = tokio::time::timeout(Duration::from_millis(50), answer.chunk()).await;
    assert!(more.is_err(), "the stream should be silent");
}
