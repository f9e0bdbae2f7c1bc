//! Reading what a person wrote: a file, and not more of it than anybody would write.

use std::io::{self, Read};
use std::path::Path;

use crate::config::open_file;

/// The text of a file that is at most so many bytes long.
///
/// # Errors
/// When it cannot be read, is longer or no UTF-8, or is no file: a pipe would have us wait for ever.
pub(super) fn text(path: &Path, longest: u64) -> io::Result<String> {
    let file = open_file(path)?;
    let mut text = String::new();
    file.take(longest + 1).read_to_string(&mut text)?;
    if text.len() as u64 > longest {
        return Err(io::Error::other(format!("it is longer than {longest} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_and_a_directory_are_no_files_and_nobody_waits_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), dir.path()] {
            assert_eq!(text(path, 10).unwrap_err().to_string(), "it is no file");
        }
        let file = dir.path().join("file");
        std::fs::write(&file, "ten letter").unwrap();
        assert_eq!(text(&file, 10).unwrap(), "ten letter");
        assert_eq!(text(&file, 9).unwrap_err().to_string(), "it is longer than 9 bytes");
        assert_eq!(text(&dir.path().join("none"), 9).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
