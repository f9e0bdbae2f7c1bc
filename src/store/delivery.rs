//! How far our letters have come to each of their recipients.
//!
//! A letter stays in the outbox until each of its recipients has confirmed it, or left, or a person gave it
//! up. How far a message has come is kept in its own row, as far as to the recipient who is furthest behind.

use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::value::{Moved, OutboxRow, OutboxState, Progress, Received, limits};
use crate::domain::{Delivery, GroupId, MessageId, Timestamp, UserName};

/// Why a letter was given up that nobody refused.
const UNANSWERED: &str = "their Cooee was online and did not confirm it, however often it went out";

/// A recipient tells what became of a letter. `None` when that moves no message, and when it is nothing of
/// ours.
pub(super) fn advance(
    db: &Connection,
    letter: MessageId,
    member: &UserName,
    delivery: Delivery,
    at: Timestamp,
) -> Result<Option<Progress>> {
    let advance = "UPDATE recipient
        SET delivery = ?3, why = NULL, departed = 0, delivered_at = coalesce(delivered_at, ?4),
            read_at = iif(?3 = ?5, ?4, read_at)
        WHERE letter = ?1 AND member = ?2 AND delivery < ?3";
    let values = (letter, member, delivery, at, Delivery::Read);
    match db.prepare_cached(advance)?.execute(values)? {
        0 => Ok(None),
        _ => settle(db, letter),
    }
}

/// A letter is for these, and has come so far to each of them.
pub(super) fn expect(
    db: &Connection,
    letter: MessageId,
    members: &[UserName],
    delivery: Delivery,
) -> Result<()> {
    let expect = "INSERT OR IGNORE INTO recipient (letter, member, delivery) VALUES (?1, ?2, ?3)";
    let mut expect = db.prepare_cached(expect)?;
    members.iter().try_for_each(|member| expect.execute((letter, member, delivery)).map(drop))
}

/// These are the members of a group now: what was said there is not for those any more who left before
/// they had it.
pub(super) fn members(db: &Connection, group: GroupId, members: &[UserName]) -> Result<Vec<Progress>> {
    let open = "SELECT r.letter, r.member FROM outbox o JOIN recipient r ON r.letter = o.letter
        WHERE o.party = ?1 AND r.departed = 0 AND r.delivery < 3";
    let mut open = db.prepare_cached(open)?;
    let open = open.query_map([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let open: Vec<(MessageId, UserName)> = open.collect::<Result<_>>()?;
    let mut progress = Vec::new();
    for (letter, member) in open.into_iter().filter(|(_, member)| !members.contains(member)) {
        let depart = "UPDATE recipient SET departed = 1 WHERE letter = ?1 AND member = ?2";
        db.prepare_cached(depart)?.execute((letter, member))?;
        progress.extend(settle(db, letter)?);
    }
    Ok(progress)
}

/// We were put out of a group: nobody takes what we said there and is on its way.
pub(super) fn put_out(db: &Connection, group: GroupId) -> Result<Vec<Progress>> {
    let refuse = "UPDATE outbox SET state = 2 WHERE party = ?1 AND state < 2 RETURNING letter";
    let mut refuse = db.prepare_cached(refuse)?;
    let letters = refuse.query_map([group], |row| row.get(0))?.collect::<Result<Vec<_>>>()?;
    let mut progress = Vec::new();
    for letter in letters {
        fail(db, letter, "you were put out of the group before they had it")?;
        progress.extend(settle(db, letter)?);
    }
    Ok(progress)
}

/// The broker took these rows of the outbox: their recipients are to confirm them.
pub(super) fn taken(db: &Connection, rows: &[i64]) -> Result<Moved> {
    let mut moved = Moved::default();
    for seq in rows {
        let take = "UPDATE outbox SET state = 1 WHERE seq = ?1 AND state = 0 RETURNING letter";
        let letter = db.prepare_cached(take)?.query_row([seq], |row| row.get(0)).optional()?;
        let Some(letter) = letter else { continue };
        // Also those who were to confirm it before it went out once more.
        let sent = "UPDATE recipient SET delivery = 2
            WHERE letter = ?1 AND delivery IN (1, 2) AND departed = 0 RETURNING member";
        let mut sent = db.prepare_cached(sent)?;
        for member in sent.query_map([letter], |row| row.get(0))? {
            moved.open.push(member?);
        }
        moved.letters += 1;
        moved.progress.extend(settle(db, letter)?);
    }
    moved.open.sort();
    moved.open.dedup();
    Ok(moved)
}

/// The broker refused this row, and would again.
pub(super) fn refused(db: &Connection, seq: i64, why: &str) -> Result<Moved> {
    let refuse = "UPDATE outbox SET state = 2 WHERE seq = ?1 AND state = 0 RETURNING letter";
    let letter = db.prepare_cached(refuse)?.query_row([seq], |row| row.get(0)).optional()?;
    let Some(letter) = letter else { return Ok(Moved::default()) };
    fail(db, letter, why)?;
    let progress = settle(db, letter)?.into_iter().collect();
    Ok(Moved { progress, letters: 1, open: Vec::new() })
}

/// What goes to the inbox of somebody who did not confirm it: the least tried first, at most `limit`. Counts
/// that it goes; all that went often enough is given up.
pub(super) fn resend(
    db: &Connection,
    member: &UserName,
    limit: u32,
) -> Result<(Vec<OutboxRow>, Vec<Progress>)> {
    let fail = "UPDATE recipient SET delivery = 0, why = ?3
        WHERE member = ?1 AND departed = 0 AND delivery IN (1, 2) AND attempts >= ?2
            AND EXISTS (SELECT 1 FROM outbox o WHERE o.letter = recipient.letter AND o.state = 1)
        RETURNING letter";
    let mut fail = db.prepare_cached(fail)?;
    let failed = fail.query_map((member, limits::ATTEMPTS, UNANSWERED), |row| row.get(0))?;
    let failed: Vec<MessageId> = failed.collect::<Result<_>>()?;
    let mut progress = Vec::new();
    for letter in failed {
        progress.extend(settle(db, letter)?);
    }
    let open = "SELECT o.seq, o.letter, o.topic, o.clear, o.payload, o.party, o.ends_at
        FROM recipient r JOIN outbox o ON o.letter = r.letter
        WHERE r.member = ?1 AND r.departed = 0 AND r.delivery IN (1, 2) AND o.state = 1
        ORDER BY r.attempts, r.letter LIMIT ?2";
    let mut open = db.prepare_cached(open)?;
    let rows: Vec<OutboxRow> = open.query_map((member, limit), outbox_row)?.collect::<Result<_>>()?;
    for row in &rows {
        let count = "UPDATE recipient SET attempts = attempts + 1 WHERE letter = ?1 AND member = ?2";
        db.prepare_cached(count)?.execute((row.letter, member))?;
    }
    Ok((rows, progress))
}

/// Who has not confirmed something that the broker took.
pub(super) fn debtors(db: &Connection) -> Result<Vec<UserName>> {
    let all = "SELECT DISTINCT member FROM recipient WHERE departed = 0 AND delivery IN (1, 2)";
    db.prepare_cached(all)?.query_map([], |row| row.get(0))?.collect()
}

const FAILED: &str = "SELECT o.letter FROM outbox o WHERE EXISTS
        (SELECT 1 FROM recipient r WHERE r.letter = o.letter AND r.delivery = 0)
    OR o.state = 2 AND NOT EXISTS (SELECT 1 FROM recipient r WHERE r.letter = o.letter)";

/// Whether it was refused, and is for nobody who could confirm it: said in an open room.
const REFUSED_FOR_ALL: &str = "SELECT 1 FROM outbox WHERE letter = ?1 AND state = 2
    AND NOT EXISTS (SELECT 1 FROM recipient WHERE letter = ?1)";

/// Puts letters that failed back among those to be published, behind all others; all of them where none is
/// named.
pub(super) fn retry(db: &Connection, letters: &[MessageId]) -> Result<Moved> {
    let mut moved = Moved::default();
    for letter in named_or(db, letters, FAILED)? {
        let again = "UPDATE recipient SET delivery = 1, why = NULL, attempts = 0
            WHERE letter = ?1 AND delivery = 0 AND departed = 0
                AND EXISTS (SELECT 1 FROM outbox WHERE letter = ?1)";
        if db.prepare_cached(again)?.execute([letter])? == 0
            && !db.prepare_cached(REFUSED_FOR_ALL)?.exists([letter])?
        {
            continue;
        }
        // A new number: rows are read in their order, and this one was passed already.
        let renew = "INSERT INTO outbox (letter, topic, clear, payload, party, ends_at)
            SELECT letter, topic, clear, payload, party, ends_at FROM outbox WHERE letter = ?1";
        let seq = db.prepare_cached(renew)?.insert([letter])?;
        let old = "DELETE FROM outbox WHERE letter = ?1 AND seq <> ?2";
        db.prepare_cached(old)?.execute((letter, seq))?;
        moved.letters += 1;
        moved.progress.extend(settle(db, letter)?);
    }
    Ok(moved)
}

/// Takes letters out of the outbox that were not confirmed by everybody.
pub(super) fn give_up(db: &Connection, letters: &[MessageId], why: &str) -> Result<Moved> {
    let mut moved = Moved::default();
    for letter in with_edits(db, letters)? {
        let drop = "DELETE FROM outbox WHERE letter = ?1";
        if db.prepare_cached(drop)?.execute([letter])? == 0 {
            continue;
        }
        fail(db, letter, why)?;
        moved.letters += 1;
        moved.progress.extend(settle(db, letter)?);
        forget_notice(db, letter)?;
    }
    Ok(moved)
}

/// A row of `SELECT seq, letter, topic, clear, payload, party, ends_at`.
pub(super) fn outbox_row(row: &Row<'_>) -> Result<OutboxRow> {
    Ok(OutboxRow {
        seq: row.get(0)?,
        letter: row.get(1)?,
        topic: row.get(2)?,
        clear: row.get(3)?,
        payload: row.get(4)?,
        to: row.get(5)?,
        ends_at: row.get(6)?,
    })
}

fn named_or(db: &Connection, letters: &[MessageId], all: &str) -> Result<Vec<MessageId>> {
    match letters {
        [] => db.prepare_cached(all)?.query_map([], |row| row.get(0))?.collect(),
        named => with_edits(db, named),
    }
}

/// These letters, and of those that are messages what said them otherwise last.
fn with_edits(db: &Connection, letters: &[MessageId]) -> Result<Vec<MessageId>> {
    let mut edit = db.prepare_cached("SELECT edit FROM message WHERE id = ?1 AND edit IS NOT NULL")?;
    let mut all = letters.to_vec();
    for letter in letters {
        all.extend(edit.query_row([letter], |row| row.get::<_, MessageId>(0)).optional()?);
    }
    Ok(all)
}

fn fail(db: &Connection, letter: MessageId, why: &str) -> Result<()> {
    let fail = "UPDATE recipient SET delivery = 0, why = ?2
        WHERE letter = ?1 AND departed = 0 AND delivery IN (1, 2)";
    db.prepare_cached(fail)?.execute((letter, why))?;
    Ok(())
}

/// Brings what follows from the recipients up to date: how far the message has come, and whether the letter
/// still has to wait in the outbox.
pub(super) fn settle(db: &Connection, letter: MessageId) -> Result<Option<Progress>> {
    let counts = "SELECT count(*), min(delivery) FILTER (WHERE departed = 0),
            count(*) FILTER (WHERE departed = 0 AND delivery < 3)
        FROM recipient WHERE letter = ?1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (all, least, pending): (u32, Option<Delivery>, u32) =
        db.prepare_cached(counts)?.query_row([letter], read)?;
    let state = "SELECT state FROM outbox WHERE letter = ?1";
    let state: Option<OutboxState> =
        db.prepare_cached(state)?.query_row([letter], |row| row.get(0)).optional()?;
    if pending == 0 {
        // Where nobody is to confirm it, or not any more, the broker's word is the last. A message that it
        // refused stays for a person to decide.
        let done = "DELETE FROM outbox WHERE letter = ?1 AND (?2 OR state = 1
            OR state = 2 AND NOT EXISTS (SELECT 1 FROM message WHERE id = ?1 OR edit = ?1))";
        db.prepare_cached(done)?.execute((letter, least.is_some()))?;
    }
    let least = least.unwrap_or(match state {
        Some(OutboxState::Due) => Delivery::Queued,
        Some(OutboxState::Taken) => Delivery::Sent,
        Some(OutboxState::Refused) => Delivery::Failed,
        // Given up before anybody had it.
        None if all == 0 => Delivery::Failed,
        None => Delivery::Sent,
    });
    // A message that was said otherwise since has come as far as that.
    let mark = "UPDATE message SET delivery = ?2
        WHERE (id = ?1 AND edit IS NULL OR edit = ?1) AND delivery IS NOT NULL AND delivery <> ?2
        RETURNING id, (SELECT party FROM conversation WHERE id = message.conversation)";
    let moved = db
        .prepare_cached(mark)?
        .query_row((letter, least), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if pending == 0 && all > 0 {
        forget_notice(db, letter)?;
    }
    Ok(moved.map(|(id, conversation)| Progress { conversation, id, delivery: least }))
}

/// Of what a transaction tells, how far messages of ours have come is told as it is at its end: whoever is told of
/// a message and of its progress in either order would end at what was so in between.
pub(super) fn as_it_ended(db: &Connection, received: &mut Received) -> Result<()> {
    let Received { fresh, altered, progress, .. } = received;
    if progress.is_empty() {
        return Ok(());
    }
    let mut now = db.prepare_cached("SELECT delivery FROM message WHERE id = ?1")?;
    let mut now =
        |id: MessageId| now.query_row([id], |row| row.get::<_, Option<Delivery>>(0)).optional();
    for message in fresh.iter_mut().chain(altered).filter(|message| message.is_ours()) {
        message.delivery = now(message.id)?.unwrap_or(message.delivery);
    }
    for moved in progress {
        moved.delivery = now(moved.id)?.flatten().unwrap_or(moved.delivery);
    }
    Ok(())
}

/// Of a letter that is no message nothing is kept once it is done.
fn forget_notice(db: &Connection, letter: MessageId) -> Result<()> {
    let forget = "DELETE FROM recipient WHERE letter = ?1
        AND NOT EXISTS (SELECT 1 FROM message WHERE id = ?1 OR edit = ?1)";
    db.prepare_cached(forget)?.execute([letter])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::{ConversationId, Message};
    use crate::store::testing::{Fixture, at, direct, draft, id, ours, user};
    use crate::store::{Draft, Incoming, Tracked, limits};

    use super::*;

    /// Queues a message of ours for these recipients, to bob or, where there are several, to a group.
    fn queue(f: &Fixture, letter: u128, recipients: &[&str]) -> i64 {
        let to = match recipients {
            ["bob"] => direct("bob"),
            _ => ConversationId::Group(GroupId::from_bits(7)),
        };
        let message = Message { conversation: to.clone(), ..ours(letter, "bob", 5, "hi") };
        let recipients = recipients.iter().map(|name| user(name)).collect();
        let draft = Draft { to, recipients, ..draft("topic", letter) };
        f.wait(f.store.queue(Some(message), vec![draft], None, vec![])).unwrap().rows[0]
    }

    fn receipt(
        f: &Fixture,
        member: &str,
        delivery: Delivery,
        ms: i64,
        letters: &[u128],
    ) -> Vec<Progress> {
        let letters = letters.iter().map(|n| id(*n)).collect();
        let receipt = Incoming::Receipt { member: user(member), delivery, at: at(ms), letters };
        f.wait(f.store.receive(vec![receipt])).unwrap().progress
    }

    fn reached(progress: &[Progress]) -> Vec<Delivery> {
        progress.iter().map(|p| p.delivery).collect()
    }

    fn tracked(f: &Fixture, letter: u128) -> Tracked {
        f.wait(f.store.tracked(id(letter))).unwrap().unwrap()
    }

    fn waiting(f: &Fixture) -> u64 {
        f.wait(f.store.waiting(10)).unwrap().1
    }

    #[test]
    fn a_message_stays_in_the_outbox_until_it_is_confirmed() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["bob"]);
        let moved = f.wait(f.store.taken(vec![row, row, 777])).unwrap();
        assert_eq!((reached(&moved.progress), moved.open), (vec![Delivery::Sent], vec![user("bob")]));
        assert_eq!(f.wait(f.store.due(0, 9)).unwrap(), [], "taken once is not published again");
        assert_eq!((waiting(&f), tracked(&f, 1).state), (1, Some(OutboxState::Taken)));
        assert_eq!(f.wait(f.store.load()).unwrap().debtors, [user("bob")]);

        assert_eq!(receipt(&f, "eve", Delivery::Read, 8, &[1]), [], "nobody speaks for another");
        assert_eq!(
            reached(&receipt(&f, "bob", Delivery::Delivered, 8, &[1, 99])),
            [Delivery::Delivered]
        );
        assert_eq!((waiting(&f), tracked(&f, 1).state), (0, None));
        assert_eq!(f.wait(f.store.load()).unwrap().debtors, []);
        assert_eq!(reached(&receipt(&f, "bob", Delivery::Read, 9, &[1])), [Delivery::Read]);
        assert_eq!(
            receipt(&f, "bob", Delivery::Delivered, 11, &[1]),
            [],
            "what comes twice moves nothing"
        );
        let bob = &tracked(&f, 1).recipients[0];
        assert_eq!((bob.delivered_at, bob.read_at), (Some(at(8)), Some(at(9))));
    }

    #[test]
    fn a_group_message_waits_for_all_but_those_who_left() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["ann", "bob", "eve"]);
        f.wait(f.store.taken(vec![row])).unwrap();
        // A receipt may say at once that it was read.
        assert_eq!(receipt(&f, "ann", Delivery::Read, 7, &[1]), []);
        assert_eq!(receipt(&f, "bob", Delivery::Delivered, 7, &[1]), []);
        assert_eq!(members(&f, &["ann", "bob", "eve", "new"]), []);
        assert_eq!(reached(&members(&f, &["ann", "bob"])), [Delivery::Delivered]);
        assert_eq!(waiting(&f), 0);
        let left: Vec<bool> = tracked(&f, 1).recipients.iter().map(|r| r.left).collect();
        assert_eq!(left, [false, false, true]);
        assert_eq!(reached(&receipt(&f, "bob", Delivery::Read, 8, &[1])), [Delivery::Read]);
        // They had it all the same.
        assert_eq!(reached(&receipt(&f, "eve", Delivery::Delivered, 8, &[1])), [Delivery::Delivered]);
    }

    #[test]
    fn what_nobody_confirms_is_sent_when_the_broker_has_it_and_failed_when_it_refuses_it() {
        let f = Fixture::new();
        let queue = |letter| queue(&f, letter, &[]);
        let row = queue(1);
        assert_eq!(reached(&f.wait(f.store.taken(vec![row])).unwrap().progress), [Delivery::Sent]);
        assert_eq!(waiting(&f), 0);
        let row = queue(2);
        let refuse = |row| f.wait(f.store.refused(row, "not allowed".to_owned())).unwrap();
        assert_eq!(reached(&refuse(row).progress), [Delivery::Failed]);
        assert_eq!(tracked(&f, 2).state, Some(OutboxState::Refused));
        let again = f.wait(f.store.retry(Vec::new())).unwrap();
        assert_eq!((again.letters, reached(&again.progress)), (1, vec![Delivery::Queued]));
        let row = f.wait(f.store.due(0, 9)).unwrap()[0].seq;
        refuse(row);
        let dropped = f.wait(f.store.give_up(vec![id(2)], "enough".to_owned())).unwrap();
        assert_eq!((dropped.letters, waiting(&f)), (1, 0));
        assert_eq!(tracked(&f, 2).message.unwrap().delivery, Some(Delivery::Failed));
        queue(3);
        f.wait(f.store.give_up(vec![id(3)], "enough".to_owned())).unwrap();
        assert_eq!(tracked(&f, 3).message.unwrap().delivery, Some(Delivery::Failed), "never sent");
        // A notice is nothing that a person could try again.
        let notice = f.wait(f.store.queue(None, vec![draft("topic", 4)], None, vec![])).unwrap();
        refuse(notice.rows[0]);
        assert_eq!(waiting(&f), 0);
    }

    fn members(f: &Fixture, names: &[&str]) -> Vec<Progress> {
        let members = names.iter().map(|name| user(name)).collect();
        let members = Incoming::Members { group: GroupId::from_bits(7), members };
        f.wait(f.store.receive(vec![members])).unwrap().progress
    }

    #[test]
    fn what_everybody_left_before_it_went_out_is_not_called_sent() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["ann", "bob"]);
        assert_eq!(members(&f, &["new"]), []);
        assert_eq!((waiting(&f), f.wait(f.store.due(0, 9)).unwrap().len()), (1, 1));
        assert_eq!(tracked(&f, 1).message.unwrap().delivery, Some(Delivery::Queued));
        assert_eq!(reached(&f.wait(f.store.taken(vec![row])).unwrap().progress), [Delivery::Sent]);
        assert_eq!(waiting(&f), 0);
    }

    #[test]
    fn what_was_on_its_way_into_a_group_that_put_us_out_has_failed() {
        let f = Fixture::new();
        let rows = [queue(&f, 1, &["bob", "carol"]), queue(&f, 2, &["bob", "carol"])];
        queue(&f, 3, &["bob"]);
        f.wait(f.store.taken(vec![rows[0]])).unwrap();
        let put_out = || Incoming::PutOut(GroupId::from_bits(7));
        let progress = f.wait(f.store.receive(vec![put_out()])).unwrap().progress;
        let failed: Vec<_> = progress.iter().map(|p| (p.id, p.delivery)).collect();
        assert_eq!(failed, [(id(1), Delivery::Failed), (id(2), Delivery::Failed)]);
        let due = f.wait(f.store.due(0, 9)).unwrap();
        assert_eq!(due.iter().map(|row| row.letter).collect::<Vec<_>>(), [id(3)]);
        assert!(f.wait(f.store.receive(vec![put_out()])).unwrap().progress.is_empty());
    }

    #[test]
    fn whom_we_put_out_ourselves_is_not_waited_for_either() {
        let f = Fixture::new();
        queue(&f, 1, &["bob", "carol"]);
        let to = ConversationId::Group(GroupId::from_bits(7));
        let message = Message { conversation: to.clone(), ..ours(2, "bob", 6, "she is out") };
        let draft = Draft { to, recipients: vec![user("bob")], ..draft("topic", 2) };
        let changed = crate::store::testing::changed(7);
        let queued = f.wait(f.store.queue(Some(message), vec![draft], Some(changed), vec![])).unwrap();
        assert!(queued.progress.is_empty(), "bob does not have it either");
        assert!(f.wait(f.store.tracked(id(1))).unwrap().unwrap().recipients[1].left);
        receipt(&f, "bob", Delivery::Delivered, 9, &[1, 2]);
        assert_eq!(waiting(&f), 0);
    }

    #[test]
    fn nothing_is_waited_for_of_those_who_left_also_where_it_failed() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["ann", "bob"]);
        f.wait(f.store.refused(row, "too large".into())).unwrap();
        assert_eq!(reached(&receipt(&f, "ann", Delivery::Delivered, 8, &[1])), []);
        assert_eq!(reached(&members(&f, &["ann"])), [Delivery::Delivered]);
        assert_eq!(waiting(&f), 0);
    }

    #[test]
    fn whoever_had_to_confirm_it_before_it_is_tried_again_still_has_to() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["ann", "bob"]);
        f.wait(f.store.taken(vec![row])).unwrap();
        for _ in 0..=limits::ATTEMPTS {
            f.wait(f.store.resend(user("ann"), 9)).unwrap();
        }
        f.wait(f.store.retry(vec![])).unwrap();
        let (rows, _) = f.wait(f.store.resend(user("bob"), 9)).unwrap();
        assert_eq!(rows, [], "it goes to all of them first");
        let row = f.wait(f.store.due(row, 9)).unwrap()[0].seq;
        let open = f.wait(f.store.taken(vec![row])).unwrap().open;
        assert_eq!(open, [user("ann"), user("bob")]);
    }

    #[test]
    fn nothing_that_went_often_enough_is_left_behind() {
        let f = Fixture::new();
        let rows = (1..=5).map(|n| queue(&f, n, &["bob"])).collect();
        f.wait(f.store.taken(rows)).unwrap();
        for _ in 0..limits::ATTEMPTS {
            f.wait(f.store.resend(user("bob"), 9)).unwrap();
        }
        let (rows, progress) = f.wait(f.store.resend(user("bob"), 2)).unwrap();
        assert_eq!((rows.len(), reached(&progress)), (0, vec![Delivery::Failed; 5]));
    }

    #[test]
    fn a_receipt_may_come_before_the_broker_answers() {
        let f = Fixture::new();
        let row = queue(&f, 1, &["bob"]);
        assert_eq!(reached(&receipt(&f, "bob", Delivery::Delivered, 7, &[1])), [Delivery::Delivered]);
        assert_eq!(f.wait(f.store.taken(vec![row])).unwrap(), Moved::default());
        assert_eq!((waiting(&f), tracked(&f, 1).recipients[0].delivery), (0, Delivery::Delivered));
    }

    #[test]
    fn what_nobody_confirms_is_done_when_the_broker_has_it() {
        let f = Fixture::new();
        let rows = f.wait(f.store.queue(None, vec![draft("receipt", 5)], None, vec![])).unwrap().rows;
        f.wait(f.store.taken(rows)).unwrap();
        assert_eq!((waiting(&f), f.wait(f.store.tracked(id(5))).unwrap()), (0, None));
        let alone = queue(&f, 1, &[]);
        assert_eq!(reached(&f.wait(f.store.taken(vec![alone])).unwrap().progress), [Delivery::Sent]);
        // A notice that somebody is to confirm leaves nothing behind.
        let notice = Draft { recipients: vec![user("bob")], ..draft("invitation", 6) };
        let rows = f.wait(f.store.queue(None, vec![notice], None, vec![])).unwrap().rows;
        f.wait(f.store.taken(rows)).unwrap();
        assert_eq!(waiting(&f), 1);
        receipt(&f, "bob", Delivery::Delivered, 7, &[6]);
        assert_eq!((waiting(&f), f.wait(f.store.tracked(id(6))).unwrap()), (0, None));
    }

    #[test]
    fn the_least_tried_goes_first_and_nothing_for_ever() {
        let f = Fixture::new();
        let rows = (1..=5).map(|n| queue(&f, n, &["bob"])).collect();
        f.wait(f.store.taken(rows)).unwrap();
        let resend = || {
            let (rows, progress) = f.wait(f.store.resend(user("bob"), 2)).unwrap();
            let letter = |row: OutboxRow| u128::from_be_bytes(*row.letter.as_bytes());
            (rows.into_iter().map(letter).collect::<Vec<_>>(), reached(&progress))
        };
        let tried: Vec<_> = (0..3).map(|_| resend().0).collect();
        assert_eq!(tried, [vec![1, 2], vec![3, 4], vec![5, 1]]);
        receipt(&f, "bob", Delivery::Delivered, 7, &[2, 3, 4, 5]);
        for _ in 0..limits::ATTEMPTS - 2 {
            assert_eq!(resend(), (vec![1], vec![]));
        }
        assert_eq!(resend(), (vec![], vec![Delivery::Failed]));
        assert_eq!(resend(), (vec![], vec![]));
        assert_eq!(tracked(&f, 1).recipients[0].why.as_deref(), Some(UNANSWERED));
        // It may come all the same.
        assert_eq!(reached(&receipt(&f, "bob", Delivery::Delivered, 7, &[1])), [Delivery::Delivered]);
        assert_eq!(waiting(&f), 0);
    }

    #[test]
    fn what_was_refused_waits_for_a_person() {
        let mut f = Fixture::new();
        let row = queue(&f, 1, &["bob"]);
        let moved = f.wait(f.store.refused(row, "too large".into())).unwrap();
        assert_eq!(reached(&moved.progress), [Delivery::Failed]);
        f.restart();
        assert_eq!((f.wait(f.store.due(0, 9)).unwrap().len(), waiting(&f)), (0, 1));
        assert_eq!(tracked(&f, 1).recipients[0].why.as_deref(), Some("too large"));

        let moved = f.wait(f.store.retry(vec![])).unwrap();
        assert_eq!((reached(&moved.progress), moved.letters), (vec![Delivery::Queued], 1));
        let due = f.wait(f.store.due(row, 9)).unwrap();
        assert_eq!((due.len(), due[0].letter), (1, id(1)), "behind what was read already");
        assert_eq!(f.wait(f.store.retry(vec![id(1), id(9)])).unwrap(), Moved::default());

        let moved = f.wait(f.store.give_up(vec![id(1), id(9)], "enough".into())).unwrap();
        assert_eq!((reached(&moved.progress), moved.letters), (vec![Delivery::Failed], 1));
        assert_eq!((waiting(&f), tracked(&f, 1).recipients[0].why.as_deref()), (0, Some("enough")));
        assert_eq!(f.wait(f.store.retry(vec![])).unwrap(), Moved::default());
    }

    #[test]
    fn who_owes_a_receipt_is_found_without_walking_over_messages() {
        let f = Fixture::new();
        let db = f.connection();
        let plan = |select: &str| {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {select}")).unwrap();
            let steps = plan.query_map([], |row| row.get(3)).unwrap();
            steps.map(Result::unwrap).collect::<Vec<String>>().join("; ")
        };
        let all =
            plan("SELECT DISTINCT member FROM recipient WHERE departed = 0 AND delivery IN (1, 2)");
        assert!(all.contains("recipient_open"), "{all}");
        let one = plan(
            "SELECT o.seq FROM recipient r JOIN outbox o ON o.letter = r.letter
            WHERE r.member = 'bob' AND r.departed = 0 AND r.delivery IN (1, 2) AND o.state = 1
            ORDER BY r.attempts, r.letter LIMIT 5",
        );
        assert!(one.contains("recipient_open (member=?)") && !one.contains("TEMP B-TREE"), "{one}");
    }
}
