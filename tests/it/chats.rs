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
    assert!(desk.shows("write so many hours or days"), "{}", desk.screen());
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

#[test]
fn a_chat_that_is_put_away_leaves_the_lists() {
    let mut desk = Desk::among_people(SIZE);
    let carol = direct("carol");
    desk.open("carol", &[message(&carol, "carol", NOW, "see you")]);
    desk.commands();
    desk.write("/archive");
    desk.keys(&["enter"]);
    let asked = Command::Archive { conversation: carol.clone(), archived: true };
    assert!(desk.commands().contains(&asked));
    let family = ConversationId::Group(GroupId::from_bits(2));
    desk.update(Update::Archived(vec![carol.clone(), family.clone()]));
    assert_snapshot!("a_chat_that_is_put_away_at_80", desk.screen());
    // It is no stop on the way through the chats, nor among the tabs.
    for _ in 0..6 {
        desk.keys(&["ctrl-n"]);
        assert!(!desk.shows("Carol Müller ○") && !desk.shows("#family ·"), "{}", desk.screen());
    }
    // The jump box finds it, and a list has them all.
    desk.keys(&["ctrl-k"]);
    desk.write("carol");
    assert!(desk.shows("archived"), "{}", desk.screen());
    desk.keys(&["esc"]);
    desk.write("/archived");
    desk.keys(&["enter"]);
    assert!(desk.shows("Carol Müller") && desk.shows("#family"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.shows("· archived"), "{}", desk.screen());
    desk.commands();
    // The same key brings it back.
    desk.keys(&["alt-e"]);
    let asked = Command::Archive { conversation: carol, archived: false };
    assert!(desk.commands().contains(&asked));
    desk.update(Update::Archived(vec![family]));
    assert!(!desk.shows("· archived"));
    // In a list it is for the chosen one.
    desk.keys(&["f2", "home", "alt-e"]);
    let asked = Command::Archive { conversation: direct("bob"), archived: true };
    assert!(desk.commands().contains(&asked), "{}", desk.screen());
    desk.update(Update::Archived(["bob", "carol", "dave", "erin"].map(direct).to_vec()));
    desk.keys(&["f5"]);
    assert!(!desk.shows("Nobody else is here yet"));
}

#[test]
fn a_narrow_list_says_what_is_put_away() {
    let mut desk = Desk::among_people((40, 12));
    desk.update(Update::Archived(vec![direct("carol")]));
    desk.keys(&["f2"]);
    assert_snapshot!("a_chat_that_is_put_away_at_40", desk.screen());
}

/// A chat with links in what bob wrote.
fn linked(size: (u16, u16), text: &str) -> Desk {
    let mut desk = Desk::among_people(size);
    let bob = direct("bob");
    desk.open("bob", &[message(&bob, "bob", NOW, text), message(&bob, "bob", NOW + MINUTE, "see?")]);
    desk.effects();
    desk
}

fn opened(desk: &mut Desk) -> Vec<String> {
    let opened = |effect| match effect {
        cooee::tui::app::Effect::OpenLink(link) => Some(link),
        _ => None,
    };
    desk.effects().into_iter().filter_map(opened).collect()
}

#[test]
fn a_link_is_shown_whole_before_it_is_opened() {
    let text = "read https://lan.example/pumps/3?tab=logs#today and https://g\u{043e}\u{043e}gle.com/x";
    for (size, name) in [(SIZE, "at_80"), ((40, 12), "at_40")] {
        let mut desk = linked(size, text);
        let shown = |desk: &Desk| {
            desk.emphasis().lines().any(|run| run.contains("UNDERLINED") && run.contains("https://"))
        };
        assert!(shown(&desk), "{}", desk.emphasis());
        desk.keys(&["f6", "k", "u"]);
        assert!(desk.shows("It leads to lan.example") && desk.shows("1 of 2"), "{}", desk.screen());
        desk.keys(&["down"]);
        assert_snapshot!(format!("a_link_{name}"), desk.screen());
        desk.keys(&["up", "enter"]);
        assert_eq!(opened(&mut desk), ["https://lan.example/pumps/3?tab=logs#today"]);
        assert!(!desk.shows("leads to"));
    }
}

#[test]
fn a_long_link_is_read_to_its_end_before_it_opens() {
    let text = format!("read https://lan.example/{}end", "pump/".repeat(300));
    let mut desk = linked((40, 12), &text);
    desk.keys(&["f6", "k", "u", "enter"]);
    assert_eq!(opened(&mut desk), [""; 0]);
    for _ in 0..20 {
        if desk.screen().contains("end") {
            break;
        }
        assert_eq!(opened(&mut desk), [""; 0]);
        desk.keys(&["enter"]);
    }
    assert!(desk.shows("end"), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert_eq!(opened(&mut desk).len(), 1);
}

#[test]
fn nothing_shows_a_message_that_is_over() {
    let bob = direct("bob");
    for (keys, shown) in [(["f6", "k", "u"], "leads to"), (["f6", "k", "f"], "Forward to")] {
        let mut desk = linked(SIZE, "read https://lan.example/pumps");
        desk.keys(&keys);
        assert!(desk.shows(shown), "{}", desk.screen());
        let id = message(&bob, "bob", NOW, "read https://lan.example/pumps").id;
        desk.update(Update::Gone(vec![(bob.clone(), id)]));
        assert!(!desk.shows(shown), "{}", desk.screen());
        desk.keys(&["enter"]);
        assert_eq!(opened(&mut desk), [""; 0]);
    }
}

#[test]
fn what_is_no_link_opens_nothing() {
    let mut desk = linked(SIZE, "javascript:alert(1) file:///etc/passwd");
    desk.keys(&["f6", "k", "u", "enter"]);
    assert_eq!(opened(&mut desk), [""; 0]);
    assert!(desk.shows("no link in that message"), "{}", desk.screen());
    let mut desk = linked(SIZE, "nothing");
    desk.write("/link");
    desk.keys(&["enter"]);
    assert!(desk.shows("there is no link"), "{}", desk.screen());
}

#[test]
fn a_long_link_is_read_page_by_page_and_can_be_copied() {
    let long = format!("https://a.org/{}end", "x/".repeat(900));
    let mut desk = linked((40, 12), &long);
    desk.write("/link");
    desk.keys(&["enter"]);
    assert!(desk.shows("more, PgDn") && !desk.shows("end"), "{}", desk.screen());
    for _ in 0..10 {
        desk.keys(&["pagedown"]);
    }
    assert!(desk.shows("end") && !desk.shows("more,"), "{}", desk.screen());
    desk.keys(&["y"]);
    let copied = desk.effects().contains(&cooee::tui::app::Effect::Copy(long));
    assert!(copied && desk.shows("copied"), "{}", desk.screen());
    // Where nothing can open one it is copied, and said.
    desk.event(cooee::tui::app::Event::LinkOpened(Err("you are here over SSH".to_owned())));
    assert!(desk.shows("not opened"), "{}", desk.screen());
}

#[test]
fn a_link_into_a_group_is_made_used_and_taken_back() {
    let mut desk = Desk::among_people(SIZE);
    desk.open("#family", &[]);
    desk.commands();
    desk.write("/invite-link");
    desk.keys(&["enter"]);
    let family = GroupId::from_bits(2);
    let made = desk.commands();
    let ticket = made.iter().find_map(|command| match command {
        Command::MakeGroupLink { group, uses: 20, ticket, .. } if *group == family => Some(*ticket),
        _ => None,
    });
    let link = GroupLink {
        group: family,
        host: user("alice"),
        key: IdentityKey::from_bytes([1; 32]),
        secret: LinkSecret::from_bytes([2; 16]),
    };
    let ticket = ticket.expect("it is asked for");
    desk.update(Update::GroupLink {
        ticket,
        link: link.clone(),
        ends_at: at(NOW + 7 * 24 * 60 * MINUTE),
        uses: 20,
    });
    assert!(desk.effects().contains(&cooee::tui::app::Effect::Copy(link.to_string())));
    assert_snapshot!("a_link_into_a_group", desk.screen());
    // Somebody who does not see a clipboard writes it with a key, as the words say; and it is one with a break in it too.
    desk.write("/join ");
    desk.keys(&["ctrl-y", "home"]);
    for _ in 0.."/join cooee:join/".len() {
        desk.keys(&["right"]);
    }
    desk.write(" ");
    desk.keys(&["enter"]);
    let joined =
        |command: &Command| matches!(command, Command::JoinByLink { link: used, .. } if *used == link);
    assert!(desk.commands().iter().any(joined), "{}", desk.screen());
    desk.write("/invite-link off");
    desk.keys(&["enter"]);
    let revoked = |command: &Command| matches!(command, Command::RevokeGroupLink { group, .. } if *group == family);
    assert!(desk.commands().iter().any(revoked));
    desk.write(&format!("/join {link}"));
    desk.keys(&["enter"]);
    let asked = desk.commands();
    let ticket = asked.iter().find_map(|command| match command {
        Command::JoinByLink { link: used, ticket } if *used == link => Some(*ticket),
        _ => None,
    });
    desk.update(Update::Agreed { ticket: ticket.expect("it is used") });
    assert!(desk.shows("asked to be let in"), "{}", desk.screen());
    desk.write("/join cooee:join/alice/AAAA");
    desk.keys(&["enter"]);
    assert!(desk.shows("no link into a group"), "{}", desk.screen());
}
