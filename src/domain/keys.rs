//! Public keys. A secret key never leaves `crypto`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{DeviceId, Timestamp, UserName};

/// Why a text is not a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key: expected 43 characters of base64")]
pub struct InvalidKey;

macro_rules! public_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// The key of these bytes, whatever they are: what a key is good for shows where it is used.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its bytes. Keys are compared by them and by nothing else.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidKey;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                let bytes = STANDARD_NO_PAD.decode(s).map_err(|_| InvalidKey)?;
                bytes.try_into().map(Self).map_err(|_| InvalidKey)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidKey;

            fn try_from(s: String) -> Result<Self, Self::Error> {
                s.parse()
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&STANDARD_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

public_key! {
    /// Who a user is: their Ed25519 key. It signs their profile, and through it names their devices.
    IdentityKey
}

impl IdentityKey {
    /// The key in short, for people: the first half of it, in eight groups of four hexadecimal digits. To find
    /// another key with the same takes 2^128 tries.
    pub fn fingerprint(&self) -> String {
        let groups = self.0[..16].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]));
        groups.collect::<Vec<_>>().join(" ")
    }
}

public_key! {
    /// The Ed25519 key of one device. It signs the keys that the device publishes.
    SigningKey
}

public_key! {
    /// A Curve25519 key, to agree on a secret with its owner.
    AgreementKey
}

/// The public keys of one device, as its owner's profile names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceKeys {
    /// Which device.
    pub id: DeviceId,
    /// What it signs with.
    pub signing: SigningKey,
    /// What others agree on secrets with.
    pub agreement: AgreementKey,
}

/// What a device publishes for those who write to it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Whose device.
    pub user: UserName,
    /// Which.
    pub device: DeviceId,
    /// Counts the bundles of this device.
    pub version: u64,
    /// The device's lasting key, as in the profile.
    pub agreement: AgreementKey,
    /// The key that first messages are made for. A new one comes every week.
    pub fallback: AgreementKey,
    /// When it was made.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_stays_as_it_was_shown() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 8 % 256).unwrap_or(0));
        let key = IdentityKey::from_bytes(bytes);
        assert_eq!(key.fingerprint(), "0008 1018 2028 3038 4048 5058 6068 7078");
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is() {
        let key = IdentityKey::from_bytes([0xfb; 32]);
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.to_string().len(), 43);
        for bad in ["", "AA", &"A".repeat(44), &format!("{}=", "A".repeat(43)), &"\u{1b}".repeat(43)] {
            assert_eq!(bad.parse::<IdentityKey>(), Err(InvalidKey), "{bad:?}");
        }
    }
}
