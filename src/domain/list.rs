//! Lists of contacts that one writes to at once: each of them for themselves, as if one wrote to them one by one.
//!
//! A list is our own affair: nobody else knows of it, nor who is on it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::checked_name;
use super::{InvalidText, UserName};

/// The name of a list: one word, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListName(String);

impl ListName {
    /// Cleans and checks a name.
    ///
    /// # Errors
    /// Where it is none, too long, or more than a word.
    pub fn new(name: &str) -> Result<Self, InvalidText> {
        let name = checked_name(name)?.to_lowercase();
        match name.chars().find(|c| c.is_whitespace()) {
            Some(blank) => Err(InvalidText::Character(blank)),
            // Small letters may be longer.
            None => checked_name(&name).map(Self),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ListName {
    type Error = InvalidText;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl From<ListName> for String {
    fn from(name: ListName) -> Self {
        name.0
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list of contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactList {
    /// What it is called.
    pub name: ListName,
    /// Who is on it; a list without anybody is none.
    pub members: BTreeSet<UserName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_in_small_letters() {
        for (name, clean) in
            [("Crew", "crew"), (" crew\u{1b} ", "crew"), ("Bläser", "bläser"), ("水泵", "水泵")]
        {
            assert_eq!(ListName::new(name).unwrap().as_str(), clean);
        }
        assert_eq!(ListName::new("night shift"), Err(InvalidText::Character(' ')));
        assert_eq!(ListName::new(" \u{202e}"), Err(InvalidText::Empty));
        assert!(ListName::new(&"x".repeat(65)).is_err());
        let name = ListName::new(&"İ".repeat(32)).map(String::from).unwrap();
        assert_eq!(ListName::new(&name).unwrap().as_str(), name, "read as it is written");
    }
}
