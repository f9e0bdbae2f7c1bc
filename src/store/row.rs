//! How values of the domain stand in columns. What does not read back as it was written is an error,
//! never a guess.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use rusqlite::{Result, Row};

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::{
    AgreementKey, Body, ConversationId, Delivery, DeviceId, DisplayName, GroupChange, GroupId,
    GroupName, IdentityKey, JoinPolicy, Lifetime, ListName, Marks, Message, MessageId, MessageKey,
    MessageText, MobileNumber, Preview, Profile, Quote, Reply, RoomName, Summary, Timestamp, UserName,
};

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::try_from(value.as_str()?.to_owned()).map_err(FromSqlError::other)
            }
        }
    )*};
}

as_text!(UserName, DisplayName, MobileNumber, GroupName, ListName, MessageText, RoomName);

macro_rules! as_blob {
    ($($name:ty: $int:ty),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(self.bits().to_be_bytes().to_vec().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map(<$int>::from_be_bytes).map(Self::from_bits)
            }
        }
    )*};
}

as_blob!(GroupId: u128, DeviceId: u64);

macro_rules! as_key {
    ($($name:ty),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(self.as_bytes().as_slice().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map(Self::from_bytes)
            }
        }
    )*};
}

as_key!(IdentityKey, AgreementKey);

impl ToSql for MessageId {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for MessageId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self::from_bytes)
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_millis().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_millis)
    }
}

impl ToSql for ConversationId {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        match self {
            Self::Direct(user) => user.to_sql(),
            Self::Group(id) => id.to_sql(),
            Self::Room(room) => Ok(format!("{}{room}", RoomName::SIGN).into()),
        }
    }
}

impl FromSql for ConversationId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(_) => GroupId::column_result(value).map(Self::Group),
            _ => match value.as_str()?.strip_prefix(RoomName::SIGN) {
                Some(room) => room.parse().map(Self::Room).map_err(FromSqlError::other),
                None => UserName::column_result(value).map(Self::Direct),
            },
        }
    }
}

impl ToSql for Delivery {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let code = match self {
            Self::Failed => 0,
            Self::Queued => 1,
            Self::Sent => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        };
        Ok(code.into())
    }
}

impl FromSql for Delivery {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Failed),
            1 => Ok(Self::Queued),
            2 => Ok(Self::Sent),
            3 => Ok(Self::Delivered),
            4 => Ok(Self::Read),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl FromSql for JoinPolicy {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "open" => Ok(Self::Open),
            "invite" => Ok(Self::Invite),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// The columns `kind` and `text` of a body.
pub(super) fn body_columns(body: &Body) -> (i64, Option<Cow<'_, str>>) {
    let lifetime = |life: &Option<Lifetime>| life.map(|life| Cow::Owned(life.seconds().to_string()));
    let (kind, text) = match body {
        Body::Text(text) => (0, Some(text.as_str())),
        Body::Created => (1, None),
        Body::Joined => (2, None),
        Body::Left => (3, None),
        Body::Unsupported => (5, None),
        Body::KeyChanged => (6, None),
        Body::KeyAccepted => (7, None),
        Body::Deleted => (13, None),
        Body::Lifetime(life) => return (20, lifetime(life)),
        Body::Changed(GroupChange::Invite(user)) => (4, Some(user.as_str())),
        Body::Changed(GroupChange::Remove(user)) => (8, Some(user.as_str())),
        Body::Changed(GroupChange::Rename(name)) => (9, Some(name.as_str())),
        Body::Changed(GroupChange::Promote(user)) => (10, Some(user.as_str())),
        Body::Changed(GroupChange::Demote(user)) => (11, Some(user.as_str())),
        Body::Changed(GroupChange::Policy(policy)) => (12, Some(policy.as_str())),
        Body::Changed(GroupChange::Lifetime(life)) => return (21, lifetime(life)),
    };
    (kind, text.map(Cow::Borrowed))
}

/// How long messages live, as a body says it.
fn lifetime(row: &Row<'_>, column: usize) -> Result<Option<Lifetime>> {
    let seconds: Option<String> = row.get(column)?;
    let wrong = || rusqlite::Error::InvalidColumnType(column, "lifetime".into(), Type::Text);
    let read = |seconds: String| Lifetime::new(seconds.parse().ok()?).ok();
    seconds.map(|seconds| read(seconds).ok_or_else(wrong)).transpose()
}

fn body(row: &Row<'_>, kind: usize, text: usize) -> Result<Body> {
    match row.get(kind)? {
        0 => row.get(text).map(Body::Text),
        1 => Ok(Body::Created),
        2 => Ok(Body::Joined),
        3 => Ok(Body::Left),
        4 => row.get(text).map(GroupChange::Invite).map(Body::Changed),
        5 => Ok(Body::Unsupported),
        6 => Ok(Body::KeyChanged),
        7 => Ok(Body::KeyAccepted),
        8 => row.get(text).map(GroupChange::Remove).map(Body::Changed),
        9 => row.get(text).map(GroupChange::Rename).map(Body::Changed),
        10 => row.get(text).map(GroupChange::Promote).map(Body::Changed),
        11 => row.get(text).map(GroupChange::Demote).map(Body::Changed),
        12 => row.get(text).map(GroupChange::Policy).map(Body::Changed),
        13 => Ok(Body::Deleted),
        20 => lifetime(row, text).map(Body::Lifetime),
        21 => lifetime(row, text).map(GroupChange::Lifetime).map(Body::Changed),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(kind, other)),
    }
}

/// A number without a sign, of which SQLite has none. The bits are kept, because such numbers come
/// from the network and may be of any size.
pub(super) fn from_bits(bits: i64) -> u64 {
    bits.cast_unsigned()
}

/// A value that is kept as JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(text: &str, column: usize) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// The JSON of a value.
pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The columns `user, identity, version, display_name, mobile, registered_at, devices`, in this order and
/// first.
pub(super) fn profile(row: &Row<'_>) -> Result<Profile> {
    Ok(Profile {
        user: row.get(0)?,
        identity: row.get(1)?,
        version: from_bits(row.get(2)?),
        display_name: row.get(3)?,
        mobile: row.get(4)?,
        registered_at: row.get(5)?,
        devices: json(row.get_ref(6)?.as_str()?, 6)?,
    })
}

/// A select that [`message`] reads, to be completed by what follows the tables, and before that by more columns.
/// `m` is the message, `c` its conversation, `q` what it answers there.
macro_rules! select_message {
    ($rest:literal) => {
        select_message!(with "", from "message m", $rest)
    };
    (with $columns:literal, from $first:literal, $rest:literal) => {
        concat!(
            "SELECT m.id, m.sender, m.sent_at, m.received_at, m.kind, m.text, m.delivery, c.party, m.late, m.unseen,
                m.reply, q.sender, q.kind, substr(q.text, 1, 4000), q.sent_at, m.forwarded,
                m.edit, m.reactions, m.pinned, m.starred, m.file, m.ends_at, m.poll, m.votes, m.closed",
            $columns,
            " FROM ",
            $first,
            " JOIN conversation c ON c.id = m.conversation
            LEFT JOIN message q ON q.id = m.reply AND q.conversation = m.conversation ",
            $rest
        )
    };
}
pub(super) use select_message;

/// How many columns a row of a [`select_message!`] has before those that were added.
pub(super) const MESSAGE_COLUMNS: usize = 25;

/// A row of a [`select_message!`].
pub(super) fn message(row: &Row<'_>) -> Result<Message> {
    let reply: Option<MessageId> = row.get(10)?;
    let reply = reply.map(|to| quote(row).map(|quote| Reply { to, quote })).transpose()?;
    Ok(Message {
        id: row.get(0)?,
        sender: row.get(1)?,
        sent_at: row.get(2)?,
        received_at: row.get(3)?,
        body: body(row, 4, 5)?,
        delivery: row.get(6)?,
        conversation: row.get(7)?,
        late: row.get(8)?,
        unseen: row.get(9)?,
        reply,
        forwarded: row.get(15)?,
        file: row.get::<_, Option<String>>(20)?.map(|text| json(&text, 20)).transpose()?,
        poll: row.get::<_, Option<String>>(22)?.map(|text| json(&text, 22)).transpose()?,
        ends_at: row.get(21)?,
        marks: Marks {
            edit: row.get(16)?,
            reactions: by_name(row, 17)?,
            votes: by_name(row, 23)?,
            closed: row.get(24)?,
            pinned: row.get(18)?,
            starred: row.get(19)?,
        },
    })
}

/// What people did, by their names.
fn by_name<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> Result<BTreeMap<UserName, T>> {
    let text: Option<String> = row.get(column)?;
    text.map_or(Ok(BTreeMap::new()), |text| json(&text, column))
}

/// What is quoted in a row of a [`select_message!`].
fn quote(row: &Row<'_>) -> Result<Option<Quote>> {
    let sender: Option<UserName> = row.get(11)?;
    let Some(sender) = sender else { return Ok(None) };
    let is_text = row.get::<_, i64>(12)? == 0;
    // Its beginning may be blank, which no message is as a whole.
    let text: Option<String> = row.get(13)?;
    Ok(Some(Quote::new(sender, row.get(14)?, text.as_deref().filter(|_| is_text))))
}

/// A conversation as it stands in its row.
pub(super) struct Conversation {
    pub(super) row: i64,
    pub(super) unread: u32,
    pub(super) first_unread: Option<MessageKey>,
    pub(super) last: Option<(MessageKey, UserName)>,
    pub(super) stamp: Timestamp,
}

impl Conversation {
    /// The columns `id, unread, first_unread_at, first_unread_id, last_at, last_id, last_sender, stamp`,
    /// in this order and first.
    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        let key = |at: Option<Timestamp>, id: Option<MessageId>| {
            at.zip(id).map(|(sent_at, id)| MessageKey { sent_at, id })
        };
        let sender: Option<UserName> = row.get(6)?;
        Ok(Self {
            row: row.get(0)?,
            unread: row.get(1)?,
            first_unread: key(row.get(2)?, row.get(3)?),
            last: key(row.get(4)?, row.get(5)?).zip(sender),
            stamp: row.get(7)?,
        })
    }

    /// What a list shows of it.
    pub(super) fn summary(self, conversation: ConversationId) -> Summary {
        let last = self.last.map(|(key, sender)| Preview { sender, sent_at: key.sent_at });
        let Self { unread, first_unread, .. } = self;
        Summary { conversation, unread, first_unread, last }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::PageAt;
    use crate::store::testing::{Fixture, direct, group, profile, said};
    use crate::store::{Error, KnownPerson};

    /// What each change to a sound file makes of reading it.
    #[test]
    fn a_value_that_nobody_wrote_is_an_error_and_not_a_panic() {
        let changes = [
            "UPDATE message SET kind = 99",
            "UPDATE message SET kind = 4, text = 'No Such Name'",
            "UPDATE message SET text = NULL",
            "UPDATE message SET text = char(27)",
            "UPDATE message SET file = '{}'",
            "UPDATE message SET poll = '{}'",
            "UPDATE message SET votes = '{\"bob\":[99]}'",
            "UPDATE message SET id = x'00'",
            "UPDATE message SET delivery = 77",
            "UPDATE message SET sender = '../x'",
            "UPDATE conversation SET unread = -1",
            "UPDATE conversation SET party = x'0102'",
            "UPDATE conversation SET party = 5",
            "UPDATE person SET display_name = ''",
            "UPDATE person SET identity = zeroblob(17)",
            "UPDATE person SET devices = '[{}]'",
            "UPDATE person SET claim = '{}'",
            "UPDATE groups SET id = x'07'",
        ];
        for change in changes {
            let f = Fixture::new();
            f.receive(&[said(1, "bob", 5, "x")]);
            f.wait(f.store.save_group(group(1))).unwrap();
            let bob = KnownPerson::met(profile("bob"));
            f.wait(f.store.save_people(vec![bob])).unwrap();
            let db = f.connection();
            assert_eq!(db.execute(change, []).unwrap(), 1, "{change}");

            let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 5)).map(drop);
            let load = f.wait(f.store.load()).map(drop);
            let error = page.and(load).expect_err(change);
            assert!(matches!(error, Error::Damaged { .. }), "{change}: {error}");
        }
    }

    #[test]
    fn a_time_outside_the_calendar_is_moved_into_it() {
        let f = Fixture::new();
        f.receive(&[said(1, "bob", 5, "x")]);
        let db = f.connection();
        db.execute("UPDATE message SET received_at = ?1", [i64::MAX]).unwrap();
        let page = f.wait(f.store.page(direct("bob"), PageAt::Newest, 5)).unwrap();
        assert!(page.messages[0].received_at.to_string().starts_with("9999-"));
    }
}
