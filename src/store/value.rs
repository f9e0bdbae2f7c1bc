//! What goes into the store and comes out of it, beside the values of the domain.

use crate::domain::{
    ConversationId, DeviceId, Group, Message, MessageId, Profile, Standing, Summary, Timestamp, UserName,
};

/// Bounds of the store.
pub mod limits {
    /// Most messages or outbox rows that one question returns, whatever it asks for.
    pub const ROWS: u32 = 500;
    /// Most rows in quarantine; the oldest go first.
    pub const QUARANTINE_ROWS: u32 = 1_000;
    /// Most bytes kept of a payload in quarantine; the rest is cut off.
    pub const QUARANTINE_PAYLOAD: usize = 64 * 1024;
    /// Most bytes kept of a topic or a reason in quarantine; the rest is cut off.
    pub const QUARANTINE_LINE: usize = 1_024;
    /// Most characters of a search that are used.
    pub const SEARCH: usize = 256;
    /// Questions that wait for the store's thread; whoever asks more waits for room.
    pub const WAITING: usize = 64;
}

/// Who we are on the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What we tell about ourselves.
    pub profile: Profile,
    /// This installation.
    pub device: DeviceId,
    /// The MQTT client id: a secret, because whoever knows it can take our session over.
    pub client_id: String,
}

/// A registered person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    /// What they tell about themselves.
    pub profile: Profile,
    /// When one of their devices last was connected; saving `None` leaves what is known.
    pub last_seen: Option<Timestamp>,
}

/// A group and our dealings with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// The group.
    pub group: Group,
    /// How we stand to it.
    pub standing: Standing,
    /// Whether the broker still has to be told that we do not subscribe to it any more.
    pub unsubscribe: bool,
}

/// Everything that must be there at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Everybody registered, by user name.
    pub people: Vec<KnownPerson>,
    /// All groups, by id.
    pub groups: Vec<StoredGroup>,
    /// All conversations that have a message, in no particular order.
    pub summaries: Vec<Summary>,
    /// The latest `sent_at` of our own messages, so that a clock that went back does not put the next
    /// one above it.
    pub newest_own: Option<Timestamp>,
}

/// Something that came in, to be stored before it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// A group that changed by what came in.
    Group(StoredGroup),
    /// Something that could not be understood. Kept within the bounds of [`limits`].
    Quarantine {
        /// The topic it came on.
        topic: String,
        /// The bytes.
        payload: Vec<u8>,
        /// Why it was not understood, for a person.
        reason: String,
        /// When it came, by our clock.
        at: Timestamp,
    },
}

/// What a batch of [`Incoming`] changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The messages that were not known before, in the order of the batch.
    pub fresh: Vec<Message>,
    /// The conversations that got at least one of them.
    pub summaries: Vec<Summary>,
}

/// A publish to be made, as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where to.
    pub topic: String,
    /// The final bytes.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it as the topic's last.
    pub retain: bool,
    /// The message that it carries, if it carries one. Several drafts may carry the same.
    pub message: Option<MessageId>,
    /// Whom it is for.
    pub recipient: ConversationId,
}

/// A [`Draft`] in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the order of sending. Never used twice.
    pub seq: i64,
    /// What to publish.
    pub draft: Draft,
}

/// What [`Store::queue`](super::Store::queue) did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// The sequence numbers of the new outbox rows, in the order of the drafts.
    pub rows: Vec<i64>,
    /// The conversation of the message, if there was a message.
    pub summary: Option<Summary>,
}

/// Part of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages, oldest first: by their key.
    pub messages: Vec<Message>,
    /// Whether the conversation has older messages than these.
    pub more_before: bool,
    /// Whether the conversation has newer messages than these.
    pub more_after: bool,
}

/// A user and when they were last connected.
pub type LastSeen = (UserName, Timestamp);
