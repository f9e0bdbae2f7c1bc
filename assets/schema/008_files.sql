-- Files that are sent.

-- JSON of what a message carries a file by, the key of the file among it; NULL where it carries none, or was taken back.
ALTER TABLE message ADD COLUMN file TEXT;

-- What became of files here: of ours that somebody may fetch, and of those of others that we asked for.
-- state:  0 ours, and here for others to fetch; 1 being fetched; 2 the same, but it rests; 3 here, and not saved;
--         4 saved; 5 it failed; 6 ours, and not kept any more.
-- target: where it is to be saved or was, as a person would write the path; NULL where nobody said.
-- why:    it failed.
CREATE TABLE file (
    message BLOB    PRIMARY KEY,
    state   INTEGER NOT NULL,
    target  TEXT,
    why     TEXT
) STRICT, WITHOUT ROWID;

-- Who has fetched a file of ours.
CREATE TABLE file_taker (
    message BLOB NOT NULL,
    user    TEXT NOT NULL,
    PRIMARY KEY (message, user)
) STRICT, WITHOUT ROWID;
