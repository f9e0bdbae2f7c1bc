//! Standard output: written where it may block, each piece at once.

use std::io::Write;

use super::Error;
use crate::domain::clean_block;

/// Writes `text` and flushes it. A reader that is slow stops whoever waits for this, and nothing else.
///
/// # Errors
/// [`Error::Output`]; a broken pipe is one.
pub(super) async fn print(text: String) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    let write = move || {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    };
    match tokio::task::spawn_blocking(write).await {
        Ok(written) => Ok(written?),
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}

/// Tells a person something on standard error; nobody has to be there to read it.
pub(super) fn note(words: &str) {
    let _ = writeln!(std::io::stderr(), "cooee: {}", clean_block(words));
}
