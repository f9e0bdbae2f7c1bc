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
//!   the network did. What we cannot read may have an id that we made of its bytes: it takes no part in this.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result};

use super::row::Conversation;
use crate::domain::{Body, LATE, Message, MessageId, Timestamp, UserName};

/// The newest message of each sender in each conversation: its id, and where it was placed.
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
        if message.body != Body::Unsupported {
            self.keep_order(db, conversation.row, message)?;
        }
        let is_above = last.is_some_and(|last| message.key() < last);
        message.late =
            is_above && !message.is_ours() && message.received_at.since(message.sent_at) >= LATE;
        Ok(())
    }

    /// Moves a message between what the same sender wrote there before and after it.
    fn keep_order(&mut self, db: &Connection, conversation: i64, message: &mut Message) -> Result<()> {
        let voice = match self.known.entry((conversation, message.sender.clone())) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let voice = newest(db, conversation, &message.sender)?;
                entry.insert(voice)
            }
        };
        match *voice {
            Some((id, at)) if message.id < id => {
                let (before, after) = neighbours(db, conversation, message)?;
                message.sent_at =
                    message.sent_at.max(before.unwrap_or_default()).min(after.unwrap_or(at));
            }
            known => {
                let at = known.map_or(Timestamp::EPOCH, |(_, at)| at);
                message.sent_at = message.sent_at.max(at);
                *voice = Some((message.id, message.sent_at));
            }
        }
        Ok(())
    }
}

const NEWEST: &str = "SELECT id, sent_at FROM message
    WHERE conversation = ?1 AND sender = ?2 AND kind <> 5 ORDER BY id DESC LIMIT 1";
const BEFORE: &str = "SELECT sent_at FROM message
    WHERE conversation = ?1 AND sender = ?2 AND kind <> 5 AND id < ?3 ORDER BY id DESC LIMIT 1";
const AFTER: &str = "SELECT sent_at FROM message
    WHERE conversation = ?1 AND sender = ?2 AND kind <> 5 AND id > ?3 ORDER BY id LIMIT 1";

fn newest(
    db: &Connection,
    conversation: i64,
    sender: &UserName,
) -> Result<Option<(MessageId, Timestamp)>> {
    let mut newest = db.prepare_cached(NEWEST)?;
    newest.query_row((conversation, sender), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// The places of what the same sender wrote there before and after it.
fn neighbours(
    db: &Connection,
    conversation: i64,
    message: &Message,
) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
    let values = (conversation, &message.sender, message.id);
    let before = db.prepare_cached(BEFORE)?.query_row(values, |row| row.get(0)).optional()?;
    let after = db.prepare_cached(AFTER)?.query_row(values, |row| row.get(0)).optional()?;
    Ok((before, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::PageAt;
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
    fn what_cannot_be_read_does_not_hold_back_what_comes_after_it() {
        let f = Fixture::new();
        f.receive(&[came(said(1, "bob", 1_000, "before"), 1_000)]);
        // The id of a letter that brings none that we can read is made of its bytes, and sorts anywhere.
        let odd = said(u128::MAX, "bob", 2_000, "x");
        f.receive(&[came(Message { body: Body::Unsupported, ..odd }, 2_000)]);
        f.receive(&[came(ours(5, "bob", 3_000, "what is that?"), 3_000)]);
        let next = f.receive(&[came(said(2, "bob", 900_000, "after"), 900_000)]).fresh;
        assert_eq!((next[0].sent_at, next[0].late), (at(900_000), false));
        assert_eq!(order(&f), [1, u128::MAX, 5, 2]);
    }

    #[test]
    fn a_place_is_found_without_walking_over_messages() {
        let f = Fixture::new();
        let db = f.connection();
        for select in [NEWEST, BEFORE, AFTER] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {select}")).unwrap();
            let values = vec![rusqlite::types::Null; plan.parameter_count()];
            let steps = plan.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
            let plan = steps.map(Result::unwrap).collect::<Vec<String>>().join("; ");
            assert!(plan.contains("message_voice (conversation=? AND sender=?"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
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
