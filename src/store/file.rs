//! Opens the database file: where it lies, who may read it, its settings and its schema.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};

use super::Error;

/// The versions of the schema, oldest first. A released one never changes.
const VERSIONS: &[M<'_>] = &[M::up(include_str!("../../assets/schema/001_first.sql"))];

/// Settings of the connection.
///
/// `synchronous = FULL` makes every commit wait for the disk: we acknowledge to the broker what we
/// stored, and the broker then forgets it. That costs about 0.15 ms a commit on an SSD.
/// `journal_size_limit` gives the disk space of a large batch back. `trusted_schema` off and
/// `cell_size_check` on are SQLite's own advice for files that might have been tampered with.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 8388608;
    PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA foreign_keys = ON;
";

/// How long to wait for another program that looks into the file, such as the `sqlite3` shell.
const LOCKED_FOR: Duration = Duration::from_secs(5);

/// More than there are statements in this layer: each is prepared once.
const STATEMENTS: usize = 64;

/// Opens the database, making it and its directory where they are missing, and brings its schema up to
/// date. The file is readable by its owner alone, and so is a directory made here.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    const ACTION: &str = "open the history";

    make_private(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let failed = |source| Error::sqlite(ACTION, path, source);
    let mut db = Connection::open(path).map_err(failed)?;
    db.busy_timeout(LOCKED_FOR).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.execute_batch(SETTINGS).map_err(failed)?;
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
