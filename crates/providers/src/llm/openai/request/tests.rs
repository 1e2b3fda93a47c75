use super::*;
use crate::llm::ToolOffer;

fn settings() -> ModelSettings {
    ModelSettings {
        model: "gpt-6-luna".into(),
        max_tokens: 150,
        temperature: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning_effort: None,
        tools: Vec::new(),
    }
}

fn agent(text: &str, interrupted: bool, tools: &[&str]) -> Message {
    Message::Agent {
        text: text.into(),
        interrupted,
        tools: tools
            .iter()
            .map(|id| ToolCall {
                id: (*id).into(),
                name: "book".into(),
                arguments: String::new(),
            })
            .collect(),
    }
}

fn tool_answer(id: &str, output: &str) -> Message {
    Message::Tool {
        id: id.into(),
        output: output.into(),
    }
}

fn caller(text: &str) -> Message {
    Message::Caller(text.into())
}

fn asked(profile: Profile, messages: Vec<Message>, settings: &ModelSettings) -> String {
    let prompt = Prompt {
        system: "Be brief.".into(),
        messages,
        may_press: false,
    };
    String::from_utf8(body(&profile, &prompt, settings)).expect("UTF-8")
}

/// The messages alone, one per line: role, text, calls, what it answers.
fn conversation(messages: Vec<Message>) -> String {
    let body = asked(Profile::COMPATIBLE, messages, &settings());
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let lines = body["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .skip(1)
        .map(|message| {
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            let ids: String = calls.map(|call| format!(" +{}", call["id"])).collect();
            let answers = message
                .get("tool_call_id")
                .map_or_else(String::new, |id| format!(" ={id}"));
            format!("{} {}{ids}{answers}\n", message["role"], message["content"])
        });
    lines.collect::<String>().replace('"', "")
}

#[test]
fn openai_is_asked_by_its_newest_names() {
    insta::assert_snapshot!(
        asked(Profile::OPENAI, vec![caller("Hola")], &settings()),
        @r#"{"model":"gpt-6-luna","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hola"}],"max_completion_tokens":150,"reasoning_effort":"none"}"#
    );
}

#[test]
fn other_servers_are_asked_by_the_names_that_all_know() {
    let settings = ModelSettings {
        model: "llama3.3".into(),
        temperature: Some(0.7),
        presence_penalty: Some(0.6),
        frequency_penalty: Some(0.3),
        reasoning_effort: Some("none".into()),
        tools: vec![
            ToolOffer {
                name: "book".into(),
                description: "Books a table.".into(),
                parameters: r#"{"type":"object","properties":{"day":{"type":"string"}}}"#.into(),
            },
            ToolOffer {
                name: "end_call".into(),
                description: String::new(),
                parameters: "oops".into(),
            },
        ],
        ..settings()
    };
    insta::assert_snapshot!(
        asked(Profile::COMPATIBLE, vec![caller("Hi")], &settings),
        @r#"{"model":"llama3.3","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"max_tokens":150,"temperature":0.7,"presence_penalty":0.6,"frequency_penalty":0.3,"reasoning_effort":"none","tools":[{"type":"function","function":{"name":"book","description":"Books a table.","parameters":{"type":"object","properties":{"day":{"type":"string"}}}}},{"type":"function","function":{"name":"end_call","description":"","parameters":{"type":"object","properties":{}}}}]}"#
    );
}

#[test]
fn openai_guarantees_arguments_whose_schema_it_can_keep_to() {
    let offer = |parameters: &str| ToolOffer {
        name: "book".into(),
        description: "Books a table.".into(),
        parameters: parameters.into(),
    };
    let open = r#"{"type":"object","properties":{"day":{"type":"string"}}}"#;
    let closed = r#"{"type":"object","properties":{"day":{"type":"string"}},"required":["day"],"additionalProperties":false}"#;
    let settings = ModelSettings {
        tools: vec![offer(open), offer(closed)],
        ..settings()
    };
    let tools = |profile| {
        let body = asked(profile, vec![caller("Hi")], &settings);
        let (_, tools) = body.split_once(r#""tools":"#).expect("tools");
        tools.to_owned()
    };
    insta::assert_snapshot!(tools(Profile::OPENAI), @r#"
    [{"type":"function","function":{"name":"book","description":"Books a table.","parameters":{"type":"object","properties":{"day":{"type":"string"}}}}},{"type":"function","function":{"name":"book","description":"Books a table.","strict":true,"parameters":{"type":"object","properties":{"day":{"type":"string"}},"required":["day"],"additionalProperties":false}}}]}
    "#);
    for profile in [Profile::AZURE, Profile::COMPATIBLE] {
        assert!(!tools(profile).contains("strict"), "{profile:?}");
    }
}

#[test]
fn every_tool_call_has_exactly_one_answer() {
    insta::assert_snapshot!(conversation(vec![
        caller("Book Tuesday and Friday"),
        agent("One moment.", false, &["a", "b"]),
        tool_answer("b", "full"),
        tool_answer("stray", "?"),
        caller("And?"),
        tool_answer("b", "twice"),
        agent("", false, &["a"]),
        tool_answer("a", "booked"),
    ]), @r#"
user Book Tuesday and Friday
assistant One moment. +call00000 +call00001
tool cancelled =call00000
tool full =call00001
user And?
assistant  +call00002
tool booked =call00002
"#);
}

#[test]
fn answers_belong_to_the_call_before_them() {
    insta::assert_snapshot!(conversation(vec![
        agent("", false, &["x"]),
        tool_answer("x", "first"),
        agent("", false, &["x"]),
        tool_answer("x", "second"),
    ]), @r#"
assistant  +call00000
tool first =call00000
assistant  +call00001
tool second =call00001
"#);
}

#[test]
fn what_was_not_heard_is_not_said() {
    insta::assert_snapshot!(conversation(vec![
        agent("Hello, this is", true, &[]),
        caller("Stop"),
        agent("", true, &[]),
        caller("I want to book"),
        agent("Sure.", false, &[]),
    ]), @r#"
assistant Hello, this is…
user Stop\nI want to book
assistant Sure.
"#);
}

#[test]
fn an_address_tells_its_profile() {
    let of = |text: &str| Profile::of(&BaseUrl::parse("OPENAI_BASE_URL", text).expect(text));
    assert_eq!(of("https://api.openai.com/v1"), Profile::OPENAI);
    assert_eq!(of("https://eu.api.openai.com/v1"), Profile::OPENAI);
    assert_eq!(of("https://x.openai.azure.com/openai/v1"), Profile::AZURE);
    assert_eq!(of("http://localhost:11434/v1"), Profile::COMPATIBLE);
    assert!(!of("https://api.mistral.ai/v1").asks_usage);
}

#[test]
fn a_reasoning_model_is_known_by_its_name() {
    for model in [
        "gpt-5",
        "gpt-5.6-luna",
        "gpt-6.1-sol",
        "openai/gpt-6-astra",
        "o1",
        "o3-mini",
    ] {
        assert!(is_reasoning_model(model), "{model}");
    }
    for model in [
        "gpt-4o",
        "gpt-4.1",
        "gpt-oss:20b",
        "openai/gpt-oss-120b",
        "olmo",
        "llama3.3",
        "gpt-",
    ] {
        assert!(!is_reasoning_model(model), "{model}");
    }
    let settings = ModelSettings {
        model: "gpt-5.6-luna".into(),
        ..settings()
    };
    let body = asked(Profile::COMPATIBLE, vec![caller("Hi")], &settings);
    assert!(body.ends_with(r#""max_completion_tokens":150}"#), "{body}");
}

#[test]
fn openais_models_think_as_little_as_they_can() {
    for (model, effort) in [
        ("gpt-6-luna", Some("none")),
        ("gpt-6.1-sol", Some("none")),
        ("gpt-5.4-mini-2026-03-01", Some("none")),
        ("gpt-5.1", Some("none")),
        ("gpt-5", Some("minimal")),
        ("gpt-5-mini-2025-08-07", Some("minimal")),
        ("o3", Some("low")),
        ("o4-mini-2025-04-16", Some("low")),
        ("gpt-5-chat-latest", None),
        ("gpt-5-pro", None),
        ("gpt-4o", None),
        ("gpt-4.1-mini", None),
        ("o1-preview", None),
        ("gpt-oss:20b", None),
        ("my-deployment", None),
    ] {
        assert_eq!(least_effort(model), effort, "{model}");
    }
}

#[test]
fn the_operators_effort_is_sent_as_it_is() {
    let settings = ModelSettings {
        reasoning_effort: Some("high".into()),
        ..settings()
    };
    let body = asked(Profile::AZURE, vec![caller("Hi")], &settings);
    assert!(body.contains(r#""reasoning_effort":"high""#), "{body}");
    let nothing_set = ModelSettings {
        reasoning_effort: None,
        ..settings
    };
    let body = asked(Profile::COMPATIBLE, vec![caller("Hi")], &nothing_set);
    assert!(!body.contains("reasoning_effort"), "{body}");
}

#[test]
fn what_another_model_asked_for_is_sent_in_a_form_that_is_accepted() {
    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    let message = Message::Agent {
        text: String::new(),
        interrupted: false,
        tools: vec![
            call("toolu_01A", "book", r#"{"day":"#),
            call("call00000", "mail.send", "null"),
            call("Ab3dE6gH9", "end_call", r#" {"why":1} "#),
        ],
    };
    let calls = |profile| {
        let body = asked(profile, vec![message.clone()], &settings());
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let calls = body["messages"][1]["tool_calls"].as_array().expect("calls");
        let shown = calls.iter().map(|call| {
            let function = &call["function"];
            format!(
                "{} {} {}\n",
                call["id"], function["name"], function["arguments"]
            )
        });
        shown.collect::<String>().replace(['"', '\\'], "")
    };
    insta::assert_snapshot!(calls(Profile::COMPATIBLE), @r#"
    call00000 book {}
    call00001 mail_send {}
    Ab3dE6gH9 end_call {why:1}
    "#);
    insta::assert_snapshot!(calls(Profile::OPENAI), @r#"
    toolu_01A book {}
    call00000 mail_send {}
    Ab3dE6gH9 end_call {why:1}
    "#);
}
