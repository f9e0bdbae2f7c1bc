//! What can go wrong in the store, said with the file's path and what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What can go wrong in the store. Whatever it was, nothing is half-written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or its directory cannot be made or opened.
    #[error("cannot open the history {}: {source}", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was written by a version of Cooee that this one does not know.
    #[error(
        "the history {} was written by a newer Cooee: run that one, or use another data directory",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
    },
    /// The file is encrypted with another key than the account's, or its beginning is not what Cooee wrote.
    #[error(
        "cannot open the history {}: it does not belong to the key of this account, or its beginning is \
         damaged; put a `chat.db` and a `key.json` that were saved together in their place",
        path.display()
    )]
    OtherKey {
        /// The database file.
        path: PathBuf,
    },
    /// The file has a form that is not read any more.
    #[error(
        "cannot open the history {}: a Cooee from before the first release wrote it, in a form that is not read any \
         more; export the account with that one and import it here, or move the directory of the account away and sign \
         up again",
        path.display()
    )]
    Older {
        /// The database file.
        path: PathBuf,
    },
    /// The file is not encrypted. It is not read: whoever can put a file there could put anything into it.
    #[error(
        "cannot open the history {}: it is not encrypted, so this Cooee did not write it; move it away",
        path.display()
    )]
    Plain {
        /// The database file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("cannot {action}: no room left for {}; make room on that disk", path.display())]
    Full {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
    },
    /// The file is not what Cooee wrote.
    #[error(
        "cannot {action}: the history {} is damaged ({source}); move it away or put a backup in its place",
        path.display()
    )]
    Damaged {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// Another program keeps the file locked.
    #[error("cannot {action}: another program holds {} locked; close it", path.display())]
    Busy {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
    },
    /// The file or its directory may not be written to.
    #[error("cannot {action}: {} cannot be written to; check its permissions", path.display())]
    ReadOnly {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
    },
    /// Something else, in SQLite's words.
    #[error("cannot {action} in {}: {source}", path.display())]
    Sqlite {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The store was closed, or its thread died.
    #[error("cannot {action}: the history {} is closed", path.display())]
    Closed {
        /// What was to be done.
        action: &'static str,
        /// The database file.
        path: PathBuf,
    },
}

impl Error {
    /// Sorts what SQLite said by what a person can do about it.
    pub(super) fn sqlite(action: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::Error as E;

        let path = path.to_owned();
        match &source {
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..) => return Self::Damaged { action, path, source },
            _ => {}
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { action, path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { action, path, source }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { action, path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { action, path },
            _ => Self::Sqlite { action, path, source },
        }
    }
}
