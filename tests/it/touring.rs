//! The tour: it begins once by itself, goes on with what is done, and holds nobody up.

use cooee::engine::{Link, Notice, Update};
use cooee::tui::app::{Effect, Event, Start};
use insta::assert_snapshot;

use crate::support::desk::*;

/// Somebody who signs up on the first screen, and is in.
fn newcomer(size: (u16, u16)) -> Desk {
    let start = Start { broker: "mqtt://lan".to_owned(), ..Start::default() };
    let mut desk = Desk::new(plain(), start, size);
    desk.write("alice");
    desk.keys(&["enter", "enter", "enter", "left", "enter"]);
    assert!(matches!(desk.effects()[..], [Effect::SignUp(_)]));
    desk.event(Event::SignedIn);
    desk.welcome();
    desk.update(Update::Link(Link::Up));
    desk.people();
    desk
}

/// Time passes, and news goes.
fn later(desk: &mut Desk) {
    desk.now += MINUTE;
    desk.event(Event::Timer);
}

#[test]
fn each_step_moves_on_when_it_is_done() {
    let mut desk = newcomer((80, 24));
    assert!(desk.shows("Tour 1/6: F1 shows all keys"));
    assert_snapshot!(desk.screen());
    // One may do something else meanwhile.
    desk.keys(&["f3", "f5"]);
    desk.write("x");
    desk.keys(&["ctrl-u"]);
    assert!(desk.shows("Tour 1/6"));
    desk.keys(&["f1", "f1"]);
    assert!(desk.shows("Tour 2/6: Tab goes to the next pane, F5 back to writing."));
    // Esc backs out of the pane, not of the tour.
    desk.keys(&["tab", "esc"]);
    assert!(desk.shows("Tour 3/6: Ctrl+K finds"));
    desk.keys(&["ctrl-k", "esc"]);
    assert!(desk.shows("Tour 4/6: open a chat, write, and send with Enter."));
    desk.open("bob", &[message(&direct("bob"), "bob", NOW, "hello")]);
    desk.write("hello");
    desk.keys(&["enter"]);
    assert!(desk.shows("Tour 5/6: Alt+A opens what is unread"));
    desk.keys(&["alt-a"]);
    assert!(desk.shows("Tour 6/6: F6 chooses a message: r answers it, + reacts to it."));
    // What has to be told goes first.
    desk.update(Update::Notice(Notice::Info("carol signed up".to_owned())));
    assert!(desk.shows("carol signed up") && !desk.shows("Tour"));
    later(&mut desk);
    assert!(desk.shows("Tour 6/6"));
    desk.keys(&["alt-/", "up"]);
    assert!(desk.shows("That was the tour. F1 shows all keys"));
    later(&mut desk);
    assert!(!desk.shows("Tour") && !desk.shows("tour"));
}

#[test]
fn it_can_be_left_comes_again_when_asked_for_and_never_by_itself() {
    let mut desk = newcomer((40, 12));
    assert_snapshot!(desk.screen());
    desk.keys(&["esc"]);
    assert!(desk.shows("the tour has ended; /tour begins"));
    later(&mut desk);
    assert!(!desk.shows("Tour"));
    desk.write("/tour");
    desk.keys(&["enter"]);
    desk.keys(&["f1", "f1", "tab", "f5", "ctrl-k", "esc"]);
    assert_snapshot!(desk.screen());
    // The session ends, and the same person signs in again.
    desk.update(Update::Stopped(Some("the disk is full".to_owned())));
    assert!(!desk.shows("Tour"));
    desk.keys(&["enter"]);
    desk.event(Event::SignedIn);
    desk.welcome();
    desk.update(Update::Ready);
    assert!(desk.shows("alice") && !desk.shows("Tour"));
    let desk = Desk::among_people((80, 24));
    assert!(!desk.shows("Tour"), "whoever signed up before has none");
}
