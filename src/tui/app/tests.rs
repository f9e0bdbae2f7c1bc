use jiff::tz::TimeZone;

use super::testing::{person, user};
use super::*;
use crate::domain::{DisplayName, IdentityKey};
use crate::engine::Link;

#[test]
fn the_first_state_of_a_session_is_drawn_at_once_and_not_in_pieces() {
    let start = Start { sign_in: Some(user("alice")), ..Start::default() };
    let keymap = Keymap::built_in().unwrap();
    let calendar = Calendar::new(TimeZone::UTC);
    let alerts = AlertSetup::default();
    let setup = Setup {
        calendar,
        glyphs: Glyphs::Unicode,
        looks: Looks::default(),
        alerts,
        copies_with: None,
        graphics: Graphics::default(),
        thumbnails: true,
    };
    let (mut app, _) = App::new(setup, keymap, start, (80, 24), Timestamp::EPOCH);
    let me = Box::new(Profile {
        user: user("alice"),
        identity: IdentityKey::from_bytes([1; 32]),
        devices: Vec::new(),
        version: 1,
        display_name: DisplayName::new("Alice").unwrap(),
        mobile: None,
        registered_at: Timestamp::EPOCH,
    });
    let mut draws = |event| {
        app.update(event, Timestamp::EPOCH);
        app.take_changed()
    };
    draws(Event::Resize { width: 80, height: 24 });
    assert!(!draws(Event::SignedIn));
    let broker = "built-in broker".to_owned();
    assert!(!draws(Event::Update(Update::Welcome { me, broker, before: None })));
    assert!(!draws(Event::Update(Update::Link(Link::Connecting))));
    assert!(!draws(Event::Update(Update::People(vec![person("bob", "Bob", true)]))));
    assert!(draws(Event::Update(Update::Ready)));
    assert!(draws(Event::Update(Update::Link(Link::Up))));
    assert!(!draws(Event::Timer));
    assert!(draws(Event::Update(Update::Stopped(None))));
}
