//! The laws, and what follows from them.

mod hostile;
mod laws;
mod life;
mod run;
mod voice;

use super::*;
use crate::domain::{GroupId, GroupName, IdentityKey, JoinPolicy, Lifetime, Timestamp};

/// Held as it would be with a signature: `crypto` tests with real ones.
fn held<T: std::fmt::Debug>(content: T) -> Held<T> {
    let bytes = format!("{content:?}").into_bytes().into();
    Held { content, bytes }
}

fn document(content: Document) -> Item {
    Item::Document(held(content))
}

fn statement(content: Statement) -> Item {
    Item::Statement(held(content))
}

fn member(n: u8) -> Member {
    Member { user: format!("u{n}").parse().unwrap(), key: IdentityKey::from_bytes([n; 32]) }
}

fn name(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

const ID: GroupId = GroupId::from_bits(7);
const NOW: Timestamp = Timestamp::EPOCH;

/// A new group of member 0.
fn ledger(policy: JoinPolicy) -> Ledger {
    let mut ledger = Ledger::new(ID);
    ledger.insert(document(found(ID, 1, member(0), name("team"), policy, NOW))).unwrap();
    ledger
}

impl Ledger {
    /// Proposes, takes in, and gives back what to send.
    fn act(&mut self, author: u8, change: Change) -> Item {
        let item = document(self.propose(&member(author), &[change]).unwrap());
        assert!(self.insert(item.clone()).unwrap(), "it is news");
        item
    }

    fn say(&mut self, who: u8, enter: bool) -> Item {
        let item = statement(self.state(&member(who), enter, NOW).unwrap());
        assert!(self.insert(item.clone()).unwrap(), "it is news");
        item
    }

    fn has(&self, who: u8) -> bool {
        self.view().unwrap().has(&member(who))
    }

    fn flags(&self) -> Vec<Flag> {
        self.view().unwrap().flags.into_iter().collect()
    }

    fn last(&self, author: u8) -> Document {
        self.document(&member(author)).unwrap().clone()
    }
}
