//! Everybody, every group and every open room we know of, and the orders in which lists show them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::domain::{
    Alerts, Availability, ContactList, ConversationId, GroupId, JoinPolicy, Lifetime, ListName,
    MessageId, Person, RoomName, Standing, Summary, Timestamp, UserName,
};
use crate::engine::{FileState, FileView, GroupView};

/// Who and what there is.
#[derive(Clone, Debug)]
pub struct World {
    me: UserName,
    people: BTreeMap<UserName, Person>,
    groups: BTreeMap<GroupId, GroupView>,
    rooms: Vec<RoomName>,
    alerts: BTreeMap<ConversationId, Alerts>,
    files: BTreeMap<MessageId, FileState>,
    lifetimes: BTreeMap<ConversationId, Lifetime>,
    archived: HashSet<ConversationId>,
    lists: BTreeMap<ListName, BTreeSet<UserName>>,
    summaries: HashMap<ConversationId, Summary>,
    contacts: Vec<UserName>,
    /// Those who are put away, in the same order.
    away: Vec<UserName>,
    online: Vec<UserName>,
    listed: Vec<GroupId>,
    places: Vec<ConversationId>,
    /// Groups and rooms that are put away.
    places_away: Vec<ConversationId>,
    /// How many of the places are tabs.
    tabs: usize,
    /// Display names, in lower case, that more than one person goes by.
    namesakes: HashSet<String>,
    /// Names of groups, in lower case, that more than one group bears.
    same_named: HashSet<String>,
    people_changed: bool,
    groups_changed: bool,
}

impl World {
    /// A world in which only we are known.
    pub fn new(me: UserName) -> Self {
        Self {
            me,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            rooms: Vec::new(),
            alerts: BTreeMap::new(),
            files: BTreeMap::new(),
            lifetimes: BTreeMap::new(),
            archived: HashSet::new(),
            lists: BTreeMap::new(),
            summaries: HashMap::new(),
            contacts: Vec::new(),
            away: Vec::new(),
            online: Vec::new(),
            listed: Vec::new(),
            places: Vec::new(),
            places_away: Vec::new(),
            tabs: 0,
            namesakes: HashSet::new(),
            same_named: HashSet::new(),
            people_changed: false,
            groups_changed: false,
        }
    }

    /// Everybody who is known.
    pub fn people(&self) -> impl Iterator<Item = &Person> + Clone {
        self.people.values()
    }

    /// Takes in people who are new or changed.
    pub fn note_people(&mut self, people: Vec<Person>) {
        self.people.extend(people.into_iter().map(|person| (person.user.clone(), person)));
        self.people_changed = true;
    }

    /// Takes in a group that is new or changed.
    pub fn note_group(&mut self, group: GroupView) {
        self.groups.insert(group.group.id, group);
        self.groups_changed = true;
    }

    /// Takes a group out.
    pub fn forget_group(&mut self, group: GroupId) {
        self.groups.remove(&group);
        self.groups_changed = true;
    }

    /// Takes in which open rooms we are in.
    pub fn note_rooms(&mut self, rooms: Vec<RoomName>) {
        self.rooms = rooms;
        self.groups_changed = true;
    }

    /// Takes in which conversations do not always call for us.
    pub fn note_alerts(&mut self, alerts: Vec<(ConversationId, Alerts)>) {
        self.alerts = alerts.into_iter().collect();
    }

    /// Takes in what became of files.
    pub fn note_files(&mut self, views: Vec<FileView>) {
        self.files.extend(views.into_iter().map(|view| (view.message, view.state)));
    }

    /// What became of the file that a message carries.
    pub fn file(&self, message: MessageId) -> &FileState {
        self.files.get(&message).unwrap_or(&FileState::Offered)
    }

    /// Takes in how long messages live in conversations with people.
    pub fn note_lifetimes(&mut self, lifetimes: Vec<(ConversationId, Lifetime)>) {
        self.lifetimes = lifetimes.into_iter().collect();
    }

    /// How long messages of a conversation live; `None`: they stay.
    pub fn lifetime(&self, conversation: &ConversationId) -> Option<Lifetime> {
        match conversation {
            ConversationId::Group(id) => self.groups.get(id)?.group.lifetime,
            other => self.lifetimes.get(other).copied(),
        }
    }

    /// Takes in which conversations are put away.
    pub fn note_archived(&mut self, archived: Vec<ConversationId>) {
        self.archived = archived.into_iter().collect();
        (self.people_changed, self.groups_changed) = (true, true);
    }

    /// Takes in our lists of contacts.
    pub fn note_lists(&mut self, lists: Vec<ContactList>) {
        self.lists = lists.into_iter().map(|list| (list.name, list.members)).collect();
    }

    /// Who is on a list.
    pub fn list(&self, name: &ListName) -> Option<&BTreeSet<UserName>> {
        self.lists.get(name)
    }

    /// All lists, and who is on them.
    pub fn lists(&self) -> impl Iterator<Item = (&ListName, &BTreeSet<UserName>)> {
        self.lists.iter()
    }

    /// Whether a conversation is put away.
    pub fn is_archived(&self, conversation: &ConversationId) -> bool {
        self.archived.contains(conversation)
    }

    /// The conversations that are put away: people, then groups and rooms.
    pub fn archived(&self) -> impl Iterator<Item = ConversationId> {
        let people = self.away.iter().cloned().map(ConversationId::Direct);
        people.chain(self.places_away.iter().cloned())
    }

    /// How many people, and how many groups and rooms are put away.
    pub fn counts_archived(&self) -> (usize, usize) {
        (self.away.len(), self.places_away.len())
    }

    /// Everybody but us, also who is put away.
    pub fn everybody(&self) -> impl Iterator<Item = &UserName> {
        self.contacts.iter().chain(&self.away)
    }

    /// When a conversation calls for us.
    pub fn alerts(&self, conversation: &ConversationId) -> Alerts {
        self.alerts.get(conversation).copied().unwrap_or_default()
    }

    /// Messages of others that were not read, in all conversations that may call for us.
    pub fn unread_in_all(&self) -> u32 {
        let calling = self.summaries.values().filter(|s| {
            self.alerts(&s.conversation) != Alerts::None && !self.is_archived(&s.conversation)
        });
        calling.fold(0, |sum, summary| sum.saturating_add(summary.unread))
    }

    /// Takes in the summaries of conversations.
    pub fn note_summaries(&mut self, summaries: Vec<Summary>) {
        // The order of the contacts follows their last messages; that of the groups does not.
        self.people_changed |=
            summaries.iter().any(|s| matches!(s.conversation, ConversationId::Direct(_)));
        self.summaries.extend(summaries.into_iter().map(|s| (s.conversation.clone(), s)));
    }

    /// We have read all of this conversation; says whether there was something to read.
    pub fn mark_read(&mut self, conversation: &ConversationId) -> bool {
        match self.summaries.get_mut(conversation) {
            Some(summary) if summary.unread > 0 => {
                summary.unread = 0;
                summary.first_unread = None;
                true
            }
            _ => false,
        }
    }

    /// Brings the lists in order again that something changed in.
    pub fn sort(&mut self) {
        if std::mem::take(&mut self.people_changed) {
            self.sort_people();
        }
        if std::mem::take(&mut self.groups_changed) {
            self.sort_groups();
        }
    }

    fn sort_people(&mut self) {
        let name = |person: &Person| person.display_name.as_str().to_lowercase();
        self.namesakes = repeated(self.people.values().map(name));
        let others = || self.people.values().filter(|person| person.user != self.me);
        let mut contacts: Vec<_> = others()
            .map(|person| {
                let last = self.last_at(&ConversationId::Direct(person.user.clone()));
                let online = person.availability.is_online();
                (!online, Reverse(last), name(person), person.user.clone())
            })
            .collect();
        contacts.sort_unstable();
        let online = others().filter(|person| person.availability.is_online());
        let mut online: Vec<_> = online.map(|person| (name(person), person.user.clone())).collect();
        online.sort_unstable();
        let away = |user: &UserName| self.is_archived(&ConversationId::Direct(user.clone()));
        let contacts = contacts.into_iter().map(|(.., user)| user);
        let (away, contacts) = contacts.partition(away);
        (self.away, self.contacts) = (away, contacts);
        self.online = online.into_iter().map(|(_, user)| user).collect();
    }

    fn sort_groups(&mut self) {
        let name = |view: &GroupView| view.group.name.as_str().to_lowercase();
        self.same_named = repeated(self.groups.values().map(name));
        let rank = |view: &GroupView| match view.standing {
            Standing::Member => 0,
            Standing::Invited(_) => 1,
            Standing::Listed => 2,
            Standing::Left => 3,
        };
        let mut listed: Vec<_> =
            self.groups.values().map(|view| (rank(view), name(view), view.group.id)).collect();
        listed.sort_unstable();
        self.listed = listed.into_iter().map(|(.., id)| id).collect();
        let ours = self.member_of().count();
        let groups =
            |ids: &[GroupId]| ids.iter().copied().map(ConversationId::Group).collect::<Vec<_>>();
        let rooms = self.rooms.iter().cloned().map(ConversationId::Room);
        let (ours, others) = self.listed.split_at(ours);
        let (ours, others) = (groups(ours), groups(others));
        let away = |place: &ConversationId| self.is_archived(place);
        let (mut places_away, mut places): (Vec<_>, Vec<_>) =
            ours.into_iter().chain(rooms).partition(away);
        let tabs = places.len();
        let (others_away, others): (Vec<_>, Vec<_>) = others.into_iter().partition(away);
        places_away.extend(others_away);
        places.extend(others);
        (self.places, self.places_away, self.tabs) = (places, places_away, tabs);
    }

    /// The groups we are in, by name.
    fn member_of(&self) -> impl Iterator<Item = GroupId> {
        self.listed
            .iter()
            .copied()
            .take_while(|id| self.groups.get(id).is_some_and(|view| view.standing == Standing::Member))
    }

    /// Our own name.
    pub fn me(&self) -> &UserName {
        &self.me
    }

    /// Everybody but us and who is put away: who is online first, then by the last message, then by name.
    pub fn contacts(&self) -> &[UserName] {
        &self.contacts
    }

    /// Who else is online, by name.
    pub fn online(&self) -> &[UserName] {
        &self.online
    }

    /// All groups: ours, then invitations, then those we may join, then those we left, each by name.
    pub fn groups(&self) -> &[GroupId] {
        &self.listed
    }

    /// What the list of groups shows, without what is put away: our groups, the open rooms we are in, then the other groups.
    pub fn places(&self) -> &[ConversationId] {
        &self.places
    }

    /// The groups we are in, then the open rooms, each by name; without what is put away.
    pub fn tabs(&self) -> impl Iterator<Item = &ConversationId> {
        self.places.iter().take(self.tabs)
    }

    /// Whether we are in an open room.
    pub fn is_in_room(&self, room: &RoomName) -> bool {
        self.rooms.contains(room)
    }

    /// A person.
    pub fn person(&self, user: &UserName) -> Option<&Person> {
        self.people.get(user)
    }

    /// A group.
    pub fn group(&self, id: GroupId) -> Option<&GroupView> {
        self.groups.get(&id)
    }

    /// The groups that a person would call by this name.
    pub fn groups_named(&self, name: &str) -> Vec<&GroupView> {
        self.listed
            .iter()
            .filter_map(|id| self.groups.get(id))
            .filter(|view| view.group.name.resembles(name))
            .collect()
    }

    /// Whom a person means by this: a user name, else a display name that only one goes by.
    pub fn user_named(&self, name: &str) -> Option<&UserName> {
        let name = name.trim().trim_start_matches('@').to_lowercase();
        if let Some(person) = name.parse().ok().and_then(|user: UserName| self.people.get(&user)) {
            return Some(&person.user);
        }
        let mut found = self.people.values().filter(|p| p.display_name.as_str().to_lowercase() == name);
        let first = found.next()?;
        found.next().is_none().then_some(&first.user)
    }

    /// What to call somebody. The user name stands beside a display name that others go by too, so
    /// that nobody can pass for somebody else.
    pub fn name<'a>(&'a self, user: &'a UserName) -> Cow<'a, str> {
        match self.people.get(user) {
            None => Cow::Borrowed(user.as_str()),
            Some(person) if self.namesakes.contains(&person.display_name.as_str().to_lowercase()) => {
                Cow::Owned(format!("{} ({user})", person.display_name))
            }
            Some(person) => Cow::Borrowed(person.display_name.as_str()),
        }
    }

    /// What to call a group. The owner stands beside a name that several groups bear.
    pub fn group_name(&self, id: GroupId) -> Cow<'_, str> {
        let Some(view) = self.groups.get(&id) else { return Cow::Borrowed("a group that is gone") };
        let name = view.group.name.as_str();
        match self.same_named.contains(&name.to_lowercase()) {
            true => Cow::Owned(format!("{name} ({})", view.group.owner)),
            false => Cow::Borrowed(name),
        }
    }

    /// Messages of others that were not read yet.
    pub fn unread(&self, conversation: &ConversationId) -> u32 {
        self.summaries.get(conversation).map_or(0, |summary| summary.unread)
    }

    /// What is known of a conversation.
    pub fn summary(&self, conversation: &ConversationId) -> Option<&Summary> {
        self.summaries.get(conversation)
    }

    /// When the last message was written there.
    pub fn last_at(&self, conversation: &ConversationId) -> Option<Timestamp> {
        self.summaries.get(conversation)?.last.as_ref().map(|last| last.sent_at)
    }

    /// How many members of a group are in, and how many of those can be reached now (us included).
    pub fn members_online(&self, view: &GroupView) -> (usize, usize) {
        let here = |user: &UserName| {
            *user == self.me
                || self.people.get(user).is_some_and(|person| person.availability.is_online())
        };
        let members: Vec<_> = view.group.members.keys().collect();
        (members.len(), members.iter().filter(|user| here(user)).count())
    }

    /// All conversations one can cycle through: people, our groups and rooms, as the panes show them.
    pub fn cycle(&self) -> Vec<ConversationId> {
        let people = self.contacts.iter().cloned().map(ConversationId::Direct);
        people.chain(self.tabs().cloned()).collect()
    }
}

/// What occurs more than once.
fn repeated(names: impl Iterator<Item = String>) -> HashSet<String> {
    let mut seen = HashSet::new();
    let mut repeated = HashSet::new();
    for name in names {
        if seen.contains(&name) {
            repeated.insert(name);
        } else {
            seen.insert(name);
        }
    }
    repeated
}

/// Who may come in, in words.
pub fn policy_words(policy: JoinPolicy) -> &'static str {
    match policy {
        JoinPolicy::Open => "anyone may join",
        JoinPolicy::Invite => "by invitation",
    }
}

/// When somebody was last online, if they are not.
pub fn last_seen(availability: Availability) -> Option<Timestamp> {
    match availability {
        Availability::Online { .. } => None,
        Availability::Offline { last_seen } => last_seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::{group, person, summary, user};

    #[test]
    fn contacts_come_online_first_then_by_recency_then_by_name() {
        let mut world = World::new(user("alice"));
        world.note_people(vec![
            person("alice", "Alice", true),
            person("dave", "Dave", false),
            person("carol", "Carol", false),
            person("erin", "Erin", true),
            person("bob", "bob", true),
        ]);
        world.note_summaries(vec![summary("dave", 0, 500), summary("erin", 2, 100)]);
        world.sort();
        assert_eq!(world.contacts(), ["erin", "bob", "dave", "carol"].map(user));
        assert_eq!(world.online(), ["bob", "erin"].map(user));
        assert_eq!(world.unread(&ConversationId::Direct(user("erin"))), 2);
        assert!(world.mark_read(&ConversationId::Direct(user("erin"))));
        assert!(!world.mark_read(&ConversationId::Direct(user("erin"))));
    }

    #[test]
    fn namesakes_are_told_apart() {
        let mut world = World::new(user("alice"));
        world.note_people(vec![person("bob", "Bob", true), person("mallory", "BOB", true)]);
        world.note_group(group(1, "team", "bob", Standing::Member, &["alice", "bob"]));
        world.sort();
        assert_eq!(world.name(&user("mallory")), "BOB (mallory)");
        assert_eq!(world.name(&user("nobody")), "nobody");
        assert_eq!(world.group_name(GroupId::from_bits(1)), "team");
        world.note_group(group(2, "Team", "mallory", Standing::Listed, &["mallory"]));
        world.sort();
        assert_eq!(world.group_name(GroupId::from_bits(2)), "Team (mallory)");
        assert_eq!(world.groups_named("#TEAM").len(), 2);
        assert_eq!(world.user_named("@Mallory"), Some(&user("mallory")));
        assert_eq!(world.user_named("bob"), Some(&user("bob")));
        assert_eq!(world.user_named("zoe"), None);
    }

    #[test]
    fn tabs_are_the_groups_and_rooms_we_are_in() {
        let mut world = World::new(user("alice"));
        world.note_group(group(1, "zebra", "bob", Standing::Member, &["alice", "bob"]));
        world.note_group(group(2, "ants", "bob", Standing::Listed, &["bob"]));
        world.note_group(group(3, "bees", "bob", Standing::Member, &["alice"]));
        world.note_group(group(4, "cats", "bob", Standing::Invited(user("bob")), &["bob"]));
        world.sort();
        world.note_rooms(vec!["lobby".parse().unwrap()]);
        world.sort();
        let group = |id| ConversationId::Group(GroupId::from_bits(id));
        let lobby = ConversationId::Room("lobby".parse().unwrap());
        assert_eq!(world.tabs().cloned().collect::<Vec<_>>(), [group(3), group(1), lobby.clone()]);
        assert_eq!(world.places(), [group(3), group(1), lobby, group(4), group(2)]);
        assert!(world.is_in_room(&"lobby".parse().unwrap()));
        assert_eq!(world.groups(), [3, 1, 4, 2].map(GroupId::from_bits));
        world.note_people(vec![person("bob", "Bob", true)]);
        assert_eq!(world.members_online(world.group(GroupId::from_bits(1)).unwrap()), (2, 2));
        world.forget_group(GroupId::from_bits(3));
        world.sort();
        assert_eq!(world.tabs().count(), 2);
    }
}
