//! The file `key.json` of an account: read up to its limit, and replaced whole.
//!
//! A crash at any instant leaves the old file or the new one. What it may leave beside them is a new file that
//! did not get its name; the next sign-in takes it away, for it may hold the key as it is.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Error;
use super::account::AccountDir;
use crate::crypto::vault::{self, Guard, KeyFile};
use crate::domain::DataKey;
use crate::failpoints::kill_point;
use crate::store;

const NAME: &str = "key.json";

/// What a new file is called until it has its name.
const TEMPORARY: &str = ".key-";

impl AccountDir {
    /// Reads the key file.
    pub fn key_file(&self) -> Result<KeyFile, Error> {
        let path = self.path().join(NAME);
        let failed = |source| Error::file("read", &path, source);
        let file = match File::open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(Error::NoKeyFile { path }),
            opened => opened.map_err(failed)?,
        };
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(vault::limits::FILE + 1));
        file.take(vault::limits::FILE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        KeyFile::read(&bytes, &self.user).map_err(|source| Error::KeyFile { path, source })
    }

    /// What went wrong with the key file itself.
    pub fn bad_key_file(&self, source: vault::Invalid) -> Error {
        Error::KeyFile { path: self.path().join(NAME), source }
    }

    /// Puts the key file in its place, or in place of the one before.
    pub fn protect(&self, key: &DataKey, guard: Guard<'_>) -> Result<(), Error> {
        let bytes = vault::seal(key, &self.user, guard).map_err(|e| self.bad_key_file(e))?;
        self.sweep();
        replace(self.path(), &bytes)
    }

    /// The same in a directory in which the account is being made.
    pub fn protect_in(&self, staged: &Path, key: &DataKey, guard: Guard<'_>) -> Result<(), Error> {
        let bytes = vault::seal(key, &self.user, guard).map_err(|e| self.bad_key_file(e))?;
        replace(staged, &bytes)
    }

    /// Takes away what a crash left of a change.
    pub fn sweep(&self) {
        for entry in fs::read_dir(self.path()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY))
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(%error, account = %self.user, "a file that may hold the key stays behind");
            }
        }
    }
}

fn replace(directory: &Path, bytes: &[u8]) -> Result<(), Error> {
    let path = directory.join(NAME);
    let failed = |source: std::io::Error| match source.kind() {
        // Said as the history says it, which lies beside it.
        ErrorKind::StorageFull => {
            store::Error::Full { action: "keep the key", path: path.clone() }.into()
        }
        _ => Error::file("write", &path, source),
    };
    let private = fs::Permissions::from_mode(0o600);
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(private)
        .tempfile_in(directory)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    kill_point("key file: written");
    file.as_file().sync_all().map_err(failed)?;
    kill_point("key file: on the disk");
    file.persist(&path).map_err(|e| failed(e.error))?;
    kill_point("key file: in its place");
    // The name must survive a power cut as the content does.
    File::open(directory).and_then(|dir| dir.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> (tempfile::TempDir, AccountDir) {
        let data = tempfile::tempdir().unwrap();
        let account = AccountDir::new(data.path(), &"alice".parse().unwrap());
        fs::create_dir_all(account.path()).unwrap();
        (data, account)
    }

    #[test]
    fn a_key_file_is_replaced_whole_and_read_by_its_owner_alone() {
        let (_data, account) = account();
        let key = vault::new_key().unwrap();
        account.protect(&key, Guard::None).unwrap();
        fs::write(account.path().join(".key-left"), "from a crash").unwrap();
        account.protect(&key, Guard::None).unwrap();
        assert!(account.key_file().unwrap().open(None).unwrap().as_bytes() == key.as_bytes());
        let left: Vec<_> =
            fs::read_dir(account.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["key.json"]);
        let mode = fs::metadata(account.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_file_is_refused_with_its_path() {
        let (_data, account) = account();
        let path = account.path().join(NAME);
        let refused = || account.key_file().err().expect("it is refused").to_string();
        assert!(refused().contains("is missing"), "{}", refused());
        // An endless one.
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(refused().contains("4097 bytes") && refused().contains(path.to_str().unwrap()));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{}").unwrap();
        assert!(refused().contains("is not a key file"));
    }
}
