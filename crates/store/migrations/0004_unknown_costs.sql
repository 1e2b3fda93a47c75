-- Whether replies that nobody was to hear used something that has no known price.
ALTER TABLE calls ADD COLUMN speculation_partly_priced BIGINT NOT NULL DEFAULT 0;
