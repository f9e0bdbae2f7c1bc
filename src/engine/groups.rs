//! The groups we have to do with, and those that are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::known_group::{Eyes, KnownGroup};
use super::update::GroupView;
use crate::domain::group_documents::Member;
use crate::domain::{Group, GroupId, JoinPolicy, Standing, StateHash, UserName};
use crate::protocol::SignedDocument;
use crate::store::StoredGroup;

/// Most groups that are remembered, listed ones included.
const MOST: usize = 5_000;

/// Most bytes that are kept of what was signed about groups that we are not in and never were, all together.
const FOREIGN_BYTES: usize = 32 * 1024 * 1024;

/// How long a card that lacks what we know stands before we put ours there. Others may do so meanwhile; and
/// two views that cannot agree must not answer each other as fast as the network goes.
const CORRECTION: Duration = Duration::from_secs(1);

/// How long a state that we never had may be named to us before we ask about it: what tells of it may be on its
/// way.
const WONDER: Duration = Duration::from_secs(2);

/// How long until the same person is asked about a group again, or told all about it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most invitations of which what lets us in is not here yet.
const WAITING: usize = 64;

/// Why somebody is written to about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Errand {
    /// To ask what they know of it.
    Ask,
    /// To tell them what we know.
    Tell,
}

/// The groups we have to do with, and those that are listed.
#[derive(Default)]
pub(super) struct Groups {
    known: BTreeMap<GroupId, KnownGroup>,
    /// Open groups whose card was seen on this connection.
    carded: BTreeSet<GroupId>,
    /// Groups whose card should be published.
    pub cards_due: BTreeSet<GroupId>,
    /// Cards that stand there and lack what we know, and when ours is due.
    corrections: BTreeMap<GroupId, Instant>,
    /// Who named a state of a group that we never had, which, and when to ask about it.
    wondering: BTreeMap<(GroupId, UserName), (StateHash, Instant)>,
    /// Whom we told in this session that they are out, and where their counter stood.
    outsiders: BTreeMap<(GroupId, UserName), u32>,
    /// Whom we wrote to about a group of late, and when.
    errands: BTreeMap<(GroupId, UserName, Errand), Instant>,
}

impl Groups {
    /// What was stored and makes no sense is left where it is, and out of everything.
    pub fn new(stored: &[StoredGroup], eyes: Eyes<'_>) -> Self {
        let read = |stored: &StoredGroup| {
            let known = KnownGroup::read(stored, eyes);
            if known.is_none() {
                tracing::error!(group = %stored.id, "what is kept of a group makes no sense");
            }
            Some((stored.id, known?))
        };
        Self { known: stored.iter().filter_map(read).collect(), ..Self::default() }
    }

    pub fn get(&self, id: GroupId) -> Option<&KnownGroup> {
        self.known.get(&id)
    }

    pub fn get_mut(&mut self, id: GroupId) -> Option<&mut KnownGroup> {
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
        let KnownGroup { group, standing, .. } = self.known.get(&id)?;
        Some(GroupView { group: group.clone(), standing: standing.clone() })
    }

    pub fn views(&self) -> Vec<GroupView> {
        self.known.keys().filter_map(|id| self.view(*id)).collect()
    }

    /// Puts a group in, unless there are too many.
    pub fn insert(&mut self, known: KnownGroup) -> bool {
        let id = known.group.id;
        let has_room = self.known.len() < MOST && (!is_foreign(&known) || self.has_room());
        let fits = has_room || self.known.contains_key(&id);
        if fits {
            self.known.insert(id, known);
        }
        fits
    }

    /// Whether more may be kept of groups that we are not in and never were.
    fn has_room(&self) -> bool {
        let foreign = self.known.values().filter(|known| is_foreign(known));
        foreign.map(|known| known.size).sum::<usize>() < FOREIGN_BYTES
    }

    /// An invitation of which only a part came, and that has to go because there are too many such.
    pub fn too_many(&self, me: &Member) -> Option<GroupId> {
        let mut waiting = self.known.iter().filter(|(_, known)| !known.is_for(me));
        let first = waiting.next().map(|(id, _)| *id);
        first.filter(|_| waiting.count() + 1 >= WAITING)
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

    /// When there is something to be put right or asked about.
    pub fn next_deadline(&self) -> Option<Instant> {
        let asking = self.wondering.values().map(|(_, at)| at);
        self.corrections.values().chain(asking).min().copied()
    }

    /// The cards that are to be put right by now are due.
    pub fn correct(&mut self, now: Instant) {
        let due: Vec<GroupId> =
            self.corrections.extract_if(.., |_, at| *at <= now).map(|(id, _)| id).collect();
        self.cards_due.extend(due);
    }

    /// Those in whose groups something is seen otherwise, now that more is known of this user.
    pub fn look_again_at(&mut self, user: &UserName, eyes: Eyes<'_>) -> Vec<GroupId> {
        let mut changed = Vec::new();
        for (id, known) in &mut self.known {
            if known.names(user) {
                let before = known.group.clone();
                known.meet(user, eyes);
                changed.extend((known.group != before).then_some(*id));
            }
        }
        changed
    }

    /// Somebody named this state of a group.
    pub fn note_state(&mut self, id: GroupId, user: &UserName, state: StateHash, now: Instant) {
        let key = (id, user.clone());
        match self.known.get(&id).is_none_or(|known| known.knows(state)) {
            true => {
                self.wondering.remove(&key);
            }
            false => {
                let at = self.wondering.get(&key).map_or(now + WONDER, |(_, at)| *at);
                self.wondering.insert(key, (state, at));
            }
        }
    }

    /// Whom to ask by now what they know of a group.
    pub fn wonder(&mut self, now: Instant) -> Vec<(GroupId, UserName)> {
        let due: Vec<_> = self.wondering.extract_if(.., |_, (_, at)| *at <= now).collect();
        let still = due.into_iter().filter(|((id, user), (state, _))| {
            let lacks = self.known.get(id).is_some_and(|known| !known.knows(*state));
            lacks && self.may_write(*id, user, Errand::Ask, now)
        });
        still.map(|(key, _)| key).collect()
    }

    /// Whether this user may be written to about a group now; notes that they are.
    pub fn may_write(&mut self, id: GroupId, user: &UserName, errand: Errand, now: Instant) -> bool {
        self.errands.retain(|_, at| now.duration_since(*at) < PATIENCE);
        let key = (id, user.clone(), errand);
        let may = !self.errands.contains_key(&key);
        if may {
            self.errands.insert(key, now);
        }
        may
    }

    /// A card stands in the directory. If it lacks what we signed, ours is due before long, unless one is seen
    /// meanwhile that tells all that we know. One that tells but what we signed will not do: a broker may hand two
    /// cards that come at once from two people to each of both in another order, and then each would take their
    /// own for the one that stands there.
    pub fn note_card(&mut self, id: GroupId, card: &[SignedDocument], me: &Member) {
        let Some(known) = self.known.get(&id) else { return };
        self.carded.insert(id);
        if known.standing != Standing::Listed && known.is_outdated(card, me) {
            self.corrections.entry(id).or_insert_with(|| Instant::now() + CORRECTION);
        } else if self.corrections.contains_key(&id) && known.is_told_by(card) {
            self.corrections.remove(&id);
        }
    }

    /// Whether more may be taken in about a group.
    pub fn may_grow(&self, id: GroupId) -> bool {
        self.known.get(&id).is_some_and(|known| known.standing != Standing::Listed || self.has_room())
    }

    /// Lists a group that we do not know and whose card stands in the directory, if there is room and it is open to
    /// us; says whether that is done.
    pub fn list(&mut self, id: GroupId, card: &[SignedDocument], eyes: Eyes<'_>) -> bool {
        let known = KnownGroup::met(id, card, Standing::Listed, eyes);
        let known = known.filter(|known| known.group.policy == JoinPolicy::Open);
        known.is_some_and(|known| self.insert(known))
    }

    /// Whether this user, who is out with their counter at this, was not told so yet; notes that they are.
    pub fn tell_outsider(&mut self, id: GroupId, user: &UserName, count: u32) -> bool {
        self.outsiders.insert((id, user.clone()), count) != Some(count)
    }

    /// The card was taken out of the directory; says whether the group is gone with it.
    pub fn note_card_gone(&mut self, id: GroupId) -> bool {
        self.carded.remove(&id);
        match self.known.get(&id) {
            Some(known) if known.standing == Standing::Listed => self.remove(id),
            // Whoever took it out may know better: what tells of that may be on its way.
            Some(known) if has_card(known) => {
                self.corrections.entry(id).or_insert_with(|| Instant::now() + CORRECTION);
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
                Some(known) if known.standing == Standing::Listed => {
                    self.known.remove(&id);
                    gone.push(id);
                }
                Some(known) if has_card(known) => {
                    self.cards_due.insert(id);
                }
                _ => {}
            }
        }
        gone
    }
}

/// Whether we are not in it and never were.
fn is_foreign(known: &KnownGroup) -> bool {
    matches!(known.standing, Standing::Listed | Standing::Invited(_))
}

/// Whether it falls to us, among others, that it stands in the directory.
fn has_card(known: &KnownGroup) -> bool {
    known.standing == Standing::Member && known.group.policy == JoinPolicy::Open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Identity, groups};
    use crate::domain::group_documents::{Change, Document, Item, Member, Statement, found};
    use crate::domain::{DisplayName, GroupName, Profile, Timestamp};
    use crate::engine::known_group::travelling;
    use crate::engine::people::People;

    /// Somebody with a key of their own.
    struct Somebody {
        profile: Profile,
        identity: Identity,
        people: People,
    }

    impl Somebody {
        fn new(name: &str) -> Self {
            let identity = Identity::generate();
            let user: UserName = name.parse().unwrap();
            let profile = Profile {
                display_name: DisplayName::from(&user),
                user,
                identity: identity.public(),
                version: 1,
                mobile: None,
                registered_at: Timestamp::EPOCH,
                devices: Vec::new(),
            };
            Self { profile, identity, people: People::default() }
        }

        fn eyes(&self) -> Eyes<'_> {
            Eyes { me: &self.profile, people: &self.people }
        }

        fn found(&self, nonce: u128, policy: JoinPolicy) -> (GroupId, SignedDocument) {
            let me = self.eyes().me();
            let id = groups::group_id(me.key, nonce);
            let name = GroupName::new("team").unwrap();
            let document = found(id, nonce, me, name, policy, Timestamp::EPOCH);
            let held = groups::sign_document(&document, &self.identity).unwrap();
            (id, travelling(&Item::Document(held)).unwrap())
        }

        fn says(&self, group: GroupId, count: u32) -> SignedDocument {
            let (member, at) = (self.eyes().me(), Timestamp::EPOCH);
            let statement = Statement { group, member, count, at };
            let held = groups::sign_statement(&statement, &self.identity).unwrap();
            travelling(&Item::Statement(held)).unwrap()
        }

        /// A document of somebody who may be made an admin.
        fn says_as_admin(&self, group: GroupId) -> SignedDocument {
            let author = self.eyes().me();
            let members = std::collections::BTreeMap::new();
            let document = Document {
                group,
                author,
                version: 1,
                naming: None,
                fading: None,
                members,
                charter: None,
            };
            let held = groups::sign_document(&document, &self.identity).unwrap();
            travelling(&Item::Document(held)).unwrap()
        }

        /// Lets somebody into a group by invitation.
        fn admits(&self, group: &KnownGroup, member: Member) -> SignedDocument {
            let document = group.ledger().propose(&self.eyes().me(), &[Change::Admit(member)]).unwrap();
            let held = groups::sign_document(&document, &self.identity).unwrap();
            travelling(&Item::Document(held)).unwrap()
        }
    }

    fn known(id: GroupId, signed: &[SignedDocument], standing: Standing, eyes: Eyes<'_>) -> KnownGroup {
        KnownGroup::met(id, signed, standing, eyes).unwrap()
    }

    fn learn(group: &mut KnownGroup, signed: &[SignedDocument], eyes: Eyes<'_>) -> bool {
        let (items, rejected) = group.read_news(signed);
        assert!(rejected.is_none());
        group.take_in(items, eyes)
    }

    /// Takes in a card as the engine does; says whether it told something new.
    fn note(groups: &mut Groups, id: GroupId, card: &[SignedDocument], of: &Somebody) -> bool {
        let news = match groups.get_mut(id) {
            Some(group) => learn(group, card, of.eyes()),
            None => groups.list(id, card, of.eyes()),
        };
        groups.note_card(id, card, &of.eyes().me());
        news
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let (mut alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        alice.people.meet(bob.profile.clone());
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let signed = [founding, bob.says(id, 1)];
        let mut group = known(id, &signed, Standing::Left, alice.eyes());
        group.unsubscribe = true;
        let stored = group.stored();
        let read = Groups::new(std::slice::from_ref(&stored), alice.eyes());
        let read = read.get(id).unwrap();
        assert_eq!((read.stored(), read.state()), (stored.clone(), group.state()));
        assert_eq!(read.group, group.group);
        let broken = StoredGroup { signed: vec![b"{}".as_slice().into()], ..stored };
        assert!(Groups::new(&[broken], alice.eyes()).views().is_empty(), "and nobody is kept out");
    }

    #[test]
    fn an_invitation_may_come_in_parts_and_those_are_bounded() {
        let (alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        let (me, by) = (bob.eyes().me(), Standing::Invited(alice.profile.user.clone()));
        let mut groups = Groups::default();
        let mut last = None;
        for nonce in 0..WAITING as u128 {
            assert_eq!(groups.too_many(&me), None);
            let (id, founding) = alice.found(nonce, JoinPolicy::Invite);
            let known = known(id, std::slice::from_ref(&founding), by.clone(), bob.eyes());
            assert!(!known.is_for(&me) && known.standing_of(&me).as_ref() == Some(&by));
            assert!(groups.insert(known));
            last = Some((id, founding));
        }
        assert!(groups.too_many(&me).is_some());
        let (id, founding) = last.unwrap();
        let made = known(id, &[founding], Standing::Member, alice.eyes());
        let grant = alice.admits(&made, me.clone());
        let asked = groups.get_mut(id).unwrap();
        assert!(learn(asked, &[grant], bob.eyes()));
        assert!(asked.is_for(&me) && asked.standing_of(&me) == Some(by));
        assert_eq!(groups.too_many(&me), None);
    }

    #[test]
    fn who_has_nothing_to_do_with_a_group_fills_no_ledger() {
        let (mut alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let mut group = known(id, &[founding], Standing::Member, alice.eyes());
        let strangers: Vec<_> = (0..300).map(|n| Somebody::new(&format!("g{n}"))).collect();
        let ghosts: Vec<_> = strangers.iter().map(|stranger| stranger.says(id, 1)).collect();
        assert!(!learn(&mut group, &ghosts, alice.eyes()));
        assert_eq!((group.group.members.len(), group.ledger().items().count()), (1, 1));
        assert!(group.size < 300 * 400, "of them too no more is kept than so much");
        // Whom we know by that key may come in, and nobody else under that name.
        alice.people.meet(bob.profile.clone());
        let other = Somebody::new("bob").says(id, 1);
        assert!(!learn(&mut group, &[other], alice.eyes()));
        assert!(learn(&mut group, &[bob.says(id, 1)], alice.eyes()));
        assert!(!learn(&mut group, &[bob.says_as_admin(id)], alice.eyes()), "it counts for nothing");
        learn(&mut group, &[strangers[0].says_as_admin(id)], alice.eyes());
        assert_eq!(group.ledger().items().count(), 3, "of bob it may count once");
    }

    #[test]
    fn a_card_may_come_before_the_profile_of_who_is_on_it() {
        let (mut alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        let (id, founding) = bob.found(1, JoinPolicy::Open);
        let carol = Somebody::new("carol");
        let mut groups = Groups::default();
        assert!(note(&mut groups, id, &[founding, carol.says(id, 1)], &alice));
        let members = |groups: &Groups| groups.get(id).unwrap().group.members.len();
        assert_eq!(members(&groups), 1, "the owner, whose word makes the group");
        for (user, expected) in [(&bob, 1), (&carol, 2)] {
            alice.people.meet(user.profile.clone());
            groups.look_again_at(&user.profile.user, alice.eyes());
            assert_eq!(members(&groups), expected);
        }
    }

    #[test]
    fn listed_groups_come_and_go_with_their_card_and_are_bounded() {
        let (alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let mut groups = Groups::default();
        let card = [founding];
        assert!(note(&mut groups, id, &card, &bob) && !note(&mut groups, id, &card, &bob));
        assert!(groups.settle().is_empty());
        groups.restart();
        assert_eq!(groups.settle(), [id]);
        note(&mut groups, id, &card, &bob);
        assert!(groups.note_card_gone(id));
        assert!(groups.get(id).is_none());
        let (id, closed) = alice.found(2, JoinPolicy::Invite);
        assert!(!note(&mut groups, id, &[closed], &bob), "it is not for us");
        let (id, huge) = alice.found(3, JoinPolicy::Open);
        note(&mut groups, id, &[huge], &bob);
        assert!(groups.may_grow(id));
        groups.get_mut(id).unwrap().size = FOREIGN_BYTES;
        assert!(!groups.may_grow(id), "there is no room");
        let (id, other) = alice.found(4, JoinPolicy::Open);
        assert!(!note(&mut groups, id, &[other], &bob));
    }

    #[test]
    fn a_card_that_lacks_what_we_signed_is_put_right_and_not_at_once() {
        let (alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let whole = [founding, bob.says(id, 1)];
        let mut groups = Groups::default();
        groups.insert(known(id, &whole, Standing::Member, bob.eyes()));
        assert!(groups.settle().is_empty());
        assert!(groups.cards_due.contains(&id), "ours is not there");
        groups.cards_due.clear();
        note(&mut groups, id, &whole[..1], &bob);
        assert!(groups.next_deadline().is_some());
        assert!(!note(&mut groups, id, &whole, &bob));
        assert_eq!(groups.next_deadline(), None, "the card that came last is right");
        let left = [whole[0].clone(), bob.says(id, 2)];
        learn(groups.get_mut(id).unwrap(), &left, bob.eyes());
        groups.get_mut(id).unwrap().standing = Standing::Left;
        note(&mut groups, id, &whole, &bob);
        assert!(groups.next_deadline().is_some(), "it says that we are in");
        assert!(groups.cards_due.is_empty(), "not at once");
        groups.correct(groups.next_deadline().unwrap());
        assert_eq!((groups.cards_due.len(), groups.next_deadline()), (1, None));
    }

    #[test]
    fn of_two_cards_that_come_at_once_either_may_be_the_one_that_stands_there() {
        let (alice, mut bob, carol) =
            (Somebody::new("alice"), Somebody::new("bob"), Somebody::new("carol"));
        bob.people.meet(carol.profile.clone());
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let ours = [founding.clone(), bob.says(id, 1)];
        let theirs = [founding.clone(), carol.says(id, 1)];
        let mut groups = Groups::default();
        groups.insert(known(id, &ours, Standing::Member, bob.eyes()));
        assert!(note(&mut groups, id, &theirs, &bob));
        note(&mut groups, id, &ours, &bob);
        assert!(groups.next_deadline().is_some(), "carol may have got them in the other order");
        let whole = [founding, bob.says(id, 1), carol.says(id, 1)];
        note(&mut groups, id, &whole, &bob);
        assert_eq!(groups.next_deadline(), None, "somebody put it right");
    }

    #[test]
    fn whoever_names_a_state_that_we_never_had_is_asked_once_in_a_while() {
        let (mut alice, bob) = (Somebody::new("alice"), Somebody::new("bob"));
        alice.people.meet(bob.profile.clone());
        let (id, founding) = alice.found(1, JoinPolicy::Open);
        let mut groups = Groups::default();
        groups.insert(known(id, &[founding], Standing::Member, alice.eyes()));
        let (now, user) = (Instant::now(), &bob.profile.user);
        let before = groups.get(id).unwrap().state();
        let signed = [bob.says(id, 1)];
        let mut ahead = groups.get(id).unwrap().ledger().clone();
        ahead.insert(groups::open(&signed[0].to_bytes()).unwrap()).unwrap();
        let other = groups::state_hash(&ahead);
        groups.note_state(id, user, other, now);
        assert!(groups.wonder(now).is_empty(), "what tells of it may be on its way");
        learn(groups.get_mut(id).unwrap(), &signed, alice.eyes());
        assert!(groups.wonder(now + WONDER).is_empty(), "it came");
        groups.note_state(id, user, before, now);
        assert_eq!(groups.next_deadline(), None, "they know less than we do");
        for (after, asked) in [(WONDER, 1), (WONDER * 2, 0), (WONDER + PATIENCE, 1)] {
            groups.note_state(id, user, StateHash::from_bits(9), now);
            assert_eq!(groups.wonder(now + after).len(), asked);
        }
    }
}
