-- What a call consumed of whom, and what that costs. No cost: nobody told us the price.
CREATE TABLE charges (
    call_id TEXT NOT NULL REFERENCES calls (id),
    line BIGINT NOT NULL,
    payee TEXT NOT NULL,
    item TEXT NOT NULL,
    purpose TEXT NOT NULL,
    amount BIGINT NOT NULL,
    cost_micros BIGINT,
    PRIMARY KEY (call_id, line)
);

-- Whether something was used that has no known price, so that `cost_micros` is not all there is.
ALTER TABLE calls ADD COLUMN partly_priced BIGINT NOT NULL DEFAULT 0;

-- What the model noted and nobody heard: a list of texts.
ALTER TABLE turns ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';

CREATE INDEX calls_by_caller ON calls (tenant, from_party, begun_at);
