//! Which numbers of whom are missing.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result};

use super::row::from_bits;
use super::value::{Gap, Heard, limits};
use crate::domain::{ConversationId, UserName};

/// A letter with this number came; says whether numbers below it are missing that were not before. The
/// first that comes of a device tells nothing about those before it: we may have come later.
pub(super) fn hear(db: &Connection, heard: &Heard) -> Result<bool> {
    let Heard { conversation, sender, device, number } = heard;
    // Nobody counts so far; and SQLite's numbers have a sign.
    let Ok(number) = i64::try_from(*number) else { return Ok(false) };
    let last = "SELECT number FROM heard WHERE party = ?1 AND sender = ?2 AND device = ?3";
    let mut last = db.prepare_cached(last)?;
    let last: Option<i64> =
        last.query_row((conversation, sender, device), |row| row.get(0)).optional()?;
    if last.is_some_and(|last| number <= last) {
        let found = "DELETE FROM missing
            WHERE party = ?1 AND sender = ?2 AND device = ?3 AND number = ?4";
        db.prepare_cached(found)?.execute((conversation, sender, device, number))?;
        return Ok(false);
    }
    let note = "INSERT OR REPLACE INTO heard (party, sender, device, number) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(note)?.execute((conversation, sender, device, number))?;
    let Some(last) = last else { return Ok(false) };
    let oldest = number - limits::MISSING.cast_signed();
    let first = (last + 1).max(oldest);
    let forget = "DELETE FROM missing
        WHERE party = ?1 AND sender = ?2 AND device = ?3 AND number < ?4";
    db.prepare_cached(forget)?.execute((conversation, sender, device, oldest))?;
    let miss = "INSERT OR IGNORE INTO missing (party, sender, device, number) VALUES (?1, ?2, ?3, ?4)";
    let mut miss = db.prepare_cached(miss)?;
    for number in first..number {
        miss.execute((conversation, sender, device, number))?;
    }
    Ok(first < number)
}

/// What is missing of these senders, and counts that it is asked for. What was asked for often enough is
/// forgotten: the sender does not have it, or it was never meant for us.
pub(super) fn ask(db: &mut Connection, senders: &[UserName]) -> Result<Vec<Gap>> {
    let transaction = db.transaction()?;
    let mut gaps: BTreeMap<(ConversationId, UserName), Gap> = BTreeMap::new();
    for sender in senders {
        let asked = "UPDATE missing SET asked = asked + 1 WHERE sender = ?1
            RETURNING party, number";
        let mut asked = transaction.prepare_cached(asked)?;
        let rows = asked.query_map([sender], |row| Ok((row.get(0)?, from_bits(row.get(1)?))))?;
        for row in rows {
            let (conversation, number): (ConversationId, u64) = row?;
            let gap = gaps.entry((conversation.clone(), sender.clone())).or_insert_with(|| Gap {
                conversation,
                sender: sender.clone(),
                from: number,
                to: number,
            });
            gap.from = gap.from.min(number);
            gap.to = gap.to.max(number);
        }
    }
    let forget = "DELETE FROM missing WHERE asked >= ?1";
    transaction.prepare_cached(forget)?.execute([limits::ASKED])?;
    transaction.commit()?;
    Ok(gaps.into_values().collect())
}

/// Of whom something is missing.
pub(super) fn senders(db: &Connection) -> Result<Vec<UserName>> {
    let mut senders = db.prepare_cached("SELECT DISTINCT sender FROM missing")?;
    senders.query_map([], |row| row.get(0))?.collect()
}

/// Forgets what was heard in a conversation: whoever leaves and comes back missed what was said meanwhile
/// on purpose.
pub(super) fn forget(db: &Connection, conversation: &ConversationId) -> Result<()> {
    for forget in ["DELETE FROM heard WHERE party = ?1", "DELETE FROM missing WHERE party = ?1"] {
        db.prepare_cached(forget)?.execute([conversation])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceId;
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, direct, user};

    fn hear(f: &Fixture, numbers: &[u64]) -> bool {
        let heard = |&number| {
            let (conversation, sender) = (direct("bob"), user("bob"));
            Incoming::Heard(Heard { conversation, sender, device: DeviceId::from_bits(1), number })
        };
        f.wait(f.store.receive(numbers.iter().map(heard).collect())).unwrap().gaps
    }

    fn ask(f: &Fixture) -> Vec<(u64, u64)> {
        let gaps = f.wait(f.store.ask_for_missing(vec![user("bob"), user("ann")])).unwrap();
        gaps.iter().map(|gap| (gap.from, gap.to)).collect()
    }

    #[test]
    fn what_is_left_out_is_missing_until_it_comes() {
        let mut f = Fixture::new();
        assert!(!hear(&f, &[7]), "what was said before we came is not missing");
        assert!(!hear(&f, &[8, 9, 9, 8]));
        assert!(hear(&f, &[12, 15]));
        f.restart();
        assert_eq!(f.wait(f.store.missing_of()).unwrap(), [user("bob")]);
        assert_eq!(ask(&f), [(10, 14)]);
        assert!(!hear(&f, &[10, 14, 13]));
        assert_eq!(ask(&f), [(11, 11)]);
        assert!(!hear(&f, &[11]));
        assert_eq!(ask(&f), []);
        assert!(f.wait(f.store.missing_of()).unwrap().is_empty());
    }

    #[test]
    fn nothing_is_asked_for_without_end_and_no_number_fills_the_disk() {
        let f = Fixture::new();
        hear(&f, &[1, u64::MAX, 1 << 62]);
        hear(&f, &[(1 << 62) + 5_000]);
        let (from, to) = ask(&f)[0];
        assert_eq!((to - from + 1, to), (limits::MISSING, (1 << 62) + 4_999));
        let more = std::iter::from_fn(|| Some(ask(&f)).filter(|gaps| !gaps.is_empty())).take(100);
        assert_eq!(more.count() as u32, limits::ASKED - 1);
    }
}
