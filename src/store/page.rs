//! Parts of a conversation, found by key: however long the conversation, a page costs the same.

use rusqlite::{Connection, Result};

use super::batch;
use super::row::{message, select_message};
use super::value::Page;
use crate::domain::{ConversationId, Message, MessageKey, PageAt};

/// A place between two messages of a conversation: those of a lesser key lie before it, all others
/// after it.
#[derive(Clone, Copy)]
struct Cut {
    sent_at: i64,
    id: [u8; 16],
}

impl Cut {
    const START: Self = Self { sent_at: i64::MIN, id: [0; 16] };
    const END: Self = Self { sent_at: i64::MAX, id: [0xff; 16] };

    fn before(key: MessageKey) -> Self {
        Self { sent_at: key.sent_at.as_millis(), id: *key.id.as_bytes() }
    }

    fn after(key: MessageKey) -> Self {
        let Self { sent_at, id } = Self::before(key);
        match u128::from_be_bytes(id).checked_add(1) {
            Some(next) => Self { sent_at, id: next.to_be_bytes() },
            None => Self { sent_at: sent_at + 1, id: [0; 16] },
        }
    }
}

/// Reads at most `limit` messages.
pub(super) fn page(db: &Connection, party: &ConversationId, at: PageAt, limit: u32) -> Result<Page> {
    let Some(conversation) = batch::find(db, party)? else { return Ok(Page::default()) };
    let (cut, back, ahead) = match at {
        PageAt::Newest => (Cut::END, limit, 0),
        PageAt::Oldest => (Cut::START, 0, limit),
        PageAt::Before(key) => (Cut::before(key), limit, 0),
        PageAt::After(key) => (Cut::after(key), 0, limit),
        PageAt::Around(key) => (Cut::before(key), limit, limit),
    };
    // One more on either side tells whether there are more.
    let mut older = read(db, OLDER, conversation.row, cut, back + 1)?;
    let mut newer = read(db, NEWER, conversation.row, cut, ahead + 1)?;
    let (mut back, mut ahead) = (back as usize, ahead as usize);
    if let PageAt::Around(_) = at {
        // Half of the page before the message; what one side cannot fill goes to the other.
        back = (ahead / 2).max(ahead.saturating_sub(newer.len()));
        ahead -= back.min(older.len());
    }
    let (more_before, more_after) = (older.len() > back, newer.len() > ahead);
    older.truncate(back);
    newer.truncate(ahead);
    older.reverse();
    older.append(&mut newer);
    Ok(Page { messages: older, more_before, more_after })
}

/// The nearest messages before the cut, newest first.
const OLDER: &str = select_message!(
    "WHERE m.conversation = ?1 AND (m.sent_at, m.id) < (?2, ?3) AND m.kind <> 14
    ORDER BY m.sent_at DESC, m.id DESC LIMIT ?4"
);

/// The nearest messages after the cut, oldest first.
const NEWER: &str = select_message!(
    "WHERE m.conversation = ?1 AND (m.sent_at, m.id) >= (?2, ?3) AND m.kind <> 14
    ORDER BY m.sent_at, m.id LIMIT ?4"
);

fn read(db: &Connection, select: &str, conversation: i64, cut: Cut, limit: u32) -> Result<Vec<Message>> {
    let values = (conversation, cut.sent_at, cut.id.as_slice(), limit);
    db.prepare_cached(select)?.query_map(values, message)?.collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::store::testing::{Fixture, at, direct, id, said, user};

    /// What a page should be, from all keys in order.
    fn model(keys: &[MessageKey], at: PageAt, limit: usize) -> (Vec<MessageKey>, bool, bool) {
        let len = keys.len();
        let less = |key: MessageKey| keys.partition_point(|k| *k < key);
        let window = match at {
            PageAt::Newest => len.saturating_sub(limit)..len,
            PageAt::Oldest => 0..limit.min(len),
            PageAt::Before(key) => less(key).saturating_sub(limit)..less(key),
            PageAt::After(key) => {
                let start = keys.partition_point(|k| *k <= key);
                start..(start + limit).min(len)
            }
            PageAt::Around(key) => {
                let start = less(key).saturating_sub(limit / 2).min(len.saturating_sub(limit));
                start..(start + limit).min(len)
            }
        };
        (keys[window.clone()].to_vec(), window.start > 0, window.end < len)
    }

    fn places() -> impl Strategy<Value = PageAt> {
        // Few times and few ids: ties, keys of messages and keys between them.
        let ids = prop_oneof![(0u128..64).prop_map(id), Just(id(0)), Just(id(u128::MAX))];
        let key = (0i64..7, ids).prop_map(|(ms, id)| MessageKey { sent_at: at(ms), id });
        prop_oneof![
            Just(PageAt::Newest),
            Just(PageAt::Oldest),
            key.clone().prop_map(PageAt::Before),
            key.clone().prop_map(PageAt::After),
            key.prop_map(PageAt::Around),
        ]
    }

    #[test]
    fn every_page_is_what_sorting_all_messages_would_give() {
        let f = Fixture::new();
        let case = Cell::new(0u128);
        let sent = prop::collection::vec(0i64..6, 0..24);
        let questions = prop::collection::vec((places(), 1usize..9), 1..12);
        let law = |(sent, questions): (Vec<i64>, Vec<(PageAt, usize)>)| {
            // A conversation for each case, with ids of its own below the common ones.
            case.set(case.get() + 1);
            let name = format!("u{}", case.get());
            let number = |n: u128| (n << 32) + case.get();
            let messages: Vec<_> = (0..)
                .zip(&sent)
                .map(|(n, ms)| {
                    let sender = user(&format!("s{n}"));
                    Message { sender, ..said(number(n), &name, *ms, "x") }
                })
                .collect();
            f.receive(&messages);
            let mut keys: Vec<_> = messages.iter().map(Message::key).collect();
            keys.sort();
            let scaled = |key: MessageKey| {
                let n = u128::from_be_bytes(*key.id.as_bytes());
                let id = if n < 64 { id(number(n)) } else { key.id };
                MessageKey { id, ..key }
            };
            for (place, limit) in questions {
                let place = match place {
                    PageAt::Before(key) => PageAt::Before(scaled(key)),
                    PageAt::After(key) => PageAt::After(scaled(key)),
                    PageAt::Around(key) => PageAt::Around(scaled(key)),
                    end => end,
                };
                let page = f.wait(f.store.page(direct(&name), place, limit)).unwrap();
                let found: Vec<_> = page.messages.iter().map(Message::key).collect();
                let expected = model(&keys, place, limit);
                prop_assert_eq!((found, page.more_before, page.more_after), expected, "{:?}", place);
            }
            Ok(())
        };
        TestRunner::default().run(&(sent, questions), law).unwrap();
    }

    #[test]
    fn pages_are_bounded_and_of_one_conversation() {
        let f = Fixture::new();
        let unknown = f.wait(f.store.page(direct("bob"), PageAt::Newest, 10)).unwrap();
        assert_eq!(unknown, Page::default());
        let many: Vec<_> = (0..700).map(|n| said(n, "bob", 5, "x")).collect();
        f.receive(&many);
        f.receive(&[said(1_000, "ann", 5, "not for bob's page")]);
        let page = |limit| f.wait(f.store.page(direct("bob"), PageAt::Newest, limit)).unwrap();
        assert_eq!(page(usize::MAX).messages, many[200..]);
        assert_eq!(page(0).messages, many[699..]);
    }

    #[test]
    fn no_page_is_found_by_walking_over_messages() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "x")]);
        let db = f.connection();
        for select in [OLDER, NEWER] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {select}")).unwrap();
            let steps = plan.query_map((1, 1, id(0), 1), |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert_eq!(steps.len(), 3, "look-ups and no sorting: {steps:?}");
            let by_key = "INDEX message_page (conversation=? AND (sent_at,id)";
            assert!(steps.iter().any(|step| step.contains(by_key)), "{steps:?}");
        }
    }
}
