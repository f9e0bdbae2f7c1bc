//! What goes into the store and comes out of it, beside the values of the domain.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::files::StoredFile;
use super::group_links::{StoredKnock, StoredLink};
use super::lifetimes::StoredLifetime;
use crate::domain::{
    Alerts, Alteration, Bundle, ContactList, ConversationId, Delivery, DeviceId, GroupId, Message,
    MessageId, MessageKey, Profile, Recipient, RoomName, Standing, Summary, Timestamp, UserName,
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
    /// Most hits in one conversation that are told at once.
    pub const HITS: u32 = 2_000;
    /// Up to how many hits are counted.
    pub const COUNTED: u32 = 100_000;
    /// How often a letter goes to somebody who is online and does not confirm it, until it is given up.
    pub const ATTEMPTS: u32 = 50;
    /// Most numbers of one device that are remembered as missing.
    pub const MISSING: u64 = 1_000;
    /// How often a missing number is asked for, until it is forgotten.
    pub const ASKED: u32 = 6;
    /// Most ciphertexts that are remembered; the oldest go first.
    pub const OPENED: i64 = 200_000;
    /// Most that is kept until it can be opened; the oldest goes first.
    pub const SEALED: i64 = 2_000;
    /// Most messages that are kept of one open room; the oldest go first. Anything can speak there.
    pub const ROOM: i64 = 10_000;
    /// How many more there may be for a while: they are taken out together.
    pub const ROOM_SLACK: i64 = 500;
    /// Most of what was said in one open room that is known when it comes again.
    pub const ROOM_HEARD: i64 = 1_000;
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
    /// The password to log in with at a broker, random and made at sign-up: a secret.
    pub credential: String,
}

/// A registered person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    /// What they tell about themselves.
    pub profile: Profile,
    /// When one of their devices last was connected; saving `None` leaves what is known.
    pub last_seen: Option<Timestamp>,
    /// Whether their key was compared with theirs.
    pub verified: bool,
    /// A profile for their name that another key signed.
    pub claim: Option<Profile>,
    /// Whether nothing of theirs is shown or answered.
    pub blocked: bool,
}

impl KnownPerson {
    /// Somebody whom we just met.
    pub fn met(profile: Profile) -> Self {
        Self { profile, last_seen: None, verified: false, claim: None, blocked: false }
    }
}

/// A secret key or the state of a session: bytes, by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub name: String,
    /// What is kept; `None` takes it away.
    pub value: Option<Vec<u8>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The tag of a ciphertext.
pub type Tag = [u8; 16];

/// Something that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it is known again by.
    pub tag: Tag,
    /// What has to be the same when the tag comes again; `None` where the tag says all.
    pub print: Option<Tag>,
    /// Who sent it.
    pub sender: UserName,
    /// The letter in it.
    pub letter: MessageId,
    /// Whether its sender waits to hear that it came.
    pub awaited: bool,
}

/// Something that came in and cannot be opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place in the order of arrival.
    pub seq: i64,
    /// The topic it came on.
    pub topic: String,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// A group and our dealings with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// Which.
    pub id: GroupId,
    /// What was signed about it. No document holds a line break.
    pub signed: Vec<Arc<[u8]>>,
    /// How we stand to it.
    pub standing: Standing,
    /// Whether the broker still has to be told that we do not subscribe to it any more.
    pub unsubscribe: bool,
}

/// An open room that we joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoom {
    /// Which.
    pub room: RoomName,
    /// Whether we are in; otherwise the broker still has to be told that we do not subscribe to it any more.
    pub joined: bool,
}

/// A group as something that we do makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The group.
    pub group: StoredGroup,
    /// Who is in by that: what was said there before is not for anybody else any more.
    pub members: Vec<UserName>,
}

/// Everything that must be there at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Everybody registered, by user name.
    pub people: Vec<KnownPerson>,
    /// All groups, by id.
    pub groups: Vec<StoredGroup>,
    /// The open rooms that we are in, and those of which the broker has to be told that we left, by name.
    pub rooms: Vec<StoredRoom>,
    /// All conversations that have a message, in no particular order.
    pub summaries: Vec<Summary>,
    /// When the newest message of ours was made, so that a clock that went back does not put the next one
    /// above it.
    pub newest_own: Option<Timestamp>,
    /// What the next letter of ours in each conversation has to follow.
    pub threads: Vec<(ConversationId, Thread)>,
    /// Who has not confirmed something that the broker took.
    pub debtors: Vec<UserName>,
    /// What devices published for those who write to them first.
    pub bundles: Vec<Bundle>,
    /// The epoch of the last connection; 0 before the first.
    pub epoch: u64,
    /// The broker of that connection, as a person would write it.
    pub broker: Option<String>,
    /// Who sent what could not be opened yet.
    pub sealed: Vec<UserName>,
    /// To whom something is to be said that is not sealed yet.
    pub unsealed: Vec<UserName>,
    /// The conversations that do not always call for us.
    pub alerts: Vec<(ConversationId, Alerts)>,
    /// How long messages live in conversations with people.
    pub lifetimes: Vec<StoredLifetime>,
    /// The conversations that are put away.
    pub archived: Vec<ConversationId>,
    /// Lists of contacts.
    pub lists: Vec<ContactList>,
    /// Links by which we let people into groups.
    pub group_links: Vec<StoredLink>,
    /// Groups that we asked to be let into.
    pub knocks: Vec<StoredKnock>,
    /// What was being written, by conversation.
    pub drafts: Vec<(ConversationId, String)>,
}

/// What a session begins with.
pub struct Beginning {
    /// Who we are.
    pub account: Account,
    /// When the next thing is over.
    pub next_end: Option<Timestamp>,
    /// Everything that must be there at start.
    pub snapshot: Snapshot,
    /// What is kept under the names that were asked for, in their order.
    pub secrets: Vec<Option<Vec<u8>>>,
    /// All files of which anything became. What was left of those whose message is gone is forgotten.
    pub files: Vec<StoredFile>,
}

/// What the next letter of ours in a conversation has to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The latest time that anybody wrote on a message there.
    pub stamp: Timestamp,
    /// The number of our last letter there.
    pub number: u64,
}

/// Something that came in, to be stored before it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// A message that we wrote on another device, and whom it is for.
    Said {
        /// The message.
        message: Message,
        /// Whom it was for when it was written.
        recipients: Vec<UserName>,
    },
    /// Somebody did something with a message, which may not be here yet. From another device of ours: for whom that
    /// was.
    Altered {
        /// What, with which.
        altered: Altered,
        /// Who is to confirm it, if it is ours.
        recipients: Vec<UserName>,
    },
    /// Something that was said in an open room. The oldest of a room go once there are more than
    /// [`limits::ROOM`].
    Overheard(Overheard),
    /// A group that changed by what came in.
    Group(StoredGroup),
    /// A letter with a number came.
    Heard(Heard),
    /// Somebody tells what became of letters of ours.
    Receipt {
        /// Who.
        member: UserName,
        /// `Delivered` or `Read`.
        delivery: Delivery,
        /// When, by their clock.
        at: Timestamp,
        /// Which.
        letters: Vec<MessageId>,
    },
    /// These are the members of a group now: what was said there is not for those any more who left.
    Members {
        /// Which.
        group: GroupId,
        /// Who is in.
        members: Vec<UserName>,
    },
    /// Nothing is kept of this group any more.
    NoGroup(GroupId),
    /// We were put out of this group: what we said there and nobody confirmed has failed.
    PutOut(GroupId),
    /// What goes out because of what came in.
    Answer(Draft),
    /// Something was opened. It stands before what was in it.
    Opened(Opened),
    /// Something came that this user sealed and whose key was used before or never was here: it came before,
    /// or is lost.
    Used {
        /// What it would be known by.
        tag: Tag,
        /// Who sent it.
        sender: UserName,
        /// On which device.
        device: DeviceId,
    },
    /// Something that cannot be opened before more is known of its sender. Kept within the bounds of
    /// [`limits`].
    Sealed {
        /// Who sent it.
        sender: UserName,
        /// On which device.
        device: DeviceId,
        /// The topic it came on.
        topic: String,
        /// The bytes.
        payload: Vec<u8>,
    },
    /// What was kept under this number has been dealt with.
    Unsealed(i64),
    /// A key or a session as it is after all this.
    Secret(Secret),
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

/// Something that was said in an open room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overheard {
    /// The message, in the room.
    pub message: Message,
    /// What it is known again by.
    pub tag: MessageId,
    /// Whether the tag is the speaker's own word that this is one message, and the same when it comes again.
    pub named: bool,
    /// Whether the broker says that it may have told it before: it had kept it, or nobody had confirmed it.
    pub repeated: bool,
    /// Which message of ours it is if it is one that this device wrote: not every broker keeps that from us.
    pub echo_of: Option<MessageId>,
}

/// What a batch of [`Incoming`] changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The messages that were not known before, in the order of the batch.
    pub fresh: Vec<Message>,
    /// The conversations that got at least one of them.
    pub summaries: Vec<Summary>,
    /// Messages that were here and are otherwise now.
    pub altered: Vec<Message>,
    /// Messages that came again and had been on the screen: their senders may not know it.
    pub seen_before: Vec<(UserName, MessageId)>,
    /// Messages of ours that came further.
    pub progress: Vec<Progress>,
    /// Whether numbers are missing that were not before.
    pub gaps: bool,
    /// Letters that were opened and had been opened before, out of another ciphertext.
    pub repeated: Vec<MessageId>,
    /// Letters that came again in the same ciphertext.
    pub again: Vec<(UserName, MessageId)>,
    /// Whose ciphertexts are lost: they cannot be opened, and never were; or they came again, and still cannot.
    pub lost: Vec<(UserName, DeviceId)>,
    /// Who sealed two things with one key: somebody runs a copy of their account.
    pub cloned: Vec<UserName>,
}

/// A message of ours has come so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it was said.
    pub conversation: ConversationId,
    /// Which.
    pub id: MessageId,
    /// How far.
    pub delivery: Delivery,
}

/// A letter with a number came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Of whom.
    pub sender: UserName,
    /// From which of their devices.
    pub device: DeviceId,
    /// Which.
    pub number: u64,
}

/// A run of numbers that never came, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Of whom.
    pub sender: UserName,
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// A message as it moves to another device of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The message, in its place.
    pub message: Message,
    /// Whom it was for, if it is ours.
    pub recipients: Vec<Recipient>,
    /// What was done with it since.
    pub altered: Vec<Altered>,
}

/// Somebody did something with a message that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Altered {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Which message.
    pub of: MessageId,
    /// Who.
    pub author: UserName,
    /// When, by their clock.
    pub at: Timestamp,
    /// The letter that tells it.
    pub letter: MessageId,
    /// What they did.
    pub change: Alteration,
    /// When that is over, by our clock, where messages disappear.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
}

/// A publish to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where to.
    pub topic: String,
    /// The letter, before it is sealed.
    pub clear: Vec<u8>,
    /// The final bytes; `None` until the keys are here that it takes to seal it.
    pub payload: Option<Vec<u8>>,
    /// The letter that it carries.
    pub letter: MessageId,
    /// The conversation it is for.
    pub to: ConversationId,
    /// Who is to confirm it. Where there is nobody, it is done when the broker has it.
    pub recipients: Vec<UserName>,
    /// Its number in the conversation, if it has one.
    pub number: Option<u64>,
    /// When it is over, where messages disappear: from then on it is worth nothing.
    pub ends_at: Option<Timestamp>,
}

/// A letter in the outbox, to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the order of sending. Never used twice.
    pub seq: i64,
    /// The letter.
    pub letter: MessageId,
    /// Where to.
    pub topic: String,
    /// The letter, before it is sealed.
    pub clear: Vec<u8>,
    /// The final bytes; `None` where it has to be sealed first.
    pub payload: Option<Vec<u8>>,
    /// The conversation it is for.
    pub to: ConversationId,
    /// When it is over, where messages disappear.
    pub ends_at: Option<Timestamp>,
}

/// How a letter stands in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// It is to be published.
    Due,
    /// The broker took it; recipients are to confirm it.
    Taken,
    /// It was refused: a person has to decide.
    Refused,
}

/// All that is known of a letter of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Which.
    pub id: MessageId,
    /// The conversation it is for.
    pub to: ConversationId,
    /// The message that it carries, if it carries one.
    pub message: Option<Message>,
    /// Whom it was for, by name.
    pub recipients: Vec<Recipient>,
    /// How it stands in the outbox; `None` when it is not there any more.
    pub state: Option<OutboxState>,
}

/// What [`Store::queue`](super::Store::queue) did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// The sequence numbers of the new outbox rows, in the order of the drafts.
    pub rows: Vec<i64>,
    /// The conversation of the message, if there was a message.
    pub summary: Option<Summary>,
    /// The message as it was placed, if there was one.
    pub message: Option<Message>,
    /// The message that was altered, as it is now.
    pub altered: Option<Message>,
    /// Messages of ours that came further, because somebody they were for is not in the group any more.
    pub progress: Vec<Progress>,
}

/// What it came to that the broker answered, or that a person decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Messages of ours that it moved.
    pub progress: Vec<Progress>,
    /// Who is to confirm something now.
    pub open: Vec<UserName>,
    /// How many letters it found.
    pub letters: u64,
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

/// Messages that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages, in the order that was asked for.
    pub messages: Vec<Message>,
    /// The place to go on from: of the last of them.
    pub edge: Option<i64>,
    /// Whether there are more in that direction.
    pub more: bool,
}

/// Where in a conversation something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Where, in the order of the conversation.
    pub keys: Vec<MessageKey>,
    /// How many there are in the whole conversation, counted up to [`limits::COUNTED`].
    pub total: u64,
    /// The place to go on from, where there are more that arrived before these.
    pub older: Option<i64>,
}

/// A user and when they were last connected.
pub type LastSeen = (UserName, Timestamp);
