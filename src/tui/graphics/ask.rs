//! Asking the terminal what it can. Its answers come among the keys (`decode`), or do not come.

use std::fmt;
use std::io;

use crossterm::Command;
use rustix::termios::tcgetwinsize;

use crate::tui::app::{Ability, PictureMode, Protocol};

/// Asks what pictures need, as far as it is not chosen already.
///
/// The question of kitty's protocol is a picture of one pixel that is not to be shown; then the name (XTVERSION), the
/// number of colours of a picture (XTSMGRAPHICS) and the attributes (DA1). Terminals ignore what they do not know; what one
/// of them writes on the screen instead is wiped off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// All of it.
    All(PictureMode),
    /// The size of a cell: it may have changed with that of the window.
    Size(PictureMode),
}

/// The number by which the answer of kitty's protocol is known.
pub const KITTY_QUESTION: u32 = 31;

const NAME: &str = "\x1b[>q";
const COLOURS: &str = "\x1b[?1;1;0S";
const ATTRIBUTES: &str = "\x1b[c";
/// Of a cell, and of all of them for those that know only that.
const SIZE: &str = "\x1b[16t\x1b[14t";
const WIPE: &str = "\x1b[2J";

impl Command for Ask {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let kitty = format!("\x1b_Gi={KITTY_QUESTION},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\");
        let questions: &[&str] = match self {
            Self::All(PictureMode::Cells) | Self::Size(PictureMode::Cells) => &[],
            Self::All(PictureMode::Auto) => &[&kitty, NAME, SIZE, COLOURS, ATTRIBUTES, WIPE],
            Self::All(PictureMode::By(Protocol::Sixel)) => &[SIZE, COLOURS, WIPE],
            Self::All(PictureMode::By(_)) => &[SIZE, WIPE],
            Self::Size(_) => &[SIZE],
        };
        questions.iter().try_for_each(|question| f.write_str(question))
    }
}

/// The size of a cell, as the system has it, where it has it.
pub fn nearly_cell() -> Option<Ability> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    let part = |pixels: u16, cells: u16| pixels.checked_div(cells).filter(|part| *part > 0);
    Some(Ability::NearlyCell(part(size.ws_xpixel, size.ws_col)?, part(size.ws_ypixel, size.ws_row)?))
}
