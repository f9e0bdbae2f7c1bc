//! What a path that is being written may become, as the disk says: it is asked beside the loop, and answers later.

/// Most names that are told of one directory.
pub const MOST_NAMES: usize = 200;

/// Something that is there and goes on as the path begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathName {
    /// The path as it would be typed, up to it.
    pub word: String,
    /// What comes in the place of what is written: read as exactly this path.
    pub text: String,
    /// Its name, fit to be shown.
    pub label: String,
    /// What it is.
    pub detail: String,
    /// Whether a path can go on from it.
    pub is_directory: bool,
}

/// What was asked of the disk, and what it said last.
#[derive(Debug, Default)]
pub struct PathList {
    asked: Option<String>,
    listed: Option<(String, Vec<PathName>)>,
}

impl PathList {
    /// A path is written as far as this: whether the disk has to be asked.
    pub fn ask(&mut self, written: &str) -> bool {
        if self.asked.as_deref() == Some(written) {
            return false;
        }
        self.asked = Some(written.to_owned());
        true
    }

    /// No path is written any more.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The disk says what there is for this. An answer to an older question is nothing.
    pub fn note(&mut self, written: String, names: Vec<PathName>) {
        if self.asked.as_deref() == Some(written.as_str()) {
            self.listed = Some((written, names));
        }
    }

    /// Whether the disk has said what there is for this.
    pub fn is_answered(&self, written: &str) -> bool {
        let listed = self.listed.as_ref().map(|(listed, _)| listed.as_str());
        self.asked.as_deref() == Some(written) && listed == Some(written)
    }

    /// Whether this, which was offered, is a directory.
    pub fn is_directory(&self, text: &str) -> bool {
        let mut names = self.listed.iter().flat_map(|(_, names)| names);
        names.any(|name| name.is_directory && name.text == text)
    }

    /// What there is that begins so, as far as that is known.
    pub fn names<'a>(&'a self, written: &'a str) -> impl Iterator<Item = &'a PathName> {
        let listed = self.listed.as_ref().filter(|(asked, _)| {
            // What was typed meanwhile only leaves some of them, as long as no other directory is meant.
            written.strip_prefix(asked.as_str()).is_some_and(|rest| !rest.contains('/'))
        });
        let is_same = listed.is_some_and(|(asked, _)| asked == written);
        let names = listed.into_iter().flat_map(|(_, names)| names);
        names.filter(move |name| is_same || name.word.starts_with(written))
    }
}

/// The path that is being written in a command, where it is one that takes a path.
pub fn path_argument(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('/')?.split_once(char::is_whitespace)?;
    let takes_path = ["send", "save"].iter().any(|known| name.eq_ignore_ascii_case(known));
    takes_path.then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(word: &str) -> PathName {
        PathName {
            word: word.to_owned(),
            text: word.to_owned(),
            label: word.to_owned(),
            detail: String::new(),
            is_directory: false,
        }
    }

    #[test]
    fn only_the_last_question_is_answered_and_what_is_typed_meanwhile_narrows_it() {
        let mut list = PathList::default();
        assert!(list.ask("~/") && !list.ask("~/"));
        list.note("/".to_owned(), vec![name("/etc")]);
        assert_eq!(list.names("~/").count(), 0);
        list.note("~/".to_owned(), vec![name("~/plan.txt"), name("~/photo.jpg")]);
        assert!(list.is_answered("~/"));
        assert_eq!(list.names("~/").count(), 2);
        assert!(list.ask("~/pl") && !list.is_answered("~/pl"));
        assert_eq!(list.names("~/pl").count(), 1);
        assert_eq!(list.names("~/plan.txt/x").count(), 0);
        assert_eq!(list.names("/etc").count(), 0);
    }

    #[test]
    fn a_path_follows_two_commands_alone() {
        assert_eq!(path_argument("/send  my pl"), Some("my pl"));
        assert_eq!(path_argument("/SAVE "), Some(""));
        for line in ["/send", "/jump x", "//send x", "send x", "/saved x"] {
            assert_eq!(path_argument(line), None, "{line}");
        }
    }
}
