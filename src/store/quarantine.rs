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
