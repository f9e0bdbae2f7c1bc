//! Paths as people write and paste them.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::app::{Event, Pasted, PastedFile};
use crate::domain::FileName;
use crate::engine::Command;

/// No path is longer.
const LONGEST: usize = 4_096;

/// The command with whole paths: the engine may have been started in another directory.
pub fn resolved(command: Command) -> Command {
    match command {
        Command::SendFile { to, path, text, reply, ticket } => {
            let path = path.to_str().map_or_else(|| path.clone(), |said| absolute(&written(said)));
            Command::SendFile { to, path, text, reply, ticket }
        }
        Command::FetchFile { message, target: Some(said), ticket } => {
            let ends_with_slash = said.ends_with('/');
            let path = absolute(&written(&said)).display().to_string();
            let path = if ends_with_slash && !path.ends_with('/') { format!("{path}/") } else { path };
            Command::FetchFile { message, target: Some(path), ticket }
        }
        other => other,
    }
}

/// What was pasted, as the path of a file if it is one that is there.
pub fn pasted(pasted: Pasted) -> Event {
    match file(&pasted.text) {
        Some((path, size)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = FileName::new(&name).to_string();
            Event::PasteFile(PastedFile { path: path.display().to_string(), name, size, pasted })
        }
        None => Event::Paste(pasted),
    }
}

/// The file that a text names: by its whole path, as terminals write it when a file is dropped on them.
fn file(text: &str) -> Option<(PathBuf, u64)> {
    let text = text.trim();
    if text.len() > LONGEST || text.contains('\n') {
        return None;
    }
    let path = written(text);
    let names_one = path.is_absolute() || text.starts_with("~/");
    let path = names_one.then(|| absolute(&path))?;
    // What is no text cannot be asked for.
    path.to_str()?;
    let meta = std::fs::metadata(&path).ok().filter(|meta| meta.is_file())?;
    Some((path, meta.len()))
}

/// A path without the quotes and backslashes that a shell would need, and out of a `file:` address.
fn written(text: &str) -> PathBuf {
    let text = text.trim();
    // Several words are a path with blanks in it that nobody quoted.
    let text = match shell_words::split(text) {
        Ok(words) if words.len() == 1 => words.into_iter().next().unwrap_or_default(),
        _ => text.to_owned(),
    };
    match text.strip_prefix("file://") {
        Some(rest) => {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())
        }
        None => PathBuf::from(text),
    }
}

/// The whole path, `~` being our home.
fn absolute(path: &Path) -> PathBuf {
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
    use crate::domain::MessageId;
    use crate::engine::Ticket;

    #[test]
    fn a_path_is_read_as_terminals_and_people_write_it() {
        for (said, meant) in [
            ("/tmp/a.txt", "/tmp/a.txt"),
            ("'/tmp/my plan.txt'", "/tmp/my plan.txt"),
            ("/tmp/my\\ plan.txt ", "/tmp/my plan.txt"),
            ("/tmp/my plan.txt", "/tmp/my plan.txt"),
            ("file:///tmp/my%20plan.txt", "/tmp/my plan.txt"),
            ("it's", "it's"),
        ] {
            assert_eq!(written(said), Path::new(meant), "{said}");
        }
    }

    #[test]
    fn only_a_file_that_is_there_is_asked_about() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my plan.txt");
        std::fs::write(&path, "12345").unwrap();
        let paste = |text: String| pasted(Pasted { text, ..Pasted::default() });
        let Event::PasteFile(found) = paste(format!("'{}'\r", path.display())) else {
            panic!("it is there")
        };
        assert_eq!((found.name.as_str(), found.size), ("my plan.txt", 5));
        assert_eq!(found.path, path.display().to_string());
        for text in [
            dir.path().display().to_string(),
            "/no/such.txt".into(),
            "my plan.txt".into(),
            String::new(),
        ] {
            assert!(matches!(paste(text), Event::Paste(_)));
        }
        let two = format!("{0}\n{0}", path.display());
        assert!(matches!(paste(two), Event::Paste(_)));
    }

    #[test]
    fn a_directory_stays_one() {
        let target = |said: &str| {
            let target = Some(said.to_owned());
            match resolved(Command::FetchFile {
                message: MessageId::from_bytes([0; 16]),
                target,
                ticket: Ticket(0),
            }) {
                Command::FetchFile { target, .. } => target.unwrap(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(target("/tmp/x/"), "/tmp/x/");
        assert_eq!(target("/tmp/x"), "/tmp/x");
        let home = directories::BaseDirs::new().unwrap().home_dir().join("a.txt");
        assert_eq!(target("~/a.txt"), home.display().to_string());
    }
}
