//! The other accounts that are open in this window, as one of them knows them.

use super::text::{counted, fit, width};

/// Longest name of an account in the header, in cells.
const NAME: usize = 16;

/// One of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// What it is called.
    pub name: String,
    /// How many messages are unread in it.
    pub unread: u32,
}

/// The others, in the order in which they come next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside(Vec<Other>);

impl Beside {
    /// These.
    pub fn new(others: Vec<Other>) -> Self {
        Self(others)
    }

    /// Whether this account is the only one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many messages are unread in all of them.
    pub fn unread(&self) -> u32 {
        self.0.iter().fold(0, |sum, other| sum.saturating_add(other.unread))
    }

    /// What the header says of them, in a quarter of so many columns if that is enough for their names: `(bob 3, carol)`.
    /// Nothing where there are none.
    pub fn words(&self, columns: u16) -> String {
        if self.is_empty() {
            return String::new();
        }
        let name = |other: &Other| match other.unread {
            0 => fit(&other.name, NAME).into_owned(),
            unread => format!("{} {unread}", fit(&other.name, NAME)),
        };
        let names: Vec<_> = self.0.iter().map(name).collect();
        let words = format!("({})", names.join(", "));
        if width(&words) <= usize::from(columns / 4) {
            return words;
        }
        match self.unread() {
            0 => format!("({})", counted(self.0.len(), "other")),
            unread => format!("({} new)", unread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_named_where_there_is_room() {
        let other = |name: &str, unread| Other { name: name.to_owned(), unread };
        let beside = Beside::new(vec![other("bob", 3), other("carol", 0)]);
        assert_eq!(beside.words(80), "(bob 3, carol)");
        assert_eq!(beside.words(40), "(3 new)");
        assert_eq!(beside.unread(), 3);
        let quiet = Beside::new(vec![other("bob", 0), other("carol", 0)]);
        assert_eq!(quiet.words(40), "(2 others)");
        assert_eq!(Beside::default().words(80), "");
    }
}
