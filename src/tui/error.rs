//! Why the front end cannot run.

use std::io;

/// Why the front end cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is no terminal, or it cannot be used.
    #[error("the full-screen messenger needs a terminal: {0}")]
    NoTerminal(#[source] io::Error),
    /// No threads.
    #[error("cannot start threads: {0}")]
    Threads(#[source] io::Error),
    /// The built-in keymap is wrong.
    #[error("the built-in keymap: {0}")]
    Keymap(super::app::KeymapProblem),
    /// The terminal failed while it was used.
    #[error("cannot draw on the terminal: {0}")]
    Draw(#[source] io::Error),
}
