//! Names and identifiers. Each is checked once, when it is made, and trusted from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timestamp;
use super::limits;

/// The name a person signs up with: `[a-z0-9][a-z0-9_-]{0,31}`.
///
/// The alphabet is the one that is safe as an MQTT topic level, a file name and a broker login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// Why a text is not a [`UserName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUserName {
    /// Nothing was given.
    #[error("a user name cannot be empty")]
    Empty,
    /// More than [`limits::USER_NAME`] characters.
    #[error("a user name has at most {max} characters, this one has {0}", max = limits::USER_NAME)]
    TooLong(usize),
    /// The first character is a sign.
    #[error("a user name starts with a letter a-z or a digit, not with `{0}`")]
    FirstCharacter(char),
    /// A character outside the alphabet.
    #[error("`{0}` cannot stand in a user name: use a-z, 0-9, `_` and `-`")]
    Character(char),
}

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let first = s.chars().next().ok_or(InvalidUserName::Empty)?;
        if let Some(c) = s.chars().find(|&c| !(alphanumeric(c) || c == '_' || c == '-')) {
            return Err(InvalidUserName::Character(c));
        }
        if !alphanumeric(first) {
            return Err(InvalidUserName::FirstCharacter(first));
        }
        match s.chars().count() {
            n if n > limits::USER_NAME => Err(InvalidUserName::TooLong(n)),
            _ => Ok(Self(s.to_owned())),
        }
    }
}

impl TryFrom<String> for UserName {
    type Error = InvalidUserName;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected {digits} lower-case hexadecimal digits")]
pub struct InvalidId {
    kind: &'static str,
    digits: usize,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $int:ty, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name($int);

        impl $name {
            const DIGITS: usize = <$int>::BITS as usize / 4;

            /// The id with these bits.
            pub const fn from_bits(bits: $int) -> Self {
                Self(bits)
            }

            /// The bits of the id.
            pub fn bits(self) -> $int {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                let canonical = s.len() == Self::DIGITS
                    && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                canonical
                    .then(|| <$int>::from_str_radix(s, 16).ok())
                    .flatten()
                    .map(Self)
                    .ok_or(InvalidId { kind: $kind, digits: Self::DIGITS })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(s: String) -> Result<Self, Self::Error> {
                s.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0width$x}", self.0, width = Self::DIGITS)
            }
        }
    };
}

hex_id!(
    /// One installation of an account: 64 random bits, part of the topics it writes to.
    DeviceId, u64, "device id"
);
hex_id!(
    /// A group, whatever it is called: 128 bits that its owner's key makes (`crypto::groups`).
    GroupId, u128, "group id"
);
hex_id!(
    /// All that counts in a group, in 128 bits: who has another one knows something else of it.
    StateHash, u128, "state of a group"
);
/// The one identity of a message, made by its sender (UUIDv7, RFC 9562 section 5.7) and used for
/// de-duplication everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(Uuid);

impl MessageId {
    /// The 16 bytes, big-endian: they sort as the ids do.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// A stable id for something that brought none: the same name always gives the same id, so what
    /// arrives twice is still kept once (UUIDv5, RFC 9562 section 5.5).
    pub fn derived(name: &[u8]) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, name))
    }

    /// The id of a message of this sender when another's message has this one already: of the same time, and
    /// always the same.
    pub fn apart(&self, sender: &UserName) -> Self {
        let own = Uuid::new_v5(&self.0, sender.as_str().as_bytes());
        let mut bytes = *own.as_bytes();
        bytes[..8].copy_from_slice(&self.0.as_bytes()[..8]);
        Self(Uuid::from_bytes(bytes))
    }

    /// When the sender says the id was made; `None` when the id carries no time.
    pub fn minted_at(&self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
        Some(Timestamp::from_millis(millis + i64::from(nanos / 1_000_000)))
    }
}

impl From<Uuid> for MessageId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_says_which_character_is_wrong() {
        assert_eq!("alice-2_b".parse::<UserName>().unwrap().as_str(), "alice-2_b");
        assert_eq!("".parse::<UserName>(), Err(InvalidUserName::Empty));
        assert_eq!("Alice".parse::<UserName>(), Err(InvalidUserName::Character('A')));
        assert_eq!("a/b".parse::<UserName>(), Err(InvalidUserName::Character('/')));
        assert_eq!("é".parse::<UserName>(), Err(InvalidUserName::Character('é')));
        assert_eq!("-a".parse::<UserName>(), Err(InvalidUserName::FirstCharacter('-')));
        assert!("a".repeat(32).parse::<UserName>().is_ok());
        assert_eq!("a".repeat(33).parse::<UserName>(), Err(InvalidUserName::TooLong(33)));
    }

    #[test]
    fn ids_have_one_spelling() {
        let id = GroupId::from_bits(0xab);
        assert_eq!(id.to_string(), format!("{}ab", "0".repeat(30)));
        assert_eq!(id.to_string().parse::<GroupId>(), Ok(id));
        assert!("AB".repeat(16).parse::<GroupId>().is_err());
        assert!("+1".repeat(16).parse::<GroupId>().is_err());
        assert!("ab".parse::<GroupId>().is_err());
    }

    #[test]
    fn a_derived_id_is_stable_and_carries_no_time() {
        let id = MessageId::derived(b"x");
        assert_eq!(id, MessageId::derived(b"x"));
        assert_ne!(id, MessageId::derived(b"y"));
        assert_eq!(id.minted_at(), None);
    }
}
