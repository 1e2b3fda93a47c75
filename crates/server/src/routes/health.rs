//! What operators and load balancers ask.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::Purpose;
use driver::BreakerState;
use serde_json::{Value, json};
use store::Health;

use crate::{admission::Refusal, app::App, clock, config::LIST, memory, story::receipt};

/// `GET /livez`: the process answers.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: new calls are taken, or the reason why not.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let reason = if app.trust.is_possible() {
        app.gate.open(app.taken()).map_err(Refusal::as_str)
    } else {
        Err("unconfigured")
    };
    match reason {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

/// `GET /health`: how everything is.
pub(crate) async fn health(State(app): State<Arc<App>>) -> Json<Value> {
    let breakers = app.exchange.breakers();
    let all_closed = breakers
        .iter()
        .all(|breaker| breaker.state == BreakerState::Closed);
    let store = app.writer.health();
    let breakers: serde_json::Map<String, Value> = breakers
        .iter()
        .map(|breaker| {
            // Waiting does not help where a key was refused: whoever looks has to know.
            let state = if breaker.refused {
                "refused"
            } else {
                breaker.state.as_str()
            };
            (breaker.of.to_string(), json!(state))
        })
        .collect();
    Json(json!({
        "status": if all_closed && store == Health::Well { "ok" } else { "degraded" },
        "timestamp": clock::iso_8601(app.clock.now()),
        "version": crate::VERSION,
        "uptime_s": app.uptime().as_secs(),
        "draining": app.gate.draining(),
        "calls": { "live": app.exchange.live(), "waiting": app.switchboard.waiting(), "max": app.gate.max_calls() },
        "breakers": breakers,
        "store": { "status": store.as_str(), "queued": app.writer.depth(), "dropped": app.writer.dropped().total() },
    }))
}

/// `GET /stats`: what calls have cost, and what the process uses.
pub(crate) async fn stats(State(app): State<Arc<App>>) -> Json<Value> {
    let totals = app.exchange.totals();
    let usage = totals.receipt.usage();
    Json(json!({
        "timestamp": clock::iso_8601(app.clock.now()),
        "uptime_s": app.uptime().as_secs(),
        "calls": { "live": app.exchange.live(), "ended": totals.calls, "turns": app.call_meters.turns() },
        "usage": {
            "line_s": usage.line.seconds(),
            "stt_audio_s": usage.stt_audio.seconds(),
            "llm_input_tokens": usage.llm_input_tokens,
            "llm_cached_tokens": usage.llm_cached_tokens,
            "llm_output_tokens": usage.llm_output_tokens,
            "llm_discarded_input_tokens": usage.llm_discarded_input_tokens,
            "llm_discarded_output_tokens": usage.llm_discarded_output_tokens,
            "tts_characters": usage.tts_characters,
        },
        "cost_usd": cost(&totals),
        "memory": { "resident_bytes": memory::resident_bytes() },
    }))
}

/// What everyone has cost, and what it was for.
fn cost(totals: &driver::Totals) -> Value {
    let receipt = &totals.receipt;
    let by_provider: BTreeMap<&str, Value> = receipt
        .cost_by_provider()
        .into_iter()
        .map(|(name, cost)| (name, receipt::cost_json(cost)))
        .collect();
    let whole = receipt.cost();
    let purpose = |purpose| receipt::cost_json(receipt.cost_of(purpose));
    json!({
        "total": receipt::cost_json(whole),
        "partly_priced": whole.partly,
        "prices_as_of": LIST.as_of,
        "by_provider": by_provider,
        "speculation": purpose(Purpose::Speculation),
        "hedges": purpose(Purpose::Hedge),
        "rehearsals": purpose(Purpose::Rehearsal),
        "lines": receipt::json(receipt),
    })
}

#[cfg(test)]
mod tests {
    use domain::{Charge, Item, Receipt};

    use super::*;

    #[test]
    fn what_has_no_price_is_shown_as_unknown() {
        let charge = |payee: &str, purpose, cost| Charge {
            payee: payee.parse().expect("a name"),
            item: Item::Output,
            purpose,
            amount: 10,
            cost,
        };
        let receipt = Receipt(vec![
            charge("new/model", Purpose::Call, None),
            charge("new/model", Purpose::Hedge, None),
            charge("old/model", Purpose::Call, Some(domain::Micros(2_000_000))),
            charge(
                "old/model",
                Purpose::Rehearsal,
                Some(domain::Micros(500_000)),
            ),
        ]);
        let told = cost(&driver::Totals { calls: 1, receipt });
        assert_eq!(told["by_provider"], json!({ "new": null, "old": 2.5 }));
        assert_eq!(
            (&told["total"], &told["partly_priced"]),
            (&json!(2.5), &json!(true))
        );
        assert_eq!(
            (&told["hedges"], &told["speculation"]),
            (&Value::Null, &json!(0.0))
        );
        assert_eq!(told["rehearsals"], json!(0.5));
    }
}
