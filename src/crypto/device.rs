//! The secret keys of this installation.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vodozemac::olm::{Account, AccountPickle};

use super::{Unreadable, read, write};
use crate::domain::{AgreementKey, Bundle, DeviceId, DeviceKeys, SigningKey, Timestamp, UserName};

/// How long first messages are made for one fallback key. The key before it is kept as long again.
const FALLBACK_LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The secret keys of this installation.
///
/// It publishes a fallback key and no one-time keys: two people who take the same one-time key would leave
/// the second one unread, and no broker hands out each of them once. Until the key is replaced and forgotten,
/// a first message has no forward secrecy.
pub struct Device {
    id: DeviceId,
    pub(super) account: Account,
    fallback: AgreementKey,
    version: u64,
    made_at: Timestamp,
}

#[derive(Serialize)]
struct Written {
    id: DeviceId,
    account: AccountPickle,
    fallback: AgreementKey,
    version: u64,
    made_at: Timestamp,
}

#[derive(Deserialize)]
struct Kept {
    id: DeviceId,
    account: AccountPickle,
    fallback: AgreementKey,
    version: u64,
    made_at: Timestamp,
}

impl Device {
    /// Makes the keys of a new device.
    pub fn generate(id: DeviceId, now: Timestamp) -> Self {
        let mut account = Account::new();
        let fallback = new_fallback(&mut account);
        Self { id, account, fallback, version: 1, made_at: now }
    }

    /// Which device it is.
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// Its public keys.
    pub fn keys(&self) -> DeviceKeys {
        let keys = self.account.identity_keys();
        DeviceKeys {
            id: self.id,
            signing: SigningKey::from_bytes(*keys.ed25519.as_bytes()),
            agreement: AgreementKey::from_bytes(keys.curve25519.to_bytes()),
        }
    }

    /// What it publishes for those who write to it first.
    pub fn bundle(&self, user: UserName) -> Bundle {
        Bundle {
            user,
            device: self.id,
            version: self.version,
            agreement: self.keys().agreement,
            fallback: self.fallback,
            at: self.made_at,
        }
    }

    /// Takes a new fallback key once a week; says whether it did. First messages for the one before are
    /// opened until the next change. Call it when all that waited for us has come: whoever was away for
    /// weeks finds messages for the old key first.
    pub fn renew(&mut self, now: Timestamp) -> bool {
        if now.since(self.made_at) < FALLBACK_LASTS {
            return false;
        }
        self.fallback = new_fallback(&mut self.account);
        self.version = self.version.saturating_add(1);
        self.made_at = now;
        true
    }

    /// The bytes to store it by.
    pub fn write(&self) -> Vec<u8> {
        write(&Written {
            id: self.id,
            account: self.account.pickle(),
            fallback: self.fallback,
            version: self.version,
            made_at: self.made_at,
        })
    }

    /// Reads what [`Device::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Kept { id, account, fallback, version, made_at } = read(bytes)?;
        Ok(Self { id, account: Account::from_pickle(account), fallback, version, made_at })
    }
}

fn new_fallback(account: &mut Account) -> AgreementKey {
    account.generate_fallback_key();
    let key = account.fallback_key().into_values().next();
    account.mark_keys_as_published();
    let key = key.expect("a fallback key that was just made is not published yet");
    AgreementKey::from_bytes(key.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_it_was_written() {
        let device = Device::generate(DeviceId::from_bits(7), Timestamp::from_millis(5));
        let again = Device::read(&device.write()).unwrap();
        assert_eq!(again.keys(), device.keys());
        let user: UserName = "bob".parse().unwrap();
        assert_eq!(again.bundle(user.clone()), device.bundle(user));
        assert!(Device::read(b"nonsense").is_err());
    }

    #[test]
    fn the_fallback_key_is_renewed_once_a_week() {
        let day = Duration::from_secs(24 * 60 * 60);
        let start = Timestamp::from_millis(5);
        let mut device = Device::generate(DeviceId::from_bits(7), start);
        let first = device.fallback;
        assert!(!device.renew(start.plus(day * 6)));
        assert!(device.renew(start.plus(day * 7)) && device.fallback != first);
        assert!(!device.renew(start.plus(day * 8)));
        assert_eq!(device.bundle("bob".parse().unwrap()).version, 2);
    }
}
