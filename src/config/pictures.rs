//! `pictures`: how pictures are to be put on the screen.

use std::fmt;

use serde::Deserialize;

/// How pictures are put on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pictures {
    /// As the terminal says that it can, else in half blocks.
    Auto,
    /// By the graphics protocol of kitty.
    Kitty,
    /// By that of iTerm2.
    Iterm,
    /// In sixels.
    Sixel,
    /// In half blocks.
    Blocks,
}

impl fmt::Display for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Kitty => "kitty",
            Self::Iterm => "iterm",
            Self::Sixel => "sixel",
            Self::Blocks => "blocks",
        })
    }
}
