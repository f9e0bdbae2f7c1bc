//! What we do with messages for ourselves alone: stars, and what we delete here. And what is marked, for us or for all.

use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::alterations::find;
use super::handle::{bounded, in_transaction};
use super::row::{message, select_message};
use super::{Error, Store, search};
use crate::domain::{ConversationId, Message, MessageId, MessageText};

/// A kind of message: see `assets/schema`.
const HIDDEN: i64 = 14;

impl Store {
    /// Stars a message for ourselves, or takes the star away: the message as it is then; `None` where that changes
    /// nothing.
    pub async fn star(&self, id: MessageId, starred: bool) -> Result<Option<Message>, Error> {
        self.ask("star a message", move |db| star(db, id, starred)).await
    }

    /// Deletes a message for ourselves: what it said is gone, and it does not come again. Says from which
    /// conversation, `None` where it is not here.
    pub async fn hide(&self, id: MessageId) -> Result<Option<ConversationId>, Error> {
        let hide = move |db: &mut Connection| in_transaction(db, |db| hide(db, id));
        self.ask("delete a message", hide).await
    }

    /// What is pinned in a conversation, the newest first; without one what is starred, in all of them.
    pub async fn marked(
        &self,
        pinned_in: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Message>, Error> {
        let marked = move |db: &mut Connection| marked(db, pinned_in.as_ref(), bounded(limit));
        self.ask("read what is marked", marked).await
    }
}

/// Stars a message for ourselves, or takes the star away. `None` where it is not here or is as it was.
fn star(db: &Connection, id: MessageId, starred: bool) -> Result<Option<Message>> {
    let star = "UPDATE message SET starred = ?2 WHERE id = ?1 AND starred <> ?2 AND kind <> 14";
    match db.prepare_cached(star)?.execute((id, starred))? {
        0 => Ok(None),
        _ => find(db, id),
    }
}

/// Deletes a message for ourselves. Says of which conversation, `None` where it is not here.
fn hide(db: &Connection, id: MessageId) -> Result<Option<ConversationId>> {
    let find = "SELECT m.arrival, m.conversation, m.text, c.party
        FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE m.id = ?1 AND m.kind <> ?2";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found = db.prepare_cached(find)?.query_row((id, HIDDEN), read).optional()?;
    let Some((arrival, conversation, text, party)) = found else { return Ok(None) };
    let text: Option<MessageText> = text;
    if let Some(text) = &text {
        search::forget(db, arrival, conversation, text)?;
    }
    let hide = "UPDATE message SET kind = ?2, text = NULL, file = NULL, poll = NULL, votes = NULL, reactions = NULL,
        reply = NULL, pinned = 0, closed = 0,
        starred = 0, unseen = 0 WHERE id = ?1";
    db.prepare_cached(hide)?.execute((id, HIDDEN))?;
    db.prepare_cached("DELETE FROM alteration WHERE message = ?1")?.execute([id])?;
    Ok(Some(party))
}

/// Messages that are pinned in a conversation, or starred anywhere; the newest first.
fn marked(db: &Connection, pinned_in: Option<&ConversationId>, limit: u32) -> Result<Vec<Message>> {
    let pinned = select_message!("WHERE c.party = ?1 AND m.pinned ORDER BY m.sent_at DESC LIMIT ?2");
    let starred = select_message!("WHERE m.starred ORDER BY m.sent_at DESC LIMIT ?1");
    match pinned_in {
        Some(party) => db.prepare_cached(pinned)?.query_map((party, limit), message)?.collect(),
        None => db.prepare_cached(starred)?.query_map([limit], message)?.collect(),
    }
}
