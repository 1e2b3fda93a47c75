use std::fmt::Write as _;

use domain::ReplyId;
use serde_json::{Value, json};
use session::Message;

use super::*;
use crate::{
    BaseUrl,
    llm::ToolOffer,
    realtime::{Eagerness, TalkSettings, TurnDetection},
};

fn settings(turns: TurnDetection) -> TalkSettings {
    TalkSettings {
        model: "gpt-realtime-2.1".into(),
        voice: "marin".into(),
        language: "es-ES".parse().expect("a language"),
        transcription_model: Some("gpt-4o-mini-transcribe".into()),
        turns,
        max_output_tokens: Some(1_024),
        tools: vec![ToolOffer {
            name: "book".into(),
            description: "Books a table.".into(),
            parameters: r#"{"type":"object","properties":{}}"#.into(),
        }],
    }
}

fn value(message: &str) -> Value {
    serde_json::from_str(message).expect("we send JSON")
}

/// What was read, in its debug form.
fn shown(messages: &[&str]) -> String {
    let mut lines = String::new();
    for message in messages {
        match read(message) {
            Ok(event) => writeln!(lines, "{event:?}").expect("a String"),
            Err(error) => writeln!(lines, "{error}").expect("a String"),
        }
    }
    lines
}

#[test]
fn the_address_names_the_model_and_versions_a_bare_host() {
    let url = |base: &str| {
        let base = BaseUrl::parse("TEST", base).expect("a base");
        url(&base, &settings(TurnDetection::Ours))
    };
    let query = "realtime?model=gpt-realtime-2.1";
    for (base, address) in [
        ("https://api.openai.com/v1", "wss://api.openai.com/v1/"),
        ("http://127.0.0.1:9700", "ws://127.0.0.1:9700/v1/"),
        (
            "https://r.openai.azure.com/openai/v1",
            "wss://r.openai.azure.com/openai/v1/",
        ),
    ] {
        assert_eq!(url(base), format!("{address}{query}"));
    }
}

#[test]
fn settings_are_sent_under_their_names_of_today() {
    let message = value(&configure(&settings(TurnDetection::Ours), "You are Ana."));
    let expected = json!({
        "type": "session.update", "event_id": "configure",
        "session": {
            "type": "realtime",
            "instructions": "You are Ana.",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": { "type": "audio/pcmu" },
                    "transcription": { "model": "gpt-4o-mini-transcribe", "language": "es" },
                    "turn_detection": null,
                },
                "output": { "format": { "type": "audio/pcmu" }, "voice": "marin" },
            },
            "tools": [{
                "type": "function", "name": "book", "description": "Books a table.",
                "parameters": { "type": "object", "properties": {} },
            }],
            "tool_choice": "auto",
            "max_output_tokens": 1024,
        },
    });
    assert_eq!(message, expected);
}

#[test]
fn a_provider_that_decides_turns_still_makes_no_reply_unasked() {
    let detection = |turns| {
        let message = value(&configure(&settings(turns), ""));
        message["session"]["audio"]["input"]["turn_detection"].clone()
    };
    let by_silence = TurnDetection::ServerVad {
        threshold: 0.5,
        padding: Millis(300),
        silence: Millis(500),
    };
    assert_eq!(
        detection(by_silence),
        json!({
            "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
            "silence_duration_ms": 500, "create_response": false, "interrupt_response": false,
        })
    );
    for (eagerness, name) in [
        (Eagerness::Auto, "auto"),
        (Eagerness::High, "high"),
        (Eagerness::Low, "low"),
    ] {
        assert_eq!(
            detection(TurnDetection::SemanticVad(eagerness)),
            json!({
                "type": "semantic_vad", "eagerness": name,
                "create_response": false, "interrupt_response": false,
            })
        );
    }
}

#[test]
fn what_is_not_set_is_not_sent() {
    let bare = TalkSettings {
        transcription_model: None,
        max_output_tokens: None,
        tools: Vec::new(),
        ..settings(TurnDetection::Ours)
    };
    let message = value(&configure(&bare, ""));
    let session = message["session"].as_object().expect("an object");
    assert!(message["session"]["audio"]["input"]["transcription"].is_null());
    for name in ["tools", "tool_choice", "max_output_tokens"] {
        assert!(!session.contains_key(name), "{name}");
    }
}

const fn request(reply: u32) -> Request {
    Request {
        reply: ReplyId(reply),
        number: 3,
    }
}

#[test]
fn orders_have_the_shape_of_the_protocol() {
    let messages = [
        append(&[0xff, 0x7f, 0x00]),
        COMMIT.to_owned(),
        CLEAR.to_owned(),
        respond(request(7)),
        cancel(None),
        cancel(Some("resp_1")),
        truncate("item_7", Millis(1_480)),
        delete("item_7"),
        tool_output("call_3", r#"{"ok":true}"#),
        caller("4711"),
        note("The caller is silent."),
        instruct("Be brief."),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    {"type":"input_audio_buffer.append","audio":"/38A"}
    {"event_id":"commit","type":"input_audio_buffer.commit"}
    {"event_id":"clear","type":"input_audio_buffer.clear"}
    {"event_id":"respond-r7-3","response":{"metadata":{"reply":"r7","request":"3"}},"type":"response.create"}
    {"event_id":"cancel","type":"response.cancel"}
    {"event_id":"cancel","response_id":"resp_1","type":"response.cancel"}
    {"audio_end_ms":1480,"content_index":0,"event_id":"truncate","item_id":"item_7","type":"conversation.item.truncate"}
    {"event_id":"delete","item_id":"item_7","type":"conversation.item.delete"}
    {"event_id":"item","item":{"call_id":"call_3","output":"{\"ok\":true}","type":"function_call_output"},"type":"conversation.item.create"}
    {"event_id":"item","item":{"content":[{"text":"4711","type":"input_text"}],"role":"user","type":"message"},"type":"conversation.item.create"}
    {"event_id":"item","item":{"content":[{"text":"The caller is silent.","type":"input_text"}],"role":"system","type":"message"},"type":"conversation.item.create"}
    {"event_id":"instruct","session":{"instructions":"Be brief.","type":"realtime"},"type":"session.update"}
    "#);
    assert_eq!(request_of("respond-r7-3"), Some(request(7)));
    assert_eq!(request_of("respond-r7"), None);
    assert_eq!(request_of("respond-7-3"), None);
    assert_eq!(request_of("truncate"), None);
}

#[test]
fn a_line_of_ours_is_said_without_the_conversation_or_tools() {
    let message = value(&say(request(2), "Goodbye, \"Ana\"."));
    let asked = &message["response"];
    assert_eq!(asked["input"], json!([]));
    assert_eq!(asked["tool_choice"], "none");
    assert_eq!(asked["metadata"]["reply"], "r2");
    let instructions = asked["instructions"].as_str().expect("text");
    assert!(instructions.ends_with("\n\nGoodbye, \"Ana\"."));
}

#[test]
fn history_becomes_items_and_only_the_last_calls_stay_open() {
    let call = |id: &str| ToolCall {
        id: id.into(),
        name: "book".into(),
        arguments: " ".into(),
    };
    let agent = |text: &str, interrupted, tools| Message::Agent {
        text: text.into(),
        interrupted,
        tools,
    };
    let messages = [
        Message::Caller("Hello.".into()),
        agent("One mo", true, vec![call("c1"), call("c2")]),
        Message::Tool {
            id: "c1".into(),
            output: "done".into(),
        },
        Message::Note("The line was bad."),
        Message::Caller(" ".into()),
        agent("", false, vec![call("c3")]),
    ];
    let shown = history(&messages).into_iter().map(|item| {
        let item = &value(&item)["item"];
        let text = &item["content"][0]["text"];
        format!(
            "{} {} {} {}{}",
            item["type"], item["role"], item["call_id"], text, item["output"]
        )
    });
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
    "message" "user" null "Hello."null
    "message" "assistant" null "One mo…"null
    "function_call" null "c1" nullnull
    "function_call_output" null "c1" null"done"
    "function_call" null "c2" nullnull
    "function_call_output" null "c2" null"cancelled"
    "message" "system" null "The line was bad."null
    "function_call" null "c3" nullnull
    "#);
}

#[test]
fn what_the_caller_does_is_read() {
    insta::assert_snapshot!(shown(&[
        r#"{"type":"session.created","event_id":"e1","session":{"id":"s"}}"#,
        r#"{"type":"session.updated","session":{"audio":{}}}"#,
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1480,"item_id":"item_3"}"#,
        r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":2000.5,"item_id":"item_3"}"#,
        r#"{"type":"input_audio_buffer.committed","previous_item_id":"item_2","item_id":"item_3"}"#,
        r#"{"type":"input_audio_buffer.committed","previous_item_id":null,"item_id":"item_1"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.delta","item_id":"item_3","delta":" Hi"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_3","transcript":" Hi.\n","usage":{"type":"tokens","total_tokens":30,"input_tokens":24,"input_token_details":{"text_tokens":4,"audio_tokens":20},"output_tokens":6}}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_3","transcript":"Hi.","usage":{"type":"duration","seconds":1.25}}"#,
        r#"{"type":"conversation.item.input_audio_transcription.failed","item_id":"item_3","error":{"code":"audio_unintelligible","message":"could not be\ntranscribed"}}"#,
    ]), @r#"
    SessionCreated
    SessionUpdated
    SpeechStarted { item: "item_3", at: Millis(1480) }
    SpeechStopped { item: "item_3", at: Millis(2000) }
    Committed { item: "item_3", previous: Some("item_2") }
    Committed { item: "item_1", previous: None }
    Transcribing { item: "item_3", text: " Hi" }
    Transcribed { item: "item_3", text: "Hi.", usage: Some(Tokens { input_text: 4, input_audio: 20, output: 6 }) }
    Transcribed { item: "item_3", text: "Hi.", usage: Some(Duration(Millis(1250))) }
    NotTranscribed { item: "item_3", why: "could not be transcribed" }
    "#);
}

#[test]
fn replies_are_read_by_their_names_of_today_and_of_the_beta() {
    for [audio, transcript, text] in [
        [
            "response.output_audio.delta",
            "response.output_audio_transcript.delta",
            "response.output_text.delta",
        ],
        [
            "response.audio.delta",
            "response.audio_transcript.delta",
            "response.text.delta",
        ],
    ] {
        let delta = |kind: &str, delta: &str| {
            let message = json!({ "type": kind, "response_id": "resp_1", "item_id": "item_4",
                "output_index": 0, "content_index": 0, "delta": delta });
            format!("{:?}", read(&message.to_string()).expect("readable"))
        };
        assert_eq!(
            delta(audio, "/38A"),
            r#"Audio { response: "resp_1", item: "item_4", bytes: b"\xff\x7f\0" }"#
        );
        assert_eq!(delta(audio, ""), "Nothing");
        for kind in [transcript, text] {
            assert_eq!(
                delta(kind, "Hé"),
                r#"Text { response: "resp_1", text: "Hé" }"#
            );
            assert_eq!(delta(kind, ""), r#"Alive { response: "resp_1" }"#);
        }
    }
}

#[test]
fn the_life_of_a_response_is_read() {
    insta::assert_snapshot!(shown(&[
        r#"{"type":"response.created","response":{"id":"resp_1","status":"in_progress","metadata":{"reply":"r7","request":"3"}}}"#,
        r#"{"type":"response.created","response":{"id":"resp_2","metadata":null}}"#,
        r#"{"type":"response.output_item.added","response_id":"resp_1","output_index":0,"item":{"id":"item_4","type":"message"}}"#,
        r#"{"type":"response.function_call_arguments.delta","response_id":"resp_1","item_id":"item_5","delta":"{\"d"}"#,
        r#"{"type":"response.output_item.done","response_id":"resp_1","item":{"id":"item_5","type":"function_call","status":"completed","call_id":"call_3","name":"book","arguments":""}}"#,
        r#"{"type":"response.output_item.done","response_id":"resp_1","item":{"id":"item_5","type":"function_call","status":"incomplete","call_id":"call_3","name":"book","arguments":"{\"d"}}"#,
        r#"{"type":"response.done","response":{"id":"resp_1","status":"cancelled","status_details":{"type":"cancelled","reason":"client_cancelled"}}}"#,
        r#"{"type":"response.done","response":{"id":"resp_1","status":"incomplete","status_details":{"reason":"max_output_tokens"}}}"#,
        r#"{"type":"conversation.item.added","item":{"id":"item_4"}}"#,
        r#"{"type":"rate_limits.updated","rate_limits":[{"name":"tokens","limit":1}]}"#,
        r#"{"type":"something.of.tomorrow","delta":{"a":[1]}}"#,
    ]), @r#"
    ResponseCreated { response: "resp_1", request: Some(Request { reply: ReplyId(7), number: 3 }) }
    ResponseCreated { response: "resp_2", request: None }
    ItemAdded { response: "resp_1", item: "item_4" }
    Alive { response: "resp_1" }
    ItemDone { response: "resp_1", item: "item_5", call: Some(ToolCall { id: "call_3", name: "book", arguments: "{}" }) }
    ItemDone { response: "resp_1", item: "item_5", call: None }
    ResponseDone(Done { response: "resp_1", end: Cancelled, calls: [], usage: RealtimeTokens { input_text: 0, input_audio: 0, cached_text: 0, cached_audio: 0, output_text: 0, output_audio: 0 } })
    ResponseDone(Done { response: "resp_1", end: TooLong, calls: [], usage: RealtimeTokens { input_text: 0, input_audio: 0, cached_text: 0, cached_audio: 0, output_text: 0, output_audio: 0 } })
    Nothing
    Nothing
    Nothing
    "#);
}

fn done_with(rest: &str) -> Done {
    let message = format!(r#"{{"type":"response.done","response":{{"id":"r",{rest}}}}}"#);
    let Ok(FromRealtime::ResponseDone(done)) = read(&message) else {
        panic!("no response: {message}");
    };
    done
}

#[test]
fn tokens_are_counted_by_kind() {
    let usage = |usage: Value| done_with(&format!(r#""status":"completed","usage":{usage}"#)).usage;
    assert_eq!(
        usage(json!({
            "total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
            "input_token_details": { "text_tokens": 119, "audio_tokens": 13, "image_tokens": 0,
                "cached_tokens": 64,
                "cached_tokens_details": { "text_tokens": 60, "audio_tokens": 4 } },
            "output_token_details": { "text_tokens": 30, "audio_tokens": 91 },
        })),
        RealtimeTokens {
            input_text: 119,
            input_audio: 13,
            cached_text: 60,
            cached_audio: 4,
            output_text: 30,
            output_audio: 91,
        }
    );
    // What nobody explains is charged as the dearer kind, and the cache never exceeds its kind.
    assert_eq!(
        usage(json!({ "input_tokens": 10, "output_tokens": 5,
            "input_token_details": { "text_tokens": 4, "cached_tokens": 9 },
            "output_token_details": "odd" })),
        RealtimeTokens {
            input_text: 4,
            input_audio: 6,
            cached_text: 4,
            cached_audio: 0,
            output_text: 0,
            output_audio: 5,
        }
    );
    assert_eq!(usage(json!("odd")), RealtimeTokens::default());
}

#[test]
fn a_failed_response_says_what_to_do_about_it() {
    let failed = |code: &str| {
        let done = done_with(&format!(
            r#""status":"failed","status_details":{{"error":{{"type":"server_error","code":"{code}","message":"no"}}}}"#
        ));
        match done.end {
            End::Failed(error) => error.verdict(),
            End::Cancelled | End::Completed | End::TooLong => panic!("not failed"),
        }
    };
    assert!(matches!(
        failed("inference_rate_limit_exceeded"),
        Verdict::RetryAfter(_)
    ));
    assert_eq!(failed("server_error"), Verdict::Retry);
    assert_eq!(failed("insufficient_quota"), Verdict::KeyRefused);
    let filtered =
        done_with(r#""status":"incomplete","status_details":{"reason":"content_filter"}"#);
    assert!(matches!(filtered.end, End::Failed(error) if error.verdict() == Verdict::GiveUp));
    let silent = done_with(r#""status":"failed""#);
    assert!(matches!(silent.end, End::Failed(error) if error.verdict() == Verdict::SwitchProvider));
}

#[test]
fn calls_stand_in_the_summary_of_a_response_too() {
    let done = done_with(
        r#""status":"completed","output":[{"id":"item_4","type":"message"},{"id":"item_5","type":"function_call","call_id":"c","name":"book","arguments":"{\"day\":1}"},null,7]"#,
    );
    let call = ToolCall {
        id: "c".into(),
        name: "book".into(),
        arguments: r#"{"day":1}"#.into(),
    };
    assert_eq!(done.calls, [("item_5".to_owned(), call)]);
    assert!(
        done_with(r#""status":"completed","output":{"odd":1}"#)
            .calls
            .is_empty()
    );
}

#[test]
fn odd_messages_are_refused_or_ignored_never_believed() {
    insta::assert_snapshot!(shown(&[
        "",
        "<html>502</html>",
        "[]",
        r#"{"type":"response.output_audio.delta","delta":"%%%"}"#,
        r#"{"type":7}"#,
        r#"{"type":"error"}"#,
        r#"{"type":"error","error":null}"#,
        r#"{"type":"response.created","response":[1]}"#,
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":-5,"item_id":null}"#,
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":1e300,"item_id":{"a":1}}"#,
        r#"{"type":"response.output_item.done","response_id":"r","item":"item_5"}"#,
    ]), @r#"
    openai: unreadable answer: 0 bytes of JSON that is cut off, at 1:0
    openai: unreadable answer: 16 bytes of no JSON, at 1:1
    Nothing
    openai: unreadable answer: audio that is no base64
    Nothing
    Nothing
    Nothing
    ResponseCreated { response: "", request: None }
    SpeechStarted { item: "", at: Millis(0) }
    SpeechStarted { item: "", at: Millis(31622400000) }
    ItemDone { response: "r", item: "", call: None }
    "#);
}
