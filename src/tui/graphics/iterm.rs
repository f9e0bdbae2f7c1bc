//! The pictures of iTerm2, which others know too (OSC 1337).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Shows a PNG in so many cells from the cursor on, as large as it can be there in its proportions.
pub fn show(png: &[u8], (columns, rows): (u16, u16)) -> Vec<u8> {
    let size = png.len();
    let place = format!("width={columns};height={rows};preserveAspectRatio=1;doNotMoveCursor=1");
    let head = format!("\x1b]1337;File=inline=1;size={size};{place}:");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(STANDARD.encode(png).as_bytes());
    bytes.push(0x07);
    bytes
}
