//! Bytes of the terminal into events.
//!
//! termina knows the escape sequences of keys, `answers` what the terminal says when we ask it; what is ours is patience.
//! A sequence that stays incomplete is let go after [`ESCAPE_PATIENCE`], the answer to what we asked the terminal after
//! [`ANSWER_PATIENCE`] or with the first byte that is none of it, and a bracketed paste whose end does not come ends after
//! [`PASTE_PATIENCE`], so that no sequence can swallow what is typed later. What follows a paste that was
//! ended like this is looked at with suspicion: a line break that comes together with other characters
//! was not typed, so they still belong to the paste, which is thus never sent by the line breaks in it
//! when the link stalls.

mod answers;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use termina::escape::csi::{Csi, Mode, ThemeMode};
use termina::event::{self as raw, KeyEventKind, Modifiers, MouseButton, MouseEventKind};

use super::app::{Event, MouseKind, Pasted, Shade};
use crate::domain::limits;
use answers::Answer;

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

const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Bytes of the terminal into events.
#[derive(Debug, Default)]
pub struct Decoder {
    keys: termina::Parser,
    /// Bytes that may be the beginning of a paste's start or end.
    held: Vec<u8>,
    paste: Option<Paste>,
    /// The beginning of what may be an answer. Nobody else has seen it yet.
    answer: Vec<u8>,
    /// Whether that came before what was read last.
    waited: bool,
    /// Bytes that the parser may still hold: a sequence, or a character, that is not complete.
    unanswered: Vec<u8>,
    /// Whether Alt was held with the sequence that it holds, which says nothing of it.
    alt: bool,
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
        let is_idle = self.paste.is_none() && !self.is_incomplete();
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
        let mut held = std::mem::take(&mut self.held);
        if held == b"\x1b" && bytes.starts_with(b"\x1b") {
            // That was the key, and this is another one.
            self.pass(&std::mem::take(&mut held), &mut events);
        }
        let mut bytes = [held.as_slice(), bytes].concat();
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
        match &self.paste {
            Some(paste) if paste.rest => Some(REST_PATIENCE),
            Some(_) => Some(PASTE_PATIENCE),
            None if answers::is_sure(&self.answer) => Some(ANSWER_PATIENCE),
            None => self.is_incomplete().then_some(ESCAPE_PATIENCE),
        }
    }

    fn is_incomplete(&self) -> bool {
        [&self.held, &self.answer, &self.unanswered].into_iter().any(|bytes| !bytes.is_empty())
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
            return events;
        }
        let begun = std::mem::take(&mut self.answer);
        self.waited = false;
        if !answers::is_sure(&begun) {
            self.parse_all(&begun, &mut events);
        }
        self.end_sequence(&mut events);
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
                let mut keys = Vec::new();
                bytes.iter().for_each(|byte| self.sort(*byte, &mut keys, events));
                self.waited = !self.answer.is_empty();
                self.parse_all(&keys, events);
            }
        }
    }

    /// Puts a byte to the answer that it belongs to, or to the keys. An answer that has stopped ends with the first byte
    /// that is none of it: that was typed.
    fn sort(&mut self, byte: u8, keys: &mut Vec<u8>, events: &mut Vec<Event>) {
        if self.answer.is_empty() && byte != 0x1b {
            return keys.push(byte);
        }
        self.answer.push(byte);
        match answers::read(&self.answer) {
            Answer::Begun => {}
            Answer::Whole(event) => {
                self.parse_all(&std::mem::take(keys), events);
                events.extend(event);
                self.answer.clear();
                self.waited = false;
            }
            Answer::None => {
                self.answer.pop();
                let begun = std::mem::take(&mut self.answer);
                match std::mem::take(&mut self.waited) {
                    true if answers::ends_before(&begun, byte) => {
                        self.answer.extend(begun.last().filter(|last| **last == 0x1b));
                    }
                    true => self.parse_all(&begun, events),
                    false => keys.extend(begun),
                }
                self.sort(byte, keys, events);
            }
        }
    }

    /// Two Esc in a row are no sequence that the parser knows, and what follows would be taken for text: some terminals
    /// put one before a sequence for Alt, otherwise somebody was quick, or the link slow.
    fn parse_all(&mut self, keys: &[u8], events: &mut Vec<Event>) {
        let mut from = 0;
        for at in 0..keys.len() {
            let before = at.checked_sub(1).map(|before| keys[before]);
            let follows =
                before.map_or(self.unanswered == b"\x1b", |before| before == 0x1b && from < at);
            if keys[at] != 0x1b || !follows {
                continue;
            }
            let is_alt = at > from && matches!(keys.get(at + 1), Some(b'[' | b'O'));
            let end = if is_alt { at - 1 } else { at };
            self.parse_in_pieces(&keys[from..end], events);
            self.end_sequence(events);
            self.alt = is_alt;
            from = at;
        }
        self.parse_in_pieces(&keys[from..], events);
    }

    fn parse_in_pieces(&mut self, keys: &[u8], events: &mut Vec<Event>) {
        // What the parser cannot make sense of it looks at again with every piece.
        keys.chunks(SEQUENCE_LIMIT).for_each(|piece| self.parse(piece, events));
    }

    /// Nothing more belongs to what the parser holds.
    fn end_sequence(&mut self, events: &mut Vec<Event>) {
        if !self.unanswered.is_empty() {
            self.keys.parse(&[], false);
            self.pop(events);
            self.keys = termina::Parser::default();
            self.unanswered.clear();
            self.alt = false;
        }
    }

    fn parse(&mut self, piece: &[u8], events: &mut Vec<Event>) {
        // Of what may not be complete it shows with every byte whether it is.
        let (whole, last) = piece.split_at(begun(piece));
        [whole].into_iter().chain(last.chunks(1)).for_each(|bytes| {
            self.keys.parse(bytes, true);
            self.unanswered.extend_from_slice(bytes);
            if self.pop(events) {
                self.unanswered.clear();
            }
        });
        if self.unanswered.len() > SEQUENCE_LIMIT {
            self.forget_sequence();
        }
    }

    /// Takes what the parser has understood; says whether there was anything.
    fn pop(&mut self, events: &mut Vec<Event>) -> bool {
        let mut any = false;
        while let Some(event) = self.keys.pop() {
            any = true;
            let alt = std::mem::take(&mut self.alt);
            events.extend(translate(event).map(|event| match event {
                Event::Key(key) if alt => {
                    Event::Key(KeyEvent::new(key.code, key.modifiers | KeyModifiers::ALT))
                }
                event => event,
            }));
        }
        any
    }

    fn forget_sequence(&mut self) {
        self.keys = termina::Parser::default();
        self.alt = false;
        self.unanswered.clear();
        self.answer.clear();
        self.waited = false;
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

/// Where the last begins in these bytes that may not be complete.
fn begun(piece: &[u8]) -> usize {
    piece.iter().rposition(|&b| b == 0x1b || b >= 0xc0).unwrap_or(piece.len())
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
        _ => None,
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
