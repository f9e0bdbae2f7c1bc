//! What is known of the way of our letters, for whoever asks.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::alterations;
use super::value::{OutboxState, Tracked};
use crate::domain::{Message, MessageId, Recipient};

impl FromSql for OutboxState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Due),
            1 => Ok(Self::Taken),
            2 => Ok(Self::Refused),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// All that is known of letters in the outbox, in the order of sending, and how many there are in all.
pub(super) fn waiting(db: &Connection, limit: u32) -> Result<(Vec<Tracked>, u64)> {
    let mut first = db.prepare_cached("SELECT letter FROM outbox ORDER BY seq LIMIT ?1")?;
    let letters: Vec<MessageId> = first.query_map([limit], |row| row.get(0))?.collect::<Result<_>>()?;
    let mut all = Vec::with_capacity(letters.len());
    for letter in letters {
        all.extend(tracked(db, letter)?);
    }
    let total: i64 =
        db.prepare_cached("SELECT count(*) FROM outbox")?.query_row([], |row| row.get(0))?;
    Ok((all, total.unsigned_abs()))
}

/// All that is known of a letter of ours; `None` when it is none, or is done and was no message.
pub(super) fn tracked(db: &Connection, letter: MessageId) -> Result<Option<Tracked>> {
    // Of a message that was said otherwise since, how far that has come.
    let said = "SELECT id FROM message WHERE edit = ?1";
    let said = db.prepare_cached(said)?.query_row([letter], |row| row.get(0)).optional()?;
    let message = alterations::find(db, said.unwrap_or(letter))?.filter(Message::is_ours);
    let edit = "SELECT edit FROM message WHERE id = ?1 AND delivery IS NOT NULL";
    let edit: Option<Option<MessageId>> =
        db.prepare_cached(edit)?.query_row([letter], |row| row.get(0)).optional()?;
    let letter = edit.flatten().unwrap_or(letter);
    let row = "SELECT party, state FROM outbox WHERE letter = ?1";
    let row = db
        .prepare_cached(row)?
        .query_row([letter], |row| Ok((row.get(0)?, row.get::<_, OutboxState>(1)?)))
        .optional()?;
    let (party, state) = row.unzip();
    let to = match (party, &message) {
        (Some(party), _) => party,
        (None, Some(message)) => message.conversation.clone(),
        (None, None) => return Ok(None),
    };
    Ok(Some(Tracked { id: letter, to, message, recipients: recipients(db, letter)?, state }))
}

/// Whom a letter was for, by name.
pub(super) fn recipients(db: &Connection, letter: MessageId) -> Result<Vec<Recipient>> {
    let all = "SELECT member, delivery, delivered_at, read_at, why, departed FROM recipient
        WHERE letter = ?1 ORDER BY member";
    let recipient = |row: &Row<'_>| {
        Ok(Recipient {
            user: row.get(0)?,
            delivery: row.get(1)?,
            delivered_at: row.get(2)?,
            read_at: row.get(3)?,
            why: row.get(4)?,
            left: row.get(5)?,
        })
    };
    db.prepare_cached(all)?.query_map([letter], recipient)?.collect()
}
