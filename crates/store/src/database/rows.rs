//! Records as rows and back. Numbers that a BIGINT cannot hold are stored as its largest.

pub(super) mod charges;
pub(super) mod turns;

use std::{fmt::Display, str::FromStr};

use domain::{
    CallBegun, CallEnded, CallId, Cost, Direction, EndReason, Micros, Millis, Party, TenantId,
    Transport, UnixMillis, Usage,
};
use serde_json::Value;
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
    llm_input_tokens, llm_cached_tokens, llm_output_tokens, tts_characters, cost_micros,
    llm_discarded_input_tokens, llm_discarded_output_tokens, speculation_cost_micros, partly_priced,
    speculation_partly_priced)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (id) DO UPDATE SET
    ended_at = excluded.ended_at, duration_ms = excluded.duration_ms,
    end_reason = excluded.end_reason, error = excluded.error, barge_ins = excluded.barge_ins,
    line_ms = excluded.line_ms, stt_audio_ms = excluded.stt_audio_ms,
    llm_input_tokens = excluded.llm_input_tokens, llm_cached_tokens = excluded.llm_cached_tokens,
    llm_output_tokens = excluded.llm_output_tokens, tts_characters = excluded.tts_characters,
    cost_micros = excluded.cost_micros,
    llm_discarded_input_tokens = excluded.llm_discarded_input_tokens,
    llm_discarded_output_tokens = excluded.llm_discarded_output_tokens,
    speculation_cost_micros = excluded.speculation_cost_micros,
    partly_priced = excluded.partly_priced,
    speculation_partly_priced = excluded.speculation_partly_priced
WHERE calls.ended_at IS NULL";

const PUT_SPENT: &str = "
INSERT INTO calls (id, cost_micros) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET cost_micros = excluded.cost_micros
WHERE calls.ended_at IS NULL
    AND (calls.cost_micros IS NULL OR calls.cost_micros < excluded.cost_micros)";

/// A turn that comes before the beginning of its call needs a row to belong to.
const PUT_CALL: &str = "INSERT INTO calls (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";

macro_rules! select_calls {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, agent, transport, direction, carrier_call, from_party, to_party, \
             begun_at, ended_at, duration_ms, end_reason, error, barge_ins, line_ms, \
             stt_audio_ms, llm_input_tokens, llm_cached_tokens, llm_output_tokens, \
             tts_characters, cost_micros, llm_discarded_input_tokens, \
             llm_discarded_output_tokens, speculation_cost_micros, partly_priced, \
             speculation_partly_priced, \
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

/// Binds a time.
pub(super) const SPENT_SINCE: &str = "
SELECT tenant, CAST(SUM(cost_micros) AS BIGINT) AS spent FROM calls
WHERE begun_at >= $1 AND cost_micros IS NOT NULL GROUP BY tenant";

/// A sum from a row of [`SPENT_SINCE`].
pub(super) fn read_spent(row: &AnyRow) -> Result<(TenantId, Micros), StoreError> {
    let row = Columns {
        table: "calls",
        row,
    };
    Ok((row.parse("tenant")?, Micros(row.count("spent")?)))
}

/// Writes one record.
pub(super) async fn put(connection: &mut AnyConnection, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Begun(begun) => {
            put_begun(connection, begun).await?;
        }
        Record::Ended { ended, receipt } => {
            let first = put_ended(&mut *connection, ended).await?.rows_affected() > 0;
            if first {
                charges::put(&mut *connection, ended.id, receipt).await?;
            }
        }
        Record::Spent { call, so_far } => {
            sqlx::query(PUT_SPENT)
                .bind(call.to_string())
                .bind(whole(so_far.0))
                .execute(&mut *connection)
                .await?;
        }
        Record::Turn { call, turn } => {
            sqlx::query(PUT_CALL)
                .bind(call.to_string())
                .execute(&mut *connection)
                .await?;
            turns::put(connection, *call, turn).await?;
        }
    }
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
        .bind(whole(ended.cost.known.0))
        .bind(whole(ended.usage.llm_discarded_input_tokens))
        .bind(whole(ended.usage.llm_discarded_output_tokens))
        .bind(whole(ended.speculation_cost.known.0))
        .bind(i64::from(ended.cost.partly))
        .bind(i64::from(ended.speculation_cost.partly))
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
    let spent = match row.get::<Option<i64>>("cost_micros")? {
        Some(_) => Micros(row.count("cost_micros")?),
        None => Micros::default(),
    };
    Ok(StoredCall {
        begun,
        ended,
        spent,
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
            llm_discarded_input_tokens: row.count("llm_discarded_input_tokens")?,
            llm_discarded_output_tokens: row.count("llm_discarded_output_tokens")?,
            tts_characters: row.count("tts_characters")?,
        },
        cost: row.cost("cost_micros", "partly_priced")?,
        speculation_cost: row.cost("speculation_cost_micros", "speculation_partly_priced")?,
    })
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

    fn truth(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.get::<i64>(column)? != 0)
    }

    fn cost(&self, known: &'static str, partly: &'static str) -> Result<Cost, StoreError> {
        Ok(Cost {
            known: Micros(self.count(known)?),
            partly: self.truth(partly)?,
        })
    }

    fn list(&self, column: &'static str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|error| self.odd(column, error))
    }

    fn values(&self, column: &'static str) -> Result<Vec<Value>, StoreError> {
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
pub(super) fn text(foreign: &str) -> String {
    if foreign.contains('\0') {
        foreign.replace('\0', "\u{fffd}")
    } else {
        foreign.to_owned()
    }
}

fn list(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}
