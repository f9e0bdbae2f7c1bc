//! Ciphertexts: those that were opened, and those that cannot be opened yet.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::value::{Opened, Received, Sealed, Tag, limits};
use crate::domain::{DeviceId, MessageId, UserName};

/// Notes that something was opened. What had been opened before is told.
pub(super) fn open(db: &Connection, opened: &Opened, received: &mut Received) -> Result<()> {
    let Opened { tag, print, sender, letter, awaited } = opened;
    let known = "SELECT print IS ?2 AND sender = ?3 FROM opened WHERE tag = ?1";
    let mut known = db.prepare_cached(known)?;
    match known.query_row(params![tag, print, sender], |row| row.get(0)).optional()? {
        Some(true) => return Ok(()),
        Some(false) => received.cloned.push(sender.clone()),
        None => {}
    }
    if was_opened(db, letter, sender)? {
        received.repeated.push(*letter);
    }
    let note = "INSERT OR IGNORE INTO opened (tag, print, sender, letter, awaited)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(note)?.execute(params![tag, print, sender, letter, awaited])?;
    let bound = "DELETE FROM opened WHERE seq <= last_insert_rowid() - ?1";
    db.prepare_cached(bound)?.execute([limits::OPENED])?;
    Ok(())
}

/// Something came whose key was used: it came before, or it is lost.
pub(super) fn used(
    db: &Connection,
    tag: &Tag,
    sender: UserName,
    device: DeviceId,
    received: &mut Received,
) -> Result<()> {
    let known = "SELECT o.letter, o.awaited, m.id IS NOT NULL FROM opened o
        LEFT JOIN message m
            ON m.id = o.letter AND m.sender = o.sender AND m.unseen = 0 AND m.delivery IS NULL
        WHERE o.tag = ?1 AND o.sender = ?2";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let known: Option<(MessageId, bool, bool)> =
        db.prepare_cached(known)?.query_row(params![tag, sender], row).optional()?;
    let Some((letter, awaited, was_seen)) = known else {
        received.lost.push((sender, device));
        return Ok(());
    };
    if was_seen {
        received.seen_before.push((sender.clone(), letter));
    }
    if awaited {
        received.again.push((sender, letter));
    }
    Ok(())
}

/// Whether a letter of this user was opened before, in whatever wrapping.
pub(super) fn was_opened(db: &Connection, letter: &MessageId, sender: &UserName) -> Result<bool> {
    let before = "SELECT 1 FROM opened WHERE letter = ?1 AND sender = ?2";
    db.prepare_cached(before)?.exists(params![letter, sender])
}

/// Keeps something that cannot be opened yet. The same bytes are kept once; says whether they were.
pub(super) fn keep(db: &Connection, sender: &UserName, topic: &str, payload: &[u8]) -> Result<bool> {
    let known = "SELECT 1 FROM sealed WHERE sender = ?1 AND payload = ?2";
    if db.prepare_cached(known)?.exists(params![sender, payload])? {
        return Ok(true);
    }
    let keep = "INSERT INTO sealed (sender, topic, payload) VALUES (?1, ?2, ?3)";
    db.prepare_cached(keep)?.execute(params![sender, topic, payload])?;
    let bound = "DELETE FROM sealed WHERE seq <= last_insert_rowid() - ?1";
    db.prepare_cached(bound)?.execute([limits::SEALED])?;
    Ok(false)
}

/// What is kept of this sender after this number, in the order in which it came.
pub(super) fn of(db: &Connection, sender: &UserName, after: i64, limit: u32) -> Result<Vec<Sealed>> {
    let of = "SELECT seq, topic, payload FROM sealed WHERE sender = ?1 AND seq > ?2
        ORDER BY seq LIMIT ?3";
    let mut of = db.prepare_cached(of)?;
    let rows = of.query_map(params![sender, after, limit], |row| {
        Ok(Sealed { seq: row.get(0)?, topic: row.get(1)?, payload: row.get(2)? })
    })?;
    rows.collect()
}

/// Of whom something is kept.
pub(super) fn senders(db: &Connection) -> Result<Vec<UserName>> {
    let all = "SELECT DISTINCT sender FROM sealed";
    db.prepare_cached(all)?.query_map([], |row| row.get(0))?.collect()
}

/// It has been dealt with.
pub(super) fn forget(db: &Connection, seq: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM sealed WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, id, said, user};

    fn opened(tag: u8, print: Option<u8>, letter: u128) -> Incoming {
        let print = print.map(|print| [print; 16]);
        let (sender, letter, awaited) = (user("bob"), id(letter), true);
        Incoming::Opened(Opened { tag: [tag; 16], print, sender, letter, awaited })
    }

    fn used(tag: u8, by: &str) -> Incoming {
        Incoming::Used { tag: [tag; 16], sender: user(by), device: DeviceId::from_bits(1) }
    }

    #[test]
    fn what_comes_again_is_known_and_what_never_came_is_lost() {
        let f = Fixture::new();
        let receive = |incoming| f.wait(f.store.receive(incoming)).unwrap();
        let first = receive(vec![opened(1, None, 7), opened(2, None, 8)]);
        assert_eq!((first.repeated, first.cloned), (vec![], vec![]));
        let again = receive(vec![used(1, "bob"), used(1, "eve"), used(3, "bob")]);
        assert_eq!(again.again, [(user("bob"), id(7))]);
        let device = DeviceId::from_bits(1);
        assert_eq!(again.lost, [(user("eve"), device), (user("bob"), device)]);
        assert_eq!(receive(vec![opened(3, None, 7)]).repeated, [id(7)], "another wrapping of the same");
        let was_opened = |letter, by| f.wait(f.store.was_opened(id(letter), user(by))).unwrap();
        assert!(was_opened(7, "bob") && !was_opened(7, "eve") && !was_opened(9, "bob"));
    }

    #[test]
    fn what_was_seen_and_comes_again_is_told_and_what_nobody_waits_for_is_not() {
        let f = Fixture::new();
        let receive = |incoming| f.wait(f.store.receive(incoming)).unwrap();
        let read = crate::domain::Message { unseen: false, ..said(7, "bob", 5, "hello") };
        receive(vec![opened(1, None, 7), Incoming::Message(read)]);
        let again = receive(vec![used(1, "bob")]);
        assert_eq!(
            (again.again, again.seen_before),
            (vec![(user("bob"), id(7))], vec![(user("bob"), id(7))])
        );
        let Incoming::Opened(passing) = opened(2, None, 8) else { panic!("it is one") };
        receive(vec![Incoming::Opened(Opened { awaited: false, ..passing })]);
        let again = receive(vec![used(2, "bob")]);
        assert_eq!((again.again, again.lost), (vec![], vec![]));
    }

    #[test]
    fn two_things_under_one_key_are_noticed() {
        let f = Fixture::new();
        let receive = |incoming| f.wait(f.store.receive(incoming)).unwrap();
        receive(vec![opened(1, Some(5), 7)]);
        assert_eq!(receive(vec![opened(1, Some(5), 7)]).cloned, []);
        assert_eq!(receive(vec![opened(1, Some(6), 9)]).cloned, [user("bob")]);
    }

    #[test]
    fn what_waits_for_a_key_is_kept_once_and_bounded() {
        let mut f = Fixture::new();
        let sealed = |n: i64| {
            let payload = n.to_le_bytes().to_vec();
            let (sender, device) = (user("bob"), DeviceId::from_bits(1));
            Incoming::Sealed { sender, device, topic: "t".to_owned(), payload }
        };
        let received = f.wait(f.store.receive(vec![sealed(1), sealed(2), sealed(1)])).unwrap();
        assert_eq!(received.lost.len(), 1, "it came again, and still cannot be opened");
        f.restart();
        let kept = f.wait(f.store.sealed(user("bob"), 0)).unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!(f.wait(f.store.sealed(user("bob"), kept[0].seq)).unwrap(), kept[1..]);
        assert_eq!(f.wait(f.store.load()).unwrap().sealed, [user("bob")]);
        f.wait(f.store.receive(vec![Incoming::Unsealed(kept[0].seq)])).unwrap();
        assert_eq!(f.wait(f.store.sealed(user("bob"), 0)).unwrap(), kept[1..]);
        f.wait(f.store.receive((10..limits::SEALED + 20).map(sealed).collect())).unwrap();
        let db = f.connection();
        let count: i64 = db.query_row("SELECT count(*) FROM sealed", [], |row| row.get(0)).unwrap();
        assert_eq!(count, limits::SEALED);
        assert_eq!(f.wait(f.store.sealed(user("eve"), 0)).unwrap(), []);
    }
}
