//! What was done with messages after they were said.
//!
//! Of each kind by each author the newest is kept (of votes the last ones, of the end of a poll the first), whether the
//! message is here or not, and what a message comes to is made anew from all of them: so it is the same in whatever
//! order they came.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::row::{json, message, select_message, to_json};
use super::value::{Altered, Draft, Queued, Secret};
use super::votes::{Key, Votes};
use super::{Error, Store, outbox, search};
use crate::domain::{
    Alteration, Ballot, ConversationId, Message, MessageId, MessageText, Poll, Reaction, UserName,
};

const EDIT: i64 = 0;
const DELETE: i64 = 1;
const REACT: i64 = 2;
const PIN: i64 = 3;
const VOTE: i64 = 4;
const CLOSE: i64 = 5;

/// Kinds of message: see `assets/schema`.
const TEXT: i64 = 0;
const DELETED: i64 = 13;

impl Store {
    /// Stores what we do with a message, with what is to be published for it, and the keys that sealed it as they are
    /// now: all of it or nothing.
    pub async fn alter(
        &self,
        altered: Altered,
        drafts: Vec<Draft>,
        secrets: Vec<Secret>,
    ) -> Result<Queued, Error> {
        let alter = move |db: &mut Connection| outbox::alter(db, &altered, &drafts, &secrets);
        self.ask("store what is to be sent", alter).await
    }

    /// A message; `None` where it is not here, or we deleted it for ourselves.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, Error> {
        self.ask("read a message", move |db| find(db, id)).await
    }
}

/// What an alteration did here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// This message is otherwise than it was.
    Changed(Box<Message>),
    /// It is kept, and there is nothing to show of it.
    Nothing,
    /// A newer one, or the same, was here before.
    Known,
}

/// Takes an alteration in.
pub(super) fn apply(db: &Connection, altered: &Altered) -> Result<Effect> {
    let Altered { conversation, of, author, at, letter, change, ends_at } = altered;
    let (kind, value) = columns(change);
    let keep = "INSERT INTO alteration (message, party, kind, author, at, letter, value, ends_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO UPDATE SET at = excluded.at, letter = excluded.letter, value = excluded.value,
                ends_at = excluded.ends_at
            WHERE iif(kind = 5, (excluded.at, excluded.letter) < (at, letter),
                (excluded.at, excluded.letter) > (at, letter))";
    // The id that its author gave it may be another's here; then it has one of its own.
    let apart = of.apart(author);
    let is_apart = change.is_for_its_author() && !is_by(db, *of, author)? && is_by(db, apart, author)?;
    let under = if is_apart { apart } else { *of };
    let kept = match change {
        Alteration::Vote(ballot) => vote(db, altered, *ballot)?,
        _ => {
            let kept = params![under, conversation, kind, author, at, letter, value, ends_at];
            db.prepare_cached(keep)?.execute(kept)? > 0
        }
    };
    if !kept {
        return Ok(Effect::Known);
    }
    let stamp = "UPDATE conversation SET stamp = max(stamp, ?2) WHERE party = ?1";
    db.prepare_cached(stamp)?.execute((conversation, at))?;
    Ok(settle(db, under)?.map_or(Effect::Nothing, |message| Effect::Changed(Box::new(message))))
}

/// Keeps a vote among those of its author; says whether it was new.
fn vote(db: &Connection, altered: &Altered, ballot: Ballot) -> Result<bool> {
    let Altered { conversation, of, author, at, letter, ends_at, .. } = altered;
    let known =
        "SELECT value FROM alteration WHERE message = ?1 AND party = ?2 AND kind = 4 AND author = ?3";
    let known = db
        .prepare_cached(known)?
        .query_row((of, conversation, author), |row| Votes::read(row.get_ref(0)?.as_str()?, 0));
    let mut votes = known.optional()?.unwrap_or_default();
    if !votes.add((*at, *letter), ballot) {
        return Ok(false);
    }
    let (at, letter) = votes.newest().unwrap_or((*at, *letter));
    let keep =
        "INSERT OR REPLACE INTO alteration (message, party, kind, author, at, letter, value, ends_at)
        VALUES (?1, ?2, 4, ?3, ?4, ?5, ?6, ?7)";
    let kept = params![of, conversation, author, at, letter, votes.text()?, ends_at];
    db.prepare_cached(keep)?.execute(kept)?;
    Ok(true)
}

/// Whether the message is here, and this user wrote it.
fn is_by(db: &Connection, id: MessageId, author: &UserName) -> Result<bool> {
    let is_by = "SELECT 1 FROM message WHERE id = ?1 AND sender = ?2";
    db.prepare_cached(is_by)?.exists((id, author))
}

/// Whether something was done with a message before it came.
pub(super) fn is_altered(db: &Connection, id: MessageId) -> Result<bool> {
    db.prepare_cached("SELECT 1 FROM alteration WHERE message = ?1")?.exists([id])
}

/// A message as it stands.
pub(super) fn find(db: &Connection, id: MessageId) -> Result<Option<Message>> {
    let by_id = select_message!("WHERE m.id = ?1 AND m.kind <> 14");
    db.prepare_cached(by_id)?.query_row([id], message).optional()
}

/// All that was done with a message that is here, as the row of it says.
struct Standing {
    arrival: i64,
    conversation: i64,
    party: ConversationId,
    sender: UserName,
    kind: i64,
    text: Option<MessageText>,
    edit: Option<MessageId>,
    poll: Option<Poll>,
}

/// Brings a message up to date with all that was done with it. `None` where it is not here, says nothing that can be
/// altered, or is as it was.
pub(super) fn settle(db: &Connection, id: MessageId) -> Result<Option<Message>> {
    let Some(row) = row(db, id)? else { return Ok(None) };
    let mut sum = Sum::default();
    let all = "SELECT kind, author, at, letter, value FROM alteration WHERE message = ?1 AND party = ?2";
    let mut all = db.prepare_cached(all)?;
    let mut rows = all.query((id, &row.party))?;
    while let Some(one) = rows.next()? {
        sum.add(one, &row.sender)?;
    }
    let deleted = sum.deleted || row.kind == DELETED;
    let (text, edit) = match &sum.edit {
        _ if deleted => (None, None),
        // What is voted on stays as it was asked.
        Some((text, letter)) if row.poll.is_none() => (Some(text.clone()), Some(*letter)),
        _ => (row.text.clone(), row.edit),
    };
    if text != row.text {
        if let Some(old) = &row.text {
            search::forget(db, row.arrival, row.conversation, old)?;
        }
        if let Some(new) = &text {
            search::index(db, row.arrival, row.conversation, new)?;
        }
    }
    let reactions = match deleted || sum.reactions.is_empty() {
        true => None,
        false => Some(to_json(&sum.reactions)?),
    };
    let votes = row.poll.as_ref().filter(|_| !deleted).map(|poll| sum.votes(poll)).unwrap_or_default();
    let votes = if votes.is_empty() { None } else { Some(to_json(&votes)?) };
    let closed = !deleted && row.poll.is_some() && sum.closed.is_some();
    let pinned = !deleted && sum.pinned.is_some_and(|(_, pinned)| pinned);
    // Who has seen what was there before has not seen this.
    let write = "UPDATE message SET kind = ?2, text = ?3, edit = ?4, reactions = ?5, pinned = ?6,
            votes = ?8, closed = ?9, poll = CASE WHEN ?7 THEN NULL ELSE poll END,
            file = CASE WHEN ?7 THEN NULL ELSE file END, starred = starred AND NOT ?7,
            unseen = CASE WHEN ?7 THEN 0 WHEN edit IS NOT ?4 AND delivery IS NULL THEN 1 ELSE unseen END
        WHERE id = ?1 AND (kind, text, edit, reactions, pinned, votes, closed)
            IS NOT (?2, ?3, ?4, ?5, ?6, ?8, ?9)";
    let kind = if deleted { DELETED } else { TEXT };
    let values = params![id, kind, text, edit, reactions, pinned, deleted, votes, closed];
    let changed = db.prepare_cached(write)?.execute(values)?;
    if changed == 0 { Ok(None) } else { find(db, id) }
}

fn row(db: &Connection, id: MessageId) -> Result<Option<Standing>> {
    let row = "SELECT m.arrival, m.conversation, c.party, m.sender, m.kind, m.text, m.edit, m.poll
        FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE m.id = ?1 AND m.kind IN (0, 13)";
    let read = |row: &Row<'_>| {
        Ok(Standing {
            arrival: row.get(0)?,
            conversation: row.get(1)?,
            party: row.get(2)?,
            sender: row.get(3)?,
            kind: row.get(4)?,
            text: row.get(5)?,
            edit: row.get(6)?,
            poll: row.get::<_, Option<String>>(7)?.map(|text| json(&text, 7)).transpose()?,
        })
    };
    db.prepare_cached(row)?.query_row([id], read).optional()
}

/// What alterations come to.
#[derive(Default)]
struct Sum {
    edit: Option<(MessageText, MessageId)>,
    deleted: bool,
    reactions: BTreeMap<UserName, Reaction>,
    pinned: Option<(Key, bool)>,
    votes: BTreeMap<UserName, Votes>,
    /// When the poll was closed.
    closed: Option<Key>,
}

impl Sum {
    fn add(&mut self, row: &Row<'_>, sender: &UserName) -> Result<()> {
        let author: UserName = row.get(1)?;
        match row.get(0)? {
            EDIT if author == *sender => self.edit = Some((row.get(4)?, row.get(3)?)),
            DELETE if author == *sender => self.deleted = true,
            // Nobody else may, whatever they sent.
            EDIT | DELETE => {}
            CLOSE => {
                self.closed = self.closed.or((author == *sender).then_some((row.get(2)?, row.get(3)?)))
            }
            VOTE => {
                self.votes.insert(author, Votes::read(row.get_ref(4)?.as_str()?, 4)?);
            }
            REACT => {
                let sign: Option<String> = row.get(4)?;
                if let Some(sign) = sign.and_then(|sign| Reaction::new(&sign).ok()) {
                    self.reactions.insert(author, sign);
                }
            }
            PIN => {
                let key = (row.get(2)?, row.get(3)?);
                if self.pinned.is_none_or(|(known, _)| known < key) {
                    self.pinned = Some((key, row.get::<_, Option<String>>(4)?.is_some()));
                }
            }
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
        }
        Ok(())
    }
}

impl Sum {
    /// Who voted how in this poll, as far as that is a vote there.
    fn votes(&self, poll: &Poll) -> BTreeMap<&UserName, Ballot> {
        let counting = self.votes.iter().map(|(user, votes)| (user, votes.counting(self.closed)));
        counting.filter(|(_, ballot)| !ballot.is_none() && poll.takes(*ballot).is_ok()).collect()
    }
}

/// The kind of an alteration, and its value; that of a vote stands among others.
fn columns(change: &Alteration) -> (i64, Option<&str>) {
    match change {
        Alteration::Edit(text) => (EDIT, Some(text.as_str())),
        Alteration::Delete => (DELETE, None),
        Alteration::React(sign) => (REACT, sign.as_ref().map(Reaction::as_str)),
        Alteration::Pin(pinned) => (PIN, pinned.then_some("1")),
        Alteration::Vote(_) => (VOTE, None),
        Alteration::Close => (CLOSE, None),
    }
}

fn change(kind: i64, value: Value) -> Result<Alteration> {
    let wrong = |error: &dyn std::fmt::Display| {
        rusqlite::Error::ToSqlConversionFailure(error.to_string().into())
    };
    let text = match value {
        Value::Text(text) => Some(text),
        _ => None,
    };
    Ok(match kind {
        EDIT => {
            let text = MessageText::new(&text.unwrap_or_default());
            Alteration::Edit(text.map_err(|error| wrong(&error))?)
        }
        DELETE => Alteration::Delete,
        REACT => {
            let sign = text.map(|sign| Reaction::new(&sign)).transpose();
            Alteration::React(sign.map_err(|error| wrong(&error))?)
        }
        PIN => Alteration::Pin(text.is_some()),
        CLOSE => Alteration::Close,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
    })
}

/// All that was done with a message, for another device of ours.
pub(super) fn of(db: &Connection, message: &Message) -> Result<Vec<Altered>> {
    let all = "SELECT kind, author, at, letter, value, ends_at FROM alteration
        WHERE message = ?1 AND party = ?2";
    let mut all = db.prepare_cached(all)?;
    let mut rows = all.query((message.id, &message.conversation))?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        let (author, ends_at): (UserName, _) = (row.get(1)?, row.get(5)?);
        let mut tell = |(at, letter), change| {
            let (conversation, of, author) = (message.conversation.clone(), message.id, author.clone());
            told.push(Altered { conversation, of, author, at, letter, change, ends_at });
        };
        match row.get(0)? {
            VOTE => {
                let votes = Votes::read(row.get_ref(4)?.as_str()?, 4)?;
                votes.all().for_each(|(key, ballot)| tell(key, Alteration::Vote(ballot)));
            }
            kind => tell((row.get(2)?, row.get(3)?), change(kind, row.get(4)?)?),
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::{Body, Delivery, FindAt, PageAt, Quote, Reply};
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, at, direct, draft, id, ours, said, user};

    fn text(text: &str) -> MessageText {
        MessageText::new(text).unwrap()
    }

    fn sign(sign: &str) -> Alteration {
        Alteration::React(Some(Reaction::new(sign).unwrap()))
    }

    fn altered(letter: u128, author: &str, of: u128, change: Alteration) -> Altered {
        Altered {
            conversation: direct("bob"),
            of: id(of),
            author: user(author),
            at: at(i64::try_from(letter).unwrap()),
            letter: id(letter),
            change,
            ends_at: None,
        }
    }

    fn incoming(altered: Altered) -> Incoming {
        Incoming::Altered { altered, recipients: Vec::new() }
    }

    fn page(f: &Fixture) -> Vec<Message> {
        f.wait(f.store.page(direct("bob"), PageAt::Newest, 50)).unwrap().messages
    }

    fn take(f: &Fixture, all: Vec<Altered>) -> Vec<Message> {
        f.wait(f.store.receive(all.into_iter().map(incoming).collect())).unwrap().altered
    }

    #[test]
    fn an_edit_replaces_the_text_and_what_is_found() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "the pump")]);
        f.wait(f.store.see(vec![id(1)], Vec::new(), vec![])).unwrap();
        let told = take(&f, vec![altered(9, "bob", 1, Alteration::Edit(text("the valve")))]);
        assert_eq!((told.len(), &told[0].body), (1, &Body::Text(text("the valve"))));
        assert!(told[0].marks.edit == Some(id(9)) && told[0].unseen, "nobody has seen it as it is");
        let unseen = f.store.unseen(vec![id(1), id(9)]);
        assert_eq!(
            f.wait(unseen).unwrap(),
            [(user("bob"), id(9))],
            "of what it was nothing is to be told"
        );
        f.wait(f.store.see(vec![id(1)], Vec::new(), vec![])).unwrap();
        assert!(page(&f)[0].unseen, "what was on the screen is what it was");
        f.wait(f.store.see(vec![id(9)], Vec::new(), vec![])).unwrap();
        assert!(!page(&f)[0].unseen);
        let found =
            |words| f.wait(f.store.search(words, None, FindAt::Newest, 9)).unwrap().messages.len();
        assert_eq!((found("pump"), found("valve")), (0, 1));
        // An older one that comes later changes nothing, nor does the same again.
        let old = altered(8, "bob", 1, Alteration::Edit(text("old")));
        assert_eq!(take(&f, vec![old, altered(9, "bob", 1, Alteration::Edit(text("x")))]), []);
        assert_eq!(page(&f)[0].body, Body::Text(text("the valve")));
    }

    #[test]
    fn what_is_answered_may_begin_with_nothing_but_blanks() {
        let f = Fixture::new();
        let text = format!("{}the pump", "\n ".repeat(6_000));
        let reply = Some(Reply::to(id(1)));
        f.receive(&[said(1, "bob", 5, &text), Message { reply, ..said(2, "bob", 6, "indeed") }]);
        let quote = page(&f)[1].reply.clone().unwrap().quote.unwrap();
        assert_eq!(quote.text.as_deref(), Some(""));
    }

    #[test]
    fn only_its_author_changes_a_message_and_only_in_its_conversation() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "mine")]);
        let elsewhere = Altered { conversation: direct("eve"), ..altered(7, "bob", 1, sign("x")) };
        let told = take(
            &f,
            vec![
                altered(5, "eve", 1, Alteration::Edit(text("forged"))),
                altered(6, "eve", 1, Alteration::Delete),
                elsewhere,
            ],
        );
        assert_eq!(told, []);
        assert_eq!(page(&f)[0].body, Body::Text(text("mine")));
        assert!(page(&f)[0].marks.reactions.is_empty());
    }

    #[test]
    fn what_is_taken_back_says_nothing_any_more() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "secret words")]);
        take(&f, vec![altered(5, "eve", 1, sign("👍")), altered(6, "bob", 1, Alteration::Pin(true))]);
        let reply = Some(Reply::to(id(1)));
        let answer = Message { reply, ..said(2, "eve", 20, "indeed") };
        let fresh = f.receive(&[Message { conversation: direct("bob"), ..answer }]).fresh;
        let quote = Quote { sender: user("bob"), sent_at: at(5), text: Some("secret words".into()) };
        assert_eq!(fresh[0].reply.as_ref().unwrap().quote, Some(quote));
        f.wait(f.store.star(id(1), true)).unwrap();
        take(&f, vec![altered(9, "bob", 1, Alteration::Delete)]);
        take(&f, vec![altered(10, "bob", 1, Alteration::Edit(text("again")))]);
        let [deleted, answer] = &page(&f)[..] else { panic!() };
        assert_eq!(deleted.body, Body::Deleted);
        assert!(deleted.marks.reactions.is_empty() && !deleted.marks.pinned && !deleted.marks.starred);
        assert_eq!(answer.reply.as_ref().unwrap().quote.as_ref().unwrap().text, None);
        assert_eq!(f.wait(f.store.search("secret", None, FindAt::Newest, 9)).unwrap().messages, []);
        assert_eq!(f.wait(f.store.marked(Some(direct("bob")), 9)).unwrap(), []);
    }

    #[test]
    fn an_edit_of_ours_starts_the_ticks_again() {
        let f = Fixture::new();
        let letter = |n| crate::store::Draft { recipients: vec![user("bob")], ..draft("to/bob", n) };
        let queued =
            f.wait(f.store.queue(Some(ours(1, "bob", 5, "old")), vec![letter(1)], None, vec![]));
        let row = queued.unwrap().rows[0];
        f.wait(f.store.taken(vec![row])).unwrap();
        let heard = |n: u128, delivery| {
            let letters = vec![id(n)];
            let receipt = Incoming::Receipt { member: user("bob"), delivery, at: at(9), letters };
            let progress = f.wait(f.store.receive(vec![receipt])).unwrap().progress;
            progress.into_iter().map(|p| (p.id, p.delivery)).collect::<Vec<_>>()
        };
        assert_eq!(heard(1, Delivery::Read), [(id(1), Delivery::Read)]);
        let me = page(&f)[0].sender.clone();
        let edit = altered(7, me.as_str(), 1, Alteration::Edit(text("new")));
        let queued = f.wait(f.store.alter(edit, vec![letter(7)], vec![])).unwrap();
        assert_eq!(queued.altered.unwrap().delivery, Some(Delivery::Queued));
        assert_eq!(heard(1, Delivery::Read), [], "of what it was there is nothing to tell any more");
        f.wait(f.store.taken(queued.rows)).unwrap();
        assert_eq!(page(&f)[0].delivery, Some(Delivery::Sent));
        assert_eq!(heard(7, Delivery::Delivered), [(id(1), Delivery::Delivered)]);
        assert_eq!(f.wait(f.store.waiting(9)).unwrap().1, 0);
        assert_eq!(heard(7, Delivery::Read), [(id(1), Delivery::Read)]);
        let known = f.wait(f.store.tracked(id(1))).unwrap().unwrap();
        assert_eq!((known.id, known.recipients[0].delivery), (id(7), Delivery::Read));
        // A sign of ours moves no ticks, and nothing is kept of its way once it is there.
        let react = altered(8, me.as_str(), 1, sign("👍"));
        let rows = f.wait(f.store.alter(react, vec![letter(8)], vec![])).unwrap().rows;
        f.wait(f.store.taken(rows)).unwrap();
        assert_eq!(heard(8, Delivery::Delivered), []);
        assert_eq!(page(&f)[0].delivery, Some(Delivery::Read));
        assert_eq!(f.wait(f.store.tracked(id(8))).unwrap(), None);
    }

    #[test]
    fn what_a_batch_tells_is_how_far_a_message_has_come_at_its_end() {
        let f = Fixture::new();
        let letter = crate::store::Draft { recipients: vec![user("bob")], ..draft("to/bob", 1) };
        let queued = f.wait(f.store.queue(Some(ours(1, "bob", 5, "old")), vec![letter], None, vec![]));
        f.wait(f.store.taken(queued.unwrap().rows)).unwrap();
        let receipt = |delivery, letter| {
            let letters = vec![id(letter)];
            Incoming::Receipt { member: user("bob"), delivery, at: at(9), letters }
        };
        let receive = |batch| {
            let received = f.wait(f.store.receive(batch)).unwrap();
            let told = received.fresh.iter().chain(&received.altered).map(|m| m.delivery.unwrap());
            let progress = received.progress.iter().map(|moved| moved.delivery);
            (told.collect::<Vec<_>>(), progress.collect::<Vec<_>>())
        };
        let react =
            Incoming::Altered { altered: altered(7, "bob", 1, sign("👍")), recipients: vec![] };
        let told = receive(vec![react, receipt(Delivery::Delivered, 1)]);
        assert_eq!(told, (vec![Delivery::Delivered], vec![Delivery::Delivered]));
        // Another device of ours says it otherwise.
        let me = page(&f)[0].sender.clone();
        let edit = altered(8, me.as_str(), 1, Alteration::Edit(text("new")));
        let edit = Incoming::Altered { altered: edit, recipients: vec![user("bob")] };
        let (told, progress) = receive(vec![receipt(Delivery::Read, 1), edit]);
        assert_eq!(told, [Delivery::Sent]);
        assert_eq!(progress.last(), Some(&Delivery::Sent), "{progress:?}");
        // What another device of ours said was confirmed before we heard of it.
        let said = Incoming::Said { message: ours(9, "bob", 9, "else"), recipients: vec![user("bob")] };
        let told = receive(vec![said, receipt(Delivery::Delivered, 9)]);
        assert_eq!(told, (vec![Delivery::Delivered], vec![Delivery::Delivered]));
    }

    #[test]
    fn what_we_delete_for_ourselves_stays_away() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "the pump"), said(2, "bob", 6, "the valve")]);
        assert!(f.wait(f.store.star(id(1), true)).unwrap().unwrap().marks.starred);
        assert_eq!(f.wait(f.store.star(id(1), true)).unwrap(), None);
        assert_eq!(f.wait(f.store.marked(None, 9)).unwrap()[0].id, id(1));
        assert_eq!(f.wait(f.store.hide(id(1))).unwrap(), Some(direct("bob")));
        assert_eq!(f.wait(f.store.hide(id(1))).unwrap(), None);
        f.receive(&[said(1, "bob", 5, "the pump")]);
        take(&f, vec![altered(9, "bob", 1, Alteration::Edit(text("the pump again")))]);
        let left: Vec<_> = page(&f).iter().map(|m| m.id).collect();
        assert_eq!(left, [id(2)]);
        assert_eq!(f.wait(f.store.search("pump", None, FindAt::Newest, 9)).unwrap().messages, []);
        assert_eq!(f.wait(f.store.marked(None, 9)).unwrap(), []);
        assert_eq!(f.wait(f.store.message(id(1))).unwrap(), None);
    }

    /// In whatever order messages and alterations come, and however often, it comes to the same.
    #[test]
    fn the_order_of_arrival_makes_no_difference() {
        let f = Fixture::new();
        let mut runner = TestRunner::new(Config::with_cases(48));
        let case = Cell::new(0_u128);
        let change = |kind: u8, n: u128| match kind {
            0 => Alteration::Edit(text(&format!("edit {n}"))),
            1 => Alteration::Delete,
            2 => sign(["👍", "!"][usize::try_from(n % 2).unwrap()]),
            3 => Alteration::React(None),
            _ => Alteration::Pin(n.is_multiple_of(2)),
        };
        let one = (0..2_u8, 0..5_u8, 1..6_u128);
        let law = |(steps, order): (Vec<(u8, u8, u128)>, Vec<prop::sample::Index>)| {
            let mut seen = Vec::new();
            for shuffled in [false, true] {
                case.set(case.get() + 1);
                let base = case.get() << 32;
                let name = format!("c{}", case.get());
                let message = Message { sender: user("bob"), ..said(base, &name, 1, "first") };
                let mut all = vec![Incoming::Message(message)];
                all.extend(steps.iter().map(|&(author, kind, n)| {
                    let author = ["bob", "eve"][usize::from(author)];
                    let letter = n + u128::from(kind) * 10 + u128::from(author == "eve") * 100;
                    let altered = Altered {
                        conversation: direct(&name),
                        of: id(base),
                        ..altered(letter, author, 0, change(kind, n))
                    };
                    incoming(altered)
                }));
                if shuffled {
                    for (at, other) in order.iter().enumerate() {
                        let len = all.len();
                        all.swap(at % len, other.index(len));
                    }
                    all.extend(all.clone());
                }
                for incoming in all {
                    f.wait(f.store.receive(vec![incoming])).unwrap();
                }
                let page = f.wait(f.store.page(direct(&name), PageAt::Newest, 9)).unwrap();
                let [message] = &page.messages[..] else { panic!("one message") };
                seen.push((message.body.clone(), message.marks.clone()));
            }
            prop_assert_eq!(&seen[0], &seen[1]);
            Ok(())
        };
        let steps = prop::collection::vec(one, 0..8);
        let order = prop::collection::vec(any::<prop::sample::Index>(), 12);
        runner.run(&(steps, order), law).unwrap();
    }
}
