-- Types are those that SQLite and PostgreSQL share: TEXT, BIGINT, DOUBLE PRECISION, BYTEA.
-- Truth values are 0 or 1, times are milliseconds since 1970, lists are JSON.

-- A row may be written by any record of its call, in any order, so only the id is always there:
-- `begun_at` tells whether the beginning is known, `ended_at` whether the end is.
CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT,
    agent TEXT,
    transport TEXT,
    direction TEXT,
    carrier_call TEXT,
    from_party TEXT,
    to_party TEXT,
    begun_at BIGINT,
    ended_at BIGINT,
    duration_ms BIGINT,
    end_reason TEXT,
    error TEXT,
    barge_ins BIGINT,
    line_ms BIGINT,
    stt_audio_ms BIGINT,
    llm_input_tokens BIGINT,
    llm_cached_tokens BIGINT,
    llm_output_tokens BIGINT,
    tts_characters BIGINT,
    cost_micros BIGINT
);

CREATE INDEX calls_by_time ON calls (begun_at);
CREATE INDEX calls_by_tenant ON calls (tenant, begun_at);

CREATE TABLE turns (
    call_id TEXT NOT NULL REFERENCES calls (id),
    number BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    caller TEXT NOT NULL,
    said TEXT NOT NULL,
    heard TEXT NOT NULL,
    interrupted BIGINT NOT NULL,
    ended_by TEXT NOT NULL,
    gap_transcribe_ms BIGINT,
    gap_wait_ms BIGINT,
    gap_think_ms BIGINT,
    gap_speak_ms BIGINT,
    gap_send_ms BIGINT,
    tools TEXT NOT NULL,
    providers TEXT NOT NULL,
    PRIMARY KEY (call_id, number)
);
