//! From a passphrase, wherever it comes from, or from the keyring to the key of an account.

use std::path::Path;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::account::{AccountDir, accounts};
use super::{Error, passphrase_command};
use crate::config::Config;
use crate::crypto::vault::{self, Guard, Invalid};
use crate::domain::{DataKey, Passphrase, UserName};
use crate::keyring::{self, Generations};

pub use crate::crypto::vault::Protection as Protected;

/// Asks somebody for the passphrase of an account, of whom so many were wrong already; `None`: they give up.
/// May block.
pub type Ask = dyn Fn(&UserName, u32) -> Result<Option<Passphrase>, String> + Send + Sync;

/// Where the passphrase of an account comes from. It is asked for only when it is needed: not for an account
/// without protection, and not by who joins a session.
#[derive(Clone)]
pub enum Unlock {
    /// From nowhere: accounts without protection alone are opened.
    Nothing,
    /// It is known.
    With(Passphrase),
    /// A program prints it; its arguments follow it.
    Command(Arc<[String]>),
    /// Somebody is asked.
    Ask(Arc<Ask>),
}

impl Unlock {
    /// What the configuration says: the passphrase itself, else a program that prints it, else nothing.
    pub fn configured(config: &Config) -> Self {
        match (&config.passphrase, &config.passphrase_command) {
            (Some(passphrase), _) => Self::With(passphrase.clone()),
            (None, Some(command)) => Self::Command(command.clone().into()),
            (None, None) => Self::Nothing,
        }
    }

    /// The passphrase to try next, when so many were wrong; `None` when there is no other.
    ///
    /// # Errors
    /// [`Error::Passphrase`] where it cannot be had.
    pub async fn passphrase(&self, user: &UserName, wrong: u32) -> Result<Option<Passphrase>, Error> {
        let failed = |why| Error::Passphrase { user: user.clone(), why };
        match self {
            Self::Nothing => Ok(None),
            Self::With(passphrase) => Ok((wrong == 0).then(|| passphrase.clone())),
            Self::Command(_) if wrong > 0 => Ok(None),
            Self::Command(command) => {
                passphrase_command::run(command, user).await.map(Some).map_err(failed)
            }
            Self::Ask(ask) => {
                let (ask, user) = (Arc::clone(ask), user.clone());
                blocking(move || ask(&user, wrong)).await?.map_err(failed)
            }
        }
    }
}

/// What is to protect an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A passphrase. Nobody can recover it.
    Passphrase(Passphrase),
    /// The keyring of the desktop, which holds the key.
    Keyring,
    /// Nothing: whoever can read the files can read everything in them.
    None,
}

impl Protection {
    pub(super) fn guard(&self) -> Guard<'_> {
        match self {
            Self::Passphrase(passphrase) => Guard::Passphrase(passphrase),
            Self::Keyring => Guard::Keyring,
            Self::None => Guard::None,
        }
    }
}

/// The key of an account, which is open.
pub struct Vault {
    account: AccountDir,
    key: DataKey,
}

impl Vault {
    /// Opens the key of an account, whether a session runs on it or not.
    ///
    /// # Errors
    /// [`Error::NoAccount`], [`Error::PassphraseNeeded`], [`Error::WrongPassphrase`]; others where the
    /// passphrase could not be had, or the key file is not as it should be.
    pub async fn open(data_dir: &Path, user: &UserName, unlock: &Unlock) -> Result<Self, Error> {
        let account = existing(data_dir, user)?;
        let key = data_key(&account, unlock).await?.key;
        Ok(Self { account, key })
    }

    /// Protects the account in another way from now on. A session that runs is not disturbed, for the key stays
    /// the same; for the same reason a copy of the old key file still opens with the old passphrase.
    ///
    /// # Errors
    /// [`Error::Unkept`], and where the key file cannot be written: the old one then stays.
    /// [`Error::StillInKeyring`] where all is done but that.
    pub async fn protect(self, protection: Protection) -> Result<(), Error> {
        let Self { account, key } = self;
        // There is no moment in which the key is nowhere: first it goes where it will be, then the file says so,
        // then it goes from where it was.
        let entry = entry(&account, &vault::entry(&key));
        let is_held = protection == Protection::Keyring;
        if is_held {
            keep(&entry, &account, &key).await?;
        }
        let was_held = account.key_file()?.protection() == Protected::Keyring;
        let user = account.user.clone();
        blocking(move || account.protect(&key, protection.guard())).await??;
        match was_held && !is_held {
            true => entry.forget().await.map_err(|source| Error::StillInKeyring { user, source }),
            false => Ok(()),
        }
    }
}

/// What protects an account of this data directory.
///
/// # Errors
/// [`Error::NoAccount`], and where its key file cannot be read.
pub fn protected(data_dir: &Path, user: &UserName) -> Result<Protected, Error> {
    Ok(existing(data_dir, user)?.key_file()?.protection())
}

/// The account of this name.
pub(super) fn existing(data_dir: &Path, user: &UserName) -> Result<AccountDir, Error> {
    let account = AccountDir::new(data_dir, user);
    if account.exists() {
        return Ok(account);
    }
    Err(Error::NoAccount { user: user.clone(), known: accounts(data_dir) })
}

/// The key of an account, and what the keyring says if it holds the key.
pub(super) struct Opened {
    pub key: DataKey,
    pub held: Option<(keyring::Entry, Generations)>,
}

/// The key of an account, from the keyring or with a passphrase if it needs one.
pub(super) async fn data_key(account: &AccountDir, unlock: &Unlock) -> Result<Opened, Error> {
    let mut wrong = 0;
    loop {
        let file = account.key_file()?;
        let passphrase = match file.protection() {
            Protected::None => None,
            Protected::Keyring => return held(account, file.entry().unwrap_or_default()).await,
            Protected::Passphrase => match unlock.passphrase(&account.user, wrong).await? {
                Some(passphrase) => Some(passphrase),
                None if wrong == 0 => {
                    return Err(Error::PassphraseNeeded { user: account.user.clone() });
                }
                None => return Err(Error::WrongPassphrase { user: account.user.clone() }),
            },
        };
        // 64 MiB and a fifth of a second: not on a thread that others wait for.
        match blocking(move || file.open(passphrase.as_ref())).await? {
            Ok(key) => return Ok(Opened { key, held: None }),
            Err(Invalid::Wrong) => wrong += 1,
            Err(invalid) => return Err(account.bad_key_file(invalid)),
        }
    }
}

/// What the keyring holds of an account whose key file says this name.
async fn held(account: &AccountDir, id: &str) -> Result<Opened, Error> {
    let failed = |source| Error::NoKey { user: account.user.clone(), source };
    let entry = entry(account, id);
    let keyring::Held { key, generations } = entry.held().await.map_err(failed)?;
    match vault::entry(&key) == id {
        true => Ok(Opened { key, held: Some((entry, generations)) }),
        false => Err(failed(keyring::Error::Other)),
    }
}

fn entry(account: &AccountDir, id: &str) -> keyring::Entry {
    keyring::Entry::new(account.user.clone(), id.to_owned())
}

async fn keep(entry: &keyring::Entry, account: &AccountDir, key: &DataKey) -> Result<(), Error> {
    let failed = |source| Error::Unkept { user: account.user.clone(), source };
    entry.keep(key).await.map_err(failed)
}

/// A key for an account that is being made. What the keyring holds of it goes again when the account does not
/// come to be, also when the person goes back and the future is dropped.
pub(super) struct NewKey {
    pub key: DataKey,
    held: Option<keyring::Entry>,
}

impl NewKey {
    /// Makes one, and keeps it in the keyring if that is to protect the account.
    pub async fn make(account: &AccountDir, protection: &Protection) -> Result<Self, Error> {
        let key = vault::new_key().map_err(|invalid| account.bad_key_file(invalid))?;
        let mut new = Self { key, held: None };
        if *protection == Protection::Keyring {
            // Before it is there: a wait that is given up may have kept it.
            let entry = new.held.insert(entry(account, &vault::entry(&new.key)));
            keep(entry, account, &new.key).await?;
        }
        Ok(new)
    }

    /// The account came to be, or not.
    pub async fn settle<T>(mut self, made: Result<T, Error>) -> Result<T, Error> {
        if let Some(entry) = self.held.take()
            && made.is_err()
            && let Err(error) = entry.forget().await
        {
            tracing::warn!(%error, "the key of an account that was not made stays in the keyring");
        }
        made
    }
}

impl Drop for NewKey {
    fn drop(&mut self) {
        if let Some(entry) = &self.held {
            entry.forget_unseen();
        }
    }
}

/// Does on a thread of its own what blocks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|e| Error::Panicked(e.to_string()))
}
