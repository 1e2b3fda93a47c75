use proptest::prelude::*;
use session::ToolCall;

use super::*;

/// An answer with everything in it: pings, hidden thoughts, text, two calls at once, counts.
const RECORDED: &str = concat!(
    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":10,"cache_read_input_tokens":1200,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":6},"output_tokens":1}}}"#,
    "\n\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
    "\r\n\r\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#,
    "\n\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\n\n",
    r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"¡Ho"}}"#,
    "\n\n: keepalive\n\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"la! \ud83d"}}"#,
    "\n\n",
    r#"data: {"type":"ping"}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"\ude00"}}"#,
    "\n\n",
    r#"data: {"type":"content_block_stop","index":1}"#,
    "\n\n",
    r#"data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"book","input":{}}}"#,
    "\n\n",
    r#"data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"end_call","input":{}}}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"day\""}}"#,
    "\n\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":":2}"}}"#,
    "\n\n",
    r#"data: {"type":"content_block_stop","index":2}"#,
    "\n\n",
    r#"data: {"type":"content_block_stop","index":3}"#,
    "\n\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":null,"output_tokens":42}}"#,
    "\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

const STOP: &str = "data: {\"type\":\"message_stop\"}\n\n";

#[derive(Debug, PartialEq)]
struct Read {
    text: String,
    tools: Vec<ToolCall>,
    tokens: Tokens,
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Read, ProviderError> {
    let mut reader = AnswerReader::default();
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

/// An event of a text block.
fn text(index: u32, text: &str) -> String {
    format!(
        "data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
    )
}

fn begin(index: u32, block: &str) -> String {
    format!(
        "data: {{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{block}}}\n\n"
    )
}

fn end(index: u32) -> String {
    format!("data: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n")
}

fn stopped(delta: &str) -> String {
    format!("data: {{\"type\":\"message_delta\",\"delta\":{delta}}}\n\n{STOP}")
}

const TOOL: &str = r#"{"type":"tool_use","id":"a","name":"book","input":{}}"#;

#[test]
fn a_recorded_answer_is_read_at_any_split() {
    let recorded = whole(RECORDED).expect("an answer");
    assert_eq!(recorded.text, "¡Hola! 😀");
    let calls: Vec<(&str, &str, &str)> = recorded
        .tools
        .iter()
        .map(|call| (&*call.id, &*call.name, &*call.arguments))
        .collect();
    assert_eq!(
        calls,
        [
            ("toolu_1", "book", r#"{"day":2}"#),
            ("toolu_2", "end_call", "{}")
        ]
    );
    let tokens = Tokens {
        input: 1_235,
        cached: 1_200,
        cache_writes: 4,
        long_cache_writes: 6,
        output: 42,
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
fn the_end_needs_no_blank_line() {
    let stream = format!("{}{}", text(0, "Hello."), STOP.trim_end());
    assert_eq!(whole(&stream).expect("an answer").text, "Hello.");
}

#[test]
fn later_counts_replace_earlier_ones() {
    let stream = concat!(
        r#"data: {"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":100,"output_tokens":3}}}"#,
        "\n\n",
        r#"data: {"type":"message_delta","delta":{},"usage":{"output_tokens":10}}"#,
        "\n\n",
        r#"data: {"type":"message_delta","delta":null,"usage":{"input_tokens":6,"output_tokens":20}}"#,
        "\n\n",
        r#"data: {"type":"message_stop"}"#,
        "\n\n",
    );
    let tokens = Tokens {
        input: 106,
        cached: 100,
        output: 20,
        ..Tokens::default()
    };
    assert_eq!(whole(stream).expect("an answer").tokens, tokens);
}

#[test]
fn what_the_cache_was_given_counts_as_the_dearer_where_nobody_says_for_how_long() {
    for (usage, counted) in [
        (r#""cache_creation_input_tokens":300"#, [305, 0, 300]),
        (
            r#""cache_creation_input_tokens":300,"cache_creation":{"ephemeral_5m_input_tokens":80}"#,
            [305, 80, 220],
        ),
        (
            r#""cache_creation":{"ephemeral_5m_input_tokens":80,"ephemeral_1h_input_tokens":20}"#,
            [105, 80, 20],
        ),
        (r#""cache_creation":null"#, [5, 0, 0]),
    ] {
        let mut reader = AnswerReader::default();
        let start = format!(
            "data: {{\"type\":\"message_start\",\"message\":{{\"usage\":{{\"input_tokens\":5,{usage}}}}}}}\n\n"
        );
        reader.read(start.as_bytes()).expect("read");
        let tokens = reader.counted().expect("the prompt is counted");
        let shown = [tokens.input, tokens.cache_writes, tokens.long_cache_writes];
        assert_eq!(shown, counted, "{usage}");
    }
}

#[test]
fn what_is_not_counted_is_estimated() {
    let mut reader = AnswerReader::default();
    let start = r#"data: {"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}"#;
    for piece in [format!("{start}\n\n"), text(0, "12345678 ")] {
        reader.read(piece.as_bytes()).expect("read");
    }
    let tokens = reader.tokens(40);
    assert_eq!((tokens.input, tokens.output), (7, 3));

    let uncounted = whole(&format!("{}{STOP}", text(0, "12345678 ")));
    let tokens = uncounted.expect("an answer").tokens;
    assert_eq!((tokens.input, tokens.output), (10, 3));
}

#[test]
fn unknown_blocks_deltas_and_events_are_not_for_the_caller() {
    let stream = [
        &begin(0, r#"{"type":"server_tool_use","id":"s","name":"search"}"#),
        &text(0, "hidden"),
        &end(0),
        &begin(1, r#"{"type":"web_search_tool_result","content":[{}]}"#),
        &end(1),
        &begin(2, r#"{"type":"text","text":"Hel"}"#),
        "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"citations_delta\",\"citation\":{}}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":null}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":9}\n\n",
        "data: {\"type\":\"news\",\"index\":null,\"delta\":{\"type\":7}}\n\n",
        "data: {}\n\ndata: 7\n\ndata: {oops\n\n",
        &text(2, "lo."),
        &stopped(r#"{"stop_reason":"pause_turn"}"#),
    ]
    .concat();
    let answer = whole(&stream).expect("an answer");
    assert_eq!((answer.text.as_str(), answer.tools.len()), ("Hello.", 0));
}

#[test]
fn a_block_whose_beginning_was_lost_is_still_heard() {
    let stream = format!("{}{STOP}", text(4, "Hello."));
    assert_eq!(whole(&stream).expect("an answer").text, "Hello.");
}

#[test]
fn text_behind_a_call_does_not_run_into_the_text_before_it() {
    let stream = [
        text(0, "One moment."),
        begin(1, TOOL),
        end(1),
        text(2, "Anything"),
        text(2, " else?"),
        STOP.to_owned(),
    ]
    .concat();
    let answer = whole(&stream).expect("an answer");
    assert_eq!(answer.text, "One moment. Anything else?");
    assert_eq!(answer.tools.len(), 1);
}

#[test]
fn a_call_waits_for_the_end_of_the_message() {
    let mut reader = AnswerReader::default();
    let mut written = |piece: &str| reader.read(piece.as_bytes()).expect("read").written;
    assert_eq!(written(&begin(0, TOOL)), []);
    assert_eq!(written(&end(0)), []);
    assert_eq!(written(STOP).len(), 1);
}

#[test]
fn a_call_that_was_cut_off_by_the_limit_is_not_made() {
    let stream = [
        begin(0, TOOL),
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}\n\n".to_owned(),
        stopped(r#"{"stop_reason":"max_tokens"}"#),
    ]
    .concat();
    let error = whole(&stream).expect_err("nothing to hear or to do");
    assert_eq!(error.verdict(), Verdict::SwitchProvider);
    let spoken = [text(0, "Well"), stopped(r#"{"stop_reason":"max_tokens"}"#)].concat();
    assert_eq!(whole(&spoken).expect("an answer").text, "Well");
}

#[test]
fn a_refusal_before_anything_was_said_is_a_failure() {
    let details = r#"{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"I will not."}}"#;
    for (stream, shown) in [
        (stopped(details), "refusal: cyber: I will not."),
        (
            stopped(r#"{"stop_reason":"refusal","stop_details":null}"#),
            "refusal",
        ),
        (
            begin(0, TOOL) + &end(0) + &stopped(details),
            "refusal: cyber: I will not.",
        ),
    ] {
        let error = whole(&stream).expect_err("refused");
        assert_eq!(
            error.to_string(),
            format!("anthropic: refused with 200: {shown}")
        );
        assert_eq!(error.verdict(), Verdict::GiveUp);
    }
}

#[test]
fn a_refusal_in_the_middle_takes_back_what_was_not_said() {
    let stream = [
        text(0, "Sure."),
        begin(1, TOOL),
        end(1),
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n".to_owned(),
        text(2, "More."),
        STOP.to_owned(),
    ]
    .concat();
    let answer = whole(&stream).expect("an answer");
    assert_eq!((answer.text.as_str(), answer.tools.len()), ("Sure.", 0));
}

#[test]
fn a_stream_without_its_end_is_a_failure() {
    let cut = RECORDED
        .trim_end()
        .trim_end_matches("data: {\"type\":\"message_stop\"}");
    for cut in [cut, "", &text(0, "Hel"), "data: {\"type\":\"ping\"}\n\n"] {
        assert_eq!(
            whole(cut).expect_err("cut off").to_string(),
            "anthropic: unreadable answer: the stream ended in the middle of the answer"
        );
    }
}

#[test]
fn errors_hide_behind_200() {
    for (answer, shown, verdict) in [
        (
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"req_1\"}\n\n",
            "anthropic: refused with 200: overloaded_error: Overloaded",
            Verdict::SwitchProvider,
        ),
        (
            "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"oops\"}}",
            "anthropic: refused with 200: api_error: oops",
            Verdict::Retry,
        ),
        (
            "data: {\"error\":\"over\"}\n\n",
            "anthropic: refused with 200: over",
            Verdict::Retry,
        ),
        (
            "<html>sign in</html>",
            "anthropic: unreadable answer: a page in place of an answer: <html>sign in</html>",
            Verdict::SwitchProvider,
        ),
        (
            r#"{"message":"no route"}"#,
            "anthropic: unreadable answer: 22 bytes in place of an answer",
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
fn too_many_odd_events_are_not_its_protocol() {
    let error = whole(&"data: {oops\n\n".repeat(9)).expect_err("garbled");
    assert_eq!(
        error.to_string(),
        "anthropic: unreadable answer: 5 bytes in place of an answer"
    );
}

#[test]
fn a_ping_is_a_sign_of_life_only_once_the_model_writes() {
    let mut reader = AnswerReader::default();
    let mut moved = |piece: &str| reader.read(piece.as_bytes()).expect("read").moved;
    let ping = "data: {\"type\":\"ping\"}\n\n";
    assert!(!moved(ping));
    assert!(!moved(
        "data: {\"type\":\"message_start\",\"message\":{}}\n\n"
    ));
    assert!(!moved(&begin(0, r#"{"type":"text","text":""}"#)));
    assert!(!moved(&text(0, "")));
    assert!(!moved(ping));
    assert!(moved(&text(0, "Hi")));
    assert!(moved(ping));
    assert!(!moved(": keepalive\n\n"));
    assert!(moved(&begin(1, TOOL)));
}

#[test]
fn an_endless_reply_is_given_up() {
    for delta in [
        r#"{"type":"text_delta","text":"lalala "}"#,
        r#"{"type":"thinking_delta","thinking":"lalala "}"#,
        r#"{"type":"input_json_delta","partial_json":"lalala "}"#,
    ] {
        let piece =
            format!("data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}}}\n\n");
        let error = whole(&piece.repeat(3_000)).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "anthropic: unreadable answer: the reply does not end"
        );
    }
}

#[test]
fn an_endless_line_is_given_up() {
    for byte in [b'x', b'{'] {
        let mut reader = AnswerReader::default();
        let piece = vec![byte; 16_000];
        let failed = (0..1_000).find_map(|_n| reader.read(&piece).err());
        assert!(matches!(failed, Some(ProviderError::Garbled { .. })));
    }
}

#[test]
fn counts_of_any_size_are_added() {
    let most = u64::MAX;
    let stream = format!(
        "data: {{\"type\":\"message_start\",\"message\":{{\"usage\":{{\"input_tokens\":{most},\"cache_read_input_tokens\":{most}}}}}}}\n\n{STOP}"
    );
    assert_eq!(whole(&stream).expect("an answer").tokens.input, most);
}

#[test]
fn nothing_follows_the_end() {
    let stream = format!("{STOP}{}data: {{oops\n\n", text(0, "Hello."));
    assert_eq!(whole(&stream).expect("an answer").text, "");
}

proptest! {
    #[test]
    fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8)) {
        let _read = read(pieces.iter().map(Vec::as_slice));
    }

    #[test]
    fn events_in_any_order_are_the_same_at_any_split(
        order in proptest::collection::vec(0..12_usize, 0..16),
        size in 1..40_usize,
    ) {
        let events: Vec<&str> = RECORDED.split_inclusive("\n\n").collect();
        let stream: String = order.iter().map(|&at| events[at]).collect();
        let in_pieces = read(stream.as_bytes().chunks(size)).ok();
        prop_assert_eq!(in_pieces, whole(&stream).ok());
    }
}
