//! Where an account lives, and who may run it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Error;
use crate::domain::UserName;

const DATABASE: &str = "chat.db";

/// `<data>/accounts/<name>/`: the database, the key file, the lock and the socket of one account.
#[derive(Clone, Debug)]
pub(super) struct AccountDir {
    pub user: UserName,
    path: PathBuf,
}

/// How the name of a directory in an account's begins that holds a draft while an editor has it.
pub const DRAFT_PREFIX: &str = ".draft-";

/// The directory of an account, which its owner alone can read.
pub fn account_dir(data_dir: &Path, user: &UserName) -> PathBuf {
    AccountDir::new(data_dir, user).path
}

/// The right to run an account. The kernel takes it away with the process, however that ends.
pub(super) struct AccountLock {
    file: File,
}

impl Drop for AccountLock {
    /// A process that somebody here is just starting has the file too until it runs its program, and with that the
    /// lock, if only the file is closed.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl AccountDir {
    pub fn new(data_dir: &Path, user: &UserName) -> Self {
        Self { user: user.clone(), path: accounts_dir(data_dir).join(user.as_str()) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join("socket")
    }

    /// Whether somebody signed up here under this name.
    pub fn exists(&self) -> bool {
        self.database().is_file()
    }

    /// Where the database is while an account is made. [`Self::adopt`] puts the whole in its place.
    pub fn staged_database(staged: &TempDir) -> PathBuf {
        staged.path().join(DATABASE)
    }

    /// Makes a directory to prepare the account in, readable by its owner alone; it goes when dropped. So a
    /// crash half way leaves nothing that looks like an account.
    pub fn stage(&self) -> Result<TempDir, Error> {
        let parent = self.parent();
        let failed = |e| Error::file("make a directory in", parent, e);
        fs::DirBuilder::new().mode(0o700).recursive(true).create(parent).map_err(failed)?;
        let private = fs::Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix(".new-").permissions(private).tempdir_in(parent).map_err(failed)
    }

    /// Moves what was prepared into its place, where nothing may be yet.
    pub fn adopt(&self, staged: TempDir) -> Result<(), Error> {
        use std::io::ErrorKind::{AlreadyExists, DirectoryNotEmpty};
        match fs::rename(staged.path(), &self.path) {
            Ok(()) => {}
            Err(e) if matches!(e.kind(), AlreadyExists | DirectoryNotEmpty) => {
                return Err(Error::AccountExists { user: self.user.clone() });
            }
            Err(e) => return Err(Error::file("make", &self.path, e)),
        }
        let _ = staged.keep();
        // The name must survive a power cut as the content does.
        let parent = self.parent();
        let sync = File::open(parent).and_then(|dir| dir.sync_all());
        sync.map_err(|e| Error::file("write", parent, e))
    }

    /// Takes the account away again.
    pub fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, account = %self.user, "an unfinished account stays behind");
        }
    }

    /// Takes away what an earlier session left behind that was killed while an editor had a draft. Whoever calls
    /// this runs the account: no draft is being edited now.
    pub fn sweep_drafts(&self) {
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(DRAFT_PREFIX))
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, account = %self.user, "a draft stays behind in the clear");
            }
        }
    }

    fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
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
        // As long as what stood there, and in one piece: to empty it first would take longer than all else here.
        file.write_all(format!("{:>10}\n", std::process::id()).as_bytes()).map_err(failed)?;
        Ok(AccountLock { file })
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
        for made in [true, false] {
            let staged = account.stage().unwrap();
            fs::write(AccountDir::staged_database(&staged), "").unwrap();
            assert!(made != account.exists(), "what is staged is no account");
            match account.adopt(staged) {
                Ok(()) => assert!(made && account.exists()),
                Err(Error::AccountExists { .. }) => assert!(!made),
                Err(other) => panic!("{other}"),
            }
        }
        let left = fs::read_dir(data.path().join("accounts")).unwrap().count();
        assert_eq!(left, 1, "nothing stays beside it");
        let held = account.lock().unwrap();
        match account.lock() {
            Err(Error::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            _ => panic!("two holders"),
        }
        // As a process that is being started has it, until it runs its program.
        let inherited = held.file.try_clone().unwrap();
        drop(held);
        assert!(account.lock().is_ok());
        drop(inherited);
    }

    #[test]
    fn drafts_that_were_left_behind_are_swept_and_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let account = AccountDir::new(data.path(), &"alice".parse().unwrap());
        fs::create_dir_all(account.path().join(format!("{DRAFT_PREFIX}1"))).unwrap();
        fs::write(account.path().join(format!("{DRAFT_PREFIX}1/message.md")), "secret").unwrap();
        fs::write(account.database(), "").unwrap();
        account.sweep_drafts();
        let left: Vec<_> = fs::read_dir(account.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(left, [account.database()]);
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
