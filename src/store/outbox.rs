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

#[cfg(test)]
mod tests {
    use crate::domain::PageAt;
    use crate::store::limits;
    use crate::store::testing::{Fixture, direct, draft, group, id, ours, said};

    use super::*;

    fn topics(f: &Fixture) -> Vec<String> {
        let rows = f.wait(f.store.outbox(0, 500)).unwrap();
        rows.into_iter().map(|row| row.draft.topic).collect()
    }

    fn delivery(f: &Fixture) -> Option<Delivery> {
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 1)).unwrap();
        page.messages[0].delivery
    }

    #[test]
    fn what_is_queued_keeps_its_order_over_restarts() {
        let mut f = Fixture::new();
        let first = f.wait(f.store.queue(None, vec![draft("a", None), draft("b", None)], None)).unwrap();
        assert_eq!((first.rows.len(), first.summary), (2, None));
        f.wait(f.store.confirm(first.rows.clone())).unwrap();
        f.restart();
        // The table was empty: its numbers start again nowhere.
        let again = f.wait(f.store.queue(None, vec![draft("c", None), draft("d", None)], None)).unwrap();
        assert!(again.rows[0] > first.rows[1] && again.rows[1] > again.rows[0]);
        f.restart();
        assert_eq!(topics(&f), ["c", "d"]);
        let rest = f.wait(f.store.outbox(again.rows[0], 10)).unwrap();
        assert_eq!(rest, [OutboxRow { seq: again.rows[1], draft: draft("d", None) }]);
        assert_eq!(f.wait(f.store.outbox(again.rows[1], 10)).unwrap(), []);
    }

    #[test]
    fn a_message_is_sent_when_its_last_row_goes() {
        let f = Fixture::new();
        let drafts = vec![draft("a", Some(1)), draft("b", Some(1)), draft("presence", None)];
        let queued = f.wait(f.store.queue(Some(ours(1, "bob", 5, "hi")), drafts, None)).unwrap();
        assert_eq!(queued.summary.unwrap().conversation, direct("bob"));
        let [a, b, presence] = queued.rows[..] else { panic!("three rows") };

        let confirm = |rows: &[i64]| f.wait(f.store.confirm(rows.to_vec())).unwrap();
        assert_eq!(confirm(&[presence, b]), []);
        assert_eq!(delivery(&f), Some(Delivery::Queued));
        assert_eq!(confirm(&[b, 777]), [], "confirmed before, and unknown");
        assert_eq!(confirm(&[a]), [(direct("bob"), id(1))]);
        assert_eq!(delivery(&f), Some(Delivery::Sent));
        assert_eq!(confirm(&[a]), []);
        assert_eq!(topics(&f), [""; 0]);
    }

    #[test]
    fn both_rows_of_a_message_may_be_confirmed_at_once() {
        let f = Fixture::new();
        let drafts = vec![draft("a", Some(1)), draft("b", Some(1))];
        let rows = f.wait(f.store.queue(Some(ours(1, "bob", 5, "hi")), drafts, None)).unwrap().rows;
        assert_eq!(f.wait(f.store.confirm(rows)).unwrap(), [(direct("bob"), id(1))]);
    }

    #[test]
    fn queueing_twice_sends_once_and_a_message_of_another_never_becomes_ours() {
        let f = Fixture::new();
        let queue = |n, text| {
            let message = Some(ours(n, "bob", 5, text));
            f.wait(f.store.queue(message, vec![draft(text, Some(n))], Some(group(1)))).unwrap()
        };
        queue(1, "a");
        assert_eq!(queue(1, "again"), Queued::default());
        assert_eq!(topics(&f), ["a"]);
        assert_eq!(f.wait(f.store.load()).unwrap().groups, [group(1)]);

        f.receive(&[said(2, "bob", 6, "theirs")]);
        let resend = f.wait(f.store.queue(None, vec![draft("b", Some(2))], None)).unwrap();
        assert_eq!(f.wait(f.store.confirm(resend.rows)).unwrap(), []);
        assert_eq!(delivery(&f), None);
    }

    #[test]
    fn the_outbox_is_read_in_bounded_pieces() {
        let f = Fixture::new();
        let many = (0..600).map(|n| draft(&n.to_string(), None)).collect();
        f.wait(f.store.queue(None, many, None)).unwrap();
        let first = f.wait(f.store.outbox(0, usize::MAX)).unwrap();
        assert_eq!(first.len(), limits::ROWS as usize);
        let rest = f.wait(f.store.outbox(first.last().unwrap().seq, usize::MAX)).unwrap();
        assert_eq!((rest.len(), rest[0].draft.topic.as_str()), (100, "500"));
    }
}
