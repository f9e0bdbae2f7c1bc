-- What was done with messages after they were said.

-- The newest of each kind by each author, also of messages that are not here yet. What it comes to stands in the
-- row of the message.
-- party:  of the conversation in which it was said: of another one it says nothing.
-- kind:   0 edited, 1 taken back, 2 answered with a sign, 3 pinned.
-- at:     by the author's clock. letter: the id of the letter that told it.
-- value:  of an edit the text; of a sign the sign, NULL where it was taken back; of a pin 1 or NULL.
CREATE TABLE alteration (
    message BLOB    NOT NULL,
    party   ANY     NOT NULL,
    kind    INTEGER NOT NULL,
    author  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    letter  BLOB    NOT NULL,
    value   TEXT,
    PRIMARY KEY (message, party, kind, author)
) STRICT, WITHOUT ROWID;

-- Kinds of message since: 13 taken back by its author, 14 deleted by us for ourselves: it is kept so that it does
-- not come again, without what it said, and never shown.
-- reply:     the message that it answers.
-- edit:      the letter of the newest edit: how far the message has come is how far that has.
-- reactions: JSON: the signs of people, by name; always read and written whole.
ALTER TABLE message ADD COLUMN reply     BLOB;
ALTER TABLE message ADD COLUMN forwarded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN edit      BLOB;
ALTER TABLE message ADD COLUMN reactions TEXT;
ALTER TABLE message ADD COLUMN pinned    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN starred   INTEGER NOT NULL DEFAULT 0;

CREATE INDEX message_edit ON message (edit) WHERE edit IS NOT NULL;
CREATE INDEX message_pinned ON message (conversation, sent_at) WHERE pinned;
CREATE INDEX message_starred ON message (sent_at) WHERE starred;
