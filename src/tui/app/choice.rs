//! A box in which typing narrows a list: jump to a chat, invite somebody.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Action;
use super::field::Field;
use super::room::room_label;
use super::world::World;
use crate::domain::{ConversationId, GroupId, MessageId, MessageText, Person, Standing, UserName};

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Opens the chat.
    Jump,
    /// The same, of those that are put away.
    Archived,
    /// Asks the person into this group.
    Invite(GroupId),
    /// Passes what this message says on to the chat.
    Forward(MessageId, MessageText),
    /// Passes the file of this message on to the chat.
    ForwardFile(MessageId),
}

/// One entry that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whom or which group it is about.
    pub target: ConversationId,
    /// Its name.
    pub name: String,
    /// What else there is to know: user name, mobile number, how we stand to a group.
    pub detail: String,
    /// Whether the person is online; `None` for groups and rooms.
    pub online: Option<bool>,
}

/// A box in which typing narrows a list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What choosing does.
    pub purpose: Purpose,
    /// What is typed.
    pub query: Field,
    entries: Vec<Entry>,
    /// Indexes of the entries that match, the best first.
    found: Vec<usize>,
    selected: usize,
}

impl Choice {
    /// Where a text can be passed on to: people, and groups and rooms that we are in.
    pub fn forward(world: &World, message: MessageId, text: MessageText) -> Self {
        let mut choice = Self::jump(world, "");
        choice.purpose = Purpose::Forward(message, text);
        choice.entries.retain(|entry| match &entry.target {
            ConversationId::Group(id) => {
                world.group(*id).is_some_and(|view| view.standing == Standing::Member)
            }
            ConversationId::Direct(_) | ConversationId::Room(_) => true,
        });
        choice.search();
        choice
    }

    /// Where a file can be passed on to: as a text, but to no open room.
    pub fn forward_file(world: &World, message: MessageId) -> Self {
        let mut choice = Self::jump(world, "");
        choice.purpose = Purpose::ForwardFile(message);
        choice.entries.retain(|entry| match &entry.target {
            ConversationId::Group(id) => {
                world.group(*id).is_some_and(|view| view.standing == Standing::Member)
            }
            ConversationId::Direct(_) => true,
            ConversationId::Room(_) => false,
        });
        choice.search();
        choice
    }

    /// All chats, open rooms, and all groups that can be joined.
    pub fn jump(world: &World, query: &str) -> Self {
        let people = world.everybody().filter_map(|user| world.person(user));
        let people = people.map(|person| person_entry(world, person));
        let groups = world.groups().iter().filter_map(|id| world.group(*id)).map(|view| Entry {
            target: ConversationId::Group(view.group.id),
            name: format!("#{}", world.group_name(view.group.id)),
            detail: match &view.standing {
                Standing::Member => "group".to_owned(),
                Standing::Invited(by) => format!("{} invites you", world.name(by)),
                Standing::Listed => "can be joined".to_owned(),
                Standing::Left => "you are out".to_owned(),
            },
            online: None,
        });
        let away = world.archived().collect::<Vec<_>>();
        let rooms = world.tabs().chain(&away).filter_map(|place| match place {
            ConversationId::Room(room) => Some(Entry {
                target: place.clone(),
                name: room_label(room),
                detail: "open room, not encrypted".to_owned(),
                online: None,
            }),
            ConversationId::Direct(_) | ConversationId::Group(_) => None,
        });
        let mut entries: Vec<Entry> = people.chain(groups).chain(rooms).collect();
        for entry in entries.iter_mut().filter(|entry| world.is_archived(&entry.target)) {
            entry.detail.push_str(", archived");
        }
        Self::new(Purpose::Jump, entries, query)
    }

    /// The chats that are put away.
    pub fn archived(world: &World) -> Self {
        let mut choice = Self::jump(world, "");
        choice.purpose = Purpose::Archived;
        choice.entries.retain(|entry| world.is_archived(&entry.target));
        choice.search();
        choice
    }

    /// Everybody who is not in this group.
    pub fn invite(world: &World, group: GroupId, query: &str) -> Self {
        let is_in = |user: &UserName| world.group(group).is_some_and(|view| view.group.has_member(user));
        let people = world.everybody().filter(|user| !is_in(user));
        let people = people.filter_map(|user| world.person(user));
        Self::new(Purpose::Invite(group), people.map(|p| person_entry(world, p)).collect(), query)
    }

    fn new(purpose: Purpose, entries: Vec<Entry>, query: &str) -> Self {
        let mut choice =
            Self { purpose, query: Field::from(query), entries, found: Vec::new(), selected: 0 };
        choice.search();
        choice
    }

    /// Narrows the list to what matches, the best first; the lists' own order decides between equals.
    pub fn search(&mut self) {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(self.query.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<_> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| {
                let text = format!("{} {}", entry.name, entry.detail);
                let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
                Some((std::cmp::Reverse(score), at))
            })
            .collect();
        scored.sort();
        self.found = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = 0;
    }

    /// Moves the selection or edits what is typed; says whether the action was one of those.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Up => self.selected = self.selected.saturating_sub(1),
            Action::Down => self.select(self.selected + 1),
            _ if self.query.act(action) => self.search(),
            _ => return false,
        }
        true
    }

    /// Selects the entry at this place of the list.
    pub fn select(&mut self, at: usize) {
        self.selected = at.min(self.found.len().saturating_sub(1));
    }

    /// The entries that match, the best first.
    pub fn found(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.found.iter().map(|&at| &self.entries[at])
    }

    /// The place of the selected entry in the list.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected entry.
    pub fn chosen(&self) -> Option<&Entry> {
        self.found().nth(self.selected)
    }
}

fn person_entry(world: &World, person: &Person) -> Entry {
    let mobile = person.mobile.as_ref().map(|mobile| format!("  {mobile}"));
    Entry {
        target: ConversationId::Direct(person.user.clone()),
        name: world.name(&person.user).into_owned(),
        detail: format!("@{}{}", person.user, mobile.unwrap_or_default()),
        online: Some(person.availability.is_online()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MobileNumber;
    use crate::tui::app::testing::{group, person, user};

    fn world() -> World {
        let mut world = World::new(user("alice"));
        let mut carol = person("carol", "Carol Müller", false);
        carol.mobile = Some(MobileNumber::new("+61 400 123").unwrap());
        world.note_people(vec![person("bob", "Bob", true), carol]);
        world.note_group(group(1, "valves", "bob", Standing::Member, &["alice", "bob"]));
        world.note_group(group(2, "boats", "bob", Standing::Listed, &["bob"]));
        world.note_rooms(vec!["lobby".parse().unwrap()]);
        world.sort();
        world
    }

    fn names(choice: &Choice) -> Vec<&str> {
        choice.found().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn names_numbers_and_groups_are_found() {
        let world = world();
        assert_eq!(
            names(&Choice::jump(&world, "")),
            ["Bob", "Carol Müller", "#valves", "#boats", "+lobby"]
        );
        assert_eq!(names(&Choice::jump(&world, "+lobby")), ["+lobby"]);
        assert_eq!(names(&Choice::jump(&world, "muller")), ["Carol Müller"]);
        assert_eq!(names(&Choice::jump(&world, "400")), ["Carol Müller"]);
        assert_eq!(names(&Choice::jump(&world, "joined")), ["#boats"]);
        assert_eq!(names(&Choice::jump(&world, "zzz")), [""; 0]);
    }

    #[test]
    fn who_is_in_a_group_is_not_offered_to_invite() {
        assert_eq!(names(&Choice::invite(&world(), GroupId::from_bits(1), "")), ["Carol Müller"]);
    }

    #[test]
    fn the_selection_stays_within_what_is_found() {
        let mut choice = Choice::jump(&world(), "");
        for _ in 0..9 {
            assert!(choice.act(Action::Down));
        }
        assert_eq!(choice.chosen().unwrap().name, "+lobby");
        choice.query.type_char('c');
        choice.search();
        assert_eq!(choice.selected(), 0);
        assert!(!choice.act(Action::Send));
        let mut none = Choice::jump(&world(), "zzz");
        none.act(Action::Down);
        assert_eq!(none.chosen(), None);
    }
}
