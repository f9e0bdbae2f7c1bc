//! Messages that disappear: how long they live in each conversation, and what is taken out when one is over.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::{Deserialize, Serialize};

use super::row::Conversation;
use super::value::limits;
use super::{Error, Store, search};
use crate::domain::{
    Body, ConversationId, Lifetime, Message, MessageId, MessageKey, MessageText, Summary, Timestamp,
    UserName,
};

/// How long messages live in a conversation with a person, as somebody set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLifetime {
    /// In which.
    pub conversation: ConversationId,
    /// How long; `None`: they stay.
    pub lifetime: Option<Lifetime>,
    /// When that was set, by the clock of who did.
    pub at: Timestamp,
    /// The letter that told it.
    pub letter: MessageId,
}

/// What was over, and is here no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The messages.
    pub gone: Vec<(ConversationId, MessageId)>,
    /// How many messages of ours were not delivered to everybody, by conversation.
    pub undelivered: BTreeMap<ConversationId, u32>,
    /// The letters that left the outbox.
    pub letters: Vec<MessageId>,
    /// The conversations that lost something.
    pub summaries: Vec<Summary>,
    /// When the next is over; it may be over by now.
    pub next: Option<Timestamp>,
}

impl ToSql for Lifetime {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.seconds().into())
    }
}

impl FromSql for Lifetime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let seconds = u32::column_result(value)?;
        Self::new(seconds).map_err(FromSqlError::other)
    }
}

impl Store {
    /// Takes out what is over by now, at most [`limits::ROWS`] messages: messages with what was done with them and
    /// what is indexed of them, and letters that are still to be delivered. On the disk it is overwritten.
    pub async fn expire(&self, now: Timestamp) -> std::result::Result<Expired, Error> {
        self.ask("take out what is over", move |db| expire(db, now)).await
    }

    /// How long messages live in conversations with people.
    pub async fn lifetimes(&self) -> std::result::Result<Vec<StoredLifetime>, Error> {
        self.ask("read how long messages live", |db| all(db)).await
    }

    /// Takes in how long messages live in a conversation, unless it was set otherwise later.
    pub async fn restore_lifetime(&self, lifetime: StoredLifetime) -> std::result::Result<(), Error> {
        self.ask("store how long messages live", move |db| save(db, &lifetime)).await
    }
}

/// Takes in what a message says of how long others live, which was told at this time.
pub(super) fn note(db: &Connection, message: &Message, at: Timestamp) -> Result<()> {
    let Body::Lifetime(lifetime) = message.body else { return Ok(()) };
    let (conversation, letter) = (message.conversation.clone(), message.id);
    save(db, &StoredLifetime { conversation, lifetime, at, letter })
}

fn save(db: &Connection, set: &StoredLifetime) -> Result<()> {
    let save = "INSERT INTO lifetime (party, seconds, at, letter) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET seconds = excluded.seconds, at = excluded.at, letter = excluded.letter
            WHERE (excluded.at, excluded.letter) > (at, letter)";
    let values = params![set.conversation, set.lifetime, set.at, set.letter];
    db.prepare_cached(save)?.execute(values).map(drop)
}

pub(super) fn all(db: &Connection) -> Result<Vec<StoredLifetime>> {
    let mut all = db.prepare_cached("SELECT party, seconds, at, letter FROM lifetime")?;
    let read = |row: &Row<'_>| {
        Ok(StoredLifetime {
            conversation: row.get(0)?,
            lifetime: row.get(1)?,
            at: row.get(2)?,
            letter: row.get(3)?,
        })
    };
    all.query_map([], read)?.collect()
}

/// A message that is over.
struct Over {
    arrival: i64,
    id: MessageId,
    conversation: i64,
    /// Of a text alone it is indexed.
    text: Option<String>,
    edit: Option<MessageId>,
    party: ConversationId,
    is_ours: bool,
}

/// A clock that was ahead when messages came and is not any more prolongs no life: they came now.
pub(super) fn mend(db: &Connection, now: Timestamp) -> Result<()> {
    let mend = "UPDATE message SET ends_at = ?1 + (ends_at - received_at), received_at = ?1
        WHERE ends_at IS NOT NULL AND received_at > ?1";
    db.prepare_cached(mend)?.execute([now]).map(drop)
}

pub(super) fn expire(db: &mut Connection, now: Timestamp) -> Result<Expired> {
    let transaction = db.transaction()?;
    let mut expired = Expired::default();
    let mut conversations = BTreeSet::new();
    for over in over(&transaction, now)? {
        take_out(&transaction, &over, &mut expired)?;
        conversations.insert(over.conversation);
        expired.gone.push((over.party, over.id));
    }
    let waiting = "DELETE FROM outbox WHERE ends_at <= ?1 RETURNING letter";
    let mut waiting = transaction.prepare_cached(waiting)?;
    let letters = waiting.query_map([now], |row| row.get(0))?.collect::<Result<Vec<MessageId>>>()?;
    drop(waiting);
    for letter in letters {
        let notice = "DELETE FROM recipient WHERE letter = ?1
            AND NOT EXISTS (SELECT 1 FROM message WHERE id = ?1 OR edit = ?1)";
        transaction.prepare_cached(notice)?.execute([letter])?;
        expired.letters.push(letter);
    }
    // What was done with a message that is here goes with it.
    let altered = "DELETE FROM alteration WHERE ends_at <= ?1
        AND NOT EXISTS (SELECT 1 FROM message WHERE id = alteration.message)";
    let altered = transaction.prepare_cached(altered)?.execute([now])?;
    for conversation in conversations {
        expired.summaries.push(recount(&transaction, conversation)?);
    }
    expired.next = next(&transaction)?;
    transaction.commit()?;
    if altered > 0 || !expired.gone.is_empty() || !expired.letters.is_empty() {
        // What was is still in the log, until that is written over.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(expired)
}

fn over(db: &Connection, now: Timestamp) -> Result<Vec<Over>> {
    let over = "SELECT m.arrival, m.id, m.conversation, iif(m.kind = 0, m.text, NULL), m.edit, c.party,
            m.delivery IS NOT NULL
        FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE m.ends_at <= ?1 ORDER BY m.ends_at LIMIT ?2";
    let read = |row: &Row<'_>| {
        Ok(Over {
            arrival: row.get(0)?,
            id: row.get(1)?,
            conversation: row.get(2)?,
            text: row.get(3)?,
            edit: row.get(4)?,
            party: row.get(5)?,
            is_ours: row.get(6)?,
        })
    };
    db.prepare_cached(over)?.query_map((now, limits::ROWS), read)?.collect()
}

/// Takes out a message, and all that there is about it.
fn take_out(db: &Connection, over: &Over, expired: &mut Expired) -> Result<()> {
    if let Some(text) = over.text.as_ref().and_then(|text| MessageText::new(text).ok()) {
        search::forget(db, over.arrival, over.conversation, &text)?;
    }
    let undelivered = "SELECT 1 FROM outbox o JOIN recipient r ON r.letter = o.letter
        WHERE o.letter IN (?1, ?2) AND r.departed = 0 AND r.delivery IN (1, 2)";
    if over.is_ours && db.prepare_cached(undelivered)?.exists((over.id, over.edit))? {
        *expired.undelivered.entry(over.party.clone()).or_default() += 1;
    }
    // What somebody else calls their letters says nothing of ours.
    for letter in [Some(over.id), over.edit].into_iter().flatten().filter(|_| over.is_ours) {
        if db.prepare_cached("DELETE FROM outbox WHERE letter = ?1")?.execute([letter])? > 0 {
            expired.letters.push(letter);
        }
        db.prepare_cached("DELETE FROM recipient WHERE letter = ?1")?.execute([letter])?;
    }
    db.prepare_cached("DELETE FROM alteration WHERE message = ?1")?.execute([over.id])?;
    db.prepare_cached("DELETE FROM message WHERE arrival = ?1")?.execute([over.arrival])?;
    Ok(())
}

/// Brings up to date what a list shows of a conversation that lost messages.
fn recount(db: &Connection, row: i64) -> Result<Summary> {
    let find = "SELECT id, unread, first_unread_at, first_unread_id, last_at, last_id, last_sender,
            stamp, party
        FROM conversation WHERE id = ?1";
    let (mut conversation, party): (Conversation, ConversationId) =
        db.prepare_cached(find)?.query_row([row], |row| Ok((Conversation::read(row)?, row.get(8)?)))?;
    if let Some(first) = conversation.first_unread {
        let rest = "SELECT sent_at, id FROM message
            WHERE conversation = ?1 AND (sent_at, id) >= (?2, ?3) AND delivery IS NULL AND kind IN (0, 5)
            ORDER BY sent_at, id LIMIT ?4";
        let values = params![row, first.sent_at, first.id, conversation.unread];
        let mut rest = db.prepare_cached(rest)?;
        let rest =
            rest.query_map(values, |row| Ok(MessageKey { sent_at: row.get(0)?, id: row.get(1)? }))?;
        let rest: Vec<MessageKey> = rest.collect::<Result<_>>()?;
        conversation.unread = u32::try_from(rest.len()).unwrap_or(conversation.unread);
        conversation.first_unread = rest.first().copied();
    }
    let last = "SELECT sent_at, id, sender FROM message WHERE conversation = ?1 AND kind <> 14
        ORDER BY sent_at DESC, id DESC LIMIT 1";
    let last = db.prepare_cached(last)?.query_row([row], |row| {
        let key = MessageKey { sent_at: row.get(0)?, id: row.get(1)? };
        Ok((key, row.get::<_, UserName>(2)?))
    });
    conversation.last = last.optional()?;
    let save = "UPDATE conversation SET unread = ?2, first_unread_at = ?3, first_unread_id = ?4,
            last_at = ?5, last_id = ?6, last_sender = ?7
        WHERE id = ?1";
    let (first, last) = (conversation.first_unread, conversation.last.as_ref());
    db.prepare_cached(save)?.execute(params![
        row,
        conversation.unread,
        first.map(|key| key.sent_at),
        first.map(|key| key.id),
        last.map(|(key, _)| key.sent_at),
        last.map(|(key, _)| key.id),
        last.map(|(_, sender)| sender),
    ])?;
    Ok(conversation.summary(party))
}

/// When the next thing is over.
pub(super) fn next(db: &Connection) -> Result<Option<Timestamp>> {
    let next = "SELECT min(ends_at) FROM (
        SELECT min(ends_at) AS ends_at FROM message WHERE ends_at IS NOT NULL
        UNION ALL SELECT min(ends_at) FROM outbox WHERE ends_at IS NOT NULL
        UNION ALL SELECT min(a.ends_at) FROM alteration a WHERE a.ends_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM message WHERE id = a.message))";
    db.prepare_cached(next)?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Alteration, Delivery, FindAt, PageAt, Reaction, Reply};
    use crate::store::testing::{Fixture, at, direct, draft, id, ours, said, user};
    use crate::store::{Altered, Draft, Incoming};

    fn over_at(ms: i64, message: Message) -> Message {
        Message { received_at: at(5), ends_at: Some(at(ms)), ..message }
    }

    fn expire(f: &Fixture, ms: i64) -> Expired {
        f.wait(f.store.expire(at(ms))).unwrap()
    }

    fn left(f: &Fixture) -> Vec<MessageId> {
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 50)).unwrap();
        page.messages.iter().map(|message| message.id).collect()
    }

    fn altered(letter: u128, of: u128, ends_at: Option<Timestamp>, change: Alteration) -> Incoming {
        let altered = Altered {
            conversation: direct("bob"),
            of: id(of),
            author: user("bob"),
            at: at(6),
            letter: id(letter),
            change,
            ends_at,
        };
        Incoming::Altered { altered, recipients: Vec::new() }
    }

    /// How often these bytes stand in what is kept: rows, and the pages of the index.
    fn traces(f: &Fixture, word: &str) -> i64 {
        let db = f.connection();
        let count = |sql: &str| db.query_row(sql, [word], |row| row.get::<_, i64>(0)).unwrap();
        let text = |table: &str, column: &str| {
            count(&format!(
                "SELECT count(*) FROM {table} WHERE instr(CAST({column} AS BLOB), CAST(?1 AS BLOB))"
            ))
        };
        text("message", "text")
            + text("alteration", "value")
            + text("outbox", "clear")
            + text("message_search_data", "block")
    }

    #[test]
    fn what_is_over_leaves_nothing_behind() {
        let f = Fixture::new();
        f.receive(&[over_at(1_000, said(1, "bob", 5, "harpsichord")), said(2, "bob", 6, "it stays")]);
        let reply = Some(Reply::to(id(1)));
        f.receive(&[Message { reply, ..said(3, "bob", 7, "indeed") }]);
        let sign = Alteration::React(Some(Reaction::new("👍").unwrap()));
        let edit = Alteration::Edit(MessageText::new("theremin").unwrap());
        let changes = vec![altered(21, 1, None, sign), altered(22, 1, Some(at(2_000)), edit)];
        f.wait(f.store.receive(changes)).unwrap();
        f.wait(f.store.star(id(1), true)).unwrap();
        assert!(traces(&f, "theremin") >= 3);

        let early = expire(&f, 999);
        assert_eq!((early.gone.len(), early.next), (0, Some(at(1_000))));
        let expired = expire(&f, 1_000);
        assert_eq!(expired.gone, [(direct("bob"), id(1))]);
        assert_eq!((expired.summaries[0].unread, expired.next), (2, None));
        assert_eq!(expired.summaries[0].first_unread.unwrap().id, id(2));
        for word in ["theremin", "harpsichord", "👍"] {
            assert_eq!(traces(&f, word), 0, "{word}");
        }
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 9)).unwrap().messages;
        assert_eq!(page.iter().map(|m| m.id).collect::<Vec<_>>(), [id(2), id(3)]);
        assert_eq!(page[1].reply.clone().unwrap().quote, None);
        assert_eq!(f.wait(f.store.marked(None, 9)).unwrap(), []);
        let found = f.wait(f.store.search("theremin", None, FindAt::Newest, 9)).unwrap();
        assert_eq!(found.messages, []);
        assert_eq!(expire(&f, 1_000), Expired { ..Expired::default() });
    }

    #[test]
    fn words_leave_the_index_of_many_as_well() {
        let f = Fixture::new();
        let many = (0..600).map(|n| over_at(1_000 + n, said(1 + n as u128, "bob", 5, "theremin")));
        f.receive(&many.collect::<Vec<_>>());
        assert_eq!(expire(&f, 1_399).gone.len(), 400);
        assert!(traces(&f, "theremin") > 0);
        let expired = expire(&f, 9_000);
        assert_eq!((expired.gone.len(), expired.next), (200, None));
        assert_eq!((expired.summaries[0].unread, &expired.summaries[0].last), (0, &None));
        assert_eq!((traces(&f, "theremin"), left(&f)), (0, vec![]));
        f.receive(&[said(9_999, "bob", 5, "theremin")]);
        let found = f.wait(f.store.search("theremin", None, FindAt::Newest, 9)).unwrap();
        assert_eq!(found.messages.len(), 1, "the index is sound");
    }

    #[test]
    fn no_more_than_so_many_at_once() {
        let f = Fixture::new();
        let many = (0..700).map(|n| over_at(1_000, said(1 + n, "bob", 5, "x")));
        f.receive(&many.collect::<Vec<_>>());
        let first = expire(&f, 2_000);
        assert_eq!((first.gone.len(), first.next), (limits::ROWS as usize, Some(at(1_000))));
        assert_eq!(expire(&f, 2_000).gone.len(), 200);
    }

    #[test]
    fn what_waits_beyond_its_life_is_taken_out_and_told() {
        let mut f = Fixture::new();
        let letter = |n| Draft {
            recipients: vec![user("bob")],
            ends_at: Some(at(1_000)),
            ..draft("theremin", n)
        };
        let message = over_at(1_000, ours(1, "bob", 5, "theremin"));
        // With what tells our other devices, which is a letter of its own.
        let copy = Draft { recipients: vec![], ends_at: Some(at(1_000)), ..draft("theremin", 8) };
        f.wait(f.store.queue(Some(message), vec![copy, letter(1)], None, vec![])).unwrap();
        f.restart();
        let expired = expire(&f, 1_000);
        assert_eq!(expired.undelivered, BTreeMap::from([(direct("bob"), 1)]));
        let mut letters = expired.letters;
        letters.sort();
        assert_eq!((letters, traces(&f, "theremin")), (vec![id(1), id(8)], 0));
        assert_eq!(f.wait(f.store.waiting(9)).unwrap().1, 0);
        assert_eq!(f.wait(f.store.tracked(id(1))).unwrap(), None);

        // What arrived is over in silence.
        let message = over_at(2_000, ours(2, "bob", 5, "x"));
        let rows = f.wait(f.store.queue(Some(message), vec![letter(2)], None, vec![])).unwrap().rows;
        f.wait(f.store.taken(rows)).unwrap();
        let receipt = Incoming::Receipt {
            member: user("bob"),
            delivery: Delivery::Delivered,
            at: at(9),
            letters: vec![id(2)],
        };
        f.wait(f.store.receive(vec![receipt])).unwrap();
        let expired = expire(&f, 2_000);
        assert_eq!((expired.gone.len(), expired.undelivered.len()), (1, 0));
    }

    #[test]
    fn what_others_call_their_letters_takes_none_of_ours_away() {
        let f = Fixture::new();
        let letter = Draft { recipients: vec![user("carol")], ..draft("inbox", 1) };
        f.wait(f.store.queue(Some(ours(1, "carol", 5, "it waits")), vec![letter], None, vec![]))
            .unwrap();
        f.receive(&[over_at(500, said(2, "bob", 6, "x"))]);
        // The letter of his edit is called as ours is.
        let edit = Alteration::Edit(MessageText::new("y").unwrap());
        let edit = match altered(1, 2, Some(at(500)), edit) {
            Incoming::Altered { altered, recipients } => {
                Incoming::Altered { altered: Altered { letter: id(1), ..altered }, recipients }
            }
            other => other,
        };
        f.wait(f.store.receive(vec![edit])).unwrap();
        assert_eq!(expire(&f, 500).gone.len(), 1);
        assert_eq!(f.wait(f.store.waiting(9)).unwrap().1, 1);
        assert_eq!(f.wait(f.store.tracked(id(1))).unwrap().unwrap().recipients.len(), 1);
    }

    #[test]
    fn what_was_done_with_what_never_came_ends_too() {
        let f = Fixture::new();
        let edit = Alteration::Edit(MessageText::new("theremin").unwrap());
        f.wait(f.store.receive(vec![altered(21, 1, Some(at(500)), edit)])).unwrap();
        assert_eq!(expire(&f, 499).next, Some(at(500)));
        assert_eq!((expire(&f, 500).next, traces(&f, "theremin")), (None, 0));
    }

    #[test]
    fn a_clock_that_was_ahead_prolongs_no_life() {
        let f = Fixture::new();
        let ahead = Message { received_at: at(900_000), ..over_at(900_100, said(1, "bob", 5, "x")) };
        f.receive(&[ahead, over_at(2_000, said(2, "bob", 5, "y"))]);
        mend(&f.connection(), at(1_000)).unwrap();
        assert_eq!(expire(&f, 1_000).next, Some(at(1_100)));
        mend(&f.connection(), at(1_050)).unwrap();
        assert_eq!(expire(&f, 1_100).gone, [(direct("bob"), id(1))]);
        assert_eq!(expire(&f, 2_000).gone, [(direct("bob"), id(2))]);
    }

    #[test]
    fn what_was_set_last_counts_in_any_order() {
        let lives = [Some(Lifetime::LEAST), None, Some(Lifetime::MOST)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let mut f = Fixture::new();
            for n in order {
                // The last two at the same time: then by the letter.
                let (number, ms) = (u128::from(n as u8) + 1, [5, 9, 9][n]);
                let body = Body::Lifetime(lives[n]);
                let by = ["bob", "me", "bob"][n];
                let event = Message { body, sender: user(by), ..said(number, "bob", ms, "x") };
                f.receive(&[event]);
            }
            f.restart();
            let known = f.wait(f.store.load()).unwrap().lifetimes;
            let [known] = &known[..] else { panic!("one") };
            assert_eq!((known.lifetime, known.letter), (Some(Lifetime::MOST), id(3)), "{order:?}");
            let older = StoredLifetime { lifetime: None, at: at(8), ..known.clone() };
            f.wait(f.store.restore_lifetime(older)).unwrap();
            assert_eq!(f.wait(f.store.lifetimes()).unwrap(), std::slice::from_ref(known));
            assert_eq!(expire(&f, i64::MAX).gone, [], "what is told of it stays");
        }
    }

    #[test]
    fn what_is_deleted_is_written_over() {
        let f = Fixture::new();
        let on: i64 =
            f.connection().pragma_query_value(None, "secure_delete", |row| row.get(0)).unwrap();
        assert_eq!(on, 1);
    }
}
