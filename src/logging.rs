//! Logging, to a file only: nothing here ever writes to the terminal.
//!
//! A log keeps its newest part. When it has grown to [`LARGEST`] it becomes `<name>.old`, replacing the
//! one before, and a new one begins: at most twice that much is ever on disk. Lines are handed to a
//! thread through a bounded queue, so that a slow disk stalls nobody; what does not fit is dropped.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// The size at which a log is put aside, in bytes.
pub const LARGEST: u64 = 2 * 1024 * 1024;

/// Most lines that wait to be written.
const WAITING_LINES: usize = 8 * 1024;

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be written.
    #[error("cannot write the log file {path}: {source}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The filter is not one.
    #[error(
        "COOEE_LOG or `log.filter`: `{filter}` is not a log filter ({why}): write `info` or `cooee=debug`"
    )]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// Logging was begun already.
    #[error("this process logs already")]
    Twice,
}

/// Keeps the log going. What still waits is written when it is dropped.
#[must_use = "dropping it ends the log"]
pub struct Guard(#[expect(dead_code, reason = "held for its Drop")] WorkerGuard);

/// How much is logged, unless `COOEE_LOG` or the configuration says otherwise.
const FILTER: &str = "info";

/// Logs to the file that the configuration names, if it names one.
///
/// # Errors
/// As [`init`].
pub fn start(config: &Config) -> Result<Option<Guard>, Error> {
    let filter = config.log_filter.as_deref().unwrap_or(FILTER);
    config.log_file.as_deref().map(|file| init(file, filter)).transpose()
}

/// Logs everything that `filter` lets through to `path`, from now until the guard is dropped. The file is
/// made readable by its owner alone.
///
/// # Errors
/// When the file cannot be opened, the filter cannot be read, or this process logs already.
pub fn init(path: &Path, filter: &str) -> Result<Guard, Error> {
    let filter = EnvFilter::try_new(filter).map_err(|e| Error::Filter {
        filter: filter.escape_debug().to_string(),
        why: e.to_string().escape_debug().to_string(),
    })?;
    let log = BoundedLog::open(path, LARGEST)
        .map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).lossy(true).finish(log);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer)
        .try_init()
        .map_err(|_| Error::Twice)?;
    Ok(Guard(guard))
}

/// A file that is put aside when it is full.
struct BoundedLog {
    path: PathBuf,
    file: File,
    written: u64,
    largest: u64,
}

impl BoundedLog {
    fn open(path: &Path, largest: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let written = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, written, largest })
    }
}

impl Write for BoundedLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.written >= self.largest {
            let mut old = self.path.clone().into_os_string();
            old.push(".old");
            std::fs::rename(&self.path, old)?;
            *self = Self::open(&self.path, self.largest)?;
        }
        let n = self.file.write(line)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_newest_part_within_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut log = BoundedLog::open(&path, 1_000).unwrap();
        for n in 0..1_000 {
            writeln!(log, "line {n:04}").unwrap();
        }
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        let old = dir.path().join("x.log.old");
        assert!(size(&path) <= 1_010 && size(&old) <= 1_010);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("line 0999\n"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_log_goes_on_where_it_ended_and_belongs_to_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        for _ in 0..2 {
            BoundedLog::open(&path, 1_000).unwrap().write_all(b"12345").unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"1234512345");
        assert_eq!(BoundedLog::open(&path, 1_000).unwrap().written, 10);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_wrong_filter_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let error = init(&dir.path().join("x.log"), "cooee=loud").err().unwrap().to_string();
        assert!(error.contains("cooee=loud") && error.contains("COOEE_LOG"), "{error}");
    }
}
