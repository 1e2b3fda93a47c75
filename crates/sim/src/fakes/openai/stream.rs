use std::time::Duration;

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    LlmFault, Pieces, Settings,
    brain::{Pace, Reply, ReplyTool},
    request::Chat,
    wire,
};
use crate::{
    Dice,
    fakes::{
        listener::Stop,
        tab::{OpenTab, Used},
        writing::{self, Part, Step},
    },
};

/// Everything that settles one answer.
pub(super) struct Plan {
    pub(super) number: u64,
    pub(super) pace: Pace,
    /// Tokens of the prompt that are in the cache.
    pub(super) cached: u64,
    pub(super) chat: Chat,
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
        plan.tab.told(used(&plan));
        plan.tab.ended();
        return wire::answer(StatusCode::OK, whole(&plan).to_string());
    }
    let body = writing::body(steps, plan.tab, settings.timeline.clone(), stop);
    let mut response = wire::answer(StatusCode::OK, body);
    wire::as_events(&mut response);
    response
}

fn steps(plan: &Plan, settings: &Settings, dice: &mut Dice) -> Vec<Step> {
    let chunk =
        |delta, finish| wire::event(&wire::chunk(plan.number, &plan.chat.model, delta, finish));
    let mut steps = Vec::new();
    let mut delay = plan.pace.first_token.draw(dice);
    let role = chunk(json!({ "role": "assistant", "content": "" }), None);
    steps.push(Step {
        after: delay,
        event: Some(role.into()),
        part: Part::Frame,
        told: None,
    });
    delay = Duration::ZERO;
    for piece in settings.pieces.of(&plan.reply.text) {
        let event = Some(chunk(json!({ "content": piece }), None).into());
        steps.push(Step {
            after: delay,
            event,
            part: Part::Text(piece),
            told: None,
        });
        delay = plan.pace.token_gap.draw(dice);
    }
    for (at, tool) in plan.reply.tools.iter().enumerate() {
        for fragment in fragments(at, plan.number, tool) {
            let event = Some(chunk(json!({ "tool_calls": [fragment] }), None).into());
            steps.push(Step {
                after: delay,
                event,
                part: Part::Wordless,
                told: None,
            });
            delay = plan.pace.token_gap.draw(dice);
        }
    }
    let finish = if plan.reply.tools.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    steps.push(Step::at_once(chunk(json!({}), Some(finish))));
    if plan.chat.include_usage {
        let mut last = wire::chunk(plan.number, &plan.chat.model, Value::Null, None);
        last["choices"] = json!([]);
        last["usage"] = cost(plan);
        steps.push(Step {
            told: Some(used(plan)),
            ..Step::at_once(wire::event(&last))
        });
    }
    steps.push(Step::at_once("data: [DONE]\n\n".to_owned()));
    spoil(&mut steps, plan);
    steps
}

/// Lets a fault have its way after so many pieces; the first step is the role.
fn spoil(steps: &mut Vec<Step>, plan: &Plan) {
    let chunk =
        |delta, finish| wire::event(&wire::chunk(plan.number, &plan.chat.model, delta, finish));
    let (pieces, instead) = match plan.fault {
        Some(LlmFault::BadUtf8After(pieces)) => {
            let event = chunk(json!({ "content": "~~" }), None).into_bytes();
            steps.insert(
                (pieces + 1).min(steps.len()),
                Step::at_once(writing::spoilt(event)),
            );
            return;
        }
        Some(LlmFault::Declines) => {
            const WORDS: &str = "I am sorry, I cannot help with that.";
            steps.truncate(1);
            steps.push(Step {
                part: Part::Text(WORDS.to_owned()),
                ..Step::at_once(chunk(json!({ "refusal": WORDS }), None))
            });
            steps.push(Step::at_once(chunk(json!({}), Some("stop"))));
            steps.push(Step::at_once("data: [DONE]\n\n"));
            return;
        }
        Some(LlmFault::LongLine(bytes)) => {
            let long = json!({ "content": "", "padding": " ".repeat(bytes) });
            steps.insert(1, Step::at_once(chunk(long, None)));
            return;
        }
        Some(LlmFault::CutAfter(pieces)) => (pieces, None),
        Some(LlmFault::ErrorAfter(pieces) | LlmFault::OverloadedAfter(pieces)) => {
            let error = json!({ "error": { "message": "The server is overloaded.",
                "type": "server_error", "param": null, "code": null } });
            (pieces, Some(Step::at_once(wire::event(&error))))
        }
        Some(LlmFault::GarbageAfter(pieces)) => (
            pieces,
            Some(Step::at_once("data: {\"id\":\"chatcmpl\n\n".to_owned())),
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
    steps.truncate(pieces + 1);
    steps.extend(instead);
}

/// A tool call as it is streamed: its name first, its arguments bit by bit.
fn fragments(at: usize, number: u64, tool: &ReplyTool) -> Vec<Value> {
    let id = format!("call_{number}_{at}");
    let first = json!({ "index": at, "id": id, "type": "function",
        "function": { "name": tool.name, "arguments": "" } });
    let bits = Pieces::Tokens.of(&tool.arguments).into_iter();
    let rest = bits.map(|bit| json!({ "index": at, "function": { "arguments": bit } }));
    std::iter::once(first).chain(rest).collect()
}

fn cost(plan: &Plan) -> Value {
    wire::usage(&used(plan))
}

/// What a reply costs: about four characters are a token.
fn used(plan: &Plan) -> Used {
    let input: usize = plan
        .chat
        .messages
        .iter()
        .map(|message| message.to_string().len())
        .sum();
    let arguments: usize = plan
        .reply
        .tools
        .iter()
        .map(|tool| tool.arguments.len())
        .sum();
    let tokens = |characters: usize| characters.div_ceil(4) as u64;
    Used {
        fresh: tokens(input).saturating_sub(plan.cached),
        cached: plan.cached,
        output: tokens(plan.reply.text.len() + arguments),
        ..Used::default()
    }
}

/// The answer to a request that is not streamed.
fn whole(plan: &Plan) -> Value {
    let calls: Vec<_> = plan
        .reply
        .tools
        .iter()
        .enumerate()
        .map(|(at, tool)| {
            json!({ "id": format!("call_{}_{at}", plan.number), "type": "function",
            "function": { "name": tool.name, "arguments": tool.arguments } })
        })
        .collect();
    let mut message = json!({ "role": "assistant", "content": plan.reply.text, "refusal": null });
    let mut finish = "stop";
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
        finish = "tool_calls";
    }
    json!({ "id": format!("chatcmpl-{}", plan.number), "object": "chat.completion", "created": 1,
        "model": plan.chat.model, "usage": cost(plan),
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }] })
}
