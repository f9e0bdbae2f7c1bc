//! What came to stand above the visible rows, where nobody would look for it.
//!
//! A message has its place by when it was written. One that comes late lands above newer ones that were
//! read already, and may be off the screen: it is told of until it was on the screen, and the chat does
//! not count as read before.

use super::{Chat, ItemId, Message, MessageKey, Window, timeline};

/// What is above the visible rows and was not on the screen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Above {
    /// Messages of others that came late.
    pub late: usize,
    /// Whether the unread line is.
    pub unread_line: bool,
}

impl Chat {
    /// What is above the visible rows and was not on the screen yet.
    pub fn above(&self) -> Above {
        self.above
    }

    /// The first message that has to be told of: below the unread line, or one that came late.
    pub fn first_unread(&self) -> Option<MessageKey> {
        let late = self.late.first().copied().filter(|_| self.above.late > 0);
        late.into_iter().chain(self.unread.map(|line| line.from)).min()
    }

    /// Where a new message of another landed: what is off the screen is counted.
    pub(super) fn note_place(
        &mut self,
        message: &Message,
        at_bottom: bool,
        window: Option<&Window<'_>>,
    ) {
        let at = self.timeline.index_from(message.key());
        let newest = at + 1 >= self.timeline.messages();
        let is_above = || !newest && window.is_some_and(|window| at < self.shown(window).start);
        if message.unseen && (message.late || is_above()) {
            self.note_late([message.key()]);
        }
        // What is still to be loaded opens at its newest message.
        let opens_newest = !self.timeline.is_loaded() && self.aim.is_none();
        if !at_bottom && !opens_newest && self.place().is_none_or(|place| at > place.item) {
            self.below += 1;
        }
    }

    pub(super) fn note_late(&mut self, keys: impl IntoIterator<Item = MessageKey>) {
        self.late.extend(keys);
        while self.late.len() > timeline::MOST {
            self.late.pop_last();
        }
    }

    /// Brings up to date what is above the visible rows. What is on the screen while it is
    /// `watched` need not be told of any more.
    pub fn look(&mut self, window: &Window<'_>, watched: bool) {
        let line = self.unread.filter(|_| !self.line_seen);
        self.above = Above::default();
        if (self.late.is_empty() && line.is_none()) || window.height == 0 {
            return;
        }
        let shown = self.shown(window);
        let mut seen = Vec::new();
        for &key in &self.late {
            match self.timeline.index(ItemId::Message(key)) {
                Some(at) if shown.contains(&at) => seen.push(key),
                Some(at) => self.above.late += usize::from(at < shown.start),
                None => self.above.late += usize::from(self.timeline.index_from(key) <= shown.start),
            }
        }
        if let Some(line) = line {
            let at = self.timeline.index_from(line.from);
            self.above.unread_line = at < shown.start || !self.holds(line.from) && at == 0;
            self.line_seen = watched && shown.contains(&at);
        }
        if watched {
            self.late.retain(|key| !seen.contains(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Desk, answer};
    use super::super::{Move, UnreadLine};
    use super::*;
    use crate::tui::app::testing::message;

    fn late(at: i64, text: &str) -> Message {
        Message { late: true, ..message("bob", at, text) }
    }

    fn opened(desk: &Desk) -> Chat {
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 100, &desk.window(None));
        chat
    }

    #[test]
    fn what_comes_before_the_first_page_is_not_below_it() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        chat.store(&message("bob", 200, "before it is opened"), None, None);
        let page = chat.open(None).unwrap();
        chat.store(&message("bob", 201, "while it is loaded"), None, Some(&window));
        answer(&mut chat, page, 100, &window);
        assert_eq!(chat.below(), 0);
    }

    #[test]
    fn what_lands_above_the_fold_is_told_of_until_it_was_seen() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = opened(&desk);
        for (at, text) in [(20, "y"), (30, "z"), (98, "in view")] {
            chat.store(&message("bob", at, text), None, Some(&window));
        }
        chat.look(&window, true);
        assert_eq!((chat.above().late, chat.below()), (2, 0));
        let first = chat.first_unread().unwrap();
        assert_eq!(first, message("bob", 20, "y").key());
        chat.go(Move::Unread, &window);
        chat.look(&window, false);
        assert_eq!(chat.above().late, 0, "neither is above");
        chat.go(Move::Newest, &window);
        chat.look(&window, true);
        assert_eq!(chat.above().late, 2, "nobody saw it");
        chat.go(Move::Unread, &window);
        chat.look(&window, true);
        chat.go(Move::Newest, &window);
        chat.look(&window, true);
        assert_eq!(chat.above().late, 1, "the second was below the rows then");
    }

    #[test]
    fn what_came_late_while_the_chat_was_closed_is_told_of_when_it_opens() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = opened(&desk);
        chat.close();
        chat.store(&late(20, "y"), None, None);
        chat.store(&message("bob", 30, "a moment apart"), None, None);
        chat.open(None);
        chat.look(&window, true);
        assert_eq!(chat.above().late, 1);
        chat.unload();
        let at = chat.open(None).unwrap();
        let page = (0..50).map(|n| message("bob", n, "x")).chain([late(10, "y")]);
        let mut page: Vec<_> = page.collect();
        page.sort_by_key(Message::key);
        assert!(chat.take_page(at, page, (false, false), &window));
        chat.look(&window, true);
        assert_eq!(chat.above().late, 1, "a page tells of it too");
    }

    #[test]
    fn the_unread_line_is_told_of_once() {
        let desk = Desk::new();
        let mut chat = opened(&desk);
        let from = message("bob", 50, "n50").key();
        chat.unread = Some(UnreadLine { from, count: 50 });
        let window = desk.window(chat.unread());
        chat.look(&window, true);
        assert!(chat.above().unread_line);
        chat.go(Move::Unread, &window);
        chat.look(&window, true);
        chat.go(Move::Newest, &window);
        chat.look(&window, true);
        assert!(!chat.above().unread_line);
    }
}
