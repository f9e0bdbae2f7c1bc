//! Editing as vi does in its normal mode: motions with counts, and operators that take a motion.
//!
//! The cursor stands on a cluster, not between two. What is deleted or copied can be put back; what ends with a line
//! feed is whole lines.

use std::ops::Range;

use super::motions::Over;
use super::{Editor, Position, after, before};
use crate::tui::app::Action;

/// What is done with the text that a motion goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// It goes.
    Delete,
    /// It goes, and something is written in its place.
    Change,
    /// It can be put elsewhere.
    Copy,
}

/// The normal mode, with what was pressed of a command that is not complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normal {
    count: usize,
    operator: Option<(Operator, usize)>,
    /// A `g` waits for the next one.
    go: bool,
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mode goes on.
    Stays,
    /// It is written again.
    Writes,
    /// The action is none of the mode's.
    Foreign,
}

/// Most times that anything is repeated.
const MOST: usize = 1_000;

impl Normal {
    /// Takes a digit of a count; says whether it is one: a `0` that begins none is a motion.
    pub fn digit(&mut self, c: char) -> bool {
        let Some(digit) = c.to_digit(10).and_then(|digit| usize::try_from(digit).ok()) else {
            return false;
        };
        if digit == 0 && self.count == 0 {
            return false;
        }
        self.count = (self.count * 10 + digit).min(MOST);
        true
    }

    /// Whether part of a command was pressed.
    pub fn is_amid(&self) -> bool {
        *self != Self::default()
    }

    /// Forgets what was pressed of a command.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Does what an action says, at this width of the composer.
    pub fn act(&mut self, action: Action, editor: &mut Editor, cells: usize) -> Outcome {
        let Self { count, operator, go } = std::mem::take(self);
        let times = (count.max(1) * operator.map_or(1, |(_, count)| count.max(1))).min(MOST);
        let begun = match action {
            Action::OperateDelete => Some(Operator::Delete),
            Action::OperateChange => Some(Operator::Change),
            Action::OperateCopy => Some(Operator::Copy),
            _ => None,
        };
        let operator = operator.map(|(operator, _)| operator);
        if let Some(begun) = begun {
            match operator {
                None => *self = Self { operator: Some((begun, count)), ..Self::default() },
                // Twice the same is about whole lines; something else is no command.
                Some(before) if before == begun => return editor.operate_on_lines(begun, times - 1),
                Some(_) => {}
            }
            return Outcome::Stays;
        }
        if action == Action::Go && !go {
            let operator = operator.map(|operator| (operator, 1));
            *self = Self {
                count: if count > 0 || operator.is_some() { times } else { 0 },
                operator,
                go: true,
            };
            return Outcome::Stays;
        }
        if go && action != Action::Go {
            return Outcome::Stays;
        }
        let motion = if action == Action::Go { Action::TextStart } else { action };
        match operator {
            Some(operator) => editor.operate(operator, motion, times, cells),
            None => editor.normal(motion, times, cells),
        }
    }
}

impl Editor {
    /// The cursor leaves the end of what was written, and stands on its last cluster.
    pub fn settle(&mut self) {
        let (line, at) = self.position();
        let text = self.area.lines()[line].as_str();
        if at == text.len()
            && let Some(to) = before(text, at)
        {
            self.go(line, to);
        }
    }

    /// One step back, as who leaves off writing gets.
    pub fn step_back(&mut self) {
        self.area.cancel_selection();
        let (line, at) = self.position();
        if let Some(to) = before(&self.area.lines()[line], at) {
            self.go(line, to);
        }
    }

    fn normal(&mut self, action: Action, times: usize, cells: usize) -> Outcome {
        let (line, at) = self.position();
        let end = self.area.lines()[line].len();
        match action {
            Action::WriteHere => return Outcome::Writes,
            Action::WriteAfter => {
                self.motion(Action::Right, 1, cells);
                return Outcome::Writes;
            }
            Action::WriteAtStart | Action::WriteAtEnd => {
                self.go(line, if action == Action::WriteAtStart { 0 } else { end });
                return Outcome::Writes;
            }
            Action::OpenBelow => {
                self.go(line, end);
                self.insert("\n");
                return Outcome::Writes;
            }
            Action::OpenAbove => {
                self.go(line, 0);
                self.insert("\n");
                self.go(line, 0);
                return Outcome::Writes;
            }
            Action::DeleteAfter => {
                self.motion(Action::Right, times, cells);
                let to = self.position();
                self.cut((line, at), to);
            }
            Action::DeleteToEnd => self.cut((line, at), (line, end)),
            Action::ChangeToEnd => {
                self.cut((line, at), (line, end));
                return Outcome::Writes;
            }
            Action::PutAfter | Action::PutBefore => self.put(action == Action::PutAfter, times, cells),
            Action::Undo | Action::Redo => (0..times).for_each(|_| {
                self.act_plainly(action, cells);
            }),
            motion => {
                if self.motion(motion, times, cells).is_none() {
                    return Outcome::Foreign;
                }
            }
        }
        self.settle();
        Outcome::Stays
    }

    fn operate(&mut self, operator: Operator, motion: Action, times: usize, cells: usize) -> Outcome {
        let from = self.position();
        // Up and down are lines here, not rows of the screen; where there is none, nothing is done.
        if matches!(motion, Action::Up | Action::Down) {
            let last = self.area.lines().len() - 1;
            let to = match motion {
                Action::Up => from.0.saturating_sub(times),
                _ => (from.0 + times).min(last),
            };
            if to == from.0 {
                return Outcome::Stays;
            }
            return self.operate_on(operator, from.0.min(to)..from.0.max(to) + 1);
        }
        // Changing a word leaves what is between it and the next, and begins with the one under the cursor.
        let is_word = (operator, motion) == (Operator::Change, Action::NextWord);
        let over = match is_word && self.end_this_word(times, cells) {
            true => Some(Over::Through),
            false => self.motion(motion, times, cells),
        };
        let Some(over) = over else { return Outcome::Stays };
        let to = self.position();
        let (first, mut last) = if from <= to { (from, to) } else { (to, from) };
        match over {
            Over::Lines => {
                self.go(from.0, from.1);
                return self.operate_on(operator, first.0..last.0 + 1);
            }
            Over::Through => {
                let text = self.area.lines()[last.0].as_str();
                last.1 = after(text, last.1).unwrap_or(text.len());
            }
            // A word that is the last of its line ends there.
            Over::Bytes if motion == Action::NextWord && last.0 > first.0 && times == 1 => {
                last = (first.0, self.area.lines()[first.0].len());
            }
            Over::Bytes => {}
        }
        match operator {
            Operator::Copy => {
                self.copy(first, last);
                self.go(first.0, first.1);
            }
            Operator::Delete | Operator::Change => self.cut(first, last),
        }
        self.after(operator)
    }

    fn after(&mut self, operator: Operator) -> Outcome {
        match operator {
            Operator::Change => Outcome::Writes,
            Operator::Delete | Operator::Copy => {
                self.settle();
                Outcome::Stays
            }
        }
    }

    /// Does it with this line and so many below it.
    fn operate_on_lines(&mut self, operator: Operator, more: usize) -> Outcome {
        let (line, _) = self.position();
        let end = (line + 1 + more).min(self.area.lines().len());
        self.operate_on(operator, line..end)
    }

    fn operate_on(&mut self, operator: Operator, lines: Range<usize>) -> Outcome {
        let all = self.area.lines();
        let text = all[lines.clone()].join("\n") + "\n";
        let (first, last) = (lines.start, lines.end - 1);
        let (end, is_last) = (all[last].len(), lines.end == all.len());
        match operator {
            Operator::Copy => {}
            Operator::Change => self.cut((first, 0), (last, end)),
            Operator::Delete if !is_last => self.cut((first, 0), (lines.end, 0)),
            Operator::Delete if first > 0 => {
                let above = all[first - 1].len();
                self.cut((first - 1, above), (last, end));
                self.go(first - 1, 0);
            }
            Operator::Delete => self.cut((first, 0), (last, end)),
        }
        self.set_yanked(&text);
        self.after(operator)
    }

    fn copy(&mut self, from: Position, to: Position) {
        self.go(from.0, from.1);
        self.area.start_selection();
        self.go(to.0, to.1);
        if let Some(text) = self.selected() {
            self.set_yanked(&text);
        }
        self.area.cancel_selection();
    }

    fn cut(&mut self, from: Position, to: Position) {
        self.go(from.0, from.1);
        if from == to {
            return;
        }
        self.area.start_selection();
        self.go(to.0, to.1);
        self.area.cut();
    }

    /// Puts back what was deleted or copied: whole lines below or above this one, else beside the cursor.
    fn put(&mut self, below: bool, times: usize, cells: usize) {
        let text = self.yanked();
        let (line, _) = self.position();
        let end = self.area.lines()[line].len();
        match text.strip_suffix('\n') {
            Some(lines) => {
                let all = vec![lines; times].join("\n");
                match below {
                    true => {
                        self.go(line, end);
                        self.insert(&format!("\n{all}"));
                        self.go((line + 1).min(self.area.lines().len() - 1), 0);
                    }
                    false => {
                        self.go(line, 0);
                        self.insert(&format!("{all}\n"));
                        self.go(line, 0);
                    }
                }
            }
            None => {
                if below {
                    self.motion(Action::Right, 1, cells);
                }
                self.insert(&text.repeat(times));
                self.step_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the keys mean, as the preset has them.
    fn meaning(c: char) -> Action {
        use Action::*;
        match c {
            'i' => WriteHere,
            'a' => WriteAfter,
            'I' => WriteAtStart,
            'A' => WriteAtEnd,
            'o' => OpenBelow,
            'O' => OpenAbove,
            'h' => Left,
            'l' => Right,
            'k' => Up,
            'j' => Down,
            'w' => NextWord,
            'b' => WordLeft,
            'e' => EndOfWord,
            '0' => LineStart,
            '$' => LineEnd,
            'g' => Go,
            'G' => TextEnd,
            'x' => DeleteAfter,
            'd' => OperateDelete,
            'c' => OperateChange,
            'y' => OperateCopy,
            'D' => DeleteToEnd,
            'C' => ChangeToEnd,
            'p' => PutAfter,
            'P' => PutBefore,
            'u' => Undo,
            'R' => Redo,
            other => panic!("{other}"),
        }
    }

    /// Presses keys in normal mode from the start of a text; once it is written again, the rest is text.
    fn pressed(text: &str, keys: &str) -> Editor {
        let mut editor = Editor::from(text);
        editor.act(Action::TextStart, 20);
        let mut mode = Some(Normal::default());
        for c in keys.chars() {
            let Some(normal) = &mut mode else {
                editor.insert(&c.to_string());
                continue;
            };
            if !normal.digit(c) && normal.act(meaning(c), &mut editor, 20) == Outcome::Writes {
                mode = None;
            }
        }
        editor
    }

    #[test]
    fn commands_do_what_they_do_in_vi() {
        for (text, keys, after) in [
            ("the pump is back", "x", "he pump is back"),
            ("the pump is back", "3x", " pump is back"),
            ("the pump is back", "dw", "pump is back"),
            ("the pump is back", "d2w", "is back"),
            ("the pump is back", "2dw", "is back"),
            ("the pump is back", "wcwvalve", "the valve is back"),
            ("a b c d", "cwX", "X b c d"),
            ("a b c d", "c2wX", "X c d"),
            ("a b c d", "$cwX", "a b c X"),
            ("the pump is", "llcwZ", "thZ pump is"),
            ("one  two", "elcwX", "oneXtwo"),
            ("one, two", "elcw;", "one; two"),
            ("one\n\nthree", "jcwX", "one\nX\nthree"),
            ("the pump is back", "de", " pump is back"),
            ("the pump is back", "wwD", "the pump "),
            ("the pump is back", "wCx", "the x"),
            ("the pump is back", "$x", "the pump is bac"),
            ("the pump is back", "$d0", "k"),
            ("the pump is back", "ea!", "the! pump is back"),
            ("the pump is back", "A!", "the pump is back!"),
            ("the pump is back", "wIo ", "o the pump is back"),
            ("the pump is back", "xp", "hte pump is back"),
            ("the pump is back", "ywP", "the the pump is back"),
            ("the pump is back", "dwu", "the pump is back"),
            ("the pump is back", "dwuR", "pump is back"),
            ("the pump is back", "wwwdb", "the pump back"),
            ("the pump is back", "lllldh", "thepump is back"),
            ("one\ntwo\nthree", "dd", "two\nthree"),
            ("one\ntwo\nthree", "2dd", "three"),
            ("one\ntwo\nthree", "9dd", ""),
            ("one\ntwo\nthree", "Gdd", "one\ntwo"),
            ("one\ntwo\nthree", "jdd", "one\nthree"),
            ("one\ntwo\nthree", "ddp", "two\none\nthree"),
            ("one\ntwo\nthree", "yy2p", "one\none\none\ntwo\nthree"),
            ("one\ntwo\nthree", "jddP", "one\ntwo\nthree"),
            ("one\ntwo\nthree", "jccx", "one\nx\nthree"),
            ("one\ntwo\nthree", "dj", "three"),
            ("one\ntwo\nthree", "d9j", ""),
            ("one\ntwo\nthree", "Gdj", "one\ntwo\nthree"),
            ("one\ntwo\nthree", "Gdk", "one"),
            ("one\ntwo\nthree", "Gd9k", ""),
            ("one\ntwo\nthree", "dk", "one\ntwo\nthree"),
            ("one\ntwo\nthree", "jcjx", "one\nx"),
            ("a line that is longer than a row\ntwo\nthree", "dj", "three"),
            ("one\na line that is longer than a row", "Gdk", ""),
            ("a line that is longer than a row", "dj", "a line that is longer than a row"),
            ("one\ntwo\nthree", "Gdgg", ""),
            ("one\ntwo\nthree", "dG", ""),
            ("one\ntwo\nthree", "Ggg$x", "on\ntwo\nthree"),
            ("one\ntwo\nthree", "ox", "one\nx\ntwo\nthree"),
            ("one\ntwo\nthree", "jOx", "one\nx\ntwo\nthree"),
            ("one\ntwo\nthree", "wdw", "one\n\nthree"),
            ("水泵 ok", "x", "泵 ok"),
            ("👨‍👩‍👧a", "x", "a"),
            ("", "xdwDbp", ""),
            // What is no command does nothing.
            ("one two", "dc", "one two"),
            ("one two", "dyx", "ne two"),
        ] {
            assert_eq!(pressed(text, keys).text(), after, "{keys} in {text:?}");
        }
    }

    #[test]
    fn the_cursor_stands_on_a_cluster() {
        let cell = |text, keys| pressed(text, keys).layout(20).cursor;
        assert_eq!(cell("ab", "$"), (0, 1));
        assert_eq!(cell("ab", "lll"), (0, 1));
        assert_eq!(cell("ab\nc", "$j"), (1, 0));
        assert_eq!(cell("ab\ncd", "G"), (1, 1));
        assert_eq!(cell("one two", "e"), (0, 2));
        assert_eq!(cell("one two", "ee"), (0, 6));
    }

    #[test]
    fn a_column_is_aimed_at_while_only_lines_change() {
        let cell = |keys| pressed("abcdef\nx\nabcdef", keys).layout(20).cursor;
        assert_eq!(cell("llljj"), (2, 3));
        assert_eq!(cell("lll2j"), (2, 3));
        assert_eq!(cell("llljlj"), (2, 0));
    }

    #[test]
    fn a_count_takes_no_longer_than_one() {
        let text = "a bc ".repeat(crate::domain::limits::TEXT / 5);
        let fastest = |keys: &str| {
            let time = |_| {
                let begun = std::time::Instant::now();
                pressed(&text, keys);
                begun.elapsed()
            };
            (0..5).map(time).min().unwrap()
        };
        for motion in ["j", "w", "e", "l"] {
            let (one, most) = (fastest(motion), fastest(&format!("1000{motion}")));
            assert!(most < one * 10, "1000{motion}: {most:?}, {motion}: {one:?}");
        }
    }

    #[test]
    fn a_count_is_bounded_and_half_a_command_is_forgotten() {
        let mut normal = Normal::default();
        assert!(!normal.digit('0') && "9999999999999999999999".chars().all(|c| normal.digit(c)));
        assert!(normal.is_amid());
        normal.forget();
        assert!(!normal.is_amid());
        assert_eq!(normal.act(Action::Send, &mut Editor::from("a"), 20), Outcome::Foreign);
    }

    proptest! {
        #[test]
        fn a_count_leads_where_as_many_keys_lead(
            text in "[a, 水é\u{301}\n]{0,40}",
            motion in "[wejklh]",
            first in "[wejkl]{0,3}",
            count in 2usize..6,
        ) {
            let at_once = pressed(&text, &format!("{first}{count}{motion}"));
            let one_by_one = pressed(&text, &format!("{first}{}", motion.repeat(count)));
            prop_assert_eq!(at_once.layout(20), one_by_one.layout(20));
        }

        #[test]
        fn no_keys_break_the_text(
            text in "[a 水é\u{301}👨\u{200d}\n]{0,20}",
            keys in "[xdcywbe0$gGhjklpPuRDCiaIAoO1239]{0,30}",
        ) {
            let editor = pressed(&text, &keys);
            prop_assert!(editor.len() <= crate::domain::limits::TEXT);
            editor.layout(20);
        }
    }
}
