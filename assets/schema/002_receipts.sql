-- Receipts from end to end: a letter stays in the outbox until every recipient has confirmed it.

-- late:   placed above newer ones, a while after it was written.
-- unseen: a message of another that was not on our screen yet.
ALTER TABLE message ADD COLUMN late   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
UPDATE message SET unseen = 1 FROM conversation c
    WHERE c.unread > 0 AND message.conversation = c.id AND delivery IS NULL AND kind IN (0, 5)
        AND (sent_at, message.id) >= (c.first_unread_at, c.first_unread_id);

-- stamp:  the latest time that anybody wrote on a message there, whatever their clock says.
-- number: of our last letter there.
ALTER TABLE conversation ADD COLUMN stamp  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE conversation SET stamp = coalesce(last_at, 0);

-- What one sender wrote in a conversation, in the order in which they wrote it. What we cannot read (kind 5)
-- may have an id that we made, and that says nothing of when.
CREATE INDEX message_voice ON message (conversation, sender, id) WHERE kind <> 5;

-- Whom a letter of ours is for, and how far it has come to them. Kept for messages; for other letters
-- until they are confirmed.
-- delivery:     0 failed, 1 queued, 2 sent, 3 delivered, 4 read.
-- delivered_at, read_at: by the recipient's clock.
-- departed:     they left the group before they had it.
-- attempts:     how often it went to their inbox again.
CREATE TABLE recipient (
    letter       BLOB    NOT NULL,
    member       TEXT    NOT NULL,
    delivery     INTEGER NOT NULL,
    delivered_at INTEGER,
    read_at      INTEGER,
    why          TEXT,
    departed     INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (letter, member)
) STRICT, WITHOUT ROWID;

-- Who has not confirmed what, the least tried first.
CREATE INDEX recipient_open ON recipient (member, attempts, letter)
    WHERE departed = 0 AND delivery IN (1, 2);

-- clear:   the letter, before it is sealed.
-- payload: the sealed bytes; NULL until the keys are here that it takes.
-- state: 0 to be published, 1 taken by the broker and to be confirmed by the recipients, 2 refused.
CREATE TABLE outbox_new (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    letter  BLOB    NOT NULL,
    topic   TEXT    NOT NULL,
    clear   BLOB    NOT NULL,
    payload BLOB,
    party   ANY     NOT NULL,
    state   INTEGER NOT NULL DEFAULT 0
) STRICT;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_letter ON outbox (letter);
CREATE INDEX outbox_due ON outbox (seq) WHERE state = 0;

-- The last number heard of each device in each conversation, and those below it that never came. A number
-- is asked for a few times and then forgotten.
CREATE TABLE heard (
    party  ANY     NOT NULL,
    sender TEXT    NOT NULL,
    device BLOB    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (party, sender, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE missing (
    party  ANY     NOT NULL,
    sender TEXT    NOT NULL,
    device BLOB    NOT NULL,
    number INTEGER NOT NULL,
    asked  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (party, sender, device, number)
) STRICT, WITHOUT ROWID;

-- Our newest id tells the time that the next one must be later than.
DROP INDEX message_own;
CREATE INDEX message_own ON message (id) WHERE delivery IS NOT NULL;
