-- Conversations that the lists do not show, on this device.
CREATE TABLE archived (
    party ANY PRIMARY KEY
) STRICT, WITHOUT ROWID;
