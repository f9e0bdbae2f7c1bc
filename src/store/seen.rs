//! Which messages of others were on the screen, as which letter told them.

use rusqlite::{Connection, OptionalExtension, Result};

use super::value::Altered;
use crate::domain::{MessageId, UserName};

/// Which messages of others that are as these letters told them were not on the screen yet, with their senders.
pub(super) fn unseen(db: &Connection, letters: &[MessageId]) -> Result<Vec<(UserName, MessageId)>> {
    let find = "SELECT sender FROM message WHERE (id = ?1 AND edit IS NULL OR edit = ?1) AND unseen = 1";
    let mut find = db.prepare_cached(find)?;
    let mut unseen = Vec::new();
    for letter in letters {
        let sender = find.query_row([letter], |row| row.get(0)).optional()?;
        unseen.extend(sender.map(|sender: UserName| (sender, *letter)));
    }
    Ok(unseen)
}

/// An edit came again, and what it says has been on the screen: its sender may not know.
pub(super) fn edit(db: &Connection, altered: Altered) -> Result<Option<(UserName, MessageId)>> {
    let seen = "SELECT 1 FROM message WHERE edit = ?1 AND unseen = 0 AND delivery IS NULL";
    let seen = db.prepare_cached(seen)?.exists([altered.letter])?;
    Ok(seen.then_some((altered.author, altered.letter)))
}

/// These messages were on the screen, as these letters told them.
pub(super) fn see(db: &Connection, letters: &[MessageId]) -> Result<()> {
    let see = "UPDATE message SET unseen = 0 WHERE id = ?1 AND edit IS NULL OR edit = ?1";
    let mut see = db.prepare_cached(see)?;
    letters.iter().try_for_each(|letter| see.execute([letter]).map(drop))
}
