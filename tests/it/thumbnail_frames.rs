//! Pictures in the rows of a conversation, from what is asked of the engine to the cells.

use cooee::domain::*;
use cooee::engine::{Command, FileState, Stored, Ticket, Update};
use cooee::tui::app::{Depth, Effect, Event, Glyphs, Looks, Setup, Theme};
use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

use crate::file_frames::{became, carrying, disc};
use crate::support::desk::*;

type Wanted = (MessageId, (u16, u16), Ticket);

/// What was asked for since, to be shown among the rows.
fn wanted(desk: &mut Desk) -> Vec<Wanted> {
    let wanted = |command| match command {
        Command::Thumbnail { message, width, height, ticket } => {
            Some((message, (width, height), ticket))
        }
        _ => None,
    };
    desk.commands().into_iter().filter_map(wanted).collect()
}

/// The only one that was asked for.
fn one(desk: &mut Desk) -> Wanted {
    let mut all = wanted(desk);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn answer(desk: &mut Desk, (message, _, ticket): Wanted, picture: Picture) {
    desk.update(Update::Picture { ticket, message, picture });
}

fn shared() -> FileState {
    FileState::Shared { takers: std::iter::once((user("bob"), 2_500_000)).collect() }
}

/// A chat in which bob sent a picture and we answered with one, both here.
fn chat(setup: Setup, size: (u16, u16)) -> (Desk, Message, Message) {
    let mut desk = Desk::signed_in(setup, size);
    desk.people();
    let bob = direct("bob");
    let theirs = carrying(&bob, "bob", NOW, "the pump", "pump.jpg", 1_234_567);
    let ours = carrying(&bob, "alice", NOW + MINUTE, "and the valve", "valve.png", 2_500_000);
    let ours = Message { delivery: Some(Delivery::Read), ..ours };
    became(&mut desk, &theirs, FileState::Here);
    became(&mut desk, &ours, shared());
    desk.open("bob", &[theirs.clone(), ours.clone()]);
    (desk, theirs, ours)
}

/// Where it says this, as column and row.
fn place(desk: &Desk, words: &str) -> (u16, u16) {
    let screen = desk.screen();
    let mut rows = screen.lines().zip(0..);
    let (line, y) = rows.find(|(line, _)| line.contains(words)).unwrap_or_else(|| panic!("{screen}"));
    let before = line.split(words).next().unwrap();
    (u16::try_from(cooee::tui::app::width(before)).unwrap(), y)
}

#[test]
fn pictures_that_are_here_stand_below_their_files_asked_for_one_at_a_time() {
    let (mut desk, theirs, ours) = chat(plain(), (80, 24));
    let first = one(&mut desk);
    assert_eq!((first.0, first.1), (ours.id, (32, 16)), "the newest first");
    desk.event(Event::Focus(true));
    assert_eq!(wanted(&mut desk), [], "one at a time");
    answer(&mut desk, first, disc(24, 16));
    let second = one(&mut desk);
    assert_eq!(second.0, theirs.id);
    answer(&mut desk, second, disc(32, 9));
    assert_snapshot!(desk.screen());
    desk.event(Event::Focus(true));
    assert_eq!(wanted(&mut desk), [], "once");
    // Two pixels in a cell: the last row of an odd number has one.
    let (x, y) = place(&desk, "▀");
    let (first, last) = (desk.cell(x, y), desk.cell(x, y + 4));
    let picture = disc(32, 9);
    let colour = |y| picture.pixel(0, y).map(|[r, g, b]| Color::Rgb(r, g, b)).unwrap();
    assert_eq!((first.fg, first.bg), (colour(0), colour(1)));
    assert_eq!((last.fg, last.bg), (colour(8), Color::Reset));
}

#[test]
fn a_low_and_narrow_screen_has_lower_ones() {
    let (mut desk, ..) = chat(plain(), (40, 12));
    let first = one(&mut desk);
    assert_eq!(first.1, (32, 8));
    answer(&mut desk, first, disc(12, 8));
    let screen = desk.screen();
    assert_snapshot!(screen);
    // In another window they are asked for anew, and stay as they were until they come.
    desk.commands();
    desk.event(Event::Resize { width: 80, height: 24 });
    assert!(desk.shows("▀▀▀▀▀▀▀▀▀▀▀▀"));
    let (.., ticket) = wanted(&mut desk).pop().expect("the other one was being waited for");
    desk.update(Update::Refused { ticket, why: "damaged".to_owned() });
    assert_eq!(one(&mut desk).1, (32, 16));
    desk.event(Event::Resize { width: 20, height: 6 });
    assert!(desk.screen().lines().all(|line| cooee::tui::app::width(line) <= 20));
}

#[test]
fn nothing_is_asked_for_that_is_not_here_or_could_not_be_shown() {
    let few = Theme::default().in_depth(Depth::Sixteen);
    for setup in [
        Setup { glyphs: Glyphs::Ascii, ..plain() },
        Setup { looks: Looks::named("none"), ..plain() },
        Setup { looks: Looks { theme: few, ..Looks::default() }, ..plain() },
        Setup { thumbnails: false, ..plain() },
    ] {
        let (mut desk, ..) = chat(setup, (80, 24));
        assert_eq!(wanted(&mut desk), []);
    }
    let mut desk = Desk::among_people((80, 24));
    let theirs = carrying(&direct("bob"), "bob", NOW, "the pump", "pump.jpg", 1_234_567);
    desk.open("bob", std::slice::from_ref(&theirs));
    for state in [FileState::Offered, FileState::Fetching { have: 5 }, FileState::Checking] {
        became(&mut desk, &theirs, state);
        assert_eq!(wanted(&mut desk), []);
    }
    became(&mut desk, &theirs, FileState::Here);
    let first = one(&mut desk);
    answer(&mut desk, first, disc(8, 8));
    assert!(desk.shows("▀▀▀▀▀▀▀▀"));
    // What is not here any more is not shown, and comes back with the file.
    became(&mut desk, &theirs, FileState::Offered);
    assert!(!desk.shows("▀"));
    became(&mut desk, &theirs, FileState::Here);
    assert!(!desk.shows("▀"));
    assert_eq!(one(&mut desk).0, theirs.id);
}

#[test]
fn what_cannot_be_shown_is_its_line_and_is_not_asked_for_again() {
    let (mut desk, theirs, ours) = chat(plain(), (80, 24));
    let before = desk.screen();
    for id in [ours.id, theirs.id] {
        let (message, _, ticket) = one(&mut desk);
        assert_eq!(message, id);
        desk.update(Update::Refused { ticket, why: "the picture is damaged".to_owned() });
    }
    assert_eq!(desk.screen(), before, "nobody is told of what they did not ask for");
    desk.event(Event::Resize { width: 100, height: 30 });
    desk.event(Event::Resize { width: 80, height: 24 });
    assert_eq!(wanted(&mut desk), []);
    assert_eq!(desk.screen(), before);
}

#[test]
fn a_picture_that_comes_while_somebody_reads_further_up_moves_nothing() {
    let mut desk = Desk::among_people((80, 24));
    let bob = direct("bob");
    let mut messages: Vec<_> =
        (0..60).map(|n| message(&bob, "bob", NOW + n * 1_000, &format!("word {n}"))).collect();
    let pump = carrying(&bob, "bob", NOW + 40_500, "the pump", "pump.jpg", 1_234_567);
    messages.insert(41, pump.clone());
    became(&mut desk, &pump, FileState::Here);
    desk.open("bob", &messages);
    desk.keys(&["pageup"]);
    let (x, y) = place(&desk, "the pump");
    let first = one(&mut desk);
    answer(&mut desk, first, disc(16, 16));
    assert_eq!(place(&desk, "the pump"), (x, y));
    assert_eq!(place(&desk, "▀").1, y + 2);
    assert_snapshot!(desk.screen());
    // At the newest end that stays where it is, below what comes.
    desk.keys(&["alt-end"]);
    let valve = carrying(&bob, "bob", NOW + MINUTE, "the valve", "valve.jpg", 5_000);
    desk.update(Update::Stored(vec![Stored { message: valve.clone(), ticket: None }]));
    desk.stored(&message(&bob, "bob", NOW + MINUTE + 1, "and that is all"), None);
    let end = place(&desk, "and that is all");
    desk.commands();
    became(&mut desk, &valve, FileState::Here);
    let second = one(&mut desk);
    answer(&mut desk, second, disc(16, 16));
    assert_eq!(place(&desk, "and that is all"), end);
    assert_eq!(place(&desk, "the valve").1, end.1 - 10);
}

#[test]
fn the_picture_of_the_chosen_message_has_its_own_colours() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    let first = one(&mut desk);
    answer(&mut desk, first, disc(24, 16));
    let (x, y) = place(&desk, "▀");
    let plain = desk.cell(x, y).style();
    desk.keys(&["f6"]);
    assert_eq!(place(&desk, "▀"), (x, y));
    assert!(desk.cell(x - 1, y).modifier.contains(Modifier::REVERSED), "the row is marked");
    assert_eq!(desk.cell(x, y).style(), plain);
}

#[test]
fn the_box_and_the_rows_are_asked_for_apart() {
    let (mut desk, theirs, ours) = chat(plain(), (80, 24));
    let small = one(&mut desk);
    desk.keys(&["f6", "v"]);
    let large = |command| match command {
        Command::ShowPicture { message, ticket, .. } => Some((message, ticket)),
        _ => None,
    };
    let (message, ticket) = desk.commands().into_iter().find_map(large).expect("it is asked for");
    assert_eq!(message, ours.id);
    answer(&mut desk, small, disc(16, 16));
    assert!(desk.shows("opening it"), "that is not the one that the box waits for");
    assert_eq!(one(&mut desk).0, theirs.id);
    desk.update(Update::Picture { ticket, message, picture: disc(40, 40) });
    assert!(!desk.shows("opening it"));
}

#[test]
fn without_colours_from_now_on_they_go_and_come_back_with_them() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    let first = one(&mut desk);
    answer(&mut desk, first, disc(16, 16));
    assert!(desk.shows("▀"));
    let (.., late) = one(&mut desk);
    desk.event(Event::Themed(Ok(Box::new(Looks::named("none")))));
    assert!(!desk.shows("▀") && desk.shows("[valve.png, picture, 2.5 MB] Bob has it"));
    desk.update(Update::Picture { ticket: late, message: first.0, picture: disc(16, 16) });
    assert!(!desk.shows("▀") && wanted(&mut desk).is_empty());
    desk.event(Event::Themed(Ok(Box::new(Looks::named("dark")))));
    assert_eq!(one(&mut desk).0, first.0);
    assert!(!desk.effects().iter().any(|effect| matches!(effect, Effect::Send(_))));
}
