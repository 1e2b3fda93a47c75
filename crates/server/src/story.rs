//! A call as it is told from its records: for people, and as JSON.

pub(crate) mod receipt;
pub(crate) mod taking;

use std::{collections::BTreeSet, fmt::Write as _};

use domain::{CallEnded, Cost, Gap, Micros, Party, TurnRecord, Usage};
use serde_json::{Value, json};
use store::{StoredCall, WholeCall};

use crate::{
    clock,
    paint::{Paint, Tone},
};

/// A character of a latency bar stands for so many milliseconds …
const BAR_STEP_MS: u64 = 25;
/// … and a bar has at most so many.
const BAR_MOST: u64 = 60;

/// The whole story of a call.
pub(crate) fn tell(whole: &WholeCall, paint: Paint) -> String {
    let WholeCall { call, turns, .. } = whole;
    let begun = &call.begun;
    let mut out = String::new();
    let title = paint.tone(Tone::Strong, &format!("Call {}", begun.id));
    line(&mut out, &title);
    let carrier = begun.carrier_call.as_ref().map(ToString::to_string);
    let facts = [
        ("when", Some(clock::iso_8601(begun.at))),
        (
            "tenant",
            Some(format!("{}, answered by {}", begun.tenant, begun.agent)),
        ),
        (
            "how",
            Some(format!(
                "{}, {}",
                begun.direction.as_str(),
                begun.transport.as_str()
            )),
        ),
        ("from", Some(party(&begun.from).to_owned())),
        ("to", Some(party(&begun.to).to_owned())),
        ("carrier", carrier),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            let name = paint.tone(Tone::Faint, &format!("{name:<7}"));
            line(&mut out, &format!("  {name} {}", plain(&fact)));
        }
    }
    line(&mut out, "");
    for turn in turns {
        out.push_str(&exchange(turn, paint));
    }
    line(&mut out, "");
    match &call.ended {
        Some(ended) => {
            out.push_str(&end(ended, turns, paint));
            out.push_str(&receipt::tell(&whole.receipt, paint));
        }
        None => {
            line(&mut out, "  It goes on, or the server died while it did.");
            line(&mut out, &format!("  cost so far  {}", call.spent));
        }
    }
    out
}

/// One exchange: who said what, and where the silence before the answer came from.
pub(crate) fn exchange(turn: &TurnRecord, paint: Paint) -> String {
    let mut out = String::new();
    let at = paint.tone(Tone::Faint, &format!("{:>8}", turn.at.to_string()));
    let mut at = Some(at);
    let mut margin = || at.take().unwrap_or_else(|| " ".repeat(8));
    if !turn.caller.is_empty() {
        let who = paint.tone(Tone::Caller, "caller");
        line(
            &mut out,
            &format!("{}  {who}  {}", margin(), plain(&turn.caller)),
        );
    }
    if !turn.said.is_empty() {
        let who = paint.tone(Tone::Agent, "agent ");
        line(
            &mut out,
            &format!("{}  {who}  {}", margin(), heard(turn, paint)),
        );
    }
    for tool in &turn.tools {
        let told = paint.tone(Tone::Faint, &format!("ran the tool {tool}"));
        line(&mut out, &format!("{}          {told}", margin()));
    }
    if !turn.tags.is_empty() {
        let told = paint.tone(
            Tone::Faint,
            &format!("noted {}", plain(&turn.tags.join("; "))),
        );
        line(&mut out, &format!("{}          {told}", margin()));
    }
    if let Some(gap) = &turn.gap {
        line(&mut out, &format!("{:18}{}", "", bar(gap, paint)));
    }
    let remarks = taking::remarks(turn);
    if !remarks.is_empty() {
        let told = paint.tone(Tone::Faint, &remarks.join("; "));
        line(&mut out, &format!("{:18}{told}", ""));
    }
    out
}

/// What was heard of a reply, and faintly what was not.
pub(crate) fn heard(turn: &TurnRecord, paint: Paint) -> String {
    if !turn.interrupted {
        return plain(&turn.heard);
    }
    let rest = turn
        .said
        .strip_prefix(turn.heard.as_str())
        .unwrap_or_default()
        .trim();
    let mut text = format!(
        "{} {}",
        plain(&turn.heard),
        paint.tone(Tone::Bad, "— cut off by the caller")
    );
    if !rest.is_empty() {
        let unheard = paint.tone(Tone::Faint, &format!("(not heard: {rest})"));
        text = format!("{text} {unheard}");
    }
    text
}

/// The silence before an answer as a bar of its parts.
pub(crate) fn bar(gap: &Gap, paint: Paint) -> String {
    const SHADES: [&str; 5] = ["▓", "░", "▒", "▚", "█"];
    let total = gap.total().0;
    let step = (total / BAR_MOST).max(BAR_STEP_MS);
    let mut drawn = String::new();
    let mut words = Vec::new();
    for (index, (name, part)) in Gap::STAGES.into_iter().zip(gap.parts()).enumerate() {
        let length = usize::try_from(part.0.div_ceil(step)).unwrap_or(0);
        if part.0 > 0 {
            drawn.push_str(&paint.bar(index, &SHADES[index].repeat(length)));
            words.push(paint.bar(index, &format!("{name} {}", part.0)));
        }
    }
    format!("{drawn} {total} ms: {}", words.join(" + "))
}

fn end(ended: &CallEnded, turns: &[TurnRecord], paint: Paint) -> String {
    let mut out = String::new();
    let tone = match ended.reason.fault() {
        domain::Fault::Agent | domain::Fault::Caller => Tone::Good,
        domain::Fault::Carrier
        | domain::Fault::Operator
        | domain::Fault::Provider
        | domain::Fault::Us => Tone::Bad,
    };
    let reason = paint.tone(tone, ended.reason.as_str());
    let fault = ended.reason.fault().as_str();
    line(
        &mut out,
        &format!("  ended after {} s: {reason} ({fault})", ended.duration),
    );
    let error = ended.error.as_deref().map(plain);
    let providers = providers(turns);
    let facts = [
        ("what to do", Some(ended.reason.advice().to_owned())),
        ("error", error),
        ("latency", Some(latency(turns))),
        ("barge-ins", Some(ended.barge_ins.to_string())),
        ("used", Some(used(&ended.usage))),
        (
            "providers",
            Some(providers).filter(|names| !names.is_empty()),
        ),
        ("cost", Some(ended.cost.to_string())),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            line(&mut out, &format!("  {name:<12} {fact}"));
        }
    }
    out
}

fn used(usage: &Usage) -> String {
    format!(
        "{} s of line, {} s heard, {} + {} tokens, {} characters",
        usage.line,
        usage.stt_audio,
        usage.llm_input_tokens,
        usage.llm_output_tokens,
        usage.tts_characters
    )
}

/// All providers that worked for the call, by name.
fn providers(turns: &[TurnRecord]) -> String {
    let names: BTreeSet<String> = turns
        .iter()
        .flat_map(|turn| &turn.providers)
        .map(ToString::to_string)
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// How long the caller waited for answers: the usual time, and the longest.
fn latency(turns: &[TurnRecord]) -> String {
    let mut gaps: Vec<u64> = turns
        .iter()
        .filter(|turn| !turn.caller.is_empty())
        .filter_map(|turn| Some(turn.gap?.total().0))
        .collect();
    gaps.sort_unstable();
    match gaps.as_slice() {
        [] => "no answer was heard".to_owned(),
        gaps => format!(
            "{} ms usually, {} ms at most",
            gaps[gaps.len() / 2],
            gaps[gaps.len() - 1]
        ),
    }
}

/// One line of a list.
pub(crate) fn row(call: &StoredCall, paint: Paint) -> String {
    let begun = &call.begun;
    let (seconds, cost, reason) = match &call.ended {
        Some(ended) => (
            ended.duration.to_string(),
            brief(ended.cost),
            ended.reason.as_str(),
        ),
        None => {
            let more_to_come = Cost {
                known: call.spent,
                partly: true,
            };
            let told = call.spent > Micros::default();
            let cost = if told {
                brief(more_to_come)
            } else {
                "-".to_owned()
            };
            ("-".to_owned(), cost, "-")
        }
    };
    let at = clock::iso_8601(begun.at);
    format!(
        "{}  {:<20}  {:<16}  {:<8}  {seconds:>9}  {:>5}  {cost:>11}  {reason}",
        paint.tone(Tone::Strong, &begun.id.to_string()),
        at.get(..19).unwrap_or(&at),
        begun.tenant.as_str(),
        begun.from.to_string(),
        call.turns,
    )
}

/// A cost in a column: a plus says that something comes on top, of unknown price or still to come.
fn brief(cost: Cost) -> String {
    match cost {
        Cost {
            known: Micros(0),
            partly: true,
        } => "unknown".to_owned(),
        Cost {
            known,
            partly: true,
        } => format!("{known}+"),
        Cost {
            known,
            partly: false,
        } => known.to_string(),
    }
}

/// The heading of a list.
pub(crate) fn heading(paint: Paint) -> String {
    let text = format!(
        "{:<36}  {:<20}  {:<16}  {:<8}  {:>9}  {:>5}  {:>11}  {}",
        "CALL", "BEGAN (UTC)", "TENANT", "FROM", "SECONDS", "TURNS", "COST", "END"
    );
    paint.tone(Tone::Faint, &text)
}

/// A call for programs.
pub(crate) fn json(call: &StoredCall) -> Value {
    let begun = &call.begun;
    json!({
        "id": begun.id.to_string(),
        "tenant": begun.tenant.as_str(),
        "agent": begun.agent.as_str(),
        "transport": begun.transport.as_str(),
        "direction": begun.direction.as_str(),
        "carrier_call": begun.carrier_call.as_ref().map(|id| id.as_str()),
        "from": begun.from.as_str(),
        "to": begun.to.as_str(),
        "began_at": clock::iso_8601(begun.at),
        "turns": call.turns,
        "spent_usd": call.spent.dollars(),
        "end": call.ended.as_ref().map(end_json),
    })
}

fn end_json(ended: &CallEnded) -> Value {
    json!({
        "at": clock::iso_8601(ended.at),
        "duration_ms": ended.duration.0,
        "reason": ended.reason.as_str(),
        "fault": ended.reason.fault().as_str(),
        "advice": ended.reason.advice(),
        "error": ended.error,
        "barge_ins": ended.barge_ins,
        "cost_usd": receipt::cost_json(ended.cost),
        "partly_priced": ended.cost.partly,
        "speculation_cost_usd": receipt::cost_json(ended.speculation_cost),
        "speculation_partly_priced": ended.speculation_cost.partly,
        "usage": {
            "line_ms": ended.usage.line.0,
            "stt_audio_ms": ended.usage.stt_audio.0,
            "llm_input_tokens": ended.usage.llm_input_tokens,
            "llm_cached_tokens": ended.usage.llm_cached_tokens,
            "llm_output_tokens": ended.usage.llm_output_tokens,
            "llm_discarded_input_tokens": ended.usage.llm_discarded_input_tokens,
            "llm_discarded_output_tokens": ended.usage.llm_discarded_output_tokens,
            "tts_characters": ended.usage.tts_characters,
        },
    })
}

/// A call with its turns and its receipt, for programs.
pub(crate) fn whole_json(whole: &WholeCall) -> Value {
    let mut told = json(&whole.call);
    told["turns"] = whole.turns.iter().map(turn_json).collect();
    told["receipt"] = receipt::json(&whole.receipt);
    told
}

/// A turn for programs.
pub(crate) fn turn_json(turn: &TurnRecord) -> Value {
    json!({
        "number": turn.number,
        "at_ms": turn.at.0,
        "caller": turn.caller,
        "said": turn.said,
        "heard": turn.heard,
        "interrupted": turn.interrupted,
        "ended_by": turn.ended_by,
        "tools": turn.tools,
        "tags": turn.tags,
        "providers": turn.providers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "gap_ms": turn.gap.as_ref().map(gap_json),
        "taking": taking::json(turn),
    })
}

fn gap_json(gap: &Gap) -> Value {
    let mut parts: serde_json::Map<String, Value> = Gap::STAGES
        .into_iter()
        .zip(gap.parts())
        .map(|(name, part)| (name.to_owned(), json!(part.0)))
        .collect();
    parts.insert("total".to_owned(), json!(gap.total().0));
    Value::Object(parts)
}

fn party(party: &Party) -> &str {
    match party.as_str() {
        "" => "hidden",
        known => known,
    }
}

/// The text without characters that move a cursor.
fn plain(text: &str) -> String {
    Paint::Plain.tone(Tone::Strong, text)
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a String takes everything");
}

#[cfg(test)]
mod tests;
