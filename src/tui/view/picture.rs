//! A picture over the screen: in cells, two pixels in each, one above the other, or signs that are as dense as it is
//! bright; or room for one that the terminal shows by itself.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::paint::{Canvas, lines, row};
use crate::domain::{Colour, Picture};
use crate::tui::app::{Glyphs, Graphic, Halves, PictureBox, Shape, UPPER_HALF, width};

/// From dark to bright.
const SIGNS: &[u8] = b" .:-=+*#%@";

/// A picture that the terminal shows by itself, and the cells that it covers. They are blank in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laid {
    /// Where.
    pub area: Rect,
    /// The picture.
    pub graphic: Graphic,
}

/// Paints the picture over the screen.
pub fn draw(canvas: &mut Canvas<'_>, shown: &PictureBox) {
    match &shown.picture {
        None => {
            let area = canvas.middle(width(shown.words).max(width(&shown.name)) + 6, 3);
            let inner = canvas.open(area, &shown.name);
            lines(canvas, inner, shown.words, canvas.theme.plain());
        }
        Some(Shape::Cells(picture)) => {
            let inner = open(canvas, &shown.name, picture.width(), picture.height().div_ceil(2));
            pixels(canvas, inner, picture);
        }
        Some(Shape::Graphic(graphic)) => {
            let (columns, rows) = graphic.cells;
            let area = open(canvas, &shown.name, columns.into(), rows.into());
            // A window that has just been made smaller asks for another one.
            if (area.width, area.height) == (columns, rows) {
                canvas.laid = Some(Laid { area, graphic: graphic.clone() });
            }
        }
    }
}

/// Opens the box, and returns so many columns and rows in its middle, or those that there are.
fn open(canvas: &mut Canvas<'_>, name: &str, columns: usize, rows: usize) -> Rect {
    let area = canvas.middle(columns.max(width(name) + 2) + 2, rows + 2);
    let inner = canvas.open(area, name);
    let columns = super::paint::cells(columns).min(inner.width);
    Rect { x: inner.x + (inner.width - columns) / 2, width: columns, ..inner }
}

fn pixels(canvas: &mut Canvas<'_>, inner: Rect, picture: &Picture) {
    for y in 0..usize::from(inner.height) {
        for x in 0..picture.width() {
            let Some(above) = picture.pixel(x, 2 * y) else { continue };
            let below = picture.pixel(x, 2 * y + 1);
            match (canvas.glyphs, canvas.theme.pixel(above)) {
                (Glyphs::Unicode, Some(ink)) => {
                    let paper = below.and_then(|below| canvas.theme.pixel(below));
                    let style = Style { bg: paper, ..Style::new().fg(ink) };
                    canvas.put(row(inner, y), x, UPPER_HALF, style);
                }
                _ => {
                    let bright = (brightness(above) + brightness(below.unwrap_or(above))) / 2;
                    let sign = SIGNS[usize::from(bright) * SIGNS.len() / 256];
                    canvas.put(row(inner, y), x, (sign as char).encode_utf8(&mut [0; 4]), Style::new());
                }
            }
        }
    }
}

/// Paints a row of a picture that stands among words. What the row looks like otherwise does not count in it.
pub fn halves(canvas: &mut Canvas<'_>, row: Rect, x: usize, cells: &[Halves]) {
    for (at, Halves { above, below }) in cells.iter().enumerate() {
        let style = Style { bg: *below, ..Style::new().fg(*above) };
        canvas.put(row, x + at, UPPER_HALF, style.remove_modifier(Modifier::all()));
    }
}

fn brightness([r, g, b]: Colour) -> u16 {
    (u16::from(r) * 3 + u16::from(g) * 6 + u16::from(b)) / 10
}
