//! Letters to be published, in the order in which they were written.

use rusqlite::{Connection, Result, params};

use super::batch::{Added, Batch};
use super::delivery::{self, outbox_row};
use super::value::{Altered, Changed, Draft, OutboxRow, Queued, Secret};
use super::{alterations, people, secrets};
use crate::domain::{Delivery, Message, UserName};

/// Stores a message, what is to be published for it, and the group it changes, or nothing of it. A
/// message that is known already was queued already: nothing is written then.
pub(super) fn queue(
    db: &mut Connection,
    message: Option<Message>,
    drafts: &[Draft],
    changed: Option<&Changed>,
    secrets: &[Secret],
) -> Result<Queued> {
    let transaction = db.transaction()?;
    let mut batch = Batch::new(&transaction);
    let mut queued = Queued::default();
    if let Some(mut message) = message {
        let Added::Fresh = batch.add(&mut message)? else { return Ok(queued) };
        queued.message = Some(message);
    }
    if let Some(Changed { group, members }) = changed {
        people::save_group(&transaction, group)?;
        queued.progress = delivery::members(&transaction, group.id, members)?;
    }
    queued.summary = batch.finish()?.pop();
    for draft in drafts {
        queued.rows.push(insert(&transaction, draft)?);
    }
    secrets::save(&transaction, secrets)?;
    transaction.commit()?;
    Ok(queued)
}

/// Stores what we do with a message, and what is to be published for it, or nothing of it.
pub(super) fn alter(
    db: &mut Connection,
    altered: &Altered,
    drafts: &[Draft],
    secrets: &[Secret],
) -> Result<Queued> {
    let transaction = db.transaction()?;
    let mut queued = Queued::default();
    for draft in drafts {
        queued.rows.push(insert(&transaction, draft)?);
    }
    alterations::apply(&transaction, altered)?;
    // How far it has come is how far the drafts have.
    queued.progress.extend(delivery::settle(&transaction, altered.letter)?);
    queued.altered = alterations::find(&transaction, altered.of)?;
    secrets::save(&transaction, secrets)?;
    transaction.commit()?;
    Ok(queued)
}

/// Puts a letter into the outbox, with whom it is for.
pub(super) fn insert(db: &Connection, draft: &Draft) -> Result<i64> {
    let Draft { topic, clear, payload, letter, to, recipients, number, ends_at } = draft;
    let insert = "INSERT INTO outbox (letter, topic, clear, payload, party, ends_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let seq = db.prepare_cached(insert)?.insert(params![letter, topic, clear, payload, to, ends_at])?;
    delivery::expect(db, *letter, recipients, Delivery::Queued)?;
    if let Some(number) = number {
        let count = "UPDATE conversation SET number = max(number, ?2) WHERE party = ?1";
        db.prepare_cached(count)?.execute(params![to, number.cast_signed()])?;
    }
    Ok(seq)
}

/// The rows after `seq` that are to be published, oldest first.
pub(super) fn due(db: &Connection, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
    let select = "SELECT seq, letter, topic, clear, payload, party, ends_at
        FROM outbox WHERE state = 0 AND seq > ?1 ORDER BY seq LIMIT ?2";
    db.prepare_cached(select)?.query_map((after, limit), outbox_row)?.collect()
}

/// These rows were sealed: what goes out from now on is these bytes.
pub(super) fn seal(db: &Connection, rows: &[(i64, Vec<u8>)]) -> Result<()> {
    let mut seal = db.prepare_cached("UPDATE outbox SET payload = ?2 WHERE seq = ?1")?;
    rows.iter().try_for_each(|row| seal.execute(params![row.0, row.1]).map(drop))
}

/// What is to be said to this user and is not sealed, in the order in which it was written.
pub(super) fn unsealed(db: &Connection, user: &UserName, limit: u32) -> Result<Vec<OutboxRow>> {
    let select = "SELECT seq, letter, topic, clear, payload, party, ends_at FROM outbox
        WHERE party = ?1 AND payload IS NULL AND state < 2 ORDER BY seq LIMIT ?2";
    db.prepare_cached(select)?.query_map(params![user, limit], outbox_row)?.collect()
}

/// To whom something is to be said that is not sealed.
pub(super) fn unsealed_for(db: &Connection) -> Result<Vec<UserName>> {
    let all = "SELECT DISTINCT party FROM outbox
        WHERE payload IS NULL AND state < 2 AND typeof(party) = 'text'";
    db.prepare_cached(all)?.query_map([], |row| row.get(0))?.collect()
}

/// What this user did not confirm and was said to them alone has to be sealed anew, also what the broker took.
/// Says how much that is.
pub(super) fn unseal(db: &Connection, member: &UserName) -> Result<usize> {
    let unseal = "UPDATE outbox SET payload = NULL WHERE party = ?1 AND state < 2 AND letter IN
        (SELECT letter FROM recipient WHERE member = ?1 AND departed = 0 AND delivery IN (1, 2))";
    db.prepare_cached(unseal)?.execute([member])
}

/// Another device of ours takes over what is in the outbox: it has to seal it anew, and to say so in the topics,
/// whose last level is the device.
pub(super) fn hand_over(db: &Connection, old: &str, new: &str) -> Result<()> {
    let hand_over = "UPDATE outbox SET payload = NULL,
        topic = substr(topic, 1, length(topic) - length(?1)) || ?2
        WHERE topic LIKE '%/' || ?1";
    db.execute(hand_over, (old, new))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::PageAt;
    use crate::store::limits;
    use crate::store::testing::{Fixture, at, changed, direct, draft, group, id, ours, said, user};

    use super::*;

    fn topics(f: &Fixture) -> Vec<String> {
        f.wait(f.store.due(0, 500)).unwrap().into_iter().map(|row| row.topic).collect()
    }

    #[test]
    fn what_is_queued_keeps_its_order_over_restarts() {
        let mut f = Fixture::new();
        let first =
            f.wait(f.store.queue(None, vec![draft("a", 1), draft("b", 2)], None, vec![])).unwrap();
        assert_eq!((first.rows.len(), first.summary), (2, None));
        f.wait(f.store.taken(first.rows.clone())).unwrap();
        f.restart();
        // The table was empty: its numbers start again nowhere.
        let again =
            f.wait(f.store.queue(None, vec![draft("c", 3), draft("d", 4)], None, vec![])).unwrap();
        assert!(again.rows[0] > first.rows[1] && again.rows[1] > again.rows[0]);
        f.restart();
        assert_eq!(topics(&f), ["c", "d"]);
        let rest = f.wait(f.store.due(again.rows[0], 10)).unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(
            (rest[0].seq, rest[0].letter, rest[0].clear.as_slice()),
            (again.rows[1], id(4), &b"d"[..])
        );
        assert_eq!(f.wait(f.store.due(again.rows[1], 10)).unwrap(), []);
    }

    #[test]
    fn queueing_twice_sends_once_and_a_message_of_another_never_becomes_ours() {
        let f = Fixture::new();
        let queue = |n, text| {
            let message = Some(ours(n, "bob", 5, text));
            f.wait(f.store.queue(message, vec![draft(text, n)], Some(changed(1)), vec![])).unwrap()
        };
        queue(1, "a");
        assert_eq!(queue(1, "again"), Queued::default());
        assert_eq!(topics(&f), ["a"]);
        assert_eq!(f.wait(f.store.load()).unwrap().groups, [group(1)]);

        f.receive(&[said(2, "bob", 6, "theirs")]);
        let resend = f.wait(f.store.queue(None, vec![draft("b", 2)], None, vec![])).unwrap();
        assert_eq!(f.wait(f.store.taken(resend.rows)).unwrap().progress, []);
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 1)).unwrap();
        assert_eq!((page.messages[0].id, page.messages[0].delivery), (id(2), None));
        assert_eq!(f.wait(f.store.tracked(id(2))).unwrap(), None);
    }

    #[test]
    fn the_outbox_is_read_in_bounded_pieces() {
        let f = Fixture::new();
        let many = (0..600).map(|n| draft(&n.to_string(), n)).collect();
        f.wait(f.store.queue(None, many, None, vec![])).unwrap();
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
            f.wait(f.store.queue(message, vec![draft], None, vec![])).unwrap();
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
