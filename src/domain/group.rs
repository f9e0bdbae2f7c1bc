//! Groups, as front ends and files show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::group_documents::{Member, View};
use super::text::checked_name;
use super::{
    GroupId, IdentityKey, InvalidText, Lifetime, Timestamp, UserName, clean_line, lifetime_told,
};

/// What a group is called: one clean line, up to 64 grapheme clusters. Two groups may share a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

impl GroupName {
    /// Cleans and checks a group name. A leading `#`, as people write it, is left out.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        // Cleaned first, so that a name taken once stays the same when it is taken again.
        checked_name(clean_line(text).trim_start_matches(['#', ' '])).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a person would take the two for the same name.
    pub fn resembles(&self, other: &str) -> bool {
        self.0.to_lowercase() == other.trim().trim_start_matches('#').to_lowercase()
    }
}

impl TryFrom<String> for GroupName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who may come into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinPolicy {
    /// Anyone: the group is listed in the directory with its members.
    Open,
    /// By invitation: the group is not listed.
    Invite,
}

impl JoinPolicy {
    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
        }
    }
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Made the group.
    Owner,
    /// Decides with the owner who is in and what the group is called.
    Admin,
    /// Everybody else.
    Member,
}

/// How a member is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// What they may do.
    pub role: Role,
    /// When they came, by their own clock.
    pub since: Timestamp,
}

/// How we stand to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// We are in.
    Member,
    /// Somebody asked us in, and we did not answer yet.
    Invited(UserName),
    /// It is listed, and we may join.
    Listed,
    /// We left; its history stays readable.
    Left,
}

/// Something that the owner or an admin does with a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupChange {
    /// Asks somebody in. Into an open group any member may.
    Invite(UserName),
    /// Puts somebody out, or takes an invitation back.
    Remove(UserName),
    /// Gives the group another name.
    Rename(GroupName),
    /// Makes a member an admin. The owner alone.
    Promote(UserName),
    /// Makes an admin a member again. The owner alone.
    Demote(UserName),
    /// Changes who may come in. The owner alone.
    Policy(JoinPolicy),
    /// Sets how long what is said lives from then on; `None`: it stays.
    Lifetime(Option<Lifetime>),
}

impl GroupChange {
    /// What somebody did to `group`, as it follows their name.
    pub fn told(&self, name: impl Fn(&UserName) -> String, group: &str) -> String {
        match self {
            Self::Invite(user) => format!("invited {} to {group}", name(user)),
            Self::Remove(user) => format!("removed {} from {group}", name(user)),
            Self::Rename(new) => format!("named {group} #{new}"),
            Self::Promote(user) => format!("made {} an admin of {group}", name(user)),
            Self::Demote(user) => format!("made {} a member of {group} again", name(user)),
            Self::Lifetime(lifetime) => lifetime_told(*lifetime),
            Self::Policy(JoinPolicy::Open) => format!("opened {group}: anybody may join"),
            Self::Policy(JoinPolicy::Invite) => format!("closed {group}: by invitation from now on"),
        }
    }
}

/// A group as one Cooee knows it: what follows from all that was signed about it
/// ([`group_documents`](super::group_documents)), with people by their names alone. Who has a name and another
/// key than the one that we know for it is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// What it is called.
    pub name: GroupName,
    /// Who made it.
    pub owner: UserName,
    /// Who may come in.
    pub policy: JoinPolicy,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long what is said there lives; `None`: it stays.
    #[serde(default)]
    pub lifetime: Option<Lifetime>,
    /// Those who are in.
    pub members: BTreeMap<UserName, Membership>,
    /// Those who were asked in and did not answer yet.
    pub invited: BTreeSet<UserName>,
    /// Those who are out, and were in or asked in before.
    pub former: BTreeSet<UserName>,
}

impl Group {
    /// Works it out. `known` tells the key that somebody is known by, if they are.
    pub fn of(view: &View, known: impl Fn(&UserName) -> Option<IdentityKey>) -> Self {
        let is_known = |member: &Member| known(&member.user).is_none_or(|key| key == member.key);
        let named = |member: &Member| member.user.clone();
        let mut members = BTreeMap::new();
        let mut invited = BTreeSet::new();
        let mut former: BTreeSet<UserName> = view.former.iter().map(named).collect();
        for (member, standing) in &view.members {
            match standing.came {
                _ if !is_known(member) => {
                    former.insert(named(member));
                }
                Some(since) => {
                    let role = view.role(member).unwrap_or(Role::Member);
                    members.entry(named(member)).or_insert(Membership { role, since });
                }
                None => {
                    invited.insert(named(member));
                }
            }
        }
        former.retain(|user| !members.contains_key(user) && !invited.contains(user));
        Self {
            id: view.id,
            name: view.name.clone(),
            owner: view.owner.user.clone(),
            policy: view.policy,
            created_at: view.created_at,
            lifetime: view.lifetime,
            former,
            members,
            invited,
        }
    }

    /// Whether this user is in.
    pub fn has_member(&self, user: &UserName) -> bool {
        self.members.contains_key(user)
    }

    /// What this user may do.
    pub fn role(&self, user: &UserName) -> Role {
        match self.members.get(user) {
            Some(membership) => membership.role,
            None if *user == self.owner => Role::Owner,
            None => Role::Member,
        }
    }

    /// Whether this user decides who is in and what the group is called.
    pub fn is_led_by(&self, user: &UserName) -> bool {
        self.role(user) != Role::Member
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::group_documents::Standing as Place;

    fn member(user: &str, key: u8) -> Member {
        Member { user: user.parse().unwrap(), key: IdentityKey::from_bytes([key; 32]) }
    }

    fn view() -> View {
        let came = |n| Place { count: 1, came: Some(Timestamp::from_millis(n)) };
        let asked = Place { count: 1, came: None };
        let members = [
            (member("alice", 1), came(1)),
            (member("bob", 2), came(2)),
            (member("carol", 3), came(3)),
            (member("dave", 4), asked),
        ];
        View {
            id: GroupId::from_bits(7),
            name: GroupName::new("#team").unwrap(),
            owner: member("alice", 1),
            policy: JoinPolicy::Invite,
            created_at: Timestamp::EPOCH,
            lifetime: None,
            admins: [member("bob", 2)].into(),
            members: members.into(),
            former: [member("erin", 5), member("carol", 9)].into(),
            flags: BTreeSet::new(),
        }
    }

    fn names<'a>(users: impl IntoIterator<Item = &'a UserName>) -> Vec<&'a str> {
        users.into_iter().map(UserName::as_str).collect()
    }

    proptest! {
        #[test]
        fn a_group_name_is_its_own_name(text in "[#\u{200e} ]{0,4}\\PC{1,5}") {
            if let Ok(name) = GroupName::new(&text) {
                prop_assert_eq!(GroupName::new(name.as_str()), Ok(name));
            }
        }
    }

    #[test]
    fn people_stand_there_by_their_names() {
        let group = Group::of(&view(), |_| None);
        assert_eq!(names(group.members.keys()), ["alice", "bob", "carol"]);
        assert_eq!((names(&group.invited), names(&group.former)), (vec!["dave"], vec!["erin"]));
        let role = |user: &str| group.role(&user.parse().unwrap());
        assert_eq!((role("alice"), role("bob")), (Role::Owner, Role::Admin));
        assert_eq!((role("carol"), role("dave")), (Role::Member, Role::Member));
    }

    #[test]
    fn whoever_has_another_key_than_we_know_is_not_among_them() {
        let other = IdentityKey::from_bytes([9; 32]);
        let group = Group::of(&view(), |user| (user.as_str() != "alice").then_some(other));
        assert_eq!((names(group.members.keys()), names(&group.invited)), (vec!["alice"], vec![]));
        assert_eq!(names(&group.former), ["bob", "carol", "dave", "erin"]);
    }
}
