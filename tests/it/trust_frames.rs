//! What screens say of keys, and what a person does about them.

use cooee::domain::*;
use cooee::engine::{
    Command, ComparisonState, ComparisonView, Emoji, KeyView, TheirKey, Ticket, Update,
};
use cooee::tui::app::Event;
use insta::assert_snapshot;

use crate::support::desk::*;

fn bob(trust: Trust) -> Update {
    Update::People(vec![Person { trust, ..person("bob", "Bob", true) }])
}

fn key(digit: char) -> TheirKey {
    let group = |of: usize| digit.to_string().repeat(of);
    TheirKey {
        fingerprint: vec![group(4); 8].join(" "),
        safety_number: vec![group(5); 12].join(" "),
        since: at(NOW - MINUTE),
        code: "cooee-verify:1:".to_owned(),
        picture: vec!["█▀▄ █".repeat(9); 25],
    }
}

fn keys(trust: Trust) -> Update {
    let claimed = (trust == Trust::Changed).then(|| key('2'));
    let view = KeyView {
        user: user("bob"),
        trust,
        ours: key('9').fingerprint,
        theirs: (trust != Trust::Unknown).then(|| key('1')),
        claimed,
    };
    Update::Keys(Box::new(view))
}

/// The chat with Bob, whose key is trusted so far.
fn chat(size: (u16, u16), trust: Trust) -> Desk {
    let mut desk = Desk::among_people(size);
    desk.update(bob(trust));
    desk.open("bob", &[message(&direct("bob"), "bob", NOW, "the pump is back")]);
    desk
}

fn comparison(state: ComparisonState) -> Update {
    Update::Comparison(ComparisonView { user: user("bob"), ours: false, state })
}

fn seven() -> Vec<Emoji> {
    let emoji = [("🐶", "Dog"), ("☁️", "Cloud"), ("🔥", "Fire"), ("🎅", "Santa"), ("☂️", "Umbrella")];
    let more = [("✈️", "Aeroplane"), ("📌", "Pin")];
    let named = |(sign, name): (&str, &str)| Emoji { sign: sign.into(), name: name.into() };
    emoji.into_iter().chain(more).map(named).collect()
}

#[test]
fn a_key_that_changed_is_told_loudly() {
    for size in [(80, 24), (40, 12), (20, 6)] {
        let mut desk = chat(size, Trust::Changed);
        desk.write("the code is 1234");
        assert_snapshot!(desk.screen());
    }
    let mut desk = chat((40, 12), Trust::Changed);
    desk.keys(&["f2"]);
    assert!(desk.shows("KEY CHANGED"), "{}", desk.screen());
}

#[test]
fn the_title_says_how_far_a_key_is_trusted() {
    for (trust, words) in [
        (Trust::Unknown, "online · waits for their keys"),
        (Trust::NotVerified, "online · not verified"),
        (Trust::Verified, "online · verified"),
        (Trust::Changed, "online · KEY CHANGED"),
    ] {
        let desk = chat((80, 24), trust);
        assert!(desk.shows(words), "{words}: {}", desk.screen());
    }
    let mut desk = Desk::among_people((100, 24));
    desk.update(bob(Trust::Verified));
    desk.open("team", &[]);
    assert!(desk.shows("encrypted, 1 of 2 verified"), "{}", desk.screen());
    desk.update(bob(Trust::Changed));
    assert!(desk.shows("encrypted, 1 KEY CHANGED"), "{}", desk.screen());
}

#[test]
fn the_box_that_compares_a_key() {
    for size in [(80, 24), (40, 12), (20, 6)] {
        let mut desk = chat(size, Trust::NotVerified);
        desk.keys(&["alt-v"]);
        desk.update(keys(Trust::NotVerified));
        assert_snapshot!(desk.screen());
    }
    let mut desk = chat((80, 24), Trust::Changed);
    desk.keys(&["alt-v"]);
    desk.update(keys(Trust::Changed));
    assert_snapshot!(desk.screen());
}

#[test]
fn a_code_is_shown_where_there_is_room() {
    let mut desk = chat((80, 24), Trust::NotVerified);
    desk.keys(&["alt-v"]);
    desk.update(keys(Trust::NotVerified));
    desk.keys(&["q"]);
    assert_snapshot!(desk.screen());
    desk.event(Event::Resize { width: 80, height: 23 });
    assert!(desk.shows("no room for the QR code"), "{}", desk.screen());
    desk.keys(&["q"]);
    assert!(desk.shows("11111 11111"), "{}", desk.screen());
}

#[test]
fn seven_emoji_are_compared() {
    for size in [(80, 24), (40, 12), (20, 6)] {
        let mut desk = chat(size, Trust::NotVerified);
        desk.update(comparison(ComparisonState::Compare(seven())));
        assert!(desk.shows("Alt+V"), "{}", desk.screen());
        desk.keys(&["alt-v"]);
        desk.update(keys(Trust::NotVerified));
        assert_snapshot!(desk.screen());
    }
}

#[test]
fn nothing_is_sent_to_a_changed_key_until_a_person_accepts_it() {
    let mut desk = chat((80, 24), Trust::Changed);
    desk.commands();
    desk.write("the code is 1234");
    desk.keys(&["enter"]);
    assert!(!desk.commands().iter().any(|command| matches!(command, Command::Send { .. })));
    assert!(
        desk.shows("not sent: KEY CHANGED") && desk.shows("› the code is 1234"),
        "{}",
        desk.screen()
    );
    desk.keys(&["alt-t"]);
    assert!(desk.shows("Accept the new key?"), "{}", desk.screen());
    // Any other key is no.
    desk.keys(&["n"]);
    assert_eq!(desk.commands(), []);
    desk.keys(&["alt-t", "y"]);
    let asked = desk.commands();
    let [Command::AcceptKey { user: whose, ticket }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(*whose, user("bob"));
    let ticket = *ticket;
    desk.update(bob(Trust::NotVerified));
    desk.update(Update::Agreed { ticket });
    assert!(desk.shows("is accepted, and not verified"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.commands().iter().any(|command| matches!(command, Command::Send { .. })));
}

#[test]
fn a_person_verifies_takes_it_back_and_compares() {
    let mut desk = chat((80, 24), Trust::NotVerified);
    desk.commands();
    desk.write("/verify bob");
    desk.keys(&["enter"]);
    assert_eq!(desk.commands(), [Command::Keys(user("bob"))]);
    // Nothing can be said of a key that is not there.
    desk.keys(&["v", "e", "a", "y"]);
    assert_eq!(desk.commands(), []);
    desk.update(keys(Trust::NotVerified));
    desk.keys(&["u", "v"]);
    let asked = desk.commands();
    let [Command::Verify { verified: true, ticket, .. }] = asked[..] else { panic!("{asked:?}") };
    desk.update(bob(Trust::Verified));
    desk.update(Update::Agreed { ticket });
    assert_eq!(desk.commands(), [Command::Keys(user("bob"))], "it asks anew");
    desk.update(keys(Trust::Verified));
    assert!(desk.shows("verified: you have compared"), "{}", desk.screen());
    desk.keys(&["u", "e"]);
    let asked = desk.commands();
    assert!(matches!(asked[..], [Command::Verify { verified: false, .. }, Command::Compare { .. }]));
    desk.update(comparison(ComparisonState::Waiting));
    desk.keys(&["v", "y"]);
    assert_eq!(desk.commands(), []);
    desk.update(comparison(ComparisonState::Compare(seven())));
    desk.keys(&["v", "y"]);
    assert!(matches!(desk.commands()[..], [Command::SameEmoji { same: true, .. }]));
    desk.update(comparison(ComparisonState::Confirmed(seven())));
    desk.keys(&["n"]);
    assert!(matches!(desk.commands()[..], [Command::SameEmoji { same: false, .. }]));
    let why = "the emoji were not the same: somebody may sit in between".to_owned();
    desk.update(comparison(ComparisonState::Failed { why, alarm: true }));
    assert!(desk.shows("NOT THE SAME"), "{}", desk.screen());
    desk.keys(&["esc"]);
    assert!(desk.shows("warning: Bob: the emoji were not the same"), "{}", desk.screen());
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut desk = Desk::among_people((80, 24));
    desk.keys(&["alt-v"]);
    assert!(desk.shows("open a chat with one person"), "{}", desk.screen());
    let mut desk = chat((80, 24), Trust::Verified);
    desk.write("/accept");
    desk.keys(&["enter"]);
    assert!(desk.shows("the key of Bob has not changed"), "{}", desk.screen());
    let mut desk = chat((80, 24), Trust::NotVerified);
    desk.write("/verify bob");
    desk.keys(&["enter", "esc"]);
    desk.update(Update::Refused { ticket: Ticket(99), why: "no such thing".to_owned() });
    assert!(desk.shows("no such thing"), "{}", desk.screen());
}
