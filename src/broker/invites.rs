//! Invites: who may register a name over a network. Each is a file in `<data>/broker/invites/`, named by the
//! hash of its secret, so that whoever reads the directory can use none of them.
//!
//! `cooee broker invite` makes files, and only the broker changes them: neither has to know of the other.

use std::fs::{self, DirBuilder, File};
use std::io::{BufReader, ErrorKind, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::accounts::{hash, replace};

/// A file of more bytes is not ours.
const LONGEST: u64 = 1024;

/// The invites of one broker.
pub(super) struct Invites {
    dir: PathBuf,
    /// One at a time: two people may come with the last use of one invite.
    turn: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    uses: u32,
    expires: Timestamp,
}

impl Invites {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, turn: Mutex::new(()) }
    }

    /// Makes one for so many people and so long; returns its secret, which is kept nowhere.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn make(&self, uses: u32, lasts: Duration) -> Result<String, Error> {
        let failed = |source| Error::File { doing: "write", path: self.dir.clone(), source };
        let mut secret = [0; 18];
        getrandom::fill(&mut secret).map_err(|e| failed(e.into()))?;
        // In hexadecimal digits: base64 for URLs may begin with a `-`, which a command line takes for a flag.
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let expires = Timestamp::now().checked_add(lasts).unwrap_or(Timestamp::MAX);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(failed)?;
        self.write(&hash(secret.as_bytes()), &Invite { uses, expires })?;
        Ok(secret)
    }

    /// Whether this secret is good for another registration. It blocks.
    pub fn is_good(&self, secret: &str) -> bool {
        self.read(&hash(secret.as_bytes())).is_some()
    }

    /// Uses it up by one; returns its hash, or nothing where it is not good. It blocks.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is used up then.
    pub fn take(&self, secret: &str) -> Result<Option<String>, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let name = hash(secret.as_bytes());
        let Some(invite) = self.read(&name) else { return Ok(None) };
        match invite.uses {
            0 | 1 => {
                let path = self.path(&name);
                let removed = fs::remove_file(&path);
                removed.map_err(|source| Error::File { doing: "remove", path, source })?;
            }
            uses => self.write(&name, &Invite { uses: uses - 1, ..invite })?,
        }
        Ok(Some(name))
    }

    /// Takes away those whose time is over.
    pub fn sweep(&self) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
            let stem = name.strip_suffix(".json");
            if stem.is_some_and(|stem| stem.len() == 64 && self.read(stem).is_none()) {
                let _ = fs::remove_file(self.dir.join(name));
            }
        }
    }

    /// One that is good.
    fn read(&self, name: &str) -> Option<Invite> {
        let file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    tracing::warn!(%error, "an invite cannot be read");
                }
                return None;
            }
        };
        let invite: Invite = serde_json::from_reader(BufReader::new(file.take(LONGEST))).ok()?;
        (invite.uses > 0 && Timestamp::now() < invite.expires).then_some(invite)
    }

    fn write(&self, name: &str, invite: &Invite) -> Result<(), Error> {
        let path = self.path(name);
        let bytes = serde_json::to_vec(invite).map_err(std::io::Error::from);
        let written = bytes.and_then(|bytes| replace(&path, &bytes));
        written.map_err(|source| Error::File { doing: "write", path, source })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_good_for_so_many_and_so_long() {
        let dir = tempfile::tempdir().unwrap();
        let invites = Invites::new(dir.path().join("invites"));
        let day = Duration::from_secs(24 * 60 * 60);
        let (two, over) = (invites.make(2, day).unwrap(), invites.make(9, Duration::ZERO).unwrap());
        assert_ne!(two, over);
        let count = || fs::read_dir(dir.path().join("invites")).unwrap().count();
        assert_eq!(count(), 2);
        for entry in fs::read_dir(dir.path().join("invites")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            assert!(!text.contains(&two) && !name.contains(&two), "the secret is kept nowhere");
        }
        assert!(!invites.is_good(&over) && invites.take(&over).unwrap().is_none());
        assert!(!invites.is_good("../../etc/passwd") && invites.take("").unwrap().is_none());
        invites.sweep();
        assert_eq!(count(), 1);
        assert!(invites.take(&two).unwrap().is_some());
        assert!(invites.is_good(&two));
        assert!(invites.take(&two).unwrap().is_some());
        assert!(!invites.is_good(&two) && invites.take(&two).unwrap().is_none());
        assert_eq!(count(), 0);
    }
}
