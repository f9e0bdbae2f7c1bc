//! One conversation as its window holds it: draft, messages, scroll position, unread line, what is chosen,
//! who is writing.

mod above;
mod jump;
mod pictures;
mod selection;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

pub use above::Above;
pub use jump::{Aim, Bookmark};
pub use selection::Pick;
pub use writing::About;

use super::editor::Editor;
use super::history::History;
use super::rows::{Row, Typesetter, UnreadLine};
use super::scroll::{self, Place};
use super::timeline::{self, Echo, ItemId, Timeline};
use crate::domain::{
    Delivery, Message, MessageId, MessageKey, MessageText, PageAt, Summary, Timestamp, UserName,
};
use crate::engine::{TYPING_LASTS, Ticket};

/// How often we tell the engine that we are still writing.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// Most people shown or remembered as writing.
const MOST_WRITERS: usize = 16;
/// How many messages a chat that is not open keeps.
const KEPT: usize = 200;

/// What lies at the bottom edge of the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Anchor {
    /// The newest row, whatever comes.
    #[default]
    Newest,
    /// This item, with so many of its rows below the edge.
    At(ItemId, usize),
}

/// The size of the messages' part of the screen, with what is needed to set them.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Sets messages into rows.
    pub setter: Typesetter<'a>,
    /// Rows there are.
    pub height: usize,
}

/// Where to go in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// So many rows towards the oldest.
    Up(usize),
    /// So many rows towards the newest.
    Down(usize),
    /// To the first message.
    Oldest,
    /// To the last message.
    Newest,
    /// To the first message that is unread: to the unread line, or to what came late further up.
    Unread,
}

/// One conversation as its window holds it.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// What is being written.
    pub draft: Editor,
    /// What Ctrl+C cleared last, until something else is written.
    pub cleared: Option<String>,
    /// The message that what is being written is about.
    pub about: Option<About>,
    /// What was being written when a message was taken up to be changed.
    set_aside: Option<Editor>,
    /// What was sent from here in this session.
    pub history: History,
    /// The draft as the engine keeps it.
    kept: String,
    timeline: Timeline,
    anchor: Anchor,
    unread: Option<UnreadLine>,
    /// Whether the unread line has been on the screen.
    line_seen: bool,
    /// Messages of others that came late and were not on the screen yet.
    late: BTreeSet<MessageKey>,
    above: Above,
    /// Messages of others that came below the visible rows while the view was away from the newest.
    below: usize,
    /// The chosen message, while one is being chosen.
    selected: Option<MessageKey>,
    /// The message that was found, while something is looked for.
    hit: Option<MessageKey>,
    /// Where the message is to come whose page was asked for.
    aim: Option<(MessageKey, Aim)>,
    writers: BTreeMap<UserName, Timestamp>,
    told_at: Option<Timestamp>,
}

impl Chat {
    /// The messages.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Where the unread line stands.
    pub fn unread(&self) -> Option<UnreadLine> {
        self.unread
    }

    /// Messages of others below what is visible, that came while it was.
    pub fn below(&self) -> usize {
        self.below
    }

    /// Whether the newest message is visible.
    pub fn shows_newest(&self) -> bool {
        self.anchor == Anchor::Newest && self.timeline.at_newest()
    }

    /// The chat comes onto the screen: what page it needs, if any.
    pub fn open(&mut self, summary: Option<&Summary>) -> Option<PageAt> {
        self.note_unread(summary);
        if self.timeline.is_loaded() { None } else { self.timeline.ask(PageAt::Newest) }
    }

    /// The chat leaves the screen. It will open at its newest message, without an old unread line.
    pub fn close(&mut self) {
        self.anchor = Anchor::Newest;
        self.unread = None;
        self.below = 0;
        (self.selected, self.hit, self.aim) = (None, None, None);
        match self.timeline.at_newest() {
            true => self.timeline.trim(self.timeline.len(), KEPT),
            false => self.unload(),
        }
    }

    /// Lets go of the messages.
    pub fn unload(&mut self) {
        self.timeline.unload();
        self.late.clear();
    }

    /// Sets the unread line where the summary says the first unread message is. A line that is there
    /// stays while the rest is read, so that it can be seen what was new.
    pub fn note_unread(&mut self, summary: Option<&Summary>) {
        let Some((from, count)) = summary.and_then(|s| Some((s.first_unread?, s.unread))) else {
            return;
        };
        let grows = self.unread.is_some_and(|line| line.from == from && line.count >= count);
        if !grows {
            self.line_seen &= self.unread.is_some_and(|line| line.from == from);
            self.unread = Some(UnreadLine { from, count });
        }
    }

    /// A page came in; says whether it was waited for.
    pub fn take_page(
        &mut self,
        at: PageAt,
        page: Vec<Message>,
        (more_before, more_after): (bool, bool),
        window: &Window<'_>,
    ) -> bool {
        let late: Vec<_> = page.iter().filter(|m| m.late && m.unseen).map(Message::key).collect();
        if !self.timeline.take_page(at, page, more_before, more_after) {
            return false;
        }
        self.note_late(late);
        match at {
            PageAt::Newest => {
                self.anchor = Anchor::Newest;
                self.reselect(self.timeline.messages());
            }
            PageAt::Oldest => {
                self.show_at_top(0, window);
                self.reselect(0);
            }
            PageAt::Around(key) => {
                self.arrive(key, window);
                self.reselect(self.timeline.index_from(key));
            }
            PageAt::Before(_) | PageAt::After(_) => {}
        }
        let around = self.place().map_or(0, |place| place.item);
        self.timeline.trim(around, timeline::MOST);
        true
    }

    /// A message was stored; the window is there when the chat is open.
    pub fn store(&mut self, message: &Message, ticket: Option<Ticket>, window: Option<&Window<'_>>) {
        self.stopped_writing(&message.sender);
        let at_bottom = self.shows_newest();
        let anchor = self.place();
        self.timeline.store(message, ticket);
        // The echo at the edge became a message.
        if let (Anchor::At(id, hidden), Some(place)) = (self.anchor, anchor)
            && self.timeline.index(id).is_none()
        {
            let item = self.timeline.item(place.item.min(self.timeline.len().saturating_sub(1)));
            self.anchor = item.map_or(Anchor::Newest, |item| Anchor::At(item.id(), hidden));
        }
        if !message.is_ours() && message.body.counts_as_unread() {
            self.note_place(message, at_bottom, window);
        }
        let around = self.place().map_or(0, |place| place.item);
        self.timeline.trim(around, timeline::MOST);
    }

    /// How far a message of ours has come now.
    pub fn note_delivery(&mut self, id: MessageId, delivery: Delivery) {
        self.timeline.note_delivery(id, delivery);
    }

    /// Shows at once what is being sent, and goes there; what page that needs, if any.
    pub fn echo(&mut self, ticket: Ticket, text: MessageText, at: Timestamp) -> Option<PageAt> {
        self.timeline.echo(Echo { ticket, text, at });
        self.unread = None;
        self.told_at = None;
        self.go_newest()
    }

    /// Takes back what could not be sent.
    pub fn take_echo(&mut self, ticket: Ticket) -> Option<MessageText> {
        self.timeline.take_echo(ticket).map(|echo| echo.text)
    }

    /// Moves the view; what page that needs, if any.
    pub fn go(&mut self, to: Move, window: &Window<'_>) -> Option<PageAt> {
        let count = self.timeline.len();
        match to {
            Move::Newest => return self.go_newest(),
            Move::Oldest if self.timeline.at_oldest() => self.show_at_top(0, window),
            Move::Oldest => return self.timeline.ask(PageAt::Oldest),
            Move::Unread => {
                let from = self.first_unread()?;
                if !self.holds(from) {
                    return self.timeline.ask(PageAt::Around(from));
                }
                self.show_at_top(self.timeline.index_from(from), window);
            }
            Move::Up(rows) => {
                let place = self.place()?;
                let place = scroll::up(place, rows, window.height, count, &mut self.heights(window));
                self.anchor_at(place);
            }
            Move::Down(rows) => {
                let place = self.place()?;
                let place = scroll::down(place, rows, count, &mut self.heights(window));
                self.anchor_at(place);
            }
        }
        self.ask_near(window)
    }

    /// Asks for more when what is visible comes near an end of what is held.
    pub fn ask_near(&mut self, window: &Window<'_>) -> Option<PageAt> {
        // Every item has a row at least, so that none has to be laid out to know how far up it reaches.
        let last = self.place()?.item;
        self.timeline.ask_near(last.saturating_sub(window.height), last)
    }

    /// The visible rows, from top to bottom: fewer than the window has when there are no more.
    pub fn visible(&self, window: &Window<'_>) -> Vec<Row> {
        let Some(place) = self.place() else { return Vec::new() };
        let mut laid_out = BTreeMap::new();
        let mut height = |index| laid_out.entry(index).or_insert_with(|| self.rows(index, window)).len();
        let slices = scroll::visible(place, window.height, &mut height);
        let hit = || self.timeline.index(ItemId::Message(self.hit?));
        let marked = self.selected_index().or_else(hit);
        let rows = slices.into_iter().flat_map(|slice| {
            let mut rows = laid_out.remove(&slice.item).unwrap_or_default();
            if marked == Some(slice.item) {
                let first = slice.skip.max(self.lines_above(slice.item, window));
                selection::mark(&mut rows[first..], window.setter.glyphs);
            }
            rows.into_iter().skip(slice.skip).take(slice.rows)
        });
        rows.collect()
    }

    /// The items of which something is on the screen, be it one row; a line above an item is not yet the
    /// item.
    fn shown(&self, window: &Window<'_>) -> Range<usize> {
        let Some(place) = self.place() else { return 0..0 };
        let slices = scroll::visible(place, window.height, &mut self.heights(window));
        let (Some(first), Some(last)) = (slices.first(), slices.last()) else { return 0..0 };
        let all = last.skip + last.rows > self.lines_above(last.item, window);
        first.item..last.item + usize::from(all)
    }

    /// What is on the screen of somebody who looks: the messages of others that are for the first time.
    pub fn take_seen(&mut self, window: &Window<'_>) -> Vec<MessageId> {
        let Some(place) = self.place() else { return Vec::new() };
        // Every item has a row at least.
        if !self.timeline.has_unseen(place.item.saturating_sub(window.height)..place.item + 1) {
            return Vec::new();
        }
        self.timeline.take_unseen(self.shown(window))
    }

    fn rows(&self, index: usize, window: &Window<'_>) -> Vec<Row> {
        let above = index.checked_sub(1).and_then(|above| self.timeline.item(above));
        self.timeline.item(index).map_or_else(Vec::new, |item| window.setter.rows(above, item))
    }

    /// How many lines stand above an item: of its day, of what is unread.
    fn lines_above(&self, index: usize, window: &Window<'_>) -> usize {
        let above = index.checked_sub(1).and_then(|above| self.timeline.item(above));
        let lines = |item| window.setter.lines_above(above, item).len();
        self.timeline.item(index).map_or(0, lines)
    }

    fn heights<'a>(&'a self, window: &'a Window<'a>) -> impl FnMut(usize) -> usize + 'a {
        |index| self.rows(index, window).len()
    }

    fn place(&self) -> Option<Place> {
        let newest = scroll::newest(self.timeline.len());
        match self.anchor {
            Anchor::Newest => newest,
            Anchor::At(id, hidden) => {
                self.timeline.index(id).map(|item| Place { item, hidden }).or(newest)
            }
        }
    }

    fn anchor_at(&mut self, place: Place) {
        let last = place.item + 1 == self.timeline.len() && place.hidden == 0;
        self.anchor = match self.timeline.item(place.item) {
            Some(item) if !last || !self.timeline.at_newest() => Anchor::At(item.id(), place.hidden),
            _ => {
                self.below = 0;
                Anchor::Newest
            }
        };
    }

    fn show_at_top(&mut self, item: usize, window: &Window<'_>) {
        let count = self.timeline.len();
        let Some(last) = count.checked_sub(1) else { return };
        let mut heights = self.heights(window);
        let place = scroll::with_top(item.min(last), 0, window.height, count, &mut heights);
        drop(heights);
        self.anchor_at(place);
    }

    fn go_newest(&mut self) -> Option<PageAt> {
        self.anchor = Anchor::Newest;
        self.below = 0;
        if self.timeline.at_newest() { None } else { self.timeline.ask(PageAt::Newest) }
    }

    /// Whether the place of this message lies within what is held.
    fn holds(&self, key: MessageKey) -> bool {
        let at = self.timeline.index_from(key);
        (at > 0 || self.timeline.at_oldest()) && (at < self.timeline.len() || self.timeline.at_newest())
            || self.timeline.index(ItemId::Message(key)).is_some()
    }

    /// Somebody is writing there.
    pub fn note_writer(&mut self, user: UserName, now: Timestamp) {
        if self.writers.len() < MOST_WRITERS || self.writers.contains_key(&user) {
            self.writers.insert(user, now.plus(TYPING_LASTS));
        }
    }

    /// Somebody has written what they were writing.
    pub fn stopped_writing(&mut self, user: &UserName) {
        self.writers.remove(user);
    }

    /// Who is writing.
    pub fn writers(&self) -> impl Iterator<Item = &UserName> {
        self.writers.keys()
    }

    /// Forgets who has stopped writing; says whether that changed anything.
    pub fn expire_writers(&mut self, now: Timestamp) -> bool {
        let before = self.writers.len();
        self.writers.retain(|_, until| now < *until);
        self.writers.len() != before
    }

    /// When the next writer is forgotten.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.writers.values().min().copied()
    }

    /// Whether the others should be told now that we are writing.
    pub fn tell_writing(&mut self, now: Timestamp) -> bool {
        let due = self.told_at.is_none_or(|told| now.since(told) >= TELL_EVERY);
        if due {
            self.told_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::tui::app::glyphs::Glyphs;
    use crate::tui::app::testing::{message, user};
    use crate::tui::app::times::Calendar;
    use crate::tui::app::world::World;

    pub struct Desk(pub World, Calendar);

    impl Desk {
        pub fn new() -> Self {
            Self(World::new(user("alice")), Calendar::new(TimeZone::UTC))
        }

        pub fn window(&self, unread: Option<UnreadLine>) -> Window<'_> {
            let setter = Typesetter {
                world: &self.0,
                calendar: &self.1,
                glyphs: Glyphs::Unicode,
                width: 60,
                unread,
                found: None,
                thumbnails: None,
                now: Timestamp::EPOCH,
            };
            Window { setter, height: 10 }
        }
    }

    /// A store of `0..count`, answering as the engine does.
    pub fn answer(chat: &mut Chat, at: PageAt, count: i64, window: &Window<'_>) {
        let limit = i64::try_from(timeline::PAGE).unwrap();
        let time = |key: MessageKey| key.sent_at.as_millis();
        let range = match at {
            PageAt::Newest => (count - limit).max(0)..count,
            PageAt::Oldest => 0..limit.min(count),
            PageAt::Before(key) => (time(key) - limit).max(0)..time(key),
            PageAt::After(key) => time(key) + 1..(time(key) + 1 + limit).min(count),
            PageAt::Around(key) => (time(key) - limit / 2).max(0)..(time(key) + limit / 2).min(count),
        };
        let page = range.clone().map(|n| message("bob", n, &format!("n{n}"))).collect();
        assert!(chat.take_page(at, page, (range.start > 0, range.end < count), window));
    }

    pub fn seen(chat: &Chat, window: &Window<'_>) -> (String, String) {
        let rows = chat.visible(window);
        let text = |row: &Row| row.last().unwrap().text.clone();
        (text(rows.first().unwrap()), text(rows.last().unwrap()))
    }

    #[test]
    fn a_hundred_thousand_messages_scroll_from_end_to_end() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 100_000, &window);
        assert_eq!(seen(&chat, &window), ("n99990".into(), "n99999".into()));
        let mut pages = 0;
        for _ in 0..400 {
            if let Some(at) = chat.go(Move::Up(9), &window) {
                pages += 1;
                answer(&mut chat, at, 100_000, &window);
            }
        }
        assert_eq!(seen(&chat, &window), ("n96390".into(), "n96399".into()));
        assert!(pages < 30, "{pages} pages for 3,600 rows");
        assert!(chat.timeline().len() <= timeline::MOST);
        let at = chat.go(Move::Oldest, &window).unwrap();
        answer(&mut chat, at, 100_000, &window);
        assert_eq!(seen(&chat, &window).1, "n8", "below the day line");
        let mut reached = 0;
        while !chat.shows_newest() && reached < 3_000 {
            reached += 1;
            if let Some(at) = chat.go(Move::Down(90), &window) {
                answer(&mut chat, at, 100_000, &window);
            }
        }
        assert_eq!(seen(&chat, &window), ("n99990".into(), "n99999".into()));
    }

    #[test]
    fn what_comes_while_scrolled_up_moves_nothing_and_is_counted() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 50, &window);
        chat.go(Move::Up(5), &window);
        let before = seen(&chat, &window);
        chat.store(&message("bob", 60, "new"), None, Some(&window));
        chat.store(&message("alice", 61, "ours"), None, Some(&window));
        assert_eq!((seen(&chat, &window), chat.below()), (before, 1));
        chat.go(Move::Down(5 + 2), &window);
        assert!(chat.shows_newest());
        assert_eq!(chat.below(), 0);
        chat.store(&message("bob", 70, "newer"), None, Some(&window));
        assert_eq!(seen(&chat, &window).1, "newer");
    }

    #[test]
    fn the_unread_line_is_found_wherever_it_is() {
        let desk = Desk::new();
        let first = message("bob", 1_000, "n1000");
        let summary = Summary {
            conversation: first.conversation.clone(),
            unread: 49_000,
            first_unread: Some(first.key()),
            last: None,
        };
        let mut chat = Chat::default();
        let at = chat.open(Some(&summary)).unwrap();
        let window = desk.window(chat.unread());
        answer(&mut chat, at, 50_000, &window);
        let at = chat.go(Move::Unread, &window).unwrap();
        assert_eq!(at, PageAt::Around(first.key()));
        // The store derives ids from text and time: the same message.
        answer(&mut chat, at, 50_000, &window);
        assert!(seen(&chat, &window).0.contains("49000 unread"));
        assert_eq!(chat.go(Move::Unread, &window), None);
    }

    #[test]
    fn sending_shows_the_text_at_once_and_goes_there() {
        let desk = Desk::new();
        let window = desk.window(None);
        let mut chat = Chat::default();
        let at = chat.open(None).unwrap();
        answer(&mut chat, at, 50, &window);
        chat.go(Move::Up(20), &window);
        let text = MessageText::new("on my way").unwrap();
        assert_eq!(chat.echo(Ticket(7), text.clone(), Timestamp::from_millis(60)), None);
        assert!(chat.shows_newest());
        assert_eq!(seen(&chat, &window).1, "◷ queued");
        chat.store(&message("alice", 60, "on my way"), Some(Ticket(7)), Some(&window));
        assert_eq!(seen(&chat, &window).1, "✓");
        assert_eq!(chat.take_echo(Ticket(7)), None);
    }

    #[test]
    fn writers_are_forgotten_and_we_tell_seldom() {
        let at = Timestamp::from_millis;
        let mut chat = Chat::default();
        chat.note_writer(user("bob"), at(0));
        assert_eq!(chat.deadline(), Some(at(6_000)));
        assert!(!chat.expire_writers(at(5_999)) && chat.expire_writers(at(6_000)));
        chat.note_writer(user("bob"), at(0));
        chat.store(&message("bob", 1, "done"), None, None);
        assert_eq!(chat.writers().count(), 0);
        assert!(
            chat.tell_writing(at(0)) && !chat.tell_writing(at(1_999)) && chat.tell_writing(at(2_000))
        );
    }
}
