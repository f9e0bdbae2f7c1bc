//! What may follow a command first: the name of somebody, of a group, of a list or a theme, or one of the words that it
//! knows.

use super::slash::COMMANDS;

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user name of somebody.
    Person,
    /// The name of a group that can be joined.
    Group,
    /// The name of a list of contacts.
    List,
    /// The name of a theme that comes with Cooee.
    Theme,
    /// One of these words, with bars between them.
    Words(&'static str),
}

/// Commands that take a name, and whose. What others take stands in what help says of them.
const NAMES: [(&str, Kind); 13] = [
    ("msg", Kind::Person),
    ("verify", Kind::Person),
    ("accept", Kind::Person),
    ("block", Kind::Person),
    ("unblock", Kind::Person),
    ("invite", Kind::Person),
    ("remove", Kind::Person),
    ("promote", Kind::Person),
    ("demote", Kind::Person),
    ("join", Kind::Group),
    ("list", Kind::List),
    ("broadcast", Kind::List),
    ("theme", Kind::Theme),
];

/// The first word after a command of which this is written: what it is to be, and how much of it is there.
pub fn argument(before: &str) -> Option<(Kind, &str)> {
    let (name, rest) = before.strip_prefix('/')?.split_once(' ')?;
    let command = COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))?;
    let named = NAMES.iter().find(|(known, _)| *known == command.name).map(|(_, kind)| *kind);
    let kind = named.or_else(|| words(command.arguments).map(Kind::Words))?;
    // The name of a group may hold blanks.
    let is_first = kind == Kind::Group || !rest.contains(char::is_whitespace);
    is_first.then_some((kind, rest))
}

/// `[all|mentions|none]`: these words, and nothing else.
fn words(arguments: &'static str) -> Option<&'static str> {
    let words = arguments.strip_prefix('[')?.strip_suffix(']')?;
    words.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '|').then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_after_a_command_is_known_by_it() {
        assert_eq!(argument("/msg bo"), Some((Kind::Person, "bo")));
        assert_eq!(argument("/Verify "), Some((Kind::Person, "")));
        assert_eq!(argument("/join night sh"), Some((Kind::Group, "night sh")));
        assert_eq!(argument("/broadcast cr"), Some((Kind::List, "cr")));
        assert_eq!(argument("/alerts m"), Some((Kind::Words("all|mentions|none"), "m")));
        assert_eq!(argument("/invite-link "), Some((Kind::Words("off"), "")));
        for other in ["/msg", "/msg bob hi", "msg bo", "/create te", "/quit ", "/poll ", "/save a"] {
            assert_eq!(argument(other), None, "{other}");
        }
        for (name, _) in NAMES {
            assert!(COMMANDS.iter().any(|command| command.name == name), "{name}");
        }
    }
}
