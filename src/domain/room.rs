//! Open rooms: where anything that can publish text can talk, and nothing is encrypted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{InvalidUserName, UserName};

/// The name of an open room: `[a-z0-9][a-z0-9_-]{0,31}`.
///
/// The alphabet of user names, for the same reasons: it is one level of an MQTT topic and no wildcard, it can be
/// typed in any shell and used as a file name, and no two names look the same but for their case. Nobody
/// registers a room: it exists by being spoken in.
///
/// Where a room stands beside people and groups it is written with a `+` before it, with which no user name and no
/// group id begins, and which no shell, crontab or service file takes for anything else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(UserName);

/// Why a text is not a [`RoomName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoomName {
    /// Nothing was given.
    #[error("the name of a room cannot be empty")]
    Empty,
    /// More than [`limits::USER_NAME`](super::limits::USER_NAME) characters.
    #[error("the name of a room has at most {max} characters, this one has {0}", max = super::limits::USER_NAME)]
    TooLong(usize),
    /// The first character is a sign.
    #[error("the name of a room starts with a letter a-z or a digit, not with `{0}`")]
    FirstCharacter(char),
    /// A character outside the alphabet.
    #[error("`{0}` cannot stand in the name of a room: use a-z, 0-9, `_` and `-`")]
    Character(char),
}

impl From<InvalidUserName> for InvalidRoomName {
    fn from(why: InvalidUserName) -> Self {
        match why {
            InvalidUserName::Empty => Self::Empty,
            InvalidUserName::TooLong(n) => Self::TooLong(n),
            InvalidUserName::FirstCharacter(c) => Self::FirstCharacter(c),
            InvalidUserName::Character(c) => Self::Character(c),
        }
    }
}

impl RoomName {
    /// What stands before the name where people and groups are named too.
    pub const SIGN: char = '+';

    /// The name as text, without the sign.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Reads a name with or without the sign before it.
    ///
    /// # Errors
    /// Says why what follows the sign is no name.
    pub fn read(text: &str) -> Result<Self, InvalidRoomName> {
        text.strip_prefix(Self::SIGN).unwrap_or(text).parse()
    }
}

impl FromStr for RoomName {
    type Err = InvalidRoomName;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.parse()?))
    }
}

impl TryFrom<String> for RoomName {
    type Error = InvalidRoomName;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_named_as_a_person_is_and_the_sign_is_no_part_of_it() {
        assert_eq!("lobby-2".parse::<RoomName>().unwrap().as_str(), "lobby-2");
        assert_eq!(RoomName::read("+lobby"), "lobby".parse());
        assert_eq!(RoomName::read("lobby"), "lobby".parse());
        assert_eq!("+lobby".parse::<RoomName>(), Err(InvalidRoomName::Character('+')));
        assert_eq!(RoomName::read("++lobby"), Err(InvalidRoomName::Character('+')));
        assert_eq!("".parse::<RoomName>(), Err(InvalidRoomName::Empty));
        for bad in ["a/b", "#", "é", "Lobby", "a\u{7}"] {
            assert!(matches!(bad.parse::<RoomName>(), Err(InvalidRoomName::Character(_))), "{bad}");
        }
        assert_eq!("-a".parse::<RoomName>(), Err(InvalidRoomName::FirstCharacter('-')));
        assert_eq!("a".repeat(33).parse::<RoomName>(), Err(InvalidRoomName::TooLong(33)));
    }
}
