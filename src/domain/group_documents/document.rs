//! What is signed: documents of the owner and the admins, and statements of members about themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::domain::{GroupId, GroupName, IdentityKey, JoinPolicy, Lifetime, Timestamp, UserName};

/// Somebody in a group: a name together with the key that speaks for it. The same name with another key is
/// somebody else, so a key that was swapped on the way never takes over a membership.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// What they are called.
    pub user: UserName,
    /// What they sign with.
    pub key: IdentityKey,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user.fmt(f)
    }
}

/// A name given to the group, and when, counted in names given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naming {
    /// One more than that of the name that its author saw. The greater clock is the newer name.
    pub clock: u64,
    /// The name.
    pub name: GroupName,
}

/// How long what is said in the group lives, and when that was set, counted in times that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fading {
    /// One more than that of the one that its author saw. The greater clock is the newer.
    pub clock: u64,
    /// How long; `None`: it stays.
    pub lifetime: Option<Lifetime>,
}

/// What the owner alone says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charter {
    /// With the owner's key it makes the id of the group, so nobody else can own that id.
    pub nonce: u128,
    /// Who may come in.
    pub policy: JoinPolicy,
    /// When the group was made.
    pub created_at: Timestamp,
    /// The admins, each with the lowest version of their document that counts. An admin who was dismissed
    /// and called again starts above what they had signed before, and their old document stays ignored.
    pub admins: BTreeMap<Member, u64>,
}

/// What the owner or an admin says of a group. Each new one of an author replaces their last.
///
/// It names what its author decided, not what they heard from others: so with an admin who is dismissed goes
/// all that they did, wherever it was copied from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Document {
    /// Which group.
    pub group: GroupId,
    /// Who says so.
    pub author: Member,
    /// The greater version of an author replaces the smaller.
    pub version: u64,
    /// The last name that the author gave; the owner's first is the one the group is made with.
    pub naming: Option<Naming>,
    /// How long the author last said that messages live.
    pub fading: Option<Fading>,
    /// Counters: odd is in, even is out. The greatest that can be reached counts; see the module's page.
    pub members: BTreeMap<Member, u32>,
    /// The owner's document has it, and no other.
    pub charter: Option<Charter>,
}

/// What a member says of themselves: that they came (an odd count) or left (an even one).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Which group.
    pub group: GroupId,
    /// Who, about themselves.
    pub member: Member,
    /// Their counter.
    pub count: u32,
    /// When, by their own clock. For people to read; nothing is decided by it.
    pub at: Timestamp,
}

impl Statement {
    /// Whether it says that they are in.
    pub fn is_in(&self) -> bool {
        is_in(self.count)
    }
}

/// Whether this counter means that somebody is in.
pub fn is_in(count: u32) -> bool {
    count % 2 == 1
}

/// A document or statement with the bytes whose signature was checked. They are kept, because anybody may
/// pass them on. `crypto::groups` makes these and nobody else, so to hold one is to know that it is signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held<T> {
    /// What it says.
    pub content: T,
    /// The signed bytes.
    pub bytes: Arc<[u8]>,
}

/// One of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Of the owner or an admin.
    Document(Held<Document>),
    /// Of a member about themselves.
    Statement(Held<Statement>),
}

impl Item {
    /// Who signed it.
    pub fn author(&self) -> &Member {
        match self {
            Self::Document(held) => &held.content.author,
            Self::Statement(held) => &held.content.member,
        }
    }

    /// The signed bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        match self {
            Self::Document(held) => &held.bytes,
            Self::Statement(held) => &held.bytes,
        }
    }
}
