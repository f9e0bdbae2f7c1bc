//! Whom one talks to, and what a list of conversations shows of each.

use serde::{Deserialize, Serialize};

use super::{GroupId, Message, MessageKey, RoomName, Timestamp, UserName};

/// A conversation: with one person, in a group, or in an open room. What is said in an open room is never
/// encrypted; all else always is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationId {
    /// With one person.
    Direct(UserName),
    /// In a group.
    Group(GroupId),
    /// In an open room.
    Room(RoomName),
}

/// The last message of a conversation, shortened for a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Who wrote it.
    pub sender: UserName,
    /// When, by the sender's clock.
    pub sent_at: Timestamp,
}

impl From<&Message> for Preview {
    fn from(message: &Message) -> Self {
        Self { sender: message.sender.clone(), sent_at: message.sent_at }
    }
}

/// What a list of conversations shows of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which.
    pub conversation: ConversationId,
    /// Messages of others that were not read yet.
    pub unread: u32,
    /// Where the unread line stands: above this message. `None` when all is read.
    pub first_unread: Option<MessageKey>,
    /// The newest message, if there is any.
    pub last: Option<Preview>,
}

/// Which part of what was found to read: in the order in which messages came to be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindAt {
    /// What came last, and back from there.
    Newest,
    /// What came before this place, and back from there.
    Before(i64),
    /// What came after this place (0: from the start), and on from there.
    After(i64),
}

/// Which part of a conversation to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageAt {
    /// The newest messages.
    Newest,
    /// The oldest messages.
    Oldest,
    /// The nearest messages older than this one.
    Before(MessageKey),
    /// The nearest messages newer than this one.
    After(MessageKey),
    /// This message in the middle; near an end of the conversation, more of the other side.
    Around(MessageKey),
}
