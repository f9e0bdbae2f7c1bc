//! Polls on the screen: asked, voted on, closed, told in words.

use cooee::domain::*;
use cooee::engine::{Command, Update};
use cooee::tui::app::{Event, Glyphs};
use insta::assert_snapshot;

use crate::support::desk::*;

fn poll(conversation: &ConversationId, by: &str, at: i64, line: &str, many: bool) -> Message {
    let poll = Poll::read(line, many).unwrap();
    Message { poll: Some(poll.clone()), ..message(conversation, by, at, poll.text().as_str()) }
}

fn vote(message: &mut Message, by: &str, numbers: &[u8]) {
    message.marks.votes.insert(user(by), ballot(numbers));
}

fn ballot(numbers: &[u8]) -> Ballot {
    Ballot::new(numbers.iter().copied()).unwrap()
}

/// What was asked to be done with which message since.
fn altered(desk: &mut Desk) -> Vec<(MessageId, Alteration)> {
    let altered = |command| match command {
        Command::Alter { message, change, .. } => Some((message, change)),
        _ => None,
    };
    desk.commands().into_iter().filter_map(altered).collect()
}

const TEAM: ConversationId = ConversationId::Group(GroupId::from_bits(1));
const LUNCH: &str = "Where do we eat? | Pizza | 水泵 next door, the one with the long queue | Nowhere";

/// A group with a poll of bob's and one of ours.
fn group_chat(size: (u16, u16)) -> (Desk, Message, Message) {
    let mut desk = Desk::among_people(size);
    let mut theirs = poll(&TEAM, "bob", NOW, LUNCH, false);
    vote(&mut theirs, "alice", &[2]);
    vote(&mut theirs, "bob", &[2]);
    vote(&mut theirs, "carol", &[1]);
    let mut ours = poll(&TEAM, "alice", NOW + MINUTE, "Which days? | Monday | Tuesday", true);
    vote(&mut ours, "carol", &[1, 2]);
    desk.open("team", &[theirs.clone(), ours.clone()]);
    desk.commands();
    (desk, theirs, ours)
}

#[test]
fn a_poll_shows_its_answers_and_how_they_stand() {
    for size in [(80, 24), (40, 12)] {
        let (mut desk, _, ours) = group_chat(size);
        assert_snapshot!(format!("polls_at_{}", size.0), desk.screen());
        desk.keys(&["f6", "k", "a"]);
        assert_snapshot!(format!("the_box_at_{}", size.0), desk.screen());
        desk.keys(&["esc", "i"]);
        assert_snapshot!(format!("who_voted_at_{}", size.0), desk.screen());
        desk.keys(&["esc"]);
        let mut closed = ours;
        closed.marks.closed = true;
        desk.keys(&["shift-g"]);
        desk.update(Update::Altered(vec![closed]));
        assert!(desk.shows("the poll is closed · 1 voted"), "{}", desk.screen());
    }
}

#[test]
fn a_terminal_that_knows_ascii_alone() {
    let setup = cooee::tui::app::Setup { glyphs: Glyphs::Ascii, ..plain() };
    let mut desk = Desk::signed_in(setup, (80, 12));
    desk.people();
    let mut lunch = poll(&TEAM, "bob", NOW, "Lunch? | Pizza | Soup", false);
    vote(&mut lunch, "alice", &[1]);
    desk.open("team", &[lunch]);
    for words in
        ["[x] 1 ######## 1  Pizza", "[ ] 2 ........ 0  Soup", "a poll, one answer each | 1 voted"]
    {
        assert!(desk.shows(words), "{}", desk.screen());
    }
}

#[test]
fn twelve_answers_fit_into_the_smallest_screen() {
    let mut desk = Desk::among_people((40, 12));
    let line = (1..=12).fold("Which?".to_owned(), |line, n| format!("{line} | answer {n}"));
    let many = poll(&TEAM, "bob", NOW, &line, true);
    desk.open("team", std::slice::from_ref(&many));
    desk.keys(&["f6", "a"]);
    for _ in 0..11 {
        desk.keys(&["down"]);
    }
    desk.write(" ");
    assert!(desk.shows("[x] 12  answer 12"), "{}", desk.screen());
    assert!(desk.shows("Which?") && desk.shows("Enter votes"), "{}", desk.screen());
    desk.write("1");
    desk.event(Event::Resize { width: 20, height: 6 });
    desk.keys(&["enter"]);
    assert_eq!(altered(&mut desk), [(many.id, Alteration::Vote(ballot(&[1, 12])))]);
}

#[test]
fn one_votes_with_a_key_or_two() {
    let (mut desk, theirs, ours) = group_chat((80, 24));
    desk.keys(&["up", "k", "a", "1"]);
    assert_eq!(altered(&mut desk), [(theirs.id, Alteration::Vote(ballot(&[1])))]);
    desk.keys(&["a", "down", "enter"]);
    assert_eq!(altered(&mut desk), [(theirs.id, Alteration::Vote(ballot(&[3])))]);
    desk.keys(&["a", "enter"]);
    assert_eq!(altered(&mut desk), [], "the vote that stands");
    desk.keys(&["a", "0"]);
    assert_eq!(altered(&mut desk), [(theirs.id, Alteration::Vote(Ballot::NONE))]);
    // Several: each is marked, and Enter votes.
    desk.keys(&["j", "a", "1", "2", "1", "enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, Alteration::Vote(ballot(&[2])))]);
    desk.keys(&["a", "1", "esc"]);
    assert_eq!(altered(&mut desk), []);
    // The box shows what others do meanwhile, and goes when there is nothing to vote on any more.
    desk.keys(&["a"]);
    let mut other = ours.clone();
    vote(&mut other, "bob", &[1]);
    desk.update(Update::Altered(vec![other.clone()]));
    assert!(desk.shows("2 votes"), "{}", desk.screen());
    other.marks.closed = true;
    desk.update(Update::Altered(vec![other]));
    assert!(!desk.shows("Enter votes") && desk.shows("the poll is over"), "{}", desk.screen());
    desk.keys(&["a"]);
    assert!(desk.shows("that poll is closed"));
}

#[test]
fn only_who_asked_closes_it_and_is_asked_before() {
    let (mut desk, _, ours) = group_chat((80, 24));
    desk.keys(&["up", "k", "shift-a"]);
    assert!(desk.shows("only who asked may close a poll"));
    desk.keys(&["j", "shift-a", "n"]);
    assert_eq!(altered(&mut desk), []);
    desk.keys(&["shift-a", "enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, Alteration::Close)]);
    desk.keys(&["e"]);
    assert!(desk.shows("stays as it was asked"), "{}", desk.screen());
    desk.keys(&["enter"]);
    desk.write("/poll close");
    desk.keys(&["enter", "enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, Alteration::Close)], "our last one");
}

#[test]
fn commands_ask_and_vote() {
    let mut desk = Desk::among_people((80, 24));
    desk.open("bob", &[]);
    desk.commands();
    desk.write("/poll --many Lunch? | Pizza | Soup");
    desk.keys(&["enter"]);
    let asked = desk.commands().into_iter().find_map(|command| match command {
        Command::Poll { to, poll, .. } => Some((to, poll)),
        _ => None,
    });
    let (to, lunch) = asked.expect("it is asked");
    assert_eq!((to, lunch), (direct("bob"), Poll::read("Lunch? | Pizza | Soup", true).unwrap()));
    assert!(desk.shows("1. Pizza"), "it stands there at once");
    for (wrong, why) in [
        ("/poll Lunch?", "a poll has 2 to 12 answers, and this one 0"),
        ("/poll Lunch? | a | a", "`a` is there twice"),
        ("/poll close", "no poll of yours is open here"),
        ("/vote 1", "no poll here is open"),
    ] {
        desk.write(wrong);
        desk.keys(&["enter"]);
        assert!(desk.shows(why), "{wrong}: {}", desk.screen());
        assert!(desk.shows(&format!("› {wrong}")), "what is wrong stays there");
        desk.keys(&["ctrl-u", "esc"]);
    }
    // What is refused comes back as it was written.
    desk.write("/poll --many Lunch? | Pizza | Soup");
    desk.keys(&["enter"]);
    let ticket = desk.commands().into_iter().find_map(|command| match command {
        Command::Poll { ticket, .. } => Some(ticket),
        _ => None,
    });
    desk.update(Update::Refused { ticket: ticket.unwrap(), why: "there is no room".to_owned() });
    assert!(desk.shows("not sent: there is no room"), "{}", desk.screen());
    assert!(desk.shows("› /poll --many Lunch? | Pizza | Soup"), "{}", desk.screen());
    let (mut desk, theirs, ours) = group_chat((80, 24));
    desk.write("/vote 2");
    desk.keys(&["enter"]);
    assert_eq!(altered(&mut desk), [(ours.id, Alteration::Vote(ballot(&[2])))], "the last one");
    for (wrong, why) in [("/vote 3", "there is no answer 3"), ("/vote x", "numbered from 1 to 12")] {
        desk.write(wrong);
        desk.keys(&["enter"]);
        assert!(desk.shows(why), "{}", desk.screen());
        desk.keys(&["ctrl-u", "esc"]);
    }
    desk.write("/vote");
    desk.keys(&["enter"]);
    assert!(desk.shows("Which days?") && desk.shows("Space or a digit"), "{}", desk.screen());
    // What is gone cannot be voted on.
    desk.update(Update::Gone(vec![(TEAM, ours.id), (TEAM, theirs.id)]));
    assert!(!desk.shows("Space or a digit"));
}
