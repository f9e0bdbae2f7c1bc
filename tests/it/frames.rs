//! Frames as they are drawn, at the sizes that matter.

use cooee::domain::*;
use cooee::engine::{Hop, Info, Link, Notice, Update};
use cooee::tui::app::{AccountSummary, FieldName, Glyphs, Looks, Setup, SignError, Start};
use cooee::tui::app::{Effect, Event};
use insta::assert_snapshot;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

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
    let mut desk = Desk::signed_in(
        Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() },
        (80, 24),
    );
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

/// All states that a message of ours can have, one that came late, and the end of a long day.
fn states(size: (u16, u16), setup: Setup) -> Desk {
    let bob = direct("bob");
    let mut desk = Desk::signed_in(setup, size);
    desk.people();
    let all = [
        ("what of valve 3?", Delivery::Failed),
        ("the one that drips", Delivery::Queued),
        ("valve 3", Delivery::Sent),
        ("or 4", Delivery::Delivered),
        ("I will look at both of them", Delivery::Read),
    ];
    let ours = all.into_iter().zip(1..).map(|((text, delivery), n)| Message {
        delivery: Some(delivery),
        ..message(&bob, "alice", NOW + n * MINUTE, text)
    });
    let mut late = message(&bob, "bob", NOW, "it is valve 3 that drips, not 4");
    (late.late, late.received_at) = (true, at(NOW + 14 * MINUTE));
    let messages: Vec<_> = std::iter::once(late).chain(ours).collect();
    desk.open("bob", &messages);
    desk
}

#[test]
fn the_states_of_messages() {
    assert_snapshot!(states((80, 24), plain()).screen());
    assert_snapshot!(states((40, 12), plain()).screen());
    let ascii = Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() };
    assert_snapshot!(states((80, 24), ascii).screen());
}

/// A chat in which messages were answered, changed, marked and taken back.
fn altered(size: (u16, u16), setup: Setup) -> Desk {
    let mut desk = Desk::signed_in(setup, size);
    desk.people();
    let bob = direct("bob");
    let at = |n: i64| NOW + n * MINUTE;
    let first = message(&bob, "bob", at(0), "the pump on the north side is back");
    let mut answer =
        Message { delivery: Some(Delivery::Read), ..message(&bob, "alice", at(1), "which of the two?") };
    let quote = Quote::of(first.sender.clone(), first.sent_at, &first.body);
    answer.reply = Some(Reply { to: first.id, quote: Some(quote) });
    answer.marks.reactions.insert(user("bob"), Reaction::new("👍").unwrap());
    let mut edited = message(&bob, "bob", at(2), "the one with the blue handle, not the red one");
    edited.marks.edit = Some(MessageId::from_bytes([8; 16]));
    (edited.marks.pinned, edited.marks.starred) = (true, true);
    for (who, sign) in [("alice", "❤️"), ("bob", "❤️"), ("carol", "🎉")] {
        edited.marks.reactions.insert(user(who), Reaction::new(sign).unwrap());
    }
    let mut lost = message(&bob, "bob", at(3), "passed on");
    (lost.forwarded, lost.reply) = (true, Some(Reply::to(MessageId::from_bytes([9; 16]))));
    let deleted = Message { body: Body::Deleted, ..message(&bob, "bob", at(4), "x") };
    let ours = Message { delivery: Some(Delivery::Delivered), ..message(&bob, "alice", at(5), "x") };
    let ours = Message { body: Body::Deleted, ..ours };
    desk.open("bob", &[first, answer, edited, lost, deleted, ours]);
    desk
}

#[test]
fn what_was_done_with_messages() {
    assert_snapshot!(altered((80, 24), plain()).screen());
    assert_snapshot!(altered((40, 12), plain()).screen());
    let ascii = Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() };
    assert_snapshot!(altered((80, 24), ascii).screen());
}

#[test]
fn words_between_signs_stand_out() {
    let mut desk = Desk::among_people((80, 24));
    let bob = direct("bob");
    let text =
        "it is *back* and _runs_, ~not~ `v3 *x*`; 2 * 3 * 4, @alice: see snake_case_name and *水泵*";
    desk.open("bob", &[message(&bob, "bob", NOW, text)]);
    assert_snapshot!(desk.screen());
    let said: String = desk
        .emphasis()
        .lines()
        .filter(|run| {
            ["back", "runs", "not", "v3", "@alice", "水"].iter().any(|word| run.contains(word))
        })
        .collect::<Vec<_>>()
        .join("\n");
    assert_snapshot!(said);
}

#[test]
fn a_message_is_answered_and_a_sign_is_picked() {
    let mut desk = altered((80, 24), plain());
    desk.keys(&["up", "k", "k", "k", "r"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["esc", "up", "k", "k", "k", "+"]);
    assert_snapshot!(desk.screen());
}

#[test]
fn a_message_is_chosen() {
    for size in [(80, 24), (40, 12), (20, 6)] {
        let mut desk = states(size, plain());
        desk.keys(&["up", "g", "j"]);
        assert_snapshot!(desk.screen());
    }
}

/// All about a message to a group, with an answer that has everything in it.
fn info(size: (u16, u16)) -> Desk {
    let team = ConversationId::Group(GroupId::from_bits(1));
    let mut desk = Desk::among_people(size);
    let ours =
        message(&team, "alice", NOW, "can you check valve 3? It is the one that dripped yesterday");
    desk.open("team", std::slice::from_ref(&ours));
    desk.keys(&["up", "i"]);
    let to = |name: &str, delivery, times: [Option<i64>; 2], left| Recipient {
        user: user(name),
        delivery,
        delivered_at: times[0].map(at),
        read_at: times[1].map(at),
        why: None,
        left,
    };
    let recipients = vec![
        to("bob", Delivery::Read, [Some(NOW + 2_000), Some(NOW + 65_000)], false),
        to("carol", Delivery::Sent, [None, None], false),
        to("dave", Delivery::Delivered, [Some(NOW + 3_000), None], false),
        to("erin", Delivery::Sent, [None, None], true),
    ];
    let waits_for = Some(Hop::Away(vec![user("carol")]));
    desk.update(Update::Info(Info { id: ours.id, delivery: Delivery::Sent, recipients, waits_for }));
    desk
}

#[test]
fn all_about_a_message() {
    assert_snapshot!(info((80, 24)).screen());
    assert_snapshot!(info((40, 12)).screen());
    let mut small = info((20, 6));
    small.keys(&["pagedown", "j"]);
    assert_snapshot!(small.screen());
    let mut theirs = states((80, 24), plain());
    theirs.keys(&["up", "g", "i"]);
    assert_snapshot!(theirs.screen());
}

#[test]
fn all_about_a_message_to_very_many() {
    let team = ConversationId::Group(GroupId::from_bits(1));
    let mut desk = Desk::among_people((80, 24));
    let ours = message(&team, "alice", NOW, "hello all");
    desk.open("team", std::slice::from_ref(&ours));
    desk.keys(&["up", "i"]);
    let to = |n: u32| Recipient {
        user: user(&format!("member-{n}")),
        delivery: Delivery::Sent,
        delivered_at: None,
        read_at: None,
        why: None,
        left: false,
    };
    let recipients = (0..255).map(to).collect();
    desk.update(Update::Info(Info {
        id: ours.id,
        delivery: Delivery::Sent,
        recipients,
        waits_for: Some(Hop::Broker),
    }));
    desk.keys(&["pagedown"]);
    assert!(desk.shows("more, PgDn"), "{}", desk.screen());
    desk.keys(&["end", "pagedown", "j"]);
    assert!(desk.shows("member-254") && !desk.shows("more, PgDn"), "{}", desk.screen());
    desk.keys(&["k"]);
    assert!(desk.shows("1 more, PgDn"), "the end is the end");
}

#[test]
fn late_messages_above_and_new_ones_below() {
    let bob = direct("bob");
    for size in [(80, 24), (40, 12), (20, 6)] {
        let mut desk = Desk::among_people(size);
        let page: Vec<_> =
            (0..60).map(|n| message(&bob, "bob", NOW + n * 1_000, &format!("n{n}"))).collect();
        desk.open("bob", &page);
        desk.stored(&message(&bob, "bob", NOW, "late"), None);
        desk.keys(&["ctrl-up"]);
        desk.stored(&message(&bob, "bob", NOW + MINUTE, "new"), None);
        assert_snapshot!(desk.screen());
    }
}

#[test]
fn without_a_connection_on_a_narrow_screen() {
    let mut desk = talk((40, 12));
    let retry_in = Some(std::time::Duration::from_secs(8));
    desk.update(Update::Link(Link::Down { reason: "connection refused".to_owned(), retry_in }));
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
    Start { accounts, broker: "mqtt://127.0.0.1:1883".to_owned(), ..Start::default() }
}

#[test]
fn the_first_screen() {
    let mut desk = Desk::new(plain(), start(&[]), (80, 24));
    desk.write("bob");
    desk.keys(&["enter", "enter"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["enter", "left"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["left"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["right", "enter"]);
    assert!(matches!(desk.effects()[..], [Effect::SignUp(_)]));
    assert_snapshot!(desk.screen());
    desk.event(Event::SignFailed(
        SignError {
            field: Some(FieldName::User),
            what: "the name bob is taken on mqtt://127.0.0.1:1883".to_owned(),
            hint: "Choose another one.".to_owned(),
        },
        Vec::new(),
    ));
    assert_snapshot!(desk.screen());
}

#[test]
fn passphrases_are_asked_for_and_not_shown() {
    let mut desk = Desk::new(plain(), start(&[]), (80, 24));
    desk.write("bob");
    desk.keys(&["enter", "enter", "enter", "enter"]);
    assert_snapshot!(desk.screen());
    desk.write("hush");
    desk.keys(&["enter"]);
    desk.write("hash");
    desk.keys(&["enter"]);
    assert_snapshot!(desk.screen());
    desk.event(Event::Resize { width: 20, height: 6 });
    desk.keys(&["tab", "tab", "tab", "tab", "tab"]);
    assert_snapshot!(desk.screen());

    let mut desk = Desk::new(plain(), start(&["alice", "bob"]), (80, 24));
    let refused = |what: &str| {
        let field = Some(FieldName::Passphrase);
        let error = SignError { field, what: what.to_owned(), hint: String::new() };
        Event::SignFailed(error, start(&["alice", "bob"]).accounts)
    };
    desk.keys(&["enter"]);
    desk.event(refused(""));
    desk.write("hush");
    assert_snapshot!(desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.shows("Signing in as alice…"));
    desk.event(refused("wrong passphrase for `alice`"));
    assert_snapshot!(desk.screen());
    desk.write(&"x".repeat(200));
    desk.event(Event::Resize { width: 20, height: 6 });
    assert_snapshot!(desk.screen());
    assert!(!desk.screen().contains("hush") && !format!("{:?}", desk.effects()).contains("hush"));
}

#[test]
fn the_first_screen_with_accounts_and_small() {
    let mut desk = Desk::new(plain(), start(&["alice", "bob"]), (80, 24));
    assert_snapshot!(desk.screen());
    desk.keys(&["down", "down", "enter"]);
    desk.event(Event::Resize { width: 20, height: 6 });
    assert_snapshot!(desk.screen());
}

#[test]
fn what_is_selected_stands_out_without_colours_too() {
    let setup = Setup { looks: Looks::named("none"), ..plain() };
    let mut desk = Desk::signed_in(setup, (40, 12));
    desk.people();
    desk.open("bob", &[]);
    desk.paste("one 水泵 two\nthree");
    desk.keys(&["home", "shift-up"]);
    desk.keys(&["ctrl-shift-right"]);
    let backend = TestBackend::new(40, 12);
    let mut terminal = ratatui::Terminal::new(backend).unwrap();
    terminal.draw(|frame| drop(cooee::tui::view::draw(frame, &desk.app))).unwrap();
    let buffer = terminal.backend().buffer();
    let reversed = |y: u16| {
        let cells = (0..40).filter(|&x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
        cells.map(|x| buffer[(x, y)].symbol()).collect::<String>()
    };
    let row = (0..12).rev().find(|&y| buffer[(2, y)].symbol() == "o").unwrap();
    assert_eq!(reversed(row), " 水泵 two ", "{}", desk.screen());
    assert_eq!(reversed(row + 1), "");
}
