//! A conversation that was read and is to be shown as unread again.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::handle::in_transaction;
use super::{Error, Store, batch};
use crate::domain::{ConversationId, MessageKey, Summary};

impl Store {
    /// Marks the newest message of another there as unread; where something is unread, that stays as it is.
    /// `None` when there is no message of another.
    pub async fn mark_unread(&self, conversation: ConversationId) -> Result<Option<Summary>, Error> {
        let mark = move |db: &mut Connection| in_transaction(db, |db| mark(db, conversation));
        self.ask("mark a chat as unread", mark).await
    }
}

fn mark(db: &Connection, party: ConversationId) -> Result<Option<Summary>> {
    let Some(mut conversation) = batch::find(db, &party)? else { return Ok(None) };
    if conversation.unread > 0 {
        return Ok(Some(conversation.summary(party)));
    }
    let newest = "SELECT sent_at, id FROM message
        WHERE conversation = ?1 AND delivery IS NULL AND kind IN (0, 5)
        ORDER BY sent_at DESC, id DESC LIMIT 1";
    let newest = db
        .prepare_cached(newest)?
        .query_row([conversation.row], |row| Ok(MessageKey { sent_at: row.get(0)?, id: row.get(1)? }))
        .optional()?;
    let Some(newest) = newest else { return Ok(None) };
    let mark = "UPDATE conversation SET unread = 1, first_unread_at = ?2, first_unread_id = ?3
        WHERE id = ?1";
    db.prepare_cached(mark)?.execute(params![conversation.row, newest.sent_at, newest.id])?;
    (conversation.unread, conversation.first_unread) = (1, Some(newest));
    Ok(Some(conversation.summary(party)))
}

#[cfg(test)]
mod tests {
    use crate::domain::{Body, Message};
    use crate::store::testing::{Fixture, direct, ours, said};

    #[test]
    fn a_chat_is_unread_from_the_newest_message_of_another() {
        let f = Fixture::new();
        let mark = |name: &str| f.wait(f.store.mark_unread(direct(name))).unwrap();
        assert_eq!(mark("bob"), None, "nothing was said");
        let joined = Message { body: Body::Joined, ..said(4, "bob", 40, "x") };
        let bobs = [said(1, "bob", 10, "a"), said(2, "bob", 20, "b"), joined];
        f.receive(&bobs);
        let own = ours(3, "bob", 30, "c");
        f.wait(f.store.queue(Some(own), vec![], None, vec![])).unwrap();
        assert_eq!(mark("bob").unwrap().unread, 2, "what is unread stays so");
        f.wait(f.store.mark_read(direct("bob"))).unwrap();
        let marked = mark("bob").unwrap();
        assert_eq!((marked.unread, marked.first_unread), (1, Some(bobs[1].key())));
        let kept = f.wait(f.store.load()).unwrap().summaries;
        assert_eq!(kept, std::slice::from_ref(&marked));
        f.receive(&[said(5, "bob", 50, "d")]);
        let more = f.wait(f.store.load()).unwrap().summaries;
        assert_eq!((more[0].unread, more[0].first_unread), (2, marked.first_unread));
        assert_eq!(f.wait(f.store.mark_read(direct("bob"))).unwrap().unwrap().unread, 0);
    }

    #[test]
    fn what_is_ours_alone_cannot_be_unread() {
        let f = Fixture::new();
        f.wait(f.store.queue(Some(ours(1, "bob", 10, "c")), vec![], None, vec![])).unwrap();
        assert_eq!(f.wait(f.store.mark_unread(direct("bob"))).unwrap(), None);
    }
}
