//! What the real one refuses is refused.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::*;

fn settings() -> Value {
    json!({ "type": "realtime", "output_modalities": ["audio"], "audio": {
        "input": { "format": { "type": "audio/pcmu" }, "turn_detection": null },
        "output": { "format": { "type": "audio/pcmu" }, "voice": "marin" } } })
}

/// The codes of the errors that these messages are answered with.
async fn codes(messages: Vec<Value>) -> (Vec<String>, FakeRealtime) {
    let fake = FakeRealtime::start(quick()).await.unwrap();
    let url = fake.base_url().replace("http", "ws") + "/realtime?model=m";
    let mut request = url.into_client_request().unwrap();
    let key = "Bearer openai-test-key".parse().unwrap();
    request.headers_mut().insert("authorization", key);
    let (mut socket, _answer) = connect_async(request).await.unwrap();
    let last = json!({ "type": "the end" });
    let (mut codes, mut waiting) = (Vec::new(), messages.into_iter().chain([last]));
    while let Some(Ok(message)) = socket.next().await {
        let event: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        let is_error = event["type"] == "error";
        let message = event["error"]["message"].as_str().unwrap_or_default();
        if message.contains("the end") {
            break;
        }
        if is_error {
            codes.push(event["error"]["code"].as_str().unwrap().to_owned());
        }
        // One message at a time: the next one follows the answer to the last.
        let is_answer = is_error
            || [
                "session.",
                "response.done",
                "input_audio_buffer.",
                "conversation.item.added",
            ]
            .iter()
            .any(|kind| event["type"].as_str().unwrap().starts_with(kind));
        if is_answer && let Some(next) = waiting.next() {
            socket
                .send(Message::Text(next.to_string().into()))
                .await
                .unwrap();
        }
    }
    (codes, fake)
}

fn update(session: Value) -> Value {
    json!({ "type": "session.update", "session": session })
}

#[tokio::test]
async fn nothing_comes_before_the_settings() {
    let (codes, fake) = codes(vec![json!({ "type": "response.create" })]).await;
    assert_eq!(codes[0], "invalid_request");
    assert!(fake.violations()[0].what.contains("before session.updated"));
}

#[tokio::test]
async fn settings_are_read_strictly() {
    for (path, value) in [
        ("/type", json!("transcription")),
        ("/output_modalities", json!(["audio", "text"])),
        ("/audio/input/format", json!({ "type": "audio/pcm" })),
        ("/audio/input/turn_detection", json!({ "type": "none" })),
        ("/audio/output/format", json!("g711_ulaw")),
    ] {
        let mut wrong = settings();
        *wrong.pointer_mut(path).unwrap() = value;
        let (codes, _fake) = codes(vec![update(wrong)]).await;
        assert_eq!(codes[0], "invalid_value", "{path}");
    }
    let mut unknown = settings();
    unknown["temperature"] = json!(0.8);
    let (codes, _fake) = codes(vec![update(unknown)]).await;
    assert_eq!(codes[0], "unknown_parameter");
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused() {
    let item = |item: Value| json!({ "type": "conversation.item.create", "item": item });
    for (message, code) in [
        (
            json!({ "type": "input_audio_buffer.commit" }),
            "input_audio_buffer_commit_empty",
        ),
        (
            json!({ "type": "input_audio_buffer.append", "audio": "%" }),
            "invalid_value",
        ),
        (
            json!({ "type": "response.cancel" }),
            "response_cancel_not_active",
        ),
        (
            json!({ "type": "conversation.item.delete", "item_id": "item_9" }),
            "item_not_found",
        ),
        (
            json!({ "type": "conversation.item.truncate", "item_id": "item_9",
                "content_index": 0, "audio_end_ms": 5 }),
            "item_not_found",
        ),
        (
            item(json!({ "type": "function_call_output", "call_id": "c", "output": "" })),
            "invalid_tool_call_id",
        ),
        (
            item(json!({ "type": "message", "role": "assistant",
                "content": [{ "type": "input_text", "text": "Hi." }] })),
            "invalid_value",
        ),
    ] {
        let (codes, fake) = codes(vec![update(settings()), message]).await;
        assert_eq!(codes, [code]);
        // A cancel may cross the end of its response; nothing else has an excuse.
        let is_excused = code == "response_cancel_not_active";
        assert_eq!(fake.violations().len(), if is_excused { 1 } else { 2 });
    }
}

#[test]
fn no_more_is_cut_than_was_sent() {
    let mut conversation = super::super::conversation::Conversation::default();
    let item = conversation.add_speech("One two three.");
    conversation.sent(&item, 1_400);
    let cut = |ms: u64| json!({ "item_id": item, "content_index": 0, "audio_end_ms": ms });
    for wrong in [0, 1_401] {
        assert!(conversation.truncate(&cut(wrong)).is_err(), "{wrong}");
    }
    assert!(conversation.truncate(&cut(700)).is_ok());
    assert_eq!(conversation.shown(), ["assistant: One two"]);
    assert!(conversation.truncate(&cut(701)).is_err());
}
