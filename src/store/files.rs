//! What became of files that messages carry: a state for each, and who has fetched those of ours. Their content lies
//! elsewhere.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result, params};

use super::handle::in_transaction;
use super::row::{MESSAGE_COLUMNS, message, select_message};
use super::{Error, Store};
use crate::domain::{Message, MessageId, UserName};

/// How far a file has come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStage {
    /// Ours, and kept for others to fetch.
    Shared,
    /// Being fetched.
    Wanted,
    /// The same, but it rests until a person says otherwise.
    Paused,
    /// All of it is here, and it is not saved.
    Here,
    /// It was saved.
    Saved,
    /// It cannot be had.
    Failed,
    /// Ours, and not kept any more.
    NotKept,
}

impl ToSql for FileStage {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let code = match self {
            Self::Shared => 0,
            Self::Wanted => 1,
            Self::Paused => 2,
            Self::Here => 3,
            Self::Saved => 4,
            Self::Failed => 5,
            Self::NotKept => 6,
        };
        Ok(code.into())
    }
}

impl FromSql for FileStage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Shared),
            1 => Ok(Self::Wanted),
            2 => Ok(Self::Paused),
            3 => Ok(Self::Here),
            4 => Ok(Self::Saved),
            5 => Ok(Self::Failed),
            6 => Ok(Self::NotKept),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// A file with its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The message that carries it.
    pub message: Message,
    /// How far it has come.
    pub stage: FileStage,
    /// Where it is to be saved, or was.
    pub target: Option<String>,
    /// Why it failed.
    pub why: Option<String>,
    /// Who has fetched it, if it is ours.
    pub takers: Vec<UserName>,
}

impl Store {
    /// Says how far a file has come.
    pub async fn save_file(
        &self,
        id: MessageId,
        stage: FileStage,
        target: Option<String>,
        why: Option<String>,
    ) -> std::result::Result<(), Error> {
        let save = "INSERT INTO file (message, state, target, why) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET state = excluded.state, target = excluded.target, why = excluded.why";
        let save = move |db: &mut Connection| {
            db.prepare_cached(save)?.execute(params![id, stage, target, why]).map(drop)
        };
        self.ask("note what became of a file", save).await
    }

    /// Forgets what became of a file.
    pub async fn forget_file(&self, id: MessageId) -> std::result::Result<(), Error> {
        let forget = move |db: &mut Connection| in_transaction(db, |db| forget(db, id));
        self.ask("forget a file", forget).await
    }

    /// Somebody has fetched a file of ours.
    pub async fn note_taker(&self, id: MessageId, user: UserName) -> std::result::Result<(), Error> {
        let note = "INSERT OR IGNORE INTO file_taker (message, user) VALUES (?1, ?2)";
        let note = move |db: &mut Connection| db.prepare_cached(note)?.execute((id, &user)).map(drop);
        self.ask("note who has a file", note).await
    }

    /// Whether a message of ours was for this user when it was said.
    pub async fn was_for(&self, id: MessageId, user: UserName) -> std::result::Result<bool, Error> {
        let was_for = "SELECT 1 FROM recipient WHERE letter = ?1 AND member = ?2";
        let was_for = move |db: &mut Connection| db.prepare_cached(was_for)?.exists((id, &user));
        self.ask("look whom a message was for", was_for).await
    }
}

fn forget(db: &Connection, id: MessageId) -> Result<()> {
    db.prepare_cached("DELETE FROM file WHERE message = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM file_taker WHERE message = ?1")?.execute([id])?;
    Ok(())
}

/// From the few that are files to their messages: by the number of the message it would look at every one there is.
const ALL: &str = select_message!(
    with ", f.state, f.target, f.why", from "file f JOIN message m ON m.id = f.message",
    "ORDER BY f.message"
);

/// All files of which anything became. What is left of those whose message is gone is forgotten.
pub(super) fn files(db: &Connection) -> Result<Vec<StoredFile>> {
    let gone = "SELECT message FROM file
        WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = file.message AND m.file IS NOT NULL)";
    let gone: Vec<MessageId> =
        db.prepare_cached(gone)?.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    for id in gone {
        forget(db, id)?;
    }
    let mut all = db.prepare_cached(ALL)?;
    let rows = all.query_map([], |row| {
        Ok(StoredFile {
            message: message(row)?,
            stage: row.get(MESSAGE_COLUMNS)?,
            target: row.get(MESSAGE_COLUMNS + 1)?,
            why: row.get(MESSAGE_COLUMNS + 2)?,
            takers: Vec::new(),
        })
    })?;
    let mut files: Vec<StoredFile> = rows.collect::<Result<_>>()?;
    let takers = "SELECT user FROM file_taker WHERE message = ?1 ORDER BY user";
    let mut takers = db.prepare_cached(takers)?;
    for file in files.iter_mut().filter(|file| file.message.is_ours()) {
        file.takers = takers.query_map([file.message.id], |row| row.get(0))?.collect::<Result<_>>()?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Alteration, Attachment, Body, ContentHash, FileKey, FileName, PageAt};
    use crate::store::testing::{Fixture, at, direct, draft, id, ours, said, user};
    use crate::store::{Altered, Incoming};

    fn attachment() -> Attachment {
        Attachment {
            name: FileName::new("plan.pdf"),
            size: 5,
            hash: ContentHash::from_bytes([7; 32]),
            key: FileKey::from([9; 32]),
        }
    }

    fn all(f: &Fixture) -> Vec<StoredFile> {
        f.wait(f.store.ask("read", |db| files(db))).unwrap()
    }

    #[test]
    fn what_became_of_files_is_kept_with_who_has_them() {
        let mut f = Fixture::new();
        let theirs = Message { file: Some(attachment()), ..said(1, "bob", 10, "plan.pdf") };
        f.receive(std::slice::from_ref(&theirs));
        let own = Message { file: Some(attachment()), ..ours(2, "bob", 20, "see this") };
        let mut letter = draft("inbox", 2);
        letter.recipients = vec![user("bob")];
        f.wait(f.store.queue(Some(own), vec![letter], None, vec![])).unwrap();
        assert!(f.wait(f.store.was_for(id(2), user("bob"))).unwrap());
        assert!(!f.wait(f.store.was_for(id(2), user("eve"))).unwrap());
        assert!(!f.wait(f.store.was_for(id(1), user("bob"))).unwrap());
        f.wait(f.store.save_file(id(1), FileStage::Wanted, Some("/tmp/x".into()), None)).unwrap();
        f.wait(f.store.save_file(id(2), FileStage::Shared, None, None)).unwrap();
        f.wait(f.store.note_taker(id(2), user("bob"))).unwrap();
        f.wait(f.store.note_taker(id(2), user("bob"))).unwrap();
        f.restart();
        let files = all(&f);
        let [first, second] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((first.stage, first.target.as_deref()), (FileStage::Wanted, Some("/tmp/x")));
        assert_eq!(first.message.file, theirs.file);
        assert_eq!((second.stage, second.takers.as_slice()), (FileStage::Shared, &[user("bob")][..]));
        f.wait(f.store.save_file(id(1), FileStage::Failed, None, Some("no".into()))).unwrap();
        assert_eq!(all(&f)[0].why.as_deref(), Some("no"));
    }

    #[test]
    fn what_is_taken_back_has_no_key_any_more() {
        let f = Fixture::new();
        f.receive(&[
            Message { file: Some(attachment()), ..said(1, "bob", 10, "plan.pdf") },
            Message { file: Some(attachment()), ..said(2, "bob", 11, "two.pdf") },
        ]);
        for n in [1, 2] {
            f.wait(f.store.save_file(id(n), FileStage::Here, None, None)).unwrap();
        }
        let taken_back = Altered {
            conversation: direct("bob"),
            of: id(1),
            author: user("bob"),
            at: at(30),
            letter: id(3),
            change: Alteration::Delete,
            ends_at: None,
        };
        f.wait(f.store.receive(vec![Incoming::Altered { altered: taken_back, recipients: vec![] }]))
            .unwrap();
        f.wait(f.store.hide(id(2))).unwrap();
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 5)).unwrap();
        assert_eq!((page.messages.len(), &page.messages[0].body), (1, &Body::Deleted));
        assert_eq!(page.messages[0].file, None);
        assert_eq!(all(&f), []);
        let db = f.connection();
        let left: i64 = db
            .query_row("SELECT count(*) FROM message WHERE file IS NOT NULL", [], |r| r.get(0))
            .unwrap();
        let rows: i64 = db.query_row("SELECT count(*) FROM file", [], |r| r.get(0)).unwrap();
        assert_eq!((left, rows), (0, 0));
    }

    #[test]
    fn what_became_of_files_is_read_without_a_look_at_all_messages() {
        let f = Fixture::new();
        let db = f.connection();
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {ALL}")).unwrap();
        let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        assert!(steps.iter().any(|step| step.starts_with("SEARCH m ")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN m")), "{steps:?}");
    }
}
