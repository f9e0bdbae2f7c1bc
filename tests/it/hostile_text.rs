//! Texts that are known to break screens: the frame around them stays whole at every size, and nothing that a terminal
//! obeys is among what is painted.

use cooee::domain::*;
use cooee::tui::app::width;

use crate::support::breakers;
use crate::support::desk::*;

const SIZES: [(u16, u16); 4] = [(80, 24), (40, 12), (20, 6), (200, 50)];

/// The screen, on which the frame is whole.
fn sound(desk: &Desk, (columns, rows): (u16, u16), what: &str) -> String {
    let screen = desk.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines.len() <= usize::from(rows), "{what}");
    let framed = columns >= 60;
    for (at, line) in lines.iter().enumerate() {
        let cells = width(line);
        assert!(cells <= usize::from(columns), "{what}: {cells} cells in {line:?}");
        assert!(!line.contains(char::is_control), "{what}: {line:?}");
        // All rows between the header and the footer end with the frame, in the last column.
        if framed && at > 0 && at + 1 < usize::from(rows) {
            assert!(line.ends_with(['┐', '┤', '┘', '│']), "{what}: {line:?}");
            assert_eq!(cells, usize::from(columns), "{what}: {line:?}");
        }
    }
    screen
}

fn shown(text: &str, size: (u16, u16), what: &str) -> String {
    let mut desk = Desk::among_people(size);
    let bob = direct("bob");
    let said = MessageText::new(text).expect("it can be sent");
    let theirs = message(&bob, "bob", NOW, said.as_str());
    let ours =
        Message { delivery: Some(Delivery::Read), ..message(&bob, "alice", NOW + 1, said.as_str()) };
    let quote = Quote::of(user("bob"), theirs.sent_at, &theirs.body);
    let ours = Message { reply: Some(Reply { to: theirs.id, quote: Some(quote) }), ..ours };
    desk.open("bob", &[theirs, ours]);
    sound(&desk, size, what);
    desk.keys(&["up", "k", "k"]);
    sound(&desk, size, what);
    desk.keys(&["i"]);
    sound(&desk, size, what);
    desk.keys(&["esc", "g"]);
    sound(&desk, size, what)
}

#[test]
fn texts_that_break_screens_break_none() {
    for (what, text) in breakers::texts() {
        for size in SIZES {
            shown(&text, size, what);
        }
    }
}

/// All sequences of Unicode's `emoji-test.txt` 18.0, one to a line, those that are not fully qualified too.
const EMOJI: &str = include_str!("../data/emoji-18.0.txt");

#[test]
fn every_emoji_sequence_stands_in_its_cells() {
    let all: Vec<&str> = EMOJI.lines().collect();
    assert_eq!(all.len(), 5275);
    for part in all.chunks(120) {
        let screen = shown(&part.join(" "), (200, 50), part[0]);
        let missing: Vec<_> = part.iter().filter(|emoji| !screen.contains(**emoji)).collect();
        assert_eq!(missing, [&""; 0], "beside {}", part[0]);
    }
}
