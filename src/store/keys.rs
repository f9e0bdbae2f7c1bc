//! The part of the handle that is about keys: secrets, what others published, and what waits to be sealed or
//! opened.

use rusqlite::Connection;

use super::handle::in_transaction;
use super::value::{Account, OutboxRow, Sealed, Secret, limits};
use super::{Error, Store, outbox, people, sealed, secrets};
use crate::domain::{Bundle, DeviceId, MessageId, UserName};

impl Store {
    /// These rows of the outbox were sealed, with these keys as they are now.
    pub async fn seal(&self, rows: Vec<(i64, Vec<u8>)>, secrets: Vec<Secret>) -> Result<(), Error> {
        let seal = move |db: &mut Connection| {
            in_transaction(db, |db| {
                outbox::seal(db, &rows)?;
                secrets::save(db, &secrets)
            })
        };
        self.ask("store what was sealed", seal).await
    }

    /// What is to be said to this user and is not sealed, in the order in which it was written; at most
    /// [`limits::ROWS`].
    pub async fn unsealed(&self, user: UserName) -> Result<Vec<OutboxRow>, Error> {
        let read = move |db: &mut Connection| outbox::unsealed(db, &user, limits::ROWS);
        self.ask("read the outbox", read).await
    }

    /// What this user did not confirm and was said to them alone is to be sealed anew. Says how much it is.
    pub async fn unseal(&self, member: UserName) -> Result<usize, Error> {
        self.ask("seal anew", move |db| outbox::unseal(db, &member)).await
    }

    /// We are another device from now on, with these keys: all sessions, whose names begin so, are forgotten,
    /// and what is in the outbox is sealed anew. All of it or nothing: keys of one device under the name of
    /// another would open nothing ever again.
    pub async fn hand_over(
        &self,
        old: DeviceId,
        account: Account,
        keys: Vec<Secret>,
        sessions: &'static [&'static str],
    ) -> Result<(), Error> {
        let all = move |db: &Connection| {
            sessions.iter().try_for_each(|beginning| secrets::forget(db, beginning).map(drop))?;
            secrets::save(db, &keys)?;
            people::save_account(db, &account)?;
            people::forget_epoch(db)?;
            outbox::hand_over(db, &old.to_string(), &account.device.to_string())
        };
        self.ask("become another device", move |db| in_transaction(db, all)).await
    }

    /// What is kept under these names, in their order.
    pub async fn secrets(&self, names: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, Error> {
        self.ask("read keys", move |db| secrets::read(db, &names)).await
    }

    /// Keeps these keys.
    pub async fn save_secrets(&self, secrets: Vec<Secret>) -> Result<(), Error> {
        let save = move |db: &mut Connection| in_transaction(db, |db| secrets::save(db, &secrets));
        self.ask("save keys", save).await
    }

    /// Keeps what devices published for those who write to them first.
    pub async fn save_bundles(&self, bundles: Vec<Bundle>) -> Result<(), Error> {
        let save =
            move |db: &mut Connection| in_transaction(db, |db| secrets::save_bundles(db, &bundles));
        self.ask("save the keys of others", save).await
    }

    /// Whether a letter of this user was opened before, in whatever wrapping.
    pub async fn was_opened(&self, letter: MessageId, sender: UserName) -> Result<bool, Error> {
        let ask = move |db: &mut Connection| sealed::was_opened(db, &letter, &sender);
        self.ask("ask whether something came before", ask).await
    }

    /// What this user sent and could not be opened yet, after this number (0: from the first), in the order in
    /// which it came; at most [`limits::ROWS`].
    pub async fn sealed(&self, sender: UserName, after: i64) -> Result<Vec<Sealed>, Error> {
        let read = move |db: &mut Connection| sealed::of(db, &sender, after, limits::ROWS);
        self.ask("read what waits for a key", read).await
    }
}
