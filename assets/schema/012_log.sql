-- The log in plain text, for whoever wants one.

-- Messages that the log does not tell of yet, or not as they are since; noted with what changes them, as long as a log
-- is wanted.
-- fresh: it came; else it was edited or taken back since.
CREATE TABLE to_log (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    message BLOB    NOT NULL,
    fresh   INTEGER NOT NULL
) STRICT;

-- What is being written: whatever ends Cooee meanwhile, a look at the file shows how much of it stands there.
-- file:   its name. length: how long it was before.
CREATE TABLE log_piece (
    file   TEXT    PRIMARY KEY,
    length INTEGER NOT NULL,
    bytes  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
