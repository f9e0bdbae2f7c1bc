//! Letters to be published, in the order in which they were written.

use rusqlite::{Connection, Result, params};

use super::batch::{Added, Batch};
use super::delivery::outbox_row;
use super::people;
use super::value::{Draft, OutboxRow, Queued, StoredGroup};
use crate::domain::{Delivery, Message};

/// Stores a message, what is to be published for it, and the group it changes, or nothing of it. A
/// message that is known already was queued already: nothing is written then.
pub(super) fn queue(
    db: &mut Connection,
    message: Option<Message>,
    drafts: &[Draft],
    group: Option<&StoredGroup>,
) -> Result<Queued> {
    let transaction = db.transaction()?;
    let mut batch = Batch::new(&transaction);
    let mut queued = Queued::default();
    if let Some(mut message) = message {
        let Added::Fresh = batch.add(&mut message)? else { return Ok(queued) };
        queued.message = Some(message);
    }
    if let Some(group) = group {
        people::save_group(&transaction, group)?;
    }
    queued.summary = batch.finish()?.pop();
    for draft in drafts {
        queued.rows.push(insert(&transaction, draft)?);
    }
    transaction.commit()?;
    Ok(queued)
}

/// Puts a letter into the outbox, with whom it is for.
pub(super) fn insert(db: &Connection, draft: &Draft) -> Result<i64> {
    let Draft { topic, payload, letter, to, recipients, number } = draft;
    let insert = "INSERT INTO outbox (letter, topic, payload, party) VALUES (?1, ?2, ?3, ?4)";
    let seq = db.prepare_cached(insert)?.insert(params![letter, topic, payload, to])?;
    for member in recipients {
        let expect = "INSERT OR IGNORE INTO recipient (letter, member, delivery) VALUES (?1, ?2, ?3)";
        db.prepare_cached(expect)?.execute((letter, member, Delivery::Queued))?;
    }
    if let Some(number) = number {
        let count = "UPDATE conversation SET number = max(number, ?2) WHERE party = ?1";
        db.prepare_cached(count)?.execute(params![to, number.cast_signed()])?;
    }
    Ok(seq)
}

/// The rows after `seq` that are to be published, oldest first.
pub(super) fn due(db: &Connection, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
    let select = "SELECT seq, letter, topic, payload, party
        FROM outbox WHERE state = 0 AND seq > ?1 ORDER BY seq LIMIT ?2";
    db.prepare_cached(select)?.query_map((after, limit), outbox_row)?.collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::PageAt;
    use crate::store::limits;
    use crate::store::testing::{Fixture, at, direct, draft, group, id, ours, said, user};

    use super::*;

    fn topics(f: &Fixture) -> Vec<String> {
        f.wait(f.store.due(0, 500)).unwrap().into_iter().map(|row| row.topic).collect()
    }

    #[test]
    fn what_is_queued_keeps_its_order_over_restarts() {
        let mut f = Fixture::new();
        let first = f.wait(f.store.queue(None, vec![draft("a", 1), draft("b", 2)], None)).unwrap();
        assert_eq!((first.rows.len(), first.summary), (2, None));
        f.wait(f.store.taken(first.rows.clone())).unwrap();
        f.restart();
        // The table was empty: its numbers start again nowhere.
        let again = f.wait(f.store.queue(None, vec![draft("c", 3), draft("d", 4)], None)).unwrap();
        assert!(again.rows[0] > first.rows[1] && again.rows[1] > again.rows[0]);
        f.restart();
        assert_eq!(topics(&f), ["c", "d"]);
        let rest = f.wait(f.store.due(again.rows[0], 10)).unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(
            (rest[0].seq, rest[0].letter, rest[0].payload.as_slice()),
            (again.rows[1], id(4), &b"d"[..])
        );
        assert_eq!(f.wait(f.store.due(again.rows[1], 10)).unwrap(), []);
    }

    #[test]
    fn queueing_twice_sends_once_and_a_message_of_another_never_becomes_ours() {
        let f = Fixture::new();
        let queue = |n, text| {
            let message = Some(ours(n, "bob", 5, text));
            f.wait(f.store.queue(message, vec![draft(text, n)], Some(group(1)))).unwrap()
        };
        queue(1, "a");
        assert_eq!(queue(1, "again"), Queued::default());
        assert_eq!(topics(&f), ["a"]);
        assert_eq!(f.wait(f.store.load()).unwrap().groups, [group(1)]);

        f.receive(&[said(2, "bob", 6, "theirs")]);
        let resend = f.wait(f.store.queue(None, vec![draft("b", 2)], None)).unwrap();
        assert_eq!(f.wait(f.store.taken(resend.rows)).unwrap().progress, []);
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 1)).unwrap();
        assert_eq!((page.messages[0].id, page.messages[0].delivery), (id(2), None));
        assert_eq!(f.wait(f.store.tracked(id(2))).unwrap(), None);
    }

    #[test]
    fn the_outbox_is_read_in_bounded_pieces() {
        let f = Fixture::new();
        let many = (0..600).map(|n| draft(&n.to_string(), n)).collect();
        f.wait(f.store.queue(None, many, None)).unwrap();
        let first = f.wait(f.store.due(0, usize::MAX)).unwrap();
        assert_eq!(first.len(), limits::ROWS as usize);
        let rest = f.wait(f.store.due(first.last().unwrap().seq, usize::MAX)).unwrap();
        assert_eq!((rest.len(), rest[0].topic.as_str()), (100, "500"));
    }

    #[test]
    fn the_number_and_the_stamp_of_a_conversation_are_kept() {
        let mut f = Fixture::new();
        let queue = |f: &Fixture, letter, number| {
            let message = Some(ours(letter, "bob", 5_000, "x"));
            let draft = Draft { number: Some(number), ..draft("a", letter) };
            f.wait(f.store.queue(message, vec![draft], None)).unwrap();
        };
        queue(&f, 1, 1);
        queue(&f, 2, 2);
        // Ahead of our clock: the stamp keeps what they wrote, the place does not.
        f.receive(&[Message { received_at: at(6_000), ..said(3, "bob", 9_000, "x") }]);
        f.restart();
        let threads = f.wait(f.store.load()).unwrap().threads;
        assert_eq!(threads.len(), 1);
        assert_eq!((threads[0].1.number, threads[0].1.stamp), (2, at(9_000)));
        assert_eq!(threads[0].0, crate::domain::ConversationId::Direct(user("bob")));
    }
}
