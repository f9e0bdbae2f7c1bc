//! A picture in cells: two pixels in each, one above the other; or signs that are as dense as it is bright.

use ratatui::style::{Color, Style};

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
            match canvas.glyphs {
                Glyphs::Unicode if canvas.theme.has_colours() => {
                    let style = Style::new().fg(canvas.theme.pixel(above));
                    let style = below.map_or(style, |below| style.bg(canvas.theme.pixel(below)));
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

/// The nearest of the 216 colours and 24 greys that terminals have beside the 16 that people choose.
pub(super) fn indexed([r, g, b]: Colour) -> Color {
    let spread = r.max(g).max(b) - r.min(g).min(b);
    if spread < 12 {
        // The greys lie 10 apart, from 8 on; black and white are in the cube.
        return match brightness([r, g, b]) {
            0..4 => Color::Indexed(16),
            247.. => Color::Indexed(231),
            grey => {
                Color::Indexed(232 + u8::try_from((grey.saturating_sub(3) / 10).min(23)).unwrap_or(23))
            }
        };
    }
    // The steps of the cube: 0, 95, 135, 175, 215, 255.
    let step = |c: u8| match c {
        0..48 => 0,
        48..115 => 1,
        c => (c - 35) / 40,
    };
    Color::Indexed(16 + 36 * step(r) + 6 * step(g) + step(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_near_what_they_stand_for() {
        assert_eq!(indexed([0, 0, 0]), Color::Indexed(16));
        assert_eq!(indexed([255, 255, 255]), Color::Indexed(231));
        assert_eq!(indexed([255, 0, 0]), Color::Indexed(196));
        assert_eq!(indexed([0, 0, 255]), Color::Indexed(21));
        assert_eq!(indexed([128, 128, 128]), Color::Indexed(244));
        assert_eq!(indexed([95, 135, 175]), Color::Indexed(67));
    }

    #[test]
    fn brightness_stays_within_the_signs() {
        for colour in [[0; 3], [255; 3], [255, 0, 0]] {
            assert!(usize::from(brightness(colour)) * SIGNS.len() / 256 < SIGNS.len());
        }
    }
}
