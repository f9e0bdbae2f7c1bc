//! Several accounts in one window.

use cooee::domain::*;
use cooee::engine::{Command, Link, Stored, Update};
use cooee::tui::app::{
    AccountSummary, App, Context, Effect, Event, Keymap, Looks, Screen, SeatEffect, SeatId, Seats, Start,
};
use cooee::tui::view;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::support::desk::{NOW, at, direct, message, person, plain, summary, user};

/// A window without a terminal.
struct Glass {
    seats: Seats,
    effects: Vec<SeatEffect>,
}

impl Glass {
    /// Alice, signed in.
    fn new() -> Self {
        let keymap = Keymap::built_in().unwrap();
        let (app, _) = App::new(plain(), keymap, start(None), (80, 24), at(NOW));
        let mut glass = Self { seats: Seats::new(app), effects: Vec::new() };
        glass.signed_in("alice");
        glass
    }

    /// Alice, and Bob, who is shown.
    fn of_two() -> (Self, SeatId, SeatId) {
        let mut glass = Self::new();
        let alice = glass.seats.shown_id();
        let bob = glass.open(Some("bob"));
        glass.signed_in("bob");
        glass.effects.clear();
        (glass, alice, bob)
    }

    fn open(&mut self, name: Option<&str>) -> SeatId {
        let (id, effects) = self.seats.open(start(name), at(NOW));
        self.effects.extend(effects);
        id
    }

    fn signed_in(&mut self, name: &str) {
        let me = Box::new(Profile {
            user: user(name),
            identity: IdentityKey::from_bytes([1; 32]),
            devices: Vec::new(),
            version: 1,
            display_name: DisplayName::from(&user(name)),
            mobile: None,
            registered_at: at(NOW),
        });
        let id = self.seats.shown_id();
        self.event(Event::SignedIn);
        self.update(id, Update::Welcome { me, broker: "mqtt://lan".to_owned(), before: None });
        self.update(id, Update::Link(Link::Up));
        self.update(id, Update::People(vec![person("carol", "Carol", true)]));
        self.update(id, Update::Ready);
    }

    fn event(&mut self, event: Event) {
        let effects = self.seats.update(event, at(NOW));
        self.effects.extend(effects);
    }

    fn update(&mut self, id: SeatId, update: Update) {
        let effects = self.seats.update_at(id, Event::Update(update), at(NOW));
        self.effects.extend(effects);
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.event(Event::Key(KeyEvent::new(code, modifiers)));
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.key(KeyCode::Char(c), KeyModifiers::NONE));
    }

    fn say(&mut self, text: &str) {
        self.write(text);
        self.key(KeyCode::Enter, KeyModifiers::NONE);
    }

    fn switch(&mut self) {
        self.key(KeyCode::Char('s'), KeyModifiers::ALT);
    }

    /// Carol says something to the account of this seat.
    fn hears(&mut self, id: SeatId, text: &str) {
        let message = message(&direct("carol"), "carol", NOW, text);
        self.update(id, Update::Summaries(vec![summary(std::slice::from_ref(&message), 1)]));
        self.update(id, Update::Stored(vec![Stored { message, ticket: None }]));
    }

    /// The chat with Carol has nothing in it yet.
    fn page(&mut self, id: SeatId) {
        let (conversation, messages) = (direct("carol"), Vec::new());
        let page = Update::Page {
            conversation,
            at: PageAt::Newest,
            messages,
            more_before: false,
            more_after: false,
        };
        self.update(id, page);
    }

    /// The first row of the screen.
    fn header(&self) -> String {
        let app = self.seats.shown();
        let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
        terminal.draw(|frame| drop(view::draw(frame, app))).unwrap();
        let cells = terminal.backend().buffer().content();
        let row: String = cells[..usize::from(app.size.0)].iter().map(|cell| cell.symbol()).collect();
        row.trim().to_owned()
    }

    /// Whose session is shown; `None`: the first screen.
    fn shown(&self) -> Option<String> {
        match &self.seats.shown().screen {
            Screen::Main(session) => Some(session.me.user.to_string()),
            Screen::Welcome(_) => None,
        }
    }

    fn effects(&mut self) -> Vec<SeatEffect> {
        let mut effects = std::mem::take(&mut self.effects);
        effects.retain(|(_, effect)| !matches!(effect, Effect::SetTimer(_)));
        effects
    }

    fn titles(&mut self) -> Vec<String> {
        let title = |(_, effect)| match effect {
            Effect::Title(title) => Some(title),
            _ => None,
        };
        self.effects().into_iter().filter_map(title).collect()
    }
}

fn start(sign_in: Option<&str>) -> Start {
    let account =
        |name| AccountSummary { user: user(name), display_name: DisplayName::from(&user(name)) };
    Start {
        accounts: ["alice", "bob"].map(account).to_vec(),
        data_dir: "/data".into(),
        sign_in: sign_in.map(user),
        ..Start::default()
    }
}

#[test]
fn what_comes_for_the_other_is_counted_and_called_for_and_not_shown() {
    let (mut glass, alice, _) = Glass::of_two();
    assert_eq!(glass.shown().as_deref(), Some("bob"));
    assert_eq!(glass.seats.shown().beside.words(80), "(alice)");
    glass.seats.shown_mut().take_changed();
    glass.hears(alice, "hi");
    assert!(glass.seats.shown_mut().take_changed(), "the header counts it");
    assert!(glass.header().starts_with("cooee  bob ● (alice 1)  "), "{}", glass.header());
    glass.event(Event::Resize { width: 40, height: 12 });
    assert!(glass.header().starts_with("bob ● (alice 1)  "), "{}", glass.header());
    let effects = glass.effects();
    let called = effects.iter().find_map(|(id, effect)| match effect {
        Effect::Alert(alert) => Some((*id, alert.title.as_str(), alert.account.as_str())),
        _ => None,
    });
    assert_eq!(called, Some((alice, "Carol (to alice)", "alice")));
    let titled = effects.iter().any(|(_, e)| *e == Effect::Title("(1) bob - cooee".to_owned()));
    assert!(titled, "{effects:?}");
    assert!(glass.seats.drawn().is_empty(), "nobody has seen it");
}

#[test]
fn a_key_goes_round_and_the_keyboard_goes_with_it() {
    let (mut glass, alice, _) = Glass::of_two();
    let carol = glass.open(None);
    assert_eq!(glass.shown(), None);
    for wanted in ["alice", "bob"] {
        glass.switch();
        assert_eq!(glass.shown().as_deref(), Some(wanted));
    }
    assert_eq!(glass.titles().last().unwrap(), "bob - cooee");
    glass.switch();
    assert_eq!(glass.seats.shown_id(), carol);
    glass.switch();
    // What is typed is for the one that is shown, and stays with it.
    glass.say("/msg carol");
    glass.write("for carol");
    glass.switch();
    glass.write("x");
    assert_eq!(glass.shown().as_deref(), Some("bob"));
    glass.switch();
    glass.switch();
    assert_eq!(glass.seats.shown_id(), alice);
    let Screen::Main(session) = &glass.seats.shown().screen else { panic!("it is hers") };
    assert_eq!(session.writing().unwrap().draft.text(), "for carol");
    // It is read once it is shown, and the window has the keyboard.
    glass.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
    glass.page(alice);
    glass.hears(alice, "hello");
    let reads = |glass: &mut Glass| {
        let effects = glass.seats.drawn();
        effects.iter().any(|(_, effect)| matches!(effect, Effect::Send(Command::Seen { .. })))
    };
    assert!(reads(&mut glass));
    glass.switch();
    glass.hears(alice, "are you there?");
    assert!(!reads(&mut glass));
    glass.event(Event::Focus(false));
    glass.switch();
    glass.switch();
    assert!(!reads(&mut glass), "the window lies elsewhere");
    glass.event(Event::Focus(true));
    assert!(reads(&mut glass));
}

#[test]
fn where_nobody_else_is_one_more_can_come_and_esc_leads_back() {
    let mut glass = Glass::new();
    let alice = glass.seats.shown_id();
    glass.effects.clear();
    glass.switch();
    assert_eq!(glass.effects(), [(alice, Effect::OpenAccount(None))]);
    let other = glass.open(None);
    assert_eq!(glass.seats.shown().context(), Context::Accounts);
    // Another account is not opened beside one that nobody has signed in to.
    glass.switch();
    glass.say("/account");
    assert_eq!(glass.seats.shown_id(), other);
    glass.key(KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(glass.shown().as_deref(), Some("alice"));
    assert!(glass.seats.shown().beside.is_empty());
    assert!(glass.effects().contains(&(other, Effect::CloseSeat)));
    // Nothing comes for it any more.
    glass.update(other, Update::Ready);
    assert_eq!(glass.effects(), []);
}

#[test]
fn an_account_that_is_open_is_gone_to_and_not_opened_twice() {
    let (mut glass, alice, bob) = Glass::of_two();
    glass.say("/account alice");
    assert_eq!(glass.seats.shown_id(), alice);
    glass.say("/account @alice");
    assert_eq!(glass.seats.shown_id(), alice);
    glass.say("/account dora");
    assert!(glass.effects().contains(&(alice, Effect::OpenAccount(Some(user("dora"))))));
    // Nor where it is chosen in the list, of which the last line is chosen: all are open.
    let list = glass.open(None);
    glass.key(KeyCode::Up, KeyModifiers::NONE);
    glass.key(KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(glass.seats.shown_id(), bob);
    let effects = glass.effects();
    assert!(effects.contains(&(list, Effect::CloseSeat)));
    assert!(!effects.iter().any(|(_, effect)| matches!(effect, Effect::SignIn(_))), "{effects:?}");
    glass.say("/account no/name");
    assert!(glass.seats.shown().notices.top().unwrap().text.contains("no account is called that"));
    // The same name elsewhere is somebody else.
    let elsewhere = Start { data_dir: "/other".into(), ..start(Some("alice")) };
    let (id, effects) = glass.seats.open(elsewhere, at(NOW));
    assert!(effects.contains(&(id, Effect::SignIn(user("alice")))), "{effects:?}");
}

#[test]
fn a_profile_is_opened_once() {
    let mut glass = Glass::new();
    let alice = glass.seats.shown_id();
    glass.effects.clear();
    glass.say("/profile work");
    let asked = (alice, Effect::OpenProfile("work".to_owned()));
    assert!(glass.effects().contains(&asked));
    let start = Start { profile: Some("work".to_owned()), data_dir: "/w".into(), ..start(Some("bob")) };
    let (work, _) = glass.seats.open(start, at(NOW));
    glass.switch();
    assert_eq!(glass.seats.shown().beside.words(80), "(bob, work)");
    glass.say("/profile work");
    assert_eq!(glass.seats.shown_id(), work);
    assert!(!glass.effects().contains(&asked));
    glass.switch();
    glass.event(Event::NotOpened(vec!["line 3: what is that?".to_owned()]));
    assert!(glass.seats.shown().notices.top().unwrap().text.contains("line 3"));
}

#[test]
fn who_signs_out_goes_alone() {
    let (mut glass, alice, bob) = Glass::of_two();
    glass.say("/msg carol");
    glass.write("a draft");
    glass.switch();
    glass.effects.clear();
    glass.say("/signout");
    assert_eq!(glass.seats.shown_id(), bob);
    let effects: Vec<_> = glass.effects().into_iter().filter(|(id, _)| *id == alice).collect();
    let of = |effect: &Effect| effects.iter().position(|(_, other)| other == effect).unwrap();
    assert!(of(&Effect::EndSession) < of(&Effect::CloseSeat), "{effects:?}");
    let Screen::Main(session) = &glass.seats.shown().screen else { panic!("it is his") };
    assert_eq!(session.writing().unwrap().draft.text(), "a draft");
    // The last one leads to the first screen.
    glass.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
    glass.say("/signout");
    assert_eq!((glass.seats.shown_id(), glass.shown()), (bob, None));
    let effects = glass.effects();
    assert!(effects.contains(&(bob, Effect::EndSession)), "{effects:?}");
    assert!(!effects.contains(&(bob, Effect::CloseSeat)), "{effects:?}");
}

#[test]
fn all_have_the_size_and_the_looks_and_all_end_together() {
    let (mut glass, alice, bob) = Glass::of_two();
    glass.say("/msg carol");
    glass.write("not sent yet");
    glass.switch();
    glass.event(Event::Resize { width: 100, height: 30 });
    let looks = Looks { name: "sea".to_owned(), ..Looks::default() };
    glass.event(Event::Themed(Ok(Box::new(looks))));
    for _ in 0..2 {
        glass.switch();
        let app = glass.seats.shown();
        assert_eq!((app.size, app.looks.name.as_str()), ((100, 30), "sea"));
    }
    assert_eq!(glass.seats.shown_id(), alice);
    // Also where who asked for it has gone before it was read.
    let gone = glass.open(None);
    glass.key(KeyCode::Esc, KeyModifiers::NONE);
    let looks = Looks { name: "sand".to_owned(), ..Looks::default() };
    let _ = glass.seats.update_at(gone, Event::Themed(Ok(Box::new(looks))), at(NOW));
    assert_eq!(glass.seats.shown().looks.name, "sand");
    glass.switch();
    glass.switch();
    glass.effects.clear();
    glass.key(KeyCode::Char('q'), KeyModifiers::CONTROL);
    let effects = glass.effects();
    let kept = effects.iter().any(|(id, effect)| {
        let is_kept = |text: &str| text == "not sent yet";
        *id == bob && matches!(effect, Effect::Send(Command::KeepDraft { text, .. }) if is_kept(text))
    });
    assert!(kept, "{effects:?}");
    assert!(effects.iter().any(|(_, effect)| *effect == Effect::Quit));
    assert!(glass.seats.shown().leaving);
}
