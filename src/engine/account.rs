//! Where an account lives, and who may run it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Error;
use crate::domain::UserName;

/// `<data>/accounts/<name>/`: the database, the lock and the socket of one account.
#[derive(Clone, Debug)]
pub(super) struct AccountDir {
    pub user: UserName,
    path: PathBuf,
}

/// The right to run an account. The kernel takes it away with the process, however that ends.
pub(super) struct AccountLock {
    _file: File,
}

impl AccountDir {
    pub fn new(data_dir: &Path, user: &UserName) -> Self {
        Self { user: user.clone(), path: accounts_dir(data_dir).join(user.as_str()) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database(&self) -> PathBuf {
        self.path.join("chat.db")
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join("socket")
    }

    /// Whether somebody signed up here under this name.
    pub fn exists(&self) -> bool {
        self.database().is_file()
    }

    /// Makes the directory, readable by its owner alone. It must not exist.
    pub fn create(&self) -> Result<(), Error> {
        let parent = self.path.parent().unwrap_or(&self.path);
        let private = |recursive| {
            let mut builder = fs::DirBuilder::new();
            builder.mode(0o700).recursive(recursive);
            builder
        };
        private(true).create(parent).map_err(|e| Error::file("make", parent, e))?;
        match private(false).create(&self.path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::AccountExists { user: self.user.clone() })
            }
            made => made.map_err(|e| Error::file("make", &self.path, e)),
        }
    }

    /// Takes the account for this process, or says which one has it.
    pub fn lock(&self) -> Result<AccountLock, Error> {
        let path = self.path.join("lock");
        let failed = |e| Error::file("open", &path, e);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                // Written after the lock was taken: it may be missing for a moment.
                let mut holder = String::new();
                let _ = (&mut file).take(32).read_to_string(&mut holder);
                return Err(Error::InUse { user: self.user.clone(), pid: holder.trim().parse().ok() });
            }
            Err(fs::TryLockError::Error(e)) => return Err(Error::file("lock", &path, e)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(AccountLock { _file: file })
    }
}

fn accounts_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("accounts")
}

/// The names that signed up in this data directory, sorted. A directory that cannot be read has none.
pub fn accounts(data_dir: &Path) -> Vec<UserName> {
    let entries = fs::read_dir(accounts_dir(data_dir)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut names: Vec<UserName> =
        names.filter(|user| AccountDir::new(data_dir, user).exists()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_holder_and_says_which() {
        let data = tempfile::tempdir().unwrap();
        let account = AccountDir::new(data.path(), &"alice".parse().unwrap());
        account.create().unwrap();
        assert!(matches!(account.create(), Err(Error::AccountExists { .. })));
        let held = account.lock().unwrap();
        match account.lock() {
            Err(Error::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            _ => panic!("two holders"),
        }
        drop(held);
        assert!(account.lock().is_ok());
    }

    #[test]
    fn accounts_are_directories_with_a_database() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(accounts(data.path()), []);
        for (name, file) in
            [("bob", "chat.db"), ("alice", "chat.db"), ("carol", "lock"), ("Bad", "chat.db")]
        {
            let dir = data.path().join("accounts").join(name);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(file), "").unwrap();
        }
        let names: Vec<_> = accounts(data.path()).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["alice", "bob"]);
    }
}
