//! Open rooms: which we are in, what is known when it comes again, and how much is kept.
//!
//! Anything can speak in them, so everything here has a bound: so many messages of each room are kept, and of so
//! many it is known that they were heard. The id of a message there is made by us and never the speaker's: whoever
//! writes in the open can write any id, and must not take the place of what is said elsewhere.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::batch::{Added, Batch};
use super::row::Conversation;
use super::value::{Overheard, StoredRoom, limits};
use super::{Error, Store, search};
use crate::domain::{Body, ConversationId, Message, MessageKey, MessageText, RoomName};

impl Store {
    /// Takes a room in, in place of what was known of it.
    pub async fn save_room(&self, room: StoredRoom) -> Result<(), Error> {
        self.ask("save a room", move |db| save(db, &room)).await
    }

    /// The broker knows that we left. The messages stay.
    pub async fn forget_room(&self, room: RoomName) -> Result<(), Error> {
        let forget = move |db: &mut Connection| {
            let forget = "DELETE FROM room WHERE name = ?1 AND joined = 0";
            db.prepare_cached(forget)?.execute([room]).map(drop)
        };
        self.ask("forget a room", forget).await
    }
}

fn save(db: &Connection, StoredRoom { room, joined }: &StoredRoom) -> Result<()> {
    let save = "INSERT INTO room (name, joined) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET joined = excluded.joined";
    db.prepare_cached(save)?.execute(params![room, joined]).map(drop)
}

pub(super) fn all(db: &Connection) -> Result<Vec<StoredRoom>> {
    let all = "SELECT name, joined FROM room ORDER BY name";
    let room = |row: &rusqlite::Row<'_>| Ok(StoredRoom { room: row.get(0)?, joined: row.get(1)? });
    db.prepare_cached(all)?.query_map([], room)?.collect()
}

/// Stores what was said in a room, unless it came before. A sensor says the same again and again, and each time
/// counts; what the broker tells again does not.
pub(super) fn overhear(
    db: &Connection,
    batch: &mut Batch<'_>,
    Overheard { mut message, tag, named, repeated, echo_of }: Overheard,
) -> Result<Option<Message>> {
    let ConversationId::Room(room) = &message.conversation else { return Ok(None) };
    if let Some(own) = echo_of {
        let ours = "SELECT 1 FROM message WHERE id = ?1 AND sender = ?2 AND delivery IS NOT NULL";
        if db.prepare_cached(ours)?.exists(params![own, message.sender])? {
            return Ok(None);
        }
    }
    if named || repeated {
        let known = "SELECT 1 FROM room_heard WHERE room = ?1 AND tag = ?2";
        if db.prepare_cached(known)?.exists(params![room, tag])? || (repeated && is_last(db, &message)?)
        {
            return Ok(None);
        }
    }
    let hear = "INSERT INTO room_heard (room, tag) VALUES (?1, ?2)";
    db.prepare_cached(hear)?.execute(params![room, tag])?;
    let forget = "DELETE FROM room_heard WHERE room = ?1 AND seq <= (SELECT seq FROM room_heard
        WHERE room = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)";
    db.prepare_cached(forget)?.execute(params![room, limits::ROOM_HEARD])?;
    Ok(match batch.add(&mut message)? {
        Added::Fresh => Some(message),
        Added::Known | Added::Seen => None,
    })
}

/// Whether it says what the last message of the same speaker there says: also where that came with the history
/// of another device of ours, which told no tags.
fn is_last(db: &Connection, message: &Message) -> Result<bool> {
    let Body::Text(text) = &message.body else { return Ok(false) };
    let last = "SELECT m.text FROM message m JOIN conversation c ON c.id = m.conversation
        WHERE c.party = ?1 AND m.sender = ?2 AND m.kind <> 5 ORDER BY m.id DESC LIMIT 1";
    let values = (&message.conversation, &message.sender);
    let last: Option<Option<MessageText>> =
        db.prepare_cached(last)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(last.flatten().as_ref() == Some(text))
}

/// Takes the oldest messages out of rooms that got one and have too many.
pub(super) fn prune(db: &Connection, batch: &mut Batch<'_>) -> Result<()> {
    batch.rooms().try_for_each(|room| shorten(db, room))
}

fn shorten(db: &Connection, room: &mut Conversation) -> Result<()> {
    let nth = "SELECT sent_at, id FROM message WHERE conversation = ?1
        ORDER BY sent_at DESC, id DESC LIMIT 1 OFFSET ?2";
    let mut nth = db.prepare_cached(nth)?;
    let mut nth =
        |offset| nth.query_row((room.row, offset), |row| Ok((row.get(0)?, row.get(1)?))).optional();
    if nth(limits::ROOM + limits::ROOM_SLACK)?.is_none() {
        return Ok(());
    }
    let Some((sent_at, id)) = nth(limits::ROOM)? else { return Ok(()) };
    let last = MessageKey { sent_at, id };
    // What of ours the broker does not have yet stays until it does.
    let surplus = "SELECT arrival, text FROM message
        WHERE conversation = ?1 AND (sent_at, id) <= (?2, ?3) AND (delivery IS NULL OR delivery <> 1)";
    let mut surplus = db.prepare_cached(surplus)?;
    let surplus: Vec<(i64, Option<MessageText>)> = surplus
        .query_map((room.row, last.sent_at, last.id), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    for (arrival, text) in surplus {
        if let Some(text) = text {
            search::forget(db, arrival, room.row, &text)?;
        }
        db.prepare_cached("DELETE FROM message WHERE arrival = ?1")?.execute([arrival])?;
    }
    if room.first_unread.is_some_and(|first| first <= last) {
        let rest = "SELECT count(*) FROM message
            WHERE conversation = ?1 AND (sent_at, id) > (?2, ?3) AND delivery IS NULL AND kind IN (0, 5)";
        let values = (room.row, last.sent_at, last.id);
        room.unread = db.prepare_cached(rest)?.query_row(values, |row| row.get(0))?;
        let first = "SELECT sent_at, id FROM message
            WHERE conversation = ?1 AND (sent_at, id) > (?2, ?3) AND delivery IS NULL AND kind IN (0, 5)
            ORDER BY sent_at, id LIMIT 1";
        let key = |row: &rusqlite::Row<'_>| Ok(MessageKey { sent_at: row.get(0)?, id: row.get(1)? });
        room.first_unread = db.prepare_cached(first)?.query_row(values, key).optional()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MessageId, PageAt, UserName};
    use crate::store::Incoming;
    use crate::store::testing::{Fixture, at, id, said, user};

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    fn heard(n: u128, text: &str, named: bool, repeated: bool) -> Incoming {
        let conversation = ConversationId::Room(room("lobby"));
        let sent_at = i64::try_from(n).unwrap();
        let message = Message { conversation, unseen: false, ..said(n, "bob", sent_at, text) };
        let tag = MessageId::derived(text.as_bytes());
        Incoming::Overheard(Overheard { message, tag, named, repeated, echo_of: None })
    }

    fn texts(f: &Fixture) -> Vec<String> {
        let lobby = ConversationId::Room(room("lobby"));
        let page = f.wait(f.store.page(lobby, PageAt::Newest, 500)).unwrap();
        let text = |m: &Message| match &m.body {
            Body::Text(text) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        page.messages.iter().map(text).collect()
    }

    #[test]
    fn a_sensor_that_says_the_same_twice_is_heard_twice_and_what_comes_again_is_not() {
        let mut f = Fixture::new();
        let receive = |f: &Fixture, item| f.wait(f.store.receive(vec![item])).unwrap().fresh.len();
        assert_eq!(receive(&f, heard(1, "21.5", false, false)), 1);
        assert_eq!(receive(&f, heard(2, "21.5", false, false)), 1, "a second reading");
        assert_eq!(receive(&f, heard(3, "21.5", false, true)), 0, "the broker tells it again");
        assert_eq!(receive(&f, heard(4, "named", true, false)), 1);
        assert_eq!(receive(&f, heard(5, "named", true, false)), 0, "its id came before");
        f.restart();
        assert_eq!(receive(&f, heard(6, "21.5", false, true)), 0);
        assert_eq!(receive(&f, heard(7, "named", true, true)), 0);
        assert_eq!(receive(&f, heard(8, "new", false, true)), 1, "it was kept while we were away");
        assert_eq!(texts(&f), ["21.5", "21.5", "named", "new"]);
    }

    #[test]
    fn what_another_device_of_ours_had_heard_is_known_too() {
        let (f, to) = (Fixture::new(), Fixture::new());
        f.wait(f.store.receive(vec![heard(1, "21.5", false, false)])).unwrap();
        let (kept, _) = f.wait(f.store.history(0)).unwrap();
        to.wait(to.store.restore(kept)).unwrap();
        let again = to.wait(to.store.receive(vec![heard(9, "21.5", false, true)])).unwrap();
        assert_eq!((again.fresh, texts(&to)), (Vec::new(), vec!["21.5".to_owned()]));
    }

    #[test]
    fn rooms_are_kept_and_no_name_is_taken_for_a_person() {
        let mut f = Fixture::new();
        let stored = |name, joined| StoredRoom { room: room(name), joined };
        for (name, joined) in [("lobby", true), ("den", true), ("attic", true), ("den", false)] {
            f.wait(f.store.save_room(stored(name, joined))).unwrap();
        }
        f.restart();
        f.wait(f.store.forget_room(room("attic"))).unwrap();
        let rooms = |f: &Fixture| f.wait(f.store.load()).unwrap().rooms;
        assert_eq!(rooms(&f), [stored("attic", true), stored("den", false), stored("lobby", true)]);
        f.wait(f.store.forget_room(room("den"))).unwrap();
        assert_eq!(rooms(&f), [stored("attic", true), stored("lobby", true)]);
        // A person and a room of one name.
        f.wait(f.store.receive(vec![heard(1, "in the room", true, false)])).unwrap();
        f.receive(&[said(2, "lobby", 2, "from the person")]);
        let summaries = f.wait(f.store.load()).unwrap().summaries;
        let mut parties: Vec<_> = summaries.into_iter().map(|s| s.conversation).collect();
        parties.sort();
        let person: UserName = user("lobby");
        assert_eq!(parties, [ConversationId::Direct(person), ConversationId::Room(room("lobby"))]);
    }

    #[test]
    fn a_room_does_not_fill_the_disk() {
        let f = Fixture::new();
        let all = limits::ROOM + limits::ROOM_SLACK + 1;
        let batches: Vec<i64> = (1..=all).collect();
        for batch in batches.chunks(1_000) {
            let items = batch.iter().map(|n| heard(u128::try_from(*n).unwrap(), "pump", false, false));
            f.wait(f.store.receive(items.collect())).unwrap();
        }
        let count = |f: &Fixture, of: &'static str| {
            let count = move |db: &mut Connection| db.query_row(of, [], |row| row.get::<_, i64>(0));
            f.wait(f.store.ask("count", count)).unwrap()
        };
        assert_eq!(count(&f, "SELECT count(*) FROM message"), limits::ROOM);
        assert_eq!(count(&f, "SELECT count(*) FROM room_heard"), limits::ROOM_HEARD);
        let indexed = "SELECT count(*) FROM message_search WHERE message_search MATCH 'pump'";
        assert_eq!(count(&f, indexed), limits::ROOM, "what is gone is not found");
        let lobby = ConversationId::Room(room("lobby"));
        let known = f.wait(f.store.load()).unwrap().summaries.remove(0);
        let oldest = all - limits::ROOM + 1;
        assert_eq!(i64::from(known.unread), limits::ROOM);
        assert_eq!(known.first_unread.map(|key| key.sent_at), Some(at(oldest)));
        let page = f.wait(f.store.page(lobby, PageAt::Oldest, 1)).unwrap();
        assert_eq!(page.messages[0].id, id(u128::try_from(oldest).unwrap()));
    }
}
