//! `Online.csv`: who is online now, as long as some Cooee looks.
//!
//! The file tells the truth only while a running Cooee hears who comes and goes. So whoever writes it is
//! a *watcher*, and every watcher holds a shared lock on `.watchers`, which ends with its process. A
//! watcher that finds itself alone when it starts empties the file, because what stands there was left
//! by a crash; the last one that ends in good order empties it too. After a crash of the last watcher the
//! file is stale until somebody mends it: the next one that starts, or the built-in broker, which looks every
//! few seconds. A watcher that cannot see, because it lost the broker, ends its watch for as long.
//!
//! Rows that are not ours are kept while watchers run, and go when the file is emptied: nobody can say
//! by hand that somebody is online. Several watchers write what each of them knows; they hear the same
//! news, so the last word of each is the same. Saying everything again after a reconnect costs a read.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use super::lock;
use super::people::{MOBILE, NAME, first_rows};
use super::{Error, Registry};
use crate::domain::{MobileNumber, Timestamp, UserName};

const FILE: &str = "Online.csv";
const COLUMNS: &[&str] = &["Name", "Mobile_no", "Since"];
const SINCE: usize = 2;

/// A row of `Online.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineRow {
    /// Who is online.
    pub user: UserName,
    /// Their mobile number, if it is known.
    pub mobile: Option<MobileNumber>,
    /// Since when.
    pub since: Timestamp,
}

/// The right and duty to keep `Online.csv` true. End it with [`Watch::close`]; one that is dropped
/// counts as crashed and leaves the file to the next watcher.
#[derive(Debug)]
pub struct Watch {
    registry: Registry,
    path: PathBuf,
    file: File,
}

impl Registry {
    /// Begins to watch who is online. Empties `Online.csv` if nobody else watches.
    pub fn watch(&self) -> Result<Watch, Error> {
        let path = self.dir.join(".watchers");
        let file = lock::open(&path)?;
        // Turning an exclusive lock into a shared one lets go of it for an instant. Nobody takes it
        // then, because whoever wants it exclusively must hold the registry's lock first.
        let lock = self.lock()?;
        if lock::try_exclusive(&file, &path)? {
            self.clear_online(&lock)?;
        }
        file.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(Watch { registry: self.clone(), path, file })
    }

    /// Empties `Online.csv` if it names somebody and nobody watches.
    pub fn mend_online(&self) -> Result<(), Error> {
        match self.read(FILE, COLUMNS)?.rows().next() {
            Some(_) => self.watch()?.close(),
            None => Ok(()),
        }
    }

    fn clear_online(&self, lock: &lock::Lock) -> Result<(), Error> {
        let mut table = self.read(FILE, COLUMNS)?;
        table.clear();
        self.write(lock, &table)
    }
}

impl Watch {
    /// Takes out the rows of those who are gone, then adds or corrects the rows of those who are here.
    /// A row without a number keeps the number that the file has.
    pub fn set_online(&self, gone: &[UserName], here: &[OnlineRow]) -> Result<(), Error> {
        let lock = self.registry.lock()?;
        let mut table = self.registry.read(FILE, COLUMNS)?;
        table.ensure_header();
        let gone: HashSet<&str> = gone.iter().map(UserName::as_str).collect();
        table.remove(|table, row| gone.contains(table.get(row, NAME)));
        let mut known = first_rows(&table).0;
        for OnlineRow { user, mobile, since } in here {
            let row = *known.entry(user.clone()).or_insert_with(|| table.push(&[user.as_str()]));
            if let Some(mobile) = mobile {
                table.set(row, MOBILE, mobile.as_str());
            }
            table.set(row, SINCE, &since.to_string());
        }
        self.registry.write(&lock, &table)
    }

    /// Ends the watch in good order: the last watcher empties `Online.csv`.
    pub fn close(self) -> Result<(), Error> {
        let lock = self.registry.lock()?;
        match lock::try_exclusive(&self.file, &self.path)? {
            true => self.registry.clear_online(&lock),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEADER: &str = "Name,Mobile_no,Since\n";

    fn row(user: &str, mobile: Option<&str>) -> OnlineRow {
        let mobile = mobile.map(|number| MobileNumber::new(number).unwrap());
        OnlineRow { user: user.parse().unwrap(), mobile, since: Timestamp::EPOCH }
    }

    #[test]
    fn people_come_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let online = || fs::read_to_string(dir.path().join(FILE)).unwrap();
        let watch = Registry::open(dir.path()).unwrap().watch().unwrap();
        assert_eq!(online(), HEADER);
        watch.set_online(&[], &[row("bob", Some("+1")), row("carol", None)]).unwrap();
        let (bob, carol) = ("bob,'+1,1970-01-01T00:00:00Z\n", "carol,,1970-01-01T00:00:00Z\n");
        assert_eq!(online(), [HEADER, bob, carol].concat());
        watch.set_online(&["carol".parse().unwrap()], &[row("bob", None)]).unwrap();
        assert_eq!(online(), [HEADER, bob].concat());
        let bob = "bob".parse().unwrap();
        watch.set_online(&[bob], &[row("bob", None)]).unwrap();
        assert_eq!(online(), [HEADER, "bob,,1970-01-01T00:00:00Z\n"].concat());
    }

    #[test]
    fn only_the_first_and_the_last_watcher_empty_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let rows = || fs::read_to_string(&path).unwrap().lines().count() - 1;
        fs::write(&path, "Name,Mobile_no\nstale,1\n").unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        let first = registry.watch().unwrap();
        assert_eq!(rows(), 0);
        first.set_online(&[], &[row("bob", None)]).unwrap();
        let second = registry.watch().unwrap();
        first.close().unwrap();
        assert_eq!(rows(), 1);
        let third = registry.watch().unwrap();
        drop(third);
        assert_eq!(rows(), 1);
        second.close().unwrap();
        assert_eq!(rows(), 0);
    }

    #[test]
    fn a_crash_of_the_last_watcher_is_mended_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(dir.path()).unwrap();
        let watch = registry.watch().unwrap();
        watch.set_online(&[], &[row("bob", None)]).unwrap();
        drop(watch);
        let online = || fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert_ne!(online(), HEADER);
        let watch = registry.watch().unwrap();
        assert_eq!(online(), HEADER);
        watch.set_online(&[], &[row("bob", None)]).unwrap();
        registry.mend_online().unwrap();
        assert_ne!(online(), HEADER, "somebody watches");
        drop(watch);
        registry.mend_online().unwrap();
        assert_eq!(online(), HEADER);
    }
}
