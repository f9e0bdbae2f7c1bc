//! What moves to another device of ours: messages, in their places and with how far they have come.

use rusqlite::{Connection, Result, named_params};

use super::batch::{self, Batch};
use super::row::{MESSAGE_COLUMNS, message, select_message};
use super::value::{Kept, limits};
use super::{alterations, tracking};
use crate::domain::{Message, Summary, Timestamp};

pub(super) fn history(db: &Connection, after: i64) -> Result<(Vec<Kept>, i64)> {
    let select = select_message!(
        with ", m.arrival", from "message m",
        "WHERE m.kind <> 14 AND m.arrival > ?1 ORDER BY m.arrival LIMIT ?2"
    );
    let mut select = db.prepare_cached(select)?;
    let rows =
        select.query_map((after, limits::ROWS), |row| Ok((message(row)?, row.get(MESSAGE_COLUMNS)?)))?;
    let rows: Vec<(Message, i64)> = rows.collect::<Result<_>>()?;
    let last = rows.last().map_or(after, |(_, arrival)| *arrival);
    let kept = rows.into_iter().map(|(message, _)| {
        let recipients = match message.is_ours() {
            true => tracking::recipients(db, message.id)?,
            false => Vec::new(),
        };
        let altered = alterations::of(db, &message)?;
        Ok(Kept { message, recipients, altered })
    });
    Ok((kept.collect::<Result<_>>()?, last))
}

pub(super) fn restore(db: &mut Connection, messages: &[Kept]) -> Result<()> {
    let transaction = db.transaction()?;
    let mut batch = Batch::new(&transaction);
    for Kept { message, recipients, altered } in messages {
        if !batch.restore(message)? {
            continue;
        }
        let insert = "INSERT OR REPLACE INTO recipient
                (letter, member, delivery, delivered_at, read_at, why, departed)
            VALUES (:letter, :member, :delivery, :delivered_at, :read_at, :why, :departed)";
        let mut insert = transaction.prepare_cached(insert)?;
        for recipient in recipients {
            insert.execute(named_params! {
                ":letter": message.id,
                ":member": recipient.user,
                ":delivery": recipient.delivery,
                ":delivered_at": recipient.delivered_at,
                ":read_at": recipient.read_at,
                ":why": recipient.why,
                ":departed": recipient.left,
            })?;
        }
        for altered in altered {
            alterations::apply(&transaction, altered)?;
        }
    }
    batch.finish()?;
    transaction.commit()
}

pub(super) fn restore_marks(db: &mut Connection, marks: &[(Summary, Timestamp)]) -> Result<()> {
    let transaction = db.transaction()?;
    for (Summary { conversation, unread, first_unread, .. }, stamp) in marks {
        // One in which nothing was said has no row, and nothing to mark.
        if batch::find(&transaction, conversation)?.is_none() {
            continue;
        }
        let mark = "UPDATE conversation SET unread = :unread, first_unread_at = :at,
                first_unread_id = :id, stamp = max(stamp, :stamp)
            WHERE party = :party";
        transaction.prepare_cached(mark)?.execute(named_params! {
            ":unread": unread,
            ":at": first_unread.map(|key| key.sent_at),
            ":id": first_unread.map(|key| key.id),
            ":stamp": stamp,
            ":party": conversation,
        })?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Delivery, FindAt, PageAt};
    use crate::store::testing::{Fixture, direct, draft, ours, said, user};

    #[test]
    fn what_moves_is_elsewhere_as_it_was_here() {
        let from = Fixture::new();
        let many: Vec<_> = (10..10 + i64::from(limits::ROWS) + 5)
            .map(|n| said(u128::try_from(n).unwrap(), "bob", n, "the valve"))
            .collect();
        from.receive(&many);
        from.wait(from.store.mark_read(direct("bob"))).unwrap();
        from.receive(&[said(9_000, "bob", 9_000, "unread"), said(5, "ann", 7, "hello")]);
        let mine = ours(9_001, "bob", 9_001, "mine");
        let letter = crate::store::Draft { recipients: vec![user("bob")], ..draft("to/bob", 9_001) };
        from.wait(from.store.queue(Some(mine), vec![letter], None, vec![])).unwrap();

        let to = Fixture::new();
        let mut after = 0;
        let mut pages = 0;
        loop {
            let (kept, next) = from.wait(from.store.history(after)).unwrap();
            if kept.is_empty() {
                break;
            }
            assert!(kept.len() <= limits::ROWS as usize);
            (after, pages) = (next, pages + 1);
            to.wait(to.store.restore(kept.clone())).unwrap();
            // Again: nothing is there twice.
            to.wait(to.store.restore(kept)).unwrap();
        }
        assert_eq!(pages, 2);
        let known = from.wait(from.store.load()).unwrap();
        let stamp = |summary: &Summary| {
            let of = |(id, _): &&(_, _)| *id == summary.conversation;
            known.threads.iter().find(of).unwrap().1.stamp
        };
        let marks = known.summaries.iter().map(|s| (s.clone(), stamp(s))).collect();
        to.wait(to.store.restore_marks(marks)).unwrap();

        let moved = to.wait(to.store.load()).unwrap();
        assert_eq!(moved.summaries, known.summaries);
        assert_eq!(moved.newest_own, known.newest_own);
        for party in ["bob", "ann"] {
            let page = |f: &Fixture| f.wait(f.store.page(direct(party), PageAt::Newest, 500)).unwrap();
            assert_eq!(page(&to), page(&from));
        }
        let found = to.wait(to.store.search("valve", None, FindAt::Newest, 500)).unwrap().messages;
        assert_eq!(found.len(), limits::ROWS as usize);
        let mine = to.wait(to.store.tracked(crate::store::testing::id(9_001))).unwrap().unwrap();
        let [bob] = &mine.recipients[..] else { panic!("one recipient") };
        assert_eq!((&bob.user, bob.delivery, mine.state), (&user("bob"), Delivery::Queued, None));
        assert_eq!(to.wait(to.store.due(0, 9)).unwrap(), [], "this device sends nothing of it");
    }
}
