//! What a person is told about how far messages have come, and which of theirs were seen.

use std::time::Duration;

use cooee::domain::*;
use cooee::engine::{Command, Hop, Info, Link, PageAt, Update};
use cooee::tui::app::Event;

use crate::support::desk::*;

const SIZE: (u16, u16) = (80, 24);

fn numbered(count: i64) -> Vec<Message> {
    (0..count).map(|n| message(&direct("bob"), "bob", NOW + n, &format!("n{n}."))).collect()
}

fn reading(messages: &[Message]) -> Desk {
    let mut desk = Desk::among_people(SIZE);
    desk.open("bob", messages);
    desk
}

fn ids(messages: &[Message]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

/// The text of the chosen message.
fn chosen(desk: &Desk) -> String {
    let screen = desk.screen();
    let rows: Vec<_> = screen.lines().filter(|line| line.contains("│▸Bob")).collect();
    let [row] = rows[..] else { panic!("one is chosen\n{screen}") };
    row.split_whitespace().find(|word| word.ends_with('.')).expect("a text").to_owned()
}

#[test]
fn each_state_has_its_sign_and_the_text_stays_where_it_is() {
    let ours = message(&direct("bob"), "alice", NOW, "on my way");
    let mut desk = reading(std::slice::from_ref(&ours));
    let mut columns = Vec::new();
    for (delivery, sign) in [
        (Delivery::Queued, "10:44 ◷ queued"),
        (Delivery::Sent, "10:44 ✓"),
        (Delivery::Failed, "10:44 ! failed"),
        (Delivery::Queued, "10:44 ◷ queued"),
        (Delivery::Delivered, "10:44 ✓✓"),
        (Delivery::Read, "10:44 ✓✓ read"),
    ] {
        desk.update(Update::Delivery { conversation: direct("bob"), id: ours.id, delivery });
        let screen = desk.screen();
        let row = screen.lines().find(|line| line.contains("on my way")).unwrap();
        assert!(row.trim_end_matches(['│', ' ']).ends_with(sign), "{row}");
        columns.push(row.find("on my way"));
    }
    columns.dedup();
    assert_eq!(columns.len(), 1, "{columns:?}");
}

#[test]
fn a_message_is_chosen_from_an_empty_line_and_left_again() {
    let mut desk = reading(&numbered(60));
    desk.keys(&["up"]);
    assert_eq!(chosen(&desk), "n59.");
    desk.keys(&["up", "k"]);
    assert_eq!(chosen(&desk), "n57.");
    desk.keys(&["j", "down", "down"]);
    assert_eq!(chosen(&desk), "n59.");
    desk.keys(&["g"]);
    assert_eq!(chosen(&desk), "n0.");
    desk.keys(&["pagedown"]);
    let paged = chosen(&desk);
    assert!(paged != "n0." && paged != "n59.", "{paged}");
    desk.keys(&["home", "shift-g", "pageup", "end"]);
    assert_eq!(chosen(&desk), "n59.");
    desk.keys(&["enter"]);
    assert!(!desk.shows("│▸Bob") && desk.commands().iter().all(|c| !matches!(c, Command::Send { .. })));
    desk.keys(&["esc", "esc", "esc"]);
    assert_eq!(chosen(&desk), "n59.", "in, out, and in again");
    desk.write("hello");
    assert!(desk.shows("› hello") && !desk.shows("│▸Bob"), "writing leaves it");
    desk.keys(&["up", "esc"]);
    assert!(!desk.shows("│▸Bob"), "a draft is not left by mistake");
    desk.keys(&["f6"]);
    assert_eq!(chosen(&desk), "n59.");
    desk.keys(&["f2", "f5"]);
    assert!(desk.shows("› hello") && !desk.shows("│▸Bob"));
}

#[test]
fn choosing_reads_older_pages() {
    let mut desk = Desk::among_people(SIZE);
    desk.keys(&["ctrl-k"]);
    desk.write("bob");
    desk.keys(&["enter", "up", "f6"]);
    assert!(desk.shows("no message here"));
    let all = numbered(400);
    let page = |at, range: std::ops::Range<usize>| Update::Page {
        conversation: direct("bob"),
        at,
        messages: all[range.clone()].to_vec(),
        more_before: range.start > 0,
        more_after: range.end < 400,
    };
    desk.update(page(PageAt::Newest, 200..400));
    desk.commands();
    desk.keys(&["esc", "up"]);
    desk.keys(&["pageup"; 10]);
    let before = PageAt::Before(all[200].key());
    assert!(matches!(&desk.commands()[..], [Command::Load { at, .. }] if *at == before));
    desk.update(page(before, 0..200));
    desk.keys(&["pageup"; 20]);
    assert_eq!(chosen(&desk), "n0.");
}

fn info_of(message: &Message, recipients: Vec<Recipient>, waits_for: Option<Hop>) -> Update {
    let delivery = Delivery::least(&recipients).unwrap();
    Update::Info(Info { id: message.id, delivery, recipients, waits_for })
}

fn to(name: &str, delivery: Delivery) -> Recipient {
    let reached = |least, at_| (delivery >= least).then(|| at(at_));
    Recipient {
        user: user(name),
        delivery,
        delivered_at: reached(Delivery::Delivered, NOW + 2_000),
        read_at: reached(Delivery::Read, NOW + 9_000),
        why: None,
        left: false,
    }
}

#[test]
fn all_about_a_message_of_ours_is_told_and_kept_up_to_date() {
    let ours = message(&direct("bob"), "alice", NOW, "on my way");
    let mut desk = reading(std::slice::from_ref(&ours));
    desk.keys(&["up", "i"]);
    assert_eq!(desk.commands(), [Command::Info(ours.id)]);
    assert!(desk.shows("Message to Bob") && desk.shows("Sent: the broker has it.") && desk.shows("…"));
    let hop = Hop::Receipt { users: vec![user("bob")], retry_in: Some(Duration::from_secs(8)) };
    desk.update(info_of(&ours, vec![to("bob", Delivery::Sent)], Some(hop)));
    assert!(
        desk.shows("Bob is online, but") && desk.shows("it goes again 10:44:08"),
        "{}",
        desk.screen()
    );
    assert_eq!(desk.commands(), []);
    desk.now += 8_000;
    desk.event(Event::Timer);
    assert_eq!(desk.commands(), [Command::Info(ours.id)], "it has gone again");
    let delivery = Delivery::Read;
    desk.update(Update::Delivery { conversation: direct("bob"), id: ours.id, delivery });
    assert_eq!(desk.commands(), [Command::Info(ours.id)]);
    desk.update(info_of(&ours, vec![to("bob", delivery)], None));
    assert!(desk.shows("read 10:44:09, delivered 10:44:02"), "{}", desk.screen());
    desk.keys(&["esc"]);
    assert!(!desk.shows("Message to Bob") && desk.shows("│▸ "), "one level");
}

#[test]
fn what_failed_says_why_and_is_tried_again() {
    let mut ours = message(&direct("bob"), "alice", NOW, "on my way");
    ours.delivery = Some(Delivery::Failed);
    let mut desk = reading(&[message(&direct("bob"), "bob", NOW - 1, "well?"), ours.clone()]);
    desk.keys(&["up"]);
    assert!(desk.shows("t try again"), "{}", desk.screen());
    desk.keys(&["t"]);
    assert_eq!(desk.commands(), [Command::Retry(vec![ours.id])]);
    desk.update(Update::Outbox { waiting: Vec::new(), total: 1, changed: 1 });
    assert!(desk.shows("sending again: 1 message"));
    desk.keys(&["i"]);
    let mut bob = to("bob", Delivery::Failed);
    bob.why = Some("the broker refused it".to_owned());
    desk.update(info_of(&ours, vec![bob], Some(Hop::Person("the broker refused it".to_owned()))));
    assert!(desk.shows("The reason: the broker refused it. t tries again."), "{}", desk.screen());
    desk.commands();
    desk.keys(&["t"]);
    assert_eq!(desk.commands(), [Command::Retry(vec![ours.id])]);
    desk.keys(&["esc", "esc", "up", "up", "t"]);
    assert_eq!(desk.commands(), [], "only what failed");
    assert!(desk.shows("only a message that failed") && !desk.shows("t try again"));
}

#[test]
fn messages_are_seen_when_they_are_on_the_screen_of_somebody_who_looks() {
    let all = numbered(60);
    let mut desk = Desk::among_people(SIZE);
    desk.event(Event::Focus(false));
    desk.open("bob", &all);
    assert_eq!(desk.seen(), [], "nobody looks");
    desk.keys(&["f1"]);
    desk.event(Event::Focus(true));
    assert_eq!(desk.seen(), [], "the help hides them");
    desk.keys(&["esc", "ctrl-k"]);
    // The rows of a window of 24: frame, day, divider and composer take the rest.
    assert_eq!(desk.seen(), ids(&all[42..]), "{}", desk.screen());
    desk.keys(&["esc"]);
    assert_eq!(desk.seen(), [], "each once");
    desk.keys(&["pageup"]);
    assert_eq!(desk.seen(), ids(&all[25..42]));
    let late = message(&direct("bob"), "bob", NOW, "late");
    desk.stored(&late, None);
    let below = message(&direct("bob"), "bob", NOW + 100, "below");
    desk.stored(&below, None);
    assert_eq!(desk.seen(), [], "neither is on the screen");
    desk.keys(&["alt-home"]);
    assert!(desk.seen().contains(&late.id));
    desk.event(Event::Resize { width: 19, height: 5 });
    desk.keys(&["alt-end"]);
    assert_eq!(desk.seen(), [], "it is too small to show anything");
    desk.event(Event::Resize { width: 80, height: 24 });
    assert!(desk.seen().contains(&below.id));
}

#[test]
fn a_list_that_hides_the_messages_shows_none() {
    let mut desk = Desk::among_people((40, 12));
    desk.open("bob", &[]);
    desk.keys(&["f2"]);
    let new = message(&direct("bob"), "bob", NOW, "here");
    desk.stored(&new, None);
    assert_eq!(desk.seen(), []);
    desk.keys(&["f5"]);
    assert_eq!(desk.seen(), [new.id]);
}

#[test]
fn what_comes_late_above_the_fold_is_told_of_and_not_taken_for_read() {
    let mut desk = reading(&numbered(60));
    desk.commands();
    let mut late = message(&direct("bob"), "bob", NOW, "valve 3!");
    (late.late, late.received_at) = (true, at(NOW + 14 * MINUTE));
    desk.stored(&late, None);
    assert!(desk.shows("1 late message above, Alt+U"), "{}", desk.screen());
    let mut summary = summary(&numbered(60), 1);
    summary.first_unread = Some(late.key());
    desk.update(Update::Summaries(vec![summary]));
    assert_eq!(desk.commands(), [], "it is not read");
    desk.keys(&["alt-u"]);
    assert!(desk.shows("Bob  10:44, came 10:58  valve 3!"), "{}", desk.screen());
    assert!(desk.seen().contains(&late.id) && !desk.shows("late message above"));
    desk.keys(&["alt-end"]);
    assert_eq!(desk.commands(), [Command::MarkRead(direct("bob"))]);
    assert!(!desk.shows("above"), "{}", desk.screen());
    let in_view = Message { late: true, ..message(&direct("bob"), "bob", NOW + 58, "in view") };
    desk.stored(&in_view, None);
    assert!(desk.shows("in view") && !desk.shows("above"));
}

#[test]
fn a_message_is_shown_no_later_than_it_came() {
    let mut ahead = message(&direct("bob"), "bob", NOW + 24 * 60 * MINUTE, "my clock is ahead");
    ahead.received_at = at(NOW);
    let desk = reading(&[message(&direct("bob"), "bob", NOW - 1, "before"), ahead]);
    assert!(desk.shows("10:44  my clock is ahead") && !desk.shows("Monday"), "{}", desk.screen());
}

#[test]
fn the_way_to_connect_now_is_shown_while_there_is_no_connection() {
    for (size, words) in [
        ((80, 24), &["offline, next try 10:44:20", "F8 connect now"][..]),
        ((40, 12), &["offline, next 10:44:20", "F8 connect now"]),
        ((20, 6), &["offline"]),
    ] {
        let mut desk = Desk::among_people(size);
        desk.open("bob", &[]);
        assert!(!desk.shows("F8"));
        let retry_in = Some(Duration::from_secs(20));
        desk.update(Update::Link(Link::Down { reason: "no route to host".to_owned(), retry_in }));
        for words in words {
            assert!(desk.shows(words), "{words}\n{}", desk.screen());
        }
        desk.keys(&["f8", "ctrl-k", "f8"]);
        assert_eq!(desk.commands(), [Command::ConnectNow, Command::ConnectNow], "also in a box");
        desk.keys(&["esc"]);
        desk.update(Update::Link(Link::Up));
        assert!(!desk.shows("F8"));
    }
}

#[test]
fn the_outbox_is_told_in_words() {
    let mut desk = reading(&[]);
    desk.write("/outbox");
    desk.keys(&["enter"]);
    assert_eq!(desk.commands(), [Command::Outbox]);
    desk.update(Update::Outbox { waiting: Vec::new(), total: 0, changed: 0 });
    assert!(desk.shows("the outbox is empty"));
    desk.write("/retry");
    desk.keys(&["enter"]);
    assert_eq!(desk.commands(), [Command::Retry(Vec::new())]);
    desk.update(Update::Outbox { waiting: Vec::new(), total: 3, changed: 0 });
    assert!(desk.shows("3 letters wait in the outbox"));
}
