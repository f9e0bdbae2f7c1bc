//! How far a file has come, on standard error where that is a terminal.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

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
        let words: Vec<_> =
            have.iter().map(|(who, have)| format!("{who} {}", size_in_words(*have))).collect();
        self.shown = true;
        let _ = write!(out, "\r\x1b[K{}", words.join(", "));
        let _ = out.flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
