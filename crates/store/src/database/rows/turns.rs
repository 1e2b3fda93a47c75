//! Turns as rows and back.

use domain::{CallId, Gap, Millis, ModelName, Overlap, OverlapOutcome, TurnRecord, TurnTaking};
use serde_json::{Value, json};
use sqlx::{
    AnyConnection,
    any::{AnyQueryResult, AnyRow},
};

use super::{Columns, list, text, whole};
use crate::StoreError;

const PUT: &str = "
INSERT INTO turns (call_id, number, at_ms, caller, said, heard, interrupted, ended_by,
    gap_transcribe_ms, gap_wait_ms, gap_think_ms, gap_speak_ms, gap_send_ms, tools, providers,
    expected, wait_ms, waited_ms, pace_percent, evidence, stt_lag_ms, speculations, paid_off,
    masks, taken_back, overlaps, tags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27)
ON CONFLICT (call_id, number) DO UPDATE SET
    at_ms = excluded.at_ms, caller = excluded.caller, said = excluded.said,
    heard = excluded.heard, interrupted = excluded.interrupted, ended_by = excluded.ended_by,
    gap_transcribe_ms = excluded.gap_transcribe_ms, gap_wait_ms = excluded.gap_wait_ms,
    gap_think_ms = excluded.gap_think_ms, gap_speak_ms = excluded.gap_speak_ms,
    gap_send_ms = excluded.gap_send_ms, tools = excluded.tools, providers = excluded.providers,
    expected = excluded.expected, wait_ms = excluded.wait_ms, waited_ms = excluded.waited_ms,
    pace_percent = excluded.pace_percent, evidence = excluded.evidence,
    stt_lag_ms = excluded.stt_lag_ms, speculations = excluded.speculations,
    paid_off = excluded.paid_off, masks = excluded.masks, taken_back = excluded.taken_back,
    overlaps = excluded.overlaps, tags = excluded.tags";

macro_rules! select_turns {
    ($rest:literal) => {
        concat!(
            "SELECT number, at_ms, caller, said, heard, interrupted, ended_by, gap_transcribe_ms, \
             gap_wait_ms, gap_think_ms, gap_speak_ms, gap_send_ms, tools, providers, expected, \
             wait_ms, waited_ms, pace_percent, evidence, stt_lag_ms, speculations, paid_off, \
             masks, taken_back, overlaps, tags FROM turns ",
            $rest
        )
    };
}

/// Binds the id of a call.
pub(in crate::database) const FIND: &str = select_turns!("WHERE call_id = $1 ORDER BY number");

/// Binds a tenant, a caller, and how many calls.
pub(in crate::database) const SAID_BEFORE: &str = select_turns!(
    "JOIN (SELECT id, begun_at FROM calls \
     WHERE tenant = $1 AND from_party = $2 AND ended_at IS NOT NULL \
     ORDER BY begun_at DESC, id DESC LIMIT $3) AS theirs ON theirs.id = turns.call_id \
     ORDER BY theirs.begun_at, theirs.id, number"
);

pub(super) async fn put(
    connection: &mut AnyConnection,
    call: CallId,
    turn: &TurnRecord,
) -> Result<AnyQueryResult, sqlx::Error> {
    let gap = |part: fn(&Gap) -> Millis| turn.gap.as_ref().map(|gap| whole(part(gap).0));
    let providers: Vec<String> = turn.providers.iter().map(ToString::to_string).collect();
    let taking = &turn.taking;
    sqlx::query(PUT)
        .bind(call.to_string())
        .bind(i64::from(turn.number))
        .bind(whole(turn.at.0))
        .bind(text(&turn.caller))
        .bind(text(&turn.said))
        .bind(text(&turn.heard))
        .bind(i64::from(turn.interrupted))
        .bind(&turn.ended_by)
        .bind(gap(|gap| gap.transcribe))
        .bind(gap(|gap| gap.wait))
        .bind(gap(|gap| gap.think))
        .bind(gap(|gap| gap.speak))
        .bind(gap(|gap| gap.send))
        .bind(list(&turn.tools))
        .bind(list(&providers))
        .bind(&taking.expected)
        .bind(whole(taking.wait.0))
        .bind(whole(taking.waited.0))
        .bind(i64::from(taking.pace_percent))
        .bind(&taking.evidence)
        .bind(taking.stt_lag.map(|lag| whole(lag.0)))
        .bind(i64::from(taking.speculations))
        .bind(i64::from(taking.paid_off))
        .bind(i64::from(taking.masks))
        .bind(i64::from(taking.taken_back))
        .bind(overlaps(&taking.overlaps))
        .bind(list(&turn.tags))
        .execute(connection)
        .await
}

/// A turn from a row of [`FIND`].
pub(in crate::database) fn read(row: &AnyRow) -> Result<TurnRecord, StoreError> {
    let row = Columns {
        table: "turns",
        row,
    };
    Ok(TurnRecord {
        number: row.count("number")?,
        at: row.millis("at_ms")?,
        caller: row.get("caller")?,
        said: row.get("said")?,
        heard: row.get("heard")?,
        interrupted: row.truth("interrupted")?,
        ended_by: row.get("ended_by")?,
        gap: read_gap(&row)?,
        tools: row.list("tools")?,
        tags: row.list("tags")?,
        providers: row
            .list("providers")?
            .iter()
            .map(|name| name.parse::<ModelName>())
            .collect::<Result<_, _>>()
            .map_err(|error| row.odd("providers", error))?,
        taking: read_taking(&row)?,
    })
}

fn read_gap(row: &Columns<'_>) -> Result<Option<Gap>, StoreError> {
    if row.get::<Option<i64>>("gap_transcribe_ms")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Gap {
        transcribe: row.millis("gap_transcribe_ms")?,
        wait: row.millis("gap_wait_ms")?,
        think: row.millis("gap_think_ms")?,
        speak: row.millis("gap_speak_ms")?,
        send: row.millis("gap_send_ms")?,
    }))
}

fn read_taking(row: &Columns<'_>) -> Result<TurnTaking, StoreError> {
    let lagged = row.get::<Option<i64>>("stt_lag_ms")?.is_some();
    Ok(TurnTaking {
        expected: row.get("expected")?,
        wait: row.millis("wait_ms")?,
        waited: row.millis("waited_ms")?,
        pace_percent: row.count("pace_percent")?,
        evidence: row.get("evidence")?,
        stt_lag: lagged.then(|| row.millis("stt_lag_ms")).transpose()?,
        speculations: row.count("speculations")?,
        paid_off: row.truth("paid_off")?,
        masks: row.count("masks")?,
        taken_back: row.count("taken_back")?,
        overlaps: read_overlaps(row)?,
    })
}

/// Overlaps are told and never searched, so they stand in one column: a list of objects.
fn overlaps(overlaps: &[Overlap]) -> String {
    let rows: Vec<Value> = overlaps
        .iter()
        .map(|overlap| {
            json!({
                "at_ms": whole(overlap.at.0),
                "said": text(&overlap.said),
                "outcome": overlap.outcome.as_str(),
                "after_ms": whole(overlap.after.0),
            })
        })
        .collect();
    Value::from(rows).to_string()
}

fn read_overlaps(row: &Columns<'_>) -> Result<Vec<Overlap>, StoreError> {
    row.values("overlaps")?
        .iter()
        .map(|overlap| {
            read_overlap(overlap)
                .ok_or_else(|| row.odd("overlaps", format!("`{overlap}` is not known here")))
        })
        .collect()
}

fn read_overlap(overlap: &Value) -> Option<Overlap> {
    let outcome = overlap["outcome"].as_str()?;
    Some(Overlap {
        at: Millis(overlap["at_ms"].as_u64()?),
        said: overlap["said"].as_str()?.to_owned(),
        outcome: OverlapOutcome::ALL
            .into_iter()
            .find(|known| known.as_str() == outcome)?,
        after: Millis(overlap["after_ms"].as_u64()?),
    })
}
