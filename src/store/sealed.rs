//! Ciphertexts: those that were opened, and those that cannot be opened yet.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::value::{Opened, Received, Sealed, Tag, limits};
use crate::domain::{MessageId, UserName};

/// Notes that something was opened. What had been opened before is told.
pub(super) fn open(db: &Connection, opened: &Opened, received: &mut Received) -> Result<()> {
    let Opened { tag, print, sender, letter } = opened;
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
    let note = "INSERT OR IGNORE INTO opened (tag, print, sender, letter) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(note)?.execute(params![tag, print, sender, letter])?;
    let bound = "DELETE FROM opened WHERE seq <= last_insert_rowid() - ?1";
    db.prepare_cached(bound)?.execute([limits::OPENED])?;
    Ok(())
}

/// Whether a letter of this user was opened before, in whatever wrapping.
pub(super) fn was_opened(db: &Connection, letter: &MessageId, sender: &UserName) -> Result<bool> {
    let before = "SELECT 1 FROM opened WHERE letter = ?1 AND sender = ?2";
    db.prepare_cached(before)?.exists(params![letter, sender])
}

/// The letter that this user sent in the ciphertext with this tag, if it came before.
pub(super) fn letter(db: &Connection, tag: &Tag, sender: &UserName) -> Result<Option<MessageId>> {
    let letter = "SELECT letter FROM opened WHERE tag = ?1 AND sender = ?2";
    db.prepare_cached(letter)?.query_row(params![tag, sender], |row| row.get(0)).optional()
}

/// Keeps something that cannot be opened yet. The same bytes are kept once.
pub(super) fn keep(db: &Connection, sender: &UserName, topic: &str, payload: &[u8]) -> Result<()> {
    let known = "SELECT 1 FROM sealed WHERE sender = ?1 AND payload = ?2";
    if db.prepare_cached(known)?.exists(params![sender, payload])? {
        return Ok(());
    }
    let keep = "INSERT INTO sealed (sender, topic, payload) VALUES (?1, ?2, ?3)";
    db.prepare_cached(keep)?.execute(params![sender, topic, payload])?;
    let bound = "DELETE FROM sealed WHERE seq <= last_insert_rowid() - ?1";
    db.prepare_cached(bound)?.execute([limits::SEALED])?;
    Ok(())
}

/// What is kept of this sender, in the order in which it came.
pub(super) fn of(db: &Connection, sender: &UserName, limit: u32) -> Result<Vec<Sealed>> {
    let of = "SELECT seq, topic, payload FROM sealed WHERE sender = ?1 ORDER BY seq LIMIT ?2";
    let mut of = db.prepare_cached(of)?;
    let rows = of.query_map(params![sender, limit], |row| {
        Ok(Sealed { seq: row.get(0)?, topic: row.get(1)?, payload: row.get(2)? })
    })?;
    rows.collect()
}

/// It has been dealt with.
pub(super) fn forget(db: &Connection, seq: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM sealed WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceId;
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, id, user};

    fn opened(tag: u8, print: Option<u8>, letter: u128) -> Incoming {
        let print = print.map(|print| [print; 16]);
        Incoming::Opened(Opened { tag: [tag; 16], print, sender: user("bob"), letter: id(letter) })
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
            Incoming::Sealed { sender: user("bob"), topic: "t".to_owned(), payload }
        };
        f.wait(f.store.receive(vec![sealed(1), sealed(2), sealed(1)])).unwrap();
        f.restart();
        let kept = f.wait(f.store.sealed(user("bob"))).unwrap();
        assert_eq!(kept.len(), 2);
        f.wait(f.store.receive(vec![Incoming::Unsealed(kept[0].seq)])).unwrap();
        assert_eq!(f.wait(f.store.sealed(user("bob"))).unwrap(), kept[1..]);
        f.wait(f.store.receive((10..limits::SEALED + 20).map(sealed).collect())).unwrap();
        let db = crate::store::file::open(&f.path()).unwrap();
        let count: i64 = db.query_row("SELECT count(*) FROM sealed", [], |row| row.get(0)).unwrap();
        assert_eq!(count, limits::SEALED);
        assert_eq!(f.wait(f.store.sealed(user("eve"))).unwrap(), []);
    }
}
