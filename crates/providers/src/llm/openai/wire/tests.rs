use proptest::prelude::*;
use session::ToolCall;

use super::*;
use crate::Verdict;

/// A recorded answer: a role, text, hidden thoughts, a tool call in pieces, counts.
const RECORDED: &str = concat!(
    ": keepalive\n\n",
    r#"data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"¡Ho"},"finish_reason":null}],"obfuscation":"x7"}"#,
    "\r\n\r\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"la! \ud83d"}},{"index":1,"delta":{"content":"other"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"\ude00","reasoning":"hm"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"call_1","type":"function","function":{"name":"book","arguments":"{\"day\""}}]}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":":2}"}},{"index":2,"id":"call_2","function":{"name":"end_call","arguments":""}}]}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    "\n\n",
    r#"data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":16,"cache_write_tokens":3}}}"#,
    "\n\n",
    "data: [DONE]\n\n",
);

#[derive(Debug, PartialEq)]
struct Read {
    text: String,
    tools: Vec<ToolCall>,
    tokens: Tokens,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Read, ProviderError> {
    let mut reader = AnswerReader::new(0);
    let mut written = Vec::new();
    for piece in pieces {
        written.extend(reader.read(piece)?.written);
    }
    if reader.state() != State::Done {
        written.extend(reader.finish()?.written);
    }
    reader.outcome()?;
    let (mut text, mut tools) = (String::new(), Vec::new());
    for part in written {
        match part {
            Written::Text(part) => text.push_str(&part),
            Written::Tool(call) => tools.push(call),
            Written::Used(_) => {}
        }
    }
    Ok(Read {
        text,
        tools,
        tokens: reader.tokens(40),
    })
}

fn whole(stream: &str) -> Result<Read, ProviderError> {
    read([stream.as_bytes()])
}

fn text(stream: &str) -> String {
    whole(stream).expect("an answer").text
}

#[test]
fn a_recorded_answer_is_read_at_any_split() {
    let recorded = whole(RECORDED).expect("an answer");
    assert_eq!(recorded.text, "¡Hola! 😀");
    let calls: Vec<(&str, &str, &str)> = recorded
        .tools
        .iter()
        .map(|call| {
            (
                call.id.as_str(),
                call.name.as_str(),
                call.arguments.as_str(),
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("call_1", "book", r#"{"day":2}"#),
            ("call_2", "end_call", "{}")
        ]
    );
    let tokens = Tokens {
        input: 20,
        cached: 16,
        cache_writes: 3,
        long_cache_writes: 0,
        output: 5,
    };
    assert_eq!(recorded.tokens, tokens);
    assert_eq!(
        read(RECORDED.as_bytes().chunks(1)).expect("an answer"),
        recorded
    );
    for at in 0..RECORDED.len() {
        let (one, two) = RECORDED.as_bytes().split_at(at);
        assert_eq!(
            read([one, two]).expect("an answer"),
            recorded,
            "cut at {at}"
        );
    }
}

#[test]
fn an_answer_without_counts_is_estimated() {
    let answer = whole(concat!(
        r#"data: {"choices":[{"delta":{"content":"12345678 "}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        "\n\n",
    ));
    let tokens = Tokens {
        input: 10,
        output: 3,
        ..Tokens::default()
    };
    assert_eq!(answer.expect("an answer").tokens, tokens);
}

#[test]
fn the_last_count_is_the_whole() {
    let answer = whole(concat!(
        r#"data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":2}}}"#,
        "\n\n",
    ));
    assert_eq!(answer.expect("an answer").tokens.output, 2);
}

#[test]
fn what_a_server_does_not_count_is_estimated() {
    for (usage, tokens) in [
        ("{}", [10, 0, 3]),
        (
            r#"{"prompt_tokens":null,"completion_tokens":7}"#,
            [10, 0, 7],
        ),
        (
            r#"{"prompt_tokens":30,"prompt_tokens_details":{"cached_tokens":20}}"#,
            [30, 20, 3],
        ),
    ] {
        let answer = whole(&format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"12345678 \"}}}}]}}\n\n\
             data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n",
        ));
        let Tokens {
            input,
            cached,
            output,
            ..
        } = answer.expect("an answer").tokens;
        assert_eq!([input, cached, output], tokens, "{usage}");
    }
}

#[test]
fn tool_calls_and_thoughts_are_estimated_too() {
    let answer = whole(concat!(
        r#"data: {"choices":[{"delta":{"reasoning":"1234","reasoning_content":"1234"}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"book","arguments":"{\"day\":12}"}}]}}]}"#,
        "\n\ndata: [DONE]\n\n",
    ));
    // Four of the thought, four of the name, ten of the arguments.
    assert_eq!(answer.expect("an answer").tokens.output, 5);
}

#[test]
fn a_model_that_is_cut_before_its_first_word_has_not_answered() {
    let ended = |delta: &str, reason: &str| {
        whole(&format!(
            "data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\n\
             data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\n\
             data: [DONE]\n\n",
        ))
    };
    let nothing = r#"{"reasoning":"hm","content":" "}"#;
    for (reason, verdict) in [
        ("length", Verdict::SwitchProvider),
        ("content_filter", Verdict::GiveUp),
    ] {
        let error = ended(nothing, reason).expect_err(reason);
        assert_eq!(error.verdict(), verdict, "{reason}");
        assert_eq!(
            error.to_string(),
            format!("openai: refused with 200: {reason}: nothing was written")
        );
        let words = ended(r#"{"content":"Well"}"#, reason).expect("an answer");
        assert_eq!(words.text, "Well", "{reason}");
        let call = r#"{"tool_calls":[{"index":0,"function":{"name":"book"}}]}"#;
        assert_eq!(ended(call, reason).expect("an answer").tools.len(), 1);
    }
    assert!(ended(nothing, "stop").is_ok(), "nothing was wrong");
}

#[test]
fn odd_chunks_do_not_end_a_stream() {
    assert_eq!(
        text(concat!(
            "data: {\"choices\":[]}\n\n",
            "data: {\"choices\":null,\"prompt_filter_results\":[1]}\n\n",
            "data: {\"choices\":[{\"delta\":null}]}\n\n",
            "data: {\"choices\":[{}]}\n\n",
            "data: {oops\n\ndata: 7\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":null,\"refusal\":\"I cannot.\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":[1]},\"finish_reason\":\"stop\"}]}\n\n",
        )),
        "I cannot."
    );
}

#[test]
fn too_many_odd_chunks_are_not_its_protocol() {
    let error = whole(&"data: {oops\n\n".repeat(9)).expect_err("garbled");
    assert_eq!(
        error.to_string(),
        "openai: unreadable answer: 5 bytes in place of an answer"
    );
}

#[test]
fn a_stream_that_is_cut_off_is_a_failure() {
    for cut in [
        "",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"book\"}}]}}]}\n\n",
    ] {
        assert!(
            matches!(whole(cut), Err(ProviderError::Garbled { .. })),
            "{cut}"
        );
    }
}

#[test]
fn the_end_may_come_without_a_reason_or_a_last_line() {
    assert_eq!(
        text("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]"),
        "a"
    );
}

#[test]
fn a_server_that_does_not_stream_is_read_too() {
    let answer = whole(
        r#"{
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello.", "tool_calls":
            [{"id": "a", "type": "function", "function": {"name": "x", "arguments": "{}"}}]},
            "finish_reason": "tool_calls"}],
          "usage": {"prompt_tokens": 3, "completion_tokens": 2}
        }"#,
    );
    let answer = answer.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.tools.len()), ("Hello.", 1));
    assert_eq!(answer.tokens.output, 2);
}

#[test]
fn errors_hide_behind_200() {
    for (answer, shown, verdict) in [
        (
            r#"{"error":{"message":"no credits","code":402}}"#,
            "openai: refused with 402: 402: no credits",
            Verdict::KeyRefused,
        ),
        (
            "event: error\ndata: {\"error\":{\"message\":\"it broke\",\"type\":\"server_error\",\"code\":null}}\n\n",
            "openai: refused with 200: server_error: it broke",
            Verdict::Retry,
        ),
        (
            "data: {\"choices\":[],\"x_groq\":{\"error\":\"over\"}}\n\n",
            "openai: refused with 200: over",
            Verdict::Retry,
        ),
        (
            "<html>sign in</html>",
            "openai: unreadable answer: a page in place of an answer: <html>sign in</html>",
            Verdict::SwitchProvider,
        ),
        (
            r#"{"object":"list"}"#,
            "openai: unreadable answer: 17 bytes in place of an answer",
            Verdict::SwitchProvider,
        ),
    ] {
        let error = whole(answer).expect_err(answer);
        assert_eq!(
            (error.to_string().as_str(), error.verdict()),
            (shown, verdict)
        );
    }
}

#[test]
fn only_writing_moves_an_answer() {
    let mut reader = AnswerReader::new(0);
    let mut moved = |piece: &str| reader.read(piece.as_bytes()).expect("read").moved;
    assert!(!moved(": OPENROUTER PROCESSING\n\n"));
    assert!(!moved(
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    ));
    assert!(moved(
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
    ));
    assert!(moved(
        "data: {\"choices\":[{\"delta\":{\"content\":\"<think>\"}}]}\n\n"
    ));
}

#[test]
fn blanks_before_the_answer_do_not_matter() {
    let stream = format!(" \t\r\n{}", RECORDED.trim_start_matches(": keepalive\n\n"));
    let pieces = read(stream.as_bytes().chunks(1)).expect("an answer");
    assert_eq!(whole(&stream).expect("an answer"), pieces);
    assert_eq!(pieces.text, "¡Hola! 😀");
}

#[test]
fn blanks_before_a_whole_body_do_not_matter() {
    let body = r#"{"choices":[{"message":{"content":"Hello."},"finish_reason":"stop"}]}"#;
    assert_eq!(text(&format!("\n\n{body}\n")), "Hello.");
}

#[test]
fn an_endless_reply_is_given_up() {
    for field in ["content", "reasoning"] {
        let piece =
            format!("data: {{\"choices\":[{{\"delta\":{{\"{field}\":\"lalala \"}}}}]}}\n\n");
        let error = whole(&piece.repeat(3_000)).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "openai: unreadable answer: the reply does not end"
        );
    }
}

#[test]
fn endless_arguments_are_given_up() {
    let piece = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"x","arguments":"lalala "}}]}}]}"#;
    let error = whole(&format!("{piece}\n\n").repeat(3_000)).expect_err("too long");
    assert!(
        error.to_string().ends_with("the reply does not end"),
        "{error}"
    );
}

#[test]
fn an_endless_line_is_given_up() {
    let mut reader = AnswerReader::new(0);
    let piece = vec![b'x'; 16_000];
    let failed = (0..1_000).find_map(|_n| reader.read(&piece).err());
    assert!(matches!(failed, Some(ProviderError::Garbled { .. })));
}

proptest! {
    #[test]
    fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8)) {
        let _read = read(pieces.iter().map(Vec::as_slice));
    }
}
