//! Finding words in all chats: the messages that have them, in a list.

use super::Query;
use super::list::FoundList;
use crate::domain::{FindAt, Message, MessageId, Words};
use crate::engine::Ticket;
use crate::tui::app::Action;
use crate::tui::app::field::Field;

/// How many messages are asked for at once.
pub const FOUND_PAGE: usize = 100;
/// Words that are looked for in all chats, and the messages that have them, the last first.
#[derive(Clone, Debug)]
pub struct FindAll {
    query: Query,
    list: FoundList,
    /// From where on there are more.
    more: Option<i64>,
}

impl FindAll {
    /// Begins with these words.
    pub fn new(text: &str) -> Self {
        Self { query: Query::new(text), list: FoundList::default(), more: None }
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
    pub fn list(&self) -> &FoundList {
        &self.list
    }

    /// Changes what is written; says whether that did.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        self.query.edit(edit)
    }

    /// A message is gone.
    pub fn forget(&mut self, id: MessageId) {
        self.list.forget(id);
    }

    /// Moves the selection, a page being so many entries; says whether the action was one of those.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        self.list.act(action, page)
    }

    /// What to ask for now: words, and from where on.
    pub fn wanted(&mut self) -> Option<(String, FindAt)> {
        let query = &mut self.query;
        if query.asked.is_some() {
            return None;
        }
        if query.is_answered() {
            let near = self.list.selected() + FOUND_PAGE / 2 >= self.list.lines().len();
            let more = self.more.filter(|_| near)?;
            return Some((query.answered.clone(), FindAt::Before(more)));
        }
        let text = query.field.text().to_owned();
        if query.words.is_empty() {
            query.answered = text;
            self.more = None;
            self.list = FoundList::default();
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
            self.list = FoundList::default();
        }
        self.more = more;
        self.list.extend(messages, &self.query.words);
    }

    /// What there is, where it is not a list of messages.
    pub fn status(&self) -> Option<&'static str> {
        match () {
            () if !self.list.lines().is_empty() => None,
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
        assert_eq!(
            (all.wanted(), all.list().chosen().unwrap().text.as_str()),
            (None, "the pump is back")
        );
        assert!(all.act(Action::PageDown, 60));
        assert_eq!(all.wanted(), Some((words.clone(), FindAt::Before(55))));
        all.note_asked(Ticket(2), words);
        all.take(Ticket(2), &messages[..10], None);
        assert_eq!((all.list().lines().len(), all.list().selected(), all.wanted()), (110, 60, None));
        all.act(Action::PageDown, 500);
        assert_eq!(all.list().selected(), 109);
        all.edit(|field| field.act(Action::DeleteToStart));
        assert_eq!((all.wanted(), all.list().lines().len()), (None, 0));
    }
}
