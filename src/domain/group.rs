//! Groups: who belongs, and how two views of one group become one without any order of events.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::checked_name;
use super::{GroupId, InvalidText, Timestamp, UserName, clean_line, limits};

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

/// One user's way in and out of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// Raised at every join and every leave: odd is in, even is out. The greater count is the newer.
    pub count: u32,
    /// When it was raised last, by that user's clock.
    pub since: Timestamp,
}

impl Membership {
    /// Whether the user is in.
    pub fn is_in(self) -> bool {
        self.count % 2 == 1
    }
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

/// A group as one Cooee knows it.
///
/// Name, owner, policy and time of making never change. Members merge by the greater count of each
/// user, so views that heard of the same events in any order, any number of times, are equal.
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
    /// Everybody who ever joined; see [`Group::members`] for those who are in.
    pub roster: BTreeMap<UserName, Membership>,
}

impl Group {
    /// Those who are in, by name.
    pub fn members(&self) -> impl Iterator<Item = (&UserName, Membership)> {
        self.roster.iter().filter(|(_, m)| m.is_in()).map(|(user, m)| (user, *m))
    }

    /// Whether this user is in.
    pub fn has_member(&self, user: &UserName) -> bool {
        self.roster.get(user).is_some_and(|m| m.is_in())
    }

    /// What this user may do.
    pub fn role(&self, user: &UserName) -> Role {
        if *user == self.owner { Role::Owner } else { Role::Member }
    }

    /// The membership this user has after joining (`enter`) or leaving now. Doing again what is already
    /// so changes nothing.
    pub fn step(&self, user: &UserName, enter: bool, now: Timestamp) -> Membership {
        let known = self.roster.get(user).copied();
        match known {
            Some(m) if m.is_in() == enter => m,
            Some(m) => Membership { count: m.count.saturating_add(1), since: now },
            None => Membership { count: if enter { 1 } else { 2 }, since: now },
        }
    }

    /// Takes in what is known elsewhere of one user; says whether that was news. A full roster takes no
    /// new name.
    pub fn note(&mut self, user: &UserName, membership: Membership) -> bool {
        let full = self.roster.len() >= limits::GROUP_MEMBERS;
        match self.roster.get_mut(user) {
            Some(known) if membership.count > known.count => {
                *known = membership;
                true
            }
            Some(_) => false,
            None if full => false,
            None => {
                self.roster.insert(user.clone(), membership);
                true
            }
        }
    }

    /// Takes in another view of the same group; says whether it held news. A view of another group, or
    /// one that disagrees on what never changes, holds none.
    pub fn merge(&mut self, other: &Self) -> bool {
        let same = (self.id, &self.name, &self.owner, self.policy, self.created_at)
            == (other.id, &other.name, &other.owner, other.policy, other.created_at);
        let mut news = false;
        if same {
            for (user, membership) in &other.roster {
                news |= self.note(user, *membership);
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(roster: &[(u8, u32)]) -> Group {
        let user = |n: u8| -> UserName { format!("u{n}").parse().unwrap() };
        // In life a count is raised by its user alone, so equal counts carry equal times.
        let member = |count: u32| Membership { count, since: Timestamp::from_millis(i64::from(count)) };
        Group {
            id: GroupId::from_bits(7),
            name: GroupName::new("#team").unwrap(),
            owner: user(0),
            policy: JoinPolicy::Open,
            created_at: Timestamp::EPOCH,
            roster: roster.iter().map(|&(n, count)| (user(n), member(count))).collect(),
        }
    }

    fn merged(mut a: Group, b: &Group) -> Group {
        a.merge(b);
        a
    }

    fn rosters() -> impl Strategy<Value = Vec<(u8, u32)>> {
        prop::collection::vec((0u8..6, 1u32..9), 0..8)
    }

    proptest! {
        #[test]
        fn a_group_name_is_its_own_name(text in "[#\u{200e} ]{0,4}\\PC{1,5}") {
            if let Ok(name) = GroupName::new(&text) {
                prop_assert_eq!(GroupName::new(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn merging_needs_no_order(a in rosters(), b in rosters(), c in rosters()) {
            let (a, b, c) = (group(&a), group(&b), group(&c));
            prop_assert_eq!(merged(a.clone(), &b), merged(b.clone(), &a));
            prop_assert_eq!(merged(merged(a.clone(), &b), &c), merged(a.clone(), &merged(b.clone(), &c)));
            prop_assert_eq!(merged(a.clone(), &a), a);
        }
    }

    #[test]
    fn joining_and_leaving_raise_the_count_once() {
        let mut g = group(&[(0, 1)]);
        let bob: UserName = "bob".parse().unwrap();
        for (enter, count) in [(true, 1), (true, 1), (false, 2), (false, 2), (true, 3)] {
            let step = g.step(&bob, enter, Timestamp::EPOCH);
            assert_eq!(step.count, count);
            g.note(&bob, step);
            assert_eq!(g.has_member(&bob), enter);
        }
    }

    #[test]
    fn a_view_that_disagrees_on_the_name_holds_no_news() {
        let mut known = group(&[(0, 1)]);
        let mut other = group(&[(0, 2), (1, 1)]);
        other.name = GroupName::new("other").unwrap();
        assert!(!known.merge(&other));
        assert_eq!(known, group(&[(0, 1)]));
    }

    #[test]
    fn a_roster_is_bounded() {
        let mut g = group(&[]);
        for n in 0..2 * limits::GROUP_MEMBERS {
            let user = format!("m{n}").parse().unwrap();
            g.note(&user, Membership { count: 1, since: Timestamp::EPOCH });
        }
        assert_eq!(g.roster.len(), limits::GROUP_MEMBERS);
    }
}
