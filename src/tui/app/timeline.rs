//! The part of a conversation that is held in memory.
//!
//! It is contiguous: no message that the store has between the oldest and the newest of them is missing.
//! It is at most [`MOST`] messages long; further ones are read from the store as the view comes near an
//! end, and dropped at the far end.

use std::collections::VecDeque;
use std::ops::Range;

use crate::domain::{
    Body, Delivery, Message, MessageId, MessageKey, MessageText, PageAt, Quote, Timestamp,
};
use crate::engine::Ticket;

/// Most messages held.
pub const MOST: usize = 2_000;
/// How many are read at once.
pub const PAGE: usize = 200;

/// A message that was sent and is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// To know the answer by.
    pub ticket: Ticket,
    /// What was written.
    pub text: MessageText,
    /// When.
    pub at: Timestamp,
}

/// What one place of the timeline holds.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A message.
    Message(&'a Message),
    /// A message of ours on its way into the store.
    Echo(&'a Echo),
}

impl Item<'_> {
    /// Its name, which stays when items come and go around it.
    pub fn id(&self) -> ItemId {
        match self {
            Self::Message(message) => ItemId::Message(message.key()),
            Self::Echo(echo) => ItemId::Echo(echo.ticket),
        }
    }

    /// When to show that it was written.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Message(message) => message.shown_at(),
            Self::Echo(echo) => echo.at,
        }
    }
}

/// Names an [`Item`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemId {
    /// A message.
    Message(MessageKey),
    /// An echo.
    Echo(Ticket),
}

/// The messages held, and what is known of those that are not.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    messages: VecDeque<Message>,
    echoes: Vec<Echo>,
    loaded: bool,
    more_before: bool,
    more_after: bool,
    /// The page that was asked for and did not come yet.
    asked: Option<PageAt>,
    /// What was stored while a page was on its way: it may be in the page or not.
    meanwhile: Vec<Message>,
    /// More was stored meanwhile than is worth holding.
    missed: bool,
}

impl Timeline {
    /// Whether a first page has come.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether the newest message there is, is held.
    pub fn at_newest(&self) -> bool {
        self.loaded && !self.more_after
    }

    /// Whether the oldest message there is, is held.
    pub fn at_oldest(&self) -> bool {
        self.loaded && !self.more_before
    }

    /// How many items there are. Echoes stand after the newest message, and only there.
    pub fn len(&self) -> usize {
        self.messages.len() + self.echoes().len()
    }

    /// How many of them are messages: the first ones.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// The message at an index.
    pub fn message(&self, index: usize) -> Option<&Message> {
        self.messages.get(index)
    }

    /// The messages that carry files, the newest first.
    pub fn with_files(&self) -> impl Iterator<Item = &Message> {
        self.newest_first().filter(|message| message.file.is_some())
    }

    /// The messages, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().rev()
    }

    fn echoes(&self) -> &[Echo] {
        if self.more_after { &[] } else { &self.echoes }
    }

    /// The item at an index.
    pub fn item(&self, index: usize) -> Option<Item<'_>> {
        match self.messages.get(index) {
            Some(message) => Some(Item::Message(message)),
            None => self.echoes().get(index - self.messages.len()).map(Item::Echo),
        }
    }

    /// Where an item is.
    pub fn index(&self, id: ItemId) -> Option<usize> {
        match id {
            ItemId::Message(key) => self.find(key).ok(),
            ItemId::Echo(ticket) => {
                let at = self.echoes().iter().position(|echo| echo.ticket == ticket)?;
                Some(self.messages.len() + at)
            }
        }
    }

    /// The index of the first message that is not before this key.
    pub fn index_from(&self, key: MessageKey) -> usize {
        self.find(key).unwrap_or_else(|at| at)
    }

    fn find(&self, key: MessageKey) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&key, Message::key)
    }

    /// Asks for a page, unless one is on its way that will do.
    pub fn ask(&mut self, at: PageAt) -> Option<PageAt> {
        let waits = self.asked.is_some() && matches!(at, PageAt::Before(_) | PageAt::After(_));
        if waits || self.asked == Some(at) {
            return None;
        }
        self.asked = Some(at);
        Some(at)
    }

    /// Asks for what is missing near the end that these items are close to.
    pub fn ask_near(&mut self, first: usize, last: usize) -> Option<PageAt> {
        let near = PAGE / 4;
        let oldest = self.messages.front().filter(|_| self.more_before && first < near);
        let newest =
            self.messages.back().filter(|_| self.more_after && last + near >= self.messages.len());
        let at = oldest.map(|m| PageAt::Before(m.key())).or(newest.map(|m| PageAt::After(m.key())));
        at.and_then(|at| self.ask(at))
    }

    /// Takes in a page; says whether it was the one asked for last. Others are out of date.
    pub fn take_page(
        &mut self,
        at: PageAt,
        page: Vec<Message>,
        more_before: bool,
        more_after: bool,
    ) -> bool {
        if self.asked != Some(at) {
            return false;
        }
        self.asked = None;
        let nothing = page.is_empty();
        match at {
            PageAt::Before(key) if self.messages.front().is_some_and(|m| m.key() == key) => {
                page.into_iter()
                    .rev()
                    .filter(|m| m.key() < key)
                    .for_each(|m| self.messages.push_front(m));
                self.more_before = more_before && !nothing;
            }
            PageAt::After(key) if self.messages.back().is_some_and(|m| m.key() == key) => {
                page.into_iter().filter(|m| m.key() > key).for_each(|m| self.messages.push_back(m));
                self.more_after = more_after && !nothing;
            }
            // The end that it was to be joined to has moved meanwhile.
            PageAt::Before(_) | PageAt::After(_) => {}
            PageAt::Newest | PageAt::Oldest | PageAt::Around(_) => {
                self.messages = page.into();
                self.more_before = more_before;
                self.more_after = more_after;
                self.loaded = true;
            }
        }
        self.more_after |= std::mem::take(&mut self.missed);
        for message in std::mem::take(&mut self.meanwhile) {
            self.place(message);
        }
        true
    }

    /// Takes in a message that was stored just now; says whether it can be seen here now.
    pub fn store(&mut self, message: &Message, ticket: Option<Ticket>) -> bool {
        if let Some(ticket) = ticket {
            self.echoes.retain(|echo| echo.ticket != ticket);
        }
        if self.asked.is_some() {
            match self.meanwhile.len() < PAGE {
                true => self.meanwhile.push(message.clone()),
                false => self.missed = true,
            }
        }
        self.loaded && self.place(message.clone())
    }

    /// Puts a message where it belongs, if that is within what is held.
    fn place(&mut self, message: Message) -> bool {
        let Err(at) = self.find(message.key()) else { return true };
        let beyond_oldest = at == 0 && self.more_before;
        let beyond_newest = at == self.messages.len() && self.more_after;
        if beyond_oldest || beyond_newest {
            return false;
        }
        self.messages.insert(at, message);
        true
    }

    /// Whether a message that is held says something else.
    pub fn says_otherwise(&self, altered: &Message) -> bool {
        self.messages.iter().any(|message| message.id == altered.id && message.body != altered.body)
    }

    /// A message is otherwise than it was.
    pub fn replace(&mut self, altered: Message) {
        let found = self.messages.iter_mut().chain(&mut self.meanwhile).rev();
        for message in found.filter(|message| message.id == altered.id) {
            message.clone_from(&altered);
        }
        // What answers it quotes it as it is now.
        let quote = Quote::of(altered.sender.clone(), altered.sent_at, &altered.body);
        for message in self.messages.iter_mut().chain(&mut self.meanwhile) {
            if let Some(reply) = message.reply.as_mut().filter(|reply| reply.to == altered.id) {
                reply.quote = Some(quote.clone());
            }
        }
    }

    /// A message is gone.
    pub fn remove(&mut self, id: MessageId) {
        self.messages.retain(|message| message.id != id);
        self.meanwhile.retain(|message| message.id != id);
    }

    /// A message is gone, and what answers it quotes it no more. Gives its text if we wrote it.
    pub fn forget(&mut self, id: MessageId) -> Option<MessageText> {
        let found = self.messages.iter().find(|message| message.id == id && message.is_ours());
        let text = found.and_then(|message| match &message.body {
            Body::Text(text) => Some(text.clone()),
            _ => None,
        });
        self.remove(id);
        for message in self.messages.iter_mut().chain(&mut self.meanwhile) {
            if let Some(reply) = message.reply.as_mut().filter(|reply| reply.to == id) {
                reply.quote = None;
            }
        }
        text
    }

    /// How far a message of ours has come now. That is not always further than before: what failed and
    /// is tried again waits once more.
    pub fn note_delivery(&mut self, id: MessageId, delivery: Delivery) {
        let found = self.messages.iter_mut().chain(&mut self.meanwhile).rev();
        for message in found.filter(|m| m.id == id && m.delivery.is_some()) {
            message.delivery = Some(delivery);
        }
    }

    /// Whether a message of another among these was never on the screen.
    pub fn has_unseen(&self, range: Range<usize>) -> bool {
        self.messages.range(within(range, self.messages.len())).any(|message| message.unseen)
    }

    /// These have been on the screen: the letters of those that were for the first time as they are.
    pub fn take_unseen(&mut self, range: Range<usize>) -> Vec<MessageId> {
        let range = within(range, self.messages.len());
        let unseen = self.messages.range_mut(range).filter(|message| message.unseen);
        let taken: Vec<_> = unseen
            .map(|message| {
                message.unseen = false;
                message.letter()
            })
            .collect();
        for message in self.meanwhile.iter_mut().filter(|message| taken.contains(&message.letter())) {
            message.unseen = false;
        }
        taken
    }

    /// Shows at once what was sent.
    pub fn echo(&mut self, echo: Echo) {
        self.echoes.push(echo);
    }

    /// Takes back what could not be sent.
    pub fn take_echo(&mut self, ticket: Ticket) -> Option<Echo> {
        let at = self.echoes.iter().position(|echo| echo.ticket == ticket)?;
        Some(self.echoes.remove(at))
    }

    /// Drops what is further from this item than the limit allows.
    pub fn trim(&mut self, around: usize, most: usize) {
        while self.messages.len() > most {
            let past_half = around.saturating_mul(2) >= self.messages.len();
            let dropped = self.messages.len() - most;
            if past_half {
                self.messages.drain(..dropped);
                self.more_before = true;
            } else {
                self.messages.truncate(most);
                self.more_after = true;
            }
        }
    }

    /// Takes all echoes back.
    pub fn take_echoes(&mut self) -> Vec<Echo> {
        std::mem::take(&mut self.echoes)
    }

    /// Lets go of all messages, to be read again when they are wanted. Echoes stay.
    pub fn unload(&mut self) {
        let echoes = self.take_echoes();
        *self = Self { echoes, ..Self::default() };
    }
}

fn within(range: Range<usize>, len: usize) -> Range<usize> {
    let end = range.end.min(len);
    range.start.min(end)..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::message;

    fn messages(range: std::ops::Range<i64>) -> Vec<Message> {
        range.map(|n| message("bob", n, "x")).collect()
    }

    fn times(timeline: &Timeline) -> Vec<i64> {
        (0..timeline.len()).map(|i| timeline.item(i).unwrap().at().as_millis()).collect()
    }

    fn loaded(range: std::ops::Range<i64>, more_before: bool, more_after: bool) -> Timeline {
        let mut timeline = Timeline::default();
        timeline.ask(PageAt::Newest).unwrap();
        assert!(timeline.take_page(PageAt::Newest, messages(range), more_before, more_after));
        timeline
    }

    #[test]
    fn pages_join_at_both_ends() {
        let mut timeline = loaded(100..200, true, true);
        let before = timeline.ask_near(0, 30).unwrap();
        assert_eq!(before, PageAt::Before(message("bob", 100, "x").key()));
        assert_eq!(timeline.ask_near(0, 30), None, "asked once");
        assert!(timeline.take_page(before, messages(50..100), false, true));
        assert!(!timeline.take_page(before, messages(50..100), false, true), "a second answer is old");
        let after = timeline.ask_near(120, 149).unwrap();
        assert!(timeline.take_page(after, messages(200..210), true, false));
        assert_eq!(times(&timeline), (50..210).collect::<Vec<_>>());
        assert!(timeline.at_newest() && timeline.at_oldest());
    }

    #[test]
    fn what_is_stored_is_placed_by_its_key_without_a_gap() {
        let mut timeline = loaded(100..110, true, true);
        assert!(timeline.store(&message("bob", 105, "y"), None), "within");
        assert!(!timeline.store(&message("bob", 90, "x"), None), "before what is held");
        assert!(!timeline.store(&message("bob", 200, "x"), None), "after what is held");
        assert_eq!(timeline.len(), 11);
        let mut newest = loaded(100..110, true, false);
        assert!(newest.store(&message("bob", 200, "x"), None));
        assert!(newest.store(&message("bob", 200, "x"), None), "a repetition changes nothing");
        assert_eq!(newest.len(), 11);
    }

    #[test]
    fn what_is_stored_while_a_page_comes_is_neither_lost_nor_doubled() {
        let mut timeline = Timeline::default();
        timeline.ask(PageAt::Newest).unwrap();
        timeline.store(&message("bob", 109, "x"), None);
        timeline.store(&message("bob", 110, "x"), None);
        timeline.take_page(PageAt::Newest, messages(100..110), false, false);
        assert_eq!(times(&timeline), (100..111).collect::<Vec<_>>());
        timeline.unload();
        timeline.ask(PageAt::Newest).unwrap();
        for n in 0..1_000 {
            timeline.store(&message("bob", 1_000 + n, "x"), None);
        }
        timeline.take_page(PageAt::Newest, messages(100..110), false, false);
        assert!(!timeline.at_newest(), "the rest has to be read");
        assert_eq!(timeline.len(), 10);
    }

    #[test]
    fn a_delivery_is_what_was_said_last() {
        let mut timeline = loaded(0..2, false, false);
        let ours = message("alice", 5, "on my way");
        timeline.store(&ours, None);
        for delivery in [Delivery::Failed, Delivery::Queued, Delivery::Read] {
            timeline.note_delivery(ours.id, delivery);
            assert_eq!(timeline.message(2).unwrap().delivery, Some(delivery));
        }
        timeline.note_delivery(message("bob", 1, "x").id, Delivery::Read);
        assert_eq!(timeline.message(1).unwrap().delivery, None, "not ours");
    }

    #[test]
    fn each_message_is_seen_once() {
        let mut timeline = loaded(0..4, false, false);
        let ids = |range: Range<i64>| messages(range).iter().map(|m| m.id).collect::<Vec<_>>();
        assert!(timeline.has_unseen(1..3));
        assert_eq!(timeline.take_unseen(1..3), ids(1..3));
        assert!(!timeline.has_unseen(1..3));
        assert_eq!(timeline.take_unseen(0..9), [ids(0..1), ids(3..4)].concat());
        timeline.ask(PageAt::Oldest).unwrap();
        timeline.store(&message("bob", 4, "x"), None);
        assert_eq!(timeline.take_unseen(0..9), ids(4..5));
        timeline.take_page(PageAt::Oldest, Vec::new(), false, false);
        assert!(!timeline.has_unseen(0..9), "also what came while a page was on its way");
    }

    #[test]
    fn the_far_end_is_trimmed() {
        let mut timeline = loaded(0..100, false, false);
        timeline.trim(90, 60);
        assert_eq!(times(&timeline), (40..100).collect::<Vec<_>>());
        assert!(timeline.at_newest() && !timeline.at_oldest());
        timeline.trim(5, 50);
        assert_eq!(times(&timeline), (40..90).collect::<Vec<_>>());
        assert!(!timeline.at_newest());
    }

    #[test]
    fn an_echo_stands_last_until_it_is_stored_or_taken_back() {
        let mut timeline = loaded(0..2, false, false);
        let text = MessageText::new("on my way").unwrap();
        for n in 1..3 {
            timeline.echo(Echo { ticket: Ticket(n), text: text.clone(), at: Timestamp::from_millis(1) });
        }
        assert_eq!(timeline.index(ItemId::Echo(Ticket(2))), Some(3));
        timeline.store(&message("alice", 5, "on my way"), Some(Ticket(1)));
        assert_eq!(times(&timeline), [0, 1, 5, 1]);
        assert_eq!(timeline.take_echo(Ticket(2)).unwrap().text, text);
        assert_eq!(timeline.take_echo(Ticket(2)), None);
    }
}
