//! Going to one message of the chat, wherever it is, and back to where one was.

use super::{Anchor, Chat, ItemId, MessageKey, PageAt, Window, scroll};

/// Where on the screen a message is to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// At the top.
    #[default]
    Top,
    /// With what is around it; nothing moves if all of it is on the screen already.
    Amid,
    /// At the bottom, so many of its rows below the edge.
    Bottom(usize),
}

/// Where one was in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bookmark(Option<(MessageKey, usize)>);

impl Chat {
    /// Where one is.
    pub fn bookmark(&self) -> Bookmark {
        match self.anchor {
            Anchor::At(ItemId::Message(key), hidden) => Bookmark(Some((key, hidden))),
            Anchor::Newest | Anchor::At(ItemId::Echo(_), _) => Bookmark(None),
        }
    }

    /// The lowest message on the screen; `None` where that is the newest there is.
    pub fn lowest(&self, window: &Window<'_>) -> Option<MessageKey> {
        if self.shows_newest() {
            return None;
        }
        let lowest = self.shown(window).end.checked_sub(1)?;
        self.timeline.message(lowest).map(super::Message::key)
    }

    /// Whether the page is still to come that this message is in the middle of.
    pub fn waits_for(&self, key: MessageKey) -> bool {
        self.aim.is_some_and(|(at, _)| at == key)
    }

    /// Whether this message is held.
    pub fn has(&self, key: MessageKey) -> bool {
        self.timeline.index(ItemId::Message(key)).is_some()
    }

    /// Lets go of the messages, unless this one is among them.
    pub fn leave_unless(&mut self, key: MessageKey) {
        if !self.has(key) {
            self.unload();
        }
    }

    /// Goes back there; what page that needs, if any.
    pub fn go_back(&mut self, to: Bookmark, window: &Window<'_>) -> Option<PageAt> {
        match to.0 {
            None => self.go_newest(),
            Some((key, hidden)) => self.go_to(key, Aim::Bottom(hidden), window),
        }
    }

    /// Goes to the first message that is not before this one; what page that needs, if any.
    pub fn go_to(&mut self, key: MessageKey, aim: Aim, window: &Window<'_>) -> Option<PageAt> {
        if self.holds(key) {
            self.aim = None;
            self.come_to(key, aim, window);
            return self.ask_near(window);
        }
        self.aim = Some((key, aim));
        self.timeline.ask(PageAt::Around(key))
    }

    /// The page has come that this message is in the middle of.
    pub(super) fn arrive(&mut self, key: MessageKey, window: &Window<'_>) {
        let aim = self.aim.take_if(|(at, _)| *at == key).map_or(Aim::Top, |(_, aim)| aim);
        self.come_to(key, aim, window);
    }

    fn come_to(&mut self, key: MessageKey, aim: Aim, window: &Window<'_>) {
        let Some(last) = self.timeline.len().checked_sub(1) else { return };
        let item = self.timeline.index_from(key).min(last);
        match aim {
            Aim::Top => self.show_at_top(item, window),
            Aim::Amid => self.show_amid(item, window),
            Aim::Bottom(hidden) => {
                let hidden = hidden.min(self.rows(item, window).len().saturating_sub(1));
                self.anchor_at(scroll::Place { item, hidden });
            }
        }
    }

    fn show_amid(&mut self, item: usize, window: &Window<'_>) {
        let Some(place) = self.place() else { return };
        let count = self.timeline.len();
        let mut heights = self.heights(window);
        let tall = heights(item);
        let slices = scroll::visible(place, window.height, &mut heights);
        if slices.iter().any(|slice| slice.item == item && slice.rows == tall) {
            return;
        }
        let place = scroll::Place { item, hidden: tall.saturating_sub(window.height) };
        let place = scroll::down(place, window.height.saturating_sub(tall) / 2, count, &mut heights);
        let place = scroll::up(place, 0, window.height, count, &mut heights);
        drop(heights);
        self.anchor_at(place);
    }

    /// Marks a message as the one that was found, or none.
    pub fn mark_hit(&mut self, hit: Option<MessageKey>) {
        self.hit = hit;
    }

    /// Chooses this message, which is on its way or here.
    pub fn choose(&mut self, key: MessageKey) {
        self.selected = Some(key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Move;
    use super::super::tests::{Desk, answer, seen};
    use super::*;
    use crate::tui::app::testing::message;

    fn key(n: i64) -> MessageKey {
        message("bob", n, &format!("n{n}")).key()
    }

    fn texts(chat: &Chat, window: &Window<'_>) -> Vec<String> {
        chat.visible(window).iter().map(|row| row.last().unwrap().text.clone()).collect()
    }

    #[test]
    fn a_message_far_away_comes_with_what_is_around_it_and_one_comes_back() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 100_000, &window);
        chat.go(Move::Up(30), &window);
        let (before, mark) = (seen(&chat, &window), chat.bookmark());
        for n in [50_000, 3, 99_998] {
            let at = chat.go_to(key(n), Aim::Amid, &window).unwrap();
            assert_eq!(at, PageAt::Around(key(n)));
            answer(&mut chat, at, 100_000, &window);
            chat.mark_hit(Some(key(n)));
            let texts = texts(&chat, &window);
            assert!(texts.contains(&format!("n{n}")), "{texts:?}");
            let marked = |row: &super::super::Row| row[0].text == "▸";
            assert_eq!(chat.visible(&window).iter().filter(|row| marked(row)).count(), 1);
            assert!(chat.timeline().len() <= 2_000, "it does not hold all of them");
        }
        assert_eq!(seen(&chat, &window).1, "n99999", "as near to the middle as the end allows");
        let at = chat.go_to(key(50_000), Aim::Amid, &window).unwrap();
        answer(&mut chat, at, 100_000, &window);
        assert_eq!(seen(&chat, &window), ("n49995".into(), "n50004".into()));
        assert_eq!(chat.go_to(key(49_998), Aim::Amid, &window), None);
        assert_eq!(seen(&chat, &window).0, "n49995", "what is on the screen stays where it is");
        let at = chat.go_back(mark, &window).unwrap();
        answer(&mut chat, at, 100_000, &window);
        assert_eq!(seen(&chat, &window), before);
        let newest = chat.go_back(Bookmark::default(), &window);
        newest.into_iter().for_each(|at| answer(&mut chat, at, 100_000, &window));
        assert!(chat.shows_newest());
    }

    #[test]
    fn who_goes_elsewhere_meanwhile_stays_there() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 10_000, &window);
        let late = chat.go_to(key(50), Aim::Amid, &window).unwrap();
        let at = chat.go(Move::Oldest, &window).unwrap();
        answer(&mut chat, at, 10_000, &window);
        assert!(!chat.take_page(late, Vec::new(), (true, true), &window));
        assert_eq!(seen(&chat, &window).1, "n8");
    }
}
