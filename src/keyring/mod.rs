//! The keyring of the desktop: it keeps the key of an account, and how far the account has come.
//!
//! This layer alone talks to the keyring: the Secret Service on Linux (GNOME Keyring, KWallet, KeePassXC), the
//! Keychain on macOS. It knows nothing of files and accounts but their names, and decides nothing.
//!
//! A keyring may ask somebody to unlock it and wait for them, and no call to it can be taken back. So each is
//! made on a thread of its own, which nobody waits for longer than a deadline, nor the process at its end.
//!
//! Of each account there are two items under the service `cooee`: `<account>-<id>` is its key in base64,
//! `<account>-<id>.generation` says how far its profile and each of its devices that were here had come, by numbers
//! that only grow. Both are text, for that is all that KWallet keeps. They are apart because the second is written often,
//! and the key should never be at risk by it.

mod error;
mod generations;
#[cfg(feature = "keyring")]
mod items;
#[cfg(not(feature = "keyring"))]
#[path = "left_out.rs"]
mod items;

use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

pub use error::Error;
pub use generations::Generations;

use crate::domain::{DataKey, DeviceId, UserName};
use items::Items;

/// Whether this Cooee was built with it.
pub const IS_BUILT_IN: bool = cfg!(feature = "keyring");

/// How long a keyring may take to answer: somebody may have to unlock it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the generation may take to be written. The keyring is unlocked by then, and nobody waits for it
/// gladly.
const BRIEFLY: Duration = Duration::from_secs(3);

/// The name of what a keyring holds of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    account: UserName,
    id: String,
}

/// What a keyring holds of an account.
pub struct Held {
    /// The key.
    pub key: DataKey,
    /// How far its devices had come when that was last told.
    pub generations: Generations,
}

impl Entry {
    /// What is held of this account under this id.
    pub fn new(account: UserName, id: String) -> Self {
        Self { account, id }
    }

    /// Keeps the key, and looks whether it is there.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn keep(&self, key: &DataKey) -> Result<(), Error> {
        let key = key.clone();
        self.within(PATIENCE, move |items| {
            items.keep(&key)?;
            let kept = items.key()?;
            if kept.as_bytes() == key.as_bytes() { Ok(()) } else { Err(Error::Other) }
        })
        .await
    }

    /// What is held.
    ///
    /// # Errors
    /// [`Error::Missing`] where nothing is; others where the keyring cannot be asked.
    pub async fn held(&self) -> Result<Held, Error> {
        self.within(PATIENCE, |items| Ok(Held { key: items.key()?, generations: items.generations()? }))
            .await
    }

    /// A device has come this far, and the profile of the account. What was told before is never lowered.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn reach(&self, device: DeviceId, generation: u64, profile: u64) -> Result<(), Error> {
        self.within(BRIEFLY, move |items| {
            let mut known = items.generations()?;
            if known.reach(device, generation, profile) { items.tell(&known) } else { Ok(()) }
        })
        .await
    }

    /// Takes everything of it out of the keyring, where it is.
    ///
    /// # Errors
    /// Where it may still be there.
    pub async fn forget(&self) -> Result<(), Error> {
        self.within(PATIENCE, Items::forget).await
    }

    /// The same, where nobody can wait for it.
    pub fn forget_unseen(&self) {
        self.ask(|items| {
            if let Err(error) = items.and_then(|items| items.forget()) {
                tracing::warn!(%error, "the key of an account that was not made stays in the keyring");
            }
        });
    }

    async fn within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce(&Items) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (done, outcome) = oneshot::channel();
        self.ask(move |items| {
            let _ = done.send(items.and_then(|items| work(&items)));
        });
        match timeout(patience, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error::Failed("its thread ended".to_owned())),
            Err(_) => Err(Error::Late(patience.as_secs())),
        }
    }

    /// The connection is made anew each time: a keyring that was not there may be by now.
    fn ask(&self, work: impl FnOnce(Result<Items, Error>) + Send + 'static) {
        let (key, generation) = (
            format!("{}-{}", self.account, self.id),
            format!("{}-{}.generation", self.account, self.id),
        );
        let label = format!("Cooee: the account {}", self.account);
        // Where there are no more threads, the work is dropped, and whoever waits for it sees that.
        let _ = thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || work(Items::open([&key, &generation], &label)));
    }
}
