//! A group that we know of: all that was signed about it, and what follows from that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::people::People;
use crate::crypto::groups::{self, Rejected};
use crate::domain::group_documents::{Item, Ledger, Member, View, is_in};
use crate::domain::{
    Group, GroupId, JoinPolicy, Profile, Standing, StateHash, UserName, limits::GROUP_MEMBERS,
};
use crate::protocol::{self, Papers, SignedDocument, encode_card};
use crate::store::StoredGroup;

/// How many states of a group are remembered that were before: whoever names one of them knows less than we do,
/// and what they lack is on its way to them.
const FORMER_STATES: usize = 32;

/// Most of what people say of themselves whose profile is not here yet.
const STRANGERS: usize = 256;

/// Who we are, and whom we know: what people in a group are called follows from it.
#[derive(Clone, Copy)]
pub(super) struct Eyes<'a> {
    pub me: &'a Profile,
    pub people: &'a People,
}

impl Eyes<'_> {
    /// We, as a member.
    pub fn me(&self) -> Member {
        Member { user: self.me.user.clone(), key: self.me.identity }
    }

    /// Somebody, as a member, if we know their key.
    pub fn member(&self, user: &UserName) -> Option<Member> {
        match *user == self.me.user {
            true => Some(self.me()),
            false => {
                let key = self.people.profile(user)?.identity;
                Some(Member { user: user.clone(), key })
            }
        }
    }
}

/// A group that we know of: all that was signed about it, and what follows from that.
pub(super) struct KnownGroup {
    ledger: Ledger,
    view: View,
    /// The view, as front ends see it.
    pub group: Group,
    state: StateHash,
    /// States that it was in before, the newest last.
    former: VecDeque<StateHash>,
    pub standing: Standing,
    /// Whether the broker still has to be told that we do not subscribe to it any more.
    pub unsubscribe: bool,
    /// What people said of themselves whose key we do not know yet: a card may come before their profile.
    strangers: BTreeMap<Member, Item>,
    /// How many bytes were signed about it.
    pub size: usize,
}

impl KnownGroup {
    /// `None` where the ledger does not have the owner's word.
    pub fn new(ledger: Ledger, standing: Standing, eyes: Eyes<'_>) -> Option<Self> {
        let view = ledger.view()?;
        let group = group_of(&view, eyes);
        let state = groups::state_hash(&ledger);
        let size = ledger.items().map(|item| item.bytes().len()).sum();
        let (former, strangers, unsubscribe) = (VecDeque::new(), BTreeMap::new(), false);
        Some(Self { ledger, view, group, state, former, standing, unsubscribe, strangers, size })
    }

    /// Makes one of what is said to have been signed about a group that we do not know. What is no good is left
    /// out.
    pub fn met(
        id: GroupId,
        signed: &[SignedDocument],
        standing: Standing,
        eyes: Eyes<'_>,
    ) -> Option<Self> {
        let items: Vec<Item> =
            signed.iter().filter_map(|signed| groups::open(&signed.to_bytes()).ok()).collect();
        let is_owners = |item: &&Item| rank(item) == Rank::Owner;
        let mut ledger = Ledger::new(id);
        for item in items.iter().filter(is_owners) {
            // What speaks of another group is none of its.
            let _ = ledger.insert(item.clone());
        }
        let mut known = Self::new(ledger, standing, eyes)?;
        known.take_in(items, eyes);
        Some(known)
    }

    /// Reads what was stored.
    pub fn read(stored: &StoredGroup, eyes: Eyes<'_>) -> Option<Self> {
        let mut ledger = Ledger::new(stored.id);
        for bytes in &stored.signed {
            ledger.insert(groups::reopen(bytes).ok()?).ok()?;
        }
        let known = Self::new(ledger, stored.standing.clone(), eyes)?;
        Some(Self { unsubscribe: stored.unsubscribe, ..known })
    }

    /// As it is stored.
    pub fn stored(&self) -> StoredGroup {
        StoredGroup {
            id: self.ledger.id(),
            signed: self.ledger.items().map(|item| item.bytes().clone()).collect(),
            standing: self.standing.clone(),
            unsubscribe: self.unsubscribe,
        }
    }

    /// All that was signed about it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What follows from that.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// All that counts in it, in short.
    pub fn state(&self) -> StateHash {
        self.state
    }

    /// Whether we know all that somebody knows who names this state.
    pub fn knows(&self, state: StateHash) -> bool {
        self.state == state || self.former.contains(&state)
    }

    /// Takes in what we signed.
    pub fn insert(&mut self, item: Item, eyes: Eyes<'_>) {
        // It is of this group.
        let _ = self.ledger.insert(item);
        self.look_again(eyes);
    }

    /// Works out anew what follows from what was signed, and from whom we know.
    pub fn look_again(&mut self, eyes: Eyes<'_>) {
        // What is once here does not go away, and with it the owner's word.
        if let Some(view) = self.ledger.view() {
            self.group = group_of(&view, eyes);
            self.view = view;
        }
        let strangers = self.strangers.values().map(|item| item.bytes().len()).sum::<usize>();
        self.size = self.ledger.items().map(|item| item.bytes().len()).sum::<usize>() + strangers;
        let state = groups::state_hash(&self.ledger);
        if state != self.state {
            self.former.push_back(std::mem::replace(&mut self.state, state));
            if self.former.len() > FORMER_STATES {
                self.former.pop_front();
            }
        }
    }

    /// Reads what others say was signed, as far as it is news. What is no good is left out, and the first reason
    /// returned.
    pub fn read_news(&self, signed: &[SignedDocument]) -> (Vec<Item>, Option<Rejected>) {
        let known: BTreeSet<_> = self.ledger.items().map(|item| item.bytes().clone()).collect();
        let new = signed.iter().map(SignedDocument::to_bytes).filter(|b| !known.contains(b.as_slice()));
        let (mut items, mut rejected) = (Vec::new(), None);
        for bytes in new {
            match groups::open(&bytes) {
                Ok(item) => items.push(item),
                Err(why) => {
                    rejected.get_or_insert(why);
                }
            }
        }
        (items, rejected)
    }

    /// Takes in what was signed by those who have to do with the group; says whether that changed anything. Anybody
    /// can sign under any name and as often as they like, so strangers are left out: of statements those of people
    /// whom we do not know by that key and nobody let in, of documents those of people who neither decide nor are
    /// in. Of a listed group only what counts is kept.
    pub fn take_in(&mut self, mut items: Vec<Item>, eyes: Eyes<'_>) -> bool {
        if items.is_empty() {
            return false;
        }
        items.sort_by_key(rank);
        for item in items {
            let author = item.author().clone();
            let has_to_do = match rank(&item) {
                Rank::Owner => true,
                Rank::Member => {
                    eyes.member(&author.user).as_ref() == Some(&author) || self.ledger.is_named(&author)
                }
                Rank::Admin => self.ledger.view().is_some_and(|view| {
                    let is_in = self.standing != Standing::Listed && view.has(&author);
                    view.admins.contains(&author) || is_in
                }),
            };
            if has_to_do {
                // What speaks of another group is none of its.
                let _ = self.ledger.insert(item);
            } else if rank(&item) == Rank::Member && self.strangers.len() < STRANGERS {
                self.strangers.insert(author, item);
            }
        }
        let before = self.state;
        self.look_again(eyes);
        self.state != before
    }

    /// More is known of this user: what they said of themselves may count now.
    pub fn meet(&mut self, user: &UserName, eyes: Eyes<'_>) {
        let theirs = eyes.member(user).and_then(|member| self.strangers.remove(&member));
        match theirs {
            Some(item) => drop(self.take_in(vec![item], eyes)),
            None => self.look_again(eyes),
        }
    }

    /// Whether somebody who asks us in may do so. Into a group by invitation that is signed.
    pub fn is_asked_by(&self, from: &UserName, me: &Member) -> bool {
        match self.group.policy {
            JoinPolicy::Open => self.group.has_member(from),
            JoinPolicy::Invite => self.view.has(me),
        }
    }

    /// How we stand to it by what was signed. `None` where it is nothing to us any more.
    pub fn standing_of(&self, me: &Member) -> Option<Standing> {
        let place = self.view.members.get(me);
        let is_in = is_in(self.ledger.count(me));
        match &self.standing {
            _ if place.is_some_and(|place| place.came.is_some()) => Some(Standing::Member),
            // More are let in than have room: that is no reason to go.
            Standing::Member if place.is_none() && is_in => Some(Standing::Member),
            Standing::Invited(by) if self.group.policy == JoinPolicy::Open || is_in => {
                Some(Standing::Invited(by.clone()))
            }
            // What we said ourselves must not be forgotten: an older word of ours would count again.
            Standing::Invited(_) | Standing::Member | Standing::Left if self.ledger.has_left(me) => {
                Some(Standing::Left)
            }
            // What lets us in may still come.
            Standing::Invited(by) if !self.ledger.is_named(me) => Some(Standing::Invited(by.clone())),
            Standing::Invited(_) => None,
            _ if place.is_some() => {
                let by = self.ledger.admitted_by(me).unwrap_or_else(|| self.view.owner.clone());
                Some(Standing::Invited(by.user))
            }
            Standing::Member | Standing::Left => Some(Standing::Left),
            Standing::Listed => Some(Standing::Listed),
        }
    }

    /// Whether there is anything to show of it to us: not while what lets us in has not come yet.
    pub fn is_for(&self, me: &Member) -> bool {
        let is_asked = self.group.policy == JoinPolicy::Open || self.view.has(me);
        is_asked || !matches!(self.standing, Standing::Invited(_))
    }

    /// All that counts in it, as it travels: documents first.
    pub fn papers(&self) -> Vec<SignedDocument> {
        self.ledger.counted().iter().filter_map(travelling).collect()
    }

    /// What tells somebody how they stand, as it travels: the owner's document and those that speak of them.
    pub fn about(&self, member: &Member) -> Vec<SignedDocument> {
        let speaks = |item: &&Item| match item {
            Item::Document(held) => {
                held.content.charter.is_some() || held.content.members.contains_key(member)
            }
            Item::Statement(_) => false,
        };
        self.ledger.counted().iter().filter(speaks).filter_map(travelling).collect()
    }

    /// What somebody signed and counts, as it travels.
    pub fn said_by(&self, member: &Member) -> Vec<SignedDocument> {
        let counted = self.ledger.counted();
        counted.iter().filter(|item| item.author() == member).filter_map(travelling).collect()
    }

    /// The payload of its card; empty where it has none.
    pub fn card(&self) -> Vec<u8> {
        match self.group.policy == JoinPolicy::Open && !self.group.members.is_empty() {
            true => encode_card(self.group.id, self.papers()).0,
            false => Vec::new(),
        }
    }

    /// Whether a card with this on it lacks what we signed ourselves, although there is room for all.
    pub fn is_outdated(&self, card: &[SignedDocument], me: &Member) -> bool {
        self.said_by(me).iter().any(|ours| !card.contains(ours))
            && encode_card(self.group.id, self.papers()).1
    }

    /// Whether a card with this on it tells all that counts in it.
    pub fn is_told_by(&self, card: &[SignedDocument]) -> bool {
        self.papers().iter().all(|signed| card.contains(signed))
    }

    /// Whether somebody of this name has to do with it, with whatever key.
    pub fn names(&self, user: &UserName) -> bool {
        let is = |member: &Member| member.user == *user;
        let mut others = self.view.former.iter().chain(self.strangers.keys());
        self.view.named(user).next().is_some() || others.any(is)
    }

    /// Whether there is no room for another member.
    pub fn is_full(&self) -> bool {
        self.view.members.len() >= GROUP_MEMBERS
    }
}

fn group_of(view: &View, eyes: Eyes<'_>) -> Group {
    Group::of(view, |user| eyes.member(user).map(|member| member.key))
}

/// A document of ours, as it travels. We wrote the bytes, so they are read.
pub(super) fn travelling(item: &Item) -> Option<SignedDocument> {
    SignedDocument::from_bytes(item.bytes(), protocol::limits::GROUP_DOCUMENT).ok()
}

/// The same in letters to somebody with so many devices: as many to each as have room there, for each device gets
/// a copy in the same envelope. The last names the state that they make.
pub(super) fn letters(
    group: GroupId,
    signed: Vec<SignedDocument>,
    state: Option<StateHash>,
    devices: usize,
) -> Vec<Papers> {
    let most = protocol::limits::PAPERS / devices.max(1);
    let mut letters: Vec<Papers> = Vec::new();
    let mut room = 0;
    for document in signed {
        let size = document.to_bytes().len();
        match letters.last_mut() {
            Some(last) if size <= room => {
                room -= size;
                last.signed.push(document);
            }
            _ => {
                room = most.saturating_sub(size);
                letters.push(Papers { group, signed: vec![document], state: None });
            }
        }
    }
    if let Some(last) = letters.last_mut() {
        last.state = state;
    }
    letters
}

/// Who signs, in the order in which it has to be taken in: who decides stands in the owner's document, and who is in
/// follows from that and from what members say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Owner,
    Member,
    /// Of the others whoever signs a document: an admin, or somebody who would like to be one.
    Admin,
}

fn rank(item: &Item) -> Rank {
    match item {
        Item::Document(held) if held.content.charter.is_some() => Rank::Owner,
        Item::Document(_) => Rank::Admin,
        Item::Statement(_) => Rank::Member,
    }
}
