-- Messages that disappear.

-- ends_at: when it is over, by our clock. Then it is taken out, with all that stands elsewhere about it.
-- Kinds of message since: 20 how long messages live with a person, 21 the same in a group; text holds the seconds,
-- NULL where they stay.
ALTER TABLE message    ADD COLUMN ends_at INTEGER;
ALTER TABLE outbox     ADD COLUMN ends_at INTEGER;
ALTER TABLE alteration ADD COLUMN ends_at INTEGER;

CREATE INDEX message_end    ON message (ends_at)    WHERE ends_at IS NOT NULL;
CREATE INDEX outbox_end     ON outbox (ends_at)     WHERE ends_at IS NOT NULL;
CREATE INDEX alteration_end ON alteration (ends_at) WHERE ends_at IS NOT NULL;

-- How long messages live that are said to a person: what either side set last, by the time and then by the id of the
-- letter that told it. Of groups their documents say it.
-- seconds: NULL where they stay.
CREATE TABLE lifetime (
    party   ANY     PRIMARY KEY,
    seconds INTEGER,
    at      INTEGER NOT NULL,
    letter  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- What is taken out of the index leaves no words behind in it.
INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1);
