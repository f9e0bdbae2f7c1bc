//! Selecting part of the text: any motion can be made with the other end left where it was.

use std::ops::Range;

use super::{Editor, Position, Row};
use crate::tui::app::Action;
use crate::tui::app::text::width;

/// Cells of one row that are selected.
pub type Marked = (usize, Range<usize>);

/// The motion that an action selects with.
fn motion(action: Action) -> Option<Action> {
    Some(match action {
        Action::SelectLeft => Action::Left,
        Action::SelectRight => Action::Right,
        Action::SelectUp => Action::Up,
        Action::SelectDown => Action::Down,
        Action::SelectWordLeft => Action::WordLeft,
        Action::SelectWordRight => Action::WordRight,
        Action::SelectLineStart => Action::LineStart,
        Action::SelectLineEnd => Action::LineEnd,
        Action::SelectTextStart => Action::TextStart,
        Action::SelectTextEnd => Action::TextEnd,
        _ => return None,
    })
}

impl Editor {
    /// Where the selection begins and ends, if there is one.
    pub(super) fn selection(&self) -> Option<(Position, Position)> {
        let (from, to) = self.area.selection_range().filter(|(from, to)| from < to)?;
        let place = |(line, column): (usize, usize)| {
            let text = self.area.lines().get(line).map_or("", String::as_str);
            (line, text.char_indices().nth(column).map_or(text.len(), |(at, _)| at))
        };
        Some((place(from), place(to)))
    }

    /// The selected text.
    pub fn selected(&self) -> Option<String> {
        let ((first, start), (last, end)) = self.selection()?;
        let lines = &self.area.lines()[first..=last];
        let cut = |at: usize, line: &'_ str| {
            let from = if at == 0 { start } else { 0 };
            let to = if first + at == last { end } else { line.len() };
            line[from..to].to_owned()
        };
        let pieces: Vec<String> = lines.iter().enumerate().map(|(at, line)| cut(at, line)).collect();
        Some(pieces.join("\n"))
    }

    /// Selects nothing any more; says whether something was selected.
    pub fn deselect(&mut self) -> bool {
        let any = self.selection().is_some();
        self.area.cancel_selection();
        any
    }

    /// Does what an action does with a selection; says whether it did something.
    pub(super) fn select(&mut self, action: Action, cells: usize) -> bool {
        if let Some(motion) = motion(action) {
            if !self.area.is_selecting() {
                self.area.start_selection();
            }
            self.act_plainly(motion, cells);
            return true;
        }
        let Some((start, end)) = self.selection() else {
            self.area.cancel_selection();
            if action == Action::SelectAll {
                self.area.select_all();
                return true;
            }
            return false;
        };
        match action {
            Action::SelectAll => self.area.select_all(),
            Action::Copy => self.area.set_yank_text(self.selected().unwrap_or_default()),
            // What goes character by character is not worth putting back.
            Action::DeleteBefore | Action::DeleteAfter => {
                self.area.delete_next_char();
            }
            Action::Cut
            | Action::DeleteWordBefore
            | Action::DeleteWordAfter
            | Action::DeleteToStart
            | Action::DeleteToEnd => {
                self.area.cut();
            }
            Action::Left | Action::Right => {
                self.area.cancel_selection();
                let (line, at) = if action == Action::Left { start } else { end };
                self.go(line, at);
            }
            // What writes takes its place.
            Action::NewLine | Action::Yank => return false,
            _ => {
                self.area.cancel_selection();
                return false;
            }
        }
        true
    }

    /// Bytes that go when something is written.
    pub(super) fn selected_len(&self) -> usize {
        self.selected().map_or(0, |text| text.len())
    }

    /// The cells of each row that are selected. A line feed is shown as a cell behind its line.
    pub(super) fn marked(&self, rows: &[Row], cells: usize) -> Vec<Marked> {
        let Some((start, end)) = self.selection() else { return Vec::new() };
        let mark = |(at, row): (usize, &Row)| {
            let text = &self.area.lines()[row.line];
            let from = start.max((row.line, row.range.start));
            let to = end.min((row.line, row.range.end));
            let is_last = row.range.end == text.len();
            let feed = is_last && start <= (row.line, text.len()) && end.0 > row.line;
            if from.0 != row.line || to.0 != row.line || (from >= to && !feed) {
                return None;
            }
            let cell = |byte: usize| width(&text[row.range.start..byte]);
            let range = cell(from.1)..cell(to.1.max(from.1)) + usize::from(feed);
            Some((at, range.start.min(cells)..range.end.min(cells + usize::from(feed))))
        };
        rows.iter().enumerate().filter_map(mark).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::limits;

    fn after(text: &str, acts: &[Action]) -> Editor {
        let mut editor = Editor::from(text);
        acts.iter().for_each(|&act| assert!(editor.act(act, 10), "{act:?}"));
        editor
    }

    #[test]
    fn motions_select_and_what_is_typed_takes_its_place() {
        use Action::*;
        let family = "👨‍👩‍👧";
        let text = format!("the {family} pump");
        let mut editor = after(&text, &[SelectWordLeft, SelectLeft, SelectLeft]);
        assert_eq!(editor.selected(), Some(format!("{family} pump")));
        editor.insert("valve");
        assert_eq!(editor.text(), "the valve");
        assert_eq!(editor.selected(), None);
        let lines = after("one\ntwo", &[SelectUp, SelectLineStart]);
        assert_eq!(lines.selected().as_deref(), Some("one\ntwo"));
        assert_eq!(after("one\ntwo", &[SelectTextStart, NewLine]).text(), "\n");
        assert_eq!(after("one\ntwo", &[SelectAll, DeleteBefore]).text(), "");
        assert_eq!(after("one", &[SelectLeft, SelectRight]).selected(), None, "there and back");
    }

    #[test]
    fn what_is_cut_or_copied_can_be_put_back_and_what_is_deleted_leaves_that_alone() {
        use Action::*;
        assert_eq!(after("one two", &[SelectWordLeft, Cut, TextStart, Yank]).text(), "twoone ");
        assert_eq!(after("a\nb", &[SelectAll, Copy, TextEnd, Yank]).text(), "a\nba\nb");
        assert_eq!(after("one two", &[SelectWordLeft, DeleteToStart, Yank, Yank]).text(), "one twotwo");
        let kept = [SelectWordLeft, Cut, SelectLeft, DeleteBefore, Yank];
        assert_eq!(after("one two", &kept).text(), "onetwo");
        let mut nothing = Editor::from("one");
        assert!(!nothing.act(Copy, 10) && !nothing.act(Cut, 10));
        assert_eq!(nothing.text(), "one");
    }

    #[test]
    fn other_motions_let_go_of_it() {
        use Action::*;
        let mut left = after("abcd", &[SelectLeft, SelectLeft, Left]);
        left.insert("|");
        assert_eq!(left.text(), "ab|cd");
        let mut right = after("abcd", &[LineStart, SelectRight, SelectRight, Right]);
        right.insert("|");
        assert_eq!(right.text(), "ab|cd");
        let mut home = after("abcd", &[SelectLeft, LineStart]);
        home.insert("|");
        assert_eq!(home.text(), "|abcd");
        assert!(after("ab", &[SelectLeft]).deselect() && !Editor::from("ab").deselect());
    }

    #[test]
    fn what_is_selected_makes_room() {
        let mut editor = Editor::from("x".repeat(limits::TEXT).as_str());
        assert!(editor.act(Action::SelectLeft, 10));
        assert!(!editor.insert("ab"));
        assert_eq!((editor.len(), editor.text().ends_with("xa")), (limits::TEXT, true));
    }

    #[test]
    fn the_marked_cells_are_those_of_the_selected_text() {
        use Action::*;
        let marks = |editor: &Editor| editor.layout(9).marked;
        assert_eq!(marks(&after("the pump is back", &[SelectWordLeft])), [(1, 3..7)]);
        assert_eq!(marks(&after("the 水泵 is back", &[SelectAll])), [(0, 0..9), (1, 0..7)]);
        assert_eq!(marks(&after("a\n\nb", &[SelectAll])), [(0, 0..2), (1, 0..1), (2, 0..1)]);
        assert_eq!(marks(&after("ab", &[])), []);
    }

    /// Actions that select, write or move.
    fn acts() -> impl Strategy<Value = Action> {
        let not = [Action::Send, Action::OpenEditor];
        let all: Vec<Action> = Action::ALL.iter().copied().filter(|act| !not.contains(act)).collect();
        prop::sample::select(all)
    }

    proptest! {
        #[test]
        fn whatever_is_done_the_selection_is_part_of_the_text(
            text in "[a 水é\u{301}👨\u{200d}\n]{0,30}",
            acts in prop::collection::vec(acts(), 0..30),
        ) {
            let mut editor = Editor::from(text.as_str());
            for act in acts {
                editor.act(act, 7);
                if let Some(selected) = editor.selected() {
                    prop_assert!(!selected.is_empty() && editor.text().contains(&selected));
                }
                let layout = editor.layout(7);
                for (row, cells) in layout.marked {
                    prop_assert!(row < layout.rows.len() && cells.start <= cells.end && cells.end <= 8);
                }
            }
        }
    }
}
