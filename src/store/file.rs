//! Opens the database file: where it lies, who may read it, its settings and its schema.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};

use super::{Error, cipher, threads};
use crate::domain::DataKey;

/// The versions of the schema, oldest first. A released one never changes.
const VERSIONS: &[M<'_>] = &[
    M::up(include_str!("../../assets/schema/001_first.sql")),
    M::up(include_str!("../../assets/schema/002_receipts.sql")),
    M::up(include_str!("../../assets/schema/003_secrecy.sql")),
    M::up(include_str!("../../assets/schema/004_drafts.sql")),
    M::up(include_str!("../../assets/schema/006_alterations.sql")),
    M::up(include_str!("../../assets/schema/007_alerts.sql")),
    M::up(include_str!("../../assets/schema/008_files.sql")),
    M::up(include_str!("../../assets/schema/009_lifetimes.sql")),
    M::up(include_str!("../../assets/schema/010_archive.sql")),
    M::up(include_str!("../../assets/schema/011_group_links.sql")),
    M::up(include_str!("../../assets/schema/012_log.sql")),
    M::up(include_str!("../../assets/schema/013_broker.sql")),
    M::up(include_str!("../../assets/schema/014_polls_and_lists.sql")),
];

/// Settings of the connection.
///
/// `synchronous = FULL` makes every commit wait for the disk: we acknowledge to the broker what we
/// stored, and the broker then forgets it. That costs about 0.15 ms a commit on an SSD.
/// `secure_delete`: what disappears is overwritten.
/// `temp_store`: temporary files would not be encrypted. `journal_size_limit` gives the disk space of a large batch back. `trusted_schema` off and
/// `cell_size_check` on are SQLite's own advice for files that might have been tampered with.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 8388608;
    PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY;
    PRAGMA secure_delete = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA foreign_keys = ON;
";

/// How long to wait for another program that looks into the file, such as the `sqlite3` shell.
const LOCKED_FOR: Duration = Duration::from_secs(5);

/// More than there are statements in this layer: each is prepared once.
const STATEMENTS: usize = 128;

/// Does once for the process what opening a file would otherwise do: about as much again as opening it.
pub(super) fn prepare() {
    ready();
    let _ = threads::inside(|| Connection::open_in_memory().and_then(|db| db.execute_batch(SETTINGS)));
    threads::shut_at_exit();
}

/// OpenSSL is told to clear nothing up at the end of the process, when some thread may still use it. It may have been
/// done already, which is known at once.
fn ready() {
    openssl_sys::init();
}

/// Opens the database, making it and its directory where they are missing, and brings its schema up to
/// date. The file is readable by its owner alone, and so is a directory made here.
pub(super) fn open(path: &Path, key: &DataKey) -> Result<Connection, Error> {
    const ACTION: &str = "open the history";

    ready();
    make_private(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let failed = |source| Error::sqlite(ACTION, path, source);
    let mut db = Connection::open(path).map_err(failed)?;
    threads::shut_at_exit();
    db.busy_timeout(LOCKED_FOR).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    cipher::unlock(&db, path, key)?;
    // The first of them reads the file.
    db.execute_batch(SETTINGS).map_err(|error| cipher::diagnose(path, key, error))?;
    migrate(&mut db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => Error::sqlite(ACTION, path, err),
        rusqlite_migration::Error::MigrationDefinition(
            MigrationDefinitionError::DatabaseTooFarAhead,
        ) => Error::Newer { path: path.to_owned() },
        other => Error::Open { path: path.to_owned(), source: io::Error::other(other) },
    })?;
    // A reader that becomes a writer half-way can be refused; one that starts as a writer only waits.
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(db)
}

/// Writes something that a power cut may take back: it reaches the disk with the next thing that is
/// forced there. A crash of the process takes nothing back.
pub(super) fn unforced<T>(
    db: &Connection,
    write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    db.pragma_update(None, "synchronous", "NORMAL")?;
    let written = write(db);
    db.pragma_update(None, "synchronous", "FULL")?;
    written
}

fn migrate(db: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::from_slice(VERSIONS).to_latest(db)
}

/// Makes the file, so that it never exists with wider permissions; SQLite gives its side files (`-wal`,
/// `-shm`) the same ones.
fn make_private(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let fresh = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match fresh {
        // The name must survive a power cut as the content does.
        Ok(_) => File::open(directory)?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::set_permissions(path, Permissions::from_mode(0o600))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::domain::PageAt;
    use crate::store::Store;
    use crate::store::testing::{Fixture, direct, key, said};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refusal(path: &Path) -> Error {
        let error = Store::open(path, &key(1)).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "it names the file: {error}");
        error
    }

    #[test]
    fn the_versions_of_the_schema_build_on_each_other() {
        Migrations::from_slice(VERSIONS).validate().unwrap();
    }

    #[test]
    fn nobody_else_can_read_what_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts/bob/chat.db");
        let store = Store::open(&path, &key(1)).unwrap();
        for made in ["accounts", "accounts/bob"] {
            assert_eq!(mode(&dir.path().join(made)), 0o700, "{made}");
        }
        for side in ["chat.db", "chat.db-wal", "chat.db-shm"] {
            assert_eq!(mode(&path.with_file_name(side)), 0o600, "{side}");
        }
        drop(store);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let _store = Store::open(&path, &key(1)).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_commit_waits_for_the_disk() {
        let f = Fixture::new();
        let db = open(&f.path(), &key(1)).unwrap();
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        let level = |db: &Connection| {
            db.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((pragma("journal_mode").as_deref(), level(&db)), (Ok("wal"), 2));
        assert_eq!(unforced(&db, |db| Ok(level(db))), Ok(1));
        assert_eq!(level(&db), 2);
        assert!(unforced(&db, |db| db.execute("no SQL", [])).is_err());
        assert_eq!(level(&db), 2);
    }

    #[test]
    fn a_file_of_a_newer_cooee_is_refused_and_left_alone() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 1, "x")]);
        f.wait(f.store.clone().close()).unwrap();
        let set = |version: usize| {
            let db = Connection::open(f.path()).unwrap();
            cipher::unlock(&db, &f.path(), &key(1)).unwrap();
            db.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        };
        set(VERSIONS.len() + 1);
        let error = refusal(&f.path());
        assert!(matches!(error, Error::Newer { .. }), "{error}");
        set(VERSIONS.len());
        let store = Store::open(&f.path(), &key(1)).unwrap();
        let page = f.wait(store.page(direct("bob"), PageAt::Newest, 9)).unwrap();
        assert_eq!(page.messages.len(), 1);
    }

    #[test]
    fn a_place_that_cannot_hold_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(refusal(&dir.path().join("file/chat.db")), Error::Open { .. }));
        std::fs::create_dir(dir.path().join("chat.db")).unwrap();
        refusal(&dir.path().join("chat.db"));
        // Read-only, even for root.
        #[cfg(target_os = "linux")]
        assert!(matches!(refusal(Path::new("/sys/cooee/chat.db")), Error::Open { .. }));
    }

    #[test]
    fn a_broken_one_is_an_error() {
        let f = Fixture::new();
        let many: Vec<_> = (0..2_000).map(|n| said(n, "bob", 1, "some words")).collect();
        f.receive(&many);
        f.wait(f.store.clone().close()).unwrap();
        let file = OpenOptions::new().write(true).open(f.path()).unwrap();
        let len = file.metadata().unwrap().len();
        // All but the first pages, which hold the schema.
        file.write_all_at(&vec![0xa5; usize::try_from(len).unwrap() - 196_608], 196_608).unwrap();
        let store = Store::open(&f.path(), &key(1)).unwrap();
        let error = f.wait(store.page(direct("bob"), PageAt::Oldest, 500)).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}
