-- Why each turn was taken when it was, and what its answer cost in replies thrown away. Rows of
-- calls from before have the defaults: an empty text means that nobody wrote it down.

ALTER TABLE turns ADD COLUMN expected TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN wait_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN waited_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN pace_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN stt_lag_ms BIGINT;
ALTER TABLE turns ADD COLUMN speculations BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN paid_off BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN masks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN taken_back BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN overlaps TEXT NOT NULL DEFAULT '[]';

-- Tokens and cost of replies that nobody was to hear; they are part of the sums beside them.
ALTER TABLE calls ADD COLUMN llm_discarded_input_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN llm_discarded_output_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN speculation_cost_micros BIGINT NOT NULL DEFAULT 0;
