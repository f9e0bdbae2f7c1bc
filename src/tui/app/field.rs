//! One line of text in a form.

use tui_input::{Input, InputRequest};
use unicode_segmentation::UnicodeSegmentation;

use super::Action;
use super::text::{cluster_width, width};
use crate::domain::clean_line;

/// Longest text of a field, in bytes: more than any name may have.
const MOST: usize = 1_024;

/// One line of text with a cursor.
#[derive(Clone, Debug, Default)]
pub struct Field {
    input: Input,
}

impl Field {
    /// What is written.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Writes a character at the cursor.
    pub fn type_char(&mut self, c: char) {
        if self.text().len() + c.len_utf8() <= MOST {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Writes a text at the cursor, as one line.
    pub fn paste(&mut self, text: &str) {
        clean_line(text).chars().for_each(|c| self.type_char(c));
    }

    /// Does what an editing action says; says whether it was one.
    pub fn act(&mut self, action: Action) -> bool {
        let request = match action {
            Action::DeleteBefore => InputRequest::DeletePrevChar,
            Action::DeleteAfter => InputRequest::DeleteNextChar,
            Action::DeleteWordBefore => InputRequest::DeletePrevWord,
            Action::DeleteWordAfter => InputRequest::DeleteNextWord,
            Action::DeleteToStart => InputRequest::DeleteFromStart,
            Action::DeleteToEnd => InputRequest::DeleteTillEnd,
            Action::Yank => InputRequest::Yank,
            Action::Left => InputRequest::GoToPrevChar,
            Action::Right => InputRequest::GoToNextChar,
            Action::WordLeft => InputRequest::GoToPrevWord,
            Action::WordRight => InputRequest::GoToNextWord,
            Action::LineStart => InputRequest::GoToStart,
            Action::LineEnd => InputRequest::GoToEnd,
            _ => return false,
        };
        self.input.handle(request);
        true
    }

    /// The part of the text that is visible in so many cells, and the cell of the cursor in it.
    pub fn view(&self, cells: usize) -> (&str, usize) {
        let text = self.text();
        let at = text.char_indices().nth(self.input.cursor()).map_or(text.len(), |(at, _)| at);
        let mut start = 0;
        let mut cursor = width(&text[..at]);
        for (next, cluster) in text[..at].grapheme_indices(true) {
            if cursor < cells {
                break;
            }
            start = next + cluster.len();
            cursor -= cluster_width(cluster);
        }
        (&text[start..], cursor)
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self { input: Input::from(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_view() {
        let field = Field::from("水泵水泵ab");
        assert_eq!(field.view(20), ("水泵水泵ab", 10));
        assert_eq!(field.view(6), ("泵ab", 4));
        assert_eq!(Field::default().view(6), ("", 0));
    }

    #[test]
    fn clusters_are_edited_whole_and_pastes_become_one_line() {
        let mut field = Field::from("a👨‍👩‍👧");
        assert!(field.act(Action::DeleteBefore));
        assert_eq!(field.text(), "a");
        field.paste("b\nc\u{1b}[2J");
        assert_eq!(field.text(), "ab c[2J");
        assert!(!field.act(Action::Send));
    }

    #[test]
    fn a_field_is_bounded() {
        let mut field = Field::default();
        field.paste(&"水".repeat(10_000));
        assert!(field.text().len() <= MOST);
    }
}
