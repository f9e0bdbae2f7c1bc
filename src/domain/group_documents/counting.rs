//! From documents and statements to what counts: who may decide, and how far a counter is raised.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Charter, Document, Fading, Member, Naming, Statement, is_in};
use crate::domain::{IdentityKey, JoinPolicy};

/// How far a counter, or the clock of a name, may be raised over the next lower one that somebody else
/// signed. So one document can never raise it to where nobody else can raise it any more.
pub const REACH: u32 = 1_000;

/// The documents that count, and the statements.
pub(super) struct Counting<'a> {
    pub owner: &'a Document,
    pub charter: &'a Charter,
    /// Of the current admins, by key.
    pub admins: BTreeMap<IdentityKey, &'a Document>,
    pub statements: &'a BTreeMap<Member, super::Held<Statement>>,
}

/// How a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// The counter that is reached.
    pub reached: u32,
    /// The greatest that the owner and the admins reach by themselves.
    pub granted: u32,
}

impl<'a> Counting<'a> {
    /// The same with one document put in place of its author's.
    pub fn with(&self, document: &'a Document) -> Counting<'a> {
        let mut admins = self.admins.clone();
        match &document.charter {
            Some(charter) => {
                let floor = |author| charter.admins.get(author).copied();
                admins.retain(|_, d| floor(&d.author).is_some_and(|floor| d.version >= floor));
                Counting { owner: document, charter, admins, statements: self.statements }
            }
            None => {
                admins.insert(document.author.key, document);
                Counting { admins, ..*self }
            }
        }
    }

    /// The same with nothing that this admin signed.
    pub fn without(&self, admin: &Member) -> Counting<'a> {
        let mut admins = self.admins.clone();
        admins.remove(&admin.key);
        Counting { admins, ..*self }
    }

    pub fn is_owner(&self, member: &Member) -> bool {
        *member == self.owner.author
    }

    pub fn is_admin(&self, member: &Member) -> bool {
        self.charter.admins.contains_key(member) && !self.is_owner(member)
    }

    /// What an admin wrote about a member. Only the owner decides about the owner and the admins.
    fn entries(&self, member: &Member) -> impl Iterator<Item = (&'a Member, u32)> {
        let protected = self.is_owner(member) || self.is_admin(member);
        let documents = self.admins.values().filter(move |_| !protected);
        documents.filter_map(|document| Some((&document.author, *document.members.get(member)?)))
    }

    pub fn count(&self, member: &Member) -> Count {
        let base = self.owner.members.get(member).copied().unwrap_or(0);
        let mut entries: Vec<u32> = self.entries(member).map(|(_, count)| count).collect();
        let granted = reach(base, &mut entries);
        let own = self.statements.get(member).map(|held| &held.content);
        // Whoever wants may leave. To come is one's own decision where the group is open, and somebody
        // else's where it is not: there the statement confirms, and raises nothing. The owner needs nobody.
        let may_come = self.charter.policy == JoinPolicy::Open || self.is_owner(member);
        if let Some(own) = own.filter(|own| !own.is_in() || may_come) {
            entries.push(own.count);
        }
        Count { reached: reach(base, &mut entries), granted }
    }

    /// Everybody of whom anything is said.
    pub fn subjects(&self) -> BTreeSet<&'a Member> {
        let documents = self.admins.values().copied().chain([self.owner]);
        documents.flat_map(|document| document.members.keys()).chain(self.statements.keys()).collect()
    }

    /// Whether the owner or a current admin names them.
    pub fn is_named(&self, member: &Member) -> bool {
        let mut documents = self.admins.values().copied().chain([self.owner]);
        self.is_owner(member)
            || self.is_admin(member)
            || documents.any(|document| document.members.contains_key(member))
    }

    /// Whether the owner's own document lets them in.
    pub fn is_in_by_owner(&self, member: &Member) -> bool {
        self.owner.members.get(member).is_some_and(|count| is_in(*count))
    }

    /// The name that counts, by clock and then key, and who gave it.
    pub fn naming(&self) -> Option<&'a Naming> {
        let mut given: Vec<(&Naming, IdentityKey)> = self
            .admins
            .values()
            .filter_map(|document| Some((document.naming.as_ref()?, document.author.key)))
            .collect();
        given.sort_by_key(|(naming, key)| (naming.clock, *key));
        let mut last = (self.owner.naming.as_ref()?, self.owner.author.key);
        for (naming, key) in given {
            let within = naming.clock <= last.0.clock.saturating_add(u64::from(REACH));
            if within && (naming.clock, key) > (last.0.clock, last.1) {
                last = (naming, key);
            }
        }
        Some(last.0)
    }

    /// How long messages live, by clock and then key. Where the owner never said so, an admin may.
    pub fn fading(&self) -> Option<Fading> {
        let mut given: Vec<(Fading, IdentityKey)> = self
            .admins
            .values()
            .filter_map(|document| Some((document.fading?, document.author.key)))
            .collect();
        given.sort_by_key(|(fading, key)| (fading.clock, *key));
        let mut last = self.owner.fading.map(|fading| (fading, self.owner.author.key));
        for (fading, key) in given {
            let reached = last.map_or(0, |(last, _)| last.clock);
            let within = fading.clock <= reached.saturating_add(u64::from(REACH));
            if within && last.is_none_or(|last| (fading.clock, key) > (last.0.clock, last.1)) {
                last = Some((fading, key));
            }
        }
        last.map(|(fading, _)| fading)
    }

    /// The admins whose document raises something further than it may. It may also rest on a document that
    /// does not count any more.
    pub fn too_far(&self) -> BTreeSet<Member> {
        let clock = self.naming().map_or(0, |naming| naming.clock);
        let fading = self.fading().map_or(0, |fading| fading.clock);
        let is_beyond = |document: &&&Document| {
            document.naming.as_ref().is_some_and(|naming| naming.clock > clock)
                || document.fading.is_some_and(|given| given.clock > fading)
        };
        let mut found: BTreeSet<Member> =
            self.admins.values().filter(is_beyond).map(|document| document.author.clone()).collect();
        let subjects: BTreeSet<&Member> = self.admins.values().flat_map(|d| d.members.keys()).collect();
        for subject in subjects {
            let reached = self.count(subject).reached;
            let beyond = self.entries(subject).filter(|(_, count)| *count > reached);
            found.extend(beyond.map(|(author, _)| author.clone()));
        }
        found
    }
}

/// The greatest of these counters that can be reached from `base` in steps of at most [`REACH`].
fn reach(base: u32, counters: &mut [u32]) -> u32 {
    counters.sort_unstable();
    counters.iter().fold(base, |reached, &count| match count.saturating_sub(reached) {
        0..=REACH => reached.max(count),
        _ => reached,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_reached_in_steps_and_never_jumps() {
        assert_eq!(reach(0, &mut []), 0);
        assert_eq!(reach(5, &mut [3]), 5);
        assert_eq!(reach(0, &mut [2_000, 1_000]), 2_000);
        assert_eq!(reach(0, &mut [1_001]), 0);
        assert_eq!(reach(1, &mut [u32::MAX, 2]), 2);
        assert_eq!(reach(u32::MAX - 3, &mut [u32::MAX]), u32::MAX);
    }
}
