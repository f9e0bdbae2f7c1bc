//! What is being written and was not sent: one text for each conversation, on this device alone.

use rusqlite::{Connection, Result, params};

use super::{Error, Store, file};
use crate::domain::ConversationId;

impl Store {
    /// Keeps what is being written in a conversation, in place of what was kept before; nothing where it is empty.
    ///
    /// Not forced to the disk: it is done while somebody types, and a power cut takes the last words at most.
    pub async fn keep_draft(&self, conversation: ConversationId, text: String) -> Result<(), Error> {
        let keep = move |db: &mut Connection| file::unforced(db, |db| keep(db, &conversation, &text));
        self.ask("keep a draft", keep).await
    }
}

fn keep(db: &Connection, conversation: &ConversationId, text: &str) -> Result<()> {
    if text.is_empty() {
        return db
            .prepare_cached("DELETE FROM draft WHERE party = ?1")?
            .execute([conversation])
            .map(drop);
    }
    let keep = "INSERT INTO draft (party, text) VALUES (?1, ?2)
        ON CONFLICT (party) DO UPDATE SET text = excluded.text";
    db.prepare_cached(keep)?.execute(params![conversation, text]).map(drop)
}

pub(super) fn all(db: &Connection) -> Result<Vec<(ConversationId, String)>> {
    let all = "SELECT party, text FROM draft ORDER BY party";
    db.prepare_cached(all)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::{ConversationId, GroupId};
    use crate::store::testing::{Fixture, direct};

    #[test]
    fn a_draft_is_kept_over_a_restart_until_it_is_empty() {
        let mut f = Fixture::new();
        for (name, text) in [("bob", "the"), ("ann", "hello"), ("bob", "the pump\n水泵")] {
            f.wait(f.store.keep_draft(direct(name), text.to_owned())).unwrap();
        }
        f.restart();
        let kept = [(direct("ann"), "hello".to_owned()), (direct("bob"), "the pump\n水泵".to_owned())];
        assert_eq!(f.wait(f.store.load()).unwrap().drafts, kept);
        for name in ["bob", "carol"] {
            f.wait(f.store.keep_draft(direct(name), String::new())).unwrap();
        }
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().drafts, kept[..1]);
        assert_eq!(f.wait(f.store.load()).unwrap().summaries, [], "no conversation comes of it");
    }

    #[test]
    fn a_draft_is_kept_wherever_it_was_begun() {
        let mut f = Fixture::new();
        let group = ConversationId::Group(GroupId::from_bits(7));
        let room = ConversationId::Room("lobby".parse().unwrap());
        for place in [&room, &group] {
            f.wait(f.store.keep_draft(place.clone(), "the pump".to_owned())).unwrap();
        }
        f.restart();
        let drafts = f.wait(f.store.load()).unwrap().drafts;
        assert_eq!(drafts, [room, group].map(|place| (place, "the pump".to_owned())));
    }
}
