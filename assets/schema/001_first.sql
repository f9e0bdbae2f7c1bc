-- The store of one account. Times are milliseconds since 1970-01-01T00:00:00Z. Ids are big-endian
-- BLOBs, so that they sort as the ids do. A party is a TEXT (the user name of a direct conversation; or a `+`,
-- which no user name holds, and the name of an open room) or a BLOB (the id of a group).

-- Who we are: one row.
CREATE TABLE account (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    user          TEXT    NOT NULL,
    identity      BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    display_name  TEXT    NOT NULL,
    mobile        TEXT,
    registered_at INTEGER NOT NULL,
    devices       TEXT    NOT NULL,
    device        BLOB    NOT NULL,
    client_id     TEXT    NOT NULL,
    credential    TEXT    NOT NULL
) STRICT;

-- The epoch of the last connection: one row. Apart from the account, so that saving that never
-- takes an epoch back.
CREATE TABLE connection (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;

-- Everybody who registered on this broker, as the profile tells that they signed with the key we know them by.
-- devices:  JSON: a few, always read and written whole.
-- verified: somebody compared the key.
-- claim:    JSON: a profile for this name that another key signed.
-- blocked:  nothing of theirs is shown or answered.
CREATE TABLE person (
    user          TEXT    PRIMARY KEY,
    identity      BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    display_name  TEXT    NOT NULL,
    mobile        TEXT,
    registered_at INTEGER NOT NULL,
    devices       TEXT    NOT NULL,
    last_seen     INTEGER,
    verified      INTEGER NOT NULL,
    claim         TEXT,
    blocked       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Groups that we are in, were in, are invited to or could join.
-- signed: what was signed about it, a document a line; always read and written whole.
CREATE TABLE groups (
    id          BLOB    PRIMARY KEY,
    signed      BLOB    NOT NULL,
    standing    TEXT    NOT NULL CHECK (standing IN ('member', 'invited', 'listed', 'left')),
    invited_by  TEXT    CHECK ((invited_by IS NOT NULL) = (standing = 'invited')),
    unsubscribe INTEGER NOT NULL
) STRICT;

-- What a list of conversations shows is kept here, in the transaction that changes it: counting
-- would make the start slower with every message.
CREATE TABLE conversation (
    id              INTEGER PRIMARY KEY,
    party           ANY     NOT NULL UNIQUE,
    unread          INTEGER NOT NULL DEFAULT 0,
    first_unread_at INTEGER,
    first_unread_id BLOB,
    last_at         INTEGER,
    last_id         BLOB,
    last_sender     TEXT
) STRICT;

-- arrival:  the order in which messages came to be here.
-- kind:     0 text, 1 created, 2 joined, 3 left, 4 invited, 5 unsupported, 6 key changed, 7 key accepted,
--           8 removed, 9 renamed, 10 made an admin, 11 made a member again, 12 who may come in. Of the changes of
--           a group, text holds whom or what to.
-- delivery: NULL for messages of others, else 1 queued, 2 sent.
CREATE TABLE message (
    arrival      INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    sender       TEXT    NOT NULL,
    sent_at      INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    text         TEXT,
    delivery     INTEGER
) STRICT;

CREATE INDEX message_page ON message (conversation, sent_at, id);
CREATE INDEX message_own ON message (sent_at) WHERE delivery IS NOT NULL;

-- The rowid is the message's arrival; `conversation` holds the id of its conversation as one word, so
-- that a search in a small one does not walk over the matches of all others. Contentless: the words
-- that are indexed are not quite the text (see search.rs), and the text is in the message table.
-- `words` comes first: every entry of a later column is two bytes longer. Beginnings of words are
-- looked up if they have up to four letters; longer ones are collected, and are rare.
CREATE VIRTUAL TABLE message_search USING fts5 (
    words,
    conversation,
    content = '',
    columnsize = 0,
    prefix = '2 3 4',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So'"
);

-- What the broker has not confirmed. AUTOINCREMENT: a sequence number is never used twice, so the
-- order holds for ever.
CREATE TABLE outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    topic     TEXT    NOT NULL,
    payload   BLOB    NOT NULL,
    retain    INTEGER NOT NULL,
    message   BLOB,
    recipient ANY     NOT NULL
) STRICT;

CREATE INDEX outbox_message ON outbox (message) WHERE message IS NOT NULL;

-- What came in and could not be understood. AUTOINCREMENT: the bound is kept by sequence number.
CREATE TABLE quarantine (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    topic   TEXT    NOT NULL,
    payload BLOB    NOT NULL,
    reason  TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
