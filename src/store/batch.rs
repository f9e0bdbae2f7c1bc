//! Messages go in, within a transaction of the caller's: de-duplicated, indexed, counted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};

use super::alterations::{self, Effect};
use super::place::Voices;
use super::row::{Conversation, body_columns, from_bits, to_json};
use super::value::{Incoming, Received, Thread};
use super::{
    delivery, gaps, lifetimes, outbox, people, quarantine, rooms, sealed, search, secrets, seen,
};
use crate::domain::{
    Body, ConversationId, Delivery, Message, MessageId, MessageKey, Summary, Timestamp, limits,
};

/// Stores all of it in one transaction.
pub(super) fn receive(db: &mut Connection, incoming: Vec<Incoming>) -> Result<Received> {
    let transaction = db.transaction()?;
    let mut batch = Batch::new(&transaction);
    let mut received = Received::default();
    for item in incoming {
        match item {
            Incoming::Message(mut message) => match batch.add(&mut message)? {
                Added::Fresh => received.fresh.push(message),
                Added::Seen => received.seen_before.push((message.sender, message.id)),
                Added::Known => {}
            },
            Incoming::Said { mut message, recipients } => {
                if let Added::Fresh = batch.add(&mut message)? {
                    delivery::expect(&transaction, message.id, &recipients, Delivery::Sent)?;
                    received.fresh.push(message);
                }
            }
            Incoming::Altered { altered, recipients } => {
                if altered.change.moves_ticks() {
                    delivery::expect(&transaction, altered.letter, &recipients, Delivery::Sent)?;
                }
                match alterations::apply(&transaction, &altered)? {
                    Effect::Changed(message) => {
                        received.altered.push(*message);
                        received.progress.extend(delivery::settle(&transaction, altered.letter)?);
                    }
                    Effect::Nothing => {}
                    Effect::Known => received.seen_before.extend(seen::edit(&transaction, altered)?),
                }
            }
            Incoming::Overheard(overheard) => {
                received.fresh.extend(rooms::overhear(&transaction, &mut batch, overheard)?);
            }
            Incoming::Group(group) => people::save_group(&transaction, &group)?,
            Incoming::Heard(heard) => received.gaps |= gaps::hear(&transaction, &heard)?,
            Incoming::Receipt { member, delivery, at, letters } => {
                for letter in letters {
                    let moved = delivery::advance(&transaction, letter, &member, delivery, at)?;
                    received.progress.extend(moved);
                }
            }
            Incoming::Members { group, members } => {
                received.progress.extend(delivery::members(&transaction, group, &members)?);
            }
            Incoming::NoGroup(group) => people::forget_group(&transaction, group)?,
            Incoming::PutOut(group) => {
                received.progress.extend(delivery::put_out(&transaction, group)?);
            }
            Incoming::Answer(draft) => {
                outbox::insert(&transaction, &draft)?;
            }
            Incoming::Opened(opened) => sealed::open(&transaction, &opened, &mut received)?,
            Incoming::Used { tag, sender, device } => {
                sealed::used(&transaction, &tag, sender, device, &mut received)?;
            }
            Incoming::Sealed { sender, device, topic, payload } => {
                if sealed::keep(&transaction, &sender, &topic, &payload)? {
                    received.lost.push((sender, device));
                }
            }
            Incoming::Unsealed(seq) => sealed::forget(&transaction, seq)?,
            Incoming::Secret(secret) => secrets::save(&transaction, &[secret])?,
            Incoming::Quarantine { topic, payload, reason, at } => {
                quarantine::keep(&transaction, &topic, &payload, &reason, at)?;
            }
        }
    }
    rooms::prune(&transaction, &mut batch)?;
    received.summaries = batch.finish()?;
    delivery::as_it_ended(&transaction, &mut received)?;
    transaction.commit()?;
    Ok(received)
}

/// What became of a message that was to be stored.
pub(super) enum Added {
    /// It was not known before.
    Fresh,
    /// It was known, in whatever conversation.
    Known,
    /// It was known, and had been on the screen.
    Seen,
}

/// What is here already under the id of a message.
#[derive(PartialEq)]
enum Known {
    /// The same, and it has been on the screen.
    Seen,
    /// The same.
    Unseen,
    /// Something that another wrote: whoever sees an id can write it on a message of theirs.
    Foreign,
}

fn known(db: &Connection, message: &Message) -> Result<Option<Known>> {
    let known = "SELECT sender = ?2, unseen = 0 AND delivery IS NULL FROM message WHERE id = ?1";
    let known = db.prepare_cached(known)?.query_row((message.id, &message.sender), |row| {
        Ok(match (row.get(0)?, row.get(1)?) {
            (false, _) => Known::Foreign,
            (true, true) => Known::Seen,
            (true, false) => Known::Unseen,
        })
    });
    known.optional()
}

/// Messages that are stored together. The conversations' rows are read once and written once.
pub(super) struct Batch<'db> {
    db: &'db Connection,
    changed: BTreeMap<ConversationId, Conversation>,
    voices: Voices,
}

impl<'db> Batch<'db> {
    pub(super) fn new(db: &'db Connection) -> Self {
        Self { db, changed: BTreeMap::new(), voices: Voices::default() }
    }

    /// Stores a message, unless its id is known already, and gives it its place.
    pub(super) fn add(&mut self, message: &mut Message) -> Result<Added> {
        let mut known = known(self.db, message)?;
        if known == Some(Known::Foreign) {
            message.id = message.id.apart(&message.sender);
            known = self::known(self.db, message)?;
        }
        match known {
            Some(Known::Seen) => return Ok(Added::Seen),
            Some(_) => return Ok(Added::Known),
            None => {}
        }
        let told_at = told_at(message);
        let conversation = conversation_of(&mut self.changed, self.db, message)?;
        self.voices.place(self.db, conversation, message)?;
        insert(self.db, conversation, message)?;
        lifetimes::note(self.db, message, told_at)?;
        // What was done with it may have come before it, and what it answers is looked up here.
        let is_altered = alterations::is_altered(self.db, message.id)?;
        let altered = if is_altered { alterations::settle(self.db, message.id)? } else { None };
        let looked_up = match altered {
            None if message.reply.is_some() => alterations::find(self.db, message.id)?,
            altered => altered,
        };
        if let Some(looked_up) = looked_up {
            *message = looked_up;
        }
        Ok(Added::Fresh)
    }

    /// Stores a message in the place that it had elsewhere, unless its id is known already.
    pub(super) fn restore(&mut self, message: &Message) -> Result<bool> {
        if known(self.db, message)?.is_some() {
            return Ok(false);
        }
        let conversation = conversation_of(&mut self.changed, self.db, message)?;
        insert(self.db, conversation, message)?;
        Ok(true)
    }

    /// The open rooms that got a message.
    pub(super) fn rooms(&mut self) -> impl Iterator<Item = &mut Conversation> {
        let is_room = |party: &ConversationId| matches!(party, ConversationId::Room(_));
        self.changed.iter_mut().filter(move |(party, _)| is_room(party)).map(|(_, row)| row)
    }

    /// Writes the conversations that got a message, and says what a list shows of them now.
    pub(super) fn finish(self) -> Result<Vec<Summary>> {
        let save = "UPDATE conversation
            SET unread = ?2, first_unread_at = ?3, first_unread_id = ?4,
                last_at = ?5, last_id = ?6, last_sender = ?7, stamp = ?8
            WHERE id = ?1";
        let mut save = self.db.prepare_cached(save)?;
        let mut summaries = Vec::with_capacity(self.changed.len());
        for (party, conversation) in self.changed {
            let first = conversation.first_unread;
            let last = conversation.last.as_ref();
            save.execute(params![
                conversation.row,
                conversation.unread,
                first.map(|key| key.sent_at),
                first.map(|key| key.id),
                last.map(|(key, _)| key.sent_at),
                last.map(|(key, _)| key.id),
                last.map(|(_, sender)| sender),
                conversation.stamp,
            ])?;
            summaries.push(conversation.summary(party));
        }
        Ok(summaries)
    }
}

/// When a message was said, as far as that is believed.
fn told_at(message: &Message) -> Timestamp {
    message.sent_at.min(message.received_at.plus(limits::AHEAD))
}

/// Writes a message that is new here, and counts it.
fn insert(db: &Connection, conversation: &mut Conversation, message: &Message) -> Result<()> {
    let (kind, text) = body_columns(&message.body);
    let insert = "INSERT INTO message
            (id, conversation, sender, sent_at, received_at, kind, text, delivery, late, unseen, reply,
            forwarded, starred, file, poll, ends_at)
        VALUES (:id, :conversation, :sender, :sent_at, :received_at, :kind, :text, :delivery,
            :late, :unseen, :reply, :forwarded, :starred, :file, :poll, :ends_at)";
    let arrival = db.prepare_cached(insert)?.insert(named_params! {
        ":id": message.id,
        ":conversation": conversation.row,
        ":sender": message.sender,
        ":sent_at": message.sent_at,
        ":received_at": message.received_at,
        ":kind": kind,
        ":text": text,
        ":delivery": message.delivery,
        ":late": message.late,
        ":unseen": message.unseen,
        ":reply": message.reply.as_ref().map(|reply| reply.to),
        ":forwarded": message.forwarded,
        ":starred": message.marks.starred,
        ":file": message.file.as_ref().map(to_json).transpose()?,
        ":poll": message.poll.as_ref().map(to_json).transpose()?,
        ":ends_at": message.ends_at,
    })?;
    if let Body::Text(text) = &message.body {
        search::index(db, arrival, conversation.row, text)?;
    }
    count(conversation, message);
    Ok(())
}

/// The conversation of a message that goes into it: as it stands in `changed`, or else in its row.
fn conversation_of<'a>(
    changed: &'a mut BTreeMap<ConversationId, Conversation>,
    db: &Connection,
    message: &Message,
) -> Result<&'a mut Conversation> {
    let conversation = match changed.entry(message.conversation.clone()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let conversation = open(db, entry.key())?;
            entry.insert(conversation)
        }
    };
    conversation.stamp = conversation.stamp.max(told_at(message));
    Ok(conversation)
}

/// Counts a message that is new here. It may be older than what is here, by its sender's clock.
fn count(conversation: &mut Conversation, message: &Message) {
    let key = message.key();
    if !message.is_ours() && message.body.counts_as_unread() {
        conversation.unread = conversation.unread.saturating_add(1);
        conversation.first_unread = Some(conversation.first_unread.map_or(key, |first| first.min(key)));
    }
    if conversation.last.as_ref().is_none_or(|(last, _)| *last < key) {
        conversation.last = Some((key, message.sender.clone()));
    }
}

/// The row of a conversation, made if there is none.
fn open(db: &Connection, party: &ConversationId) -> Result<Conversation> {
    if let Some(conversation) = find(db, party)? {
        return Ok(conversation);
    }
    let row = db.prepare_cached("INSERT INTO conversation (party) VALUES (?1)")?.insert([party])?;
    Ok(Conversation { row, unread: 0, first_unread: None, last: None, stamp: Timestamp::EPOCH })
}

/// The row of a conversation, if there is one.
pub(super) fn find(db: &Connection, party: &ConversationId) -> Result<Option<Conversation>> {
    let find = "SELECT id, unread, first_unread_at, first_unread_id, last_at, last_id, last_sender,
            stamp
        FROM conversation WHERE party = ?1";
    db.prepare_cached(find)?.query_row([party], Conversation::read).optional()
}

/// Marks all that has arrived as read. `None` when nothing was unread.
pub(super) fn mark_read(db: &Connection, party: ConversationId) -> Result<Option<Summary>> {
    let mark = "UPDATE conversation
        SET unread = 0, first_unread_at = NULL, first_unread_id = NULL
        WHERE party = ?1 AND unread > 0
        RETURNING id, unread, first_unread_at, first_unread_id, last_at, last_id, last_sender, stamp";
    let conversation = db.prepare_cached(mark)?.query_row([&party], Conversation::read).optional()?;
    Ok(conversation.map(|c| c.summary(party)))
}

/// Marks all messages there as read that were written up to this time.
pub(super) fn mark_read_up_to(
    db: &Connection,
    party: ConversationId,
    at: Timestamp,
) -> Result<Option<Summary>> {
    let mut conversation = open(db, &party)?;
    let rest = "SELECT sent_at, id FROM message
        WHERE conversation = ?1 AND sent_at > ?2 AND delivery IS NULL AND kind IN (0, 5)
        ORDER BY sent_at, id LIMIT ?3";
    let most = conversation.unread;
    let rest: Vec<MessageKey> = db
        .prepare_cached(rest)?
        .query_map(params![conversation.row, at, most], |row| {
            Ok(MessageKey { sent_at: row.get(0)?, id: row.get(1)? })
        })?
        .collect::<Result<_>>()?;
    let unread = u32::try_from(rest.len()).unwrap_or(most);
    if unread >= most {
        return Ok(None);
    }
    conversation.unread = unread;
    conversation.first_unread = rest.first().copied();
    let mark = "UPDATE conversation SET unread = ?2, first_unread_at = ?3, first_unread_id = ?4
        WHERE id = ?1";
    let first = conversation.first_unread;
    db.prepare_cached(mark)?.execute(params![
        conversation.row,
        unread,
        first.map(|key| key.sent_at),
        first.map(|key| key.id),
    ])?;
    Ok(Some(conversation.summary(party)))
}

/// What the next letter of ours in each conversation has to follow.
pub(super) fn threads(db: &Connection) -> Result<Vec<(ConversationId, Thread)>> {
    let mut all = db.prepare_cached("SELECT party, stamp, number FROM conversation")?;
    let rows = all.query_map([], |row| {
        Ok((row.get(0)?, Thread { stamp: row.get(1)?, number: from_bits(row.get(2)?) }))
    })?;
    rows.collect()
}

/// What a list shows of all conversations.
pub(super) fn summaries(db: &Connection) -> Result<Vec<Summary>> {
    let all = "SELECT id, unread, first_unread_at, first_unread_id, last_at, last_id, last_sender,
            stamp, party
        FROM conversation";
    let mut all = db.prepare_cached(all)?;
    let rows = all.query_map([], |row| Ok(Conversation::read(row)?.summary(row.get(8)?)))?;
    rows.collect()
}

/// When the newest of our own messages was made, by its id.
pub(super) fn newest_own(db: &Connection) -> Result<Option<Timestamp>> {
    let newest = "SELECT max(id) FROM message WHERE delivery IS NOT NULL";
    let newest: Option<MessageId> = db.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    Ok(newest.and_then(|id| id.minted_at()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use crate::domain::{
        Delivery, GroupChange, GroupId, GroupName, JoinPolicy, Lifetime, MessageKey, Preview,
    };
    use crate::store::testing::{Fixture, at, direct, group, id, ours, said, user};

    use super::*;

    fn summary(unread: u32, first: Option<(i64, u128)>, last: (&str, i64)) -> Summary {
        Summary {
            conversation: direct("bob"),
            unread,
            first_unread: first.map(|(ms, n)| MessageKey { sent_at: at(ms), id: id(n) }),
            last: Some(Preview { sender: user(last.0), sent_at: at(last.1) }),
        }
    }

    #[test]
    fn a_message_is_stored_once_whatever_comes_with_it() {
        let f = Fixture::new();
        let (a, b) = (said(1, "bob", 10, "a"), said(2, "bob", 20, "b"));
        let first = f.receive(&[a.clone(), a.clone(), b.clone()]);
        assert_eq!(first.fresh, [a.clone(), b.clone()]);
        assert_eq!(first.summaries, [summary(2, Some((10, 1)), ("bob", 20))]);

        // The same ids again: in another batch, in other conversations, with another text.
        let elsewhere =
            Message { conversation: ConversationId::Group(GroupId::from_bits(1)), ..a.clone() };
        let again = f.receive(&[b.clone(), elsewhere]);
        assert_eq!(again, Received::default());
        f.wait(f.store.see(vec![b.id], Vec::new(), vec![])).unwrap();
        let again = f.receive(std::slice::from_ref(&b));
        assert_eq!(again.seen_before, [(user("bob"), b.id)], "its sender may not know");
        let known = f.wait(f.store.load()).unwrap().summaries;
        assert_eq!(known, first.summaries, "no empty conversation was made");

        let mixed = f.receive(&[a, said(3, "ann", 5, "c")]);
        assert_eq!((mixed.fresh.len(), mixed.summaries.len()), (1, 1));
    }

    #[test]
    fn nobody_takes_the_place_of_what_another_wrote() {
        let f = Fixture::new();
        // Eve reads the id of a message in a group, and is here first.
        let (forged, real) = (said(7 << 64, "eve", 10, "forged"), said(7 << 64, "bob", 10, "real"));
        assert_eq!(f.receive(std::slice::from_ref(&forged)).fresh.len(), 1);
        let fresh = f.receive(&[real.clone(), real.clone()]).fresh;
        assert_eq!((fresh.len(), &fresh[0].body), (1, &real.body));
        assert_eq!(fresh[0].id.as_bytes()[..8], real.id.as_bytes()[..8], "its time stays");
        assert_eq!(f.receive(&[real, forged]), Received::default());
        // Nor that of ours.
        f.receive(&[ours(8 << 64, "bob", 20, "mine")]);
        let theirs = f.receive(&[said(8 << 64, "bob", 20, "theirs")]).fresh;
        assert_eq!(theirs[0].delivery, None);
    }

    #[test]
    fn unread_marks_know_late_arrivals_events_and_our_own() {
        let mut f = Fixture::new();
        // Each by another sender: what one wrote stays in the order of its ids.
        let said = |n, by: &str, ms, text| {
            let sender = user(&format!("s{n}"));
            Message { sender, ..said(n, by, ms, text) }
        };
        let joined = Message { body: Body::Joined, ..said(1, "bob", 5, "x") };
        let only_event = f.receive(&[joined]).summaries;
        assert_eq!(only_event, [summary(0, None, ("s1", 5))]);

        let two = f.receive(&[said(2, "bob", 50, "x"), ours(3, "bob", 60, "y")]).summaries;
        assert_eq!(two, [summary(1, Some((50, 2)), ("me", 60))]);
        // Sent before, arrived after: the line moves up, the newest stays.
        let late = f.receive(&[said(4, "bob", 20, "late"), said(5, "bob", 30, "late")]).summaries;
        assert_eq!(late, [summary(3, Some((20, 4)), ("me", 60))]);
        let tie = f.receive(&[said(6, "bob", 60, "tie")]).summaries;
        assert_eq!(tie, [summary(4, Some((20, 4)), ("s6", 60))]);

        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().summaries, tie);
        let read = f.wait(f.store.mark_read(direct("bob"))).unwrap();
        assert_eq!(read, Some(summary(0, None, ("s6", 60))));
        assert_eq!(f.wait(f.store.mark_read(direct("bob"))).unwrap(), None);
        assert_eq!(f.wait(f.store.mark_read(direct("nobody"))).unwrap(), None);
        // As far as another device of ours has read.
        f.receive(&[said(8, "bob", 61, "x"), said(9, "bob", 62, "x"), said(10, "bob", 63, "x")]);
        let up_to = |ms| f.wait(f.store.mark_read_up_to(direct("bob"), at(ms))).unwrap();
        assert_eq!(up_to(60), None);
        assert_eq!(
            up_to(61).map(|s| (s.unread, s.first_unread)),
            Some((2, Some(MessageKey { sent_at: at(62), id: id(9) })))
        );
        assert_eq!(up_to(99).map(|s| (s.unread, s.first_unread)), Some((0, None)));
        assert_eq!(up_to(99), None);
        // What arrives after reading is unread, though it was sent before what was read.
        let old = f.receive(&[said(7, "bob", 1, "very late")]).summaries;
        assert_eq!(old, [summary(1, Some((1, 7)), ("s10", 63))]);
    }

    #[test]
    fn every_body_reads_back_and_the_newest_of_ours_is_known() {
        let f = Fixture::new();
        assert_eq!(f.wait(f.store.load()).unwrap().newest_own, None);
        let changes = [
            GroupChange::Invite(user("eve")),
            GroupChange::Remove(user("eve")),
            GroupChange::Rename(GroupName::new("a \"b\"").unwrap()),
            GroupChange::Promote(user("eve")),
            GroupChange::Demote(user("eve")),
            GroupChange::Policy(JoinPolicy::Open),
            GroupChange::Policy(JoinPolicy::Invite),
            GroupChange::Lifetime(Some(Lifetime::LEAST)),
            GroupChange::Lifetime(None),
        ];
        let lives = [Body::Lifetime(Some(Lifetime::MOST)), Body::Lifetime(None)];
        let bodies = [Body::Created, Body::Joined, Body::Left, Body::Unsupported];
        let bodies = bodies.into_iter().chain(lives);
        let bodies = bodies.chain(changes.map(Body::Changed));
        let mut all = vec![ours(1, "bob", 70, "mine"), ours(2, "bob", 90, "mine")];
        all.extend((10..).zip(bodies).map(|(n, body)| {
            let sent_at = 100 + i64::try_from(n).unwrap();
            Message { body, ..said(n, "bob", sent_at, "x") }
        }));
        f.receive(&all);
        let at_end = crate::domain::PageAt::Newest;
        let page = f.wait(f.store.page(direct("bob"), at_end, 50)).unwrap();
        assert_eq!(page.messages, all);
        assert_eq!(page.messages[0].delivery, Some(Delivery::Queued));
        let id = "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00".parse().unwrap();
        f.receive(&[Message { id, ..ours(3, "bob", 95, "mine") }]);
        let minted = f.wait(f.store.load()).unwrap().newest_own;
        assert_eq!(minted, Some(at(0x0193_5372_9d2b)));
    }

    #[test]
    fn a_batch_that_fails_leaves_nothing() {
        let f = Fixture::new();
        let mut db = f.connection();
        let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        db.pragma_update(None, "max_page_count", pages + 8).unwrap();
        let long = "word ".repeat(3_000);
        let mut batch = vec![Incoming::Group(group(1))];
        batch.extend((1..20).map(|n| Incoming::Message(said(n, "bob", 10, &long))));
        let full = receive(&mut db, batch).unwrap_err();
        let full = crate::store::Error::sqlite("store what came in", &f.path(), full);
        assert!(matches!(full, crate::store::Error::Full { .. }), "{full}");
        assert!(full.to_string().contains(f.path().to_str().unwrap()), "{full}");

        let left = f.wait(f.store.load()).unwrap();
        assert_eq!(left, crate::store::Snapshot::default());
        // There is room again for something small.
        assert_eq!(f.receive(&[said(1, "bob", 10, "short")]).fresh.len(), 1);
    }

    /// What a conversation's summary should be, counted from everything that was ever said in it.
    fn counted(said: &[(Message, bool)]) -> Option<Summary> {
        let unread = said.iter().filter(|(m, read)| !read && !m.is_ours() && m.body.counts_as_unread());
        let unread: Vec<MessageKey> = unread.map(|(m, _)| m.key()).collect();
        let newest = said.iter().map(|(m, _)| m).max_by_key(|m| m.key())?;
        Some(Summary {
            conversation: newest.conversation.clone(),
            unread: u32::try_from(unread.len()).unwrap(),
            first_unread: unread.iter().min().copied(),
            last: Some(newest.into()),
        })
    }

    #[test]
    fn kept_counts_are_what_counting_would_give() {
        let f = Fixture::new();
        let mut runner = TestRunner::new(Config::with_cases(64));
        let case = Cell::new(0u128);
        // A step is a batch of (id, time, ours, event); an empty one marks all as read.
        let step = prop::collection::vec((0u128..30, 0i64..8, any::<bool>(), any::<bool>()), 0..6);
        let law = |steps: Vec<Vec<(u128, i64, bool, bool)>>| {
            case.set(case.get() + 1);
            let name = format!("u{}", case.get());
            let mut all: Vec<(Message, bool)> = Vec::new();
            for step in steps {
                let messages = step.iter().map(|&(n, ms, is_ours, is_event)| {
                    let number = (case.get() << 32) + n;
                    let make = if is_ours { ours } else { said };
                    let body = if is_event { Body::Joined } else { Body::Unsupported };
                    let sender = user(&format!("s{n}"));
                    Message { body, sender, ..make(number, &name, ms, "x") }
                });
                let messages: Vec<Message> = messages.collect();
                for message in &messages {
                    if all.iter().all(|(known, _)| known.id != message.id) {
                        all.push((message.clone(), false));
                    }
                }
                if messages.is_empty() {
                    all.iter_mut().for_each(|(_, read)| *read = true);
                    f.wait(f.store.mark_read(direct(&name))).unwrap();
                } else {
                    f.receive(&messages);
                }
                let known = f.wait(f.store.load()).unwrap().summaries;
                let known = known.into_iter().find(|s| s.conversation == direct(&name));
                prop_assert_eq!(known, counted(&all));
            }
            Ok(())
        };
        runner.run(&prop::collection::vec(step, 1..8), law).unwrap();
    }
}
