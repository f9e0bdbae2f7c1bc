//! Putting text and frames into cells.

use std::ops::Range;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget};

use super::picture::Laid;
use super::theme::Styles;
use crate::tui::app::{Glyphs, fit, width, wrap};

/// Frames for terminals that know ASCII alone.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// The cells of a frame, with what decides how they look.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// Signs.
    pub glyphs: Glyphs,
    /// Styles.
    pub theme: Styles<'a>,
    /// The picture that the terminal is to show by itself.
    pub laid: Option<Laid>,
}

impl<'a> Canvas<'a> {
    /// Paints into this buffer.
    pub fn new(buffer: &'a mut Buffer, glyphs: Glyphs, theme: Styles<'a>) -> Self {
        Self { buffer, glyphs, theme, laid: None }
    }

    /// The whole screen.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Puts text at a cell of a row, at most to the row's end; returns the cells it took.
    pub fn put(&mut self, row: Rect, x: usize, text: &str, style: Style) -> usize {
        let start = row.x.saturating_add(cells(x));
        if row.height == 0 || start >= row.right() || row.y >= self.buffer.area.bottom() {
            return 0;
        }
        let room = usize::from(row.right() - start);
        let (end, _) = self.buffer.set_stringn(start, row.y, text, room, style);
        usize::from(end - start)
    }

    /// Puts text at the end of a row, a cell before its edge; returns where it begins.
    pub fn put_right(&mut self, row: Rect, text: &str, style: Style) -> usize {
        let x = usize::from(row.width).saturating_sub(width(text) + 1);
        self.put(row, x, text, style);
        x
    }

    /// Gives the cells of an area a style.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Gives these cells of a row a style.
    pub fn mark(&mut self, row: Rect, range: Range<usize>, style: Style) {
        let from = row.x.saturating_add(cells(range.start)).min(row.right());
        let to = row.x.saturating_add(cells(range.end)).min(row.right());
        self.style(Rect { x: from, width: to - from, ..row }, style);
    }

    /// Draws a frame.
    pub fn frame(&mut self, area: Rect) {
        let set = match self.glyphs {
            Glyphs::Unicode => border::PLAIN,
            Glyphs::Ascii => ASCII,
        };
        Block::bordered().border_set(set).border_style(self.theme.line()).render(area, self.buffer);
    }

    /// Draws a rule over a row, joined to the frame at both ends if there is one.
    pub fn rule(&mut self, row: Rect, framed: bool) {
        let inside = usize::from(row.width).saturating_sub(if framed { 2 } else { 0 });
        let rule = self.glyphs.rule().repeat(inside);
        let line = match (framed, self.glyphs) {
            (false, _) => rule,
            (true, Glyphs::Unicode) => format!("├{rule}┤"),
            (true, Glyphs::Ascii) => format!("+{rule}+"),
        };
        self.put(row, 0, &line, self.theme.line());
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        Clear.render(area, self.buffer);
        self.style(area, self.theme.background());
    }

    /// Empties an area for something that lies over it, and frames it; returns what is inside.
    pub fn open(&mut self, area: Rect, title: &str) -> Rect {
        self.clear(area);
        for y in area.top()..area.bottom() {
            // A wide cluster that reaches into the area from its left would hide the frame.
            if let Some(x) = area.x.checked_sub(1)
                && self.buffer[(x, y)].cell_width() > 1
            {
                self.buffer[(x, y)].set_symbol(" ");
            }
        }
        self.frame(area);
        let title = format!(" {} ", fit(title, usize::from(area.width).saturating_sub(4)));
        self.put(Rect { height: 1, ..area }, 1, &title, self.theme.title(true));
        area.inner(ratatui::layout::Margin::new(1, 1))
    }

    /// An area of at most this size in the middle of the screen.
    pub fn middle(&self, columns: usize, rows: usize) -> Rect {
        let screen = self.area();
        let (columns, rows) = (cells(columns).min(screen.width), cells(rows).min(screen.height));
        Rect::new((screen.width - columns) / 2, (screen.height - rows) / 2, columns, rows)
    }
}

/// A number of cells as ratatui counts them.
pub fn cells(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// The row of an area so far from its top; below its end, a row without height.
pub fn row(area: Rect, at: usize) -> Rect {
    let inside = at < usize::from(area.height);
    Rect { y: area.y.saturating_add(cells(at)), height: u16::from(inside), ..area }
}

/// Puts words over as many rows as they need; returns how many rows they took.
pub fn lines(canvas: &mut Canvas<'_>, area: Rect, words: &str, style: Style) -> usize {
    let ranges = wrap(words, usize::from(area.width));
    for (at, range) in ranges.iter().enumerate() {
        canvas.put(row(area, at), 0, &words[range.clone()], style);
    }
    ranges.len().min(usize::from(area.height))
}
