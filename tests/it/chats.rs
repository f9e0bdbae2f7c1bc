//! What a chat can do, from key to effect, and as it is shown.

use cooee::domain::*;
use cooee::engine::{Command, Update};
use insta::assert_snapshot;

use crate::support::desk::*;

const SIZE: (u16, u16) = (80, 24);

fn a_day() -> Lifetime {
    Lifetime::new(24 * 60 * 60).unwrap()
}

/// A chat in which messages disappear: one of bob's, an answer of ours to it.
fn fading(size: (u16, u16)) -> (Desk, Message, Message) {
    let mut desk = Desk::among_people(size);
    let bob = direct("bob");
    desk.update(Update::Lifetimes(vec![(bob.clone(), a_day())]));
    let event = Message { body: Body::Lifetime(Some(a_day())), ..message(&bob, "bob", NOW, "x") };
    let ends_at = Some(at(NOW + 24 * 60 * MINUTE));
    let theirs = Message { ends_at, ..message(&bob, "bob", NOW + MINUTE, "the pump is back") };
    let reply =
        Some(Reply { to: theirs.id, quote: Some(Quote::of(user("bob"), theirs.sent_at, &theirs.body)) });
    let delivery = Some(Delivery::Read);
    let ours = message(&bob, "alice", NOW + 2 * MINUTE, "I saw it");
    let ours = Message { delivery, reply, ends_at, ..ours };
    desk.open("bob", &[event, theirs.clone(), ours.clone()]);
    desk.commands();
    (desk, theirs, ours)
}

#[test]
fn messages_that_disappear_say_so() {
    for (size, name) in [(SIZE, "at_80"), ((40, 12), "at_40")] {
        let (mut desk, ..) = fading(size);
        assert_snapshot!(format!("messages_that_disappear_{name}"), desk.screen());
        desk.keys(&["f6", "i"]);
        assert!(desk.shows("Disappears"), "{}", desk.screen());
    }
}

#[test]
fn how_long_they_live_is_set_and_told() {
    let (mut desk, ..) = fading(SIZE);
    desk.write("/disappear 7d");
    desk.keys(&["enter"]);
    let set: Vec<_> = desk.commands();
    let week = Some(Lifetime::new(7 * 24 * 60 * 60).unwrap());
    assert!(
        matches!(&set[..], [.., Command::SetLifetime { conversation, lifetime, .. }]
            if *conversation == direct("bob") && *lifetime == week),
        "{set:?}"
    );
    desk.write("/disappear");
    desk.keys(&["enter"]);
    assert!(desk.shows("messages here disappear after 1 day"));
    desk.write("/disappear soon");
    desk.keys(&["enter"]);
    assert!(desk.shows("write 1h, 1d, 7d, 30d or off"), "{}", desk.screen());
    assert!(desk.shows("/disappear soon"), "it can be written otherwise");
    desk.update(Update::Lifetimes(Vec::new()));
    desk.keys(&["ctrl-c"]);
    assert!(!desk.shows("messages disappear after"), "{}", desk.screen());
}

#[test]
fn what_is_over_is_gone_from_all_that_shows_it() {
    let gone = |desk: &mut Desk, message: &Message| {
        desk.update(Update::Gone(vec![(direct("bob"), message.id)]));
    };
    // From the chat, and from what answers it.
    let (mut desk, theirs, _) = fading(SIZE);
    gone(&mut desk, &theirs);
    assert!(!desk.shows("the pump is back") && desk.shows("a message that is not here"));
    // While it is being changed, and from what was sent before.
    let (mut desk, _, ours) = fading(SIZE);
    desk.write("I saw it");
    desk.keys(&["enter"]);
    desk.write("a draft");
    desk.keys(&["f6", "e"]);
    assert!(desk.shows("changing: I saw it"));
    gone(&mut desk, &ours);
    assert!(desk.shows("› a draft") && !desk.shows("changing"), "{}", desk.screen());
    desk.keys(&["ctrl-c", "alt-p"]);
    assert!(desk.shows("nothing was sent from here before"), "{}", desk.screen());
    // While it is answered: what is written stays.
    let (mut desk, theirs, _) = fading(SIZE);
    desk.keys(&["f6", "k", "r"]);
    desk.write("yes");
    gone(&mut desk, &theirs);
    assert!(desk.shows("› yes") && !desk.shows("replying"));
    // While all about it is shown, a sign is picked, or a question asks about it.
    for keys in [["f6", "i"], ["f6", "+"], ["f6", "shift-d"]] {
        let (mut desk, _, ours) = fading(SIZE);
        desk.keys(&keys);
        let before = desk.screen();
        gone(&mut desk, &ours);
        assert_ne!(desk.screen(), before);
        assert!(!desk.shows("I saw it"), "{}", desk.screen());
    }
    // From what was found.
    let (mut desk, theirs, _) = fading(SIZE);
    desk.write("/starred");
    desk.keys(&["enter"]);
    desk.update(Update::Marked { pinned_in: None, messages: vec![theirs.clone()] });
    gone(&mut desk, &theirs);
    assert!(desk.shows("nothing is starred"), "{}", desk.screen());
}
