//! Paths as people write them.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The whole path of what a person wrote. Where that ends with a slash, it does: a directory is meant.
pub fn whole(said: &str) -> String {
    let written = written(said);
    let ends_with_slash = written.as_os_str().as_encoded_bytes().ends_with(b"/");
    let path = absolute(&written).display().to_string();
    if ends_with_slash && !path.ends_with('/') { format!("{path}/") } else { path }
}

/// A path without the quotes and backslashes that a shell would need, and out of a `file:` address. What is there under
/// the name as it stands is meant by it, whatever signs are in that.
pub fn written(text: &str) -> PathBuf {
    let text = text.trim();
    let is_spelled = text.starts_with(['\'', '"']) || text.contains('\\');
    let is_there = || absolute(Path::new(text)).symlink_metadata().is_ok();
    let text = match is_spelled && !is_there() {
        true => unquoted(text).unwrap_or_else(|| text.to_owned()),
        false => text.to_owned(),
    };
    match text.strip_prefix("file://") {
        Some(rest) => {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())
        }
        None => PathBuf::from(text),
    }
}

/// A text that is one word for a shell, as that reads it. Several words are a path with blanks in it that nobody quoted.
pub fn unquoted(text: &str) -> Option<String> {
    // A shell takes what follows this sign for a comment, and nobody writes comments here. No path has the other.
    let words = shell_words::split(&text.replace('#', "\0")).ok()?;
    let [word] = words.as_slice() else { return None };
    Some(word.replace('\0', "#"))
}

/// The whole path, `~` being our home.
pub fn absolute(path: &Path) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let path = match path.strip_prefix("~") {
        Ok(rest) => home().map_or_else(|| path.to_owned(), |home| home.join(rest)),
        Err(_) => path.to_owned(),
    };
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_terminals_and_people_write_it() {
        for (said, meant) in [
            ("/tmp/a.txt", "/tmp/a.txt"),
            ("'/tmp/my plan.txt'", "/tmp/my plan.txt"),
            ("/tmp/my\\ plan.txt ", "/tmp/my plan.txt"),
            ("/tmp/my plan.txt", "/tmp/my plan.txt"),
            ("file:///tmp/my%20plan.txt", "/tmp/my plan.txt"),
            ("it's", "it's"),
            ("/tmp/plan #2.txt", "/tmp/plan #2.txt"),
            ("/tmp/my\\ plan\\ #2.txt", "/tmp/my plan #2.txt"),
            ("'/tmp/plan #2.txt'", "/tmp/plan #2.txt"),
            ("/etc/hostname # see this", "/etc/hostname # see this"),
            ("'/etc/hostname' # see this", "'/etc/hostname' # see this"),
            ("/tmp/a\\ b #c", "/tmp/a\\ b #c"),
        ] {
            assert_eq!(written(said), Path::new(meant), "{said}");
        }
    }
}
