//! What is on the screen is what should be, whatever comes.

use std::process::Stdio;

use cooee::crypto::signed::Kind;
use cooee::protocol::{SignedDocument, encode_card, encode_profile};

use super::*;
use crate::support::terminal::{CTRL_L, F1, F4};
use crate::support::vandal::{Stranger, letter};
use cooee::domain::JoinPolicy;

#[test]
fn resized_in_a_flood_it_ends_in_a_right_frame() {
    const LAST: &str = "flood 600.";
    let world = World::built_in();
    sign_up(&world, "alice");
    sign_up(&world, "bob");
    let mut alice = sign_in(Launch::new(world.data_dir()).size(100, 30), "alice");
    alice.until_says(&["bob"]);
    alice.press("/msg bob\r");
    alice.until_says(&["Write to bob"]);
    let script = "seq -f 'flood %g.' 600 | cooee -u bob send alice - --lines";
    let mut flood = shell(&world, script).stdout(Stdio::null()).spawn().unwrap();
    alice.until_says(&["flood 2"]);
    alice.resize(20, 6);
    alice.until("a narrow frame", narrow);
    alice.resize(19, 5);
    alice.until_says(&["too", "20x6"]);
    alice.resize(200, 50);
    alice.until_says(&["Contacts", "Online", "Groups", LAST]);
    assert!(flood.wait().unwrap().success());
    alice.until_says(&["bob ○", LAST]);
    let rows: Vec<String> = alice.look(|screen| screen.rows(0, 200).collect());
    let floods = rows.iter().filter(|row| row.contains("flood ")).count();
    assert!(floods > 40, "the rows are used: {floods}\n{}", rows.join("\n"));
    assert!(rows[1].starts_with("┌ Contacts") && rows[1].ends_with('┐'), "{}", rows[1]);

    check_against_a_frame_anew(&mut alice, "Contacts");
}

/// What was drawn piece by piece is what a frame drawn anew shows; `mark` is in it.
fn check_against_a_frame_anew(terminal: &mut Terminal, mark: &str) {
    let rows = |terminal: &Terminal| {
        terminal.look(|screen| {
            let rows = screen.rows(0, u16::MAX);
            // Whether blank cells were ever written makes no difference to the eye.
            rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>()
        })
    };
    let before = rows(terminal);
    let drawn = terminal.raw().len();
    terminal.press(CTRL_L);
    terminal.until_raw("a frame anew", drawn, |raw| {
        let raw = String::from_utf8_lossy(raw);
        raw.find(mark).is_some_and(|at| raw[at..].contains("\x1b[?2026l"))
    });
    assert_eq!(rows(terminal), before);
}

/// This terminal shows a flag as two letters and a family as its members, as some do.
#[test]
fn clusters_that_the_terminal_takes_apart_leave_nothing_behind() {
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    sign_up(&world, "bob");
    run(&world, "cooee -u bob send alice 'flags 🇦🇺🇩🇪 family 👨‍👩‍👧‍👦 keycap 1️⃣ half ﾊﾟ end'");
    alice.until_says(&["bob"]);
    alice.press("/msg bob\r");
    alice.until_says(&["flags", "end"]);
    alice.press(F1);
    alice.until_says(&["To begin with"]);
    check_against_a_frame_anew(&mut alice, "To begin with");
    alice.press(F1);
    alice.until_says(&["flags", "end"]);
    check_against_a_frame_anew(&mut alice, "Contacts");
}

/// One pane and its composer, no frames.
fn narrow(screen: &vt100::Screen) -> bool {
    let contents = screen.contents();
    screen.size().0.get() == 6 && contents.contains("F1 help") && !contents.contains('│')
}

/// Whether a colour was ever asked for: SGR 30-38, 40-48, 90-97 or 100-107.
fn asks_for_colour(raw: &[u8]) -> bool {
    let raw = String::from_utf8_lossy(raw);
    let coloured = |parameter: &str| {
        let number: u16 = parameter.parse().unwrap_or(0);
        matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107)
    };
    raw.split("\x1b[").skip(1).any(|sequence| {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | ':'));
        end.is_some_and(|end| {
            sequence[end..].starts_with('m') && sequence[..end].split([';', ':']).any(coloured)
        })
    })
}

#[test]
fn no_color_means_none() {
    let world = World::built_in();
    let (mut alice, mut bob) = {
        let alice = at_terminal(&world, "alice");
        sign_up(&world, "bob");
        (alice, sign_in(Launch::new(world.data_dir()).env("NO_COLOR", "1"), "bob"))
    };
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    alice.until_says(&["● bob"]);
    open_chat(&mut alice, "bob");
    alice.press("hello\r");
    bob.until_says(&["hello"]);
    bob.press("good morning\r");
    alice.until_says(&["good morning"]);
    bob.press("/nonsense\r");
    bob.until_says(&["error: "]);
    assert!(asks_for_colour(&alice.raw()), "the one without NO_COLOR has them");
    assert!(!asks_for_colour(&bob.raw()));
}

#[test]
fn nothing_from_the_network_reaches_the_terminal_as_an_escape() {
    const EVIL: &str = r"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u0000";
    let world = World::built_in();
    let mut alice = at_terminal(&world, "alice");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut mallory = runtime.block_on(async {
        let mut mallory = Stranger::sign_up(&world, "mallory").await;
        let profile = encode_profile(&mallory.puppet.me)
            .replace("\"name\":\"mallory\"", &format!("\"name\":\"{EVIL} name\""));
        let profile = profile.replace("\"version\":1", "\"version\":2");
        let profile = mallory.puppet.sign(Kind::Profile, &profile);
        mallory.publish("cooee/1/profile/mallory", profile, true).await;
        mallory
    });
    // Whoever writes calls by the name that is known of them.
    alice.until_says(&["owned"]);
    runtime.block_on(async {
        mallory.until_knows("alice").await;
        mallory.say("alice", &letter(1, &format!(r#""ty":"text","b":{{"text":"{EVIL} text"}}"#))).await;
        let (group, signed) = mallory.puppet.found("NAME", JoinPolicy::Open);
        let text = signed.text.replace("NAME", &format!("{EVIL} group"));
        let signed = mallory.puppet.sign(Kind::Group, &text);
        let signed = SignedDocument::from_bytes(&signed, 8_000).unwrap();
        let card = encode_card(group, vec![signed]).0;
        mallory.publish(&format!("cooee/1/directory/{group}"), card, true).await;
    });
    alice.until("mallory has written", |screen| counts_unread(screen, "owned", 1));
    alice.press("/msg mallory\r");
    alice.until_says(&["evil name", "evil text"]);
    alice.press(F4);
    alice.press(ENTER);
    alice.until_says(&["evil group", "You are not in this group"]);
    let raw = String::from_utf8(alice.raw()).unwrap();
    let raw = without_our_own(&raw);
    for escape in ["\x1b]", "\x07", "\u{9b}", "\u{202e}", "\0"] {
        assert!(!raw.contains(escape), "{escape:?} got through");
    }
}

/// What was written to the terminal, without the titles and calls that are ours to write: of those nothing may be
/// known but plain words and their end.
fn without_our_own(raw: &str) -> String {
    let mut rest = raw;
    let mut others = String::new();
    while let Some((before, from)) = rest.split_once("\x1b]") {
        others.push_str(before);
        let (end, bells) = match from.starts_with("0;") {
            true => ("\x07", 0),
            false => ("\x1b\\", 1),
        };
        let (words, after) = from.split_once(end).expect("it ends");
        assert!(!words.contains(char::is_control), "{words:?}");
        match words.split_once(';').expect("a kind and words") {
            ("0", title) => {
                assert!(title == "alice - cooee" || title == "(1) alice - cooee", "{title:?}")
            }
            ("9", call) => assert!(call.contains("evil name"), "{call:?}"),
            other => panic!("{other:?}"),
        }
        rest = after;
        for _ in 0..bells {
            rest = rest.strip_prefix('\x07').expect("a bell goes with a call");
        }
    }
    others + rest
}
