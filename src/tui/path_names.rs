//! What a path of which a part is written may become. It asks the disk, so it may take its time.

use std::fs::{DirEntry, read_dir};
use std::path::{Path, PathBuf};

use super::app::{MOST_NAMES, PathName};
use crate::config::paths::{absolute, unquoted, written};
use crate::domain::{clean_line, size_in_words};

/// Most entries of a directory that are looked at.
const MOST_LOOKED_AT: usize = 20_000;

/// What is there and begins as this, in the order of the names.
pub fn names(said: &str) -> Vec<PathName> {
    if said == "~" {
        return vec![PathName {
            word: "~/".to_owned(),
            text: "~/".to_owned(),
            label: "~/".to_owned(),
            detail: "home".to_owned(),
            is_directory: true,
        }];
    }
    let as_it_stands = begun(said, said);
    match spelled(said) {
        Some(path) if as_it_stands.is_empty() => begun(&path, said),
        _ => as_it_stands,
    }
}

/// What is there and begins as this path, which stands as `said`.
fn begun(path: &str, said: &str) -> Vec<PathName> {
    let (directory, beginning) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    let place = if directory.is_empty() { Path::new(".") } else { Path::new(directory) };
    let Ok(entries) = read_dir(absolute(place)) else { return Vec::new() };
    let known = |entry: &DirEntry| entry.file_name().into_string().ok();
    let mut found: Vec<(String, PathBuf)> = entries
        .flatten()
        .take(MOST_LOOKED_AT)
        .filter_map(|entry| Some((known(&entry)?, entry.path())))
        .filter(|(name, _)| name.starts_with(beginning))
        // Who does not ask for what is hidden does not want it.
        .filter(|(name, _)| beginning.starts_with('.') || !name.starts_with('.'))
        .filter(|(name, _)| can_stand(name))
        .collect();
    found.sort();
    let named = found.into_iter().filter_map(|(name, place)| {
        let meta = place.metadata().ok().filter(|meta| meta.is_dir() || meta.is_file())?;
        let end = if meta.is_dir() { "/" } else { "" };
        let whole = format!("{directory}{name}{end}");
        Some(PathName {
            // What was written otherwise goes on otherwise.
            word: if path == said { whole.clone() } else { said.to_owned() },
            text: if path == said { as_text(whole) } else { quoted(&whole) },
            label: format!("{name}{end}"),
            detail: if meta.is_dir() { "directory".to_owned() } else { size_in_words(meta.len()) },
            is_directory: meta.is_dir(),
        })
    });
    named.take(MOST_NAMES).collect()
}

/// A path as text that is read as that path: as it is, blanks too, unless signs in it would be taken for quotes.
fn as_text(path: String) -> String {
    let is_plain = path.trim() == path
        && !path.contains('\\')
        && !path.starts_with(['\'', '"'])
        && written(&path) == Path::new(&path);
    if is_plain { path } else { quoted(&path) }
}

/// Whether a name can stand in the composer as it is: nothing in it is obeyed by a terminal or turns the line around.
fn can_stand(name: &str) -> bool {
    let framed = format!("|{name}|");
    clean_line(&framed) == framed
}

/// As a shell would need it.
fn quoted(path: &str) -> String {
    shell_words::quote(path).into_owned()
}

/// The path that is meant by one that is quoted as for a shell, of which the end may be missing.
fn spelled(said: &str) -> Option<String> {
    if !said.starts_with(['\'', '"']) && !said.contains('\\') {
        return None;
    }
    ["", "'", "\"", "\\"].iter().find_map(|end| unquoted(&format!("{said}{end}")))
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, write};

    use super::*;

    fn labels(said: &str) -> Vec<String> {
        names(said).into_iter().map(|name| name.label).collect()
    }

    /// The path that is meant by what comes of the only thing that begins so.
    fn completed(said: &str) -> PathBuf {
        let names = names(said);
        assert_eq!(names.len(), 1, "{said}: {names:?}");
        written(&names[0].text)
    }

    #[test]
    fn what_is_there_is_offered_and_read_back_as_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let here = dir.path();
        create_dir(here.join("my plans")).unwrap();
        let files =
            ["my plans/a b.txt", "it's \"so\".txt", "'quoted'", "back\\ slash", "end ", "#1.txt"];
        for file in files.iter().chain(&[".hidden", "a\u{1b}[31m", "x\u{202e}y"]) {
            write(here.join(file), "12345").unwrap();
        }
        let base = format!("{}/", here.display());
        let all = ["#1.txt", "'quoted'", "back\\ slash", "end ", "it's \"so\".txt", "my plans/"];
        assert_eq!(labels(&base), all);
        assert_eq!(labels(&format!("{base}.")), [".hidden"]);
        assert_eq!(labels(&format!("{base}my plans/")), ["a b.txt"]);
        assert_eq!(labels(&format!("{base}no")), [""; 0]);
        assert_eq!(labels("/no/such/"), [""; 0]);
        let it = &names(&format!("{base}it"))[0];
        assert_eq!((it.detail.as_str(), it.is_directory), ("5 B", false));
        for file in ["#", "'q", "back", "end", "it's", "my plans/a"] {
            let whole = completed(&format!("{base}{file}"));
            assert!(whole.is_file(), "{file}: {whole:?}");
        }
        assert_eq!(names(&format!("{base}my")).remove(0).text, format!("{base}my plans/"));
        // As a shell would have it.
        for said in [format!("'{base}my pl"), format!("{base}my\\ pl"), format!("\"{base}my pl")] {
            let named = names(&said).remove(0);
            assert_eq!(named.text, format!("'{base}my plans/'"), "{said}");
            // It goes on behind the quote.
            assert!(completed(&format!("{}a", named.text)).is_file());
        }
    }

    #[test]
    fn a_large_directory_is_offered_in_part() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..MOST_NAMES + 5 {
            write(dir.path().join(format!("{n:04}")), "").unwrap();
        }
        let base = dir.path().display().to_string();
        let all = labels(&format!("{base}/"));
        assert_eq!((all.len(), all[0].as_str()), (MOST_NAMES, "0000"));
        assert_eq!(labels(&format!("{base}/020")).len(), 5);
    }

    #[test]
    fn home_is_short_and_stays_so() {
        assert_eq!(names("~").remove(0).text, "~/");
        let home = directories::BaseDirs::new().unwrap().home_dir().to_owned();
        let there = std::fs::read_dir(&home).map_or(0, |entries| {
            entries.flatten().filter(|e| !e.file_name().to_string_lossy().starts_with('.')).count()
        });
        let offered = names("~/");
        assert!(offered.len() <= there && offered.iter().all(|name| name.text.contains("~/")));
    }
}
