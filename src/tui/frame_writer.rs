//! Writes each frame in one piece.

use std::cell::Cell;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

/// Bytes collected before they are written: more than a frame takes as a rule.
const FRAME_BYTES: usize = 64 * 1024;

/// Whether a frame is being written.
pub(super) type InFrame = Rc<Cell<bool>>;

/// Collects what is written until it is flushed, and a frame until it is whole: `ratatui` flushes twice in the midst of
/// one, and whoever reads the terminal would be woken each time for a part.
pub(super) struct FrameWriter<W: Write> {
    out: BufWriter<W>,
    in_frame: InFrame,
}

impl<W: Write> FrameWriter<W> {
    /// One that writes to `out`, and passes on no flush while `in_frame` says so.
    pub fn new(out: W, in_frame: InFrame) -> Self {
        Self { out: BufWriter::with_capacity(FRAME_BYTES, out), in_frame }
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.in_frame.get() { Ok(()) } else { self.out.flush() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces that reach a terminal.
    #[derive(Clone, Default)]
    struct Pieces(Rc<std::cell::RefCell<Vec<Vec<u8>>>>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_piece_however_often_it_is_flushed() {
        let (pieces, in_frame) = (Pieces::default(), InFrame::default());
        let mut writer = FrameWriter::new(pieces.clone(), Rc::clone(&in_frame));
        writer.write_all(b"title").and_then(|()| writer.flush()).unwrap();
        in_frame.set(true);
        for part in ["begin ", "cells ", "cursor "] {
            writer.write_all(part.as_bytes()).and_then(|()| writer.flush()).unwrap();
        }
        assert_eq!(pieces.0.borrow().len(), 1, "nothing of it yet");
        in_frame.set(false);
        writer.write_all(b"end").and_then(|()| writer.flush()).unwrap();
        assert_eq!(*pieces.0.borrow(), [b"title".to_vec(), b"begin cells cursor end".to_vec()]);
    }
}
