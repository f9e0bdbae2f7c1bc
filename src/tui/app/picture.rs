//! A picture that lies over the screen.

use super::graphics::{Graphic, Raster};
use crate::domain::{MessageId, Picture};

/// Columns and rows around a picture: its frame, and the header and footer.
const AROUND: (u16, u16) = (4, 4);

/// What is painted into the box.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Pixels, in cells.
    Cells(Picture),
    /// What the terminal shows by itself.
    Graphic(Graphic),
}

/// A picture that lies over the screen.
#[derive(Clone, Debug)]
pub struct PictureBox {
    /// The message that carries it.
    pub message: MessageId,
    /// What its file is called.
    pub name: String,
    /// The picture, once it is here.
    pub picture: Option<Shape>,
    /// What is said as long as it is not.
    pub words: &'static str,
    /// How many pixels were asked for.
    pub asked: (u16, u16),
    /// How it is put on the screen; `None`: in cells.
    pub raster: Option<Raster>,
}

impl PictureBox {
    /// Of this message.
    pub fn new(message: MessageId, name: String) -> Self {
        Self { message, name, picture: None, words: "opening it", asked: (0, 0), raster: None }
    }

    /// How many pixels there is room for on a screen of this size. In cells those are two in each, one above the other.
    pub fn room((width, height): (u16, u16), raster: Option<Raster>) -> (u16, u16) {
        let (columns, rows) = (width.saturating_sub(AROUND.0), height.saturating_sub(AROUND.1));
        let (columns, rows) = (columns.max(1), rows.max(1));
        match raster {
            Some(raster) => raster.room((columns, rows)),
            None => (columns, rows.saturating_mul(2)),
        }
    }
}
