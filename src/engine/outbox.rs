//! Which rows of the outbox are under way, and which one comes next.
//!
//! The rows themselves lie in the store; this is only what holds for one connection. Rows go out in their
//! order, at most [`WINDOW`] unconfirmed at a time. A row that nobody listened for is *parked*: it stays
//! in the store, and so does all that follows it to the same recipient, until they are seen online or we
//! connect again. So nobody gets the second message without the first.
//!
//! A row that the broker took is not our business any more: whether its recipients have it, and when it goes
//! to them again, is that of `resends`.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{ConversationId, MessageId};
use crate::store::OutboxRow;

/// Most rows that are published and not yet confirmed.
pub(super) const WINDOW: usize = 16;

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
            match self.parked.get_mut(&row.to) {
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
            if self.parked.contains_key(&row.to) {
                self.hold(row);
                continue;
            }
            return Some(self.under_way.entry(row.seq).or_insert(row));
        }
    }

    /// The broker answered a row: it is not under way any more. Says whether it was.
    pub fn answered(&mut self, seq: i64) -> bool {
        self.under_way.remove(&seq).is_some()
    }

    /// Whether this letter waits for somebody at the broker who listens.
    pub fn is_parked(&self, letter: MessageId) -> bool {
        self.parked.values().flatten().any(|row| row.letter == letter)
    }

    /// Whom the row under way is for.
    pub fn recipient(&self, seq: i64) -> Option<&ConversationId> {
        self.under_way.get(&seq).map(|row| &row.to)
    }

    /// These rows were sealed.
    pub fn sealed(&mut self, rows: &BTreeMap<i64, Vec<u8>>) {
        let parked = self.parked.values_mut().flatten();
        for row in self.ready.iter_mut().chain(parked) {
            if let Some(payload) = rows.get(&row.seq) {
                row.payload = Some(payload.clone());
            }
        }
    }

    /// What was read ahead for this recipient has to be sealed anew.
    pub fn unseal(&mut self, recipient: &ConversationId) {
        let parked = self.parked.values_mut().flatten();
        for row in self.ready.iter_mut().chain(parked).filter(|row| row.to == *recipient) {
            row.payload = None;
        }
    }

    /// Nothing that waits for this recipient goes out.
    pub fn forget_all(&mut self, recipient: &ConversationId) {
        self.ready.retain(|row| row.to != *recipient);
        self.parked.remove(recipient);
    }

    /// These letters are not in the store any more.
    pub fn forget(&mut self, letters: &[MessageId]) {
        let stays = |row: &OutboxRow| !letters.contains(&row.letter);
        self.ready.retain(stays);
        self.parked.values_mut().for_each(|rows| rows.retain(stays));
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
        let parked = self.parked.entry(row.to.clone()).or_default();
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

    fn to(name: &str) -> ConversationId {
        ConversationId::Direct(name.parse::<UserName>().unwrap())
    }

    fn row(seq: i64, name: &str) -> OutboxRow {
        let letter = MessageId::from_bytes(u128::from(seq.unsigned_abs()).to_be_bytes());
        OutboxRow {
            seq,
            letter,
            topic: String::new(),
            clear: Vec::new(),
            payload: None,
            to: to(name),
            ends_at: None,
        }
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
        assert!(outbox.answered(1) && !outbox.answered(1));
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
            outbox.answered(seq);
        }
        assert!(drain(&mut outbox).is_empty());
        outbox.release(&to("bob"));
        assert_eq!(drain(&mut outbox)[..3], [3, 17, 18]);
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
