//! What a log in plain text still has to tell: noted in the transaction that changes a message, kept until it is
//! written.
//!
//! Triggers note it, so that no way into the store can forget to; they belong to the connection, not to the file, so a
//! session without a log pays nothing. What disappears is never noted.

use rusqlite::{Connection, Result, params};

use super::alterations;
use super::handle::in_transaction;
use super::{Error, Store, file};
use crate::domain::{Body, Message, MessageId, Timestamp};

/// Most messages that are told at once.
const ROWS: u32 = 64;

/// A message that the log does not tell of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToLog {
    /// The message as it is now.
    pub message: Message,
    /// Whether it came; else it was edited or taken back.
    pub is_fresh: bool,
    /// When that was, by its sender's clock.
    pub at: Timestamp,
}

/// What is being written at the end of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    /// The name of the file.
    pub file: String,
    /// How long it was before.
    pub length: u64,
    /// What comes to stand there.
    pub bytes: Vec<u8>,
}

impl Store {
    /// What is to be logged, the first of it, and the place to go on from; a message that is not here any more is left
    /// out, and one that changed again is there once.
    pub async fn to_log(&self) -> std::result::Result<(Vec<ToLog>, i64), Error> {
        self.ask("read what is to be logged", |db| to_log(db)).await
    }

    /// What was to be logged up to this place is being written: these pieces.
    pub async fn keep_log_pieces(
        &self,
        up_to: i64,
        pieces: Vec<LogPiece>,
    ) -> std::result::Result<(), Error> {
        let keep = move |db: &mut Connection| in_transaction(db, |db| keep(db, up_to, &pieces));
        self.ask("keep what is being logged", keep).await
    }

    /// What was being written.
    pub async fn log_pieces(&self) -> std::result::Result<Vec<LogPiece>, Error> {
        self.ask("read what was being logged", |db| pieces(db)).await
    }

    /// All of it is written. Not forced to the disk: otherwise a look at the files shows it.
    pub async fn forget_log_pieces(&self) -> std::result::Result<(), Error> {
        let forget = |db: &Connection| db.execute("DELETE FROM log_piece", []).map(drop);
        let forget = move |db: &mut Connection| file::unforced(db, forget);
        self.ask("note what was logged", forget).await
    }
}

/// Kinds of message: 0 a text, 13 one that was taken back.
const NOTE: &str = "
    CREATE TEMP TRIGGER IF NOT EXISTS log_said AFTER INSERT ON main.message WHEN new.ends_at IS NULL
    BEGIN INSERT INTO to_log (message, fresh) VALUES (new.id, 1); END;
    CREATE TEMP TRIGGER IF NOT EXISTS log_altered AFTER UPDATE OF kind, text ON main.message
    WHEN new.ends_at IS NULL AND new.kind IN (0, 13) AND (new.kind, new.text) IS NOT (old.kind, old.text)
    BEGIN INSERT INTO to_log (message, fresh) VALUES (new.id, 0); END;
";
/// With a condition: without one a table that is empty is written anew, and forced to the disk, at every start.
const FORGET: &str = "
    DROP TRIGGER IF EXISTS temp.log_said;
    DROP TRIGGER IF EXISTS temp.log_altered;
    DELETE FROM to_log WHERE true;
    DELETE FROM log_piece WHERE true;
";

/// From now on what is said is noted for a log, or is not, and then what was noted is forgotten.
pub(super) fn note(db: &Connection, wanted: bool) -> Result<()> {
    db.execute_batch(if wanted { NOTE } else { FORGET })
}

fn to_log(db: &Connection) -> Result<(Vec<ToLog>, i64)> {
    let noted = "SELECT seq, message, fresh FROM to_log ORDER BY seq LIMIT ?1";
    let mut noted = db.prepare_cached(noted)?;
    let rows = noted.query_map([ROWS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows = rows.collect::<Result<Vec<(i64, MessageId, bool)>>>()?;
    let up_to = rows.last().map_or(0, |(seq, ..)| *seq);
    let mut told: Vec<ToLog> = Vec::with_capacity(rows.len());
    for (_, id, is_fresh) in rows {
        // It is told as it is now, which says what became of it since.
        if told.iter().any(|known| known.message.id == id) {
            continue;
        }
        let Some(message) = alterations::find(db, id)? else { continue };
        let at = if is_fresh { message.sent_at } else { altered_at(db, &message)? };
        told.push(ToLog { message, is_fresh, at });
    }
    Ok((told, up_to))
}

/// When a message was edited last, or taken back.
fn altered_at(db: &Connection, message: &Message) -> Result<Timestamp> {
    let kind = i64::from(message.body == Body::Deleted);
    let at =
        "SELECT max(at) FROM alteration WHERE message = ?1 AND party = ?2 AND kind = ?3 AND author = ?4";
    let values = params![message.id, message.conversation, kind, message.sender];
    let at: Option<Timestamp> = db.prepare_cached(at)?.query_row(values, |row| row.get(0))?;
    Ok(at.unwrap_or(message.received_at))
}

fn keep(db: &Connection, up_to: i64, pieces: &[LogPiece]) -> Result<()> {
    db.prepare_cached("DELETE FROM to_log WHERE seq <= ?1")?.execute([up_to])?;
    db.prepare_cached("DELETE FROM log_piece")?.execute([])?;
    let mut insert =
        db.prepare_cached("INSERT INTO log_piece (file, length, bytes) VALUES (?1, ?2, ?3)")?;
    for LogPiece { file, length, bytes } in pieces {
        insert.execute(params![file, length.cast_signed(), bytes])?;
    }
    Ok(())
}

fn pieces(db: &Connection) -> Result<Vec<LogPiece>> {
    let mut all = db.prepare_cached("SELECT file, length, bytes FROM log_piece ORDER BY file")?;
    let read = |row: &rusqlite::Row<'_>| {
        let length: i64 = row.get(1)?;
        Ok(LogPiece { file: row.get(0)?, length: length.cast_unsigned(), bytes: row.get(2)? })
    };
    all.query_map([], read)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Alteration, Marks, MessageText};
    use crate::store::testing::{Fixture, at, direct, id, ours, said, user};
    use crate::store::{Altered, Incoming};

    fn alter(f: &Fixture, of: u128, letter: u128, change: Alteration) {
        let (conversation, author) = (direct("bob"), user("bob"));
        let (of, letter) = (id(of), id(letter));
        let altered = Altered { conversation, of, author, at: at(70), letter, change, ends_at: None };
        let incoming = Incoming::Altered { altered, recipients: Vec::new() };
        f.wait(f.store.receive(vec![incoming])).unwrap();
    }

    fn edit(text: &str) -> Alteration {
        Alteration::Edit(MessageText::new(text).unwrap())
    }

    fn noted(f: &Fixture) -> Vec<(MessageId, bool, i64, String)> {
        let (told, _) = f.wait(f.store.to_log()).unwrap();
        let words = |body: &Body| match body {
            Body::Text(text) => text.as_str().to_owned(),
            other => format!("{other:?}"),
        };
        let told = told.iter();
        told.map(|one| (one.message.id, one.is_fresh, one.at.as_millis(), words(&one.message.body)))
            .collect()
    }

    fn note_from_now_on(f: &Fixture, wanted: bool) {
        f.wait(f.store.ask("note", move |db| note(db, wanted))).unwrap();
    }

    #[test]
    fn what_is_said_and_changed_is_noted_once_and_over_restarts() {
        let mut f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "before")]);
        note_from_now_on(&f, true);
        let over = Message { ends_at: Some(at(99)), ..said(4, "bob", 9, "hush") };
        f.receive(&[said(2, "bob", 6, "one"), over, said(2, "bob", 6, "one")]);
        f.wait(f.store.queue(Some(ours(3, "bob", 7, "two")), vec![], None, vec![])).unwrap();
        alter(&f, 1, 11, edit("after"));
        alter(&f, 1, 12, Alteration::Pin(true));
        let all = [
            (id(2), true, 6, "one".to_owned()),
            (id(3), true, 7, "two".to_owned()),
            (id(1), false, 70, "after".to_owned()),
        ];
        assert_eq!(noted(&f), all);
        f.restart();
        assert_eq!(noted(&f), all, "it waits");
        note_from_now_on(&f, true);
        alter(&f, 2, 13, Alteration::Delete);
        f.wait(f.store.hide(id(3))).unwrap();
        let now = [(id(2), true, 6, "Deleted".to_owned()), (id(1), false, 70, "after".to_owned())];
        assert_eq!(noted(&f), now, "each as it is now");
    }

    #[test]
    fn a_session_without_a_log_writes_nothing_for_it() {
        let mut f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "x")]);
        f.restart();
        note_from_now_on(&f, false);
        let mut log = f.path().into_os_string();
        log.push("-wal");
        assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
    }

    #[test]
    fn what_is_being_written_is_kept_until_it_is_written() {
        let mut f = Fixture::new();
        note_from_now_on(&f, true);
        f.receive(&[said(1, "bob", 5, "x"), said(2, "bob", 6, "y")]);
        let (told, up_to) = f.wait(f.store.to_log()).unwrap();
        assert_eq!(told.len(), 2);
        f.receive(&[said(3, "bob", 7, "z")]);
        let piece = LogPiece { file: "bob.log".into(), length: 7, bytes: b"x\ny\n".to_vec() };
        f.wait(f.store.keep_log_pieces(up_to, vec![piece.clone()])).unwrap();
        f.restart();
        assert_eq!(f.wait(f.store.log_pieces()).unwrap(), [piece]);
        assert_eq!(noted(&f), [(id(3), true, 7, "z".to_owned())]);
        f.wait(f.store.forget_log_pieces()).unwrap();
        assert_eq!(f.wait(f.store.log_pieces()).unwrap(), []);
        // Whoever wants none any more is not told later what was said meanwhile.
        note_from_now_on(&f, false);
        f.receive(&[Message { marks: Marks::default(), ..said(4, "bob", 8, "w") }]);
        assert_eq!(noted(&f), []);
    }
}
