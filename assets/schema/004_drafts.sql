-- What is being written and was not sent, by conversation. It stays on this device.
CREATE TABLE draft (
    party ANY  PRIMARY KEY,
    text  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
