//! A picture, small enough for a screen of letters.

use serde::{Deserialize, Serialize};

/// Red, green and blue.
pub type Colour = [u8; 3];

/// A picture: rows of colours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    width: u16,
    pixels: Vec<Colour>,
}

impl Picture {
    /// Most pixels of a side of one that is told. xterm shows none that is larger.
    pub const MOST: u16 = 1_000;

    /// Of these pixels, row by row. Of a last row that is not full nothing is taken.
    pub fn new(width: u16, mut pixels: Vec<Colour>) -> Self {
        let rows = pixels.len().checked_div(usize::from(width)).unwrap_or(0);
        pixels.truncate(rows * usize::from(width));
        Self { width, pixels }
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[Colour] {
        &self.pixels
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// How many rows there are.
    pub fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width()).unwrap_or(0)
    }

    /// The colour of a pixel; `None` outside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<Colour> {
        if x >= self.width() {
            return None;
        }
        self.pixels.get(y.checked_mul(self.width())?.checked_add(x)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_found_in_its_row_and_nothing_outside() {
        let picture = Picture::new(2, vec![[1; 3], [2; 3], [3; 3], [4; 3], [5; 3]]);
        assert_eq!((picture.width(), picture.height()), (2, 2));
        assert_eq!(picture.pixel(1, 1), Some([4; 3]));
        assert_eq!(
            (picture.pixel(2, 0), picture.pixel(0, 2), picture.pixel(0, usize::MAX)),
            (None, None, None)
        );
        assert_eq!(Picture::new(0, vec![[1; 3]]).height(), 0);
    }
}
