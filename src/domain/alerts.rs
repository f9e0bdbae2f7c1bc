//! When a conversation calls for us.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::UserName;

/// When what is said in a conversation calls for us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alerts {
    /// Always.
    #[default]
    All,
    /// When we are mentioned.
    Mentions,
    /// Never.
    None,
}

impl Alerts {
    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::All, Self::Mentions, Self::None].into_iter().find(|alerts| alerts.name() == name)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }
}

/// Whether a text mentions a user.
pub fn mentions(text: &str, user: &UserName) -> bool {
    mentioned(text, user).next().is_some()
}

/// Where a text mentions a user: `@` and the name, which no part of a longer one may be.
pub fn mentioned<'a>(text: &'a str, user: &'a UserName) -> impl Iterator<Item = Range<usize>> + 'a {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let length = 1 + user.as_str().len();
    text.match_indices('@').map(move |(at, _)| at..at + length).filter(move |place| {
        let at = place.start;
        let before = text[..at].chars().next_back();
        let rest = &text[at + 1..];
        let name = rest.get(..user.as_str().len());
        let is_named = name.is_some_and(|name| name.eq_ignore_ascii_case(user.as_str()));
        is_named
            && !before.is_some_and(|c| c.is_alphanumeric())
            && !rest[user.as_str().len()..].starts_with(belongs)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_name_is_a_mention() {
        let bob: UserName = "bob".parse().unwrap();
        for text in ["@bob", "ask @Bob, please", "(@bob)", "x @bobby @bob!", "水@bob水"] {
            assert_eq!(mentions(text, &bob), text != "水@bob水", "{text}");
        }
        for text in ["bob", "@bobby", "a@bob", "@bob-2", "@", "@bo", "@b\u{f6}b"] {
            assert!(!mentions(text, &bob), "{text}");
        }
    }
}
