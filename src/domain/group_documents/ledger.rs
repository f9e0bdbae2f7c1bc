//! All that was signed about one group, as far as it is worth keeping.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::counting::{Count, Counting};
use super::document::{Document, Fading, Held, Item, Member, Naming, Statement, is_in};
use super::slot::Slot;
use super::view::{View, view};
use crate::domain::{GroupId, IdentityKey, JoinPolicy};

/// Most documents kept of people who are no admins: a newer document of the owner may make them so.
pub const WAITING_DOCUMENTS: usize = 32;
/// Most statements kept of people whom neither the owner nor an admin names: who came to an open group by
/// themselves, and who may be named by a document that is still to come.
pub const WAITING_STATEMENTS: usize = 512;

/// The item speaks of another group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it speaks of the group {claimed}, this is {known}")]
pub struct OtherGroup {
    claimed: GroupId,
    known: GroupId,
}

/// Whether somebody has a say in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// They have, or had when they said it.
    Member,
    /// They say that they were let in later than we know of.
    Unknown,
    /// They have none.
    None,
}

/// All that was signed about one group. See the module's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    id: GroupId,
    /// Of the owner: the one document with a charter. Only the owner's key makes the id, so there is one;
    /// if an owner made two keys that make one id, the smaller counts.
    owner: Option<Slot>,
    /// Of everybody else who signed one, by key: admins, and who may become so.
    others: BTreeMap<IdentityKey, Slot>,
    statements: BTreeMap<Member, Held<Statement>>,
}

impl Ledger {
    /// Knows nothing yet.
    pub fn new(id: GroupId) -> Self {
        Self { id, owner: None, others: BTreeMap::new(), statements: BTreeMap::new() }
    }

    /// Which group.
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// Takes in what somebody signed; says whether it was news. What is kept of people who have no say is
    /// bounded, so a stranger's item may be refused as no news.
    pub fn insert(&mut self, item: Item) -> Result<bool, OtherGroup> {
        let claimed = match &item {
            Item::Document(held) => held.content.group,
            Item::Statement(held) => held.content.group,
        };
        if claimed != self.id {
            return Err(OtherGroup { claimed, known: self.id });
        }
        let news = match item.clone() {
            Item::Document(held) => self.insert_document(held),
            Item::Statement(held) => self.insert_statement(held),
        };
        if news {
            self.prune();
        }
        Ok(news && self.holds(&item))
    }

    fn holds(&self, item: &Item) -> bool {
        match item {
            Item::Document(held) => {
                let slots = self.owner.iter().chain(self.others.get(&held.content.author.key));
                slots.flat_map(Slot::held).any(|kept| kept == held)
            }
            Item::Statement(held) => self.statements.get(&held.content.member) == Some(held),
        }
    }

    fn insert_document(&mut self, held: Held<Document>) -> bool {
        let key = held.content.author.key;
        if held.content.charter.is_none() {
            return match self.others.entry(key) {
                Entry::Occupied(mut slot) => slot.get_mut().insert(held),
                Entry::Vacant(slot) => {
                    slot.insert(Slot::new(held));
                    true
                }
            };
        }
        match &mut self.owner {
            Some(slot) if slot.document().author.key == key => slot.insert(held),
            Some(slot) if slot.document().author.key < key => false,
            _ => {
                self.owner = Some(Slot::new(held));
                true
            }
        }
    }

    fn insert_statement(&mut self, held: Held<Statement>) -> bool {
        let rank = |held: &Held<Statement>| (held.content.count, held.content.at, held.bytes.clone());
        match self.statements.entry(held.content.member.clone()) {
            Entry::Occupied(mut known) => {
                let newer = rank(&held) > rank(known.get());
                if newer {
                    known.insert(held);
                }
                newer
            }
            Entry::Vacant(free) => {
                free.insert(held);
                true
            }
        }
    }

    /// Takes in all that another ledger of the same group holds; says whether anything was news.
    pub fn merge(&mut self, other: &Self) -> Result<bool, OtherGroup> {
        let mut news = false;
        // The owner's first: then nobody who is named by it is taken for a stranger on the way.
        for item in other.items() {
            news |= self.insert(item)?;
        }
        Ok(news)
    }

    /// Everything, to be stored. Inserting it again, in any order, makes the same ledger.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        let documents = self.owner.iter().chain(self.others.values()).flat_map(Slot::held);
        let statements = self.statements.values().cloned().map(Item::Statement);
        documents.cloned().map(Item::Document).chain(statements)
    }

    /// What counts now: whoever is sent it gets the same view. It is what a newcomer needs, what is sent
    /// where the hash of the state differs, and what that hash is made over. The order is always the same.
    pub fn counted(&self) -> Vec<Item> {
        let Some(counting) = self.counting() else { return Vec::new() };
        let admins = counting.admins.keys().filter_map(|key| self.others.get(key));
        let documents = self.owner.iter().chain(admins).flat_map(Slot::held);
        let statements = self.statements.values().filter(|held| {
            // Who left an open group by themselves must not come back by a statement that is older.
            let open = counting.charter.policy == JoinPolicy::Open;
            open || counting.is_named(&held.content.member)
        });
        let documents = documents.cloned().map(Item::Document);
        documents.chain(statements.cloned().map(Item::Statement)).collect()
    }

    /// The group; `None` until the owner's document came.
    pub fn view(&self) -> Option<View> {
        let counting = self.counting()?;
        let counted = counting.admins.keys().filter_map(|key| self.others.get(key));
        let slots = self.owner.iter().chain(counted).filter(|slot| slot.contradicts_itself());
        let contradictions: BTreeSet<Member> =
            slots.map(|slot| slot.document().author.clone()).collect();
        view(&counting, contradictions)
    }

    /// How far the counter of this member was raised; 0 where nothing is said of them.
    pub fn count(&self, member: &Member) -> u32 {
        self.counting().map_or(0, |counting| counting.count(member).reached)
    }

    /// Whether this member may say something, as somebody whose counter stands at `count`.
    ///
    /// Who left by themselves had their say before, and it may come late: where the group is not open, as far as
    /// they were let in. Who was put out has none from the moment we know it, for they could write at any time what
    /// they say was written before.
    pub fn voice(&self, member: &Member, count: u32) -> Voice {
        let Some(counting) = self.counting() else { return Voice::Unknown };
        let Count { reached, granted } = counting.count(member);
        let is_late = self.has_left(member)
            && match counting.charter.policy {
                JoinPolicy::Invite => is_in(granted) && count <= granted,
                // Anybody could come in; but not whoever was put out meanwhile.
                JoinPolicy::Open => is_in(granted) || count > granted,
            };
        match () {
            () if !is_in(count) => Voice::None,
            () if is_in(reached) && count <= reached => Voice::Member,
            () if is_late && count <= reached => Voice::Member,
            () if count > reached => Voice::Unknown,
            () => Voice::None,
        }
    }

    /// Whether the last that this member says of themselves is that they are out, and that counts.
    pub fn has_left(&self, member: &Member) -> bool {
        let reached = self.count(member);
        let left = |held: &Held<Statement>| !held.content.is_in() && held.content.count == reached;
        self.statements.get(member).is_some_and(left)
    }

    /// Whether anything is said of this member, by whoever decides or by themselves.
    pub fn knows_of(&self, member: &Member) -> bool {
        self.is_named(member) || self.statements.contains_key(member)
    }

    /// Whether whoever decides says something of this member, or they decide themselves.
    pub fn is_named(&self, member: &Member) -> bool {
        self.counting().is_some_and(|counting| counting.is_named(member))
    }

    /// What `author` has to sign so that all they decided counts again: where two devices of theirs signed two
    /// documents as one version, or where their last one rests on something that does not count any more. `None`
    /// where all is in order.
    pub fn mend(&self, author: &Member) -> Option<Document> {
        let slots = self.owner.iter().chain(self.others.get(&author.key));
        let slot = slots.into_iter().find(|slot| slot.document().author == *author)?;
        let [best, second] = match slot.held().collect::<Vec<_>>()[..] {
            [best, second] => [&best.content, &second.content],
            _ => {
                let too_far = self.counting()?.too_far().contains(author);
                return too_far.then(|| self.propose(author, &[]).ok()).flatten();
            }
        };
        let mut both = best.clone();
        both.version = best.version.checked_add(1)?;
        let rank = |naming: &Naming| (naming.clock, naming.name.clone());
        if second.naming.as_ref().map(rank) > best.naming.as_ref().map(rank) {
            both.naming.clone_from(&second.naming);
        }
        let rank = |fading: Fading| (fading.clock, fading.lifetime);
        if second.fading.map(rank) > best.fading.map(rank) {
            both.fading = second.fading;
        }
        for (member, count) in &second.members {
            let known = both.members.entry(member.clone()).or_default();
            *known = (*known).max(*count);
        }
        if let (Some(charter), Some(other)) = (&mut both.charter, &second.charter) {
            for (admin, floor) in &other.admins {
                charter.admins.entry(admin.clone()).or_insert(*floor);
            }
        }
        Some(both)
    }

    /// Of those who decide, whoever put this member out, if somebody did.
    pub fn removed_by(&self, member: &Member) -> Option<Member> {
        let counting = self.counting()?;
        let count = counting.count(member);
        let says = |document: &&Document| document.members.get(member) == Some(&count.reached);
        let mut authors = counting.admins.values().copied().chain([counting.owner]).filter(says);
        (count.reached == count.granted && !is_in(count.reached))
            .then(|| authors.next().map(|document| document.author.clone()))?
    }

    /// Of those who decide, whoever asked this member in, if somebody did.
    pub fn admitted_by(&self, member: &Member) -> Option<Member> {
        let counting = self.counting()?;
        let granted = counting.count(member).granted;
        let says = |document: &&Document| document.members.get(member) == Some(&granted);
        let mut authors = counting.admins.values().copied().chain([counting.owner]).filter(says);
        is_in(granted).then(|| authors.next().map(|document| document.author.clone()))?
    }

    /// The last document of this author, whether it counts or not.
    pub fn document(&self, author: &Member) -> Option<&Document> {
        let slot = match &self.owner {
            Some(slot) if slot.document().author == *author => Some(slot),
            _ => self.others.get(&author.key),
        };
        slot.map(Slot::document).filter(|document| document.author == *author)
    }

    pub(super) fn counting(&self) -> Option<Counting<'_>> {
        let owner = self.owner.as_ref()?.document();
        let charter = owner.charter.as_ref()?;
        let counts = |(admin, floor): (&Member, &u64)| {
            let document = self.others.get(&admin.key)?.document();
            let current = document.author == *admin && document.version >= *floor;
            (current && *admin != owner.author).then_some((admin.key, document))
        };
        let admins = charter.admins.iter().filter_map(counts).collect();
        Some(Counting { owner, charter, admins, statements: &self.statements })
    }

    /// Keeps what has no say within bounds. Whom a document that counts names comes before strangers, so
    /// no stranger pushes a member out; among strangers the smaller key stays, which is the same for all.
    fn prune(&mut self) {
        let waiting = self.others.len() > WAITING_DOCUMENTS;
        if !waiting && self.statements.len() <= WAITING_STATEMENTS {
            return;
        }
        let (documents, statements) = match self.counting() {
            Some(counting) => {
                let mut documents: Vec<(bool, IdentityKey)> = self
                    .others
                    .iter()
                    .filter(|(key, _)| !counting.admins.contains_key(*key))
                    .map(|(key, slot)| (!counting.is_named(&slot.document().author), *key))
                    .collect();
                documents.sort_unstable();
                let strangers =
                    self.statements.values().filter(|s| !counting.is_named(&s.content.member));
                let mut statements: Vec<(bool, Member)> =
                    strangers.map(|s| (!s.content.is_in(), s.content.member.clone())).collect();
                statements.sort_unstable();
                (
                    documents.into_iter().map(|(_, key)| key).collect::<Vec<_>>(),
                    statements.into_iter().map(|(_, member)| member).collect::<Vec<_>>(),
                )
            }
            None => (self.others.keys().copied().collect(), self.statements.keys().cloned().collect()),
        };
        for key in documents.into_iter().skip(WAITING_DOCUMENTS) {
            self.others.remove(&key);
        }
        for member in statements.into_iter().skip(WAITING_STATEMENTS) {
            self.statements.remove(&member);
        }
    }
}
