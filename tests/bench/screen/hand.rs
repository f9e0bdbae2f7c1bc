//! What a hand does on the keyboard, and how long it takes until the screen shows that.

use std::time::{Duration, Instant};

use vt100::Screen;

use super::SIZE;
use super::support::terminal::Terminal;

const PROMPT: &str = "›";
/// Stands in a composer without a text, before the name of the other side.
const EMPTY: &str = "Write to";
const CTRL_U: &str = "\x15";
const ESC: &str = "\x1b";
const ENTER: &str = "\r";
const F6: &str = "\x1b[17~";

/// Types a letter and waits until it is shown. `seen` looks at every frame on the way. `before` is the
/// number of letters that stand there already.
pub fn letter(terminal: &mut Terminal, before: u16, mut seen: impl FnMut(&Screen)) -> Duration {
    let letter = char::from(b'a' + u8::try_from(before % 26).unwrap_or(0)).to_string();
    let mut place = None;
    terminal.until("there is a place to write", |screen| {
        place = composer(screen);
        place.is_some()
    });
    let (row, column) = place.expect("waited for");
    press(terminal, &letter, "the letter is shown", |screen| {
        seen(screen);
        screen.cell(row, column + before).is_some_and(|cell| cell.contents() == letter)
    })
}

/// Forgets what was typed.
pub fn clear(terminal: &mut Terminal) {
    terminal.keys(CTRL_U);
    terminal.shows(EMPTY);
}

/// Goes to another chat with this key; there is no text in either. It is drawn when title and composer are
/// of the other chat.
pub fn switch(terminal: &mut Terminal, key: &str, mut seen: impl FnMut(&Screen)) -> Duration {
    let mut before = String::new();
    terminal.until("a chat is open", |screen| {
        before = written(screen);
        before.starts_with(EMPTY)
    });
    press(terminal, key, "another chat", |screen| {
        seen(screen);
        let now = written(screen);
        let name = now.strip_prefix(EMPTY).map(str::trim);
        name.is_some_and(|name| now != before && title(screen).contains(name))
    })
}

/// Writes a message and sends it; the time is that from Enter until it stands above an empty composer.
pub fn send(terminal: &mut Terminal, words: &str) -> Duration {
    terminal.keys(words);
    terminal.until("it is written", |screen| written(screen) == words);
    press(terminal, ENTER, "it is sent", |screen| {
        written(screen).starts_with(EMPTY) && screen.contents().contains(words)
    })
}

/// Opens the box that tells all about the newest message of the chat, and closes it.
pub fn ask(terminal: &mut Terminal) -> Duration {
    terminal.keys(F6);
    terminal.shows("i info");
    let opened = press(terminal, "i", "all about a message", has_box);
    terminal.keys(ESC);
    terminal.until("the box is closed", |screen| !has_box(screen));
    terminal.keys(ENTER);
    terminal.shows("Enter send");
    opened
}

/// Scrolls with this key; the time is that until anything else is shown.
pub fn turn(terminal: &mut Terminal, key: &str) -> Duration {
    let mut before = String::new();
    terminal.until("something is shown", |screen| {
        before = screen.contents();
        true
    });
    press(terminal, key, "another page", |screen| screen.contents() != before)
}

/// From a key until the screen shows what it does.
fn press(
    terminal: &mut Terminal,
    key: &str,
    what: &str,
    shown: impl FnMut(&Screen) -> bool,
) -> Duration {
    let pressed = Instant::now();
    terminal.keys(key);
    terminal.until(what, shown).0.saturating_duration_since(pressed)
}

/// The row and column where a message is begun.
fn composer(screen: &Screen) -> Option<(u16, u16)> {
    let cells = (0..SIZE.1).rev().flat_map(|row| (0..SIZE.0).map(move |column| (row, column)));
    let mut prompts = cells
        .filter(|&(row, column)| screen.cell(row, column).is_some_and(|cell| cell.contents() == PROMPT));
    prompts.next().map(|(row, column)| (row, column + 2))
}

/// What stands in the composer.
fn written(screen: &Screen) -> String {
    let Some((row, column)) = composer(screen) else { return String::new() };
    let text = screen.contents_between(row, column, row, SIZE.0);
    text.trim_matches(|c: char| c.is_whitespace() || c == '│').to_owned()
}

/// The line above the messages.
fn title(screen: &Screen) -> String {
    screen.contents_between(0, 0, 2, SIZE.0)
}

fn has_box(screen: &Screen) -> bool {
    let all = screen.contents();
    all.contains("Message from") || all.contains("Message to")
}
