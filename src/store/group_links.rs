//! Links into groups: those by which we let people in, and those by which we asked to be let in.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result, params};

use super::{Error, Store};
use crate::domain::{GroupId, LinkSecret, MessageId, Timestamp, UserName};

/// A link by which we let people into a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLink {
    /// Into which.
    pub group: GroupId,
    /// What they have to show.
    pub secret: LinkSecret,
    /// From when on it lets nobody in any more.
    pub ends_at: Timestamp,
    /// How many it may still let in.
    pub uses: u32,
}

/// A group that we asked to be let into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKnock {
    /// Which.
    pub group: GroupId,
    /// Whom we asked.
    pub host: UserName,
    /// What we showed.
    pub secret: LinkSecret,
    /// From when on we do not wait any more.
    pub ends_at: Timestamp,
    /// The last letter that asked, if one did.
    pub letter: Option<MessageId>,
}

impl ToSql for LinkSecret {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for LinkSecret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self::from_bytes)
    }
}

impl Store {
    /// Keeps a link by which we let people in, in place of the last one of its group.
    pub async fn save_group_link(&self, link: StoredLink) -> std::result::Result<(), Error> {
        let save = move |db: &mut Connection| {
            let save = "INSERT OR REPLACE INTO group_link (party, secret, ends_at, uses)
                VALUES (?1, ?2, ?3, ?4)";
            let values = params![link.group, link.secret, link.ends_at, link.uses];
            db.prepare_cached(save)?.execute(values).map(drop)
        };
        self.ask("keep a link", save).await
    }

    /// Forgets the link of a group.
    pub async fn forget_group_link(&self, group: GroupId) -> std::result::Result<(), Error> {
        let forget = "DELETE FROM group_link WHERE party = ?1";
        let forget = move |db: &mut Connection| db.prepare_cached(forget)?.execute([group]).map(drop);
        self.ask("forget a link", forget).await
    }

    /// Keeps that we asked to be let into a group.
    pub async fn save_knock(&self, knock: StoredKnock) -> std::result::Result<(), Error> {
        let save = move |db: &mut Connection| {
            let save = "INSERT OR REPLACE INTO knock (party, host, secret, ends_at, letter)
                VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![knock.group, knock.host, knock.secret, knock.ends_at, knock.letter];
            db.prepare_cached(save)?.execute(values).map(drop)
        };
        self.ask("keep what was asked", save).await
    }

    /// Forgets that we asked to be let into a group.
    pub async fn forget_knock(&self, group: GroupId) -> std::result::Result<(), Error> {
        let forget = "DELETE FROM knock WHERE party = ?1";
        let forget = move |db: &mut Connection| db.prepare_cached(forget)?.execute([group]).map(drop);
        self.ask("forget what was asked", forget).await
    }
}

pub(super) fn links(db: &Connection) -> Result<Vec<StoredLink>> {
    let mut all = db.prepare_cached("SELECT party, secret, ends_at, uses FROM group_link")?;
    all.query_map([], |row| {
        Ok(StoredLink {
            group: row.get(0)?,
            secret: row.get(1)?,
            ends_at: row.get(2)?,
            uses: row.get(3)?,
        })
    })?
    .collect()
}

pub(super) fn knocks(db: &Connection) -> Result<Vec<StoredKnock>> {
    let mut all = db.prepare_cached("SELECT party, host, secret, ends_at, letter FROM knock")?;
    all.query_map([], |row| {
        Ok(StoredKnock {
            group: row.get(0)?,
            host: row.get(1)?,
            secret: row.get(2)?,
            ends_at: row.get(3)?,
            letter: row.get(4)?,
        })
    })?
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Fixture, at, user};

    #[test]
    fn links_and_what_was_asked_are_kept_until_they_are_forgotten() {
        let mut f = Fixture::new();
        let link = |uses| StoredLink {
            group: GroupId::from_bits(7),
            secret: LinkSecret::from_bytes([9; 16]),
            ends_at: at(5),
            uses,
        };
        let knock = StoredKnock {
            group: GroupId::from_bits(8),
            host: user("alice"),
            secret: LinkSecret::from_bytes([8; 16]),
            ends_at: at(6),
            letter: Some(MessageId::from_bytes([3; 16])),
        };
        f.wait(f.store.save_group_link(link(3))).unwrap();
        f.wait(f.store.save_group_link(link(2))).unwrap();
        f.wait(f.store.save_knock(knock.clone())).unwrap();
        f.restart();
        let known = f.wait(f.store.load()).unwrap();
        assert_eq!((known.group_links, known.knocks), (vec![link(2)], vec![knock]));
        f.wait(f.store.forget_group_link(GroupId::from_bits(7))).unwrap();
        f.wait(f.store.forget_knock(GroupId::from_bits(8))).unwrap();
        let known = f.wait(f.store.load()).unwrap();
        assert_eq!((known.group_links.len(), known.knocks.len()), (0, 0));
    }
}
