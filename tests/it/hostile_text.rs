//! Texts that are known to break screens: the frame around them stays whole at every size, and nothing that a terminal
//! obeys is among what is painted.

use cooee::domain::*;
use cooee::tui::app::width;

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
    let zalgo: String = "zalgo".chars().flat_map(|c| [c].into_iter().chain(['\u{315}'; 400])).collect();
    let marks = format!("a{}", "\u{301}".repeat(8_000));
    let corpus = [
        (
            "escape sequences",
            "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m red \u{1b}P q \u{1b}\\ end".to_owned(),
        ),
        (
            "bidi",
            "a \u{202e}evil\u{202c} \u{2066}x\u{2069} \u{200f}שלום עולם مرحبا بالعالم 123".to_owned(),
        ),
        ("zalgo", zalgo),
        ("thousands of marks", marks),
        ("16 KiB without a space", "x".repeat(16 * 1024)),
        ("wide without a space", "水".repeat(5_000)),
        ("zero width", format!("a{}b", "\u{200b}\u{200d}\u{2060}\u{fe0f}".repeat(500))),
        ("tabs and lines", "\t\t\ta\n\n\n\r\nb\u{b}\u{c}\u{85}\u{2028}c".repeat(300)),
        ("flags and joiners", "🇦🇺🇦🇺🇦👩‍👩‍👧‍👦👩🏽‍🚀❤️‍🔥🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☝🏿1️⃣#️⃣".repeat(40)),
        ("markup", "*_~`".repeat(4_000)),
        ("markup that nests", "*a _b ~c `d` c~ b_ a* ".repeat(700)),
        ("other scripts", "ปั๊มน้ำเสีย पंप वापस आ गया ꦥꦺꦴꦩ꧀ꦥ ⴰⵎⵓⵔ 한국어 ﷽ 𒐫".repeat(20)),
        (
            "specials",
            "\u{fffd}\u{fff9}\u{fffa}\u{e0001}\u{e0020}\u{feff}\u{ad}\u{34f}\u{115f}\u{3164}x"
                .repeat(50),
        ),
    ];
    for (what, text) in corpus {
        for size in SIZES {
            shown(&text, size, what);
        }
    }
}

#[test]
fn every_emoji_stands_in_its_cells() {
    let all: Vec<&str> = emojis::iter()
        .flat_map(|emoji| {
            let toned = emoji.skin_tones().into_iter().flatten().map(emojis::Emoji::as_str);
            std::iter::once(emoji.as_str()).chain(toned)
        })
        .collect();
    assert!(all.len() > 3_000, "{}", all.len());
    for part in all.chunks(120) {
        let screen = shown(&part.join(" "), (200, 50), part[0]);
        let missing: Vec<_> = part.iter().filter(|emoji| !screen.contains(**emoji)).collect();
        assert_eq!(missing, [&""; 0], "beside {}", part[0]);
    }
}
