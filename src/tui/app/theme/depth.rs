//! Colours that a terminal has not, brought down to those that it has.

use anstyle::{Ansi256Color, AnsiColor, RgbColor};
use anstyle_lossy::palette;
use ratatui::style::Color;

/// Which colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of 24 bits.
    True,
    /// The 256 of xterm.
    Indexed,
    /// The 16 that people set up.
    Sixteen,
}

impl Depth {
    /// The colour itself, or the one of those that there are which is nearest to it.
    pub fn nearest(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::Indexed, Color::Rgb(r, g, b)) => {
                Color::Indexed(anstyle_lossy::rgb_to_xterm(RgbColor(r, g, b)).0)
            }
            (Self::Sixteen, Color::Rgb(r, g, b)) => {
                named(anstyle_lossy::rgb_to_ansi(RgbColor(r, g, b), palette::DEFAULT))
            }
            (Self::Sixteen, Color::Indexed(n)) => {
                named(anstyle_lossy::xterm_to_ansi(Ansi256Color(n), palette::DEFAULT))
            }
            (_, colour) => colour,
        }
    }
}

fn named(colour: AnsiColor) -> Color {
    match colour {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_down_to_the_nearest_and_never_go_up() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(Depth::True.nearest(orange), orange);
        assert_eq!(Depth::Indexed.nearest(orange), Color::Indexed(208));
        assert_eq!(Depth::Sixteen.nearest(Color::Rgb(255, 255, 255)), Color::White);
        assert_eq!(Depth::Sixteen.nearest(Color::Rgb(0, 0, 0)), Color::Black);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(1)), Color::Red);
        for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
            for colour in [Color::Reset, Color::LightRed, Color::DarkGray] {
                assert_eq!(depth.nearest(colour), colour);
            }
        }
    }
}
