//! Conversations that are put away: on this device alone.

use rusqlite::{Connection, Result};

use super::{Error, Store};
use crate::domain::ConversationId;

impl Store {
    /// Puts a conversation away, or brings it back.
    pub async fn save_archived(
        &self,
        conversation: ConversationId,
        archived: bool,
    ) -> std::result::Result<(), Error> {
        let save = move |db: &mut Connection| {
            let save = match archived {
                true => "INSERT OR IGNORE INTO archived (party) VALUES (?1)",
                false => "DELETE FROM archived WHERE party = ?1",
            };
            db.prepare_cached(save)?.execute([&conversation]).map(drop)
        };
        self.ask("put a conversation away", save).await
    }
}

/// The conversations that are put away.
pub(super) fn all(db: &Connection) -> Result<Vec<ConversationId>> {
    let mut all = db.prepare_cached("SELECT party FROM archived")?;
    all.query_map([], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GroupId;
    use crate::store::testing::{Fixture, direct};

    #[test]
    fn what_is_put_away_stays_so_until_it_is_brought_back() {
        let mut f = Fixture::new();
        let save = |f: &Fixture, id, archived| f.wait(f.store.save_archived(id, archived)).unwrap();
        let team = ConversationId::Group(GroupId::from_bits(7));
        for archived in [direct("bob"), team.clone(), direct("bob")] {
            save(&f, archived, true);
        }
        f.restart();
        let mut known = f.wait(f.store.load()).unwrap().archived;
        known.sort();
        let mut both = [direct("bob"), team.clone()];
        both.sort();
        assert_eq!(known, both);
        save(&f, direct("bob"), false);
        save(&f, direct("carol"), false);
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().archived, [team]);
    }
}
