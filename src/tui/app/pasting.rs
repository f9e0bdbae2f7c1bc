//! What is pasted, and when it is asked about.

use super::event::Pasted;
use super::text::counted;
use crate::domain::limits;

/// Most lines that are inserted without a question.
const LINES: usize = 10;
/// Most bytes that are inserted without a question.
const BYTES: usize = 4 * 1024;

/// Whether a paste is asked about.
pub fn is_large(text: &str) -> bool {
    text.len() > BYTES || text.lines().count() > LINES
}

/// The path of a file that was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastedFile {
    /// The path, absolute.
    pub path: String,
    /// What the file is called, fit to be shown.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// What was pasted.
    pub pasted: Pasted,
}

/// A pasted text, cleaned, and no longer than a message may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargePaste {
    text: String,
    cut: bool,
}

impl LargePaste {
    /// A cleaned text; whether its end was missing already.
    pub fn new(text: String, cut: bool) -> Self {
        let mut paste = Self { text, cut };
        paste.bound();
        paste
    }

    /// The rest of it came.
    pub fn add(&mut self, text: &str, cut: bool) {
        self.text.push('\n');
        self.text.push_str(text);
        self.cut |= cut;
        self.bound();
    }

    fn bound(&mut self) {
        if self.text.len() > limits::TEXT {
            self.text.truncate(self.text.floor_char_boundary(limits::TEXT));
            self.cut = true;
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its end is missing.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// How much it is: `500 lines (4 KiB)`.
    pub fn counts(&self) -> String {
        let lines = counted(self.text.lines().count(), "line");
        let size = match self.text.len() {
            bytes @ 0..1_024 => counted(bytes, "byte"),
            bytes => format!("{} KiB", bytes.div_ceil(1_024)),
        };
        let cut = if self.cut { ", and the end is missing" } else { "" };
        format!("{lines} ({size}{cut})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_long_is_asked_about() {
        assert!(!is_large(&"x\n".repeat(10)) && is_large(&"x\n".repeat(11)));
        assert!(!is_large(&"x".repeat(4_096)) && is_large(&"x".repeat(4_097)));
    }

    #[test]
    fn a_paste_is_counted_and_bounded() {
        assert_eq!(LargePaste::new("a\nb".to_owned(), false).counts(), "2 lines (3 bytes)");
        assert_eq!(LargePaste::new("x".repeat(1_025), false).counts(), "1 line (2 KiB)");
        let mut paste = LargePaste::new("水".repeat(5_000), false);
        assert!(!paste.is_cut());
        paste.add(&"水".repeat(5_000), false);
        assert!(paste.is_cut() && paste.text().len() <= limits::TEXT);
        assert!(paste.counts().ends_with("(16 KiB, and the end is missing)"), "{}", paste.counts());
    }
}
