//! What is done with a message after it was said.
//!
//! Each of these is told by a letter of its own, and letters come in any order, more than once, and before the
//! message that they are about. So of each kind the newest counts, by the time and then by the id of its letter;
//! a message that its author took back stays taken back, whatever else comes.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Ballot, InvalidText, MessageText, clean_line, limits};

/// A sign that somebody answers a message with: one character as a person sees it, such as 👍 or ❤️.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reaction(String);

impl Reaction {
    /// Cleans and checks a sign.
    ///
    /// # Errors
    /// Where it is none, more than one, or longer than [`limits::REACTION`] bytes.
    pub fn new(sign: &str) -> Result<Self, InvalidText> {
        let too_long = |limit, unit| Err(InvalidText::TooLong { limit, unit });
        if sign.len() > limits::REACTION {
            return too_long(limits::REACTION, "bytes");
        }
        let clean = clean_line(sign);
        match clean.graphemes(true).count() {
            0 => Err(InvalidText::Empty),
            // What takes no room cannot be seen.
            1 if clean.width() == 0 => Err(InvalidText::Empty),
            1 => Ok(Self(clean)),
            _ => too_long(1, "sign"),
        }
    }

    /// The sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reaction {
    type Error = InvalidText;

    fn try_from(sign: String) -> Result<Self, Self::Error> {
        Self::new(&sign)
    }
}

impl From<Reaction> for String {
    fn from(sign: Reaction) -> Self {
        sign.0
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody does with a message that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// Its author says it otherwise.
    Edit(MessageText),
    /// Its author takes it back.
    Delete,
    /// Somebody answers it with a sign, or takes their sign back.
    React(Option<Reaction>),
    /// Somebody pins it where all can find it, or takes it down.
    Pin(bool),
    /// Somebody votes in the poll that it asks, or takes their vote back.
    Vote(Ballot),
    /// Its author ends the poll that it asks: what stands by then is the result.
    Close,
}

impl Alteration {
    /// Whether how far the message has come is how far this has, from then on.
    pub fn moves_ticks(&self) -> bool {
        matches!(self, Self::Edit(_))
    }

    /// Whether nobody but who wrote the message may do that.
    pub fn is_for_its_author(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::Delete | Self::Close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_one_that_can_be_seen() {
        for good in ["👍", "❤️", "👩🏽‍🚀", "🇦🇺", "é", "!"] {
            assert_eq!(Reaction::new(good).unwrap().as_str(), good);
        }
        assert_eq!(Reaction::new(" 👍\u{1b} ").unwrap().as_str(), "👍");
        for none in ["", " ", "\u{1b}", "\u{202e}", "\u{301}", "\u{200d}"] {
            assert_eq!(Reaction::new(none), Err(InvalidText::Empty), "{none:?}");
        }
        let long = format!("e{}", "\u{301}".repeat(40));
        for many in ["👍👍", "ok", &long] {
            assert!(matches!(Reaction::new(many), Err(InvalidText::TooLong { .. })), "{many:?}");
        }
    }
}
