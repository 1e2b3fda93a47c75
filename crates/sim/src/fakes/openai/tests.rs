use reqwest::Response as Answer;

use super::*;

const CHAT: &str = r#"{"model":"gpt-6-luna","stream":true,"stream_options":{"include_usage":true},
    "messages":[{"role":"user","content":"a table for two"}]}"#;

async fn fake(brain: impl Brain + 'static) -> FakeOpenAi {
    let settings = Settings {
        brain: Arc::new(brain),
        first_token: Delay::NONE,
        token_gap: Delay::NONE,
        ..Settings::default()
    };
    FakeOpenAi::start(settings).await.unwrap()
}

async fn ask(fake: &FakeOpenAi, key: &str, body: &str) -> Answer {
    let url = format!("{}/chat/completions", fake.base_url());
    let request = crate::http::client().unwrap().post(url).bearer_auth(key);
    request.body(body.to_owned()).send().await.unwrap()
}

/// The data of all events, the last of which is `[DONE]` if all went well.
async fn events(fake: &FakeOpenAi) -> Vec<String> {
    let text = ask(fake, "openai-test-key", CHAT)
        .await
        .text()
        .await
        .unwrap();
    let data = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "));
    data.map(str::to_owned).collect()
}

fn chunks(events: &[String]) -> Vec<Value> {
    events
        .iter()
        .filter_map(|event| serde_json::from_str(event).ok())
        .collect()
}

#[tokio::test]
async fn a_reply_is_streamed_with_its_usage_and_its_end() {
    let fake = fake(Echo).await;
    let events = events(&fake).await;
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    let chunks = chunks(&events);
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "You said: a table for two");
    assert_eq!(
        chunks[chunks.len() - 2]["choices"][0]["finish_reason"],
        "stop"
    );
    assert_eq!(chunks[chunks.len() - 1]["choices"], json!([]));
    assert!(
        chunks[chunks.len() - 1]["usage"]["total_tokens"]
            .as_u64()
            .unwrap()
            > 0
    );
    assert_eq!(fake.seen()[0].status, 200);
}

#[tokio::test]
async fn a_prompt_that_went_in_before_comes_from_the_cache() {
    let fake = fake(Echo).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let chunks = chunks(&events(&fake).await);
        let usage = &chunks[chunks.len() - 1]["usage"];
        let prompt = usage["prompt_tokens"].as_u64().unwrap();
        let cached = &usage["prompt_tokens_details"]["cached_tokens"];
        told.push((prompt, cached.as_u64().unwrap()));
    }
    let [first, second] = told[..] else {
        panic!("{told:?}");
    };
    let asked = "a table for two".len().div_ceil(4) as u64;
    assert_eq!((first.1, second), (0, (first.0, asked)));
    let used = fake.used().into_iter();
    let used: Vec<_> = used.map(|used| (used.prompt(), used.cached)).collect();
    assert_eq!(used, told, "the client is billed what it is told");
}

#[tokio::test]
async fn tool_calls_come_in_fragments() {
    let arguments = r#"{"day":"Tuesday","people":2}"#;
    let tool = ReplyTool {
        name: "book".to_owned(),
        arguments: arguments.to_owned(),
    };
    let tools = vec![tool.clone(), tool];
    let fake = fake(Scripted::new(vec![Reply {
        text: String::new(),
        tools,
    }]))
    .await;
    let chunks = chunks(&events(&fake).await);
    let mut read = [String::new(), String::new()];
    for chunk in &chunks {
        let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
        if let Some(bit) = call["function"]["arguments"].as_str() {
            read[call["index"].as_u64().unwrap() as usize].push_str(bit);
        }
    }
    assert_eq!(read, [arguments, arguments]);
    assert_eq!(
        chunks[chunks.len() - 2]["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[tokio::test]
async fn wrong_keys_and_bad_requests_get_the_providers_errors() {
    let fake = fake(Echo).await;
    let answer = ask(&fake, "other", CHAT).await;
    assert_eq!(answer.status(), 401);
    let error: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "invalid_api_key");
    assert_eq!(ask(&fake, "openai-test-key", "{").await.status(), 400);
    assert_eq!(fake.violations().len(), 2);
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
        (LlmFault::Overloaded, 503),
        (LlmFault::ServerError, 500),
        (LlmFault::Html, 502),
        (LlmFault::HtmlAsAnswer, 200),
        (LlmFault::KeyRefused, 401),
    ] {
        fake.fail_once(fault);
        assert_eq!(
            ask(&fake, "openai-test-key", CHAT).await.status(),
            status,
            "{fault:?}"
        );
    }
    fake.fail_once(LlmFault::CutAfter(2));
    assert_eq!(events(&fake).await.len(), 3);
    for fault in [LlmFault::ErrorAfter(1), LlmFault::OverloadedAfter(1)] {
        fake.fail_once(fault);
        assert!(events(&fake).await[2].contains("server_error"));
    }
    fake.fail_once(LlmFault::GarbageAfter(1));
    assert_eq!(chunks(&events(&fake).await).len(), 2);
    assert_eq!(events(&fake).await.len(), all, "faults pass");
    assert!(fake.violations().is_empty());
}

#[tokio::test]
async fn a_stalled_stream_stays_open_and_silent() {
    let fake = fake(Echo).await;
    fake.fail_once(LlmFault::StallAfter(1));
    let mut answer = ask(&fake, "openai-test-key", CHAT).await;
    let mut read = String::new();
    while !read.contains("You ") {
        read.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
    }
    let more = tokio::time::timeout(Duration::from_millis(50), answer.chunk()).await;
    assert!(more.is_err(), "the stream should be silent");
}
