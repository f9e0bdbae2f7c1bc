//! What can go wrong with a file, and with a row of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::clean_line;

/// A path fit to be shown: file names may hold control characters.
pub(super) fn shown(path: &Path) -> String {
    clean_line(&path.display().to_string())
}

/// Why the registry could not be read or changed. A file whose change failed is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}", path = shown(path))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process holds the lock and does not let go.
    #[error(
        "{path} is held by another Cooee for more than {seconds} s; if one of them is suspended, \
         resume or end it",
        path = shown(path)
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// A directory, pipe or device stands where a file should be.
    #[error("{path} is not a regular file; move it away", path = shown(path))]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// More than Cooee reads or writes. The limit keeps a stray or hostile file from filling the memory.
    #[error("{path} would be over the limit of {mebibytes} MiB or {rows} rows", path = shown(path))]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The most that a file may hold.
        mebibytes: u64,
        /// The most rows that a file may hold.
        rows: usize,
    },
    /// All file names that a group could have are taken by files that are not ours.
    #[error("every file name for group `{name}` is taken in {dir}; rename one", dir = shown(dir))]
    NoFileName {
        /// The group's name.
        name: String,
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory holds none of the original's files.
    #[error(
        "{dir} holds none of Registration.csv, Group.csv, Group_*.csv and online.csv; nothing to import",
        dir = shown(dir)
    )]
    NothingToImport {
        /// The directory.
        dir: PathBuf,
    },
}

impl Error {
    /// For `map_err`: says what was tried on which path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// Something wrong with one row of a file. The row stays in the file as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which file.
    pub file: PathBuf,
    /// The line it begins on, from 1.
    pub line: u64,
    /// What is wrong, for a person; safe to show.
    pub reason: String,
}

impl Problem {
    pub(super) fn new(file: &Path, line: u64, reason: &str) -> Self {
        Self { file: file.to_owned(), line, reason: clean_line(reason) }
    }
}

/// `file:line: reason`, safe to show.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", shown(&self.file), self.line, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_file_name_or_cell_puts_no_escape_on_the_terminal() {
        let problem = Problem::new(Path::new("Group_\u{1b}[31m.csv"), 2, "`\u{1b}` cannot stand");
        assert_eq!(problem.to_string(), "Group_[31m.csv:2: `` cannot stand");
        let error = Error::NotAFile { path: "a\u{1b}b".into() };
        assert_eq!(error.to_string(), "ab is not a regular file; move it away");
    }
}
