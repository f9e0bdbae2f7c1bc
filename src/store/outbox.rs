//! What the broker has not confirmed, in the order in which it was written.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::batch::Batch;
use super::people;
use super::value::{Draft, OutboxRow, Queued, StoredGroup};
use crate::domain::{ConversationId, Delivery, Message, MessageId};

/// Stores a message, what is to be published for it, and the group it changes, or nothing of it. A
/// message that is known already was queued already: nothing is written then.
pub(super) fn queue(
    db: &mut Connection,
    message: Option<&Message>,
    drafts: &[Draft],
    group: Option<&StoredGroup>,
) -> Result<Queued> {
    let transaction = db.transaction()?;
    let mut batch = Batch::new(&transaction);
    if let Some(message) = message
        && !batch.add(message)?
    {
        return Ok(Queued::default());
    }
    if let Some(group) = group {
        people::save_group(&transaction, group)?;
    }
    let insert = "INSERT INTO outbox (topic, payload, retain, message, recipient)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut rows = Vec::with_capacity(drafts.len());
    for Draft { topic, payload, retain, message, recipient } in drafts {
        let values = params![topic, payload, retain, message, recipient];
        rows.push(transaction.prepare_cached(insert)?.insert(values)?);
    }
    let summary = batch.finish()?.pop();
    transaction.commit()?;
    Ok(Queued { rows, summary })
}

/// The rows after `seq`, oldest first.
pub(super) fn rows(db: &Connection, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
    let select = "SELECT seq, topic, payload, retain, message, recipient
        FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let read = |row: &Row<'_>| {
        let draft = Draft {
            topic: row.get(1)?,
            payload: row.get(2)?,
            retain: row.get(3)?,
            message: row.get(4)?,
            recipient: row.get(5)?,
        };
        Ok(OutboxRow { seq: row.get(0)?, draft })
    };
    db.prepare_cached(select)?.query_map((after, limit), read)?.collect()
}

/// Takes the rows out. Returns the messages of which that was the last row: they are sent now.
pub(super) fn confirm(db: &mut Connection, rows: &[i64]) -> Result<Vec<(ConversationId, MessageId)>> {
    let transaction = db.transaction()?;
    let mut sent = Vec::new();
    for seq in rows {
        let remove = "DELETE FROM outbox WHERE seq = ?1 RETURNING message";
        let mut remove = transaction.prepare_cached(remove)?;
        let message: Option<Option<MessageId>> = remove.query_row([seq], |row| row.get(0)).optional()?;
        let Some(Some(id)) = message else { continue };
        let mark = "UPDATE message SET delivery = ?2
            WHERE id = ?1 AND delivery < ?2 AND NOT EXISTS (SELECT 1 FROM outbox WHERE message = ?1)
            RETURNING (SELECT party FROM conversation WHERE id = message.conversation)";
        let mut mark = transaction.prepare_cached(mark)?;
        let conversation = mark.query_row((id, Delivery::Sent), |row| row.get(0)).optional()?;
        sent.extend(conversation.map(|conversation| (conversation, id)));
    }
    transaction.commit()?;
    Ok(sent)
}
