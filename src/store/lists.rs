//! Lists of contacts.

use rusqlite::{Connection, Result};

use super::handle::in_transaction;
use super::{Error, Store};
use crate::domain::{ContactList, ListName, UserName};

impl Store {
    /// Keeps a list of contacts as it is now; one without anybody is gone.
    pub async fn save_list(&self, list: ContactList) -> std::result::Result<(), Error> {
        let save = move |db: &mut Connection| in_transaction(db, |db| save(db, &list));
        self.ask("keep a list of contacts", save).await
    }
}

fn save(db: &Connection, list: &ContactList) -> Result<()> {
    db.prepare_cached("DELETE FROM list WHERE name = ?1")?.execute([&list.name])?;
    let mut add = db.prepare_cached("INSERT INTO list (name, member) VALUES (?1, ?2)")?;
    list.members.iter().try_for_each(|member| add.execute((&list.name, member)).map(drop))
}

/// All of them.
pub(super) fn all(db: &Connection) -> Result<Vec<ContactList>> {
    let mut all = db.prepare_cached("SELECT name, member FROM list ORDER BY name, member")?;
    let mut rows = all.query([])?;
    let mut lists: Vec<ContactList> = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, member): (ListName, UserName) = (row.get(0)?, row.get(1)?);
        match lists.last_mut().filter(|list| list.name == name) {
            Some(list) => {
                list.members.insert(member);
            }
            None => lists.push(ContactList { name, members: [member].into() }),
        }
    }
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Fixture, user};

    #[test]
    fn lists_are_kept_as_they_were_left() {
        let mut f = Fixture::new();
        let list = |name: &str, members: &[&str]| ContactList {
            name: ListName::new(name).unwrap(),
            members: members.iter().map(|name| user(name)).collect(),
        };
        let [crew, family] = [list("crew", &["bob", "ann"]), list("family", &["eve"])];
        for list in [&family, &crew, &list("crew", &["zoe"]), &crew, &list("gone", &["ann"])] {
            f.wait(f.store.save_list(list.clone())).unwrap();
        }
        f.wait(f.store.save_list(list("gone", &[]))).unwrap();
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().lists, [crew, family]);
    }
}
