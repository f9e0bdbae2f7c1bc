//! What a front end may ask.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Alerts, Alteration, ContactList, ConversationId, FindAt, GroupChange, GroupId, GroupLink, GroupName,
    JoinPolicy, Lifetime, MessageId, MessageText, PageAt, Poll, RoomName, UserName,
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
        /// The message there that it answers. Not in open rooms.
        #[serde(default)]
        reply: Option<MessageId>,
        /// Whether it was said elsewhere, and is passed on.
        #[serde(default)]
        forwarded: bool,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Ask all who read it to vote. Answered as `Send` is.
    Poll {
        /// Where to. Not an open room.
        to: ConversationId,
        /// What.
        poll: Poll,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Send a file: a message that offers it, for whoever gets that to fetch it from us. Answered as `Send` is, once the
    /// file is sealed.
    SendFile {
        /// Where to. Not an open room.
        to: ConversationId,
        /// Which: an absolute path.
        path: PathBuf,
        /// What to say with it, instead of its name.
        #[serde(default)]
        text: Option<MessageText>,
        /// The message there that it answers.
        #[serde(default)]
        reply: Option<MessageId>,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Offer a file that is here, ours or one that was fetched, elsewhere too. Answered as `Send` is.
    ForwardFile {
        /// The message that carries it.
        message: MessageId,
        /// Where to.
        to: ConversationId,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Fetch a file if it is not here, or go on with that, and save it. Answered by `Update::Agreed` when that has begun,
    /// or by `Update::Refused`; what becomes of it is told with `Update::File`.
    FetchFile {
        /// The message that carries it.
        message: MessageId,
        /// Where: the absolute path of a file that is not there yet, or of a directory; without it where downloads go.
        #[serde(default)]
        target: Option<String>,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Show the picture that a message carries. Answered by `Update::Picture`; by `Update::Agreed` where it is not here
    /// and is being fetched, which `Update::File` tells of; or by `Update::Refused`.
    ShowPicture {
        /// The message that carries it.
        message: MessageId,
        /// Most pixels of a row.
        width: u16,
        /// Most rows.
        height: u16,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// The same, small and unasked: only where it is here, for nothing is fetched for it, and after what anybody waits for.
    /// Answered by `Update::Picture` or `Update::Refused`.
    Thumbnail {
        /// The message that carries it.
        message: MessageId,
        /// Most pixels of a row.
        width: u16,
        /// Most rows.
        height: u16,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// A file that is being fetched rests, until `FetchFile`; or what is here of it is thrown away. Answered by
    /// `Update::Agreed` or `Update::Refused`.
    StopFile {
        /// The message that carries it.
        message: MessageId,
        /// Whether to throw it away.
        forget: bool,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Do something with a message that was said, for all. Answered by `Update::Altered` and `Update::Told`, or by
    /// `Update::Refused`.
    Alter {
        /// Which.
        message: MessageId,
        /// What.
        change: Alteration,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Star a message, or take the star away: for ourselves, on this device. Answered by `Update::Altered`.
    Star {
        /// Which.
        message: MessageId,
        /// Whether it is to have a star.
        starred: bool,
    },
    /// Set how long messages of a conversation live that are said from now on; `None`: they stay. Answered by
    /// `Update::Agreed`, of a group `Update::Done`, or by `Update::Refused`.
    SetLifetime {
        /// Which.
        conversation: ConversationId,
        /// How long.
        lifetime: Option<Lifetime>,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Keep a list of contacts, on this device, in place of the one of this name; without anybody on it, it is gone.
    /// Answered by `Update::Agreed` or `Update::Refused`.
    SaveList {
        /// The list.
        list: ContactList,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Put a conversation away, on this device, or bring it back. Answered by `Update::Archived`.
    Archive {
        /// Which.
        conversation: ConversationId,
        /// Whether it is put away.
        archived: bool,
    },
    /// Delete a message for ourselves, on this device. Answered by `Update::Hidden`.
    Hide(MessageId),
    /// When a conversation calls for us from now on, on this device. Answered by `Update::Alerts`.
    Alerts(ConversationId, Alerts),
    /// What is pinned in this conversation; without one what is starred, in all of them. Answered by
    /// `Update::Marked`.
    Marked(Option<ConversationId>),
    /// Read part of a conversation. Answered by `Update::Page`.
    Load {
        /// Of which.
        conversation: ConversationId,
        /// Which part.
        at: PageAt,
        /// At most so many messages (the engine gives no more than 500).
        limit: usize,
    },
    /// Look for texts that have all of these words, or longer ones that begin with them. Answered by
    /// `Update::Found`.
    Find {
        /// The words; any text will do, its first 256 characters count.
        words: String,
        /// In which conversation; in all where none is named.
        within: Option<ConversationId>,
        /// Where to begin, and in which direction.
        at: FindAt,
        /// At most so many messages (the engine gives no more than 500).
        limit: usize,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Where in a conversation texts stand that have all of these words. Answered by `Update::Hits`.
    Hits {
        /// The words, as in `Find`.
        words: String,
        /// In which conversation.
        conversation: ConversationId,
        /// Those that arrived before this place, which an earlier answer told; `None`: the last ones.
        before: Option<i64>,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// All messages that arrived up to now were read.
    MarkRead(ConversationId),
    /// Show a conversation as unread again, from the newest message of another. Tells nobody, nor our other
    /// devices. Answered by `Update::Agreed`, or `Update::Refused` where there is no such message.
    MarkUnread {
        /// Which.
        conversation: ConversationId,
        /// To know the answer by.
        ticket: Ticket,
    },
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
    /// Make a link into a group, in place of the last one of this device: whoever has it is let in. Answered by
    /// `Update::GroupLink` or `Update::Refused`.
    MakeGroupLink {
        /// Into which.
        group: GroupId,
        /// For how long; 30 days at most.
        lasts: Duration,
        /// How many it lets in.
        uses: u32,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Take the link into a group back. Answered by `Update::Agreed` or `Update::Refused`.
    RevokeGroupLink {
        /// Into which.
        group: GroupId,
        /// To know the answer by.
        ticket: Ticket,
    },
    /// Ask to be let into a group by a link. Answered by `Update::Agreed` once it is asked, by `Update::Done` where
    /// we are in at once, or by `Update::Refused`. Being let in shows as having joined.
    JoinByLink {
        /// The link.
        link: GroupLink,
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
        /// The letters that told them as they are there (`Message::letter`): one that is edited meanwhile was not seen.
        letters: Vec<MessageId>,
    },
    /// Tell all about the delivery of a message of ours. Answered by `Update::Info`; by nothing where there
    /// is no such message.
    Info(MessageId),
    /// How far a letter of ours has come. Answered by `Update::Letter`.
    Letter(MessageId),
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
