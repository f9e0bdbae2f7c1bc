//! Finding words in all chats: the messages that have them, in a list.

use unicode_segmentation::UnicodeSegmentation;

use super::Query;
use crate::domain::{Body, ConversationId, FindAt, Message, MessageKey, Timestamp, UserName, Words};
use crate::engine::Ticket;
use crate::tui::app::Action;
use crate::tui::app::field::Field;

/// How many messages are asked for at once.
pub const FOUND_PAGE: usize = 100;
/// Most bytes that are kept of a text before and after what was found in it.
const AROUND: (usize, usize) = (160, 480);

/// A message that was found somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    /// In which chat.
    pub conversation: ConversationId,
    /// Which message.
    pub key: MessageKey,
    /// Who wrote it.
    pub sender: UserName,
    /// When.
    pub at: Timestamp,
    /// The part of its text with what was found, as one line.
    pub text: String,
}

impl FoundLine {
    pub(super) fn new(message: &Message, words: &Words) -> Option<Self> {
        let Body::Text(text) = &message.body else { return None };
        let text = text.as_str();
        let place = words.places(text).first().cloned().unwrap_or(0..0);
        let clusters = || text.grapheme_indices(true).map(|(at, _)| at);
        let from = clusters().find(|at| at + AROUND.0 >= place.start).unwrap_or(0);
        let to = clusters().find(|&at| at >= place.start + AROUND.1).unwrap_or(text.len());
        let mut part = text[from..to].replace('\n', " ");
        if from > 0 {
            part.insert(0, '…');
        }
        Some(Self {
            conversation: message.conversation.clone(),
            key: message.key(),
            sender: message.sender.clone(),
            at: message.shown_at(),
            text: part,
        })
    }
}

/// Words that are looked for in all chats, and the messages that have them, the last first.
#[derive(Clone, Debug)]
pub struct FindAll {
    query: Query,
    found: Vec<FoundLine>,
    /// From where on there are more.
    more: Option<i64>,
    selected: usize,
}

impl FindAll {
    /// Begins with these words.
    pub fn new(text: &str) -> Self {
        Self { query: Query::new(text), found: Vec::new(), more: None, selected: 0 }
    }

    /// What is written.
    pub fn field(&self) -> &Field {
        &self.query.field
    }

    /// What is looked for.
    pub fn words(&self) -> &Words {
        &self.query.words
    }

    /// What was found, the last first.
    pub fn found(&self) -> &[FoundLine] {
        &self.found
    }

    /// The place of the selected one.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected one.
    pub fn chosen(&self) -> Option<&FoundLine> {
        self.found.get(self.selected)
    }

    /// Changes what is written; says whether that did.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        self.query.edit(edit)
    }

    /// Moves the selection, a page being so many entries; says whether the action was one of those.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        let to = match action {
            Action::Up => self.selected.saturating_sub(1),
            Action::Down => self.selected + 1,
            Action::PageUp => self.selected.saturating_sub(page),
            Action::PageDown => self.selected + page,
            _ => return false,
        };
        self.selected = to.min(self.found.len().saturating_sub(1));
        true
    }

    /// What to ask for now: words, and from where on.
    pub fn wanted(&mut self) -> Option<(String, FindAt)> {
        let query = &mut self.query;
        if query.asked.is_some() {
            return None;
        }
        if query.is_answered() {
            let near = self.selected + FOUND_PAGE / 2 >= self.found.len();
            let more = self.more.filter(|_| near)?;
            return Some((query.answered.clone(), FindAt::Before(more)));
        }
        let text = query.field.text().to_owned();
        if query.words.is_empty() {
            query.answered = text;
            (self.more, self.selected) = (None, 0);
            self.found.clear();
            return None;
        }
        Some((text, FindAt::Newest))
    }

    /// It was asked for.
    pub fn note_asked(&mut self, ticket: Ticket, words: String) {
        self.query.asked = Some((ticket, words));
    }

    /// It was refused.
    pub fn note_refused(&mut self, ticket: Ticket) {
        if self.query.take(ticket) {
            self.more = None;
        }
    }

    /// Messages have come.
    pub fn take(&mut self, ticket: Ticket, messages: &[Message], more: Option<i64>) {
        let goes_on = self.query.is_answered() && self.more.is_some();
        if !self.query.take(ticket) {
            return;
        }
        if !goes_on {
            self.found.clear();
            self.selected = 0;
        }
        self.more = more;
        let words = &self.query.words;
        self.found.extend(messages.iter().filter_map(|message| FoundLine::new(message, words)));
    }

    /// What there is, where it is not a list of messages.
    pub fn status(&self) -> Option<&'static str> {
        match () {
            () if !self.found.is_empty() => None,
            () if self.query.field.text().is_empty() => Some("words that were said in any chat"),
            () if self.words().is_empty() => Some("no word to look for"),
            () if !self.query.is_answered() => Some("looking…"),
            () => Some("nothing found"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::message;

    #[test]
    fn the_list_of_all_chats_grows_as_one_goes_down() {
        let mut all = FindAll::new("pump");
        let (words, at) = all.wanted().unwrap();
        assert_eq!(at, FindAt::Newest);
        all.note_asked(Ticket(1), words.clone());
        let messages: Vec<_> = (0..100).map(|n| message("bob", n, "the\npump is back")).collect();
        all.take(Ticket(1), &messages, Some(55));
        assert_eq!((all.wanted(), all.chosen().unwrap().text.as_str()), (None, "the pump is back"));
        assert!(all.act(Action::PageDown, 60));
        assert_eq!(all.wanted(), Some((words.clone(), FindAt::Before(55))));
        all.note_asked(Ticket(2), words);
        all.take(Ticket(2), &messages[..10], None);
        assert_eq!((all.found().len(), all.selected(), all.wanted()), (110, 60, None));
        all.act(Action::PageDown, 500);
        assert_eq!(all.selected(), 109);
        all.edit(|field| field.act(Action::DeleteToStart));
        assert_eq!((all.wanted(), all.found().len()), (None, 0));
    }

    #[test]
    fn of_a_long_text_the_part_with_the_words_is_kept() {
        let text = format!("{} PUMP {}", "far away ".repeat(900), "and more ".repeat(900));
        let line = FoundLine::new(&message("bob", 1, &text), &Words::new("pump")).unwrap();
        assert!(line.text.starts_with('…') && line.text.contains("PUMP"), "{}", line.text);
        assert!(line.text.len() < 800, "{}", line.text.len());
    }
}
