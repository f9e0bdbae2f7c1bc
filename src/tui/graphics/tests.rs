//! What is written is read back as a terminal does.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::domain::{Colour, MessageId};
use crate::tui::app::{Order, Raster};

/// A picture that is at each place what this says.
fn painted(width: u16, height: u16, paint: impl Fn(u16, u16) -> Colour) -> Picture {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Picture::new(width, places.map(|(x, y)| paint(x, y)).collect())
}

/// Colours that change from pixel to pixel: more than sixels have, and nothing that could be packed.
fn noise(width: u16, height: u16) -> Picture {
    let mut rng = fastrand::Rng::with_seed(7);
    let count = usize::from(width) * usize::from(height);
    Picture::new(width, (0..count).map(|_| [rng.u8(..), rng.u8(..), rng.u8(..)]).collect())
}

fn quarters() -> Picture {
    painted(20, 15, |x, y| [if x < 10 { 255 } else { 0 }, if y < 8 { 255 } else { 0 }, 51])
}

fn engraved(picture: &Picture, protocol: Protocol, colours: u16) -> Graphic {
    let raster = Raster { protocol, cell: (10, 20), colours };
    let message = MessageId::from_bytes([1; 16]);
    let order = Order { message, room: (1_000, 1_000), raster };
    let plate = Plate { order, picture: picture.clone() };
    engrave(&plate).unwrap()
}

/// What a PNG shows.
fn read_png(bytes: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (ColorType::Rgb, BitDepth::Eight));
    let pixels = pixels.as_chunks::<3>().0.to_vec();
    Picture::new(info.width.try_into().unwrap(), pixels)
}

/// The pieces of kitty's protocol: keys and payload of each.
fn pieces(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let pieces = text.strip_suffix("\x1b\\").unwrap().split("\x1b\\");
    let read = |piece: &str| {
        let (keys, payload) = piece.strip_prefix("\x1b_G").unwrap().split_once(';').unwrap();
        assert!(payload.len() <= 4_096);
        (keys.to_owned(), payload.as_bytes().to_vec())
    };
    pieces.map(read).collect()
}

#[test]
fn kitty_gets_the_pixels_in_pieces_under_one_number() {
    for picture in [quarters(), noise(200, 100)] {
        let graphic = engraved(&picture, Protocol::Kitty, 256);
        let pieces = pieces(&graphic.bytes);
        let (first, _) = &pieces[0];
        assert!(first.starts_with("a=T,f=100,i=") && first.contains(",q=2,C=1,"), "{first}");
        let (last, others) = pieces.split_last().unwrap();
        assert!(last.0.ends_with("m=0") && others.iter().all(|(keys, _)| keys.ends_with("m=1")));
        let payload: Vec<u8> = pieces.into_iter().flat_map(|(_, payload)| payload).collect();
        assert_eq!(read_png(&STANDARD.decode(payload).unwrap()), picture);
    }
    let number = |text: &str| text.split(',').find(|key| key.starts_with("i=")).map(str::to_owned);
    let wiped = String::from_utf8(kitty::wipe()).unwrap();
    let shown = pieces(&engraved(&quarters(), Protocol::Kitty, 256).bytes);
    assert!(number(&wiped).is_some() && number(&wiped) == number(&shown[0].0), "{wiped:?}");
}

#[test]
fn iterm_gets_the_pixels_and_the_cells_that_they_have() {
    let graphic = engraved(&quarters(), Protocol::Iterm, 256);
    let text = std::str::from_utf8(&graphic.bytes).unwrap();
    let (head, payload) = text.strip_suffix('\x07').unwrap().split_once(':').unwrap();
    let png = STANDARD.decode(payload).unwrap();
    assert_eq!(
        head,
        format!(
            "\x1b]1337;File=inline=1;size={};width=2;height=1;preserveAspectRatio=1;doNotMoveCursor=1",
            png.len()
        )
    );
    assert_eq!(read_png(&png), quarters());
    assert_eq!(graphic.cells, (2, 1));
}

/// What sixels show, in hundredths of red, green and blue, row by row; `None` where nothing is painted.
fn read_sixels(bytes: &[u8]) -> (usize, Vec<Vec<Option<Colour>>>) {
    let text = std::str::from_utf8(bytes).unwrap();
    let text = text.strip_prefix("\x1bP0;1q\"1;1;").unwrap().strip_suffix("\x1b\\").unwrap();
    let start = text.find('#').unwrap();
    let (width, height) = text[..start].split_once(';').unwrap();
    let (width, height): (usize, usize) = (width.parse().unwrap(), height.parse().unwrap());
    let mut rows = vec![vec![None; width]; height.next_multiple_of(6)];
    let (mut palette, mut colour, mut x, mut band) = (vec![None; 256], 0, 0, 0);
    let mut signs = text[start..].chars().peekable();
    while let Some(sign) = signs.next() {
        let mut numbers = vec![0usize];
        if matches!(sign, '#' | '!') {
            while let Some(c) = signs.next_if(|c| c.is_ascii_digit() || *c == ';') {
                match c.to_digit(10) {
                    Some(digit) => {
                        let last = numbers.last_mut().unwrap();
                        *last = *last * 10 + digit as usize;
                    }
                    None => numbers.push(0),
                }
            }
        }
        let (sixel, count) = match sign {
            '#' => {
                colour = numbers[0];
                if let [_, 2, r, g, b] = numbers[..] {
                    palette[colour] = Some([r, g, b].map(|part| u8::try_from(part).unwrap()));
                }
                continue;
            }
            '$' | '-' => {
                (x, band) = (0, band + usize::from(sign == '-'));
                continue;
            }
            '!' => (signs.next().unwrap(), numbers[0]),
            sixel => (sixel, 1),
        };
        for _ in 0..count {
            for bit in (0..6).filter(|bit| (sixel as u8 - b'?') >> bit & 1 == 1) {
                let place = &mut rows[band * 6 + bit][x];
                assert!(place.is_none(), "each pixel is painted once");
                *place = Some(palette[colour].expect("a colour that is there"));
            }
            x += 1;
        }
        assert!(x <= width);
    }
    (height, rows)
}

#[test]
fn sixels_show_the_pixels_and_leave_alone_what_is_below() {
    let graphic = engraved(&quarters(), Protocol::Sixel, 256);
    let (height, rows) = read_sixels(&graphic.bytes);
    assert_eq!((height, rows.len(), graphic.cells), (15, 18, (2, 1)));
    for (y, row) in rows.iter().enumerate() {
        for (x, pixel) in row.iter().enumerate() {
            let told = quarters()
                .pixel(x, y)
                .map(|[r, g, b]| [r, g, b].map(|c| u8::from(c == 255) * 100 + u8::from(c == 51) * 20));
            assert_eq!(*pixel, told, "{x} {y}");
        }
    }
}

#[test]
fn sixels_have_no_more_colours_than_the_terminal() {
    let smooth = painted(120, 90, |x, y| [(x * 2) as u8, (y * 2) as u8, (x + y) as u8]);
    for (picture, colours, off) in [(&smooth, 256, 12), (&smooth, 64, 30), (&noise(40, 40), 2, 100)] {
        let (_, rows) = read_sixels(&engraved(picture, Protocol::Sixel, colours).bytes);
        let used: BTreeSet<Colour> = rows.iter().flatten().copied().flatten().collect();
        assert!(used.len() <= usize::from(colours), "{} of {colours}", used.len());
        let mut sum = 0u32;
        for (shown, meant) in rows.iter().flatten().zip(picture.pixels()) {
            let shown = shown.expect("every pixel is painted");
            let far = |at: usize| (u32::from(shown[at]) * 255 / 100).abs_diff(meant[at].into());
            sum += (0..3).map(far).max().unwrap();
        }
        let count = u32::try_from(picture.pixels().len()).unwrap();
        assert!(sum / count <= off, "{} off in {colours} colours", sum / count);
    }
}

#[test]
fn what_is_written_is_of_bounded_size_whatever_the_picture() {
    let most = noise(Picture::MOST, 300);
    for (protocol, limit) in [(Protocol::Kitty, 5), (Protocol::Iterm, 5), (Protocol::Sixel, 8)] {
        let graphic = engraved(&most, protocol, 256);
        let pixels = most.pixels().len();
        assert!(graphic.bytes.len() < limit * pixels, "{protocol:?}: {} bytes", graphic.bytes.len());
        // Nothing in it ends it before its end.
        let escapes = graphic.bytes.iter().filter(|byte| **byte == 0x1b).count();
        let ends = graphic.bytes.windows(2).filter(|pair| pair == b"\x1b\\").count();
        let expected = match protocol {
            Protocol::Kitty => (2 * ends, pieces(&graphic.bytes).len()),
            Protocol::Iterm => (1, 0),
            Protocol::Sixel => (2, 1),
        };
        assert_eq!((escapes, ends), expected, "{protocol:?}");
        assert!(graphic.bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x1b | 0x07)));
    }
    let raster = Raster { protocol: Protocol::Kitty, cell: (10, 20), colours: 256 };
    let picture = Picture::new(0, Vec::new());
    let order = Order { message: MessageId::from_bytes([1; 16]), room: (9, 9), raster };
    let none = Plate { order, picture };
    assert_eq!(engrave(&none), Err(vec!["the picture is empty".to_owned()]));
    for protocol in [Protocol::Kitty, Protocol::Iterm, Protocol::Sixel] {
        assert_eq!(engraved(&noise(1, 1), protocol, 256).cells, (1, 1));
    }
}
