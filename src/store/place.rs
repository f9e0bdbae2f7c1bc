//! Where a message stands in its conversation, whatever the clocks of its writers say.
//!
//! A conversation is ordered by the times that its senders wrote on their messages, and those come from
//! clocks that may be wrong. Three rules keep the order sound:
//!
//! - A sender writes no time before one that they have read there ([`Thread`](super::Thread)), so an answer
//!   follows what it answers even if their clock is a year behind.
//! - Nothing was written after it came: a time in the future is moved back to the arrival, or to the newest
//!   message here if our own clock is the one that is behind. So a clock that is a year ahead does not keep
//!   its messages at the end for a year.
//! - What one sender wrote stays in the order of its ids, which only grow, whatever the first two rules and
//!   the network did.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result};

use super::row::Conversation;
use crate::domain::{LATE, Message, MessageId, Timestamp, UserName};

/// The newest message of each sender in each conversation.
#[derive(Default)]
pub(super) struct Voices {
    known: BTreeMap<(i64, UserName), Option<(MessageId, Timestamp)>>,
}

impl Voices {
    /// Gives a message its place: changes its `sent_at`, and says whether it is late.
    pub(super) fn place(
        &mut self,
        db: &Connection,
        conversation: &Conversation,
        message: &mut Message,
    ) -> Result<()> {
        let last = conversation.last.as_ref().map(|(key, _)| *key);
        let newest = last.map_or(Timestamp::EPOCH, |key| key.sent_at);
        message.sent_at = message.sent_at.min(message.received_at.max(newest));
        let voice = match self.known.entry((conversation.row, message.sender.clone())) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let voice = read(db, conversation.row, &message.sender)?;
                entry.insert(voice)
            }
        };
        match *voice {
            Some((id, at)) if message.id < id => {
                let (before, after) = neighbours(db, conversation.row, message)?;
                message.sent_at =
                    message.sent_at.max(before.unwrap_or_default()).min(after.unwrap_or(at));
            }
            known => {
                let at = known.map_or(Timestamp::EPOCH, |(_, at)| at);
                message.sent_at = message.sent_at.max(at);
                *voice = Some((message.id, message.sent_at));
            }
        }
        let is_above = last.is_some_and(|last| message.key() < last);
        message.late =
            is_above && !message.is_ours() && message.received_at.since(message.sent_at) >= LATE;
        Ok(())
    }

    /// Keeps what was learned.
    pub(super) fn save(&self, db: &Connection) -> Result<()> {
        let save = "INSERT OR REPLACE INTO voice (conversation, sender, id, sent_at)
            VALUES (?1, ?2, ?3, ?4)";
        let mut save = db.prepare_cached(save)?;
        for ((conversation, sender), voice) in &self.known {
            if let Some((id, sent_at)) = voice {
                save.execute((conversation, sender, id, sent_at))?;
            }
        }
        Ok(())
    }
}

fn read(
    db: &Connection,
    conversation: i64,
    sender: &UserName,
) -> Result<Option<(MessageId, Timestamp)>> {
    let read = "SELECT id, sent_at FROM voice WHERE conversation = ?1 AND sender = ?2";
    let mut read = db.prepare_cached(read)?;
    read.query_row((conversation, sender), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// The places of what the same sender wrote there before and after it. Only for what comes out of order, which
/// is rare: it walks over ids.
fn neighbours(
    db: &Connection,
    conversation: i64,
    message: &Message,
) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
    let values = (conversation, &message.sender, message.id);
    let before = "SELECT sent_at FROM message
        WHERE id < ?3 AND conversation = ?1 AND sender = ?2 ORDER BY id DESC LIMIT 1";
    let before = db.prepare_cached(before)?.query_row(values, |row| row.get(0)).optional()?;
    let after = "SELECT sent_at FROM message
        WHERE id > ?3 AND conversation = ?1 AND sender = ?2 ORDER BY id LIMIT 1";
    let after = db.prepare_cached(after)?.query_row(values, |row| row.get(0)).optional()?;
    Ok((before, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use crate::domain::{Message, PageAt};
    use crate::store::testing::{Fixture, at, direct, ours, said};

    const YEAR: i64 = 365 * 86_400_000;

    fn came(message: Message, received_at: i64) -> Message {
        Message { received_at: at(received_at), ..message }
    }

    fn order(f: &Fixture) -> Vec<u128> {
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 500)).unwrap();
        page.messages.iter().map(|m| u128::from_be_bytes(*m.id.as_bytes())).collect()
    }

    #[test]
    fn a_clock_that_is_a_year_ahead_does_not_stay_at_the_end() {
        let f = Fixture::new();
        let now = 2 * YEAR;
        let ahead = came(said(10, "bob", now + YEAR, "from the future"), now);
        let fresh = f.receive(&[ahead]).fresh;
        assert_eq!((fresh[0].sent_at, fresh[0].late), (at(now), false));
        // We answer at a time that is not before what we read, and that is moved back likewise.
        f.receive(&[came(ours(11, "bob", now + YEAR, "answer"), now + 5)]);
        f.receive(&[came(said(12, "bob", now + YEAR + 9, "and again"), now + 9)]);
        assert_eq!(order(&f), [10, 11, 12]);
    }

    #[test]
    fn our_own_clock_may_go_back_by_a_year() {
        let f = Fixture::new();
        f.receive(&[came(said(1, "bob", 2 * YEAR, "before"), 2 * YEAR)]);
        let after = f.receive(&[came(said(2, "bob", 2 * YEAR + 1, "after"), YEAR)]).fresh;
        assert_eq!(order(&f), [1, 2]);
        assert!(!after[0].late);
        assert_eq!(after[0].shown_at(), at(YEAR));
    }

    #[test]
    fn what_comes_much_later_is_placed_where_it_belongs_and_marked() {
        let f = Fixture::new();
        f.receive(&[came(said(50, "bob", 1_000_000, "newer"), 1_000_010)]);
        let late = f.receive(&[came(said(40, "bob", 900_000, "older"), 2_000_000)]).fresh;
        assert!(late[0].late && late[0].sent_at == at(900_000));
        let soon = f.receive(&[came(said(45, "bob", 999_000, "just crossed"), 1_000_020)]).fresh;
        assert!(!soon[0].late);
        // Nobody else's clock decides: alone in its place it is not late.
        let alone = f.receive(&[came(said(9, "ann", 1, "old"), 5_000_000)]).fresh;
        assert!(!alone[0].late);
    }

    #[test]
    fn whatever_clocks_and_network_do_each_sender_is_in_order() {
        let f = Fixture::new();
        let mut runner = TestRunner::new(Config::with_cases(48));
        let mut case = 0u128;
        // In the order of arrival: place in the sender's own order, what the clocks say.
        let arrivals = prop::collection::vec((0u128..40, 0i64..50, any::<bool>()), 1..30);
        let cases = std::cell::RefCell::new(&mut case);
        let law = |arrivals: Vec<(u128, i64, bool)>| {
            let mut number = cases.borrow_mut();
            **number += 1;
            let name = format!("u{number}");
            for (n, clock, is_ours) in arrivals {
                let make = if is_ours { ours } else { said };
                // Times only grow with the ids of one sender, as they do in life.
                let sent_at = i64::try_from(n / 3).unwrap() * 10;
                let other = if is_ours { 1 << 40 } else { 0 };
                let message = make((**number << 48) + other + n, &name, sent_at, "x");
                f.receive(&[came(message, clock * 10)]);
            }
            let page = f.wait(f.store.page(direct(&name), PageAt::Newest, 500)).unwrap().messages;
            prop_assert!(page.is_sorted_by_key(Message::key));
            for ours in [false, true] {
                let own = page.iter().filter(|m| m.is_ours() == ours).map(|m| m.id);
                prop_assert!(own.is_sorted());
            }
            Ok(())
        };
        runner.run(&arrivals, law).unwrap();
    }
}
