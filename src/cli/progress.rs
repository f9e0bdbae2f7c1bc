//! How far a file has come, on standard error where that is a terminal.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use rustix::termios::tcgetwinsize;

use crate::domain::size_in_words;

/// A line that is written over as it changes, and gone in the end.
#[derive(Default)]
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// Shows who has how many bytes, or what has come so far.
    pub fn show(&mut self, have: &BTreeMap<String, u64>) {
        let mut out = std::io::stderr();
        if !out.is_terminal() {
            return;
        }
        let columns = tcgetwinsize(&out).map_or(80, |size| usize::from(size.ws_col));
        self.shown = true;
        let _ = write!(out, "\r\x1b[K{}", line(have, columns));
        let _ = out.flush();
    }
}

/// The line, in one row of the terminal: what goes on in a second one is not written over.
fn line(have: &BTreeMap<String, u64>, columns: usize) -> String {
    let words: Vec<_> =
        have.iter().map(|(who, have)| format!("{who} {}", size_in_words(*have))).collect();
    // Names and sizes are ASCII: each of their characters takes a cell. The cursor takes the last.
    words.join(", ").chars().take(columns.saturating_sub(1)).collect()
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_no_longer_than_a_row() {
        let have: BTreeMap<_, _> = (0..20).map(|n| (format!("user{n:02}"), 5)).collect();
        assert_eq!(line(&have, 24), "user00 5 B, user01 5 B,");
        assert_eq!(line(&have, 1_000).len(), 20 * 12 - 2);
        assert_eq!(line(&have, 0), "");
    }
}
