//! The graphics protocol of kitty, which others speak too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The number of our picture: there is one at a time. Others are not to have the same by chance.
const NUMBER: u32 = 0xC0_0EE;

/// Most bytes of base64 in one piece.
const PIECE: usize = 4_096;

/// Shows a PNG from the cursor on, which stays where it is. Nothing is answered.
pub fn show(png: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(png);
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 100 + 100);
    let mut pieces = text.as_bytes().chunks(PIECE).peekable();
    let mut keys = format!("a=T,f=100,i={NUMBER},q=2,C=1,");
    while let Some(piece) = pieces.next() {
        let more = u8::from(pieces.peek().is_some());
        bytes.extend_from_slice(format!("\x1b_G{keys}m={more};").as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\x1b\\");
        keys = "q=2,".to_owned();
    }
    bytes
}

/// Takes the picture off the screen, and out of the terminal's memory.
pub fn wipe() -> Vec<u8> {
    format!("\x1b_Ga=d,d=I,i={NUMBER},q=2\x1b\\").into_bytes()
}
