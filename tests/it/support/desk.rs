//! The front end without a terminal: keys and updates in, effects and frames out.

use std::collections::BTreeSet;

use cooee::domain::*;
use cooee::engine::{Command, GroupView, Link, Stored, Ticket, Update};
use cooee::tui::app::{
    AlertSetup, App, Calendar, Effect, Event, Glyphs, Graphics, Keymap, Looks, MouseKind, Pasted, Setup,
    Start,
};
use cooee::tui::view;
use crokey::{KeyCombination, OneToThree};
use crossterm::event::KeyEvent;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;

/// Sunday 22 November 2026, 10:44.
pub const NOW: i64 = 1_795_344_240_000;
/// A minute, in milliseconds.
pub const MINUTE: i64 = 60_000;

pub fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

pub fn direct(name: &str) -> ConversationId {
    ConversationId::Direct(user(name))
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn person(name: &str, display: &str, online: bool) -> Person {
    let availability = match online {
        true => Availability::Online { since: at(NOW) },
        false => Availability::Offline { last_seen: Some(at(NOW - 26 * 60 * MINUTE)) },
    };
    let display_name = DisplayName::new(display).unwrap();
    let (origin, trust) = (Origin::Registered, Trust::NotVerified);
    Person { user: user(name), display_name, mobile: None, origin, availability, trust, blocked: false }
}

pub fn group(id: u128, name: &str, owner: &str, standing: Standing, members: &[&str]) -> Update {
    let role = |name: &str| if name == owner { Role::Owner } else { Role::Member };
    let member = |name: &&str| (user(name), Membership { role: role(name), since: at(NOW) });
    let group = Group {
        id: GroupId::from_bits(id),
        name: GroupName::new(name).unwrap(),
        owner: user(owner),
        policy: JoinPolicy::Open,
        created_at: at(NOW),
        lifetime: None,
        members: members.iter().map(member).collect(),
        invited: BTreeSet::new(),
        former: BTreeSet::new(),
    };
    Update::Group(GroupView { group, standing })
}

/// A message of somebody else's, or of alice, who is us.
pub fn message(conversation: &ConversationId, sender: &str, millis: i64, text: &str) -> Message {
    let id = MessageId::derived(format!("{sender} {millis} {text}").as_bytes());
    let body = Body::Text(MessageText::new(text).unwrap());
    Message {
        delivery: (sender == "alice").then_some(Delivery::Sent),
        unseen: sender != "alice",
        ..Message::new(id, conversation.clone(), user(sender), at(millis), body)
    }
}

/// The summary of a conversation whose last messages these are, the first `unread` of others new.
pub fn summary(messages: &[Message], unread: usize) -> Summary {
    let last = messages.last().unwrap();
    Summary {
        conversation: last.conversation.clone(),
        unread: u32::try_from(unread).unwrap(),
        first_unread: (unread > 0).then(|| messages[messages.len() - unread].key()),
        last: Some(Preview::from(last)),
    }
}

/// UTC, Unicode signs and colours.
pub fn plain() -> Setup {
    let (calendar, alerts) = (Calendar::new(TimeZone::UTC), AlertSetup::default());
    Setup {
        calendar,
        glyphs: Glyphs::Unicode,
        looks: Looks::default(),
        alerts,
        copies_with: None,
        graphics: Graphics::default(),
        thumbnails: true,
    }
}

/// The front end without a terminal.
pub struct Desk {
    pub app: App,
    pub now: i64,
    effects: Vec<Effect>,
    seen: Vec<MessageId>,
}

impl Desk {
    /// At the first screen.
    pub fn new(setup: Setup, start: Start, (width, height): (u16, u16)) -> Self {
        let keymap = Keymap::built_in().unwrap();
        let (app, effects) = App::new(setup, keymap, start, (width, height), at(NOW));
        Self { app, now: NOW, effects, seen: Vec::new() }
    }

    /// Alice, signed in where nobody else is.
    pub fn alone(size: (u16, u16)) -> Self {
        let mut desk = Self::signed_in(plain(), size);
        desk.update(Update::Ready);
        desk
    }

    /// The same before all of her state is told.
    pub fn signed_in(setup: Setup, size: (u16, u16)) -> Self {
        let start = Start { broker: "mqtt://lan".to_owned(), ..Start::default() };
        let mut desk = Self::new(setup, start, size);
        desk.event(Event::SignedIn);
        desk.welcome();
        desk.update(Update::Link(Link::Up));
        desk
    }

    /// The engine says who we are.
    pub fn welcome(&mut self) {
        self.welcome_after(None);
    }

    /// The same, where the last session was on this broker.
    pub fn welcome_after(&mut self, before: Option<&str>) {
        let me = Box::new(Profile {
            user: user("alice"),
            identity: IdentityKey::from_bytes([1; 32]),
            devices: Vec::new(),
            version: 1,
            display_name: DisplayName::new("Alice").unwrap(),
            mobile: None,
            registered_at: at(NOW),
        });
        self.update(Update::Welcome {
            me,
            broker: "mqtt://lan".to_owned(),
            before: before.map(str::to_owned),
        });
    }

    /// Alice with contacts and groups.
    pub fn among_people(size: (u16, u16)) -> Self {
        let mut desk = Self::signed_in(plain(), size);
        desk.people();
        desk
    }

    /// The people and groups there are, which is all of the state.
    pub fn people(&mut self) {
        self.update(Update::People(vec![
            person("alice", "Alice", true),
            person("bob", "Bob", true),
            person("carol", "Carol Müller", false),
            person("dave", "水泵 Dave", false),
            person("erin", "Erin 👩‍🔧", true),
        ]));
        self.update(group(1, "team", "bob", Standing::Member, &["alice", "bob", "carol"]));
        self.update(group(2, "family", "alice", Standing::Member, &["alice", "carol"]));
        self.update(group(3, "ops", "bob", Standing::Listed, &["bob", "erin"]));
        self.update(group(4, "night shift", "erin", Standing::Invited(user("erin")), &["erin"]));
        self.update(Update::Ready);
    }

    /// Something happens, and the frame is drawn.
    pub fn event(&mut self, event: Event) {
        let effects = self.app.update(event, at(self.now));
        self.effects.extend(effects);
        for effect in self.app.drawn() {
            match effect {
                Effect::Send(Command::Seen { letters, .. }) => self.seen.extend(letters),
                // Which pictures are asked for is for the test to say.
                effect @ Effect::Send(Command::Thumbnail { .. }) => self.effects.push(effect),
                other => panic!("{other:?} because of a frame"),
            }
        }
    }

    /// Which messages of others were seen since this was called last.
    pub fn seen(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.seen)
    }

    pub fn update(&mut self, update: Update) {
        self.event(Event::Update(update));
    }

    /// Presses keys, as the keymap file writes them.
    pub fn keys(&mut self, keys: &[&str]) {
        for key in keys {
            let combination: KeyCombination = key.parse().unwrap();
            let OneToThree::One(code) = combination.codes else { panic!("{key} is not one key") };
            self.event(Event::Key(KeyEvent::new(code, combination.modifiers)));
        }
    }

    /// Types a text, a character at a time.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            let code = crossterm::event::KeyCode::Char(c);
            self.event(Event::Key(KeyEvent::new(code, crossterm::event::KeyModifiers::NONE)));
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.event(Event::Paste(Pasted { text: text.to_owned(), ..Pasted::default() }));
    }

    pub fn mouse(&mut self, kind: MouseKind, x: u16, y: u16) {
        self.event(Event::Mouse { kind, x, y });
    }

    /// What was asked of the outside since this was called last, timers left out.
    pub fn effects(&mut self) -> Vec<Effect> {
        let timer = |effect: &Effect| matches!(effect, Effect::SetTimer(_));
        std::mem::take(&mut self.effects).into_iter().filter(|effect| !timer(effect)).collect()
    }

    /// What was asked of the engine since this or `effects` was called last.
    pub fn commands(&mut self) -> Vec<Command> {
        let effects = self.effects().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Send(command) | Effect::SendWritten(command) => Some(command),
                _ => None,
            })
            .collect()
    }

    /// Opens a chat from the jump box, and gives it these messages as all there are.
    pub fn open(&mut self, name: &str, messages: &[Message]) {
        self.keys(&["ctrl-k"]);
        self.write(name);
        self.keys(&["enter"]);
        let asked = self.commands().into_iter().find_map(|command| match command {
            Command::Load { conversation, at, .. } => Some((conversation, at)),
            _ => None,
        });
        let (conversation, at) = asked.expect("opening a chat asks for its messages");
        let messages = messages.to_vec();
        self.update(Update::Page { conversation, at, messages, more_before: false, more_after: false });
    }

    /// The engine has stored a message.
    pub fn stored(&mut self, message: &Message, ticket: Option<Ticket>) {
        self.update(Update::Stored(vec![Stored { message: message.clone(), ticket }]));
    }

    /// The frame, as text. What a wide cluster covers is left out.
    /// What stands out by more than its colour, a run of cells a line: how, and what.
    pub fn emphasis(&self) -> String {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(view::draw(frame, &self.app))).unwrap();
        let buffer = terminal.backend().buffer();
        let mut runs: Vec<(ratatui::style::Modifier, String)> = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let cell = &buffer[(x, y)];
                match runs.last_mut().filter(|(modifier, _)| x > 0 && *modifier == cell.modifier) {
                    Some((_, run)) => run.push_str(cell.symbol()),
                    None => runs.push((cell.modifier, cell.symbol().to_owned())),
                }
            }
        }
        let runs =
            runs.into_iter().filter(|(modifier, run)| !modifier.is_empty() && !run.trim().is_empty());
        runs.map(|(modifier, run)| format!("{modifier:?} {run}\n")).collect()
    }

    /// A cell of the frame.
    pub fn cell(&self, x: u16, y: u16) -> Cell {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(view::draw(frame, &self.app))).unwrap();
        terminal.backend().buffer()[(x, y)].clone()
    }

    pub fn screen(&self) -> String {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(view::draw(frame, &self.app))).unwrap();
        let buffer = terminal.backend().buffer();
        let mut lines = Vec::new();
        for y in 0..height {
            let mut line = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(cooee::tui::app::width(symbol)).unwrap().max(1);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    /// Whether the frame says this.
    pub fn shows(&self, words: &str) -> bool {
        self.screen().contains(words)
    }
}
