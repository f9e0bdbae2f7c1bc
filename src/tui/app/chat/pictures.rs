//! What pictures in the rows ask of a chat: which messages are on the screen, and that nothing there moves when one of
//! them becomes taller.

use super::{Anchor, Chat, ItemId, Message, Row, Window, scroll};

/// A row of a view that was scrolled, which is to stay where it is.
#[derive(Clone, Debug)]
pub struct Landmark {
    item: ItemId,
    /// Which row of the item it is, and of how many.
    at: usize,
    tall: usize,
    row: Row,
    /// Rows of the window above it.
    above: usize,
}

impl Chat {
    /// Messages of which some may be on the screen and no others are, the lowest first. Nothing is laid out for that.
    pub fn near(&self, window: &Window<'_>) -> impl Iterator<Item = &Message> {
        let end = self.place().map_or(0, |place| place.item + 1);
        // Every item has a row at least.
        let range = end.saturating_sub(window.height + 1)..end;
        range.rev().filter_map(|at| self.timeline.message(at))
    }

    /// The messages that are on the screen, the lowest first.
    pub fn in_view(&self, window: &Window<'_>) -> impl Iterator<Item = &Message> {
        self.shown(window).rev().filter_map(|at| self.timeline.message(at))
    }

    /// What is to stay where it is: the message that is chosen or was found, else what is at the top. At the newest end
    /// the lowest row stays by itself, unless a message is chosen.
    pub fn landmark(&self, window: &Window<'_>) -> Option<Landmark> {
        let is_newest = self.anchor == Anchor::Newest;
        if is_newest && self.selected.is_none() {
            return None;
        }
        let slices = scroll::visible(self.place()?, window.height, &mut self.heights(window));
        let hit = || self.timeline.index(ItemId::Message(self.hit?));
        let marked = self.selected_index().or_else(hit);
        let is_seen = |slice: &&scroll::Slice| slice.rows > 0;
        let is_marked = |slice: &&scroll::Slice| is_seen(slice) && marked == Some(slice.item);
        let top = || slices.iter().find(is_seen).filter(|_| !is_newest);
        let slice = slices.iter().find(is_marked).or_else(top)?;
        let from_here = slices.iter().filter(|other| other.item >= slice.item);
        let above = window.height - from_here.map(|other| other.rows).sum::<usize>();
        let rows = self.rows(slice.item, window);
        let (at, tall) = (slice.skip, rows.len());
        let (item, row) = (self.timeline.item(slice.item)?.id(), rows.into_iter().nth(at)?);
        Some(Landmark { item, at, tall, row, above })
    }

    /// Something has become taller or less tall. If it is what was chosen, all of it is shown.
    pub fn keep(&mut self, landmark: &Landmark, window: &Window<'_>) {
        let Landmark { item, at, tall, ref row, above } = *landmark;
        let Some(item) = self.timeline.index(item) else { return };
        let rows = self.rows(item, window);
        // What changed in the item itself may be above the row or below it.
        let from_end = (rows.len() + at).checked_sub(tall);
        let is_there = |at: &usize| rows.get(*at) == Some(row);
        let is_otherwise = rows.len() != tall;
        let at = Some(at).filter(is_there).or(from_end.filter(is_there)).unwrap_or(at);
        let at = at.min(rows.len().saturating_sub(1));
        let count = self.timeline.len();
        let mut heights = self.heights(window);
        let below = window.height.saturating_sub(above);
        let place = scroll::with_top(item, at, below, count, &mut heights);
        let place = scroll::up(place, 0, window.height, count, &mut heights);
        drop(heights);
        self.anchor_at(place);
        if is_otherwise && self.selected_index() == Some(item) {
            self.show(item, window);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Desk, answer};
    use super::super::{Aim, Move, Pick};
    use super::*;
    use crate::domain::{Attachment, ContentHash, FileKey, FileName, MessageKey, Picture};
    use crate::engine::{FileState, FileView};
    use crate::tui::app::testing::message;
    use crate::tui::app::theme::Theme;
    use crate::tui::app::thumbnail::{Thumbnail, Thumbnails};

    const ROOM: (u16, u16) = (8, 8);

    /// A chat of 50 messages, one of which carries a picture that is here; its message, and no picture shown yet.
    fn with_picture(at: i64) -> (Desk, Chat, Message) {
        let mut desk = Desk::new();
        let mut chat = Chat::default();
        let page = chat.open(None).unwrap();
        answer(&mut chat, page, 50, &desk.window(None));
        let (name, hash) = (FileName::new("a.png"), ContentHash::from_bytes([0; 32]));
        let file = Attachment { name, size: 5, hash, key: FileKey::from([0; 32]) };
        let carrying = Message { file: Some(file), ..message("bob", at, &format!("n{at}")) };
        chat.timeline.replace(carrying.clone());
        let conversation = carrying.conversation.clone();
        desk.0.note_files(vec![FileView { message: carrying.id, conversation, state: FileState::Here }]);
        (desk, chat, carrying)
    }

    /// Four rows of it.
    fn thumbnails(carrying: &Message) -> Thumbnails {
        let mut all = Thumbnails::default();
        all.turn(true);
        let picture = Picture::new(8, vec![[9; 3]; 64]);
        all.keep(carrying.id, ROOM, Thumbnail::new(&picture, ROOM, &Theme::default()));
        all
    }

    fn words(chat: &Chat, window: &Window<'_>) -> Vec<String> {
        let words = |row: Row| row.last().unwrap().text.clone();
        chat.visible(window).into_iter().map(words).collect()
    }

    /// The rows before a picture comes and after, both of a window that is 10 rows high.
    fn before_and_after(
        at: i64,
        go: impl FnOnce(&mut Chat, &Window<'_>),
    ) -> (Vec<String>, Vec<String>, Chat) {
        let (desk, mut chat, carrying) = with_picture(at);
        let window = desk.window(None);
        go(&mut chat, &window);
        let before = words(&chat, &window);
        let landmark = chat.landmark(&window);
        let all = thumbnails(&carrying);
        let mut window = desk.window(None);
        window.setter.thumbnails = all.shown();
        if let Some(landmark) = landmark {
            chat.keep(&landmark, &window);
        }
        let after = words(&chat, &window);
        (before, after, chat)
    }

    const FILE: &str = "[a.png, picture, 5 B] here; /save saves it";
    const CELLS: &str = "▀▀▀▀▀▀▀▀";

    #[test]
    fn at_the_newest_end_the_newest_stays_at_the_bottom() {
        let (before, after, chat) = before_and_after(45, |_, _| {});
        assert_eq!(before[5..], ["n45", FILE, "n46", "n47", "n48", "n49"][1..]);
        assert_eq!(after, ["n45", FILE, CELLS, CELLS, CELLS, CELLS, "n46", "n47", "n48", "n49"]);
        assert!(chat.shows_newest());
    }

    #[test]
    fn what_was_scrolled_to_stays_where_it_is() {
        // In the middle: what is below makes room.
        let (before, after, chat) = before_and_after(33, |chat, window| {
            chat.go(Move::Up(10), window);
        });
        let said = |from: i64, to: i64| (from..=to).map(|n| format!("n{n}")).collect::<Vec<_>>();
        assert_eq!(before, [said(31, 33), vec![FILE.to_owned()], said(34, 39)].concat());
        assert_eq!(after[..4], before[..4]);
        assert_eq!(after[4..], [vec![CELLS.to_owned(); 4], said(34, 35)].concat());
        assert!(!chat.shows_newest());
        // Above and below the window nothing is seen of it.
        for at in [5, 45] {
            let (before, after, _) = before_and_after(at, |chat, window| {
                chat.go(Move::Up(20), window);
            });
            assert_eq!(before, after, "{at}");
        }
        // Its line is the lowest of the window, or the first.
        for (rows, at) in [(11, 9), (2, 0)] {
            let (before, after, _) = before_and_after(38, |chat, window| {
                chat.go(Move::Up(rows), window);
            });
            assert_eq!((&*before[at], &*after[at]), (FILE, FILE));
        }
    }

    #[test]
    fn what_stands_below_a_picture_at_the_top_stays_too() {
        let reaction = crate::domain::Reaction::new("👍").unwrap();
        let (desk, mut chat, mut carrying) = with_picture(33);
        carrying.marks.reactions.insert(crate::tui::app::testing::user("alice"), reaction);
        chat.timeline.replace(carrying.clone());
        let window = desk.window(None);
        chat.go_to(message("bob", 34, "n34").key(), Aim::Top, &window);
        chat.go(Move::Up(1), &window);
        let before = words(&chat, &window);
        assert!(before[0].ends_with("you") && before[1] == "n34", "{before:?}");
        let landmark = chat.landmark(&window).unwrap();
        let all = thumbnails(&carrying);
        let mut window = desk.window(None);
        window.setter.thumbnails = all.shown();
        chat.keep(&landmark, &window);
        assert_eq!(words(&chat, &window), before);
        // And when it goes again.
        let landmark = chat.landmark(&window).unwrap();
        let window = desk.window(None);
        chat.keep(&landmark, &window);
        assert_eq!(words(&chat, &window), before);
    }

    #[test]
    fn the_message_that_is_chosen_or_found_stays_before_all_else() {
        let key = |n: i64| -> MessageKey { message("bob", n, &format!("n{n}")).key() };
        let find = |chat: &mut Chat, window: &Window<'_>| {
            chat.go_to(key(36), Aim::Top, window);
            chat.go(Move::Up(5), window);
            chat.hit = Some(key(36));
        };
        let (before, after, _) = before_and_after(33, find);
        let row = |rows: &[String]| rows.iter().position(|row| row == "n36");
        assert!(row(&before).is_some());
        assert_eq!(row(&before), row(&after));
    }

    #[test]
    fn a_chosen_message_is_shown_with_its_picture() {
        let choose = |steps: usize| {
            move |chat: &mut Chat, window: &Window<'_>| {
                chat.select(window);
                for _ in 0..steps {
                    chat.pick(Pick::Up, window);
                }
            }
        };
        let (before, after, _) = before_and_after(45, choose(4));
        assert_eq!((&*before[4], &*before[5]), ("n45", FILE));
        assert_eq!(after, [&before[..6], &vec![CELLS.to_owned(); 4]].concat());
        let (_, after, chat) = before_and_after(49, choose(0));
        assert_eq!((&*after[4], &*after[5], &*after[9]), ("n49", FILE, CELLS));
        assert!(chat.shows_newest());
        // The picture of another moves it no further than it has to.
        let (before, after, _) = before_and_after(44, choose(3));
        let row = |rows: &[String]| rows.iter().position(|row| row == "n46");
        assert_eq!((row(&before), row(&after)), (Some(6), Some(6)));
    }

    #[test]
    fn only_what_is_on_the_screen_is_in_view() {
        let (desk, mut chat, carrying) = with_picture(33);
        let window = desk.window(None);
        let holds = |mut messages: Box<dyn Iterator<Item = &Message> + '_>| {
            messages.any(|message| message.id == carrying.id)
        };
        assert!(!holds(Box::new(chat.in_view(&window))));
        chat.go(Move::Up(10), &window);
        assert!(holds(Box::new(chat.in_view(&window))) && holds(Box::new(chat.near(&window))));
        assert!(chat.near(&window).count() <= window.height + 1);
        let keys: Vec<_> = chat.in_view(&window).map(Message::key).collect();
        assert!(keys.is_sorted_by(|a, b| a > b), "the lowest first");
    }
}
