//! What a registered person tells about themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::checked_name;
use super::{DeviceId, DeviceKeys, IdentityKey, InvalidText, Timestamp, UserName, clean_line, limits};

/// What a person is called on screen: one clean line, up to 64 grapheme clusters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Cleans and checks a display name.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        checked_name(text).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&UserName> for DisplayName {
    fn from(user: &UserName) -> Self {
        Self(user.as_str().to_owned())
    }
}

impl TryFrom<String> for DisplayName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A mobile number as its owner writes it: one clean line of at most 32 characters.
///
/// Not more than that is asked, because the original's files hold `3432q` and people write numbers in
/// many ways; nothing in Cooee dials one. A number of Cooee's own sign-up passes [`Self::typed`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MobileNumber(String);

impl MobileNumber {
    /// Cleans and checks a number that came from a file or the network.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let line = clean_line(text);
        match line.chars().count() {
            0 => Err(InvalidText::Empty),
            n if n > limits::MOBILE => {
                Err(InvalidText::TooLong { limit: limits::MOBILE, unit: "characters" })
            }
            _ => Ok(Self(line)),
        }
    }

    /// Checks a number that its owner types: digits, `+`, spaces, `-`, `.`, `(` and `)`.
    pub fn typed(text: &str) -> Result<Self, InvalidText> {
        let number = Self::new(text)?;
        let allowed = |c: char| c.is_ascii_digit() || "+ -.()".contains(c);
        if let Some(c) = number.0.chars().find(|&c| !allowed(c)) {
            return Err(InvalidText::Character(c));
        }
        match number.0.contains(|c: char| c.is_ascii_digit()) {
            true => Ok(number),
            false => Err(InvalidText::Empty),
        }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MobileNumber {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<MobileNumber> for String {
    fn from(number: MobileNumber) -> Self {
        number.0
    }
}

impl fmt::Display for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a registered person tells about themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The registered name.
    pub user: UserName,
    /// Who they are.
    pub identity: IdentityKey,
    /// Counts the owner's changes to this profile.
    pub version: u64,
    /// What to call them.
    pub display_name: DisplayName,
    /// Their mobile number, if they chose to publish it.
    pub mobile: Option<MobileNumber>,
    /// When the name was registered.
    pub registered_at: Timestamp,
    /// Their devices, at most [`limits::DEVICES`].
    pub devices: Vec<DeviceKeys>,
}

impl Profile {
    /// Whether this one replaces `known`, whichever of the two arrived first.
    ///
    /// Of one identity the higher version counts. Of two identities that claim one name the earlier
    /// registration counts (the smaller key on a tie), so that those who sign up at the same moment agree
    /// without a referee. Whoever knows somebody already asks a person instead.
    pub fn replaces(&self, known: &Self) -> bool {
        if self.identity == known.identity {
            return self.version > known.version;
        }
        (self.registered_at, self.identity) < (known.registered_at, known.identity)
    }

    /// The keys of one of their devices.
    pub fn device(&self, id: DeviceId) -> Option<&DeviceKeys> {
        self.devices.iter().find(|device| device.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(identity: u8, registered_at: i64, version: u64) -> Profile {
        let user: UserName = "bob".parse().unwrap();
        Profile {
            display_name: DisplayName::from(&user),
            user,
            identity: IdentityKey::from_bytes([identity; 32]),
            version,
            mobile: None,
            devices: Vec::new(),
            registered_at: Timestamp::from_millis(registered_at),
        }
    }

    #[test]
    fn everybody_agrees_who_owns_a_name() {
        let first = profile(2, 100, 1);
        let second = profile(1, 101, 9);
        assert!(first.replaces(&second) && !second.replaces(&first));
        let tie = profile(1, 100, 1);
        assert!(tie.replaces(&first) && !first.replaces(&tie));
        let edited = profile(2, 100, 2);
        assert!(edited.replaces(&first) && !first.replaces(&edited) && !first.replaces(&first));
    }

    #[test]
    fn a_typed_number_is_checked_and_a_read_one_is_kept() {
        assert!(MobileNumber::typed("+91 (22) 123-45.6").is_ok());
        assert_eq!(MobileNumber::typed("3432q"), Err(InvalidText::Character('q')));
        assert_eq!(MobileNumber::typed("+"), Err(InvalidText::Empty));
        assert!(MobileNumber::new("3432q").is_ok());
        assert!(MobileNumber::new(&"1".repeat(33)).is_err());
    }
}
