//! Finding words, days and chats on the screen: a store behind the desk answers as the real one does.

use cooee::domain::*;
use cooee::engine::{Command, PageAt, Update};
use cooee::tui::app::{Context, Effect, Event};
use insta::assert_snapshot;

use crate::support::desk::*;

/// Everything that was ever said, in all chats.
struct Store {
    all: Vec<Message>,
    /// How many hits it tells at once.
    page: usize,
    /// The largest answer that it gave.
    largest: usize,
}

impl Store {
    fn of(all: Vec<Message>) -> Self {
        Self { all, page: 2_000, largest: 0 }
    }

    /// A talk with bob: every tenth message is about the pump.
    fn long(count: i64) -> Self {
        let bob = direct("bob");
        let text = |n: i64| if n % 10 == 0 { format!("pump {n}") } else { format!("line {n}") };
        let sender = |n: i64| if n % 3 == 0 { "alice" } else { "bob" };
        Self::of(
            (0..count).map(|n| message(&bob, sender(n), NOW - (count - n) * 1_000, &text(n))).collect(),
        )
    }

    fn of_chat<'a>(&'a self, chat: &'a ConversationId) -> impl Iterator<Item = &'a Message> {
        self.all.iter().filter(move |message| message.conversation == *chat)
    }

    fn has(message: &Message, words: &Words) -> bool {
        matches!(&message.body, Body::Text(text) if words.are_in(text.as_str()))
    }

    fn answer(&mut self, command: Command) -> Option<Update> {
        match command {
            Command::Load { conversation, at, limit } => {
                let all: Vec<&Message> = self.of_chat(&conversation).collect();
                let place = |key: MessageKey| all.partition_point(|m| m.key() < key);
                let (from, to) = match at {
                    PageAt::Newest => (all.len().saturating_sub(limit), all.len()),
                    PageAt::Oldest => (0, limit),
                    PageAt::Before(key) => (place(key).saturating_sub(limit), place(key)),
                    PageAt::After(key) => (place(key) + 1, place(key) + 1 + limit),
                    PageAt::Around(key) => {
                        let from = place(key).saturating_sub(limit / 2);
                        (from.min(all.len().saturating_sub(limit)), from + limit)
                    }
                };
                let to = to.min(all.len());
                let messages: Vec<Message> = all[from.min(to)..to].iter().copied().cloned().collect();
                let (more_before, more_after) = (from > 0, to < all.len());
                self.largest = self.largest.max(messages.len());
                Some(Update::Page { conversation, at, messages, more_before, more_after })
            }
            Command::Hits { words, conversation, before, ticket } => {
                let words = Words::new(&words);
                let arrived = self.all.iter().zip(0i64..);
                let hits =
                    arrived.filter(|(m, _)| m.conversation == conversation && Self::has(m, &words));
                let hits: Vec<_> = hits.map(|(m, at)| (m.key(), at)).collect();
                let end =
                    before.map_or(hits.len(), |before| hits.partition_point(|(_, at)| *at < before));
                let from = end.saturating_sub(self.page);
                let older = (from > 0).then(|| hits[from].1);
                let keys = hits[from..end].iter().map(|(key, _)| *key).collect();
                Some(Update::Hits { ticket, keys, total: hits.len() as u64, older })
            }
            Command::Find { words, at, limit, ticket, .. } => {
                let words = Words::new(&words);
                let end = if let FindAt::Before(place) = at { place } else { i64::MAX };
                let arrived: Vec<_> = self.all.iter().zip(0i64..).collect();
                let mut found: Vec<_> = arrived
                    .into_iter()
                    .rev()
                    .filter(|(m, at)| *at < end && Self::has(m, &words))
                    .take(limit + 1)
                    .collect();
                let more = found.len() > limit;
                found.truncate(limit);
                let edge = found.last().map(|(_, at)| *at);
                let messages = found.into_iter().map(|(m, _)| m.clone()).collect();
                Some(Update::Found { ticket, messages, edge, more })
            }
            _ => None,
        }
    }

    /// Answers until nothing is asked any more; returns what else was asked of the engine.
    fn serve(&mut self, desk: &mut Desk) -> Vec<Command> {
        let mut rest = Vec::new();
        loop {
            let asked = desk.commands();
            let mut answers = Vec::new();
            for command in asked {
                match self.answer(command.clone()) {
                    Some(answer) => answers.push(answer),
                    None => rest.push(command),
                }
            }
            if answers.is_empty() {
                return rest;
            }
            answers.into_iter().for_each(|answer| desk.update(answer));
        }
    }

    fn keys(&mut self, desk: &mut Desk, keys: &[&str]) -> Vec<Command> {
        let mut rest = Vec::new();
        for key in keys {
            desk.keys(&[key]);
            rest.extend(self.serve(desk));
        }
        rest
    }

    fn write(&mut self, desk: &mut Desk, text: &str) {
        desk.write(text);
        self.serve(desk);
    }

    fn open(&mut self, desk: &mut Desk, name: &str) {
        desk.keys(&["ctrl-k"]);
        desk.write(name);
        desk.keys(&["enter"]);
        self.serve(desk);
    }
}

fn among(size: (u16, u16), store: &mut Store) -> Desk {
    let mut desk = Desk::among_people(size);
    store.open(&mut desk, "bob");
    desk
}

/// A few chats in which much was said of the pump.
fn talk() -> Store {
    let (bob, team) = (direct("bob"), ConversationId::Group(GroupId::from_bits(1)));
    let lobby = ConversationId::Room("lobby".parse().unwrap());
    let long = format!("{} the pump {}", "first of all, the valve ".repeat(9), "and so on ".repeat(9));
    Store::of(vec![
        message(&bob, "bob", NOW - 3 * 24 * 60 * MINUTE, "the PUMP is back 👨‍👩‍👧"),
        message(&team, "carol", NOW - 26 * 60 * MINUTE, &long),
        message(&lobby, "sensor", NOW - 25 * 60 * MINUTE, "pump: 17 bar"),
        message(&bob, "alice", NOW - 9 * MINUTE, "which pump,\nand which valve?"),
        message(&bob, "bob", NOW - 8 * MINUTE, "水泵 is Japanese pümps"),
        message(&bob, "bob", NOW - 7 * MINUTE, "see you"),
    ])
}

#[test]
fn a_find_line_at_80x24_and_40x12() {
    for size in [(80, 24), (40, 12)] {
        let mut store = talk();
        let mut desk = among(size, &mut store);
        store.keys(&mut desk, &["ctrl-f"]);
        store.write(&mut desk, "pump");
        store.keys(&mut desk, &["enter"]);
        assert_snapshot!(format!("the_find_line_at_{}", size.0), desk.screen());
        store.write(&mut desk, "x");
        assert!(desk.shows("Find: pumpx") && desk.shows("nothing found"), "{}", desk.screen());
    }
}

#[test]
fn what_was_said_in_all_chats_at_80x24_and_40x12() {
    for size in [(80, 24), (40, 12)] {
        let mut store = talk();
        let mut desk = among(size, &mut store);
        desk.update(Update::Rooms(vec!["lobby".parse().unwrap()]));
        store.keys(&mut desk, &["ctrl-f"]);
        store.write(&mut desk, "pump");
        store.keys(&mut desk, &["ctrl-f"]);
        store.keys(&mut desk, &["down"]);
        assert_snapshot!(format!("what_was_found_everywhere_at_{}", size.0), desk.screen());
    }
}

#[test]
fn one_goes_from_hit_to_hit_through_a_hundred_thousand_messages_and_back() {
    let mut store = Store::long(100_000);
    let mut desk = among((80, 24), &mut store);
    store.keys(&mut desk, &["pageup", "pageup"]);
    let before = desk.screen();
    store.keys(&mut desk, &["ctrl-f"]);
    store.write(&mut desk, "PUMP 55");
    assert!(
        desk.shows("1 of 111") && desk.shows("▸ Bob") || desk.shows("pump 55990"),
        "{}",
        desk.screen()
    );
    // Those with 55 in front, from the newest: 55990 … 55000, then 5590 … 550, then 50.
    for n in (55_000..55_990).rev().step_by(10) {
        store.keys(&mut desk, &["enter"]);
        let n = n / 10 * 10;
        assert!(desk.shows(&format!("pump {n}")), "{n}\n{}", desk.screen());
        assert!(desk.shows(&format!("line {}", n - 1)), "with its context\n{}", desk.screen());
    }
    store.keys(&mut desk, &["enter"]);
    assert!(desk.shows("pump 5590 ") || desk.shows("pump 5590"), "{}", desk.screen());
    store.keys(&mut desk, &["down", "up", "up"]);
    assert!(desk.shows("pump 5580"), "{}", desk.screen());
    assert!(store.largest <= 500, "pages of {}", store.largest);
    store.keys(&mut desk, &["esc"]);
    assert_eq!(desk.screen(), before, "where one was");
}

#[test]
fn hits_are_asked_for_page_by_page_and_those_of_new_messages_are_counted() {
    let mut store = Store { page: 7, ..Store::long(300) };
    let mut desk = among((80, 24), &mut store);
    store.keys(&mut desk, &["ctrl-f"]);
    store.write(&mut desk, "pump");
    assert!(desk.shows("1 of 30"), "{}", desk.screen());
    for n in 2..=30 {
        store.keys(&mut desk, &["up"]);
        assert!(desk.shows(&format!("{n} of 30")), "{}", desk.screen());
    }
    assert!(desk.shows("pump 0"));
    store.keys(&mut desk, &["up"]);
    assert!(desk.shows("there is none further up") && desk.shows("30 of 30"), "{}", desk.screen());
    desk.stored(&message(&direct("bob"), "bob", NOW, "another pump"), None);
    assert!(desk.shows("31 of 31"), "{}", desk.screen());
    store.keys(&mut desk, &["down"]);
    assert!(desk.shows("30 of 31") && desk.shows("pump 10"));
}

#[test]
fn what_is_typed_fast_is_asked_for_once_it_is_answered() {
    let mut store = talk();
    let mut desk = among((80, 24), &mut store);
    desk.keys(&["ctrl-f"]);
    desk.write("pump");
    let asked = desk.commands();
    assert!(matches!(&asked[..], [Command::Hits { words, .. }] if words == "p"), "{asked:?}");
    let answer = store.answer(asked[0].clone()).unwrap();
    desk.update(answer);
    let asked = desk.commands();
    assert!(matches!(&asked[..], [Command::Hits { words, .. }] if words == "pump"), "{asked:?}");
    let Command::Hits { ticket, .. } = asked[0] else { panic!() };
    desk.update(Update::Refused { ticket, why: "busy".to_owned() });
    assert!(desk.shows("busy") && desk.commands().is_empty(), "it does not ask for ever");
    store.write(&mut desk, " back");
    assert!(desk.shows("1 of 1"), "{}", desk.screen());
}

#[test]
fn the_draft_stays_and_n_goes_on_among_the_messages() {
    let mut store = talk();
    let mut desk = among((80, 24), &mut store);
    desk.write("half a thought");
    desk.commands();
    store.keys(&mut desk, &["ctrl-f"]);
    assert!(!desk.shows("half a thought"));
    store.write(&mut desk, "pump");
    store.keys(&mut desk, &["f6"]);
    assert_eq!(desk.app.context(), Context::Messages);
    assert!(desk.shows("half a thought") && desk.shows("n older hit"), "{}", desk.screen());
    let chosen = |desk: &Desk| {
        let screen = desk.screen();
        screen.lines().find(|line| line.contains("││▸")).unwrap_or("").to_owned()
    };
    assert!(chosen(&desk).contains("pümps"), "{}", desk.screen());
    store.keys(&mut desk, &["n", "n"]);
    assert!(chosen(&desk).contains("the PUMP is back"), "{}", desk.screen());
    store.keys(&mut desk, &["shift-n"]);
    assert!(chosen(&desk).contains("which pump"), "{}", desk.screen());
    store.keys(&mut desk, &["esc"]);
    assert_eq!(desk.app.context(), Context::Find);
    assert!(desk.shows("2 of 3"), "{}", desk.screen());
    store.keys(&mut desk, &["f6", "enter"]);
    assert_eq!(desk.app.context(), Context::Composer);
    desk.write("!");
    assert!(desk.shows("half a thought!"));
    store.keys(&mut desk, &["ctrl-c", "ctrl-c", "f6", "n"]);
    assert!(desk.shows("nothing is looked for: Ctrl+F"), "{}", desk.screen());
}

#[test]
fn what_was_found_elsewhere_opens_there_and_nothing_newer_counts_as_read() {
    let mut store = Store::long(5_000);
    let team = ConversationId::Group(GroupId::from_bits(1));
    store.all.extend((0..300).map(|n| message(&team, "carol", NOW + n, "not about it")));
    let mut desk = Desk::among_people((80, 24));
    let last = store.all[4_999].clone();
    desk.update(Update::Summaries(vec![summary(&[last], 1)]));
    store.open(&mut desk, "#team");
    desk.commands();
    desk.write("/find pump 1230");
    store.keys(&mut desk, &["enter"]);
    assert!(desk.shows("Find in all chats"));
    let rest = store.keys(&mut desk, &["enter"]);
    assert!(desk.shows("pump 1230") && desk.shows("line 1229") && desk.shows("line 1231"));
    assert!(desk.shows("Find: pump 1230") && desk.shows("1 of 1"), "{}", desk.screen());
    assert!(!rest.iter().any(|c| matches!(c, Command::MarkRead(_))), "{rest:?}");
    let seen: Vec<_> = store.all[4_900..5_000].iter().map(|m| m.id).collect();
    assert!(desk.seen().iter().all(|id| !seen.contains(id)), "the newest were not on the screen");
    let rest = store.keys(&mut desk, &["esc"]);
    assert!(desk.shows("line 4999"), "{}", desk.screen());
    assert!(rest.contains(&Command::MarkRead(direct("bob"))), "{rest:?}");
    store.keys(&mut desk, &["alt-/"]);
    assert!(desk.shows("not about it"));
    store.keys(&mut desk, &["alt-/"]);
    assert!(desk.shows("line 4999"));
}

#[test]
fn who_finds_nothing_or_leaves_is_where_they_were() {
    let mut store = talk();
    let mut desk = Desk::among_people((80, 24));
    desk.keys(&["alt-/"]);
    assert!(desk.shows("there is no chat to go back to yet"));
    store.keys(&mut desk, &["ctrl-f"]);
    assert!(desk.shows("Find in all chats"), "no chat is open");
    store.keys(&mut desk, &["enter", "esc"]);
    store.open(&mut desk, "bob");
    store.keys(&mut desk, &["ctrl-f"]);
    store.write(&mut desk, "!!");
    assert!(desk.shows("no word to look for"), "{}", desk.screen());
    desk.paste("\n\u{1b}[31m the\npump\n");
    store.serve(&mut desk);
    assert!(desk.shows("Find: !! [31m the pump"), "{}", desk.screen());
    store.keys(&mut desk, &["ctrl-n"]);
    assert_eq!(desk.app.context(), Context::Composer, "another chat");
    store.keys(&mut desk, &["ctrl-p", "ctrl-f", "f2", "f5"]);
    assert_eq!(desk.app.context(), Context::Composer, "the lists had the keyboard");
    desk.write("/search pump");
    store.keys(&mut desk, &["enter"]);
    assert!(desk.shows("1 of 3") && !desk.shows("/search"), "{}", desk.screen());
    let effects = desk.effects();
    assert!(!effects.contains(&Effect::Quit));
    store.keys(&mut desk, &["ctrl-c"]);
    assert_eq!(desk.app.context(), Context::Composer);
}

#[test]
fn a_day_is_gone_to_and_what_is_none_is_refused() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let bob = direct("bob");
    let said =
        |day: i64, n: i64| message(&bob, "bob", NOW - day * DAY + n, &format!("day {day}, line {n}"));
    // A thousand lines on each of the days, except for the 19th of November.
    let days = [9, 8, 7, 6, 5, 4, 2, 1, 0];
    let mut store =
        Store::of(days.iter().flat_map(|&day| (0..1_000).map(move |n| said(day, n))).collect());
    let mut desk = among((80, 24), &mut store);
    let mut go = |store: &mut Store, day: &str| {
        desk.write(&format!("/date {day}"));
        store.keys(&mut desk, &["enter"]);
        let screen = desk.screen();
        store.keys(&mut desk, &["esc", "ctrl-u"]);
        screen
    };
    for (day, first) in [
        ("2026-11-14", "day 8, line 0"),
        ("yesterday", "day 1, line 0"),
        ("TODAY", "day 0, line 0"),
        ("2026-11-13", "day 9, line 0"),
    ] {
        let screen = go(&mut store, day);
        let lines: Vec<&str> = screen.lines().skip(2).collect();
        assert!(lines[0].contains("──") && lines[1].contains(first), "{day}\n{screen}");
    }
    let screen = go(&mut store, "2026-11-19");
    assert!(screen.contains("nothing on Thursday 19 November; here is Friday 20 November"), "{screen}");
    assert!(screen.contains("day 2, line 0"), "{screen}");
    assert!(go(&mut store, "2020-02-29").contains("here is Friday 13 November"));
    let screen = go(&mut store, "2026-11-23");
    assert!(screen.contains("error: Monday 23 November is still to come"), "{screen}");
    for wrong in ["3.11.", "2026-02-30", "soon", "9999-99-99", "2026-11-3"] {
        let screen = go(&mut store, wrong);
        assert!(
            screen.contains(&format!("error: `{wrong}` is no day: write it as 2026-11-03")),
            "{screen}"
        );
    }
    let mut desk = Desk::among_people((80, 24));
    desk.write("/date today");
    desk.keys(&["enter"]);
    assert!(desk.shows("error: open the chat first"), "{}", desk.screen());
}

#[test]
fn a_chat_marked_unread_stays_so_until_it_is_opened_again() {
    let mut store = talk();
    let mut desk = among((80, 24), &mut store);
    let marks =
        |commands: &[Command]| commands.iter().filter(|c| matches!(c, Command::MarkRead(_))).count();
    desk.write("/unread");
    desk.keys(&["enter"]);
    let asked = desk.commands();
    let [Command::MarkUnread { conversation, ticket }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(*conversation, direct("bob"));
    let bobs: Vec<_> = store.of_chat(&direct("bob")).cloned().collect();
    desk.update(Update::Summaries(vec![summary(&bobs, 1)]));
    desk.update(Update::Agreed { ticket: *ticket });
    assert!(desk.shows("Bob shows as unread") && desk.shows("1 unread"), "{}", desk.screen());
    desk.event(Event::Focus(false));
    desk.event(Event::Focus(true));
    desk.keys(&["up", "esc"]);
    assert_eq!(marks(&desk.commands()), 0, "it is not read because it is open");
    store.open(&mut desk, "carol");
    desk.commands();
    let rest = store.keys(&mut desk, &["alt-a"]);
    assert!(
        desk.shows("Bob ● online") && marks(&rest) == 1,
        "next unread goes there and reads it: {rest:?}"
    );

    // From a list, and where there is nothing to mark.
    store.open(&mut desk, "carol");
    desk.keys(&["f2", "home", "alt-shift-u"]);
    let asked = desk.commands();
    let [Command::MarkUnread { conversation, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(*conversation, direct("bob"), "the chosen one, not the open one");
    desk.keys(&["f5", "alt-shift-u"]);
    let asked = desk.commands();
    let [Command::MarkUnread { ticket, .. }] = &asked[..] else { panic!("{asked:?}") };
    desk.update(Update::Refused {
        ticket: *ticket,
        why: "nobody else has said anything there".to_owned(),
    });
    assert!(desk.shows("Carol Müller was not marked: nobody else"), "{}", desk.screen());
    let mut alone = Desk::alone((80, 24));
    alone.keys(&["alt-shift-u"]);
    assert!(alone.shows("open the chat first that is to show as unread"));
}
