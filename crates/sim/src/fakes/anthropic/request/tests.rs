use super::*;

fn sound() -> Value {
    json!({ "model": "claude-haiku-5-5", "max_tokens": 150, "stream": true,
        "system": [{ "type": "text", "text": "s",
            "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
        "tools": [{ "name": "book", "input_schema": { "type": "object" } }],
        "messages": [{ "role": "user", "content": "u" }] })
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut body = sound();
    assert!(read(&body).is_ok());
    change(&mut body);
    read(&body).unwrap_err().message
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    let mark = json!({ "type": "ephemeral" });
    let marked = json!({ "type": "text", "text": "t", "cache_control": mark });
    for (path, value, message) in [
        ("/model", json!(""), "model"),
        ("/max_tokens", json!("many"), "max_tokens"),
        ("/stream", Value::Null, "Unset"),
        ("/messages", json!([]), "at least one"),
        ("/messages/0/role", json!("assistant"), "first message"),
        ("/messages/0/role", json!("system"), "first message"),
        ("/messages/0/content", json!(" "), "non-empty"),
        ("/messages/0/content", json!([]), "Invalid"),
        (
            "/messages/0/content",
            json!([{ "type": "image" }]),
            "should be text",
        ),
        ("/system/0/text", json!(""), "non-empty"),
        ("/system/0/cache_control/ttl", json!("2h"), "cache_control"),
        ("/tools/0/name", json!("a.b"), "pattern"),
        ("/tools/0/input_schema", json!({}), "input_schema"),
        (
            "/messages/0/content",
            json!([marked, marked, marked, marked]),
            "maximum of 4",
        ),
    ] {
        let shown = refused(|body| *body.pointer_mut(path).unwrap() = value);
        assert!(shown.contains(message), "{path}: {shown}");
    }
    assert!(refused(|body| body["top_k"] = json!(1)).contains("Extra inputs"));
    let later = json!({ "type": "text", "text": "s", "cache_control": { "type": "ephemeral", "ttl": "1h" } });
    let early = |body: &mut Value| body["tools"][0]["cache_control"] = mark.clone();
    assert!(refused(early).contains("must not come after"));
    assert!(
        refused(|body| body["system"] = json!([marked, later])).contains("must not come after")
    );
    let twice = |body: &mut Value| body["tools"] = json!([body["tools"][0], body["tools"][0]]);
    assert!(refused(twice).contains("unique"));
    let choice = |body: &mut Value| {
        body.as_object_mut().unwrap().remove("tools");
        body["tool_choice"] = json!({ "type": "auto" });
    };
    assert!(refused(choice).contains("tool_choice"));
}

/// A request with so many strict tools, each with an argument of this name and type.
fn guaranteed(tools: usize, name: &str, kind: Value) -> Result<(), String> {
    let mut properties = json!({});
    properties[name] = json!({ "type": kind });
    let schema = json!({ "type": "object", "properties": properties, "required": [name],
        "additionalProperties": false });
    let tool = |at| json!({ "name": format!("t{at}"), "strict": true, "input_schema": schema });
    let mut body = sound();
    body["tools"] = (0..tools).map(tool).collect();
    read(&body).map(|_| ()).map_err(|refusal| refusal.message)
}

#[test]
fn few_tools_are_guaranteed() {
    assert_eq!(guaranteed(20, "day", json!("string")), Ok(()));
    let shown = guaranteed(21, "day", json!("string")).unwrap_err();
    assert!(shown.contains("Too many strict tools (21)"), "{shown}");
}

#[test]
fn few_guaranteed_arguments_have_several_types() {
    let perhaps = json!(["string", "null"]);
    assert_eq!(guaranteed(16, "day", perhaps.clone()), Ok(()));
    let shown = guaranteed(17, "day", perhaps).unwrap_err();
    assert!(shown.contains("union types (17)"), "{shown}");
}

#[test]
fn what_cannot_be_guaranteed_is_refused() {
    let shown = guaranteed(1, "day", json!("date")).unwrap_err();
    assert!(
        shown.contains("tools.0.custom.input_schema: 'date'"),
        "{shown}"
    );
}

#[test]
fn names_of_arguments_are_plain() {
    let long = "a".repeat(64);
    for (name, taken) in [
        ("day.of_the-week1", true),
        (long.as_str(), true),
        ("día", false),
        ("", false),
        (&format!("{long}a"), false),
    ] {
        let mut body = sound();
        body["tools"][0]["input_schema"]["properties"] = json!({ name: {} });
        assert_eq!(read(&body).is_ok(), taken, "{name:?}");
    }
}

#[test]
fn models_differ_in_what_they_take() {
    let with = |model: &str, name: &str, value: Value| {
        let mut body = sound();
        body["model"] = json!(model);
        body[name] = value;
        read(&body).is_ok()
    };
    for (model, mode, taken) in [
        ("claude-haiku-5-5", "disabled", true),
        ("claude-sonnet-5-5", "disabled", false),
        ("claude-sonnet-5-5", "between_tools", true),
        ("claude-haiku-5-5", "between_tools", false),
        ("claude-opus-5-5", "disabled", false),
        ("claude-fable-5-1", "disabled", false),
        ("claude-fable-5-1", "adaptive", true),
        ("claude-opus-5", "enabled", false),
    ] {
        assert_eq!(
            with(model, "thinking", json!({ "type": mode })),
            taken,
            "{model} {mode}"
        );
    }
    assert!(!with("claude-haiku-5-5", "temperature", json!(0.5)));
    assert!(with("claude-haiku-4-5", "temperature", json!(0.5)));
    assert!(!with("claude-haiku-4-5", "temperature", json!(1.5)));
}

fn talk(messages: &[Value]) -> Result<Vec<Value>, String> {
    let mut body = sound();
    body["messages"] = json!(messages);
    body.as_object_mut().unwrap().remove("system");
    let read = read(&body).map_err(|refusal| refusal.message);
    read.map(|asking| asking.chat.messages)
}

fn user(content: Value) -> Value {
    json!({ "role": "user", "content": content })
}

fn assistant(content: Value) -> Value {
    json!({ "role": "assistant", "content": content })
}

fn call(id: &str) -> Value {
    json!({ "type": "tool_use", "id": id, "name": "book", "input": { "day": 2 } })
}

fn result(id: &str) -> Value {
    json!({ "type": "tool_result", "tool_use_id": id, "content": "ok" })
}

#[test]
fn every_call_wants_its_result_first_in_the_next_message() {
    let said = json!({ "type": "text", "text": "t" });
    let calls = assistant(json!([said, call("a"), call("b")]));
    let talk = |answers: Value| talk(&[user(json!("u")), calls.clone(), user(answers)]);
    assert!(talk(json!([result("b"), result("a"), said])).is_ok());
    for (answers, message) in [
        (json!("and?"), "without `tool_result`"),
        (json!([result("a")]), "without `tool_result`"),
        (
            json!([said, result("a"), result("b")]),
            "without `tool_result`",
        ),
        (
            json!([result("a"), result("b"), said, result("a")]),
            "come first",
        ),
        (
            json!([result("a"), result("a")]),
            "unexpected `tool_use_id`",
        ),
    ] {
        let shown = talk(answers.clone()).unwrap_err();
        assert!(shown.contains(message), "{answers}: {shown}");
    }
}

#[test]
fn calls_are_well_formed_and_unique() {
    let talk = |block: Value| {
        let answer = user(json!([result("a")]));
        talk(&[
            user(json!("u")),
            assistant(json!([call("a")])),
            answer,
            assistant(json!([block])),
        ])
        .unwrap_err()
    };
    assert!(talk(call("a")).contains("unique"));
    assert!(talk(call("a.b")).contains("pattern"));
    let mut text = call("b");
    text["input"] = json!("{}");
    assert!(talk(text).contains("dictionary"));
    assert!(talk(call("b")).contains("without `tool_result`"));
}

#[test]
fn the_last_word_is_the_callers() {
    let shown = talk(&[user(json!("u")), assistant(json!("a"))]).unwrap_err();
    assert!(shown.contains("prefill"), "{shown}");
}

#[test]
fn a_conversation_is_told_in_the_words_of_a_chat() {
    let told = talk(&[
        user(json!("…")),
        assistant(json!("Hello.")),
        user(json!([{ "type": "text", "text": "Tuesday" }])),
        assistant(json!([{ "type": "text", "text": "One moment." }, call("a")])),
        user(json!([result("a"), { "type": "text", "text": "And?" }])),
    ]);
    assert_eq!(
        told.unwrap(),
        [
            json!({ "role": "assistant", "content": "Hello." }),
            json!({ "role": "user", "content": "Tuesday" }),
            json!({ "role": "assistant", "content": "One moment.", "tool_calls": [{ "id": "a",
                "type": "function", "function": { "name": "book", "arguments": "{\"day\":2}" } }] }),
            json!({ "role": "tool", "tool_call_id": "a", "content": "ok" }),
            json!({ "role": "user", "content": "And?" }),
        ]
    );
}
