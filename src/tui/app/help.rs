//! The help page: drawn from the keymap and the list of commands, so that it cannot be out of date.

use super::field::Field;
use super::keymap::Context;
use super::room::ROOM_HELP;
use super::slash::COMMANDS;
use super::verify::TRUST_HELP;
use super::wrap::wrap;
use super::{Action, App, Glyphs, width};
use crate::domain::Words;

/// Widest help page, in cells, with its frame.
pub const HELP_WIDTH: usize = 78;

/// Widest column of keys.
const KEYS: usize = 26;

/// From so many columns on it is that wide.
const WIDE: usize = 60;

/// The help page, while it is shown.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// The first row that is shown.
    pub top: usize,
    /// What is looked for in it, while something is.
    pub search: Option<Field>,
}

impl Help {
    /// Where its keys are looked up.
    pub fn context(&self) -> Context {
        if self.search.is_some() { Context::Choice } else { Context::Page }
    }

    /// Writes a character into what is looked for.
    pub fn type_char(&mut self, c: char) {
        if let Some(search) = &mut self.search {
            search.type_char(c);
            self.top = 0;
        }
    }

    /// Writes a text into it.
    pub fn paste(&mut self, text: &str) {
        if let Some(search) = &mut self.search {
            search.paste(text);
            self.top = 0;
        }
    }

    /// Whether an entry is looked for: each word of the search stands in it, or one that begins with it. What is no
    /// word, such as a slash, has to stand there as it was written.
    fn finds(&self, entry: &Entry) -> bool {
        let Some(wanted) = self.search.as_ref().map(Field::text).filter(|wanted| !wanted.is_empty())
        else {
            return true;
        };
        let text = format!("{} {}", entry.keys, entry.words);
        wanted.split_whitespace().all(|word| match Words::new(word) {
            none if none.is_empty() => text.contains(word),
            words => words.are_in(&text),
        })
    }
}

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

/// Keys, a command or a sign, and what it does, however wide.
struct Entry {
    keys: String,
    words: String,
}

impl Entry {
    fn new(keys: impl Into<String>, words: impl Into<String>) -> Self {
        Self { keys: keys.into(), words: words.into() }
    }
}

/// What the help page is made of.
enum Section {
    /// What somebody needs who has just come, of several places.
    Beginning,
    Keys(Context),
    Commands,
    Trust,
    Rooms,
    Signs,
}

/// In this order: what is needed most is read first.
const SECTIONS: &[Section] = &[
    Section::Beginning,
    Section::Commands,
    Section::Keys(Context::Global),
    Section::Keys(Context::Composer),
    Section::Keys(Context::Normal),
    Section::Keys(Context::Messages),
    Section::Keys(Context::List),
    Section::Signs,
    Section::Trust,
    Section::Rooms,
    Section::Keys(Context::Text),
    Section::Keys(Context::Completion),
    Section::Keys(Context::Choice),
    Section::Keys(Context::Find),
    Section::Keys(Context::FindAll),
    Section::Keys(Context::Marked),
    Section::Keys(Context::Info),
    Section::Keys(Context::Links),
    Section::Keys(Context::Verify),
    Section::Keys(Context::Card),
    Section::Keys(Context::Invitation),
    Section::Keys(Context::Question),
    Section::Keys(Context::Form),
    Section::Keys(Context::Accounts),
    Section::Keys(Context::Page),
];

/// What is told first, and in more words than a footer has room for. It is not told again further down.
const BEGINNING: &[(Context, Action, &str)] = &[
    (Context::Composer, Action::Send, "send what is written"),
    (Context::Composer, Action::NewLine, "a new line in it"),
    (Context::Global, Action::NextPane, "next pane: lists, messages, where you write"),
    (Context::Global, Action::Jump, "jump to a chat or a person by a few letters of the name"),
    (Context::Global, Action::NextChat, "next chat"),
    (Context::Global, Action::PreviousChat, "previous chat"),
    (Context::Global, Action::NextUnread, "next chat with something unread"),
    (Context::Global, Action::PageUp, "a page up: what was said before"),
    (Context::Global, Action::PageDown, "a page down"),
    (
        Context::Global,
        Action::ChooseMessage,
        "choose a message, to answer it and more; {up} on an empty line does too",
    ),
    (Context::Global, Action::Find, "find words in this chat"),
    (Context::Global, Action::NewGroup, "make a new group"),
    (Context::Global, Action::Back, "back, out of wherever you are"),
    (Context::Global, Action::Help, "this help"),
    (Context::Global, Action::Quit, "quit"),
];

impl App {
    /// Does on the help page what an action says.
    pub(super) fn act_on_help(&mut self, action: Action) {
        let page = isize::try_from(self.size.1 / 2).unwrap_or(1);
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            _ => 0,
        };
        let end = self.help_end();
        let Some(help) = &mut self.help else { return };
        match (&mut help.search, action) {
            (_, Action::Help | Action::Interrupt) | (None, Action::Back) => self.help = None,
            (None, Action::Search | Action::Find) => {
                *help = Help { search: Some(Field::default()), ..Help::default() };
            }
            (Some(_), Action::Back) => *help = Help::default(),
            (Some(search), Action::DeleteBefore) if search.text().is_empty() => *help = Help::default(),
            (search, action) => {
                let is_edited = search.as_mut().is_some_and(|search| search.act(action));
                // The window may have grown since.
                let top = help.top.min(end).saturating_add_signed(by).min(end);
                help.top = if is_edited { 0 } else { top };
            }
        }
    }

    /// The rows of the help page on this screen: nothing in them is cut.
    pub fn help_rows(&self) -> Vec<HelpRow> {
        // Without the frame.
        let columns = HELP_WIDTH.min(usize::from(self.size.0)).saturating_sub(2);
        let mut rows = Vec::new();
        let heading = |words: &str, rows: &mut Vec<HelpRow>| {
            rows.extend(pieces(words, columns.saturating_sub(2)).map(HelpRow::Heading));
        };
        for section in SECTIONS {
            let mut entries = self.help_entries(section);
            entries.retain(|entry| self.help.as_ref().is_none_or(|help| help.finds(entry)));
            if entries.is_empty() {
                continue;
            }
            if !rows.is_empty() {
                rows.push(HelpRow::Blank);
            }
            heading(section.title(), &mut rows);
            entries.iter().for_each(|entry| lay(entry, columns, &mut rows));
        }
        if rows.is_empty() {
            let all = self.keymap.key(Context::Choice, Action::Back).unwrap_or_default();
            heading(&format!("nothing matches; {all} shows everything again"), &mut rows);
        }
        rows
    }

    /// The first row that may stand on top.
    pub fn help_end(&self) -> usize {
        let shown = usize::from(self.size.1).saturating_sub(2);
        self.help_rows().len().saturating_sub(shown)
    }

    fn help_entries(&self, section: &Section) -> Vec<Entry> {
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(sign, means)| Entry::new(*sign, *means)).collect()
        };
        match section {
            Section::Beginning => {
                let entries = BEGINNING.iter().filter_map(|&(context, action, words)| {
                    let binding = self.keymap.bindings(context).iter().find(|b| b.action == action)?;
                    Some(Entry::new(binding.keys.join(", "), self.keymap.filled(words)))
                });
                entries.chain([Entry::new("/", "begins a command; those come next")]).collect()
            }
            Section::Keys(context) => {
                let told = |action: Action| {
                    BEGINNING.iter().any(|&(at, told, _)| (at, told) == (*context, action))
                };
                let tabs = |action: Action| action.tab().is_some_and(|tab| tab > 0);
                let bindings = self.keymap.bindings(*context).iter();
                let bindings = bindings.filter(|b| !tabs(b.action) && !told(b.action));
                let label = |action: Action| match action {
                    Action::Tab1 => "tab 1, and so on to 9",
                    action => action.label(),
                };
                bindings.map(|b| Entry::new(b.keys.join(", "), label(b.action))).collect()
            }
            Section::Commands => {
                let commands = COMMANDS.iter().map(|command| {
                    let written = format!("/{} {}", command.name, command.arguments);
                    Entry::new(written.trim_end(), command.help)
                });
                commands.chain([Entry::new("//TEXT", "send a text that begins with a slash")]).collect()
            }
            Section::Trust => pairs(TRUST_HELP),
            Section::Rooms => pairs(ROOM_HELP),
            Section::Signs => signs(self.setup.glyphs),
        }
    }
}

impl Section {
    fn title(&self) -> &'static str {
        match self {
            Self::Beginning => "To begin with",
            Self::Keys(context) => context.title(),
            Self::Commands => "Commands, written in the composer",
            Self::Trust => "Keys: what the words in a title mean, and what to do",
            Self::Rooms => "Open rooms: for scripts and devices, and not encrypted",
            Self::Signs => "Signs",
        }
    }
}

/// The rows of an entry: what it does stands beside the keys where these leave room, else below them.
fn lay(entry: &Entry, columns: usize, rows: &mut Vec<HelpRow>) {
    let (left, right) = (entry.keys.as_str(), entry.words.as_str());
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

fn signs(glyphs: Glyphs) -> Vec<Entry> {
    use crate::domain::Delivery;
    let entry = |sign: &str, means: &str| Entry::new(sign, means);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_with_keys_has_its_section() {
        for &context in Context::ALL {
            let is_it = |section: &&Section| matches!(section, Section::Keys(of) if *of == context);
            assert_eq!(SECTIONS.iter().filter(is_it).count(), 1, "{context:?}");
        }
    }

    #[test]
    fn an_entry_is_found_by_its_keys_and_its_words() {
        let entry = Entry::new("/poll QUESTION", "ask everybody, and count the Ctrl+G of a café");
        for (wanted, found) in [
            ("", true),
            ("PO", true),
            ("/po", true),
            ("/", true),
            ("count ask", true),
            ("ctrl-g", true),
            ("Café", true),
            ("cafe", true),
            ("oll", false),
            ("count dogs", false),
            ("?", false),
        ] {
            let help = Help { search: Some(Field::from(wanted)), ..Help::default() };
            assert_eq!(help.finds(&entry), found, "{wanted}");
        }
    }
}
