//! Pictures that the terminal shows by itself: asking it what it can (`ask`), writing them as it takes them (`kitty`, `iterm`,
//! `sixel`), and keeping them where the frame has them (`standing`).
//!
//! Whatever is written here was decoded before, and is of bounded size. Nothing that a peer sent reaches the terminal as it
//! came.

mod ask;
mod iterm;
mod kitty;
mod sixel;
mod standing;

pub use ask::{Ask, KITTY_QUESTION, nearly_cell};
pub use standing::{Standing, wipe};

use png::{BitDepth, ColorType, Compression, Encoder};

use super::app::{Graphic, Plate, Protocol};
use crate::domain::Picture;

/// Writes a picture as the terminal takes it.
///
/// # Errors
/// Where it is empty, or cannot be written.
pub fn engrave(plate: &Plate) -> Result<Graphic, Vec<String>> {
    let Plate { picture, order } = plate;
    let raster = order.raster;
    if picture.pixels().is_empty() {
        return Err(vec!["the picture is empty".to_owned()]);
    }
    let cells = raster.cells(picture.width(), picture.height());
    let png =
        || png_of(picture).map_err(|error| vec![format!("the picture cannot be written: {error}")]);
    let bytes = match raster.protocol {
        Protocol::Kitty => kitty::show(&png()?),
        Protocol::Iterm => iterm::show(&png()?, cells),
        Protocol::Sixel => sixel::show(picture, usize::from(raster.colours)),
    };
    Ok(Graphic { protocol: raster.protocol, cells, bytes: bytes.into() })
}

fn png_of(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let side = |n: usize| u32::try_from(n).unwrap_or(0);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side(picture.width()), side(picture.height()));
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture.pixels().as_flattened())?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
