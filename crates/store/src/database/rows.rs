//! Records as rows and back. Numbers that a BIGINT cannot hold are stored as its largest.

use std::{fmt::Display, str::FromStr};

use domain::{
    CallBegun, CallEnded, CallId, Direction, EndReason, Gap, Micros, Millis, ModelName, Party,
    Transport, TurnRecord, TurnTaking, UnixMillis, Usage,
};
use sqlx::{
    Any, AnyConnection, Decode, Row, Type,
    any::{AnyQueryResult, AnyRow},
};

use crate::{Record, StoreError, StoredCall};

const PUT_BEGUN: &str = "
INSERT INTO calls (id, tenant, agent, transport, direction, carrier_call, from_party, to_party, begun_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    tenant = excluded.tenant, agent = excluded.agent, transport = excluded.transport,
    direction = excluded.direction, carrier_call = excluded.carrier_call,
    from_party = excluded.from_party, to_party = excluded.to_party, begun_at = excluded.begun_at
WHERE calls.begun_at IS NULL";

const PUT_ENDED: &str = "
INSERT INTO calls (id, ended_at, duration_ms, end_reason, error, barge_ins, line_ms, stt_audio_ms,
    llm_input_tokens, llm_cached_tokens, llm_output_tokens, tts_characters, cost_micros)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET
    ended_at = excluded.ended_at, duration_ms = excluded.duration_ms,
    end_reason = excluded.end_reason, error = excluded.error, barge_ins = excluded.barge_ins,
    line_ms = excluded.line_ms, stt_audio_ms = excluded.stt_audio_ms,
    llm_input_tokens = excluded.llm_input_tokens, llm_cached_tokens = excluded.llm_cached_tokens,
    llm_output_tokens = excluded.llm_output_tokens, tts_characters = excluded.tts_characters,
    cost_micros = excluded.cost_micros
WHERE calls.ended_at IS NULL";

/// A turn that comes before the beginning of its call needs a row to belong to.
const PUT_CALL: &str = "INSERT INTO calls (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";

const PUT_TURN: &str = "
INSERT INTO turns (call_id, number, at_ms, caller, said, heard, interrupted, ended_by,
    gap_transcribe_ms, gap_wait_ms, gap_think_ms, gap_speak_ms, gap_send_ms, tools, providers)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (call_id, number) DO UPDATE SET
    at_ms = excluded.at_ms, caller = excluded.caller, said = excluded.said,
    heard = excluded.heard, interrupted = excluded.interrupted, ended_by = excluded.ended_by,
    gap_transcribe_ms = excluded.gap_transcribe_ms, gap_wait_ms = excluded.gap_wait_ms,
    gap_think_ms = excluded.gap_think_ms, gap_speak_ms = excluded.gap_speak_ms,
    gap_send_ms = excluded.gap_send_ms, tools = excluded.tools, providers = excluded.providers";

macro_rules! select_calls {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, agent, transport, direction, carrier_call, from_party, to_party, \
             begun_at, ended_at, duration_ms, end_reason, error, barge_ins, line_ms, \
             stt_audio_ms, llm_input_tokens, llm_cached_tokens, llm_output_tokens, \
             tts_characters, cost_micros, \
             (SELECT COUNT(*) FROM turns WHERE turns.call_id = calls.id) AS turns \
             FROM calls WHERE begun_at IS NOT NULL ",
            $rest
        )
    };
}

/// Binds a tenant or NULL for all, the longest list, and the time before which a call without an
/// end began, or NULL for all calls.
pub(super) const LIST_CALLS: &str = select_calls!(
    "AND ($1 IS NULL OR tenant = $1) \
     AND ($3 IS NULL OR (begun_at < $3 AND ended_at IS NULL)) \
     ORDER BY begun_at DESC, id DESC LIMIT $2"
);

/// Binds the id of a call.
pub(super) const FIND_CALL: &str = select_calls!("AND id = $1");

/// Binds the id of a call.
pub(super) const FIND_TURNS: &str = "
SELECT number, at_ms, caller, said, heard, interrupted, ended_by, gap_transcribe_ms, gap_wait_ms,
    gap_think_ms, gap_speak_ms, gap_send_ms, tools, providers
FROM turns WHERE call_id = $1 ORDER BY number";

/// Writes one record.
pub(super) async fn put(connection: &mut AnyConnection, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Begun(begun) => put_begun(connection, begun).await?,
        Record::Ended(ended) => put_ended(connection, ended).await?,
        Record::Turn { call, turn } => {
            sqlx::query(PUT_CALL)
                .bind(call.to_string())
                .execute(&mut *connection)
                .await?;
            put_turn(connection, *call, turn).await?
        }
    };
    Ok(())
}

async fn put_begun(
    connection: &mut AnyConnection,
    begun: &CallBegun,
) -> Result<AnyQueryResult, sqlx::Error> {
    sqlx::query(PUT_BEGUN)
        .bind(begun.id.to_string())
        .bind(begun.tenant.as_str().to_owned())
        .bind(begun.agent.as_str().to_owned())
        .bind(begun.transport.as_str())
        .bind(begun.direction.as_str())
        .bind(begun.carrier_call.as_ref().map(ToString::to_string))
        .bind(text(begun.from.as_str()))
        .bind(text(begun.to.as_str()))
        .bind(begun.at.0)
        .execute(connection)
        .await
}

async fn put_ended(
    connection: &mut AnyConnection,
    ended: &CallEnded,
) -> Result<AnyQueryResult, sqlx::Error> {
    sqlx::query(PUT_ENDED)
        .bind(ended.id.to_string())
        .bind(ended.at.0)
        .bind(whole(ended.duration.0))
        .bind(ended.reason.as_str())
        .bind(ended.error.as_deref().map(text))
        .bind(i64::from(ended.barge_ins))
        .bind(whole(ended.usage.line.0))
        .bind(whole(ended.usage.stt_audio.0))
        .bind(whole(ended.usage.llm_input_tokens))
        .bind(whole(ended.usage.llm_cached_tokens))
        .bind(whole(ended.usage.llm_output_tokens))
        .bind(whole(ended.usage.tts_characters))
        .bind(whole(ended.cost.0))
        .execute(connection)
        .await
}

async fn put_turn(
    connection: &mut AnyConnection,
    call: CallId,
    turn: &TurnRecord,
) -> Result<AnyQueryResult, sqlx::Error> {
    let gap = |part: fn(&Gap) -> Millis| turn.gap.as_ref().map(|gap| whole(part(gap).0));
    let providers: Vec<String> = turn.providers.iter().map(ToString::to_string).collect();
    sqlx::query(PUT_TURN)
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
        .bind(json(&turn.tools))
        .bind(json(&providers))
        .execute(connection)
        .await
}

/// A call from a row of [`LIST_CALLS`] or [`FIND_CALL`].
pub(super) fn read_call(row: &AnyRow) -> Result<StoredCall, StoreError> {
    let row = Columns {
        table: "calls",
        row,
    };
    let begun = CallBegun {
        id: row.parse("id")?,
        tenant: row.parse("tenant")?,
        agent: row.parse("agent")?,
        transport: row.one_of("transport", &TRANSPORTS, Transport::as_str)?,
        direction: row.one_of("direction", &DIRECTIONS, Direction::as_str)?,
        carrier_call: match row.get::<Option<String>>("carrier_call")? {
            Some(_) => Some(row.parse("carrier_call")?),
            None => None,
        },
        from: Party::read(&row.get::<String>("from_party")?),
        to: Party::read(&row.get::<String>("to_party")?),
        at: UnixMillis(row.get("begun_at")?),
    };
    let ended = match row.get::<Option<i64>>("ended_at")? {
        Some(at) => Some(read_end(&row, begun.id, UnixMillis(at))?),
        None => None,
    };
    Ok(StoredCall {
        begun,
        ended,
        turns: row.count("turns")?,
    })
}

fn read_end(row: &Columns<'_>, id: CallId, at: UnixMillis) -> Result<CallEnded, StoreError> {
    Ok(CallEnded {
        id,
        at,
        duration: row.millis("duration_ms")?,
        reason: row.one_of("end_reason", EndReason::ALL, EndReason::as_str)?,
        error: row.get("error")?,
        barge_ins: row.count("barge_ins")?,
        usage: Usage {
            line: row.millis("line_ms")?,
            stt_audio: row.millis("stt_audio_ms")?,
            llm_input_tokens: row.count("llm_input_tokens")?,
            llm_cached_tokens: row.count("llm_cached_tokens")?,
            llm_output_tokens: row.count("llm_output_tokens")?,
            tts_characters: row.count("tts_characters")?,
        },
        cost: Micros(row.count("cost_micros")?),
    })
}

/// A turn from a row of [`FIND_TURNS`].
pub(super) fn read_turn(row: &AnyRow) -> Result<TurnRecord, StoreError> {
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
        interrupted: row.get::<i64>("interrupted")? != 0,
        ended_by: row.get("ended_by")?,
        gap: read_gap(&row)?,
        tools: row.list("tools")?,
        providers: row
            .list("providers")?
            .iter()
            .map(|name| name.parse::<ModelName>())
            .collect::<Result<_, _>>()
            .map_err(|error| row.odd("providers", error))?,
        taking: TurnTaking::default(),
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

pub(super) const TRANSPORTS: [Transport; 1] = [Transport::TwilioStream];
const DIRECTIONS: [Direction; 2] = [Direction::Inbound, Direction::Outbound];

/// A row whose columns are read by name, with errors that say where the odd value stands.
struct Columns<'a> {
    table: &'static str,
    row: &'a AnyRow,
}

impl Columns<'_> {
    fn get<'r, T: Decode<'r, Any> + Type<Any>>(
        &'r self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| self.odd(column, error))
    }

    fn parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.get::<String>(column)?
            .parse()
            .map_err(|error| self.odd(column, error))
    }

    fn one_of<T: Copy>(
        &self,
        column: &'static str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let text = self.get::<String>(column)?;
        all.iter()
            .copied()
            .find(|value| name(*value) == text)
            .ok_or_else(|| self.odd(column, format!("`{text}` is not known here")))
    }

    fn count<T: TryFrom<i64, Error: Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        T::try_from(self.get(column)?).map_err(|error| self.odd(column, error))
    }

    fn millis(&self, column: &'static str) -> Result<Millis, StoreError> {
        self.count(column).map(Millis)
    }

    fn list(&self, column: &'static str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|error| self.odd(column, error))
    }

    fn odd(&self, column: &'static str, problem: impl Display) -> StoreError {
        StoreError::Unreadable {
            table: self.table,
            detail: format!("{column}: {problem}"),
        }
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// PostgreSQL refuses a text with a NUL character, and what callers and models write may have one.
fn text(foreign: &str) -> String {
    if foreign.contains('\0') {
        foreign.replace('\0', "\u{fffd}")
    } else {
        foreign.to_owned()
    }
}

fn json(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}
