//! A group that we know of: all that was signed about it, and what follows from that.

use std::collections::{BTreeSet, VecDeque};

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
    /// How many bytes were signed about it.
    pub size: usize,
}

impl KnownGroup {
    /// `None` where the ledger does not have the owner's word.
    pub fn new(ledger: Ledger, standing: Standing, eyes: Eyes<'_>) -> Option<Self> {
        let view = ledger.view()?;
        let group = group_of(&view, eyes);
        let state = groups::state_hash(&ledger);
        let size = size_of(&ledger);
        let (former, unsubscribe) = (VecDeque::new(), false);
        Some(Self { ledger, view, group, state, former, standing, unsubscribe, size })
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

    /// Takes in what somebody signed; says whether that was news.
    pub fn insert(&mut self, item: Item, eyes: Eyes<'_>) -> bool {
        let news = self.ledger.insert(item).unwrap_or(false);
        if news {
            self.look_again(eyes);
        }
        news
    }

    /// Works out anew what follows from what was signed, and from whom we know.
    pub fn look_again(&mut self, eyes: Eyes<'_>) {
        // What is once here does not go away, and with it the owner's word.
        if let Some(view) = self.ledger.view() {
            self.group = group_of(&view, eyes);
            self.view = view;
        }
        self.size = size_of(&self.ledger);
        let state = groups::state_hash(&self.ledger);
        if state != self.state {
            self.former.push_back(std::mem::replace(&mut self.state, state));
            if self.former.len() > FORMER_STATES {
                self.former.pop_front();
            }
        }
    }

    /// Reads what others say was signed, and takes it in; says whether that changed anything. What is no good is
    /// left out, and the first reason returned.
    pub fn learn(&mut self, signed: &[SignedDocument], eyes: Eyes<'_>) -> (bool, Option<Rejected>) {
        let mut rejected = None;
        let known: BTreeSet<_> = self.ledger.items().map(|item| item.bytes().clone()).collect();
        let new = signed.iter().map(SignedDocument::to_bytes).filter(|b| !known.contains(b.as_slice()));
        let mut items = Vec::new();
        for bytes in new {
            match groups::open(&bytes) {
                Ok(item) => items.push(item),
                Err(why) => {
                    rejected.get_or_insert(why);
                }
            }
        }
        if items.is_empty() {
            return (false, rejected);
        }
        take_in(&mut self.ledger, items, self.standing == Standing::Listed, eyes);
        let before = self.state;
        self.look_again(eyes);
        (self.state != before, rejected)
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

    /// What the owner and the admins signed, as it travels.
    pub fn documents(&self) -> Vec<SignedDocument> {
        let counted = self.ledger.counted();
        counted.iter().filter(|i| matches!(i, Item::Document(_))).filter_map(travelling).collect()
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

    /// Whether somebody of this name has to do with it, with whatever key.
    pub fn names(&self, user: &UserName) -> bool {
        let is = |member: &Member| member.user == *user;
        self.view.named(user).next().is_some() || self.view.former.iter().any(is)
    }

    /// Whether there is no room for another member.
    pub fn is_full(&self) -> bool {
        self.view.members.len() >= GROUP_MEMBERS
    }
}

fn size_of(ledger: &Ledger) -> usize {
    ledger.items().map(|item| item.bytes().len()).sum()
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

/// What is good of what is said to have been signed about a group that we do not know.
pub(super) fn read_all(id: GroupId, signed: &[SignedDocument], eyes: Eyes<'_>) -> Ledger {
    let mut ledger = Ledger::new(id);
    let items = signed.iter().filter_map(|signed| groups::open(&signed.to_bytes()).ok()).collect();
    take_in(&mut ledger, items, true, eyes);
    ledger
}

/// Takes in what was signed by those who have to do with the group. Anybody can sign under any name and as often
/// as they like, so strangers are left out: of statements those of people whom we do not know by that key and
/// nobody let in, of documents those of people who neither decide nor are in. Of a `listed` group only what
/// counts is kept.
fn take_in(ledger: &mut Ledger, items: Vec<Item>, is_listed: bool, eyes: Eyes<'_>) {
    let rank = |item: &Item| match item {
        Item::Document(held) if held.content.charter.is_some() => 0,
        Item::Document(_) => 1,
        Item::Statement(_) => 2,
    };
    let mut items = items;
    items.sort_by_key(rank);
    let (documents, statements): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| matches!(item, Item::Document(_)));
    // Who is in is told by the statements, and who decides by the owner's document.
    let (owners, others): (Vec<Item>, Vec<Item>) =
        documents.into_iter().partition(|item| rank(item) == 0);
    let known = |member: &Member| eyes.member(&member.user).as_ref() == Some(member);
    for item in owners.into_iter().chain(statements).chain(others) {
        let author = item.author();
        let has_to_do = match rank(&item) {
            0 => true,
            2 => known(author) || ledger.is_named(author),
            _ => ledger
                .view()
                .is_some_and(|view| view.admins.contains(author) || !is_listed && view.has(author)),
        };
        if has_to_do {
            // What speaks of another group is none of its.
            let _ = ledger.insert(item);
        }
    }
}
