//! What a group is, worked out from all that was signed.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::{Count, Counting};
use super::document::{Member, is_in};
use crate::domain::{GroupId, GroupName, JoinPolicy, Lifetime, Role, Timestamp, UserName, limits};

/// How a member is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their counter, which is odd.
    pub count: u32,
    /// When they came, by their own word; `None` for somebody who was let in and did not answer yet. They
    /// may not have subscribed: what is said goes to their inbox too.
    pub came: Option<Timestamp>,
}

/// What is wrong with what was signed. A person should hear of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// They signed two documents as the same version.
    Contradiction(Member),
    /// A document of this admin raises a counter further than one document may; there it counts for nothing.
    TooFar(Member),
    /// More people are let in than a group may have; this many are left out.
    Full(usize),
    /// Two members have this name, with different keys.
    Namesakes(UserName),
}

/// A group as the documents tell it. It depends on what was signed and on nothing else: not on the order it
/// came in, nor on how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Which group.
    pub id: GroupId,
    /// What it is called.
    pub name: GroupName,
    /// Who made it.
    pub owner: Member,
    /// Who may come in.
    pub policy: JoinPolicy,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long what is said lives; `None`: it stays.
    pub lifetime: Option<Lifetime>,
    /// Who else decides.
    pub admins: BTreeSet<Member>,
    /// Those who are in, at most [`limits::GROUP_MEMBERS`].
    pub members: BTreeMap<Member, Standing>,
    /// Those of whom it was said that they were in or asked in, and who are out.
    pub former: BTreeSet<Member>,
    /// What is wrong with it.
    pub flags: BTreeSet<Flag>,
}

impl View {
    /// Whether they are in.
    pub fn has(&self, member: &Member) -> bool {
        self.members.contains_key(member)
    }

    /// What they may do; `None` for somebody who is neither in nor decides.
    pub fn role(&self, member: &Member) -> Option<Role> {
        if *member == self.owner {
            Some(Role::Owner)
        } else if self.admins.contains(member) {
            Some(Role::Admin)
        } else {
            self.has(member).then_some(Role::Member)
        }
    }

    /// The members with this name: one, unless there are namesakes.
    pub fn named(&self, user: &UserName) -> impl Iterator<Item = &Member> {
        self.members.keys().filter(move |member| member.user == *user)
    }
}

/// Works the view out. `contradictions` are the authors who contradict themselves.
pub(super) fn view(counting: &Counting<'_>, contradictions: BTreeSet<Member>) -> Option<View> {
    let subjects = counting.subjects();
    let mut admitted: Vec<(u8, &Member, Standing)> = subjects
        .iter()
        .copied()
        .filter_map(|member| {
            let count = counting.count(member);
            let came = came(counting, member, count);
            let standing = Standing { count: count.reached, came };
            is_in(count.reached).then(|| (rank(counting, member, count), member, standing))
        })
        .collect();
    admitted.sort_by_key(|(rank, member, _)| (*rank, *member));
    let left_out = admitted.len().saturating_sub(limits::GROUP_MEMBERS);
    admitted.truncate(limits::GROUP_MEMBERS);
    let members: BTreeMap<Member, Standing> =
        admitted.into_iter().map(|(_, member, standing)| (member.clone(), standing)).collect();

    let mut flags: BTreeSet<Flag> = contradictions.into_iter().map(Flag::Contradiction).collect();
    flags.extend(counting.too_far().into_iter().map(Flag::TooFar));
    flags.extend((left_out > 0).then_some(Flag::Full(left_out)));
    let users: Vec<&UserName> = members.keys().map(|member| &member.user).collect();
    let twins = users.windows(2).filter(|pair| pair[0] == pair[1]);
    flags.extend(twins.map(|pair| Flag::Namesakes(pair[0].clone())));

    let admins = counting.charter.admins.keys().filter(|admin| counting.is_admin(admin));
    // What strangers say of themselves counts for nothing where the group is not open.
    let counts =
        |member: &Member| counting.charter.policy == JoinPolicy::Open || counting.is_named(member);
    let is_out = |member: &&Member| counts(member) && !is_in(counting.count(member).reached);
    let former = subjects.into_iter().filter(is_out).cloned().collect();
    Some(View {
        id: counting.owner.group,
        name: counting.naming()?.name.clone(),
        owner: counting.owner.author.clone(),
        policy: counting.charter.policy,
        created_at: counting.charter.created_at,
        lifetime: counting.fading().and_then(|fading| fading.lifetime),
        admins: admins.cloned().collect(),
        members,
        former,
        flags,
    })
}

/// When they came, if they said so. They may have counted further than what counts: where an open group
/// was closed, who had left and come again by themselves stands where an admin let them in before.
pub(super) fn came(counting: &Counting<'_>, member: &Member, count: Count) -> Option<Timestamp> {
    let own = counting.statements.get(member).map(|held| &held.content);
    match own.filter(|own| own.is_in() && own.count >= count.reached) {
        Some(own) => Some(own.at),
        None => counting.is_owner(member).then_some(counting.charter.created_at),
    }
}

/// Who stays in when there are too many: whom the owner let in, then whom an admin did, then who came by
/// themselves.
fn rank(counting: &Counting<'_>, member: &Member, count: Count) -> u8 {
    if counting.is_owner(member) || counting.is_admin(member) {
        0
    } else if counting.is_in_by_owner(member) {
        1
    } else if is_in(count.granted) {
        2
    } else {
        3
    }
}
