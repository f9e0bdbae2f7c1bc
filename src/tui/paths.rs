//! Paths as people write and paste them.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::app::{Event, Pasted, PastedFile};
use crate::domain::FileName;
use crate::engine::Command;

/// No path is longer.
const LONGEST: usize = 4_096;

/// The command with the path that a person wrote made whole: the engine may have been started in another directory.
pub fn resolved(command: Command) -> Command {
    match command {
        Command::SendFile { to, path, text, reply, ticket } => {
            let path = path.to_str().map_or_else(|| path.clone(), |said| absolute(&written(said)));
            Command::SendFile { to, path, text, reply, ticket }
        }
        Command::FetchFile { message, target: Some(said), ticket } => {
            let written = written(&said);
            let ends_with_slash = written.as_os_str().as_encoded_bytes().ends_with(b"/");
            let path = absolute(&written).display().to_string();
            let path = if ends_with_slash && !path.ends_with('/') { format!("{path}/") } else { path };
            Command::FetchFile { message, target: Some(path), ticket }
        }
        other => other,
    }
}

/// Whether a text looks like the whole path of something, as terminals write it: nothing else is looked for.
pub fn may_be_path(text: &str) -> bool {
    let text = text.trim();
    let begins = ["/", "~/", "'", "\"", "file://"].iter().any(|begin| text.starts_with(begin));
    begins && text.len() <= LONGEST && !text.contains('\n')
}

/// What was pasted, as the path of a file if it is one that is there. It asks the disk, so it may take its time.
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
    if !may_be_path(text) {
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

/// A path without the quotes and backslashes that a shell would need, and out of a `file:` address. What is there under
/// the name as it stands is meant by it, whatever signs are in that.
pub(super) fn written(text: &str) -> PathBuf {
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
pub(super) fn unquoted(text: &str) -> Option<String> {
    // A shell takes what follows this sign for a comment, and nobody writes comments here. No path has the other.
    let words = shell_words::split(&text.replace('#', "\0")).ok()?;
    let [word] = words.as_slice() else { return None };
    Some(word.replace('\0', "#"))
}

/// The whole path, `~` being our home.
pub(super) fn absolute(path: &Path) -> PathBuf {
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

    fn target(said: &str) -> String {
        let (message, target) = (MessageId::from_bytes([0; 16]), Some(said.to_owned()));
        match resolved(Command::FetchFile { message, target, ticket: Ticket(0) }) {
            Command::FetchFile { target, .. } => target.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_there_under_that_name_is_meant_and_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["report #2.txt", "it's \"so\".txt", "'quoted'", "back\\ slash", "a b"];
        for name in names.iter().chain(&["report", "quoted", "back slash"]) {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        for name in names {
            let path = dir.path().join(name).display().to_string();
            assert_eq!(target(&path), path);
            let text = shell_words::quote(&path).into_owned();
            for text in [&path, &text] {
                match pasted(Pasted { text: text.clone(), ..Pasted::default() }) {
                    Event::PasteFile(found) => assert_eq!(found.path, path, "{text}"),
                    other => panic!("{text}: {other:?}"),
                }
            }
        }
        let report = dir.path().join("report").display().to_string();
        for text in [format!("{report} # see this"), format!("'{report}' # see this")] {
            let pasted = pasted(Pasted { text: text.clone(), ..Pasted::default() });
            assert!(matches!(pasted, Event::Paste(_)), "{text}");
        }
    }

    #[test]
    fn a_directory_stays_one() {
        assert_eq!(target("/tmp/x/"), "/tmp/x/");
        assert_eq!(target("/tmp/x"), "/tmp/x");
        assert_eq!(target("'/tmp/x y/'"), "/tmp/x y/");
        let home = directories::BaseDirs::new().unwrap().home_dir().join("a.txt");
        assert_eq!(target("~/a.txt"), home.display().to_string());
    }
}
