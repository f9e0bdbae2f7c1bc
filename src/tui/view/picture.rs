//! A picture in cells: two pixels in each, one above the other; or signs that are as dense as it is bright.

use ratatui::style::Style;

use super::paint::{Canvas, lines, row};
use crate::domain::Colour;
use crate::tui::app::{Glyphs, PictureBox, width};

/// From dark to bright.
const SIGNS: &[u8] = b" .:-=+*#%@";

/// Paints the picture over the screen.
pub fn draw(canvas: &mut Canvas<'_>, shown: &PictureBox) {
    let Some(picture) = &shown.picture else {
        let area = canvas.middle(width(shown.words).max(width(&shown.name)) + 6, 3);
        let inner = canvas.open(area, &shown.name);
        lines(canvas, inner, shown.words, canvas.theme.plain());
        return;
    };
    let rows = picture.height().div_ceil(2);
    let area = canvas.middle(picture.width().max(width(&shown.name) + 2) + 2, rows + 2);
    let inner = canvas.open(area, &shown.name);
    let left = usize::from(inner.width).saturating_sub(picture.width()) / 2;
    for y in 0..rows {
        for x in 0..picture.width() {
            let Some(above) = picture.pixel(x, 2 * y) else { continue };
            let below = picture.pixel(x, 2 * y + 1);
            match (canvas.glyphs, canvas.theme.pixel(above)) {
                (Glyphs::Unicode, Some(ink)) => {
                    let paper = below.and_then(|below| canvas.theme.pixel(below));
                    let style = Style { bg: paper, ..Style::new().fg(ink) };
                    canvas.put(row(inner, y), left + x, "▀", style);
                }
                _ => {
                    let bright = (brightness(above) + brightness(below.unwrap_or(above))) / 2;
                    let sign = SIGNS[usize::from(bright) * SIGNS.len() / 256];
                    canvas.put(
                        row(inner, y),
                        left + x,
                        (sign as char).encode_utf8(&mut [0; 4]),
                        Style::new(),
                    );
                }
            }
        }
    }
}

fn brightness([r, g, b]: Colour) -> u16 {
    (u16::from(r) * 3 + u16::from(g) * 6 + u16::from(b)) / 10
}
