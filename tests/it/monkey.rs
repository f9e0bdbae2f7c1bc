//! Anything may be pressed, said and resized, in any order: the screen is drawn, and nothing panics.

use std::time::Duration;

use cooee::domain::*;
use cooee::engine::{Command, Hop, Info, Link, Notice, PageAt, Stored, Update};
use cooee::tui::app::{Effect, Event, MouseKind, width};
use proptest::prelude::*;

use crate::support::desk::*;

/// Keys that mean something somewhere, and texts that are hard to draw.
const KEYS: &[&str] = &[
    "enter",
    "alt-enter",
    "tab",
    "backtab",
    "esc",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "ctrl-n",
    "ctrl-p",
    "alt-1",
    "alt-2",
    "alt-left",
    "alt-right",
    "alt-a",
    "alt-/",
    "alt-shift-u",
    "ctrl-f",
    "n",
    "shift-n",
    "ctrl-k",
    "ctrl-g",
    "alt-i",
    "alt-m",
    "alt-v",
    "alt-t",
    "q",
    "v",
    "y",
    "pageup",
    "pagedown",
    "shift-up",
    "shift-down",
    "shift-left",
    "shift-home",
    "ctrl-shift-right",
    "alt-shift-a",
    "ctrl-x",
    "alt-w",
    "alt-n",
    "ctrl-o",
    "alt-home",
    "alt-end",
    "alt-u",
    "backspace",
    "delete",
    "ctrl-w",
    "alt-d",
    "ctrl-u",
    "alt-k",
    "ctrl-y",
    "left",
    "right",
    "up",
    "down",
    "ctrl-left",
    "ctrl-right",
    "home",
    "end",
    "alt-z",
    "alt-shift-z",
    "ctrl-c",
    "y",
    "alt-c",
    "alt-p",
    "space",
    "f6",
    "f8",
    "i",
    "t",
    "g",
    "shift-g",
    "shift-a",
    "j",
    "k",
];
const TEXTS: &[&str] = &[
    "a",
    "水",
    "👨‍👩‍👧",
    "e\u{301}",
    "ﾞ",
    "/leave",
    "/room lobby",
    "/create team",
    "/msg bob x",
    "/jump o",
    "/find wel 水",
    "/search 水泵",
    "/date today",
    "/unread",
    "/vote 1",
    "/list crew bob",
    "/broadcast crew x",
    "/poll a | b | 水",
    "1",
    "line",
    "//",
    "long words in it",
];

#[derive(Clone, Debug)]
enum Step {
    Key(usize),
    Text(usize),
    Paste(String),
    Resize(u16, u16),
    Mouse(u8, u16, u16),
    Focus(bool),
    Said(u8, i64),
    Later(i64),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..KEYS.len()).prop_map(Step::Key),
        4 => (0..TEXTS.len()).prop_map(Step::Text),
        1 => "\\PC{0,40}".prop_map(Step::Paste),
        2 => (0u16..130, 0u16..40).prop_map(|(width, height)| Step::Resize(width, height)),
        2 => (0u8..3, 0u16..130, 0u16..40).prop_map(|(kind, x, y)| Step::Mouse(kind, x, y)),
        1 => any::<bool>().prop_map(Step::Focus),
        5 => (0u8..12, -50i64..50).prop_map(|(what, n)| Step::Said(what, n)),
        1 => (0i64..20_000).prop_map(Step::Later),
    ]
}

/// What an engine might say.
fn said(what: u8, n: i64) -> Update {
    let lobby = || "lobby".parse().unwrap();
    let to = match n % 5 {
        0 => ConversationId::Room(lobby()),
        1 | -1 | 3 | -3 => ConversationId::Group(GroupId::from_bits(1)),
        _ => direct("bob"),
    };
    let sender = if n % 3 == 0 { "alice" } else { "bob" };
    let mut message = message(&to, sender, NOW + n * MINUTE, "well 水泵 then\nyes");
    message.late = n % 7 == 0;
    message.poll = poll(n);
    let states =
        [Delivery::Failed, Delivery::Queued, Delivery::Sent, Delivery::Delivered, Delivery::Read];
    let delivery = states[usize::try_from(n.unsigned_abs()).unwrap() % states.len()];
    match what {
        0 => Update::Stored(vec![Stored { message, ticket: None }]),
        1 => Update::Summaries(vec![summary(&[message], usize::from(n > 0))]),
        2 => Update::Typing { conversation: to, user: user("bob") },
        3 => Update::Link(Link::Down { reason: "no route".to_owned(), retry_in: None }),
        4 => Update::Notice(Notice::Warning("w".repeat(usize::try_from(n.abs() * 3).unwrap()))),
        5 => group(3, "ops", "bob", if n > 0 { Standing::Left } else { Standing::Member }, &["bob"]),
        8 => Update::Delivery { conversation: to, id: message.id, delivery },
        9 => Update::Outbox { waiting: Vec::new(), total: n.unsigned_abs(), changed: 0 },
        10 => Update::Link(Link::Up),
        11 => Update::Rooms(if n > 0 { vec![lobby()] } else { Vec::new() }),
        6 => Update::GroupGone(GroupId::from_bits(u128::from(n.unsigned_abs() % 5))),
        _ => Update::People(vec![person(&format!("p{}", n.abs()), "Bob", n > 0)]),
    }
}

/// What some of the messages ask.
fn poll(n: i64) -> Option<Poll> {
    let poll = Poll::read("Which 水泵? | the old one, which leaks | 👨‍👩‍👧 | aﾞ", n % 2 == 0).unwrap();
    (n % 3 == 0).then_some(poll)
}

/// Answers a page as a store of 300 messages would.
fn answer(command: Command) -> Option<Update> {
    if let Command::Info(id) = command {
        let recipient = |n: u32| Recipient {
            user: user(&format!("p{n}")),
            delivery: Delivery::Read,
            delivered_at: Some(at(NOW)),
            read_at: Some(at(NOW)),
            why: None,
            left: n.is_multiple_of(5),
        };
        let recipients: Vec<_> = (0..40).map(recipient).collect();
        let users = vec![user("p1"), user("p2")];
        let waits_for = Some(Hop::Receipt { users, retry_in: Some(Duration::ZERO) });
        return Some(Update::Info(Info { id, delivery: Delivery::Sent, recipients, waits_for }));
    }
    if let Command::Hits { conversation, before, ticket, .. } = command {
        // Of the messages below, and one of nowhere; in two pages.
        let key = |n: i64| message(&conversation, "bob", n * MINUTE * 60, "line\nline").key();
        let (range, older) = if before.is_some() { (0..40, None) } else { (40..90, Some(7)) };
        return Some(Update::Hits { ticket, keys: range.map(key).collect(), total: 90, older });
    }
    if let Command::Find { ticket, at, .. } = command {
        let places = [direct("bob"), ConversationId::Group(GroupId::from_bits(9)), direct("nobody")];
        let found =
            (0..30).map(|n: i64| message(&places[n as usize % 3], "bob", n * MINUTE, "line 水泵 line"));
        let edge = (at == FindAt::Newest).then_some(5);
        return Some(Update::Found { ticket, messages: found.collect(), edge, more: edge.is_some() });
    }
    if let Command::MarkUnread { conversation, ticket } = command {
        return Some(match conversation {
            ConversationId::Direct(_) => Update::Agreed { ticket },
            _ => Update::Refused { ticket, why: "nobody spoke".to_owned() },
        });
    }
    if let Command::JoinRoom { ticket, .. } | Command::LeaveRoom { ticket, .. } = command {
        return Some(Update::Agreed { ticket });
    }
    let Command::Load { conversation, at, limit } = command else { return None };
    let all: Vec<_> = (0..300)
        .map(|n| {
            let sender = if n % 5 == 0 { "alice" } else { "bob" };
            let poll = poll(n).filter(|_| n > 290);
            Message { poll, ..message(&conversation, sender, n * MINUTE * 60, "line\nline") }
        })
        .collect();
    let place = |key: MessageKey| all.partition_point(|m| m.key() < key);
    let (from, to) = match at {
        PageAt::Newest => (all.len().saturating_sub(limit), all.len()),
        PageAt::Oldest => (0, limit),
        PageAt::Before(key) => (place(key).saturating_sub(limit), place(key)),
        PageAt::After(key) => (place(key), place(key) + limit),
        PageAt::Around(key) => (place(key).saturating_sub(limit / 2), place(key) + limit / 2),
    };
    let to = to.min(all.len());
    let messages = all[from.min(to)..to].to_vec();
    Some(Update::Page { conversation, at, messages, more_before: from > 0, more_after: to < 300 })
}

fn step(desk: &mut Desk, step: Step) {
    match step {
        Step::Key(n) => desk.keys(&[KEYS[n]]),
        Step::Text(n) => desk.write(TEXTS[n]),
        Step::Paste(text) => desk.paste(&text),
        Step::Resize(width, height) => desk.event(Event::Resize { width, height }),
        Step::Mouse(kind, x, y) => {
            let kinds = [MouseKind::Click, MouseKind::WheelUp, MouseKind::WheelDown];
            desk.mouse(kinds[usize::from(kind)], x, y);
        }
        Step::Focus(focused) => desk.event(Event::Focus(focused)),
        Step::Said(what, n) => desk.update(said(what, n)),
        Step::Later(millis) => {
            desk.now += millis;
            desk.event(Event::Timer);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_happens_breaks_the_screen(steps in prop::collection::vec(steps(), 1..80)) {
        let mut desk = Desk::among_people((80, 24));
        for next in steps {
            step(&mut desk, next);
            let mut rounds = 0;
            loop {
                let effects = desk.effects();
                if effects.contains(&Effect::Quit) {
                    return Ok(());
                }
                let said = effects.into_iter().filter_map(|effect| match effect {
                    Effect::Send(command) | Effect::SendWritten(command) => answer(command),
                    _ => None,
                });
                let said: Vec<_> = said.collect();
                if said.is_empty() {
                    break;
                }
                rounds += 1;
                prop_assert!(rounds < 20, "it asks for ever");
                said.into_iter().for_each(|update| desk.update(update));
            }
            let columns = usize::from(desk.app.size.0);
            for line in desk.screen().lines() {
                prop_assert!(width(line) <= columns, "{:?} is wider than {}", line, columns);
            }
        }
    }
}
