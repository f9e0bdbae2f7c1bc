//! Parts of a conversation, found by key: however long the conversation, a page costs the same.

use rusqlite::{Connection, Result};

use super::batch;
use super::row::{message, select_message};
use super::value::Page;
use crate::domain::{ConversationId, Message, MessageKey, PageAt};

/// A place between two messages of a conversation: those of a lesser key lie before it, all others
/// after it.
#[derive(Clone, Copy)]
struct Cut {
    sent_at: i64,
    id: [u8; 16],
}

impl Cut {
    const START: Self = Self { sent_at: i64::MIN, id: [0; 16] };
    const END: Self = Self { sent_at: i64::MAX, id: [0xff; 16] };

    fn before(key: MessageKey) -> Self {
        Self { sent_at: key.sent_at.as_millis(), id: *key.id.as_bytes() }
    }

    fn after(key: MessageKey) -> Self {
        let Self { sent_at, id } = Self::before(key);
        match u128::from_be_bytes(id).checked_add(1) {
            Some(next) => Self { sent_at, id: next.to_be_bytes() },
            None => Self { sent_at: sent_at + 1, id: [0; 16] },
        }
    }
}

/// Reads at most `limit` messages.
pub(super) fn page(db: &Connection, party: &ConversationId, at: PageAt, limit: u32) -> Result<Page> {
    let Some(conversation) = batch::find(db, party)? else { return Ok(Page::default()) };
    let (cut, back, ahead) = match at {
        PageAt::Newest => (Cut::END, limit, 0),
        PageAt::Oldest => (Cut::START, 0, limit),
        PageAt::Before(key) => (Cut::before(key), limit, 0),
        PageAt::After(key) => (Cut::after(key), 0, limit),
        PageAt::Around(key) => (Cut::before(key), limit, limit),
    };
    // One more on either side tells whether there are more.
    let mut older = older(db, conversation.row, cut, back + 1)?;
    let mut newer = newer(db, conversation.row, cut, ahead + 1)?;
    let (mut back, mut ahead) = (back as usize, ahead as usize);
    if let PageAt::Around(_) = at {
        // Half of the page before the message; what one side cannot fill goes to the other.
        back = (ahead / 2).max(ahead.saturating_sub(newer.len()));
        ahead -= back.min(older.len());
    }
    let (more_before, more_after) = (older.len() > back, newer.len() > ahead);
    older.truncate(back);
    newer.truncate(ahead);
    older.reverse();
    older.append(&mut newer);
    Ok(Page { messages: older, more_before, more_after })
}

/// The nearest messages before the cut, newest first.
fn older(db: &Connection, conversation: i64, cut: Cut, limit: u32) -> Result<Vec<Message>> {
    let select = select_message!(
        "FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE m.conversation = ?1 AND (m.sent_at, m.id) < (?2, ?3)
        ORDER BY m.sent_at DESC, m.id DESC LIMIT ?4"
    );
    read(db, select, conversation, cut, limit)
}

/// The nearest messages after the cut, oldest first.
fn newer(db: &Connection, conversation: i64, cut: Cut, limit: u32) -> Result<Vec<Message>> {
    let select = select_message!(
        "FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE m.conversation = ?1 AND (m.sent_at, m.id) >= (?2, ?3)
        ORDER BY m.sent_at, m.id LIMIT ?4"
    );
    read(db, select, conversation, cut, limit)
}

fn read(db: &Connection, select: &str, conversation: i64, cut: Cut, limit: u32) -> Result<Vec<Message>> {
    let values = (conversation, cut.sent_at, cut.id.as_slice(), limit);
    db.prepare_cached(select)?.query_map(values, message)?.collect()
}
