use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Settings, wire};
use crate::{
    Dice,
    fakes::{
        cache::Input,
        listener::Stop,
        openai::{Chat, LlmFault, Pace, Reply, ReplyTool},
        tab::{OpenTab, Used},
        writing::{self, Part, Pieces, Step},
    },
};

/// Everything that settles one answer.
pub(super) struct Plan {
    pub(super) number: u64,
    pub(super) pace: Pace,
    pub(super) chat: Chat,
    /// It thinks first, and wants its thoughts back with the answers of the tools.
    pub(super) thinks: bool,
    pub(super) input: Input,
    pub(super) reply: Reply,
    pub(super) fault: Option<LlmFault>,
    pub(super) tab: OpenTab,
}

/// Answers as the request wants it: streamed or whole.
pub(super) async fn respond(
    plan: Plan,
    settings: &Settings,
    mut dice: Dice,
    stop: Stop,
) -> Response {
    let steps = steps(&plan, settings, &mut dice);
    if !plan.chat.stream {
        sleep(steps.iter().map(|step| step.after).sum()).await;
        plan.tab.told(used(&plan, output(&plan)));
        plan.tab.ended();
        return wire::answer(StatusCode::OK, whole(&plan).to_string());
    }
    let body = writing::body(steps, plan.tab, settings.timeline.clone(), stop);
    let mut response = wire::answer(StatusCode::OK, body);
    wire::as_events(&mut response);
    response
}

fn steps(plan: &Plan, settings: &Settings, dice: &mut Dice) -> Vec<Step> {
    let mut start = message(plan);
    start["usage"]["output_tokens"] = json!(1);
    let start = json!({ "type": "message_start", "message": start });
    let ping = json!({ "type": "ping" });
    let mut steps = vec![
        Step {
            told: Some(used(plan, 1)),
            ..Step::at_once(wire::event(&start))
        },
        Step::at_once(wire::event(&ping)),
    ];
    let mut delay = plan.pace.first_token.draw(dice);
    for (index, block) in blocks(plan, settings).into_iter().enumerate() {
        let begin = json!({ "type": "content_block_start", "index": index,
            "content_block": block.begins });
        steps.push(Step {
            after: std::mem::take(&mut delay),
            ..Step::at_once(wire::event(&begin))
        });
        for (delta, part) in block.deltas {
            let delta = json!({ "type": "content_block_delta", "index": index, "delta": delta });
            steps.push(Step {
                after: delay,
                event: Some(wire::event(&delta).into()),
                part,
                told: None,
            });
            delay = plan.pace.token_gap.draw(dice);
        }
        let end = json!({ "type": "content_block_stop", "index": index });
        steps.push(Step::at_once(wire::event(&end)));
    }
    let end = json!({ "type": "message_delta", "usage": { "output_tokens": output(plan) },
        "delta": { "stop_reason": stop_reason(plan), "stop_sequence": null } });
    steps.push(Step {
        told: Some(used(plan, output(plan))),
        ..Step::at_once(wire::event(&end))
    });
    steps.push(Step::at_once(wire::event(
        &json!({ "type": "message_stop" }),
    )));
    spoil(&mut steps, plan.fault);
    steps
}

/// A block of the content, as it is streamed.
struct Block {
    begins: Value,
    /// Each with what it is.
    deltas: Vec<(Value, Part)>,
}

fn blocks(plan: &Plan, settings: &Settings) -> Vec<Block> {
    let pieces = settings.pieces.of(&plan.reply.text).into_iter();
    let text = (!plan.reply.text.is_empty()).then(|| Block {
        begins: json!({ "type": "text", "text": "" }),
        deltas: pieces
            .map(|piece| {
                let delta = json!({ "type": "text_delta", "text": piece });
                (delta, Part::Text(piece))
            })
            .collect(),
    });
    let tools = plan.reply.tools.iter().enumerate();
    let tools = tools.map(|(at, tool)| {
        // An empty piece comes first, and alone where there are no arguments.
        let bits = std::iter::once(String::new()).chain(match tool.arguments.as_str() {
            "{}" => Vec::new(),
            arguments => Pieces::Tokens.of(arguments),
        });
        let delta = |bit| {
            (
                json!({ "type": "input_json_delta", "partial_json": bit }),
                Part::Wordless,
            )
        };
        Block {
            begins: tool_use(plan, at, tool, json!({})),
            deltas: bits.map(delta).collect(),
        }
    });
    let thought = plan.thinks.then(|| {
        let signature = wire::signature(plan.number);
        Block {
            begins: json!({ "type": "thinking", "thinking": "", "signature": "" }),
            deltas: vec![
                (
                    json!({ "type": "thinking_delta", "thinking": "Hm." }),
                    Part::Wordless,
                ),
                (
                    json!({ "type": "signature_delta", "signature": signature }),
                    Part::Wordless,
                ),
            ],
        }
    });
    thought.into_iter().chain(text).chain(tools).collect()
}

fn tool_use(plan: &Plan, at: usize, tool: &ReplyTool, input: Value) -> Value {
    let id = if plan.thinks {
        format!("{}_{at}", wire::thoughtful(plan.number))
    } else {
        format!("toolu_{}_{at}", plan.number)
    };
    json!({ "type": "tool_use", "id": id, "name": tool.name, "input": input })
}

/// Lets a fault have its way after so many pieces of content.
fn spoil(steps: &mut Vec<Step>, fault: Option<LlmFault>) {
    let event = |event: String| Some(Step::at_once(event));
    let is_piece = |step: &Step| {
        let event = step.event.as_deref();
        event.is_some_and(|event| event.starts_with(wire::DELTA.as_bytes()))
    };
    let (pieces, instead) = match fault {
        Some(LlmFault::BadUtf8After(pieces)) => {
            let delta = json!({ "type": "content_block_delta", "index": 0,
                "delta": { "type": "text_delta", "text": "~~" } });
            let spoilt = writing::spoilt(wire::event(&delta).into_bytes());
            let mut later = steps
                .iter()
                .enumerate()
                .filter(|(_at, step)| is_piece(step));
            let at = later.nth(pieces).map_or(steps.len() - 1, |(at, _step)| at);
            steps.insert(at, Step::at_once(spoilt));
            return;
        }
        Some(LlmFault::Declines) => {
            steps.truncate(2);
            let end = json!({ "type": "message_delta", "usage": { "output_tokens": 1 },
                "delta": { "stop_reason": "refusal", "stop_sequence": null } });
            steps.push(Step::at_once(wire::event(&end)));
            steps.push(Step::at_once(wire::event(
                &json!({ "type": "message_stop" }),
            )));
            return;
        }
        Some(LlmFault::LongLine(bytes)) => {
            let long = json!({ "type": "ping", "padding": " ".repeat(bytes) });
            steps.insert(1, Step::at_once(wire::event(&long)));
            return;
        }
        Some(LlmFault::CutAfter(pieces)) => (pieces, None),
        Some(LlmFault::ErrorAfter(pieces)) => (
            pieces,
            event(wire::error_event("api_error", "Internal server error")),
        ),
        Some(LlmFault::GarbageAfter(pieces)) => (
            pieces,
            event("event: content_block_delta\ndata: {\"type\":\"cont\n\n".to_owned()),
        ),
        Some(LlmFault::OverloadedAfter(pieces)) => (
            pieces,
            event(wire::error_event("overloaded_error", "Overloaded")),
        ),
        Some(LlmFault::StallAfter(pieces)) => (pieces, Some(Step::stall())),
        Some(
            LlmFault::Busy { .. }
            | LlmFault::Html
            | LlmFault::HtmlAsAnswer
            | LlmFault::KeyRefused
            | LlmFault::NoAnswer
            | LlmFault::NoQuota
            | LlmFault::Overloaded
            | LlmFault::ServerError,
        )
        | None => return,
    };
    let mut later = steps
        .iter()
        .enumerate()
        .filter(|(_at, step)| is_piece(step));
    let end = later.nth(pieces).map_or(steps.len() - 1, |(at, _step)| at);
    steps.truncate(end);
    steps.extend(instead);
}

const fn stop_reason(plan: &Plan) -> &'static str {
    if plan.reply.tools.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    }
}

const fn used(plan: &Plan, output: usize) -> Used {
    Used {
        fresh: plan.input.fresh,
        cached: plan.input.read,
        cache_writes: plan.input.for_minutes,
        long_cache_writes: plan.input.for_an_hour,
        output: output as u64,
        in_doubt: false,
    }
}

fn output(plan: &Plan) -> usize {
    let arguments = plan.reply.tools.iter().map(|tool| tool.arguments.len());
    (plan.reply.text.len() + arguments.sum::<usize>()).div_ceil(4)
}

/// The message without its content.
fn message(plan: &Plan) -> Value {
    json!({ "id": format!("msg_{}", plan.number), "type": "message", "role": "assistant",
        "model": plan.chat.model, "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": plan.input.fresh,
            "cache_creation_input_tokens": plan.input.for_minutes + plan.input.for_an_hour,
            "cache_creation": { "ephemeral_5m_input_tokens": plan.input.for_minutes,
                "ephemeral_1h_input_tokens": plan.input.for_an_hour },
            "cache_read_input_tokens": plan.input.read, "output_tokens": output(plan) } })
}

/// The answer to a request that is not streamed.
fn whole(plan: &Plan) -> Value {
    let text =
        (!plan.reply.text.is_empty()).then(|| json!({ "type": "text", "text": plan.reply.text }));
    let tools = plan.reply.tools.iter().enumerate().map(|(at, tool)| {
        let input = serde_json::from_str(&tool.arguments).unwrap_or_else(|_nonsense| json!({}));
        tool_use(plan, at, tool, input)
    });
    let content: Vec<Value> = text.into_iter().chain(tools).collect();
    let mut message = message(plan);
    message["content"] = json!(content);
    message["stop_reason"] = json!(stop_reason(plan));
    message
}
