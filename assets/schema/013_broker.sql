-- The broker of the last connection, as a person would write it: another one is told of.
ALTER TABLE connection ADD COLUMN broker TEXT;
