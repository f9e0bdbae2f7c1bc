//! What a front end may ask.

use serde::{Deserialize, Serialize};

use crate::domain::{
    ConversationId, GroupChange, GroupId, GroupName, JoinPolicy, MessageId, MessageText, PageAt,
    RoomName, UserName,
};

/// A number that a front end gives to what it asks, to know the answer by. It means nothing to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub u64);

/// What a front end may ask of a running session. The answers are [`Update`](super::Update)s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Write a message. Answered by `Update::Stored` with the same ticket, or `Update::Refused`.
    Send {
        /// Where to.
        to: ConversationId,
        /// What.
        text: MessageText,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Read part of a conversation. Answered by `Update::Page`.
    Load {
        /// Of which.
        conversation: ConversationId,
        /// Which part.
        at: PageAt,
        /// At most so many messages (the engine gives no more than 500).
        limit: usize,
    },
    /// All messages that arrived up to now were read.
    MarkRead(ConversationId),
    /// We are writing there: tell the others. The engine limits how often they are told.
    Typing(ConversationId),
    /// This is being written there and was not sent: keep it for the next session, in place of what was kept before.
    /// Answered by nothing.
    KeepDraft {
        /// Where.
        conversation: ConversationId,
        /// What; at most as long as a message may be. Empty: nothing.
        text: String,
    },
    /// Make a group and join it. Answered by `Update::Done` (with its id) or `Update::Refused`.
    CreateGroup {
        /// What to call it.
        name: GroupName,
        /// Who may come in.
        policy: JoinPolicy,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Join a listed group or accept an invitation. Answered by `Update::Done` or `Update::Refused`.
    JoinGroup {
        /// Which.
        group: GroupId,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Leave a group, or decline an invitation. Answered by `Update::Done` or `Update::Refused`.
    LeaveGroup {
        /// Which.
        group: GroupId,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Do something that is the owner's and the admins' to do; see [`GroupChange`]. Answered by `Update::Done` or
    /// `Update::Refused`.
    ChangeGroup {
        /// Which.
        group: GroupId,
        /// What.
        change: GroupChange,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Hear what is said in an open room from now on. Answered by `Update::Agreed` (also where we did before) or
    /// `Update::Refused`; while connected, once the broker has said that we do.
    JoinRoom {
        /// Which.
        room: RoomName,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Hear it no more. Answered by `Update::Agreed` or `Update::Refused`.
    LeaveRoom {
        /// Which.
        room: RoomName,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// These messages of others are on the screen of a focused terminal: their senders may be told.
    Seen {
        /// In which conversation.
        conversation: ConversationId,
        /// Which.
        ids: Vec<MessageId>,
    },
    /// Tell all about the delivery of a message of ours. Answered by `Update::Info`; by nothing where there
    /// is no such message.
    Info(MessageId),
    /// What waits in the outbox. Answered by `Update::Outbox`.
    Outbox,
    /// Send these letters again that were refused or given up; all of them where none is named. Answered by
    /// `Update::Outbox`.
    Retry(Vec<MessageId>),
    /// Give these letters up: they leave the outbox. Answered by `Update::Outbox`.
    GiveUp(Vec<MessageId>),
    /// The key of this person was compared with theirs, or that is taken back. Answered by `Update::Agreed` or
    /// `Update::Refused`.
    Verify {
        /// Whose.
        user: UserName,
        /// Whether it was.
        verified: bool,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// The key that stands for this person's name now is theirs. Answered by `Update::Agreed` or
    /// `Update::Refused`.
    AcceptKey {
        /// Whose.
        user: UserName,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// The keys of this person and what compares them. Answered by `Update::Keys`.
    Keys(UserName),
    /// Begin to compare emoji with this person. Answered by `Update::Agreed` or `Update::Refused`; what becomes
    /// of it is told with `Update::Comparison`.
    Compare {
        /// With whom.
        user: UserName,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Whether the emoji that this person sees are the same as ours. Answered by `Update::Agreed` or
    /// `Update::Refused`.
    SameEmoji {
        /// Who sees them.
        user: UserName,
        /// Whether they are.
        same: bool,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Call off the comparison of emoji with this person, if there is one.
    EndComparison(UserName),
    /// Show and answer nothing of this person from now on, or do so again. Answered by `Update::Agreed` or
    /// `Update::Refused`.
    Block {
        /// Whom.
        user: UserName,
        /// Whether to block them; `false` takes it back.
        blocked: bool,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Do not wait for the next attempt to connect: try now. Also starts a stopped built-in broker again.
    ConnectNow,
}
