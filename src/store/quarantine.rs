//! What came in and could not be understood, kept within bounds for whoever looks into it.

use rusqlite::{Connection, Result};

use super::value::limits;
use crate::domain::Timestamp;

/// Keeps it, cut to size, in the place of the oldest.
pub(super) fn keep(
    db: &Connection,
    topic: &str,
    payload: &[u8],
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    let topic = &topic[..topic.floor_char_boundary(limits::QUARANTINE_LINE)];
    let reason = &reason[..reason.floor_char_boundary(limits::QUARANTINE_LINE)];
    let payload = &payload[..payload.len().min(limits::QUARANTINE_PAYLOAD)];
    let insert = "INSERT INTO quarantine (topic, payload, reason, at) VALUES (?1, ?2, ?3, ?4)";
    let seq = db.prepare_cached(insert)?.insert((topic, payload, reason, at))?;
    db.prepare_cached("DELETE FROM quarantine WHERE seq <= ?1 - ?2")?
        .execute((seq, limits::QUARANTINE_ROWS))?;
    Ok(())
}

/// How many are kept.
pub(super) fn count(db: &Connection) -> Result<u32> {
    db.prepare_cached("SELECT count(*) FROM quarantine")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, at, said};

    fn odd(n: i64, topic: &str, payload: &[u8]) -> Incoming {
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        Incoming::Quarantine { topic, payload, reason: "é".repeat(9_000), at: at(n) }
    }

    #[test]
    fn it_is_bounded_in_rows_and_bytes_and_keeps_the_newest() {
        let f = Fixture::new();
        let kept = || f.wait(f.store.quarantined()).unwrap();
        assert_eq!(kept(), 0);
        let mut batch = vec![Incoming::Message(said(1, "bob", 1, "good")), odd(1, "a", b"first")];
        batch.extend((2..=999).map(|n| odd(n, "b", b"\0\xff")));
        assert_eq!(f.wait(f.store.receive(batch)).unwrap().fresh.len(), 1);
        assert_eq!(kept(), 999);
        let huge = vec![7; 2 * limits::QUARANTINE_PAYLOAD];
        let rest = (1_000..1_020).map(|n| odd(n, &"ü".repeat(65_000), &huge)).collect();
        f.wait(f.store.receive(rest)).unwrap();
        assert_eq!(kept(), limits::QUARANTINE_ROWS);

        let db = f.connection();
        let sizes = "SELECT min(at), max(length(payload)), max(octet_length(topic)),
            max(octet_length(reason)) FROM quarantine";
        let sizes: (i64, usize, usize, usize) = db
            .query_row(sizes, [], |row| Ok((row.get(0)?, size(row, 1)?, size(row, 2)?, size(row, 3)?)))
            .unwrap();
        assert_eq!(
            sizes,
            (20, limits::QUARANTINE_PAYLOAD, limits::QUARANTINE_LINE, limits::QUARANTINE_LINE)
        );
    }

    fn size(row: &rusqlite::Row<'_>, column: usize) -> Result<usize> {
        Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap())
    }
}
