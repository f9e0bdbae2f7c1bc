//! Reading a file whole, and replacing it whole.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::Error;
use super::lock::Lock;

/// Temporary files are called so, and nothing else is.
const TEMPORARY: (&str, &str) = (".cooee-", ".tmp");

/// The most that a file may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    mebibytes: u64,
    rows: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self { mebibytes: 8, rows: 50_000 }
    }
}

impl Limit {
    fn check(self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let rows = bytes.iter().filter(|&&b| b == b'\n' || b == b'\r').count();
        match bytes.len() as u64 > self.bytes() || rows > self.rows {
            true => Err(Error::TooLarge {
                path: path.to_owned(),
                mebibytes: self.mebibytes,
                rows: self.rows,
            }),
            false => Ok(()),
        }
    }

    fn bytes(self) -> u64 {
        self.mebibytes << 20
    }
}

/// Makes a directory (and those above it) for its owner alone. One that exists is left as it is.
pub(super) fn make_dir(dir: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(Error::io("make", dir))
}

/// Reads a file up to the limit. A missing file is an empty one.
pub(super) fn read(path: &Path, limit: Limit) -> Result<Vec<u8>, Error> {
    match fs::metadata(path) {
        // Opening a pipe would wait for its other end.
        Ok(about) if !about.is_file() => return Err(Error::NotAFile { path: path.to_owned() }),
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path)(e)),
    }
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(limit.bytes() + 1).read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path)(e)),
    }
    limit.check(path, &bytes)?;
    Ok(bytes)
}

/// Puts these bytes in the place of the file, or makes it: a reader sees all of the old or all of the
/// new, and so does whoever looks after a crash. Keeps the permissions of the old file.
pub(super) fn replace(lock: &Lock, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Limit::default().check(path, bytes)?;
    let fail = || Error::io("write", path);
    let (prefix, suffix) = TEMPORARY;
    let mut builder = tempfile::Builder::new();
    let mut new = builder.prefix(prefix).suffix(suffix).tempfile_in(lock.dir()).map_err(fail())?;
    new.write_all(bytes).map_err(fail())?;
    if let Ok(about) = fs::metadata(path) {
        new.as_file().set_permissions(about.permissions()).map_err(fail())?;
    }
    // Without this the rename could reach the disk before the bytes do.
    new.as_file().sync_all().map_err(fail())?;
    new.persist(path).map_err(|e| fail()(e.error))?;
    sync_dir(lock.dir())
}

/// Removes a file; one that is gone already is fine.
pub(super) fn remove(lock: &Lock, path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Ok(()) => sync_dir(lock.dir()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io("remove", path)(e)),
    }
}

/// Removes the temporary files of killed writers: who holds the lock knows that no writer is alive.
pub(super) fn sweep(lock: &Lock) -> Result<(), Error> {
    for name in names(lock.dir())? {
        if name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1) {
            remove(lock, &lock.dir().join(name))?;
        }
    }
    Ok(())
}

/// The names in a directory, sorted. Names that are not Unicode are left out: none of ours is.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let fail = || Error::io("list", dir);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(fail())? {
        names.extend(entry.map_err(fail())?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(Error::io("sync", dir))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replacing_keeps_permissions_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(dir.path()).unwrap();
        let path = dir.path().join("Registration.csv");
        assert_eq!(read(&path, Limit::default()).unwrap(), b"");
        replace(&lock, &path, b"old").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&lock, &path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(read(&path, Limit::default()).unwrap(), b"new");
        assert_eq!(names(dir.path()).unwrap(), [".lock", "Registration.csv"]);
    }

    #[test]
    fn the_sweep_takes_only_temporary_files() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(dir.path()).unwrap();
        for name in [".cooee-x1.tmp", "notes.tmp", ".cooee-notes"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        sweep(&lock).unwrap();
        assert_eq!(names(dir.path()).unwrap(), [".cooee-notes", ".lock", "notes.tmp"]);
    }

    #[test]
    fn what_is_too_large_or_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        assert!(matches!(read(dir.path(), Limit::default()), Err(Error::NotAFile { .. })));
        fs::write(&path, vec![b'a'; (1 << 20) + 1]).unwrap();
        let limit = Limit { mebibytes: 1, rows: 9 };
        assert!(matches!(read(&path, limit), Err(Error::TooLarge { .. })));
        fs::write(&path, "\n".repeat(10)).unwrap();
        assert!(matches!(read(&path, limit), Err(Error::TooLarge { .. })));
        let lock = Lock::acquire(dir.path()).unwrap();
        let rows = "a\n".repeat(50_001);
        assert!(matches!(replace(&lock, &path, rows.as_bytes()), Err(Error::TooLarge { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "\n".repeat(10));
    }

    #[test]
    fn a_pipe_does_not_hang_the_reader() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("Registration.csv");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(matches!(read(&path, Limit::default()), Err(Error::NotAFile { .. })));
    }
}
