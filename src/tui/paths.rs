//! Paths as people write and paste them.

use std::path::PathBuf;

use super::app::{Event, Pasted, PastedFile};
use crate::config::paths::{absolute, whole, written};
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
            Command::FetchFile { message, target: Some(whole(&said)), ticket }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageId;
    use crate::engine::Ticket;

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
