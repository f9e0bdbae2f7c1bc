//! What may follow a command first: the name of somebody or of a group, or one of the words that it knows.

use super::theme::Theme;

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user name of somebody.
    Person,
    /// The name of a group that can be joined.
    Group,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of a theme that comes with Cooee.
    Theme,
}

impl Kind {
    /// The words that are known without asking anybody.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Person | Self::Group => Vec::new(),
            Self::Word(words) => words.to_vec(),
            Self::Theme => Theme::names().collect(),
        }
    }
}

/// The first word after a command of which this is written: what it is to be, and how much of it is there.
pub fn argument(before: &str) -> Option<(Kind, &str)> {
    let (name, rest) = before.strip_prefix('/')?.split_once(' ')?;
    let kind = match name.to_ascii_lowercase().as_str() {
        "msg" | "verify" | "accept" | "block" | "unblock" | "invite" | "remove" | "promote"
        | "demote" => Kind::Person,
        "join" => Kind::Group,
        "theme" => Kind::Theme,
        "alerts" => Kind::Word(&["all", "mentions", "none"]),
        "disappear" => Kind::Word(&["1h", "1d", "7d", "30d", "off"]),
        "invite-link" => Kind::Word(&["off"]),
        _ => return None,
    };
    // A name of a group may hold blanks.
    let is_first = kind == Kind::Group || !rest.contains(char::is_whitespace);
    is_first.then_some((kind, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_after_a_command_is_known_by_it() {
        assert_eq!(argument("/msg bo"), Some((Kind::Person, "bo")));
        assert_eq!(argument("/Verify "), Some((Kind::Person, "")));
        assert_eq!(argument("/join night sh"), Some((Kind::Group, "night sh")));
        assert!(argument("/theme d").unwrap().0.words().contains(&"dark"));
        for other in ["/msg", "/msg bob hi", "msg bo", "/create te", "/quit "] {
            assert_eq!(argument(other), None, "{other}");
        }
    }
}
