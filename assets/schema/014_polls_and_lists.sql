-- Polls, and lists of contacts.

-- Kinds of alteration since: 4 voted, 5 closed. Of a vote the value is JSON: the last votes of its author, the newest
-- first, of which that counts which stood when the poll was closed.
-- poll:   JSON: the question and its answers.
-- votes:  JSON: the numbers of the answers that people chose, by name; always read and written whole.
-- closed: its author ended the poll.
ALTER TABLE message ADD COLUMN poll   TEXT;
ALTER TABLE message ADD COLUMN votes  TEXT;
ALTER TABLE message ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

-- Who is on which list of contacts, of our own.
CREATE TABLE list (
    name   TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (name, member)
) STRICT, WITHOUT ROWID;
