//! The groups we have to do with, and those that are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::update::GroupView;
use crate::domain::{Group, GroupId, JoinPolicy, Membership, Standing, Timestamp, UserName};
use crate::store::StoredGroup;

/// Most groups that are remembered, listed ones included.
const MOST: usize = 5_000;

/// How long a card that lacks what we know stands before we put ours there. Others may do so meanwhile; and
/// two views that cannot agree must not answer each other as fast as the network goes.
const CORRECTION: Duration = Duration::from_secs(1);

/// What a card from the directory came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Card {
    /// It told nothing new.
    Known,
    /// It told something new.
    News,
    /// It lacks what we know about ourselves: ours will stand there before long.
    Outdated,
}

/// The groups we have to do with, and those that are listed.
#[derive(Default)]
pub(super) struct Groups {
    known: BTreeMap<GroupId, StoredGroup>,
    /// Open groups of ours whose card was seen on this connection.
    carded: BTreeSet<GroupId>,
    /// Groups whose card should be published.
    pub cards_due: BTreeSet<GroupId>,
    /// Cards that stand there and lack what we know, and when ours is due.
    corrections: BTreeMap<GroupId, Instant>,
}

impl Groups {
    pub fn new(stored: Vec<StoredGroup>) -> Self {
        let known = stored.into_iter().map(|g| (g.group.id, g)).collect();
        Self { known, ..Self::default() }
    }

    pub fn get(&self, id: GroupId) -> Option<&StoredGroup> {
        self.known.get(&id)
    }

    pub fn get_mut(&mut self, id: GroupId) -> Option<&mut StoredGroup> {
        self.known.get_mut(&id)
    }

    /// Those we are in.
    pub fn joined(&self) -> impl Iterator<Item = &Group> {
        self.known.values().filter(|g| g.standing == Standing::Member).map(|g| &g.group)
    }

    /// Those we left and the broker may not know of.
    pub fn to_unsubscribe(&self) -> impl Iterator<Item = GroupId> {
        self.known.values().filter(|g| g.unsubscribe).map(|g| g.group.id)
    }

    pub fn is_member(&self, id: GroupId) -> bool {
        self.known.get(&id).is_some_and(|g| g.standing == Standing::Member)
    }

    pub fn view(&self, id: GroupId) -> Option<GroupView> {
        let StoredGroup { group, standing, .. } = self.known.get(&id)?;
        Some(GroupView { group: group.clone(), standing: standing.clone() })
    }

    pub fn views(&self) -> Vec<GroupView> {
        self.known.keys().filter_map(|id| self.view(*id)).collect()
    }

    /// Puts a group in, or another standing on it.
    pub fn insert(&mut self, stored: StoredGroup) {
        self.known.insert(stored.group.id, stored);
    }

    pub fn remove(&mut self, id: GroupId) -> bool {
        self.known.remove(&id).is_some()
    }

    /// A new connection: which cards stand in the directory is not known any more.
    pub fn restart(&mut self) {
        self.carded.clear();
        self.cards_due.clear();
        self.corrections.clear();
    }

    /// When the next card is to be put right.
    pub fn next_correction(&self) -> Option<Instant> {
        self.corrections.values().min().copied()
    }

    /// The cards that are to be put right by now are due.
    pub fn correct(&mut self, now: Instant) {
        let due: Vec<GroupId> =
            self.corrections.extract_if(.., |_, at| *at <= now).map(|(id, _)| id).collect();
        self.cards_due.extend(due);
    }

    /// Takes in a card from the directory.
    pub fn note_card(&mut self, card: Group, me: &UserName) -> Card {
        if card.policy != JoinPolicy::Open {
            return Card::Known;
        }
        self.carded.insert(card.id);
        let full = self.known.len() >= MOST;
        let Some(stored) = self.known.get_mut(&card.id) else {
            if full {
                return Card::Known;
            }
            let stored = StoredGroup { group: card, standing: Standing::Listed, unsubscribe: false };
            self.insert(stored);
            return Card::News;
        };
        let news = stored.group.merge(&card);
        let ours = stored.group.roster.get(me);
        if ours.is_some() && ours != card.roster.get(me) && stored.standing != Standing::Listed {
            self.corrections.entry(card.id).or_insert_with(|| Instant::now() + CORRECTION);
            return Card::Outdated;
        }
        self.corrections.remove(&card.id);
        if news { Card::News } else { Card::Known }
    }

    /// Takes in an invitation; says whether it was news. Beyond [`MOST`] groups no other is taken in.
    pub fn note_invitation(&mut self, group: Group, from: UserName) -> bool {
        let full = self.known.len() >= MOST;
        let Some(stored) = self.known.get_mut(&group.id) else {
            let standing = Standing::Invited(from);
            if !full {
                self.insert(StoredGroup { group, standing, unsubscribe: false });
            }
            return !full;
        };
        let news = stored.group.merge(&group);
        let ask = matches!(stored.standing, Standing::Listed | Standing::Left);
        if ask {
            stored.standing = Standing::Invited(from);
        }
        news || ask
    }

    /// A member asked somebody in, who may come now; says whether that was news. They stand in the roster as
    /// somebody who never was in.
    pub fn ask_in(&mut self, id: GroupId, user: &UserName, at: Timestamp) -> bool {
        let Some(stored) = self.known.get_mut(&id) else { return false };
        stored.group.note(user, Membership { count: 0, since: at })
    }

    /// The card was taken out of the directory; says whether the group is gone with it.
    pub fn note_card_gone(&mut self, id: GroupId) -> bool {
        self.carded.remove(&id);
        match self.known.get(&id).map(|g| &g.standing) {
            Some(Standing::Listed) => self.remove(id),
            Some(Standing::Member) => {
                self.cards_due.insert(id);
                false
            }
            _ => false,
        }
    }

    /// All cards that stand in the directory were seen: ours that were not among them are due. Returns
    /// the listed groups that are gone.
    pub fn settle(&mut self) -> Vec<GroupId> {
        let missing: Vec<GroupId> =
            self.known.keys().filter(|id| !self.carded.contains(id)).copied().collect();
        let mut gone = Vec::new();
        for id in missing {
            match self.known.get(&id) {
                Some(g) if g.standing == Standing::Listed => {
                    self.known.remove(&id);
                    gone.push(id);
                }
                Some(g) if g.standing == Standing::Member && g.group.policy == JoinPolicy::Open => {
                    self.cards_due.insert(id);
                }
                _ => {}
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GroupName;

    fn card(members: &[(&str, u32)]) -> Group {
        let member = |&(name, count): &(&str, u32)| {
            let since = Timestamp::from_millis(i64::from(count));
            (name.parse::<UserName>().unwrap(), Membership { count, since })
        };
        Group {
            id: GroupId::from_bits(1),
            name: GroupName::new("team").unwrap(),
            owner: "alice".parse().unwrap(),
            policy: JoinPolicy::Open,
            created_at: Timestamp::EPOCH,
            roster: members.iter().map(member).collect(),
        }
    }

    fn with(standing: Standing, members: &[(&str, u32)]) -> Groups {
        Groups::new(vec![StoredGroup { group: card(members), standing, unsubscribe: false }])
    }

    #[test]
    fn invitations_ask_once_and_are_bounded() {
        let eve: UserName = "eve".parse().unwrap();
        let mut groups = Groups::default();
        let invitation = |n: usize| Group { id: GroupId::from_bits(n as u128), ..card(&[("eve", 1)]) };
        assert!(groups.note_invitation(invitation(0), eve.clone()));
        assert!(!groups.note_invitation(invitation(0), eve.clone()), "it was asked before");
        let taken = (1..2 * MOST).filter(|n| groups.note_invitation(invitation(*n), eve.clone()));
        assert_eq!(taken.count(), MOST - 1);
        assert_eq!(groups.views().len(), MOST);
    }

    #[test]
    fn a_card_without_us_is_outdated() {
        let me = "bob".parse().unwrap();
        let mut groups = with(Standing::Member, &[("alice", 1), ("bob", 1)]);
        assert_eq!(groups.note_card(card(&[("alice", 1)]), &me), Card::Outdated);
        assert_eq!(groups.note_card(card(&[("alice", 1), ("bob", 1), ("carol", 1)]), &me), Card::News);
        assert_eq!(groups.note_card(card(&[("alice", 1), ("bob", 1)]), &me), Card::Known);
        let soon = groups.next_correction();
        assert!(soon.is_none(), "the card that came last is right");
        let mut left = with(Standing::Left, &[("alice", 1), ("bob", 2)]);
        assert_eq!(left.note_card(card(&[("alice", 1), ("bob", 1)]), &me), Card::Outdated);
        assert!(left.cards_due.is_empty(), "not at once");
        left.correct(left.next_correction().unwrap());
        assert_eq!(left.cards_due.len(), 1);
        assert_eq!(left.next_correction(), None);
    }

    #[test]
    fn listed_groups_come_and_go_with_their_card() {
        let me = "bob".parse().unwrap();
        let mut groups = Groups::default();
        assert_eq!(groups.note_card(card(&[("alice", 1)]), &me), Card::News);
        assert!(groups.settle().is_empty());
        groups.restart();
        assert_eq!(groups.settle(), [GroupId::from_bits(1)]);
        groups.note_card(card(&[("alice", 1)]), &me);
        assert!(groups.note_card_gone(GroupId::from_bits(1)));
        assert!(groups.get(GroupId::from_bits(1)).is_none());
    }

    #[test]
    fn a_card_of_ours_that_is_missing_is_due() {
        let mut groups = with(Standing::Member, &[("bob", 1)]);
        assert!(groups.settle().is_empty());
        assert!(groups.cards_due.contains(&GroupId::from_bits(1)));
    }
}
