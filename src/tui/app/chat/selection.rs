//! Choosing a message. The chosen one is always on the screen: a step takes the view along, and a view
//! that is scrolled takes the choice along.

use super::{Chat, Message, Move, PageAt, Row, Window, scroll};
use crate::tui::app::glyphs::Glyphs;
use crate::tui::app::rows::{Piece, Tone};

/// Which message to choose next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The one above.
    Up,
    /// The one below.
    Down,
    /// The first one visible, a page further up.
    PageUp,
    /// The last one visible, a page further down.
    PageDown,
    /// The first of all.
    First,
    /// The last of all.
    Last,
}

/// Marks the rows of the chosen message: a sign at the left of the first.
pub(super) fn mark(rows: &mut [Row], glyphs: Glyphs) {
    for (at, row) in rows.iter_mut().enumerate() {
        let text = if at == 0 { glyphs.pointer() } else { "" };
        row.insert(0, Piece { x: 0, text: text.to_owned(), tone: Tone::Chosen });
    }
}

impl Chat {
    /// The chosen message, while one is being chosen.
    pub fn selected(&self) -> Option<&Message> {
        self.timeline.message(self.selected_index()?)
    }

    pub(super) fn selected_index(&self) -> Option<usize> {
        let last = self.timeline.messages().checked_sub(1)?;
        // One that is gone leaves its place to the next.
        self.selected.map(|key| self.timeline.index_from(key).min(last))
    }

    /// Chooses the lowest message on the screen; says whether there is one.
    pub fn select(&mut self, window: &Window<'_>) -> bool {
        let lowest = self.shown(window).end.min(self.timeline.messages()).checked_sub(1);
        if let Some(at) = lowest {
            self.select_at(at, window);
        }
        lowest.is_some()
    }

    /// Chooses none any more.
    pub fn deselect(&mut self) {
        self.selected = None;
    }

    /// Chooses another; what page that needs, if any.
    pub fn pick(&mut self, pick: Pick, window: &Window<'_>) -> Option<PageAt> {
        let at = self.selected_index()?;
        let page = window.height.saturating_sub(1).max(1);
        let asked = match pick {
            Pick::Up | Pick::Down => None,
            Pick::PageUp => self.go(Move::Up(page), window),
            Pick::PageDown => self.go(Move::Down(page), window),
            Pick::First => self.go(Move::Oldest, window),
            Pick::Last => self.go(Move::Newest, window),
        };
        let shown = self.shown(window);
        let to = match pick {
            Pick::Up => at.saturating_sub(1),
            Pick::Down => at + 1,
            Pick::PageUp => shown.start,
            Pick::PageDown | Pick::Last => shown.end.saturating_sub(1),
            Pick::First if self.timeline.at_oldest() => 0,
            // It is chosen when its page has come.
            Pick::First => at,
        };
        self.select_at(to, window);
        asked.or_else(|| self.ask_near(window))
    }

    /// Chooses the message at an index, the last one if there are fewer, and shows it.
    fn select_at(&mut self, at: usize, window: &Window<'_>) {
        self.reselect(at);
        self.selected = self.selected.or_else(|| self.timeline.message(at).map(Message::key));
        if let Some(at) = self.selected_index() {
            self.show(at, window);
        }
    }

    /// The view has jumped to this index: the choice goes along, if there is one.
    pub(super) fn reselect(&mut self, at: usize) {
        if self.selected.is_some() {
            let last = self.timeline.messages().checked_sub(1);
            let message = last.and_then(|last| self.timeline.message(at.min(last)));
            self.selected = message.map(Message::key);
        }
    }

    /// The view was scrolled: the choice stays on the screen.
    pub fn follow(&mut self, window: &Window<'_>) {
        let Some(at) = self.selected_index() else { return };
        let shown = self.shown(window);
        if !shown.is_empty() && !shown.contains(&at) {
            self.reselect(at.clamp(shown.start, shown.end - 1));
        }
    }

    /// Something has come, or the screen has another size: the chosen message stays on the screen.
    pub fn hold(&mut self, window: &Window<'_>) {
        if let Some(at) = self.selected_index()
            && window.height > 0
            && !self.shown(window).contains(&at)
        {
            self.show(at, window);
        }
    }

    /// Moves the view no further than needed to show all of an item, or its beginning if it is taller.
    pub(super) fn show(&mut self, item: usize, window: &Window<'_>) {
        let Some(place) = self.place() else { return };
        let slices = scroll::visible(place, window.height, &mut self.heights(window));
        let tall = self.rows(item, window).len();
        let shown = slices.iter().find(|slice| slice.item == item).map_or(0, |slice| slice.rows);
        let is_above = slices.first().is_some_and(|first| item <= first.item);
        match () {
            () if shown == tall => {}
            () if is_above || tall > window.height => self.show_at_top(item, window),
            () => self.anchor_at(scroll::Place { item, hidden: 0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Desk, answer, seen};
    use super::*;
    use crate::tui::app::testing::message;

    fn chosen(chat: &Chat) -> String {
        let crate::domain::Body::Text(text) = &chat.selected().unwrap().body else { panic!("no text") };
        text.as_str().to_owned()
    }

    #[test]
    fn steps_take_the_view_along_through_everything() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        assert!(!chat.select(&window), "there is none");
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 1_000, &window);
        assert!(chat.select(&window));
        assert_eq!(chosen(&chat), "n999");
        chat.pick(Pick::Down, &window);
        assert_eq!(chosen(&chat), "n999", "it ends there");
        for n in (0..999).rev() {
            if let Some(at) = chat.pick(Pick::Up, &window) {
                answer(&mut chat, at, 1_000, &window);
            }
            assert_eq!(chosen(&chat), format!("n{n}"));
            assert_eq!(chat.visible(&window).iter().filter(|row| row[0].text == "▸").count(), 1);
        }
        assert_eq!(chat.pick(Pick::Last, &window), None);
        assert_eq!((chosen(&chat), chat.shows_newest()), ("n999".into(), true));
        chat.pick(Pick::PageUp, &window);
        assert_eq!((chosen(&chat), seen(&chat, &window).0), ("n981".into(), "n981".into()));
        chat.pick(Pick::PageDown, &window);
        assert_eq!(chosen(&chat), "n999");
    }

    #[test]
    fn the_ends_are_reached_by_the_page_that_holds_them() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 10_000, &window);
        chat.select(&window);
        let at = chat.pick(Pick::First, &window).unwrap();
        assert_eq!(chosen(&chat), "n9999", "until it has come");
        answer(&mut chat, at, 10_000, &window);
        assert_eq!(chosen(&chat), "n0");
        let at = chat.pick(Pick::Last, &window).unwrap();
        answer(&mut chat, at, 10_000, &window);
        assert_eq!((chosen(&chat), chat.shows_newest()), ("n9999".into(), true));
    }

    #[test]
    fn the_choice_stays_on_the_screen_whatever_comes() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 50, &window);
        chat.select(&window);
        for n in 50..80 {
            chat.store(&message("bob", n, "more"), None, Some(&window));
            chat.hold(&window);
        }
        assert_eq!((chosen(&chat), seen(&chat, &window).0), ("n49".into(), "n49".into()));
        chat.go(Move::Up(20), &window);
        chat.follow(&window);
        assert_eq!(chosen(&chat), seen(&chat, &window).1, "scrolling takes it along");
    }
}
