//! How far an account has come: a number that grows when a session begins and when it ends, in the store and in the
//! keyring, where there is one.
//!
//! The keyring does not lie with the files. So when it knows of more than they do, they were put back to an earlier
//! state, by a backup or by a copy that was used meanwhile: their sessions would use keys twice. That shows
//! although the broker has forgotten what it knew of this device.
//!
//! The number is first stored and then told to the keyring: a crash in between leaves the store ahead, which
//! alarms nobody.

use super::Error;
use super::account::AccountDir;
use crate::domain::{DeviceId, Timestamp};
use crate::failpoints::kill_point;
use crate::keyring::{Entry, Generations};
use crate::store::{self, Secret, Store};

/// Under which name the number is stored.
const NAME: &str = "generation";

/// How far an account whose key is in the keyring has come.
pub(super) struct Generation {
    account: AccountDir,
    entry: Entry,
    device: DeviceId,
    reached: u64,
}

impl Generation {
    /// How far the files have come; `None` where the keyring knows of more.
    pub async fn read(
        account: &AccountDir,
        store: &Store,
        device: DeviceId,
        (entry, known): &(Entry, Generations),
    ) -> Result<Option<Self>, Error> {
        let stored = store.secrets(vec![NAME.to_owned()]).await?.into_iter().next().flatten();
        let bytes = stored.and_then(|bytes| bytes.try_into().ok());
        let reached = bytes.map_or(0, u64::from_be_bytes);
        let (account, entry) = (account.clone(), entry.clone());
        Ok((reached >= known.of(device)).then_some(Self { account, entry, device, reached }))
    }

    /// It goes further, with this version of the profile. A keyring that does not take it leaves us without that,
    /// for once.
    pub async fn go_on(
        &mut self,
        store: &Store,
        profile: u64,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        // No less than the time: the number stays ahead of what was told, if somebody takes it out of the store.
        let now = u64::try_from(now.as_millis()).unwrap_or(0);
        self.reached = self.reached.saturating_add(1).max(now);
        let value = Some(self.reached.to_be_bytes().to_vec());
        store.save_secrets(vec![Secret { name: NAME.to_owned(), value }]).await?;
        kill_point("generation: stored");
        // It may be protected in another way since.
        let is_held = self.account.key_file().is_ok_and(|file| file.entry().is_some());
        if is_held && let Err(error) = self.entry.reach(self.device, self.reached, profile).await {
            tracing::warn!(%error, "the keyring was not told how far the account has come");
        }
        Ok(())
    }
}
