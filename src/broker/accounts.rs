//! Whose name is whose on this broker: `<data>/broker/accounts.json`.
//!
//! A name belongs to who registered it first, known by the credential that was shown then. Only a hash of it
//! is kept. Credentials are 256 random bits that Cooee made, so nobody can try them all and a fast hash is
//! enough: SHA-256. A slow one such as argon2id protects what people can remember, and would cost the broker
//! a tenth of a second and 64 MiB for every connection.
//!
//! A name is *confirmed* once its owner has published a profile. Until then a sign-up that died half way
//! must not hold it for ever, so whoever comes with another credential gets it, unless the first is here
//! at that moment. They get no more than the name: each registration has a serial number, which
//! is part of who a session belongs to, so what waits for the earlier one stays out of reach.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Error, limits};
use crate::domain::UserName;

/// A file of more bytes is not ours: [`limits::ACCOUNTS`] need a third of it.
const LONGEST: u64 = 8 * 1024 * 1024;
/// Credentials are this long at least: nobody shall choose one.
const SHORTEST_SECRET: usize = 32;
/// How long an unconfirmed registration is remembered when nobody comes back.
const ABANDONED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One registration of a name, as sessions carry it: `alice#0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Registration {
    pub name: UserName,
    serial: u64,
}

/// What a name and a credential are worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// They belong together.
    Known(Registration),
    /// The name can be registered; with the invite that an earlier attempt at it has used up.
    Free(Option<String>),
    /// The name is somebody else's.
    Taken,
}

/// All registrations.
pub(super) struct Accounts {
    path: PathBuf,
    book: Mutex<Book>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    accounts: BTreeMap<UserName, Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    serial: u64,
    /// SHA-256 of the credential, in hexadecimal digits.
    hash: String,
    confirmed: bool,
    registered_at: Timestamp,
    /// The invite that it took to register, by its hash.
    invite: Option<String>,
}

impl Accounts {
    /// Reads the file, where there is one.
    ///
    /// # Errors
    /// When it cannot be read or is not ours. It is not begun anew then: every name would be free.
    pub fn open(path: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::File { doing: "read", path: path.clone(), source };
        let mut book = match File::open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Book::default(),
            Err(e) => return Err(failed(e)),
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
                serde_json::from_slice(&bytes).map_err(|e| failed(e.into()))?
            }
        };
        let now = Timestamp::now();
        book.accounts.retain(|_, entry: &mut Entry| {
            entry.confirmed || now.duration_since(entry.registered_at) < ABANDONED
        });
        Ok(Self { path, book: Mutex::new(book) })
    }

    /// Whether the credential belongs to the name. `here` tells whether a registration is in use now.
    pub fn check(
        &self,
        name: &UserName,
        secret: &[u8],
        here: impl FnOnce(&Registration) -> bool,
    ) -> Login {
        self.book().check(name, secret, here)
    }

    /// Gives the name to this credential. `None` when there are too many names, or when the name went to
    /// somebody else meanwhile. It blocks.
    ///
    /// # Errors
    /// When the file cannot be written. Nothing is registered then.
    pub fn register(
        &self,
        name: &UserName,
        secret: &[u8],
        invite: Option<String>,
        here: impl FnOnce(&Registration) -> bool,
    ) -> Result<Option<Registration>, Error> {
        if secret.len() < SHORTEST_SECRET {
            return Ok(None);
        }
        let mut book = self.book();
        match book.check(name, secret, here) {
            Login::Known(registration) => return Ok(Some(registration)),
            Login::Taken => return Ok(None),
            Login::Free(_) => {}
        }
        let before = book.accounts.get(name).cloned();
        if before.is_none() && book.accounts.len() >= limits::ACCOUNTS {
            return Ok(None);
        }
        // The clock makes it larger than that of a registration that was forgotten.
        let fresh = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or_default();
        let serial = before.as_ref().map_or(fresh, |entry| fresh.max(entry.serial + 1));
        let entry = Entry {
            serial,
            hash: hash(secret),
            confirmed: false,
            registered_at: Timestamp::now(),
            invite,
        };
        book.accounts.insert(name.clone(), entry);
        self.write(&mut book, name, before)?;
        Ok(Some(Registration { name: name.clone(), serial }))
    }

    /// The name stays with this registration from now on. It blocks.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn confirm(&self, registration: &Registration) -> Result<(), Error> {
        let mut book = self.book();
        let Some(entry) = book.accounts.get_mut(&registration.name) else { return Ok(()) };
        if entry.serial != registration.serial || entry.confirmed {
            return Ok(());
        }
        let before = entry.clone();
        entry.confirmed = true;
        self.write(&mut book, &registration.name, Some(before))
    }

    /// Whether the name still belongs to this registration, and whether it is confirmed.
    pub fn standing(&self, registration: &Registration) -> Option<bool> {
        let book = self.book();
        let entry = book.accounts.get(&registration.name)?;
        (entry.serial == registration.serial).then_some(entry.confirmed)
    }

    /// Writes everything down, or puts the one entry back that was changed.
    fn write(&self, book: &mut Book, name: &UserName, before: Option<Entry>) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(&*book).map_err(io::Error::from);
        let written = bytes.and_then(|bytes| replace(&self.path, &bytes));
        written.map_err(|source| {
            match before {
                Some(entry) => book.accounts.insert(name.clone(), entry),
                None => book.accounts.remove(name),
            };
            Error::File { doing: "write", path: self.path.clone(), source }
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Every change is complete before anything can panic.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn check(&self, name: &UserName, secret: &[u8], here: impl FnOnce(&Registration) -> bool) -> Login {
        let Some(entry) = self.accounts.get(name) else { return Login::Free(None) };
        let registration = Registration { name: name.clone(), serial: entry.serial };
        if bool::from(hash(secret).as_bytes().ct_eq(entry.hash.as_bytes())) {
            return Login::Known(registration);
        }
        match entry.confirmed || here(&registration) {
            true => Login::Taken,
            false => Login::Free(entry.invite.clone()),
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.serial)
    }
}

impl FromStr for Registration {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, serial) = text.split_once('#').ok_or(())?;
        Ok(Self { name: name.parse().map_err(drop)?, serial: serial.parse().map_err(drop)? })
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hash(secret: &[u8]) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces a file that only its owner may read, so that a reader sees the old one or the new one, also
/// after a power cut.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const A: &[u8] = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &[u8] = b"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=";

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_belongs_to_the_first_and_to_nobody_else_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.json");
        let alice = name("alice");
        let accounts = Accounts::open(path.clone()).unwrap();
        assert_eq!(accounts.check(&alice, A, |_| false), Login::Free(None));
        let mine = accounts.register(&alice, A, None, |_| false).unwrap().unwrap();
        accounts.confirm(&mine).unwrap();
        assert_eq!(accounts.check(&alice, B, |_| false), Login::Taken);
        assert_eq!(accounts.register(&alice, B, None, |_| false).unwrap(), None);

        let accounts = Accounts::open(path.clone()).unwrap();
        assert_eq!(accounts.check(&alice, A, |_| false), Login::Known(mine.clone()));
        assert_eq!(accounts.check(&alice, B, |_| false), Login::Taken);
        assert_eq!(accounts.standing(&mine), Some(true));
        assert_eq!(mine.to_string().parse(), Ok(mine));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(std::str::from_utf8(A).unwrap()), "only a hash is kept: {text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_sign_up_that_died_half_way_holds_the_name_only_while_it_is_connected() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path().join("accounts.json")).unwrap();
        let bob = name("bob");
        let first = accounts.register(&bob, A, Some("invite".into()), |_| false).unwrap().unwrap();
        assert_eq!(accounts.check(&bob, B, |r| *r == first), Login::Taken);
        assert_eq!(accounts.check(&bob, B, |_| false), Login::Free(Some("invite".into())));
        let second = accounts.register(&bob, B, Some("invite".into()), |_| false).unwrap().unwrap();
        assert_ne!(first.to_string(), second.to_string(), "sessions of the first are not theirs");
        assert_eq!((accounts.standing(&first), accounts.standing(&second)), (None, Some(false)));
        accounts.confirm(&first).unwrap();
        assert_eq!(accounts.standing(&second), Some(false), "the first has no say any more");
    }

    #[test]
    fn nobody_chooses_a_short_secret_and_a_file_that_is_not_ours_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts.json");
        let accounts = Accounts::open(path.clone()).unwrap();
        assert_eq!(accounts.register(&name("eve"), b"hunter2", None, |_| false).unwrap(), None);
        for junk in ["{", "[]", r#"{"accounts":{"A b":{}}}"#, ""] {
            std::fs::write(&path, junk).unwrap();
            let error = Accounts::open(path.clone()).err().expect(junk).to_string();
            assert!(error.contains("accounts.json"), "{error}");
        }
        // A disk that takes nothing registers nothing.
        std::fs::remove_file(&path).unwrap();
        let accounts = Accounts::open(dir.path().join("not/there")).unwrap();
        assert!(accounts.register(&name("eve"), A, None, |_| false).is_err());
        assert_eq!(accounts.check(&name("eve"), A, |_| false), Login::Free(None));
    }
}
