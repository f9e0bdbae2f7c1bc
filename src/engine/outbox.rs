//! Which rows of the outbox are under way, and which one comes next.
//!
//! The rows themselves lie in the store; this is only what holds for one connection. Rows go out in their
//! order, at most [`WINDOW`] unconfirmed at a time. A row that nobody listened for is *parked*: it stays
//! in the store, and so does all that follows it to the same recipient, until they are seen online or we
//! connect again. So nobody gets the second message without the first.
//!
//! A row that the broker took *rests* for [`REST`] before it leaves the store: a broker that is killed may
//! forget what it took in its last moment, and then the row goes out again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ConversationId;
use crate::store::{Draft, OutboxRow};

/// Most rows that are published and not yet confirmed.
pub(super) const WINDOW: usize = 16;

/// How long the connection must hold after the broker took a row. The built-in broker writes what it queues
/// 250 ms behind, mosquitto as we recommend to set it up one second.
pub(super) const REST: Duration = Duration::from_secs(2);

/// How many rows are read ahead.
pub(super) const AHEAD: usize = 64;

#[derive(Default)]
pub(super) struct Outbox {
    /// Rows up to this one were read from the store.
    cursor: i64,
    /// The store holds no rows beyond the cursor.
    exhausted: bool,
    ready: VecDeque<OutboxRow>,
    under_way: BTreeMap<i64, OutboxRow>,
    parked: BTreeMap<ConversationId, VecDeque<OutboxRow>>,
    /// Rows that the broker took, and when.
    resting: VecDeque<(Instant, i64)>,
}

impl Outbox {
    /// A new connection: everything that is in the store goes out again.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// The store has new rows.
    pub fn more(&mut self) {
        self.exhausted = false;
    }

    /// Where to read on in the store, if there is something to read and too little to send.
    pub fn wants(&self) -> Option<i64> {
        let hungry = self.ready.is_empty() && self.under_way.len() < WINDOW;
        (hungry && !self.exhausted).then_some(self.cursor)
    }

    /// What the store holds beyond [`Self::wants`], at most [`AHEAD`] rows.
    pub fn feed(&mut self, rows: Vec<OutboxRow>) {
        self.exhausted = rows.len() < AHEAD;
        for row in rows {
            self.cursor = self.cursor.max(row.seq);
            match self.parked.get_mut(&row.draft.recipient) {
                Some(parked) => parked.push_back(row),
                None => self.ready.push_back(row),
            }
        }
    }

    /// The next row to publish, if there is room for it.
    pub fn next(&mut self) -> Option<&OutboxRow> {
        if self.under_way.len() >= WINDOW {
            return None;
        }
        loop {
            let row = self.ready.pop_front()?;
            if self.parked.contains_key(&row.draft.recipient) {
                self.hold(row);
                continue;
            }
            return Some(self.under_way.entry(row.seq).or_insert(row));
        }
    }

    /// The broker took a row; returns what it carried, if it was under way.
    pub fn taken(&mut self, seq: i64, now: Instant) -> Option<Draft> {
        let row = self.under_way.remove(&seq)?;
        self.resting.push_back((now, seq));
        Some(row.draft)
    }

    /// Rows that have rested at this time: they may leave the store.
    pub fn rested(&mut self, now: Instant) -> Vec<i64> {
        let done = self.resting.iter().take_while(|(taken, _)| *taken + REST <= now).count();
        self.resting.drain(..done).map(|(_, seq)| seq).collect()
    }

    /// When the next row has rested.
    pub fn rest_ends(&self) -> Option<Instant> {
        self.resting.front().map(|(taken, _)| *taken + REST)
    }

    /// Whom the row under way is for.
    pub fn recipient(&self, seq: i64) -> Option<&ConversationId> {
        self.under_way.get(&seq).map(|row| &row.draft.recipient)
    }

    /// Nobody listened: this row waits, and with it what follows to the same recipient.
    pub fn park(&mut self, seq: i64) {
        if let Some(row) = self.under_way.remove(&seq) {
            self.hold(row);
        }
    }

    /// Puts a row in its place among those that wait for the same recipient. It may go before some: rows
    /// that were released together may be heard by nobody one by one.
    fn hold(&mut self, row: OutboxRow) {
        let parked = self.parked.entry(row.draft.recipient.clone()).or_default();
        let at = parked.partition_point(|other| other.seq < row.seq);
        parked.insert(at, row);
    }

    /// The recipient can be reached: what waited for them goes next.
    pub fn release(&mut self, recipient: &ConversationId) {
        if let Some(parked) = self.parked.remove(recipient) {
            for row in parked.into_iter().rev() {
                self.ready.push_front(row);
            }
        }
    }

    /// Tries everything again.
    pub fn release_all(&mut self) {
        while let Some((recipient, _)) = self.parked.first_key_value() {
            let recipient = recipient.clone();
            self.release(&recipient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserName;
    use crate::store::Draft;

    fn to(name: &str) -> ConversationId {
        ConversationId::Direct(name.parse::<UserName>().unwrap())
    }

    fn row(seq: i64, name: &str) -> OutboxRow {
        let draft = Draft {
            topic: String::new(),
            payload: Vec::new(),
            retain: false,
            message: None,
            recipient: to(name),
        };
        OutboxRow { seq, draft }
    }

    fn drain(outbox: &mut Outbox) -> Vec<i64> {
        std::iter::from_fn(|| outbox.next().map(|row| row.seq)).collect()
    }

    #[test]
    fn the_window_is_bounded_and_the_order_kept() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.wants(), Some(0));
        outbox.feed((1..=AHEAD as i64).map(|seq| row(seq, "bob")).collect());
        assert_eq!(drain(&mut outbox), (1..=16).collect::<Vec<_>>());
        assert_eq!(outbox.wants(), None);
        let now = Instant::now();
        assert!(outbox.taken(1, now).is_some() && outbox.taken(1, now).is_none());
        assert_eq!(drain(&mut outbox), [17]);
    }

    #[test]
    fn what_nobody_heard_waits_with_all_that_follows_it() {
        let mut outbox = Outbox::default();
        outbox.feed(vec![row(1, "bob"), row(2, "bob"), row(3, "carol")]);
        assert_eq!(drain(&mut outbox), [1, 2, 3]);
        outbox.park(2);
        outbox.park(1);
        outbox.more();
        assert_eq!(outbox.wants(), Some(3));
        outbox.feed(vec![row(4, "bob"), row(5, "carol")]);
        assert_eq!(drain(&mut outbox), [5]);
        outbox.release(&to("bob"));
        assert_eq!(drain(&mut outbox), [1, 2, 4]);
    }

    #[test]
    fn what_is_released_and_heard_by_nobody_again_keeps_its_place() {
        let mut outbox = Outbox::default();
        outbox.feed(vec![row(1, "bob"), row(2, "bob"), row(3, "bob")]);
        drain(&mut outbox);
        outbox.park(1);
        outbox.release(&to("bob"));
        outbox.park(2);
        assert!(drain(&mut outbox).is_empty(), "the first waits with the second");
        outbox.release(&to("bob"));
        assert_eq!(drain(&mut outbox), [1, 2]);
    }

    #[test]
    fn what_was_read_ahead_waits_too() {
        let mut outbox = Outbox::default();
        outbox.feed((1..=40).map(|seq| row(seq, "bob")).collect());
        drain(&mut outbox);
        outbox.park(3);
        for seq in [1, 2].into_iter().chain(4..=16) {
            outbox.taken(seq, Instant::now());
        }
        assert!(drain(&mut outbox).is_empty());
        outbox.release(&to("bob"));
        assert_eq!(drain(&mut outbox)[..3], [3, 17, 18]);
    }

    #[test]
    fn what_was_taken_rests_before_it_goes() {
        let mut outbox = Outbox::default();
        outbox.feed(vec![row(1, "bob"), row(2, "bob")]);
        drain(&mut outbox);
        let now = Instant::now();
        outbox.taken(2, now);
        outbox.taken(1, now + REST);
        assert_eq!(outbox.rest_ends(), Some(now + REST));
        assert!(outbox.rested(now + REST / 2).is_empty());
        assert_eq!(outbox.rested(now + REST), [2]);
        assert_eq!(outbox.rested(now + 2 * REST), [1]);
        assert_eq!(outbox.rest_ends(), None);
    }

    #[test]
    fn a_new_connection_begins_anew() {
        let mut outbox = Outbox::default();
        outbox.feed(vec![row(1, "bob"), row(2, "bob")]);
        drain(&mut outbox);
        outbox.park(1);
        outbox.restart();
        assert_eq!(outbox.wants(), Some(0));
        outbox.feed(vec![row(1, "bob"), row(2, "bob")]);
        assert_eq!(drain(&mut outbox), [1, 2]);
    }
}
