use super::*;
use crate::llm::ToolOffer;

fn settings() -> ModelSettings {
    ModelSettings {
        model: "claude-haiku-5-5".into(),
        max_tokens: 150,
        temperature: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning_effort: None,
        tools: Vec::new(),
    }
}

fn agent(text: &str, interrupted: bool, tools: &[&str]) -> Message {
    let tools = tools.iter().map(|id| ToolCall {
        id: (*id).into(),
        name: "book".into(),
        arguments: r#" {"day":2} "#.into(),
    });
    Message::Agent {
        text: text.into(),
        interrupted,
        tools: tools.collect(),
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

fn asked(system: &str, messages: Vec<Message>, settings: &ModelSettings) -> String {
    asked_of(Server::Anthropics, system, messages, settings)
}

fn asked_of(
    server: Server,
    system: &str,
    messages: Vec<Message>,
    settings: &ModelSettings,
) -> String {
    let prompt = Prompt {
        system: system.into(),
        messages,
        may_press: false,
    };
    String::from_utf8(body(server, &prompt, settings, &Thoughts::default())).expect("UTF-8")
}

/// The messages alone, one block per line, `*` where it is kept in the cache.
fn conversation(messages: Vec<Message>) -> String {
    let body = asked("", messages, &settings());
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let mut lines = String::new();
    for turn in body["messages"].as_array().expect("messages") {
        for block in turn["content"].as_array().expect("blocks") {
            let kept = block.get("cache_control").map_or("", |_kept| " *");
            let line = match block["type"].as_str().expect("a type") {
                "text" => block["text"].to_string(),
                "tool_use" => format!("+{} {} {}", block["id"], block["name"], block["input"]),
                _ => format!(
                    "={} {} {}",
                    block["tool_use_id"], block["content"], block["is_error"]
                ),
            };
            lines.push_str(&format!("{} {line}{kept}\n", turn["role"]));
        }
    }
    lines.replace('"', "")
}

#[test]
fn a_request_carries_what_was_set_and_no_more() {
    insta::assert_snapshot!(asked("Be brief.", vec![caller("Hola")], &settings()), @r#"{"model":"claude-haiku-5-5","max_tokens":150,"stream":true,"thinking":{"type":"disabled"},"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Hola","cache_control":{"type":"ephemeral","ttl":"5m"}}]}]}"#);
}

#[test]
fn a_request_offers_tools_and_keeps_what_the_operator_set() {
    let settings = ModelSettings {
        model: "claude-haiku-4-5".into(),
        temperature: Some(0.5),
        presence_penalty: Some(0.6),
        frequency_penalty: Some(0.3),
        tools: vec![
            ToolOffer {
                name: "book".into(),
                description: "Books a table.".into(),
                parameters: r#"{"type":"object","properties":{"day":{"type":"string"}}}"#.into(),
            },
            ToolOffer {
                name: "end_call".into(),
                description: " ".into(),
                parameters: "oops".into(),
            },
            ToolOffer {
                name: "move".into(),
                description: String::new(),
                parameters: r#"{"type":"object","properties":{"day":{"type":"string"}},"required":["day"],"additionalProperties":false}"#.into(),
            },
        ],
        ..settings()
    };
    insta::assert_snapshot!(asked(" \n", vec![caller("Hola")], &settings), @r#"{"model":"claude-haiku-4-5","max_tokens":150,"stream":true,"temperature":0.5,"thinking":{"type":"disabled"},"tools":[{"name":"book","description":"Books a table.","input_schema":{"type":"object","properties":{"day":{"type":"string"}}}},{"name":"end_call","input_schema":{"type":"object","properties":{}}},{"name":"move","strict":true,"input_schema":{"type":"object","properties":{"day":{"type":"string"}},"required":["day"],"additionalProperties":false}}],"messages":[{"role":"user","content":[{"type":"text","text":"Hola","cache_control":{"type":"ephemeral","ttl":"5m"}}]}]}"#);
}

#[test]
fn anthropic_guarantees_the_arguments_of_a_few_tools() {
    let offer = |kind: &str| ToolOffer {
        name: "move".into(),
        description: String::new(),
        parameters: format!(
            r#"{{"type":"object","properties":{{"day":{{"type":{kind}}}}},"required":["day"],"additionalProperties":false}}"#
        ),
    };
    let strict = |server, kinds: &[&str]| {
        let settings = ModelSettings {
            tools: kinds.iter().copied().map(offer).collect(),
            ..settings()
        };
        let body = asked_of(server, "", vec![caller("Hola")], &settings);
        body.matches(r#""strict":true"#).count()
    };
    const DAY: &str = r#""string""#;
    const PERHAPS: &str = r#"["string","null"]"#;
    assert_eq!(strict(Server::Anthropics, &[DAY; 5]), 5);
    assert_eq!(strict(Server::Anthropics, &[DAY; 6]), 0);
    assert_eq!(strict(Server::Anthropics, &[DAY, PERHAPS]), 1);
    assert_eq!(strict(Server::Anyones, &[DAY]), 0);
    for (base, server) in [
        (super::super::Anthropic::BASE_URL, Server::Anthropics),
        ("https://gateway.example/api.anthropic.com", Server::Anyones),
    ] {
        let base = BaseUrl::parse("", base).expect("an address");
        assert_eq!(Server::of(&base), server, "{base:?}");
    }
}

#[test]
fn a_greeting_stands_behind_a_silent_caller() {
    insta::assert_snapshot!(conversation(vec![
        agent(" Hello, this is Acme. ", false, &[]),
        caller(" I want to book \n"),
    ]), @r#"
user …
assistant Hello, this is Acme.
user I want to book *
"#);
}

#[test]
fn the_last_word_is_never_the_agents() {
    insta::assert_snapshot!(conversation(vec![
        caller("Hi"),
        agent("Hello.", false, &[]),
        agent("Are you there?", false, &[]),
    ]), @r#"
user Hi *
assistant Hello.\nAre you there?
user …
"#);
    assert_eq!(conversation(Vec::new()), "user … *\n");
}

#[test]
fn turns_of_one_side_become_one() {
    insta::assert_snapshot!(conversation(vec![
        caller("Stop"),
        caller(" "),
        caller("I want to book"),
        agent("Sure.", false, &[]),
        agent("", false, &["a"]),
        tool_answer("a", "full"),
        caller("And?"),
        caller("Well?"),
    ]), @r#"
user Stop\nI want to book
assistant Sure.
assistant +a book {day:2}
user =a full null
user And?\nWell? *
"#);
}

#[test]
fn every_call_is_answered_before_anything_else_is_said() {
    insta::assert_snapshot!(conversation(vec![
        caller("Book Tuesday and Friday"),
        agent("One moment.", false, &["a", "b"]),
        caller("And?"),
        tool_answer("b", "full"),
        tool_answer("stray", "?"),
        tool_answer("b", "twice"),
        agent("Friday is full.", false, &[]),
        caller("Wednesday"),
        agent("", false, &["c"]),
        tool_answer("c", "booked"),
    ]), @r#"
user Book Tuesday and Friday
assistant One moment.
assistant +a book {day:2}
assistant +b book {day:2}
user =a cancelled true
user =b full null
user And?
assistant Friday is full.
user Wednesday
assistant +c book {day:2}
user =c booked null *
"#);
}

#[test]
fn ids_are_used_once_and_in_the_characters_that_are_accepted() {
    insta::assert_snapshot!(conversation(vec![
        agent("", false, &["functions.book:0"]),
        tool_answer("functions.book:0", "first"),
        agent("", false, &["functions.book:0", ""]),
        tool_answer("functions.book:0", "second"),
        tool_answer("", "third"),
    ]), @r#"
user …
assistant +functions_book_0 book {day:2}
user =functions_book_0 first null
assistant +functions_book_0_2 book {day:2}
assistant +unknown book {day:2}
user =functions_book_0_2 second null
user =unknown third null *
"#);
}

#[test]
fn what_was_not_heard_is_not_said() {
    insta::assert_snapshot!(conversation(vec![
        caller("Hi"),
        agent("Hello, this is ", true, &[]),
        caller("Stop"),
        agent(" ", true, &[]),
        caller("I want to book"),
    ]), @r#"
user Hi
assistant Hello, this is…
user Stop\nI want to book *
"#);
}

#[test]
fn arguments_are_an_object_whatever_was_written() {
    for (written, sent) in [
        (r#"{"a":{"b":[1]}}"#, r#"{"a":{"b":[1]}}"#),
        ("", "{}"),
        (r#"{"day":"#, "{}"),
        ("[1]", "{}"),
        ("null", "{}"),
    ] {
        let call = ToolCall {
            id: "a".into(),
            name: "book".into(),
            arguments: written.into(),
        };
        assert_eq!(arguments(&call).get(), sent, "{written}");
    }
}
