use proptest::prelude::*;

use super::*;
use crate::tui::app::Ability;

fn told(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::Key(key) => format!("{:?} {:?}", key.code, key.modifiers.bits()),
        Event::Paste(Pasted { text, cut, unmarked: false }) => format!("paste {text:?} {cut}"),
        Event::Paste(Pasted { text, .. }) => format!("burst {text:?}"),
        Event::Mouse { kind, x, y } => format!("{kind:?} {x} {y}"),
        Event::Focus(focused) => format!("focus {focused}"),
        other => format!("{other:?}"),
    };
    events.iter().map(name).collect()
}

#[test]
fn keys_mouse_and_focus_are_understood() {
    let mut decoder = Decoder::default();
    let events =
        decoder.feed(b"a\r\x7f\x0a\x1b[1;3H\x1b\r\x1b[<0;5;7M\x1b[<64;1;1M\x1b[I\x1b[Z\xc3\xa9");
    let expected = [
        "Char('a') 0",
        "Enter 0",
        "Backspace 0",
        "Char('j') 2",
        "Home 4",
        "Enter 4",
        "Click 4 6",
        "WheelUp 0 0",
        "focus true",
        "BackTab 1",
        "Char('é') 0",
    ];
    assert_eq!(told(&events), expected);
    assert!(decoder.expire().is_empty());
    assert_eq!(decoder.patience(), None);
}

#[test]
fn the_terminal_tells_its_background_and_nothing_else_by_that() {
    let mut decoder = Decoder::default();
    for (answer, shade) in [
        (&b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\"[..], "Dark"),
        (b"\x1b]11;rgb:fdfd/f6f6/e3e3\x07", "Light"),
        (b"\x1b[?997;1n", "Dark"),
        (b"\x1b[?997;2n", "Light"),
    ] {
        let told = told(&decoder.feed(answer));
        assert_eq!(told, [format!("Background({shade})")]);
    }
    // In two reads, and between keys.
    let mut events = decoder.feed(b"a\x1b]11;rgb:ff");
    events.extend(decoder.feed(b"ff/ffff/ffff\x1b\\b"));
    assert_eq!(told(&events), ["Char('a') 0", "Background(Light)", "Char('b') 0"]);
    // The colour of the text, what is no colour, and an answer without end.
    assert!(decoder.feed(b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\").is_empty());
    assert!(decoder.feed(b"\x1b]11;?\x1b\\").is_empty());
    decoder.feed(b"\x1b]11;rgb:ffff/");
    decoder.expire();
    assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 0"]);
}

#[test]
fn an_answer_may_come_late_and_swallows_nothing_that_is_typed() {
    let answer = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\";
    // The third is understood by nobody, and is no text for all that.
    for (answer, means) in [
        (&answer[..], &["Background(Light)"][..]),
        (b"\x1b]11;rgb:ffff/ffff/ffff\x07", &["Background(Light)"]),
        (b"\x1b]11;rgba:ffff/ffff/ffff/0000\x1b\\", &[]),
    ] {
        for before in [&b""[..], b"a", b"\x1b[A\xc3\xa9"] {
            for cut in 3..answer.len() {
                let mut decoder = Decoder::default();
                let keys = decoder.feed(&[before, &answer[..cut]].concat()).len();
                assert!(keys <= 2, "{cut}");
                assert_eq!(decoder.patience(), Some(ANSWER_PATIENCE), "{before:?}, {cut}");
                assert_eq!(told(&decoder.feed(&answer[cut..])), means, "{cut}");
                assert!(decoder.expire().is_empty() && decoder.patience().is_none(), "{cut}");
            }
        }
    }
    // Byte by byte, as the slowest of links gives it.
    let mut decoder = Decoder::default();
    let events: Vec<Event> = answer.iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
    assert_eq!(told(&events), ["Background(Light)"]);
    // What is typed meanwhile is none of it.
    for (typed, keys) in [(&b"hi"[..], &["Char('h') 0", "Char('i') 0"][..]), (b"\x1b[A", &["Up 0"])] {
        let mut decoder = Decoder::default();
        assert!(decoder.feed(b"\x1b]11;rgb:ff").is_empty());
        assert_eq!(told(&decoder.feed(typed)), keys);
        assert_eq!(decoder.patience(), None);
    }
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b]11;rgb:ff\x1b");
    assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 4"]);
    // Nor does what merely looks alike wait so long, or an answer that goes on for ever.
    for other in [&b"\x1b]"[..], b"\x1b]0;t", b"\x1b]12;rgb:ff", b"\x1b]11;rgb:0123456789abcdef0123"] {
        let mut decoder = Decoder::default();
        decoder.feed(other);
        assert_eq!(decoder.patience(), Some(ESCAPE_PATIENCE), "{other:?}");
    }
}

/// Answers of terminals to what pictures need, and what they tell.
const ANSWERS: &[(&[u8], Option<Ability>)] = &[
    (b"\x1b_Gi=31;OK\x1b\\", Some(Ability::Kitty)),
    (b"\x1b_Gi=31,p=1;OK\x1b\\", Some(Ability::Kitty)),
    (b"\x1b_Gi=31;EINVAL:unknown key; sorry\x1b\\", None),
    (b"\x1b_Gi=7;OK\x1b\\", None),
    (b"\x1bP>|iTerm2 3.5.10\x1b\\", Some(Ability::Iterm)),
    (b"\x1bP>|WezTerm 20240203\x1b\\", Some(Ability::Iterm)),
    (b"\x1bP>|kitty(0.35.2)\x1b\\", None),
    (b"\x1b[?62;4;22c", Some(Ability::Sixel)),
    (b"\x1b[?63;1;2;4;6;9;15;16;22;28;29c", Some(Ability::Sixel)),
    (b"\x1b[?62;4;c", Some(Ability::Sixel)),
    (b"\x1b[?62;22c", None),
    (b"\x1b[?c", None),
    (b"\x1b[?4c", None),
    (b"\x1b[?1;0;256S", Some(Ability::Colours(256))),
    (b"\x1b[?1;3;0S", None),
    (b"\x1b[6;18;9t", Some(Ability::Cell(9, 18))),
    (b"\x1b[4;480;800t", Some(Ability::Cells(800, 480))),
    (b"\x1b[6;99999;9t", None),
];

fn ability(ability: &Option<Ability>) -> Vec<String> {
    ability.iter().map(|ability| format!("Ability({ability:?})")).collect()
}

#[test]
fn what_the_terminal_says_of_pictures_is_understood_however_it_is_cut_and_is_never_a_key() {
    for (answer, means) in ANSWERS {
        for cut in 0..=answer.len() {
            let mut decoder = Decoder::default();
            let mut events = decoder.feed(&[b"a", &answer[..cut]].concat());
            if cut > 2 && cut < answer.len() {
                assert_eq!(decoder.patience(), Some(ANSWER_PATIENCE), "{answer:?} {cut}");
            }
            events.extend(decoder.feed(&[&answer[cut..], b"b"].concat()));
            let expected =
                [vec!["Char('a') 0".to_owned()], ability(means), vec!["Char('b') 0".to_owned()]];
            assert_eq!(told(&events), expected.concat(), "{answer:?} {cut}");
            assert_eq!(decoder.patience(), None);
        }
        let mut decoder = Decoder::default();
        let events: Vec<Event> = answer.iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
        assert_eq!(told(&events), ability(means), "byte by byte");
        // The link stalls within it for good: nothing of it is text then, nor is what is typed part of it.
        for cut in 3..answer.len() {
            let mut decoder = Decoder::default();
            decoder.feed(&answer[..cut]);
            assert!(decoder.expire().is_empty(), "{answer:?} {cut}");
            assert_eq!(told(&decoder.feed(b"x\r")), ["Char('x') 0", "Enter 0"], "{answer:?} {cut}");
            let mut decoder = Decoder::default();
            decoder.feed(&answer[..cut]);
            // Esc at its end may be the key, as far as anybody can tell.
            let key = if answer[..cut].ends_with(b"\x1b") { "Enter 4" } else { "Enter 0" };
            assert_eq!(told(&decoder.feed(b"\r")), [key], "{answer:?} {cut}");
        }
    }
    let all: Vec<u8> = ANSWERS.iter().flat_map(|(answer, _)| answer.iter().copied()).collect();
    let expected: Vec<String> = ANSWERS.iter().flat_map(|(_, means)| ability(means)).collect();
    assert_eq!(told(&Decoder::default().feed(&all)), expected);
}

#[test]
fn keys_that_begin_like_an_answer_are_keys_whole_or_in_two_reads() {
    let keys: &[(&[u8], &str)] = &[
        (b"\x1b[6~", "PageDown 0"),
        (b"\x1b[4~", "End 0"),
        (b"\x1b[6;5~", "PageDown 2"),
        (b"\x1b_", "Char('_') 4"),
        (b"\x1bP", ""),
        (b"\x1b[?997;2n", "Background(Light)"),
        (b"\x1b[A", "Up 0"),
    ];
    for (key, name) in keys {
        for cut in 0..key.len() {
            let mut decoder = Decoder::default();
            let mut events = decoder.feed(&key[..cut]);
            events.extend(decoder.feed(&key[cut..]));
            events.extend(decoder.expire());
            assert_eq!(told(&events).concat(), *name, "{key:?} {cut}");
        }
    }
    // What goes on for ever is no answer.
    for endless in [b"\x1b_Gi=31;".to_vec(), b"\x1bP>|".to_vec(), b"\x1b[?".to_vec()] {
        let mut decoder = Decoder::default();
        decoder.feed(&[endless, vec![b'1'; 5_000]].concat());
        decoder.expire();
        assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 0"]);
    }
}

#[test]
fn a_lone_escape_is_the_key_after_a_while() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b").is_empty());
    assert_eq!(decoder.patience(), Some(ESCAPE_PATIENCE));
    assert_eq!(told(&decoder.expire()), ["Esc 0"]);
    assert!(decoder.feed(b"\x1b").is_empty());
    assert_eq!(told(&decoder.feed(b"[A")), ["Up 0"], "a sequence may come in two reads");
    assert!(decoder.feed(b"\x1b[1;").is_empty());
    assert!(decoder.expire().is_empty());
    assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 0"], "half a sequence swallows nothing");
    assert!(decoder.feed(b"\x1b]0;title without end").is_empty());
    assert!(decoder.expire().is_empty());
    assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 0"]);
}

#[test]
fn a_paste_comes_whole_however_it_is_cut() {
    let bytes = b"a\x1b[200~one\rtwo\x1b[Athree\x1b[201~b";
    let expected = ["Char('a') 0", "paste \"one\\rtwo\\u{1b}[Athree\" false", "Char('b') 0"];
    for cut in 1..bytes.len() {
        let mut decoder = Decoder::default();
        let mut events = decoder.feed(&bytes[..cut]);
        events.extend(decoder.feed(&bytes[cut..]));
        assert_eq!(told(&events), expected, "cut at {cut}");
    }
}

#[test]
fn a_paste_without_end_ends_by_itself_and_what_is_typed_then_counts() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b[200~hello\r").is_empty());
    assert_eq!(decoder.patience(), Some(PASTE_PATIENCE));
    assert_eq!(told(&decoder.expire()), ["paste \"hello\\r\" false"]);
    assert_eq!(told(&decoder.feed(b"ok")).len(), 2);
    assert_eq!(told(&decoder.feed(b"\r")), ["Enter 0"]);
    assert_eq!(told(&decoder.feed(b"\x1b[A")), ["Up 0"]);
    assert!(decoder.feed(b"more\r").is_empty());
    assert_eq!(decoder.patience(), Some(REST_PATIENCE));
    assert_eq!(told(&decoder.expire()), ["paste \"more\\r\" false"]);
    for _ in 0..SUSPICION {
        decoder.feed(b"x");
    }
    assert_eq!(told(&decoder.feed(b"fast\r")).len(), 5, "confidence is restored");
}

#[test]
fn the_rest_of_a_stalled_paste_is_never_taken_for_keys() {
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[200~line one\r");
    assert_eq!(decoder.expire().len(), 1);
    let rest = decoder.feed(b"line two\rline three\x1b[201~x");
    assert_eq!(told(&rest), ["paste \"line two\\rline three\" false", "Char('x') 0"]);
    assert_eq!(told(&decoder.feed(b"fast\r")).len(), 5, "the end was seen: keys are keys again");
}

#[test]
fn a_huge_paste_is_cut_and_says_so() {
    let mut decoder = Decoder::default();
    decoder.feed(PASTE_START);
    for _ in 0..1_000 {
        assert!(decoder.feed("水".repeat(100).as_bytes()).is_empty());
    }
    let events = decoder.feed(PASTE_END);
    let [Event::Paste(Pasted { text, cut: true, .. })] = &events[..] else {
        panic!("{:?}", told(&events))
    };
    assert!(text.len() <= PASTE_LIMIT && text.chars().all(|c| c == '水'));
}

#[test]
fn several_lines_at_once_are_a_paste_where_the_terminal_marks_none() {
    let mut decoder = Decoder::default();
    assert_eq!(told(&decoder.feed(b"ok\r")).len(), 3, "a fast hand");
    assert_eq!(told(&decoder.feed(b"\r\r")).len(), 2, "a key that is held down");
    assert_eq!(told(&decoder.feed(b"a\r\x0eb\r")).len(), 5, "keys typed ahead");
    assert!(decoder.feed(b"one\rtwo\r").is_empty());
    assert!(decoder.feed(b"three").is_empty());
    assert_eq!(decoder.patience(), Some(REST_PATIENCE));
    assert_eq!(told(&decoder.expire()), ["burst \"one\\rtwo\\rthree\""]);
    assert!(decoder.feed(b"the last line\r").is_empty(), "its end comes late");
    assert_eq!(told(&decoder.expire()), ["paste \"the last line\\r\" false"]);
    assert_eq!(told(&decoder.feed(b"\r")), ["Enter 0"], "and Enter is Enter");
}

#[test]
fn a_terminal_that_marks_pastes_is_believed() {
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[200~one\x1b[201~");
    assert_eq!(told(&decoder.feed(b"yes\rok\r")).len(), 7);
}

/// Any bytes, with many of those that sequences are made of.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let sequences = b"\x1b\x1b\x1b[[]OP<?>;:012469$ycRuMm~ABZI_G|tSi=\\\x07".to_vec();
    let byte = prop_oneof![any::<u8>(), prop::sample::select(sequences)];
    prop::collection::vec(byte, 0..300)
}

proptest! {
    #[test]
    fn no_line_of_an_unmarked_paste_is_sent(lines in prop::collection::vec("[a-z ]{1,9}", 2..9), cut in 2usize..20) {
        let bytes = lines.join("\r").into_bytes();
        let mut decoder = Decoder::default();
        let first = bytes.len().min(lines[0].len() + cut);
        let mut events = decoder.feed(&bytes[..first]);
        events.extend(decoder.feed(&bytes[first..]));
        events.extend(decoder.expire());
        prop_assert!(!told(&events).iter().any(|event| event.starts_with("Enter")));
    }

    #[test]
    fn no_bytes_can_silence_the_keyboard(noise in noise()) {
        let mut decoder = Decoder::default();
        decoder.feed(&noise);
        while decoder.patience().is_some() {
            decoder.expire();
        }
        let events = told(&decoder.feed(b"x"));
        prop_assert_eq!(events.last().map(String::as_str), Some("Char('x') 0"));
    }
}

#[test]
fn esc_before_a_sequence_is_alt_or_a_key_and_never_text() {
    let decoder = &mut Decoder::default();
    for (bytes, keys) in [
        (&b"\x1b\x1b[A"[..], &["Up 4"][..]),
        (b"a\x1b\x1bOPb", &["Char('a') 0", "F(1) 4", "Char('b') 0"]),
        (b"\x1b\x1b[17~\x1b[B", &["F(6) 4", "Down 0"]),
        (b"\x1b\x1bx", &["Esc 0", "Char('x') 4"]),
        (b"\x1b[A\x1b\x1b[B", &["Up 0", "Down 4"]),
    ] {
        assert_eq!(told(&decoder.feed(bytes)), keys, "{bytes:?}");
        assert!(decoder.patience().is_none(), "{bytes:?}");
    }
    // Esc, and soon another key.
    assert!(decoder.feed(b"\x1b").is_empty());
    assert_eq!(told(&decoder.feed(b"\x1bOP")), ["Esc 0", "F(1) 0"]);
    assert!(decoder.feed(b"\x1b\x1b").is_empty());
    assert_eq!(told(&decoder.expire()), ["Esc 0", "Esc 0"]);
}
