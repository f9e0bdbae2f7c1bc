//! Why a session could not begin.

use std::path::{Path, PathBuf};

use crate::domain::UserName;
use crate::{broker, keyring, store};

/// Why a sign-up or sign-in failed. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This data directory has an account of that name already.
    #[error("`{user}` has signed up here already")]
    AccountExists {
        /// The name.
        user: UserName,
    },
    /// This data directory has no account of that name.
    #[error("nobody signed up here as `{user}`")]
    NoAccount {
        /// The name.
        user: UserName,
        /// The names that did.
        known: Vec<UserName>,
    },
    /// Another process runs the account.
    #[error("`{user}` is signed in already{at}", at = pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    InUse {
        /// The name.
        user: UserName,
        /// The process, where it has said so.
        pid: Option<u32>,
    },
    /// Somebody else registered the name on this broker.
    #[error("the name `{user}` is taken on this broker")]
    NameTaken {
        /// The name.
        user: UserName,
    },
    /// No connection to the broker.
    #[error("cannot reach the broker: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// The broker speaks an older MQTT.
    #[error("unsupported protocol version: Cooee needs MQTT 5, and {place} speaks MQTT 3.1.1 or older")]
    TooOld {
        /// Where it listens.
        place: String,
    },
    /// The broker does not let us do what a sign-up needs.
    #[error("the broker refused: {reason}")]
    Refused {
        /// What.
        reason: String,
    },
    /// The broker registers only who has an invite that is still good.
    #[error("the broker refused: {reason}")]
    Uninvited {
        /// In its words, with what to do.
        reason: String,
    },
    /// The account is protected, and nobody said the passphrase.
    #[error("`{user}` is protected by a passphrase, and there is nobody to ask for it")]
    PassphraseNeeded {
        /// The name.
        user: UserName,
    },
    /// It is another one, or the key file was altered: the two cannot be told apart.
    #[error("wrong passphrase for `{user}`")]
    WrongPassphrase {
        /// The name.
        user: UserName,
    },
    /// The passphrase cannot be had.
    #[error("cannot get the passphrase of `{user}`: {why}")]
    Passphrase {
        /// The name.
        user: UserName,
        /// Why.
        why: String,
    },
    /// The keyring does not give the key.
    #[error("cannot get the key of `{user}` from the keyring: {source}")]
    NoKey {
        /// The name.
        user: UserName,
        /// Why.
        source: keyring::Error,
    },
    /// The keyring does not take the key.
    #[error("cannot keep the key of `{user}` in the keyring: {source}")]
    Unkept {
        /// The name.
        user: UserName,
        /// Why.
        source: keyring::Error,
    },
    /// The account is protected in another way now, and the keyring does not let go of its key.
    #[error(
        "`{user}` is protected as you said from now on, but its key may still lie in the keyring: {source}"
    )]
    StillInKeyring {
        /// The name.
        user: UserName,
        /// Why.
        source: keyring::Error,
    },
    /// The keyring knows that the account had come further. It has become another device.
    #[error(
        "the files of `{user}` were put back to an earlier state, or a copy of them was used meanwhile: going on \
         from there would lose messages. So this is another device of yours from now on, with new keys: sign in \
         again"
    )]
    PutBack {
        /// The name.
        user: UserName,
    },
    /// The key file is not there.
    #[error(
        "the key file {} is missing: nothing of the account can be read without it; put it back from a backup",
        path.display()
    )]
    NoKeyFile {
        /// Where it belongs.
        path: PathBuf,
    },
    /// The key file cannot be used.
    #[error("cannot use the key file {}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::crypto::vault::Invalid,
    },
    /// An account cannot be moved.
    #[error("cannot {action} {}: {source}", path.display())]
    Moving {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: super::MovingFault,
    },
    /// A part of Cooee failed in a way that it should not.
    #[error("an internal error: {0}")]
    Panicked(String),
    /// A file or directory of the account.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The built-in broker.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// The history.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The keys of the account.
    #[error(transparent)]
    Keys(#[from] crate::crypto::Unreadable),
    /// What was stored of a group.
    #[error("what is kept of a group makes no sense: the account is damaged; put a copy of it back")]
    Group,
    /// The CSV files.
    #[error(transparent)]
    Registry(#[from] crate::registry::Error),
}

impl Error {
    pub(super) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}
