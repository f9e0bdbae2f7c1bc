//! The help page: drawn from the keymap and the list of commands, so that it cannot be out of date.

use super::keymap::Context;
use super::room::ROOM_HELP;
use super::slash::COMMANDS;
use super::verify::TRUST_HELP;
use super::{Action, App, Glyphs};

/// One line of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// What the next lines are about.
    Heading(&'static str),
    /// Keys, a command or a sign, and what it does.
    Entry(String, String),
    /// Nothing.
    Blank,
}

impl App {
    /// The lines of the help page.
    pub fn help_lines(&self) -> Vec<HelpLine> {
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
