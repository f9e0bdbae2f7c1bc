//! The one lock that every change to the files is made under.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::Error;

/// How long a change waits. A holder needs milliseconds; one that is suspended may hold it for ever.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a waiter looks again. Blocking in `flock` would be prettier, but cannot be given up.
const POLL: Duration = Duration::from_micros(250);

/// Proof that this process may change the files of one directory. Dropping it lets the next one in; so
/// does the end of the process, however it comes.
#[derive(Debug)]
pub(super) struct Lock {
    dir: PathBuf,
    _file: File,
}

impl Lock {
    /// The directory whose files may be changed.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits for the lock of this directory: 10 s at most, then [`Error::Busy`].
    pub fn acquire(dir: &Path) -> Result<Self, Error> {
        Self::acquire_within(dir, PATIENCE)
    }

    fn acquire_within(dir: &Path, patience: Duration) -> Result<Self, Error> {
        let path = dir.join(".lock");
        let file = open(&path)?;
        let deadline = Instant::now() + patience;
        while !try_exclusive(&file, &path)? {
            if Instant::now() >= deadline {
                return Err(Error::Busy { path, seconds: patience.as_secs() });
            }
            thread::sleep(POLL);
        }
        Ok(Self { dir: dir.to_owned(), _file: file })
    }
}

/// Opens a file that exists only to be locked.
pub(super) fn open(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path).map_err(Error::io("open", path))
}

/// Locks the file for us alone if nobody else holds it in any way; says whether it did.
pub(super) fn try_exclusive(file: &File, path: &Path) -> Result<bool, Error> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", path)(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_in_the_end_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::acquire(dir.path()).unwrap();
        let refused = Lock::acquire_within(dir.path(), Duration::from_millis(5));
        assert!(matches!(refused, Err(Error::Busy { .. })));
        drop(first);
        Lock::acquire_within(dir.path(), Duration::ZERO).unwrap();
    }
}
