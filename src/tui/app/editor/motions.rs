//! The motions of vi's normal mode. Where a count leads is worked out at once: the cursor goes there in one step.

use std::iter::successors;

use unicode_segmentation::UnicodeSegmentation;

use super::{Editor, Position, after, before, word_before};
use crate::tui::app::Action;

/// Which text a motion goes over.
pub(super) enum Over {
    /// From the cursor to there.
    Bytes,
    /// That, and the cluster there.
    Through,
    /// All lines from the cursor's to that one.
    Lines,
}

impl Editor {
    /// Moves as a motion says; says over which text it goes.
    pub(super) fn motion(&mut self, motion: Action, times: usize, cells: usize) -> Option<Over> {
        if matches!(motion, Action::Up | Action::Down) {
            self.move_rows(cells, motion == Action::Down, times);
            return Some(Over::Lines);
        }
        let (line, at) = self.position();
        let lines = self.area.lines();
        let (text, last) = (lines[line].as_str(), lines.len() - 1);
        let end = (last, lines[last].len());
        let steps = |step: fn(&str, usize) -> Option<usize>| {
            let places = successors(Some(at), |at| step(text, *at));
            (line, places.take(times + 1).last().unwrap_or(at))
        };
        let (to, over) = match motion {
            Action::Left => (steps(before), Over::Bytes),
            Action::Right => (steps(after), Over::Bytes),
            Action::NextWord => (self.word_starts().nth(times - 1).unwrap_or(end), Over::Bytes),
            Action::EndOfWord => (self.word_ends().nth(times - 1).unwrap_or(end), Over::Through),
            Action::WordLeft => (self.words_left(times), Over::Bytes),
            Action::LineStart => ((line, 0), Over::Bytes),
            Action::LineEnd => ((line, text.len()), Over::Bytes),
            Action::TextStart => ((0, 0), Over::Lines),
            Action::TextEnd => (end, Over::Lines),
            _ => return None,
        };
        self.goal = None;
        self.go(to.0, to.1);
        Some(over)
    }

    /// Moves to the end of this word, or of the signs, that the cursor stands on, and from there to that of so many
    /// words more; says whether it stands on any.
    pub(super) fn end_this_word(&mut self, times: usize, cells: usize) -> bool {
        let (line, at) = self.position();
        let text = self.area.lines()[line].as_str();
        if text[at..].chars().next().is_none_or(char::is_whitespace) {
            return false;
        }
        let mut words = text.unicode_word_indices().map(|(start, word)| (start, start + word.len()));
        let end = match words.find(|(_, end)| *end > at) {
            Some((start, end)) if start <= at => end,
            next => {
                let space = text[at..].find(char::is_whitespace).map_or(text.len(), |space| at + space);
                next.map_or(space, |(start, _)| space.min(start))
            }
        };
        let to = before(text, end).unwrap_or(at);
        self.go(line, to);
        if times > 1 {
            self.motion(Action::EndOfWord, times - 1, cells);
        }
        true
    }

    /// The starts of the words after the cursor; below its line, one without words counts as one.
    fn word_starts(&self) -> impl Iterator<Item = Position> + '_ {
        let from = self.position();
        let lines = self.area.lines().iter().enumerate().skip(from.0);
        let starts = move |(line, text): (usize, &'_ String)| {
            let mut starts: Vec<_> =
                text.unicode_word_indices().map(|(start, _)| (line, start)).collect();
            if starts.is_empty() {
                starts.push((line, 0));
            }
            starts.retain(|start| *start > from);
            starts
        };
        lines.flat_map(starts)
    }

    /// The last clusters of the words after the cursor.
    fn word_ends(&self) -> impl Iterator<Item = Position> + '_ {
        let from = self.position();
        let lines = self.area.lines().iter().enumerate().skip(from.0);
        let ends = |(line, text): (usize, &'_ String)| -> Vec<Position> {
            let words = text.unicode_word_indices();
            let ends = words.filter_map(|(start, word)| before(text, start + word.len()));
            ends.map(|end| (line, end)).collect()
        };
        lines.flat_map(ends).filter(move |end| *end > from)
    }

    fn words_left(&self, times: usize) -> Position {
        let (mut line, mut at) = self.position();
        let lines = self.area.lines();
        for _ in 0..times {
            match word_before(&lines[line], at) {
                Some(to) => at = to,
                None if line > 0 => {
                    line -= 1;
                    at = lines[line].len();
                }
                None => break,
            }
        }
        (line, at)
    }
}
