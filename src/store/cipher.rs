//! SQLCipher: every page of the file, and of its write-ahead log, is encrypted (AES-256) and carries a code
//! that nobody without the key can make. So a page that was altered, or put in the place of another, is noticed
//! when it is read. The code is HMAC-SHA-256 and not SQLCipher's usual HMAC-SHA-512: processors have instructions
//! for that one, and it is made for every page that is read or written.
//!
//! What is not noticed: a page that is put back as it was earlier at the same place, and a whole file that is.
//! A code for each page knows nothing of the others. Nor is it a secret how large the file is and which pages
//! change.
//!
//! The 16 bytes at the beginning of the file, SQLCipher's salt, are made from the key: so a file that begins
//! otherwise is of another key, and one that begins so and still cannot be read is damaged. That gives nothing
//! away, for the key is random. The salt names the form of the file too, so that one of an older form is told from
//! both.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Error;
use crate::domain::DataKey;

/// The form of a file: how its pages are encrypted and sealed. The first had HMAC-SHA-512.
const FORM: u8 = 2;

/// Gives the key to a connection that has read nothing yet.
///
/// # Errors
/// Where this SQLite has no SQLCipher in it: it would write everything as it is.
pub(super) fn unlock(db: &Connection, path: &Path, key: &DataKey) -> Result<(), Error> {
    let failed = |source| Error::sqlite("open the history", path, source);
    // By default it writes to standard error, which is the screen of somebody.
    db.query_row("PRAGMA cipher_log_level = NONE", [], |_| Ok(())).optional().map_err(failed)?;
    let version = db.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0));
    if version.optional().map_err(failed)?.is_none_or(|version| version.is_empty()) {
        let why = "this Cooee was built without SQLCipher, and would not encrypt it";
        return Err(Error::Open { path: path.to_owned(), source: io::Error::other(why) });
    }
    let mut statement = Zeroizing::new(String::with_capacity(256));
    statement.push_str("PRAGMA key = \"x'");
    for byte in key.as_bytes().iter().chain(&salt(key, FORM)) {
        let _ = write!(statement, "{byte:02x}");
    }
    statement.push_str("'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256");
    // What SQLite says of a statement may quote it.
    db.execute_batch(&statement).map_err(|error| {
        let code = error.sqlite_error_code().map_or_else(String::new, |code| format!(": {code:?}"));
        let why = format!("SQLCipher refuses the key{code}");
        Error::Open { path: path.to_owned(), source: io::Error::other(why) }
    })
}

/// What it means that a file could not be read with this key.
pub(super) fn diagnose(path: &Path, key: &DataKey, error: rusqlite::Error) -> Error {
    const ACTION: &str = "open the history";

    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        let mut beginning = [0; 16];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut beginning));
        match beginning {
            _ if read.is_err() => {}
            beginning if beginning == *b"SQLite format 3\0" => {
                return Error::Plain { path: path.to_owned() };
            }
            beginning if (1..FORM).any(|form| beginning == salt(key, form)) => {
                return Error::Older { path: path.to_owned() };
            }
            beginning if beginning != salt(key, FORM) => {
                return Error::OtherKey { path: path.to_owned() };
            }
            _ => {}
        }
    }
    Error::sqlite(ACTION, path, error)
}

/// How a file of this form with this key begins.
fn salt(key: &DataKey, form: u8) -> [u8; 16] {
    let what = format!("cooee{form}|database|");
    let digest = Sha256::new().chain_update(what).chain_update(key.as_bytes()).finalize();
    let mut salt = [0; 16];
    salt.copy_from_slice(&digest[..16]);
    salt
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::FileExt;
    use std::path::PathBuf;

    use rusqlite::params;

    use super::*;
    use crate::domain::{FindAt, PageAt};
    use crate::store::testing::{Fixture, changed, direct, draft, key, ours, said};
    use crate::store::{KnownPerson, Store};

    const PAGE: usize = 4096;

    /// An account in which everything has been written that a person writes.
    fn written() -> Fixture {
        let f = Fixture::new();
        let mut messages: Vec<_> = (0..400)
            .map(|n| said(n + 10, "bobby-tables", 5, &format!("lorem ipsum dolor {n}")))
            .collect();
        messages.push(said(1, "bobby-tables", 1, "the harpsichord is out of tune"));
        f.receive(&messages);
        let mine = ours(2, "bobby-tables", 9, "then play the theremin");
        let letter = crate::store::Draft { clear: b"theremin".to_vec(), ..draft("to/bobby-tables", 2) };
        f.wait(f.store.queue(Some(mine), vec![letter], Some(changed(7)), vec![])).unwrap();
        let person = KnownPerson::met(crate::store::testing::profile("bobby-tables"));
        f.wait(f.store.save_people(vec![person])).unwrap();
        let found = f.wait(f.store.search("harpsichord", None, FindAt::Newest, 9)).unwrap().messages;
        assert_eq!(found.len(), 1, "the search has it");
        f
    }

    /// The words of that account that stand in a file and the files beside it.
    fn legible(directory: &Path) -> Vec<&'static str> {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            bytes.extend(fs::read(entry.unwrap().path()).unwrap());
        }
        let words = ["harpsichord", "theremin", "bobby-tables", "team 'x'", "lorem", "CREATE TABLE"];
        let stands = |word: &&str| bytes.windows(word.len()).any(|at| at == word.as_bytes());
        words.into_iter().filter(stands).collect()
    }

    #[test]
    fn a_file_of_an_older_form_is_told_from_damage_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.db");
        let key = key(1);
        let hex: String =
            key.as_bytes().iter().chain(&salt(&key, 1)).map(|byte| format!("{byte:02x}")).collect();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; CREATE TABLE message (id)")).unwrap();
        old.close().unwrap();
        let before = fs::read(&path).unwrap();
        let older = Store::open(&path, &key).unwrap_err();
        assert!(matches!(older, Error::Older { .. }), "{older}");
        assert!(older.to_string().contains(path.to_str().unwrap()), "{older}");
        assert!(fs::read(&path).unwrap() == before);
    }

    #[test]
    fn pages_carry_the_code_that_processors_are_quick_at() {
        let f = Fixture::new();
        let code = "PRAGMA cipher_hmac_algorithm";
        let code: String = f.connection().query_row(code, [], |row| row.get(0)).unwrap();
        assert_eq!(code, "HMAC_SHA256");
    }

    #[test]
    fn nothing_can_be_read_without_the_key() {
        let f = written();
        let files = |f: &Fixture| fs::read_dir(f.dir.path()).unwrap().count();
        assert_eq!(files(&f), 3, "the database, its log and its index");
        assert_eq!(legible(f.dir.path()), [] as [&str; 0]);
        f.wait(f.store.clone().close()).unwrap();
        assert_eq!(files(&f), 1);
        assert_eq!(legible(f.dir.path()), [] as [&str; 0]);

        // The same search finds all of it in a copy that is not encrypted.
        let plain = tempfile::tempdir().unwrap();
        let db = Connection::open(f.path()).unwrap();
        unlock(&db, &f.path(), &key(1)).unwrap();
        let copy = plain.path().join("plain.db");
        db.execute("ATTACH DATABASE ?1 AS plain KEY ''", params![copy.to_str().unwrap()]).unwrap();
        db.query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(())).unwrap();
        drop(db);
        assert_eq!(legible(plain.path()).len(), 6, "{:?}", legible(plain.path()));
        let plain = Store::open(&copy, &key(1)).unwrap_err();
        assert!(matches!(plain, Error::Plain { .. }), "{plain}");
    }

    #[test]
    fn another_key_is_told_from_damage() {
        let f = written();
        f.wait(f.store.clone().close()).unwrap();
        let other = Store::open(&f.path(), &key(2)).unwrap_err();
        assert!(matches!(other, Error::OtherKey { .. }), "{other}");
        assert!(Store::open(&f.path(), &key(1)).is_ok(), "it is left as it is");

        let file = fs::OpenOptions::new().read(true).write(true).open(f.path()).unwrap();
        file.write_all_at(&[0xa5; 100], 200).unwrap();
        let damaged = Store::open(&f.path(), &key(1)).unwrap_err();
        assert!(matches!(damaged, Error::Damaged { .. }), "{damaged}");
        file.set_len(7).unwrap();
        Store::open(&f.path(), &key(1)).unwrap_err();
        fs::write(f.path(), "my shopping list\n".repeat(1_000)).unwrap();
        let other = Store::open(&f.path(), &key(1)).unwrap_err();
        assert!(matches!(other, Error::OtherKey { .. }), "{other}");
    }

    fn pages(path: &PathBuf) -> Vec<Vec<u8>> {
        fs::read(path).unwrap().chunks(PAGE).map(<[u8]>::to_vec).collect()
    }

    /// Reads every message; how many, or why not.
    fn read_all(f: &Fixture) -> Result<usize, Error> {
        let store = Store::open(&f.path(), &key(1))?;
        let page = f.wait(store.page(direct("bobby-tables"), PageAt::Oldest, 500));
        f.wait(store.close())?;
        page.map(|page| page.messages.len())
    }

    #[test]
    fn pages_that_changed_places_are_damage() {
        let f = written();
        f.wait(f.store.clone().close()).unwrap();
        let before = pages(&f.path());
        assert!(before.len() > 20);
        let mut noticed = 0;
        for at in 2..before.len() - 1 {
            let mut swapped = before.clone();
            swapped.swap(at, at + 1);
            fs::write(f.path(), swapped.concat()).unwrap();
            match read_all(&f) {
                Err(Error::Damaged { .. }) => noticed += 1,
                Err(other) => panic!("{other}"),
                // Pages that this reading did not come by.
                Ok(count) => assert_eq!(count, 402),
            }
        }
        assert!(noticed > 5, "{noticed} of {}", before.len());
        fs::write(f.path(), before.concat()).unwrap();
        let db = Connection::open(f.path()).unwrap();
        unlock(&db, &f.path(), &key(1)).unwrap();
        let complaints = |db: &Connection| {
            let mut check = db.prepare("PRAGMA cipher_integrity_check").unwrap();
            check.query_map([], |row| row.get::<_, String>(0)).unwrap().count()
        };
        assert_eq!(complaints(&db), 0);
        let mut swapped = before.clone();
        swapped.swap(9, 10);
        fs::write(f.path(), swapped.concat()).unwrap();
        assert_eq!(complaints(&db), 2, "each of the two says that it is out of place");
    }

    /// What the module says that nobody notices: should this fail one day, it has become better than its word.
    #[test]
    fn a_page_that_is_put_back_as_it_was_is_not_noticed() {
        let mut f = written();
        f.wait(f.store.clone().close()).unwrap();
        let before = pages(&f.path());
        f.restart();
        f.wait(f.store.mark_read(direct("bobby-tables"))).unwrap();
        f.wait(f.store.clone().close()).unwrap();
        let mut after = pages(&f.path());
        let changed: Vec<_> = (1..before.len()).filter(|&at| before[at] != after[at]).collect();
        for at in changed {
            let newer = std::mem::replace(&mut after[at], before[at].clone());
            fs::write(f.path(), after.concat()).unwrap();
            assert_eq!(read_all(&f).unwrap(), 402);
            after[at] = newer;
        }
        fs::write(f.path(), before.concat()).unwrap();
        assert_eq!(read_all(&f).unwrap(), 402, "nor is the whole file");
    }
}
