//! The items of one account in the keyring of this platform. Every call blocks.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error as Fault};
use zeroize::Zeroizing;

use super::{Error, Generations};
use crate::domain::DataKey;

/// Under what all of ours is kept.
const SERVICE: &str = "cooee";

/// The items of one account.
pub(super) struct Items {
    key: Entry,
    generations: Entry,
}

impl Items {
    /// Connects to the keyring. The names are those of the key and of the generations; the label is what a person
    /// sees in the programs that show keyrings.
    pub fn open([key, generations]: [&str; 2], label: &str) -> Result<Self, Error> {
        let store = store().map_err(|fault| {
            tracing::warn!(why = words(&fault), "there is no keyring");
            Error::Absent
        })?;
        let entry = |name| build(&store, name, label).map_err(told);
        Ok(Self { key: entry(key)?, generations: entry(generations)? })
    }

    pub fn keep(&self, key: &DataKey) -> Result<(), Error> {
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(key.as_bytes()));
        self.key.set_secret(text.as_bytes()).map_err(told)
    }

    pub fn key(&self) -> Result<DataKey, Error> {
        let text = self.key.get_secret().map(Zeroizing::new).map_err(told)?;
        let bytes = STANDARD_NO_PAD.decode(text.as_slice()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| Error::Other)?;
        DataKey::filled(|key| match bytes.len() {
            32 => {
                key.copy_from_slice(&bytes);
                Ok(())
            }
            _ => Err(Error::Other),
        })
    }

    pub fn generations(&self) -> Result<Generations, Error> {
        match self.generations.get_secret() {
            Ok(text) => Ok(Generations::from(&*String::from_utf8_lossy(&text))),
            Err(Fault::NoEntry) => Ok(Generations::default()),
            Err(fault) => Err(told(fault)),
        }
    }

    pub fn tell(&self, generations: &Generations) -> Result<(), Error> {
        self.generations.set_secret(generations.to_string().as_bytes()).map_err(told)
    }

    pub fn forget(&self) -> Result<(), Error> {
        // The key first: it is what must not stay.
        [&self.key, &self.generations].into_iter().try_for_each(|entry| {
            match entry.delete_credential() {
                Ok(()) | Err(Fault::NoEntry) => Ok(()),
                Err(fault) => Err(told(fault)),
            }
        })
    }
}

#[cfg(not(target_os = "macos"))]
type Store = zbus_secret_service_keyring_store::Store;
#[cfg(target_os = "macos")]
type Store = apple_native_keyring_store::keychain::Store;

fn store() -> Result<Arc<Store>, Fault> {
    Store::new()
}

#[cfg(not(target_os = "macos"))]
fn build(store: &Store, name: &str, label: &str) -> Result<Entry, Fault> {
    store.build(SERVICE, name, Some(&[("label", label)].into()))
}

/// A Keychain shows the names.
#[cfg(target_os = "macos")]
fn build(store: &Store, name: &str, _: &str) -> Result<Entry, Fault> {
    store.build(SERVICE, name, None)
}

fn told(fault: Fault) -> Error {
    match &fault {
        Fault::NoEntry => Error::Missing,
        Fault::NoStorageAccess(why) => {
            tracing::warn!(%why, "the keyring lets nobody in");
            Error::Locked
        }
        _ => Error::Failed(words(&fault)),
    }
}

/// What the platform says itself, where it said something.
fn words(fault: &Fault) -> String {
    match fault {
        Fault::PlatformFailure(why) => why.to_string(),
        // Its own words would show what the items hold.
        Fault::BadEncoding(_) | Fault::BadDataFormat(..) => "it holds something unreadable".to_owned(),
        Fault::Ambiguous(_) => "it holds several items of this account".to_owned(),
        other => other.to_string(),
    }
}
