//! The composer's text: several lines, undo, words, kill and yank.
//!
//! ratatui-textarea keeps text, history and the yanked piece. It counts in code points, so every motion
//! and deletion here is worked out in grapheme clusters first and then told to it as a column. It is
//! never drawn: [`Editor::layout`] wraps with the rule of [`super::wrap()`].

mod motions;
mod normal;
mod selection;

use std::ops::Range;

use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

pub use normal::{Normal, Outcome};
use selection::Marked;

use super::Action;
use super::text::width;
use super::wrap::wrap;
use crate::domain::limits;

/// How many single edits can be undone.
const UNDO_STEPS: usize = 1_000;

/// A text that is being written, at most [`limits::TEXT`] bytes.
#[derive(Clone, Debug)]
pub struct Editor {
    area: TextArea<'static>,
    /// The column that Up and Down aim at, kept while only they are used.
    goal: Option<usize>,
}

/// A text that is being written, laid out at some width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The rows from top to bottom.
    pub rows: Vec<String>,
    /// Row and cell of the cursor; the cell is less than the width.
    pub cursor: (usize, usize),
    /// Rows with the cells of them that are selected.
    pub marked: Vec<Marked>,
}

/// Line and byte.
type Position = (usize, usize);

/// One row on the screen: bytes of one line of the text.
struct Row {
    line: usize,
    range: Range<usize>,
}

impl Default for Editor {
    fn default() -> Self {
        let mut area = TextArea::default();
        area.set_max_histories(UNDO_STEPS);
        Self { area, goal: None }
    }
}

/// A text that was written before, with the cursor at its end. Nothing of it can be undone.
impl From<&str> for Editor {
    fn from(text: &str) -> Self {
        let mut written = Self::default();
        written.insert(text);
        let mut area = TextArea::new(written.area.into_lines());
        area.set_max_histories(UNDO_STEPS);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, goal: None }
    }
}

impl Editor {
    /// The text, its lines joined by line feeds.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Whether this is the text.
    pub fn reads(&self, text: &str) -> bool {
        self.area.lines().iter().map(String::as_str).eq(text.split('\n'))
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Bytes written, line feeds included.
    pub fn len(&self) -> usize {
        self.area.lines().iter().map(|line| line.len() + 1).sum::<usize>() - 1
    }

    /// Whether a line begins the text and looks like a command.
    pub fn is_command(&self) -> bool {
        let first = self.area.lines().first().map_or("", String::as_str);
        first.starts_with('/') && !first.starts_with("//")
    }

    /// Takes the text out and starts afresh.
    pub fn take(&mut self) -> String {
        std::mem::take(self).text()
    }

    /// Puts this text, or what of it fits within the limit, in the place of what is written; that can be undone. Says
    /// whether all of it fit.
    pub fn replace(&mut self, text: &str) -> bool {
        if self.text() == text {
            return true;
        }
        self.area.select_all();
        if text.is_empty() {
            self.area.delete_next_char();
        }
        self.insert(text)
    }

    /// Inserts at the cursor what fits within the limit; says whether all of it did.
    pub fn insert(&mut self, text: &str) -> bool {
        if text.is_empty() {
            return true;
        }
        self.goal = None;
        let room = limits::TEXT.saturating_sub(self.len() - self.selected_len());
        if text.len() <= room {
            self.area.insert_str(text);
            return true;
        }
        let clusters = text.grapheme_indices(true).map(|(at, cluster)| at + cluster.len());
        let end = clusters.take_while(|&end| end <= room).last().unwrap_or(0);
        self.area.insert_str(&text[..end]);
        false
    }

    /// What stands before the cursor in its line, and whether that is the first line.
    pub fn before_cursor(&self) -> (&str, bool) {
        let (line, at) = self.position();
        (&self.area.lines()[line][..at], line == 0)
    }

    /// Puts a text in the place of so many bytes before the cursor, which are whole clusters.
    pub fn replace_before(&mut self, bytes: usize, text: &str) {
        let (_, at) = self.position();
        self.area.cancel_selection();
        let yanked = self.yanked();
        self.delete(Some(at.saturating_sub(bytes)..at), true);
        self.set_yanked(&yanked);
        self.insert(text);
    }

    /// What Yank would insert.
    pub fn yanked(&self) -> String {
        self.area.yank_text()
    }

    /// What Yank is to insert.
    pub fn set_yanked(&mut self, text: &str) {
        self.area.set_yank_text(text);
    }

    /// Does what an editing action says, at this width of the composer; says whether it was one.
    pub fn act(&mut self, action: Action, cells: usize) -> bool {
        self.select(action, cells) || self.act_plainly(action, cells)
    }

    fn act_plainly(&mut self, action: Action, cells: usize) -> bool {
        let (line, at) = self.position();
        let text = self.area.lines()[line].as_str();
        if !matches!(action, Action::Up | Action::Down) {
            self.goal = None;
        }
        match action {
            Action::NewLine => {
                self.insert("\n");
            }
            Action::Left => match before(text, at) {
                Some(to) => self.go(line, to),
                None => self.area.move_cursor(CursorMove::Back),
            },
            Action::Right => match after(text, at) {
                Some(to) => self.go(line, to),
                None => self.area.move_cursor(CursorMove::Forward),
            },
            Action::WordLeft => match word_before(text, at) {
                Some(to) => self.go(line, to),
                None => self.area.move_cursor(CursorMove::Back),
            },
            Action::WordRight => match word_after(text, at) {
                Some(to) => self.go(line, to),
                None => self.area.move_cursor(CursorMove::Forward),
            },
            Action::LineStart => self.go(line, 0),
            Action::LineEnd => self.go(line, text.len()),
            Action::TextStart => self.go(0, 0),
            Action::TextEnd => {
                let last = self.area.lines().len() - 1;
                self.go(last, self.area.lines()[last].len());
            }
            Action::Up => self.move_rows(cells, false, 1),
            Action::Down => self.move_rows(cells, true, 1),
            Action::DeleteBefore => self.delete(before(text, at).map(|from| from..at), true),
            Action::DeleteAfter => self.delete(after(text, at).map(|to| at..to), false),
            Action::DeleteWordBefore => self.delete(word_before(text, at).map(|from| from..at), true),
            Action::DeleteWordAfter => self.delete(word_after(text, at).map(|to| at..to), false),
            Action::DeleteToStart => self.delete((at > 0).then_some(0..at), true),
            Action::DeleteToEnd => self.delete((at < text.len()).then_some(at..text.len()), false),
            Action::Yank => {
                let yanked = self.area.yank_text();
                self.insert(&yanked);
            }
            Action::Undo => {
                self.area.undo();
            }
            Action::Redo => {
                self.area.redo();
            }
            _ => return false,
        }
        true
    }

    /// The rows of the text at this width, with the cursor.
    pub fn layout(&self, cells: usize) -> Layout {
        let rows = self.rows(cells);
        let (line, at) = self.position();
        let row = cursor_row(&rows, line, at);
        let before = &self.area.lines()[line][rows[row].range.start..at];
        // Spaces that hang over the edge, and the end of a full row, leave the cursor on the last cell.
        let cell = width(before).min(cells.saturating_sub(1));
        let text = |row: &Row| self.area.lines()[row.line][row.range.clone()].to_owned();
        let marked = self.marked(&rows, cells);
        Layout { cursor: (row, cell), rows: rows.iter().map(text).collect(), marked }
    }

    fn rows(&self, cells: usize) -> Vec<Row> {
        let lines = self.area.lines().iter().enumerate();
        lines
            .flat_map(|(line, text)| wrap(text, cells).into_iter().map(move |range| Row { line, range }))
            .collect()
    }

    /// Line and byte of the cursor.
    fn position(&self) -> Position {
        let cursor = self.area.cursor();
        let line = &self.area.lines()[cursor.0];
        let at = line.char_indices().nth(cursor.1).map_or(line.len(), |(at, _)| at);
        (cursor.0, at)
    }

    fn go(&mut self, line: usize, at: usize) {
        let column = self.area.lines()[line][..at].chars().count();
        // The text is at most `limits::TEXT` long, so that both fit.
        let jump = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(jump(line), jump(column)));
    }

    /// Moves so many rows, or as far as there are any.
    fn move_rows(&mut self, cells: usize, down: bool, times: usize) {
        let rows = self.rows(cells);
        let (line, at) = self.position();
        let row = cursor_row(&rows, line, at);
        let lines = self.area.lines();
        let goal = self.goal.unwrap_or_else(|| width(&lines[line][rows[row].range.start..at]));
        let target = if down { (row + times).min(rows.len() - 1) } else { row.saturating_sub(times) };
        if target == row {
            return;
        }
        let Row { line, range } = &rows[target];
        let mut to = range.start;
        for (start, cluster) in lines[*line][range.clone()].grapheme_indices(true) {
            let end = range.start + start + cluster.len();
            let wrapped =
                end == range.end && rows.get(target + 1).is_some_and(|next| next.line == *line);
            // The end of a wrapped row is the start of the next one: the cursor stays before it.
            if wrapped || width(&lines[*line][range.start..end]) > goal {
                break;
            }
            to = end;
        }
        let line = *line;
        self.go(line, to);
        self.goal = Some(goal);
    }

    /// Deletes bytes of the cursor's line, or else the line feed beside the cursor.
    fn delete(&mut self, range: Option<Range<usize>>, backwards: bool) {
        let (line, _) = self.position();
        match range {
            Some(range) => {
                let chars = self.area.lines()[line][range.clone()].chars().count();
                self.go(line, range.start);
                self.area.delete_str(chars);
            }
            None if backwards => {
                self.area.delete_newline();
            }
            None if line + 1 < self.area.lines().len() => {
                self.area.delete_next_char();
            }
            None => {}
        }
    }
}

/// The row that holds this byte; between two rows of one line, the lower one.
fn cursor_row(rows: &[Row], line: usize, at: usize) -> usize {
    rows.iter().rposition(|row| row.line == line && row.range.start <= at).unwrap_or(0)
}

fn before(text: &str, at: usize) -> Option<usize> {
    GraphemeCursor::new(at, text.len(), true).prev_boundary(text, 0).ok().flatten()
}

fn after(text: &str, at: usize) -> Option<usize> {
    GraphemeCursor::new(at, text.len(), true).next_boundary(text, 0).ok().flatten()
}

fn word_before(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].unicode_word_indices().next_back().map(|(start, _)| start);
    start.or((at > 0).then_some(0))
}

fn word_after(text: &str, at: usize) -> Option<usize> {
    let end = text[at..].unicode_word_indices().next().map(|(start, word)| at + start + word.len());
    end.or((at < text.len()).then_some(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👨‍👩‍👧";

    fn written(text: &str) -> Editor {
        let mut editor = Editor::default();
        assert!(editor.insert(text));
        editor
    }

    fn after_acts(mut editor: Editor, acts: &[Action]) -> Editor {
        for &act in acts {
            assert!(editor.act(act, 10));
        }
        editor
    }

    #[test]
    fn what_looks_like_one_character_goes_at_once() {
        for cluster in [FAMILY, "e\u{301}", "🇦🇺", "水", "नि"] {
            let text = format!("a{cluster}");
            assert_eq!(after_acts(written(&text), &[Action::DeleteBefore]).text(), "a", "{cluster}");
            let left = after_acts(written(&text), &[Action::Left, Action::DeleteAfter]);
            assert_eq!(left.text(), "a", "{cluster}");
            let mut right =
                after_acts(written(&text), &[Action::LineStart, Action::Right, Action::Right]);
            right.insert("|");
            assert_eq!(right.text(), format!("a{cluster}|"));
        }
    }

    #[test]
    fn lines_join_and_part() {
        let joined = after_acts(written("a\nb"), &[Action::Left, Action::DeleteBefore]);
        assert_eq!(joined.text(), "ab");
        let ahead =
            after_acts(written("a\nb"), &[Action::TextStart, Action::Right, Action::DeleteAfter]);
        assert_eq!(ahead.text(), "ab");
        let parted = after_acts(written("ab"), &[Action::Left, Action::NewLine]);
        assert_eq!(parted.text(), "a\nb");
        let ends =
            after_acts(written("ab"), &[Action::DeleteAfter, Action::TextStart, Action::DeleteBefore]);
        assert_eq!(ends.text(), "ab");
    }

    #[test]
    fn words_and_lines_are_deleted_and_come_back() {
        let cut = after_acts(written("check the valve"), &[Action::DeleteWordBefore]);
        assert_eq!(cut.text(), "check the ");
        let back = after_acts(cut, &[Action::LineStart, Action::Yank]);
        assert_eq!(back.text(), "valvecheck the ");
        let undone = after_acts(back, &[Action::Undo, Action::Undo]);
        assert_eq!(undone.text(), "check the valve");
        assert_eq!(after_acts(undone, &[Action::Redo]).text(), "check the ");
        let middle = after_acts(written("水 泵 修"), &[Action::WordLeft, Action::DeleteToStart]);
        assert_eq!(middle.text(), "修");
        let end =
            after_acts(written("a b"), &[Action::LineStart, Action::WordRight, Action::DeleteToEnd]);
        assert_eq!(end.text(), "a");
    }

    #[test]
    fn the_cursor_follows_the_wrap() {
        let editor = written("the pump is back");
        let layout = editor.layout(9);
        assert_eq!(layout.rows, ["the pump ", "is back"]);
        assert_eq!(layout.cursor, (1, 7));
        let up = after_acts(editor, &[Action::Up]);
        assert_eq!(up.layout(10).cursor, (0, 7));
        assert_eq!(after_acts(up, &[Action::Up, Action::Down]).layout(10).cursor, (1, 7));
    }

    #[test]
    fn up_and_down_keep_their_column_over_short_and_wide_lines() {
        let editor = after_acts(written("abcdef\nx\n水泵水泵"), &[Action::Up, Action::Up]);
        assert_eq!(editor.layout(10).cursor, (0, 6));
        let down = after_acts(editor, &[Action::Left, Action::Down, Action::Down]);
        assert_eq!(down.layout(10).cursor, (2, 4), "between two wide clusters, not inside one");
    }

    #[test]
    fn a_full_row_keeps_the_cursor_on_it() {
        let layout = written("abcd    ").layout(4);
        assert_eq!((layout.rows.len(), layout.cursor), (1, (0, 3)));
    }

    #[test]
    fn the_text_is_bounded_and_never_cut_inside_a_cluster() {
        let mut editor = written(&"x".repeat(limits::TEXT - 4));
        assert!(!editor.insert(&format!("ab{FAMILY}")));
        assert_eq!(editor.len(), limits::TEXT - 2);
        assert!(editor.text().ends_with("ab"));
    }

    #[test]
    fn a_text_from_before_goes_on_at_its_end_and_is_not_undone() {
        let mut editor = after_acts(Editor::from("the\n水泵"), &[Action::Undo]);
        editor.insert("!");
        assert!(editor.reads("the\n水泵!") && !editor.reads("the\n水泵") && !editor.reads("the"));
        assert!(Editor::from("").is_empty() && Editor::default().reads(""));
    }

    #[test]
    fn commands_are_told_from_text() {
        assert!(written("/help").is_command());
        assert!(!written("//shrug").is_command());
        assert!(!written("a\n/help").is_command());
    }
}
