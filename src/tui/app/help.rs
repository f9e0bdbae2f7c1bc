//! The help page: drawn from the keymap and the list of commands, so that it cannot be out of date.

use super::keymap::Context;
use super::room::ROOM_HELP;
use super::slash::COMMANDS;
use super::verify::TRUST_HELP;
use super::wrap::wrap;
use super::{Action, App, Glyphs, width};

/// Widest help page, in cells, with its frame.
pub const HELP_WIDTH: usize = 78;

/// Widest column of keys.
const KEYS: usize = 26;

/// From so many columns on it is that wide.
const WIDE: usize = 60;

/// One row of the help page, as wide as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpRow {
    /// What the next rows are about.
    Heading(String),
    /// Keys, a command or a sign, and what it does, which begins in this column; either may be left out.
    Entry(String, usize, String),
    /// Nothing.
    Blank,
}

/// One line of the help page, however wide.
enum HelpLine {
    /// What the next lines are about.
    Heading(&'static str),
    /// Keys, a command or a sign, and what it does.
    Entry(String, String),
    /// Nothing.
    Blank,
}

impl App {
    /// The rows of the help page on this screen: nothing in them is cut.
    pub fn help_rows(&self) -> Vec<HelpRow> {
        // Without the frame.
        let columns = HELP_WIDTH.min(usize::from(self.size.0)).saturating_sub(2);
        let mut rows = Vec::new();
        for line in self.help_lines() {
            match line {
                HelpLine::Heading(words) => {
                    rows.extend(pieces(words, columns.saturating_sub(2)).map(HelpRow::Heading));
                }
                HelpLine::Entry(left, right) => entry(&left, &right, columns, &mut rows),
                HelpLine::Blank => rows.push(HelpRow::Blank),
            }
        }
        rows
    }

    /// The first row that may stand on top.
    pub fn help_end(&self) -> usize {
        let shown = usize::from(self.size.1).saturating_sub(2);
        self.help_rows().len().saturating_sub(shown)
    }

    /// The lines of the help page.
    fn help_lines(&self) -> Vec<HelpLine> {
        let mut lines = Vec::new();
        for &context in Context::ALL {
            if self.keymap.bindings(context).is_empty() {
                continue;
            }
            lines.push(HelpLine::Heading(context.title()));
            let tabs = |action: Action| action.tab().is_some_and(|tab| tab > 0);
            for binding in self.keymap.bindings(context).iter().filter(|b| !tabs(b.action)) {
                let label = match binding.action {
                    Action::Tab1 => "tab 1, and so on to 9",
                    action => action.label(),
                };
                lines.push(HelpLine::Entry(binding.keys.join(", "), label.to_owned()));
            }
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading("Commands, written in the composer"));
        for command in COMMANDS {
            let written = format!("/{} {}", command.name, command.arguments);
            lines.push(HelpLine::Entry(written.trim_end().to_owned(), command.help.to_owned()));
        }
        lines.push(HelpLine::Entry(
            "//TEXT".to_owned(),
            "send a text that begins with a slash".to_owned(),
        ));
        lines.push(HelpLine::Blank);
        lines.push(HelpLine::Heading("Keys: what the words in a title mean, and what to do"));
        let trust = TRUST_HELP.iter();
        lines.extend(trust.map(|(word, means)| HelpLine::Entry((*word).into(), (*means).into())));
        lines.push(HelpLine::Blank);
        lines.push(HelpLine::Heading("Open rooms: for scripts and devices, and not encrypted"));
        let rooms = ROOM_HELP.iter();
        lines.extend(rooms.map(|(word, means)| HelpLine::Entry((*word).into(), (*means).into())));
        lines.push(HelpLine::Blank);
        lines.push(HelpLine::Heading("Signs"));
        lines.extend(signs(self.setup.glyphs));
        lines
    }
}

/// The rows of an entry: what it does stands beside the keys where these leave room, else below them.
fn entry(left: &str, right: &str, columns: usize, rows: &mut Vec<HelpRow>) {
    let keys = if columns < WIDE { columns / 3 } else { KEYS };
    // A margin of two, and a space between them.
    let fits = width(left) < keys;
    let at = 2 + keys;
    if !fits {
        let lefts = pieces(left, columns.saturating_sub(3));
        rows.extend(lefts.map(|left| HelpRow::Entry(left, at, String::new())));
    }
    for (n, right) in pieces(right, columns.saturating_sub(at + 1)).enumerate() {
        let left = if fits && n == 0 { left } else { "" };
        rows.push(HelpRow::Entry(left.to_owned(), at, right));
    }
}

/// A text in pieces of so many cells.
fn pieces(text: &str, cells: usize) -> impl Iterator<Item = String> {
    wrap(text, cells).into_iter().map(|range| text[range].trim_end().to_owned())
}

fn signs(glyphs: Glyphs) -> Vec<HelpLine> {
    use crate::domain::Delivery;
    let entry = |sign: &str, means: &str| HelpLine::Entry(sign.to_owned(), means.to_owned());
    vec![
        entry(glyphs.presence(true), "online"),
        entry(glyphs.presence(false), "offline, with the time of the last message"),
        entry(glyphs.delivery(Delivery::Queued), "kept here until the broker has it"),
        entry(glyphs.delivery(Delivery::Sent), "sent: the broker has it"),
        entry(glyphs.delivery(Delivery::Delivered), "delivered: their Cooee has it"),
        entry(glyphs.delivery(Delivery::Read), "read: it was on their screen"),
        entry(glyphs.delivery(Delivery::Failed), "failed: choose it to see why, and to try again"),
        entry("10:41, came 10:55", "it came late, and newer ones stood here before"),
        entry("(3)", "unread in a chat that is muted"),
        entry("draft", "something is written there and was not sent"),
        entry("#", "a group you are in"),
        entry("!", "a group that you are invited into"),
        entry("?", "a group that you may join"),
        entry("+", "an open room you are in"),
        entry("-", "a group that you are out of: what was said stays"),
    ]
}
