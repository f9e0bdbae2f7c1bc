//! Rows that have to be painted whole.
//!
//! Terminals disagree on how wide clusters of several code points are (tmux shows a flag as two halves,
//! others a family as its members). Painting only the cells that changed leaves pieces of them behind,
//! so a changed row that holds such a cluster, or held one, is painted from end to end.

use std::hash::{DefaultHasher, Hash, Hasher};

use ratatui::buffer::{Buffer, Cell, CellDiffOption};

/// What the last frame's rows were.
#[derive(Debug, Default)]
pub struct Repaint {
    width: u16,
    /// For each row, what it looked like if it held a cluster of several code points.
    rows: Vec<Option<u64>>,
}

impl Repaint {
    /// Marks the rows of a new frame that have to be painted whole.
    pub fn mark(&mut self, frame: &mut Buffer) {
        let width = usize::from(frame.area.width);
        if self.width != frame.area.width || self.rows.len() != usize::from(frame.area.height) {
            self.width = frame.area.width;
            self.rows = vec![None; usize::from(frame.area.height)];
        }
        if width == 0 {
            return;
        }
        for (cells, before) in frame.content.chunks_mut(width).zip(&mut self.rows) {
            let now = cells.iter().any(is_composed).then(|| look(cells));
            if now != *before {
                for cell in cells {
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
                *before = now;
            }
        }
    }
}

/// Whether a cell holds a cluster of several code points.
fn is_composed(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    symbol.len() > 1 && symbol.chars().nth(1).is_some()
}

fn look(cells: &[Cell]) -> u64 {
    let mut hasher = DefaultHasher::new();
    cells.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn frame(lines: [&str; 2]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        for (y, line) in (0u16..).zip(lines) {
            buffer.set_stringn(0, y, line, 6, ratatui::style::Style::new());
        }
        buffer
    }

    fn painted(repaint: &mut Repaint, lines: [&str; 2]) -> [bool; 2] {
        let mut buffer = frame(lines);
        repaint.mark(&mut buffer);
        [0, 1].map(|y| buffer[(5, y)].diff_option == CellDiffOption::AlwaysUpdate)
    }

    #[test]
    fn rows_that_hold_or_held_composed_clusters_are_painted_whole_when_they_change() {
        let mut repaint = Repaint::default();
        assert_eq!(painted(&mut repaint, ["水泵", "plain"]), [false, false]);
        assert_eq!(painted(&mut repaint, ["🇦🇺 a", "plain"]), [true, false]);
        assert_eq!(painted(&mut repaint, ["🇦🇺 a", "other"]), [false, false]);
        assert_eq!(painted(&mut repaint, ["🇦🇺 b", "other"]), [true, false]);
        assert_eq!(painted(&mut repaint, ["b", "e\u{301}"]), [true, true]);
        assert_eq!(painted(&mut repaint, ["b", "e\u{301}"]), [false, false]);
    }
}
