-- Keys, ratchets, and what waits for them.

-- Secret keys and the state of sessions, by name. What changes one is stored with it, in one transaction.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What devices published for those who write to them first.
CREATE TABLE bundle (
    user      TEXT    NOT NULL,
    device    BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    agreement BLOB    NOT NULL,
    fallback  BLOB    NOT NULL,
    made_at   INTEGER NOT NULL,
    PRIMARY KEY (user, device)
) STRICT, WITHOUT ROWID;

-- What was opened: so what comes again is known although its key is gone, and confirmed again.
-- tag:     of the ciphertext; in a group of the session and the number in it.
-- print:   of the ciphertext, in a group.
-- awaited: whether its sender waits to hear that it came.
CREATE TABLE opened (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    tag     BLOB    NOT NULL UNIQUE,
    print   BLOB,
    sender  TEXT    NOT NULL,
    letter  BLOB    NOT NULL,
    awaited INTEGER NOT NULL
) STRICT;

CREATE INDEX opened_letter ON opened (letter);

-- What came in and cannot be opened yet, because a profile or a key is not here.
CREATE TABLE sealed (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    sender  TEXT    NOT NULL,
    topic   TEXT    NOT NULL,
    payload BLOB    NOT NULL
) STRICT;

CREATE INDEX sealed_sender ON sealed (sender, seq);

-- The open rooms that we are in.
-- joined: 0 where we left and the broker still has to be told that we do not subscribe to it any more.
CREATE TABLE room (
    name   TEXT    PRIMARY KEY,
    joined INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was said in open rooms, the last of it in each: so that what comes again is known.
-- tag: of the room, the speaker, and the id or else the bytes of what they said.
CREATE TABLE room_heard (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT    NOT NULL,
    tag  BLOB    NOT NULL
) STRICT;

CREATE INDEX room_heard_tag ON room_heard (room, tag);
CREATE INDEX room_heard_seq ON room_heard (room, seq);
