//! Frames as they are drawn, at the sizes that matter.

use cooee::domain::*;
use cooee::engine::{Link, Notice, Update};
use cooee::tui::app::{AccountSummary, FieldName, Glyphs, Setup, SignError, Start};
use cooee::tui::app::{Effect, Event};
use insta::assert_snapshot;

use crate::support::desk::*;

const DAY: i64 = 24 * 60 * MINUTE;

/// A conversation with all that goes wrong on screens.
fn talk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::among_people(size);
    chat(&mut desk);
    desk
}

fn chat(desk: &mut Desk) {
    let bob = direct("bob");
    let mut queued = message(&bob, "alice", NOW, "一会儿见 👋🏽");
    queued.delivery = Some(Delivery::Queued);
    let mut joined = message(&bob, "bob", NOW - DAY, "x");
    joined.body = Body::Unsupported;
    let messages = [
        joined,
        message(&bob, "bob", NOW - DAY + 1, "the pump is back 👨‍👩‍👧‍👦 and the cafe\u{301} is open"),
        message(
            &bob,
            "alice",
            NOW - 30 * MINUTE,
            "which valve was it that dripped yesterday, three or four?",
        ),
        message(&bob, "alice", NOW - 29 * MINUTE, "on my way"),
        message(&bob, "bob", NOW - 3 * MINUTE, "水泵修好了，请检查三号阀门。谢谢大家的帮助！"),
        message(&bob, "bob", NOW - MINUTE, "three:\n  - 🇦🇺 flag\n  - ｶﾞ half-width"),
        queued,
    ];
    desk.event(Event::Focus(false));
    desk.update(Update::Summaries(vec![summary(&messages[..6], 2)]));
    desk.open("bob", &messages);
    desk.update(Update::Typing { conversation: bob, user: user("bob") });
    desk.write("I'll bring the 🔧");
}

#[test]
fn a_conversation_at_80x24() {
    assert_snapshot!(talk((80, 24)).screen());
}

#[test]
fn a_conversation_at_40x12() {
    assert_snapshot!(talk((40, 12)).screen());
}

#[test]
fn a_conversation_at_200x50() {
    assert_snapshot!(talk((200, 50)).screen());
}

#[test]
fn a_conversation_at_20x6() {
    assert_snapshot!(talk((20, 6)).screen());
}

#[test]
fn a_window_that_is_too_small_says_so() {
    assert_snapshot!(talk((19, 6)).screen());
    assert_snapshot!(talk((40, 5)).screen());
}

#[test]
fn a_screen_resized_is_the_screen_drawn_at_that_size() {
    let mut desk = talk((80, 24));
    for (width, height) in [(20, 6), (19, 6), (200, 50), (40, 12)] {
        desk.event(Event::Resize { width, height });
    }
    assert_eq!(desk.screen(), talk((40, 12)).screen());
}

#[test]
fn a_terminal_that_knows_ascii_alone() {
    let mut desk = Desk::signed_in(Setup { glyphs: Glyphs::Ascii, colours: false, ..plain() }, (80, 24));
    desk.people();
    desk.open("bob", &[message(&direct("bob"), "alice", NOW, "on my way")]);
    assert_snapshot!(desk.screen());
}

#[test]
fn lists_one_at_a_time_where_it_is_narrow() {
    let mut desk = talk((40, 12));
    desk.keys(&["f2"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["f4"]);
    assert_snapshot!(desk.screen());
}

#[test]
fn nobody_else_is_here_yet() {
    assert_snapshot!(Desk::alone((80, 24)).screen());
}

#[test]
fn a_group_that_can_be_joined_and_an_invitation() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("ops", &[]);
    assert_snapshot!(desk.screen());
    desk.open("night", &[]);
    assert_snapshot!(desk.screen());
}

#[test]
fn a_group_that_exists_is_offered() {
    let mut desk = Desk::among_people((80, 24));
    desk.keys(&["ctrl-g"]);
    desk.write("Team");
    desk.keys(&["enter"]);
    assert_snapshot!(desk.screen());
}

#[test]
fn the_jump_box_and_the_members_of_a_group() {
    let mut desk = Desk::among_people((80, 24));
    desk.keys(&["ctrl-k"]);
    desk.write("e");
    assert_snapshot!(desk.screen());
    desk.keys(&["esc", "alt-2", "alt-m"]);
    assert_snapshot!(desk.screen());
}

#[test]
fn a_broken_link_is_told_in_words() {
    let mut desk = talk((80, 24));
    let retry_in = Some(std::time::Duration::from_secs(8));
    desk.update(Update::Link(Link::Down { reason: "connection refused".to_owned(), retry_in }));
    let warning =
        "the broker at mqtt://lan does not answer: start it there, or choose another with --broker";
    desk.update(Update::Notice(Notice::Warning(warning.to_owned())));
    assert_snapshot!(desk.screen());
}

#[test]
fn the_help_page() {
    let mut desk = Desk::alone((80, 24));
    desk.keys(&["f1"]);
    assert_snapshot!(desk.screen());
    desk.keys(&[
        "pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown",
    ]);
    assert_snapshot!(desk.screen());
}

fn start(accounts: &[&str]) -> Start {
    let account = |name: &&str| AccountSummary {
        user: user(name),
        display_name: DisplayName::new("Alice of the Pumps").unwrap(),
    };
    let accounts = accounts.iter().map(account).collect();
    Start { accounts, broker: "mqtt://127.0.0.1:1883".to_owned(), sign_in: None }
}

#[test]
fn the_first_screen() {
    let mut desk = Desk::new(plain(), start(&[]), (80, 24));
    desk.write("bob");
    desk.keys(&["enter", "enter"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["enter"]);
    assert!(matches!(desk.effects()[..], [Effect::SignUp(_)]));
    assert_snapshot!(desk.screen());
    desk.event(Event::SignFailed(SignError {
        field: Some(FieldName::User),
        what: "the name bob is taken on mqtt://127.0.0.1:1883".to_owned(),
        hint: "Choose another one.".to_owned(),
    }));
    assert_snapshot!(desk.screen());
}

#[test]
fn the_first_screen_with_accounts_and_small() {
    let mut desk = Desk::new(plain(), start(&["alice", "bob"]), (80, 24));
    assert_snapshot!(desk.screen());
    desk.keys(&["down", "down", "enter"]);
    desk.event(Event::Resize { width: 20, height: 6 });
    assert_snapshot!(desk.screen());
}
