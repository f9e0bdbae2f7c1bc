//! What opens an account: the passphrase that a person knows, and the key that everything is encrypted with.
//! Both are overwritten when they are dropped, and neither can be printed.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

use super::limits;

/// Why a text is not a passphrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassphrase {
    /// There is nothing in it.
    #[error("a passphrase cannot be empty")]
    Empty,
    /// Longer than anybody types.
    #[error("a passphrase has at most {max} bytes", max = limits::PASSPHRASE)]
    TooLong,
    /// A control character, which no terminal lets one type.
    #[error("a passphrase cannot hold control characters")]
    Control,
}

/// What a person knows and nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase as it was typed; blanks count.
    ///
    /// # Errors
    /// One that is empty, too long, or has a control character in it.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Result<Self, InvalidPassphrase> {
        let text = text.into();
        match text.as_str() {
            "" => Err(InvalidPassphrase::Empty),
            text if text.len() > limits::PASSPHRASE => Err(InvalidPassphrase::TooLong),
            text if text.contains(char::is_control) => Err(InvalidPassphrase::Control),
            _ => Ok(Self(text)),
        }
    }

    /// Its bytes, to make a key from.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it has so few characters that the person is told. One that is longer may be as easy to guess.
    pub fn is_short(&self) -> bool {
        self.0.graphemes(true).count() < limits::SHORT_PASSPHRASE
    }
}

/// Says that there is one and nothing about it, so that what holds one can be logged.
impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The random key that everything in one account is encrypted with. It never changes; what protects it may.
// Boxed: a move copies the pointer, and leaves no key behind.
#[derive(Clone)]
pub struct DataKey(Box<[u8; 32]>);

impl DataKey {
    /// The key that `fill` writes.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn filled<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::new([0; 32]));
        fill(&mut key.0)?;
        Ok(key)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_what_can_be_typed_and_is_never_shown() {
        let passphrase = |text: &str| Passphrase::new(text.to_owned());
        assert_eq!(passphrase(" käse 水 ").unwrap().as_bytes(), " käse 水 ".as_bytes());
        assert_eq!(passphrase(""), Err(InvalidPassphrase::Empty));
        assert_eq!(passphrase("a\nb"), Err(InvalidPassphrase::Control));
        assert_eq!(passphrase(&"a".repeat(1_025)), Err(InvalidPassphrase::TooLong));
        assert_eq!(format!("{:?}", passphrase("hush")), "Ok(Passphrase(…))");
    }

    #[test]
    fn fewer_than_eight_characters_are_short() {
        let is_short = |text: &str| Passphrase::new(text.to_owned()).unwrap().is_short();
        assert!(is_short("a") && is_short("1234567") && !is_short("12345678"));
        // As a person counts them.
        assert!(is_short(&"👨‍👩‍👧".repeat(7)) && !is_short(&"ä".repeat(8)));
    }
}
