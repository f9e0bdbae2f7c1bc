//! From a passphrase, wherever it comes from, to the key of an account.

use std::path::Path;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::account::{AccountDir, accounts};
use super::{Error, passphrase_command};
use crate::config::Config;
use crate::crypto::vault::{self, Invalid};
use crate::domain::{DataKey, Passphrase, UserName};

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
    /// Nothing: whoever can read the files can read everything in them.
    None,
}

impl Protection {
    pub(super) fn passphrase(&self) -> Option<&Passphrase> {
        match self {
            Self::Passphrase(passphrase) => Some(passphrase),
            Self::None => None,
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
        let key = data_key(&account, unlock).await?;
        Ok(Self { account, key })
    }

    /// Protects the account in another way from now on. A session that runs is not disturbed, for the key stays
    /// the same; for the same reason a copy of the old key file still opens with the old passphrase.
    ///
    /// # Errors
    /// Where the key file cannot be written. The old one then stays.
    pub async fn protect(self, protection: Protection) -> Result<(), Error> {
        let Self { account, key } = self;
        blocking(move || account.protect(&key, protection.passphrase())).await?
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

/// The key of an account, with a passphrase if it needs one.
pub(super) async fn data_key(account: &AccountDir, unlock: &Unlock) -> Result<DataKey, Error> {
    let mut wrong = 0;
    loop {
        let file = account.key_file()?;
        let passphrase = match file.protection() {
            Protected::None => None,
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
            Ok(key) => return Ok(key),
            Err(Invalid::Wrong) => wrong += 1,
            Err(invalid) => return Err(account.bad_key_file(invalid)),
        }
    }
}

/// A key for an account that is being made.
pub(super) fn new_key(account: &AccountDir) -> Result<DataKey, Error> {
    vault::new_key().map_err(|invalid| account.bad_key_file(invalid))
}

/// Does on a thread of its own what blocks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|e| Error::Panicked(e.to_string()))
}
