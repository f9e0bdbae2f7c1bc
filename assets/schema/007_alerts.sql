-- How a conversation calls for us: 1 when we are mentioned, 2 never. Others always do.
CREATE TABLE alerts (
    party ANY     PRIMARY KEY,
    level INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
