//! The name of a file that somebody else chose.
//!
//! It never chooses where a file goes: what is left of it is one plain name, which no file system, shell or terminal
//! takes for anything else.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::super::{clean_line, limits};

/// What a file is called when nothing is left of its name.
const NAMELESS: &str = "file";

/// Most of a name that is looked at, in bytes.
const LOOKED_AT: usize = 4 * 1024;

/// Longest ending that is kept when a name is cut, its dot included, in bytes.
const ENDING: usize = 16;

/// Names that some systems take for devices, whatever follows their first dot.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// The name of a file: no directories, no dot or dash in front, nothing that a terminal obeys or hides, at most
/// [`limits::FILE_NAME`] bytes. Any text becomes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// Makes a name of any text.
    pub fn new(text: &str) -> Self {
        let text = text.trim_end_matches(['/', '\\']);
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let last = &last[..last.floor_char_boundary(LOOKED_AT)];
        let shown: String = clean_line(last)
            .chars()
            .filter(|c| !is_invisible(*c))
            .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
            .collect();
        let mut name = trimmed(&shown).to_owned();
        if is_device(&name) {
            name.insert(0, '_');
        }
        if name.len() > limits::FILE_NAME {
            name = cut(&name);
        }
        match name.as_str() {
            "" => Self(NAMELESS.to_owned()),
            _ => Self(name),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name to take when files with this one are there already: `plan (2).pdf`. The first is the name itself.
    pub fn numbered(&self, number: u32) -> String {
        match number {
            0 => self.0.clone(),
            n => {
                let (stem, ending) = self.parts();
                format!("{stem} ({n}){ending}")
            }
        }
    }

    /// What kind of file its ending makes it: what a sender claims beyond the name would be no truer.
    pub fn kind(&self) -> FileKind {
        let (_, ending) = self.parts();
        FileKind::of(&ending.to_ascii_lowercase())
    }

    /// What stands before the ending, and the ending with its dot.
    fn parts(&self) -> (&str, &str) {
        let name = self.0.as_str();
        let at = name.rfind('.').filter(|at| *at > 0 && name.len() - at <= ENDING);
        let at = at.map(|at| if name[..at].ends_with(".tar") && at > 4 { at - 4 } else { at });
        name.split_at(at.unwrap_or(name.len()))
    }
}

impl From<String> for FileName {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that take no room of their own, by which one name can pass for another. The joiner stays: emoji are
/// made with it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{034F}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{2060}'
            ..='\u{2065}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}'
    )
}

/// Without what hides a file (a dot), passes for an option (a dash), or is dropped by some systems (dots and blanks at
/// the end).
fn trimmed(name: &str) -> &str {
    name.trim_start_matches(|c: char| c == '.' || c == '-' || c.is_whitespace())
        .trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit())
                || matches!(rest, "¹" | "²" | "³")
        })
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// Cuts a name that is too long, and leaves it its ending.
fn cut(name: &str) -> String {
    let dot = name.rfind('.').filter(|at| *at > 0 && name.len() - at <= ENDING);
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    let room = limits::FILE_NAME - ending.len();
    let mut kept = 0;
    for (at, grapheme) in stem.grapheme_indices(true) {
        if at + grapheme.len() > room {
            break;
        }
        kept = at + grapheme.len();
    }
    let name = format!("{}{ending}", &stem[..kept]);
    trimmed(&name).to_owned()
}

/// What kind of file it is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// One that can be shown here.
    Picture,
    /// Another one.
    Image,
    /// Something to hear.
    Sound,
    /// Something to watch.
    Video,
    /// Something to read or to print.
    Document,
    /// Plain text, a program's source among it.
    Text,
    /// Several files in one.
    Archive,
    /// Something that may do anything when it is opened.
    Program,
    /// None of these.
    Other,
}

impl FileKind {
    fn of(ending: &str) -> Self {
        match ending {
            ".png" | ".jpg" | ".jpeg" | ".gif" | ".webp" => Self::Picture,
            ".svg" | ".bmp" | ".tif" | ".tiff" | ".heic" | ".avif" | ".ico" | ".psd" | ".xcf" => {
                Self::Image
            }
            ".mp3" | ".ogg" | ".oga" | ".opus" | ".flac" | ".wav" | ".m4a" | ".aac" => Self::Sound,
            ".mp4" | ".mkv" | ".webm" | ".mov" | ".avi" | ".m4v" => Self::Video,
            ".pdf" | ".doc" | ".docx" | ".odt" | ".ods" | ".odp" | ".xls" | ".xlsx" | ".ppt"
            | ".pptx" | ".rtf" | ".epub" | ".ps" => Self::Document,
            ".txt" | ".md" | ".csv" | ".tsv" | ".json" | ".toml" | ".yaml" | ".yml" | ".xml"
            | ".log" | ".rs" | ".c" | ".h" | ".cpp" | ".go" | ".java" | ".patch" | ".diff" | ".tex" => {
                Self::Text
            }
            ".zip" | ".gz" | ".tgz" | ".xz" | ".bz2" | ".zst" | ".7z" | ".rar" | ".tar" | ".tar.gz"
            | ".tar.xz" | ".tar.bz2" | ".tar.zst" => Self::Archive,
            ".exe" | ".msi" | ".bat" | ".cmd" | ".com" | ".ps1" | ".sh" | ".run" | ".appimage"
            | ".jar" | ".py" | ".js" | ".vbs" | ".desktop" | ".deb" | ".rpm" | ".apk" | ".dmg"
            | ".app" | ".html" | ".htm" | ".lnk" | ".scr" => Self::Program,
            _ => Self::Other,
        }
    }

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Picture | Self::Image => "picture",
            Self::Sound => "sound",
            Self::Video => "video",
            Self::Document => "document",
            Self::Text => "text",
            Self::Archive => "archive",
            Self::Program => "program",
            Self::Other => "file",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> String {
        FileName::new(text).to_string()
    }

    #[test]
    fn a_name_says_nothing_of_where_a_file_goes() {
        for (said, kept) in [
            ("plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            ("/etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\evil.exe", "evil.exe"),
            ("a/b\\c", "c"),
            ("dir/", "dir"),
            (".bashrc", "bashrc"),
            ("...", "file"),
            ("..", "file"),
            ("/", "file"),
            ("", "file"),
            (" ", "file"),
            ("-rf", "rf"),
            (". .-x", "x"),
            ("x. . .", "x"),
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("com10", "com10"),
            ("contact.txt", "contact.txt"),
            ("a\u{0}b\u{1b}[31mc\n.txt", "ab[31mc .txt"),
            ("gpj.\u{202e}exe.png", "gpj.exe.png"),
            ("a\u{200b}b\u{3164}.txt", "ab.txt"),
            ("what? \"a|b\" <c>:*", "what_ _a_b_ _c___"),
            ("Straße 水泵 🚰.jpg", "Straße 水泵 🚰.jpg"),
        ] {
            assert_eq!(name(said), kept, "{said:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = name(&format!("{}.jpeg", "水".repeat(500)));
        assert!(long.len() <= limits::FILE_NAME && long.ends_with("水.jpeg"), "{long}");
        let no_ending = name(&format!("a.{}", "x".repeat(500)));
        assert_eq!(no_ending.len(), limits::FILE_NAME);
        assert!(name(&"\u{301}".repeat(90_000)).len() <= limits::FILE_NAME);
    }

    #[test]
    fn the_next_free_name_is_counted_before_the_ending() {
        let numbered = |text: &str, n| FileName::new(text).numbered(n);
        assert_eq!(numbered("a.txt", 0), "a.txt");
        assert_eq!(numbered("a.txt", 1), "a (1).txt");
        assert_eq!(numbered("a.tar.gz", 2), "a (2).tar.gz");
        assert_eq!(numbered("README", 3), "README (3)");
        assert_eq!(numbered("v1.0 is the very last release", 1), "v1.0 is the very last release (1)");
    }

    #[test]
    fn the_kind_is_that_of_the_ending() {
        let kind = |text: &str| FileName::new(text).kind();
        assert_eq!(kind("A.PNG"), FileKind::Picture);
        assert_eq!(kind("photo.png.exe"), FileKind::Program);
        assert_eq!(kind("x.tar.gz"), FileKind::Archive);
        assert_eq!(kind("tar.gz"), FileKind::Archive);
        assert_eq!(kind("Makefile").words(), "file");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_becomes_one_plain_name(text in any::<String>()) {
            check(&text)?;
        }

        #[test]
        fn whatever_is_made_of_what_is_dangerous_too(
            parts in prop::collection::vec(prop::sample::select(vec![
                "..", ".", "/", "\\", "-", " ", "con", "COM1", "a", ".txt", "\u{202e}", "\u{1b}", "\u{0}",
                "\u{200b}", "\u{3164}", "é", "水", "👩‍🚀", ":", "*", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ]), 0..40),
        ) {
            check(&parts.concat())?;
        }
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let name = FileName::new(text);
        let kept = name.as_str();
        prop_assert!(!kept.is_empty() && kept.len() <= limits::FILE_NAME);
        prop_assert!(!kept.starts_with(['.', '-', ' ']) && !kept.ends_with(['.', ' ']));
        prop_assert!(!kept.contains(['/', '\\', ':']) && !kept.contains(char::is_control));
        prop_assert_eq!(clean_line(kept), kept);
        prop_assert!(!is_device(kept));
        prop_assert_eq!(FileName::new(kept), name.clone(), "a name stays as it is");
        let path = std::path::Path::new("/downloads").join(name.numbered(7));
        prop_assert_eq!(path.parent(), Some(std::path::Path::new("/downloads")));
        Ok(())
    }
}
