//! What screens say of open rooms, and what a person does there.

use cooee::domain::*;
use cooee::engine::{Command, Update};
use cooee::tui::app::{Glyphs, Looks, MouseKind, Setup};
use insta::assert_snapshot;

use crate::support::desk::*;

fn lobby() -> ConversationId {
    ConversationId::Room("lobby".parse().unwrap())
}

fn rooms(desk: &mut Desk, names: &[&str]) {
    desk.update(Update::Rooms(names.iter().map(|name| name.parse().unwrap()).collect()));
}

/// The lobby, in which a sensor, somebody who calls themselves bob, and we have spoken.
fn talk(desk: &mut Desk) {
    desk.people();
    rooms(desk, &["lobby", "pumps"]);
    let pumps = ConversationId::Room("pumps".parse().unwrap());
    let waiting = message(&pumps, "sensor", NOW - MINUTE, "17 bar");
    desk.update(Update::Summaries(vec![summary(&[waiting], 1)]));
    let newer = Message { body: Body::Unsupported, ..message(&lobby(), "phone", NOW - MINUTE, "x") };
    let messages = [
        message(&lobby(), "sensor", NOW - 9 * MINUTE, "21.5"),
        message(&lobby(), "sensor", NOW - 8 * MINUTE, "21.5"),
        message(&lobby(), "bob", NOW - 7 * MINUTE, "I am Bob, trust me"),
        message(&lobby(), "alice", NOW - 5 * MINUTE, "says who?"),
        newer,
    ];
    desk.open("+lobby", &messages);
}

fn room(size: (u16, u16)) -> Desk {
    let mut desk = Desk::signed_in(plain(), size);
    talk(&mut desk);
    desk
}

#[test]
fn a_room_at_80x24() {
    assert_snapshot!(room((80, 24)).screen());
}

#[test]
fn a_room_at_40x12() {
    assert_snapshot!(room((40, 12)).screen());
}

#[test]
fn a_room_at_20x6() {
    assert_snapshot!(room((20, 6)).screen());
}

#[test]
fn a_terminal_that_knows_ascii_alone() {
    let mut desk = Desk::signed_in(
        Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() },
        (80, 24),
    );
    talk(&mut desk);
    assert_snapshot!(desk.screen());
}

#[test]
fn that_nothing_is_encrypted_is_always_on_the_screen() {
    for size in [(20, 6), (24, 8), (30, 10), (40, 12), (60, 12), (80, 24), (200, 50)] {
        let mut desk = room(size);
        desk.write("a draft of several words that takes more than one row, and then some more");
        let shown = desk.screen().to_lowercase();
        assert!(shown.contains("not encrypted"), "{size:?}\n{shown}");
    }
}

#[test]
fn a_speaker_is_never_shown_as_a_contact() {
    let mut desk = room((80, 24));
    assert!(desk.shows("~bob") && !desk.shows("Bob  10:37"));
    desk.keys(&["up", "k", "k", "i"]);
    assert!(desk.shows("From ~bob in +lobby"), "{}", desk.screen());
    assert!(desk.shows("Not encrypted; anybody may"), "{}", desk.screen());
}

#[test]
fn a_room_is_joined_spoken_in_and_left() {
    let mut desk = Desk::among_people((80, 24));
    for (command, name) in [("/room Lobby", "room"), ("/room", "NAME")] {
        desk.write(command);
        desk.keys(&["enter"]);
        assert!(desk.shows(name) && desk.commands().is_empty(), "{}", desk.screen());
        desk.keys(&["ctrl-u", "esc"]);
    }
    for command in ["/room lobby", "/join +lobby"] {
        desk.write(command);
        desk.keys(&["enter"]);
        let asked = desk.commands();
        let [Command::JoinRoom { room, ticket }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(room.as_str(), "lobby");
        desk.update(Update::Refused { ticket: *ticket, why: "full".to_owned() });
        assert!(desk.shows("not in +lobby: full"), "{}", desk.screen());
        desk.keys(&["esc"]);
    }
    desk.write("/room lobby");
    desk.keys(&["enter"]);
    let asked = desk.commands();
    let [Command::JoinRoom { ticket, .. }] = asked[..] else { panic!("{asked:?}") };
    rooms(&mut desk, &["lobby"]);
    desk.update(Update::Agreed { ticket });
    assert!(desk.shows("+lobby · not encrypted"), "{}", desk.screen());
    desk.commands();
    desk.write("hello");
    desk.keys(&["enter"]);
    let said = desk.commands();
    assert!(!said.iter().any(|command| matches!(command, Command::Typing(_))), "{said:?}");
    assert!(said.iter().any(|c| matches!(c, Command::Send { to, .. } if *to == lobby())), "{said:?}");
    desk.write("/leave");
    desk.keys(&["enter"]);
    let asked = desk.commands();
    let [Command::LeaveRoom { ticket, .. }] = asked[..] else { panic!("{asked:?}") };
    rooms(&mut desk, &[]);
    desk.update(Update::Agreed { ticket });
    assert!(desk.shows("/room lobby goes back") && desk.shows("you left"), "{}", desk.screen());
    desk.write("anybody?");
    desk.keys(&["enter"]);
    assert!(desk.commands().is_empty() && desk.shows("not sent: you left +lobby"));
}

#[test]
fn rooms_stand_with_the_groups() {
    let mut desk = Desk::among_people((80, 24));
    rooms(&mut desk, &["lobby"]);
    desk.keys(&["f4", "home", "down", "down", "enter"]);
    assert!(desk.shows("+lobby · not encrypted"), "{}", desk.screen());
    // The third tab, by key and by mouse.
    desk.keys(&["alt-1"]);
    assert!(!desk.shows("+lobby · not encrypted"));
    desk.keys(&["alt-3"]);
    assert!(desk.shows("+lobby · not encrypted"));
    desk.keys(&["alt-left", "alt-right"]);
    assert!(desk.shows("+lobby · not encrypted"));
    desk.keys(&["alt-1"]);
    let header = desk.screen().lines().next().unwrap().to_owned();
    let x = header.chars().position(|c| c == '+').unwrap();
    desk.mouse(MouseKind::Click, u16::try_from(x).unwrap() + 1, 0);
    assert!(desk.shows("+lobby · not encrypted"), "{}", desk.screen());
    let message = message(&lobby(), "sensor", NOW, "21.5");
    desk.keys(&["alt-1"]);
    desk.update(Update::Summaries(vec![summary(&[message], 1)]));
    desk.keys(&["alt-a"]);
    assert!(desk.shows("+lobby · not encrypted"), "what is unread there is found");
}

#[test]
fn help_says_what_a_room_is() {
    let mut desk = Desk::among_people((80, 50));
    desk.keys(&["f1"]);
    let mut all = String::new();
    for _ in 0..12 {
        all.push_str(&desk.screen());
        desk.keys(&["pagedown"]);
    }
    for words in ["/room NAME", "+lobby", "an open room: not encrypted", "~bob", "is verified there"] {
        assert!(all.contains(words), "{words}");
    }
}
