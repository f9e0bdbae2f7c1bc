//! The pictures of the README and the gallery, from the running program: `cargo bench --bench picture`.
//!
//! Four people sign up and talk, each in a terminal of their own, on the built-in broker of a new data
//! directory. What one of them sees becomes `assets/cooee.svg`, and at several sizes and in several themes
//! what is in `assets/gallery`. Only the times differ from one run to the next.

mod gallery;
#[path = "../support/mod.rs"]
mod support;
mod svg;

use std::path::Path;
use std::time::Duration;

use support::home::Home;
use support::terminal::Terminal;
use svg::{DARK, Palette};

/// Where the pictures go.
const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
/// Columns and rows.
const SIZE: (u16, u16) = (100, 24);

/// From one letter to the next, where somebody types by hand.
const LETTER: Duration = Duration::from_millis(200);

const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";
const ALT_ENTER: &str = "\x1b\r";
const CTRL_Q: &str = "\x11";
const CTRL_U: &str = "\x15";

fn main() {
    let home = Home::new();
    let mut people = Vec::new();
    for (user, display_name, mobile) in [
        ("alice", "Alice", "+46 70 174 06 05"),
        ("bob", "Bob", "+46 70 174 06 12"),
        ("carol", "Carol 🌿", "+46 70 174 06 33"),
        ("dave", "Dave", "+46 70 174 06 47"),
    ] {
        people.push(sign_up(&home, people.len(), user, display_name, mobile));
    }
    let Ok(mut people) = <[Terminal; 4]>::try_from(people) else { unreachable!("four people") };
    let assets = Path::new(ASSETS);
    readme(&mut people, &assets.join("cooee.svg"));
    // She left for the harbour.
    people[2] = Terminal::start(&home, SIZE, &["-u", "carol"]);
    people[2].shows("connected");
    gallery::draw(&mut people, &assets.join("gallery"));
}

/// What all of it looks like.
fn readme([alice, bob, carol, dave]: &mut [Terminal; 4], picture: &Path) {
    found_groups(alice, bob, carol, dave);
    talk(alice, bob);
    leave_things_unread(alice, bob, carol, dave);

    bob.keys("/msg alice\r");
    bob.shows("Write to Alice");
    alice.keys("yes, 三 is three 👍");
    alice.shows("yes, 三 is three 👍");
    alice.until("the news of the groups is gone", |screen| !screen.contents().contains("asked into"));
    // Alice is not told of every letter, so Bob writes at the speed of a person until she is.
    let told = |screen: &vt100::Screen| screen.contents().contains("Bob is typing");
    let mut letters = "I can fetch it after lunch, it is still at the harbour".chars();
    while alice.wait(LETTER, told).is_none() {
        bob.keys(&letters.next().expect("typing is told within a few seconds").to_string());
    }
    alice.until("everything is in the picture", |screen| {
        let all = screen.contents();
        ["#team 3", "#family 1", "2 unread", "○ Carol", "Bob is typing"]
            .iter()
            .all(|part| all.contains(part))
    });
    take(alice, picture, &DARK);
    for person in [alice, bob] {
        person.keys(CTRL_U);
    }
}

/// Writes what is on the screen into a file.
fn take(terminal: &Terminal, picture: &Path, palette: &Palette) {
    let mut drawn = String::new();
    terminal.until("it is drawn, and the cursor is where one writes", |screen| {
        drawn = svg::draw(screen, "cooee", palette);
        let row = usize::from(screen.cursor_position().0);
        screen.contents().lines().nth(row).is_some_and(|row| row.contains('›'))
    });
    std::fs::write(picture, &drawn).expect("the picture can be written");
    println!("{}: {} bytes", picture.display(), drawn.len());
}

/// Signs up on the first screen, which lists the `others` who did so before.
fn sign_up(home: &Home, others: usize, user: &str, display_name: &str, mobile: &str) -> Terminal {
    let mut terminal = Terminal::start(home, SIZE, &[]);
    terminal.shows("Sign up");
    if others > 0 {
        terminal.keys(&DOWN.repeat(others));
        terminal.keys(ENTER);
    }
    terminal.shows("User name:");
    terminal.keys(&format!("{user}\t{display_name}\t{mobile}"));
    terminal.shows(mobile);
    terminal.keys(ENTER);
    terminal.shows("Left and Right choose");
    terminal.keys(LEFT);
    terminal.shows("< nothing >");
    terminal.keys(ENTER);
    terminal.shows("connected");
    terminal.shows("Esc ends the tour");
    terminal.keys(ESC);
    terminal.until("the tour is over", |screen| !screen.contents().contains("Tour"));
    terminal
}

/// Types lines into the open chat, sends them, and waits until the broker has them.
fn say(terminal: &mut Terminal, lines: &[&str]) {
    let last = lines.last().expect("something is said");
    terminal.keys(&lines.join(ALT_ENTER));
    terminal.shows(last);
    terminal.keys(ENTER);
    terminal.until("the message is sent", |screen| {
        screen.contents().lines().any(|row| row.contains(last) && row.contains('✓'))
    });
}

/// Types a command that opens a chat, and waits until it is open.
fn open(terminal: &mut Terminal, command: &str, chat: &str) {
    terminal.keys(command);
    terminal.keys(ENTER);
    terminal.shows(&format!("Write to {chat}"));
}

/// A group that anyone may join, and one by invitation.
fn found_groups(alice: &mut Terminal, bob: &mut Terminal, carol: &mut Terminal, dave: &mut Terminal) {
    open(alice, "/create team open", "#team");
    for person in [bob, &mut *carol, dave] {
        person.shows("? team");
        open(person, "/join team", "#team");
    }
    open(alice, "/create family invite", "#family");
    alice.keys("/invite carol\r");
    carol.shows("family");
    open(carol, "/join family", "#family");
    alice.shows("Carol 🌿 joined");
}

fn talk(alice: &mut Terminal, bob: &mut Terminal) {
    open(alice, "/msg bob", "Bob");
    open(bob, "/msg alice", "Alice");
    say(bob, &["good morning! the pump is running again 🎉"]);
    say(alice, &["wonderful. what was it?"]);
    say(bob, &["a pebble in valve 3, under the seal,", "so that the pump lost its pressure"]);
    say(alice, &["naïve question: can it happen again?"]);
    say(bob, &["not with the new strainer 👷"]);
    say(alice, &["then lunch is on me 🍜", "12:30 at the café?"]);
    bob.shows("12:30 at the café?");
}

/// While Alice looks at one chat, others write in theirs.
fn leave_things_unread(
    alice: &mut Terminal,
    bob: &mut Terminal,
    carol: &mut Terminal,
    dave: &mut Terminal,
) {
    open(alice, "/msg carol", "Carol");
    say(bob, &["with pleasure"]);
    say(bob, &["the new crate says 三号阀门: valve 3?"]);
    alice.until("Bob has written twice", |screen| {
        screen.contents().lines().any(|row| row.contains("● Bob") && row.contains('2'))
    });
    open(alice, "/msg bob", "Bob");

    say(carol, &["Granny calls at six"]);
    open(carol, "/join team", "#team");
    say(carol, &["off to the harbour, back at four"]);
    carol.keys(CTRL_Q);
    open(bob, "/join team", "#team");
    say(bob, &["valve 3 is done, pressure is back at 4 bar"]);
    say(dave, &["then I can start the night pumps 🌙"]);
}
