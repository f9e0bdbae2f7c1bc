//! Sixels: six rows of pixels at a time, one colour after the other.

use std::collections::BTreeMap;

use color_quant::NeuQuant;

use crate::domain::{Colour, Picture};

/// Which part of the pixels the colours are chosen by: one in so many.
const SAMPLE: i32 = 10;

/// Rows of pixels in a row of sixels.
const BAND: usize = 6;

/// Shows a picture from the cursor on, in so many colours at most.
pub fn show(picture: &Picture, colours: usize) -> Vec<u8> {
    let (palette, pixels) = in_colours(picture.pixels(), colours);
    let (width, height) = (picture.width(), picture.height());
    // What no colour is given to stays as it is; the pixels are square.
    let mut bytes = format!("\x1bP0;1q\"1;1;{width};{height}").into_bytes();
    for (number, colour) in palette.iter().enumerate() {
        let [r, g, b] = colour.map(|part| (u16::from(part) * 100 + 127) / 255);
        bytes.extend_from_slice(format!("#{number};2;{r};{g};{b}").as_bytes());
    }
    let mut sixels = vec![0u8; palette.len() * width];
    for band in pixels.chunks(BAND * width) {
        sixels.fill(0);
        let mut used = vec![false; palette.len()];
        for (at, colour) in band.iter().enumerate() {
            let colour = usize::from(*colour);
            used[colour] = true;
            sixels[colour * width + at % width] |= 1 << (at / width);
        }
        for number in (0..palette.len()).filter(|number| used[*number]) {
            bytes.extend_from_slice(format!("#{number}").as_bytes());
            row(&sixels[number * width..][..width], &mut bytes);
            bytes.push(b'$');
        }
        bytes.push(b'-');
    }
    bytes.extend_from_slice(b"\x1b\\");
    bytes
}

/// One colour of a row of sixels: what repeats is counted, and the end is left out where there is nothing.
fn row(mut sixels: &[u8], bytes: &mut Vec<u8>) {
    while let Some(first) = sixels.first() {
        let count = sixels.iter().take_while(|sixel| *sixel == first).count();
        sixels = &sixels[count..];
        if sixels.is_empty() && *first == 0 {
            return;
        }
        let sign = b'?' + first;
        match count {
            1..=3 => bytes.extend(std::iter::repeat_n(sign, count)),
            _ => {
                bytes.extend_from_slice(format!("!{count}").as_bytes());
                bytes.push(sign);
            }
        }
    }
}

/// The pixels in so many colours at most, those of the picture itself where they are not more; and these colours.
fn in_colours(pixels: &[Colour], most: usize) -> (Vec<Colour>, Vec<u8>) {
    let most = most.clamp(2, 256);
    let mut palette = Vec::new();
    let mut known = BTreeMap::new();
    for pixel in pixels {
        known.entry(*pixel).or_insert_with(|| {
            palette.push(*pixel);
            number(palette.len() - 1)
        });
        if palette.len() > most {
            break;
        }
    }
    if palette.len() <= most {
        return (palette, pixels.iter().map(|pixel| known[pixel]).collect());
    }
    let opaque: Vec<u8> = pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
    let chosen = NeuQuant::new(SAMPLE, most, &opaque);
    let palette: Vec<Colour> = chosen.color_map_rgb().as_chunks::<3>().0.to_vec();
    // Colours that nobody can tell apart are looked up once.
    let mut known = vec![None; 1 << 15];
    let nearest = |pixel: &Colour| {
        let at = pixel.iter().fold(0, |at, part| at << 5 | usize::from(part >> 3));
        *known[at].get_or_insert_with(|| {
            let best = palette.iter().enumerate().min_by_key(|(_, colour)| distance(colour, pixel));
            number(best.map_or(0, |(at, _)| at))
        })
    };
    let pixels = pixels.iter().map(nearest).collect();
    (palette, pixels)
}

/// How far two colours are from each other.
fn distance(one: &Colour, other: &Colour) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2)).sum()
}

fn number(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}
