//! One line of text that nobody is to read over a shoulder, in a form.

use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroizing;

use super::Action;
use crate::domain::{InvalidPassphrase, Passphrase, limits};

/// A passphrase as it is typed. It is overwritten when it is dropped, and there is no cursor to move in what
/// cannot be seen.
#[derive(Clone)]
pub struct SecretField {
    // As long as it may become from the start: what grows leaves copies behind.
    text: Zeroizing<String>,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(limits::PASSPHRASE)) }
    }
}

impl std::fmt::Debug for SecretField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretField(…)")
    }
}

impl SecretField {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many characters a person would count.
    pub fn len(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// Whether the same stands in both.
    pub fn is_same(&self, other: &Self) -> bool {
        *self.text == *other.text
    }

    /// What is written, as a passphrase.
    ///
    /// # Errors
    /// When it is empty.
    pub fn passphrase(&self) -> Result<Passphrase, InvalidPassphrase> {
        Passphrase::new(self.text.clone())
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes a character at the end.
    pub fn type_char(&mut self, c: char) {
        if !c.is_control() && self.text.len() + c.len_utf8() <= limits::PASSPHRASE {
            self.text.push(c);
        }
    }

    /// Writes the first line of a text at the end.
    pub fn paste(&mut self, text: &str) {
        text.lines().next().unwrap_or_default().chars().for_each(|c| self.type_char(c));
    }

    /// Does what an editing action says; says whether it was one.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::DeleteBefore => {
                let last = self.text.grapheme_indices(true).next_back().map(|(at, _)| at);
                self.text.truncate(last.unwrap_or(0));
            }
            // Which word that is cannot be seen.
            Action::DeleteWordBefore | Action::DeleteToStart => self.clear(),
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_edited_at_its_end_and_never_shown() {
        let mut field = SecretField::default();
        field.paste("hush 👨‍👩‍👧\nsecond line");
        assert_eq!((field.len(), field.is_empty()), (6, false));
        assert!(field.act(Action::DeleteBefore) && !field.act(Action::Left));
        assert_eq!(field.passphrase().unwrap().as_bytes(), b"hush ");
        assert_eq!(format!("{field:?}"), "SecretField(…)");
        let mut other = SecretField::default();
        other.paste("hush ");
        assert!(field.is_same(&other));
        other.type_char('\u{7}');
        assert!(field.is_same(&other), "control characters are left out");
        assert!(other.act(Action::DeleteToStart) && other.is_empty());
        other.paste(&"水".repeat(10_000));
        assert!(other.passphrase().is_ok(), "it is bounded");
    }
}
