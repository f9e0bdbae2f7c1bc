//! The picture that stands on the screen: written when it comes, wiped off when it goes, and left alone between.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crossterm::cursor::MoveTo;
use crossterm::queue;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;

use super::kitty;
use crate::tui::app::Protocol;
use crate::tui::view::Laid;

/// What would stay on the terminal if we left now.
static LEFT: AtomicU8 = AtomicU8::new(NOTHING);
const NOTHING: u8 = 0;
/// A picture that is deleted by its number.
const NUMBERED: u8 = 1;
/// A picture that goes with the cells under it.
const IN_CELLS: u8 = 2;

/// The picture on the screen, and the one that is to be there after this frame.
#[derive(Debug, Default)]
pub struct Standing {
    now: Option<Laid>,
    next: Option<Laid>,
    /// Whether the screen was emptied since it was written.
    emptied: bool,
    /// The size of the screen at the last frame.
    screen: Rect,
}

impl Standing {
    /// The screen is empty: what stood there has to be written again.
    pub fn forget(&mut self) {
        self.emptied = true;
    }

    /// Takes note of the picture that is to stand over this frame. Its cells are not painted as long as it stands, for that
    /// would wipe it off; those of one that goes are.
    pub fn mark(&mut self, frame: &mut Buffer, next: Option<Laid>) {
        // The screen is emptied when it has another size.
        self.emptied |= self.screen != frame.area;
        self.screen = frame.area;
        self.next = next.filter(|laid| frame.area.intersection(laid.area) == laid.area);
        let (area, how) = match &self.now {
            Some(laid) if self.stays() => (laid.area, CellDiffOption::Skip),
            Some(laid) => (laid.area, CellDiffOption::AlwaysUpdate),
            None => return,
        };
        for position in area.intersection(frame.area).positions() {
            frame[position].set_diff_option(how);
        }
    }

    /// Writes what has changed, after the frame.
    pub fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let stays = self.stays();
        self.emptied = false;
        if stays {
            return Ok(());
        }
        if let Some(Laid { graphic, .. }) = &self.now
            && graphic.protocol == Protocol::Kitty
        {
            out.write_all(&kitty::wipe())?;
        }
        self.now = self.next.take();
        let Some(Laid { area, graphic }) = &self.now else {
            LEFT.store(NOTHING, Ordering::SeqCst);
            return Ok(());
        };
        let left = if graphic.protocol == Protocol::Kitty { NUMBERED } else { IN_CELLS };
        LEFT.store(left, Ordering::SeqCst);
        queue!(out, MoveTo(area.x, area.y))?;
        out.write_all(&graphic.bytes)
    }

    fn stays(&self) -> bool {
        match (&self.now, &self.next) {
            (None, None) => true,
            (Some(now), Some(next)) => {
                !self.emptied
                    && now.area == next.area
                    && Arc::ptr_eq(&now.graphic.bytes, &next.graphic.bytes)
            }
            _ => false,
        }
    }
}

/// Leaves no picture on the terminal: before it is given back.
pub fn wipe(out: &mut impl Write) -> io::Result<()> {
    match LEFT.swap(NOTHING, Ordering::SeqCst) {
        NUMBERED => {
            // Ends a picture of which only a part was written.
            out.write_all(b"\x1b\\")?;
            out.write_all(&kitty::wipe())
        }
        IN_CELLS => out.write_all(b"\x1b\\\x1b[2J"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::Graphic;

    const SCREEN: Rect = Rect::new(0, 0, 12, 6);

    fn laid(protocol: Protocol, x: u16, bytes: &str) -> Laid {
        let graphic = Graphic { protocol, cells: (3, 2), bytes: bytes.as_bytes().into() };
        Laid { area: Rect::new(x, 2, 3, 2), graphic }
    }

    /// Draws a frame; says how its cells are painted in which a picture was or is, and what is written after it.
    fn drawn(standing: &mut Standing, next: Option<&Laid>) -> (Vec<CellDiffOption>, String) {
        let mut frame = Buffer::empty(SCREEN);
        standing.mark(&mut frame, next.cloned());
        let mut out = Vec::new();
        standing.write(&mut out).unwrap();
        let how = [(2, 2), (4, 3), (6, 2), (11, 5)].map(|place| frame[place].diff_option);
        (how.to_vec(), String::from_utf8(out).unwrap())
    }

    use CellDiffOption::{AlwaysUpdate, None as Plain, Skip};

    #[test]
    fn a_picture_is_written_once_and_its_cells_are_left_alone_until_it_goes() {
        for (protocol, wipe) in [
            (Protocol::Kitty, String::from_utf8(kitty::wipe()).unwrap()),
            (Protocol::Sixel, String::new()),
            (Protocol::Iterm, String::new()),
        ] {
            let mut standing = Standing::default();
            let (one, other) = (laid(protocol, 2, "ONE"), laid(protocol, 4, "OTHER"));
            assert_eq!(drawn(&mut standing, None), (vec![Plain; 4], String::new()));
            assert_eq!(drawn(&mut standing, Some(&one)), (vec![Plain; 4], "\x1b[3;3HONE".to_owned()));
            for _ in 0..3 {
                let how = vec![Skip, Skip, Plain, Plain];
                assert_eq!(drawn(&mut standing, Some(&one)), (how, String::new()));
            }
            // Another one, elsewhere; then none.
            let how = vec![AlwaysUpdate, AlwaysUpdate, Plain, Plain];
            assert_eq!(drawn(&mut standing, Some(&other)), (how, format!("{wipe}\x1b[3;5HOTHER")));
            let how = vec![Plain, AlwaysUpdate, AlwaysUpdate, Plain];
            assert_eq!(drawn(&mut standing, None), (how, wipe.clone()));
            assert_eq!(drawn(&mut standing, None), (vec![Plain; 4], String::new()));
        }
    }

    #[test]
    fn what_was_emptied_is_written_again_and_what_has_no_room_is_not() {
        let mut standing = Standing::default();
        let one = laid(Protocol::Sixel, 2, "ONE");
        drawn(&mut standing, Some(&one));
        standing.forget();
        assert_eq!(drawn(&mut standing, Some(&one)).1, "\x1b[3;3HONE");
        assert_eq!(drawn(&mut standing, Some(&one)).1, "");
        // The screen has become another one, which empties it.
        let mut frame = Buffer::empty(Rect { width: 11, ..SCREEN });
        standing.mark(&mut frame, Some(one.clone()));
        let mut out = Vec::new();
        standing.write(&mut out).unwrap();
        assert_eq!(out, b"\x1b[3;3HONE");
        let beyond = laid(Protocol::Sixel, 10, "BEYOND");
        assert_eq!(drawn(&mut standing, Some(&beyond)).1, "");
    }
}
