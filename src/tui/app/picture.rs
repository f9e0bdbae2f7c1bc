//! A picture that lies over the screen.

use crate::domain::{MessageId, Picture};

/// Columns and rows around a picture: its frame, and the header and footer.
const AROUND: (u16, u16) = (4, 4);

/// A picture that lies over the screen.
#[derive(Clone, Debug)]
pub struct PictureBox {
    /// The message that carries it.
    pub message: MessageId,
    /// What its file is called.
    pub name: String,
    /// The picture, once it is here.
    pub picture: Option<Picture>,
    /// What is said as long as it is not.
    pub words: &'static str,
    /// How many pixels were asked for.
    pub asked: (u16, u16),
}

impl PictureBox {
    /// Of this message.
    pub fn new(message: MessageId, name: String) -> Self {
        Self { message, name, picture: None, words: "opening it", asked: (0, 0) }
    }

    /// How many pixels there is room for on a screen of this size: two in a cell, one above the other.
    pub fn room((width, height): (u16, u16)) -> (u16, u16) {
        let (columns, rows) = (width.saturating_sub(AROUND.0), height.saturating_sub(AROUND.1));
        (columns.max(1), rows.max(1).saturating_mul(2))
    }
}
