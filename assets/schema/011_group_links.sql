-- Links into groups, by which this device lets people in: one for each group.
-- uses: how many it may still let in.
CREATE TABLE group_link (
    party   BLOB    PRIMARY KEY,
    secret  BLOB    NOT NULL,
    ends_at INTEGER NOT NULL,
    uses    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Groups that we asked to be let into by a link: whoever lets us in finds us willing.
-- letter: the last that asked; NULL before the first.
CREATE TABLE knock (
    party   BLOB    PRIMARY KEY,
    host    TEXT    NOT NULL,
    secret  BLOB    NOT NULL,
    ends_at INTEGER NOT NULL,
    letter  BLOB
) STRICT, WITHOUT ROWID;
