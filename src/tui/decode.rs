//! Bytes of the terminal into events.
//!
//! termina knows the escape sequences; what is ours is patience. A sequence that stays incomplete is let
//! go after [`ESCAPE_PATIENCE`], the answer to what we asked the terminal after [`ANSWER_PATIENCE`] or with
//! the first byte that is none of it, and a bracketed paste whose end does not come ends after
//! [`PASTE_PATIENCE`], so that no sequence can swallow what is typed later. What follows a paste that was
//! ended like this is looked at with suspicion: a line break that comes together with other characters
//! was not typed, so they still belong to the paste, which is thus never sent by the line breaks in it
//! when the link stalls.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use termina::escape::csi::{Csi, Mode, ThemeMode};
use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use termina::event::{self as raw, KeyEventKind, Modifiers, MouseButton, MouseEventKind};
use termina::style::RgbColor;

use super::app::{Event, MouseKind, Pasted, Shade};
use crate::domain::limits;

/// How long an incomplete escape sequence may be continued; then a lone Esc is the Esc key.
pub const ESCAPE_PATIENCE: Duration = Duration::from_millis(50);
/// How long the terminal may pause amid an answer that we asked for. A link that stalls is no reason to write the rest of
/// it into a message.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
/// How long a paste may pause.
pub const PASTE_PATIENCE: Duration = Duration::from_secs(2);
/// How long the rest of a paste that had no end may pause.
const REST_PATIENCE: Duration = Duration::from_millis(200);
/// Most bytes of a paste that are kept: more than a message holds is of no use.
const PASTE_LIMIT: usize = limits::TEXT;
/// Most bytes of one escape sequence that are waited for.
const SEQUENCE_LIMIT: usize = 1_024;
/// After a paste without end, how many inputs restore confidence.
const SUSPICION: u32 = 8;

/// How the answer begins that tells the colour behind the text.
const ANSWERS: [&[u8]; 3] = [b"\x1b]11;rgb:", b"\x1b]11;rgba:", b"\x1b]11;#"];
/// Most bytes of the colour behind that: `ffff/ffff/ffff/ffff`.
const COLOUR_LIMIT: usize = 19;

const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Bytes of the terminal into events.
#[derive(Debug, Default)]
pub struct Decoder {
    keys: termina::Parser,
    /// Bytes that may be the beginning of a paste's start or end.
    held: Vec<u8>,
    paste: Option<Paste>,
    /// Bytes that the parser may still hold: a sequence, or a character, that is not complete.
    unanswered: Vec<u8>,
    suspicion: u32,
    /// Whether the terminal has shown that it marks pastes.
    marks: bool,
}

#[derive(Debug, Default)]
struct Paste {
    bytes: Vec<u8>,
    cut: bool,
    /// Whether this follows a paste that had no end.
    rest: bool,
    /// Whether it had no beginning either.
    unmarked: bool,
}

impl Paste {
    fn push(&mut self, bytes: &[u8]) {
        let room = PASTE_LIMIT.saturating_sub(self.bytes.len());
        self.cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn into_event(mut self) -> Event {
        // A character that was cut in two at the limit is left out, not shown as a broken one.
        if self.cut
            && let Err(error) = std::str::from_utf8(&self.bytes)
            && error.error_len().is_none()
        {
            self.bytes.truncate(error.valid_up_to());
        }
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        Event::Paste(Pasted { text, cut: self.cut, unmarked: self.unmarked })
    }
}

impl Decoder {
    /// Takes in what the terminal sent at once, and says what happened.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let is_idle = self.paste.is_none() && self.held.is_empty() && self.unanswered.is_empty();
        if !self.marks && is_idle && is_burst(bytes) {
            self.suspicion = 0;
            self.paste = Some(Paste { rest: true, unmarked: true, ..Paste::default() });
        }
        if self.suspicion > 0 && self.paste.is_none() {
            self.suspicion -= 1;
            if !typed_by_hand(bytes) {
                self.paste = Some(Paste { rest: true, ..Paste::default() });
            }
        }
        let mut bytes = [std::mem::take(&mut self.held).as_slice(), bytes].concat();
        loop {
            let mark = if self.paste.is_some() { PASTE_END } else { PASTE_START };
            match find(&bytes, mark) {
                Some(at) => {
                    let rest = bytes.split_off(at + mark.len());
                    self.pass(&bytes[..at], &mut events);
                    self.turn(&mut events);
                    bytes = rest;
                }
                None => {
                    self.held = bytes.split_off(bytes.len() - partial(&bytes, mark));
                    self.pass(&bytes, &mut events);
                    return events;
                }
            }
        }
    }

    /// How long to wait for more before [`Self::expire`]; `None` when nothing is incomplete.
    pub fn patience(&self) -> Option<Duration> {
        let incomplete = !self.held.is_empty() || !self.unanswered.is_empty();
        match &self.paste {
            Some(paste) if paste.rest => Some(REST_PATIENCE),
            Some(_) => Some(PASTE_PATIENCE),
            None if is_answer(&self.unanswered) => Some(ANSWER_PATIENCE),
            None => incomplete.then_some(ESCAPE_PATIENCE),
        }
    }

    /// Nothing more came for as long as [`Self::patience`] says.
    pub fn expire(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let held = std::mem::take(&mut self.held);
        self.pass(&held, &mut events);
        if let Some(paste) = self.paste.take() {
            if !paste.rest || paste.unmarked {
                self.suspicion = SUSPICION;
            }
            events.push(paste.into_event());
        } else if !self.unanswered.is_empty() {
            self.keys.parse(&[], false);
            self.pop(&mut events);
            self.forget_sequence();
        }
        events
    }

    /// A mark was found: a paste begins or ends.
    fn turn(&mut self, events: &mut Vec<Event>) {
        self.suspicion = 0;
        self.marks = true;
        match self.paste.take() {
            Some(paste) => events.push(paste.into_event()),
            None => {
                self.forget_sequence();
                self.paste = Some(Paste::default());
            }
        }
    }

    fn pass(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        match &mut self.paste {
            Some(paste) => paste.push(bytes),
            None => {
                let rest = self.go_on_with_answer(bytes, events);
                // In pieces: what the parser cannot make sense of it looks at again with every piece.
                rest.chunks(SEQUENCE_LIMIT).for_each(|piece| self.parse(piece, events));
            }
        }
    }

    fn parse(&mut self, piece: &[u8], events: &mut Vec<Event>) {
        self.keys.parse(piece, true);
        self.unanswered.extend_from_slice(piece);
        if self.pop(events) {
            self.unanswered = piece[begun(piece)..].to_vec();
        }
        if self.unanswered.len() > SEQUENCE_LIMIT {
            self.forget_sequence();
        }
    }

    /// An answer that is not complete goes on, or it ends here: what does not belong to it was typed. Returns what is to
    /// be looked at next.
    fn go_on_with_answer<'b>(&mut self, mut bytes: &'b [u8], events: &mut Vec<Event>) -> &'b [u8] {
        while is_answer(&self.unanswered)
            && let Some((byte, rest)) = bytes.split_first()
        {
            let after = [self.unanswered.as_slice(), &[*byte]].concat();
            if !is_answer(&after) && !after.ends_with(b"\x1b\\") && *byte != 0x07 {
                let escape = self.unanswered.ends_with(b"\x1b");
                self.forget_sequence();
                if escape {
                    self.parse(b"\x1b", events);
                }
                break;
            }
            self.parse(&[*byte], events);
            bytes = rest;
        }
        bytes
    }

    /// Takes what the parser has understood; says whether there was anything.
    fn pop(&mut self, events: &mut Vec<Event>) -> bool {
        let mut any = false;
        while let Some(event) = self.keys.pop() {
            any = true;
            events.extend(translate(event));
        }
        any
    }

    fn forget_sequence(&mut self) {
        self.keys = termina::Parser::default();
        self.unanswered.clear();
    }
}

/// Whether a person may have typed this at once: one key, or letters without a line break.
fn typed_by_hand(bytes: &[u8]) -> bool {
    let breaks = bytes.contains(&b'\r') || bytes.contains(&b'\n');
    bytes.len() <= 1 || bytes == b"\x1b\r" || !breaks && find(bytes, PASTE_END).is_none()
}

/// Whether several lines came at once, with nothing among them that only a key makes. On a terminal that marks no
/// pastes this is one; if it was typed after all, on a link that stalled, it waits in the composer. A line with its
/// end alone is what a fast hand gives, and counts as typed.
fn is_burst(bytes: &[u8]) -> bool {
    let is_break = |b: &u8| matches!(b, b'\r' | b'\n');
    let Some(last) = bytes.iter().rposition(|b| !is_break(b)) else { return false };
    let is_key = |b: &u8| *b == 0x7f || (*b < b' ' && !is_break(b) && *b != b'\t');
    bytes[..last].iter().any(is_break) && !bytes.iter().any(is_key)
}

/// Whether this is the beginning of an answer that we asked for, `ESC ] 1` at least.
fn is_answer(bytes: &[u8]) -> bool {
    let is_colour = |b: &u8| b.is_ascii_hexdigit() || *b == b'/';
    ANSWERS.iter().any(|answer| {
        let (head, colour) = bytes.split_at(bytes.len().min(answer.len()));
        let colour = colour.strip_suffix(b"\x1b").unwrap_or(colour);
        let is_short = colour.len() <= COLOUR_LIMIT;
        head.len() > 2 && answer.starts_with(head) && is_short && colour.iter().all(is_colour)
    })
}

/// Where something begins in bytes out of which the parser has made something, and is not complete.
fn begun(piece: &[u8]) -> usize {
    let answers = 0..piece.len().saturating_sub(2);
    let answer = answers.into_iter().rev().find(|&at| is_answer(&piece[at..]));
    let other = || piece.iter().rposition(|&b| b == 0x1b || b >= 0xc0);
    answer.or_else(other).unwrap_or(piece.len())
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// How many bytes at the end may be the beginning of the mark.
fn partial(bytes: &[u8], mark: &[u8]) -> usize {
    (1..mark.len()).rev().find(|&n| bytes.ends_with(&mark[..n])).unwrap_or(0)
}

fn translate(event: raw::Event) -> Option<Event> {
    match event {
        raw::Event::Key(key) => key_event(key).map(Event::Key),
        raw::Event::FocusIn => Some(Event::Focus(true)),
        raw::Event::FocusOut => Some(Event::Focus(false)),
        raw::Event::Mouse(mouse) => {
            let kind = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => MouseKind::Click,
                MouseEventKind::ScrollUp => MouseKind::WheelUp,
                MouseEventKind::ScrollDown => MouseKind::WheelDown,
                _ => return None,
            };
            Some(Event::Mouse { kind, x: mouse.column, y: mouse.row })
        }
        raw::Event::Csi(Csi::Mode(Mode::ReportTheme(theme))) => Some(Event::Background(match theme {
            ThemeMode::Dark => Shade::Dark,
            ThemeMode::Light => Shade::Light,
        })),
        raw::Event::Osc(Osc::ChangeDynamicColors(DynamicColorNumber::TextBackgroundColor, colours)) => {
            match colours.first()? {
                ColorOrQuery::Color(colour) => Some(Event::Background(shade(*colour))),
                ColorOrQuery::Query => None,
            }
        }
        _ => None,
    }
}

/// Whether a colour is light, by how bright each of its parts looks.
fn shade(RgbColor { red, green, blue }: RgbColor) -> Shade {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    match red * 2126 + green * 7152 + blue * 722 > 128 * 10_000 {
        true => Shade::Light,
        false => Shade::Dark,
    }
}

fn key_event(key: raw::KeyEvent) -> Option<KeyEvent> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let code = match key.code {
        raw::KeyCode::Char(c) => KeyCode::Char(c),
        raw::KeyCode::Enter => KeyCode::Enter,
        raw::KeyCode::Backspace => KeyCode::Backspace,
        raw::KeyCode::Tab => KeyCode::Tab,
        raw::KeyCode::Escape => KeyCode::Esc,
        raw::KeyCode::Left => KeyCode::Left,
        raw::KeyCode::Right => KeyCode::Right,
        raw::KeyCode::Up => KeyCode::Up,
        raw::KeyCode::Down => KeyCode::Down,
        raw::KeyCode::Home => KeyCode::Home,
        raw::KeyCode::End => KeyCode::End,
        raw::KeyCode::BackTab => KeyCode::BackTab,
        raw::KeyCode::PageUp => KeyCode::PageUp,
        raw::KeyCode::PageDown => KeyCode::PageDown,
        raw::KeyCode::Insert => KeyCode::Insert,
        raw::KeyCode::Delete => KeyCode::Delete,
        raw::KeyCode::Function(n) => KeyCode::F(n),
        _ => return None,
    };
    let pairs = [
        (Modifiers::SHIFT, KeyModifiers::SHIFT),
        (Modifiers::ALT, KeyModifiers::ALT),
        (Modifiers::CONTROL, KeyModifiers::CONTROL),
        (Modifiers::SUPER, KeyModifiers::SUPER),
    ];
    let held = pairs.into_iter().filter(|(theirs, _)| key.modifiers.contains(*theirs));
    let modifiers = held.fold(KeyModifiers::NONE, |all, (_, ours)| all | ours);
    Some(KeyEvent::new(code, modifiers))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        for (typed, keys) in [(&b"hi"[..], &["Char('h') 0", "Char('i') 0"][..]), (b"\x1b[A", &["Up 0"])]
        {
            let mut decoder = Decoder::default();
            assert!(decoder.feed(b"\x1b]11;rgb:ff").is_empty());
            assert_eq!(told(&decoder.feed(typed)), keys);
            assert_eq!(decoder.patience(), None);
        }
        let mut decoder = Decoder::default();
        decoder.feed(b"\x1b]11;rgb:ff\x1b");
        assert_eq!(told(&decoder.feed(b"x")), ["Char('x') 4"]);
        // Nor does what merely looks alike wait so long, or an answer that goes on for ever.
        for other in [&b"\x1b]"[..], b"\x1b]0;t", b"\x1b]12;rgb:ff", b"\x1b]11;rgb:0123456789abcdef0123"]
        {
            let mut decoder = Decoder::default();
            decoder.feed(other);
            assert_eq!(decoder.patience(), Some(ESCAPE_PATIENCE), "{other:?}");
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
        let sequences = b"\x1b\x1b\x1b[[]OP<?>;:0129$ycRuMm~ABZI\\\x07".to_vec();
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
}
