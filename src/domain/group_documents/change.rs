//! What to sign next: from what somebody wants to the document or statement that says so.

use std::collections::{BTreeMap, BTreeSet};

use super::counting::{Count, Counting};
use super::document::{Charter, Document, Fading, Member, Naming, Statement, is_in};
use super::ledger::Ledger;
use super::view::came;
use crate::domain::{GroupId, GroupName, JoinPolicy, Lifetime, Timestamp, limits};

/// What the owner or an admin wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Lets somebody in.
    Admit(Member),
    /// Puts somebody out. From an open group too, but there they can come again.
    Remove(Member),
    /// Gives the group another name.
    Rename(GroupName),
    /// Sets how long what is said lives; `None`: it stays.
    Fade(Option<Lifetime>),
    /// Changes who may come in. The owner alone.
    Policy(JoinPolicy),
    /// Makes a member an admin. The owner alone.
    Appoint(Member),
    /// Makes an admin a member again. What they did counts no more, but for what they did to these members.
    /// The owner alone.
    Dismiss {
        /// The admin.
        admin: Member,
        /// Whose membership stays as it is now.
        keep: BTreeSet<Member>,
    },
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The owner's document did not come yet.
    #[error("nothing from the owner of the group has arrived yet: wait for it, or ask a member")]
    Unknown,
    /// It takes the owner or an admin.
    #[error("only the owner and the admins of the group may do this: ask one of them")]
    NotAdmin,
    /// It takes the owner.
    #[error("only the owner of the group may do this: ask them")]
    NotOwner,
    /// About the owner, or about an admin by an admin.
    #[error("only the owner decides about `{0}`")]
    Protected(Member),
    /// It is so already.
    #[error("it is so already")]
    Already,
    /// They are not in the group.
    #[error("`{0}` is not in the group")]
    NotIn(Member),
    /// They are no admin.
    #[error("`{0}` is not an admin of the group")]
    NoAdmin(Member),
    /// Nobody let them in.
    #[error("the group is by invitation: ask its owner or an admin to invite you")]
    NotInvited,
    /// No room for another member.
    #[error("the group is full ({max} members): somebody has to leave first", max = limits::GROUP_MEMBERS)]
    Full,
    /// No room for another admin.
    #[error("a group has at most {max} admins: dismiss one first", max = limits::GROUP_ADMINS)]
    TooManyAdmins,
    /// A counter or version stands at its maximum.
    #[error("`{0}` has used up what can be counted: they need a new account")]
    UsedUp(Member),
}

/// The first document of a new group, of its owner.
pub fn found(
    group: GroupId,
    nonce: u128,
    owner: Member,
    name: GroupName,
    policy: JoinPolicy,
    now: Timestamp,
) -> Document {
    Document {
        group,
        members: BTreeMap::from([(owner.clone(), 1)]),
        author: owner,
        version: 1,
        naming: Some(Naming { clock: 1, name }),
        fading: None,
        charter: Some(Charter { nonce, policy, created_at: now, admins: BTreeMap::new() }),
    }
}

impl Ledger {
    /// The next document of `author`, with these changes made in turn; to be signed and inserted. With no
    /// changes it says again what the last one said, where that cannot be reached any more.
    pub fn propose(&self, author: &Member, changes: &[Change]) -> Result<Document, Refused> {
        let counting = self.counting().ok_or(Refused::Unknown)?;
        let floor = match counting.charter.admins.get(author) {
            _ if counting.is_owner(author) => 0,
            Some(floor) => *floor,
            None => return Err(Refused::NotAdmin),
        };
        let last = self.document(author).cloned();
        let version = last.as_ref().map_or(Some(1), |last| last.version.checked_add(1));
        let version = version.ok_or_else(|| Refused::UsedUp(author.clone()))?.max(floor);
        // What was signed before a dismissal stays behind.
        let last = last.filter(|last| last.version >= floor);
        let mut draft = Document {
            group: self.id(),
            author: author.clone(),
            version,
            naming: last.as_ref().and_then(|last| last.naming.clone()),
            fading: last.as_ref().and_then(|last| last.fading),
            members: last.as_ref().map_or_else(BTreeMap::new, |last| last.members.clone()),
            charter: last.and_then(|last| last.charter),
        };
        if draft.charter.is_none() {
            tidy(&counting, &mut draft)?;
        }
        for change in changes {
            let before = draft.clone();
            self.apply(&counting.with(&before), &mut draft, change)?;
        }
        make_room(&counting, &mut draft)?;
        Ok(draft)
    }

    /// The members who would be in or out, or counted otherwise, without this admin. To be asked about before
    /// the admin is dismissed: all of them, some or none may be kept as they are.
    pub fn decided_by(&self, admin: &Member) -> BTreeSet<Member> {
        let Some(counting) = self.counting() else { return BTreeSet::new() };
        let without = counting.without(admin);
        let depends = |member: &&Member| counting.count(member) != without.count(member);
        counting.subjects().into_iter().filter(depends).cloned().collect()
    }

    fn apply(
        &self,
        counting: &Counting<'_>,
        draft: &mut Document,
        change: &Change,
    ) -> Result<(), Refused> {
        let protected = |member: &Member| {
            let above = counting.is_owner(member) || counting.is_admin(member);
            match above && draft.charter.is_none() {
                true => Err(Refused::Protected(member.clone())),
                false => Ok(()),
            }
        };
        match change {
            Change::Admit(member) => {
                protected(member)?;
                if is_in(counting.count(member).granted) && is_in(counting.count(member).reached) {
                    return Err(Refused::Already);
                }
                room(counting, member)?;
                set(counting, draft, member, true)
            }
            Change::Remove(member) => {
                protected(member)?;
                if counting.is_owner(member) {
                    return Err(Refused::Protected(member.clone()));
                }
                // Also who left by themselves: then what they say was written before is not heard any more.
                let Count { reached, granted } = counting.count(member);
                if !is_in(reached) && !self.has_left(member) || !is_in(reached) && reached == granted {
                    return Err(Refused::NotIn(member.clone()));
                }
                // Out and still an admin would be a riddle to everybody. What they decided stays.
                if counting.is_admin(member) {
                    self.dismiss(counting, draft, member, &self.decided_by(member))?;
                }
                let dismissed = draft.clone();
                set(&counting.with(&dismissed), draft, member, false)
            }
            Change::Rename(name) => {
                let last = counting.naming().ok_or(Refused::Unknown)?;
                if last.name == *name {
                    return Err(Refused::Already);
                }
                let clock = last.clock.checked_add(1);
                let clock = clock.ok_or_else(|| Refused::UsedUp(draft.author.clone()))?;
                draft.naming = Some(Naming { clock, name: name.clone() });
                Ok(())
            }
            Change::Fade(lifetime) => {
                let last = counting.fading();
                if last.and_then(|last| last.lifetime) == *lifetime {
                    return Err(Refused::Already);
                }
                let clock = last.map_or(0, |last| last.clock).checked_add(1);
                let clock = clock.ok_or_else(|| Refused::UsedUp(draft.author.clone()))?;
                draft.fading = Some(Fading { clock, lifetime: *lifetime });
                Ok(())
            }
            Change::Policy(policy) => {
                let charter = draft.charter.as_mut().ok_or(Refused::NotOwner)?;
                if charter.policy == *policy {
                    return Err(Refused::Already);
                }
                charter.policy = *policy;
                // Who came by themselves would be out where that does not count any more.
                absorb(counting, draft, |member| {
                    let count = counting.count(member);
                    is_in(count.reached) && count.reached != count.granted
                });
                Ok(())
            }
            Change::Appoint(member) => {
                let count = counting.count(member).reached;
                let charter = draft.charter.as_mut().ok_or(Refused::NotOwner)?;
                if counting.is_owner(member) || counting.is_admin(member) {
                    return Err(Refused::Already);
                }
                if !is_in(count) {
                    return Err(Refused::NotIn(member.clone()));
                }
                if charter.admins.len() >= limits::GROUP_ADMINS {
                    return Err(Refused::TooManyAdmins);
                }
                let last = self.document(member).map_or(0, |last| last.version);
                let floor = last.checked_add(1).ok_or_else(|| Refused::UsedUp(member.clone()))?;
                charter.admins.insert(member.clone(), floor);
                // From now on the owner alone decides about them.
                draft.members.insert(member.clone(), count);
                Ok(())
            }
            Change::Dismiss { admin, keep } => {
                if draft.charter.is_none() {
                    return Err(Refused::NotOwner);
                }
                self.dismiss(counting, draft, admin, keep)
            }
        }
    }

    fn dismiss(
        &self,
        counting: &Counting<'_>,
        draft: &mut Document,
        admin: &Member,
        keep: &BTreeSet<Member>,
    ) -> Result<(), Refused> {
        if !counting.is_admin(admin) {
            return Err(Refused::NoAdmin(admin.clone()));
        }
        let (name, fading) = (counting.naming().cloned(), counting.fading());
        let without = counting.without(admin);
        absorb(counting, draft, |member| {
            keep.contains(member) && counting.count(member) != without.count(member)
        });
        // A name is what everybody sees: it stays until somebody gives another.
        if without.naming() != name.as_ref()
            && let Some(Naming { clock, name }) = name
        {
            draft.naming = Some(Naming { clock: clock.saturating_add(1), name });
        }
        // Nor does it change with who decides how long messages live.
        if without.fading() != fading
            && let Some(Fading { clock, lifetime }) = fading
        {
            draft.fading = Some(Fading { clock: clock.saturating_add(1), lifetime });
        }
        if let Some(charter) = draft.charter.as_mut() {
            charter.admins.remove(admin);
        }
        Ok(())
    }

    /// What `member` says of themselves to come in (`enter`) or to leave; to be signed and inserted. To come
    /// in where somebody let them in is to accept; in an open group nobody has to. To leave where they were
    /// only invited is to decline.
    pub fn state(&self, member: &Member, enter: bool, now: Timestamp) -> Result<Statement, Refused> {
        let counting = self.counting().ok_or(Refused::Unknown)?;
        let counted = counting.count(member);
        let reached = counted.reached;
        match (enter, is_in(reached)) {
            (false, false) => return Err(Refused::NotIn(member.clone())),
            (true, true) if came(&counting, member, counted).is_some() => return Err(Refused::Already),
            (true, false)
                if counting.charter.policy == JoinPolicy::Invite && !counting.is_owner(member) =>
            {
                return Err(Refused::NotInvited);
            }
            (true, false) => room(&counting, member)?,
            (_, true) => {}
        }
        // Above what they said before, which may be more than what counted.
        let said = counting.statements.get(member).map(|held| held.content.count);
        let count = match said {
            Some(said) if said >= reached => next(member, said, enter)?,
            _ if is_in(reached) == enter => reached,
            _ => next(member, reached, enter)?,
        };
        Ok(Statement { group: self.id(), member: member.clone(), count, at: now })
    }
}

/// The least greater counter that says that they are in (`enter`) or out.
fn next(member: &Member, count: u32, enter: bool) -> Result<u32, Refused> {
    let step = if is_in(count) == enter { 2 } else { 1 };
    count.checked_add(step).ok_or_else(|| Refused::UsedUp(member.clone()))
}

/// Sets a counter so that the member is in or out from here on. What was too far off may be within reach of
/// the new counter, so it is raised until nothing changes it any more; each turn passes one such entry.
fn set(
    counting: &Counting<'_>,
    draft: &mut Document,
    member: &Member,
    enter: bool,
) -> Result<(), Refused> {
    let mut reached = counting.count(member).reached;
    // Whoever lies may have signed what is reached over our entry alone: then each that we put in its place brings
    // back another, and only the owner can decide.
    for _ in 0..limits::GROUP_ADMINS + 3 {
        let count = if is_in(reached) == enter { reached } else { next(member, reached, enter)? };
        draft.members.insert(member.clone(), count);
        reached = counting.with(draft).count(member).reached;
        if is_in(reached) == enter {
            return Ok(());
        }
    }
    Err(Refused::UsedUp(member.clone()))
}

fn room(counting: &Counting<'_>, newcomer: &Member) -> Result<(), Refused> {
    let others = counting.subjects().into_iter().filter(|member| *member != newcomer);
    match others.filter(|member| is_in(counting.count(member).reached)).count() {
        full if full >= limits::GROUP_MEMBERS => Err(Refused::Full),
        _ => Ok(()),
    }
}

/// Writes the counters of these members, as they stand, into the owner's document.
fn absorb(counting: &Counting<'_>, draft: &mut Document, wanted: impl Fn(&Member) -> bool) {
    for member in counting.subjects().into_iter().filter(|member| wanted(member)) {
        let reached = counting.count(member).reached;
        let mine = draft.members.get(member).copied().unwrap_or(0);
        if reached > mine {
            draft.members.insert(member.clone(), reached);
        }
    }
}

/// Puts an admin's last document right before it is signed again: what the owner's has overtaken goes, and
/// what cannot be reached, because it rested on a document that does not count any more, is decided anew.
fn tidy(counting: &Counting<'_>, draft: &mut Document) -> Result<(), Refused> {
    let overtaken = |member: &Member, count: u32| {
        counting.is_owner(member)
            || counting.is_admin(member)
            || counting.owner.members.get(member).is_some_and(|owner| *owner >= count)
    };
    draft.members.retain(|member, count| !overtaken(member, *count));
    let wishes: Vec<(Member, u32)> =
        draft.members.iter().map(|(m, count)| (m.clone(), *count)).collect();
    for (member, count) in wishes {
        if count > counting.count(&member).reached {
            set(counting, draft, &member, is_in(count))?;
        }
    }
    let clock = counting.naming().map_or(0, |naming| naming.clock);
    draft.naming.take_if(|naming| naming.clock > clock);
    let clock = counting.fading().map_or(0, |fading| fading.clock);
    draft.fading.take_if(|fading| fading.clock > clock);
    Ok(())
}

/// Leaves out what says that somebody is out, where nobody else says that they are in. A document has room
/// for as many names as a group has.
fn make_room(counting: &Counting<'_>, draft: &mut Document) -> Result<(), Refused> {
    if draft.members.len() <= limits::GROUP_MEMBERS {
        return Ok(());
    }
    let bare = Document { members: BTreeMap::new(), ..draft.clone() };
    let others = counting.with(&bare);
    draft.members.retain(|member, count| is_in(*count) || is_in(others.count(member).reached));
    match draft.members.len() {
        over if over > limits::GROUP_MEMBERS => Err(Refused::Full),
        _ => Ok(()),
    }
}
