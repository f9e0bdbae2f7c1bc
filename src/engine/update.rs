//! What the engine tells its front ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::Ticket;
use super::files::FileView;
use crate::domain::{
    Alerts, ContactList, ConversationId, Delivery, Group, GroupId, GroupLink, GroupName, Lifetime,
    Message, MessageId, MessageKey, PageAt, Person, Picture, Profile, Recipient, RoomName, Standing,
    Summary, Timestamp, Trust, UserName,
};

/// The state of the connection to the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Connecting, for the first time or again.
    Connecting,
    /// Connected, and everything that we subscribe to is confirmed.
    Up,
    /// Not connected.
    Down {
        /// Why, in words for a person.
        reason: String,
        /// When the next attempt starts; `None` when somebody stopped the built-in broker: then as soon as
        /// it runs again. `Command::ConnectNow` starts it.
        retry_in: Option<Duration>,
    },
}

/// A group with how we stand to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// How we stand to it.
    pub standing: Standing,
}

/// Something a person should know that belongs to no message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// It went on; this is worth a line.
    Info(String),
    /// Something is wrong that a person can mend: what, where, and what to do.
    Warning(String),
    /// We are in a group that we asked to be let into by a link.
    LetIn {
        /// Which.
        group: GroupId,
        /// What it is called.
        name: GroupName,
    },
}

/// What the engine tells its front ends. A front end that attaches first gets a [`Update::Welcome`], then
/// the whole state as the same updates that later tell of changes (`People`, `Group`, `Rooms`, `Summaries`,
/// `Link`), then [`Update::Ready`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// Who we are, and the broker as a person would write it.
    Welcome {
        /// Our own profile.
        me: Box<Profile>,
        /// The broker's address, without secrets.
        broker: String,
        /// The one that the last session was on, where that was another and nobody named this one: whoever did not mean
        /// to move sees nobody.
        before: Option<String>,
    },
    /// The state at the time of attaching is complete.
    Ready,
    /// The connection changed.
    Link(Link),
    /// These people are new or changed. Nobody is ever taken out.
    People(Vec<Person>),
    /// This group is new or changed.
    Group(GroupView),
    /// This group is not listed any more, and we have nothing to do with it.
    GroupGone(GroupId),
    /// The open rooms that we are in, all of them, by name.
    Rooms(Vec<RoomName>),
    /// The conversations that do not always call for us, all of them.
    Alerts(Vec<(ConversationId, Alerts)>),
    /// How long messages live in conversations with people, all in which they do not stay. Of a group `Group` says
    /// it.
    Lifetimes(Vec<(ConversationId, Lifetime)>),
    /// The conversations that are put away, all of them.
    Archived(Vec<ConversationId>),
    /// Our lists of contacts, all of them.
    Lists(Vec<ContactList>),
    /// What was being written when the last session ended, for the front end that started this one alone.
    Drafts(Vec<(ConversationId, String)>),
    /// The summaries of these conversations are new or changed.
    Summaries(Vec<Summary>),
    /// These messages were stored just now, ours and others', in the order of their arrival.
    Stored(Vec<Stored>),
    /// These messages are otherwise than they were told before.
    Altered(Vec<Message>),
    /// We deleted this message for ourselves.
    Hidden {
        /// Where it was said.
        conversation: ConversationId,
        /// Which.
        id: MessageId,
    },
    /// These messages were over: nothing of them is left.
    Gone(Vec<(ConversationId, MessageId)>),
    /// The answer to `Command::Marked`: the newest first, at most 500.
    Marked {
        /// What was asked for.
        pinned_in: Option<ConversationId>,
        /// The messages.
        messages: Vec<Message>,
    },
    /// A message of ours has come further.
    Delivery {
        /// Where it was said.
        conversation: ConversationId,
        /// Which.
        id: MessageId,
        /// How far.
        delivery: Delivery,
    },
    /// The answer to `Command::Info`. It is not told again when it changes.
    Info(Info),
    /// The answer to `Command::Outbox`, `Command::Retry` and `Command::GiveUp`.
    Outbox {
        /// What waits, in the order of sending; the first [`OUTBOX_SHOWN`].
        waiting: Vec<Waiting>,
        /// How many wait in all.
        total: u64,
        /// How many `Retry` or `GiveUp` found.
        changed: u64,
    },
    /// The answer to `Command::Load`: oldest first.
    Page {
        /// Of which.
        conversation: ConversationId,
        /// What was asked for.
        at: PageAt,
        /// The messages, in conversation order.
        messages: Vec<Message>,
        /// Whether older messages exist.
        more_before: bool,
        /// Whether newer messages exist.
        more_after: bool,
    },
    /// The answer to `Command::Find`.
    Found {
        /// Which question.
        ticket: Ticket,
        /// The messages, in the order of their arrival; where it was asked backwards, the last first.
        messages: Vec<Message>,
        /// The place of the last of these, to go on from.
        edge: Option<i64>,
        /// Whether there are more in that direction.
        more: bool,
    },
    /// The answer to `Command::Hits`.
    Hits {
        /// Which question.
        ticket: Ticket,
        /// Where, in the order of the conversation.
        keys: Vec<MessageKey>,
        /// How many there are in the whole conversation; counted up to 100,000.
        total: u64,
        /// The place to go on from, where there are more that arrived before these.
        older: Option<i64>,
    },
    /// Somebody is writing; takes back nothing, it lasts for [`TYPING_LASTS`].
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserName,
    },
    /// What was asked with this ticket is done.
    Done {
        /// Which question.
        ticket: Ticket,
        /// The group it was about.
        group: GroupId,
    },
    /// The answer to `Command::MakeGroupLink`.
    GroupLink {
        /// Which question.
        ticket: Ticket,
        /// The link: a secret of whoever is to come in.
        link: GroupLink,
        /// From when on it lets nobody in any more.
        ends_at: Timestamp,
        /// How many it lets in.
        uses: u32,
    },
    /// What was asked with this ticket is done, and it was about no group.
    Agreed {
        /// Which question.
        ticket: Ticket,
    },
    /// What was asked with this ticket is done, and this letter tells the others.
    Told {
        /// Which question.
        ticket: Ticket,
        /// The letter; [`Command::Letter`](super::Command::Letter) asks how far it has come.
        letter: MessageId,
    },
    /// The answer to `Command::Letter`. It is not told again when it changes.
    Letter {
        /// Which.
        id: MessageId,
        /// How far it has come; `None`: it is not in the outbox, for everybody has it or it is over.
        delivery: Option<Delivery>,
    },
    /// What was asked with this ticket was refused, and nothing was changed.
    Refused {
        /// Which question.
        ticket: Ticket,
        /// Why, and what to do.
        why: String,
    },
    /// The answer to `Command::Keys`. It is not told again when it changes.
    Keys(Box<KeyView>),
    /// A comparison of emoji has begun, moved on, or ended.
    Comparison(ComparisonView),
    /// What became of files, in a front end that attaches: of up to 1,000; more follow.
    Files(Vec<FileView>),
    /// The answer to `Command::ShowPicture` and `Command::Thumbnail`.
    Picture {
        /// Which question.
        ticket: Ticket,
        /// The message that carries it.
        message: MessageId,
        /// The picture, as small as was asked for.
        picture: Picture,
    },
    /// A file has come further.
    File(FileView),
    /// How saving a file ended. That it is saved people see by `Update::File` or a notice.
    FileSaved {
        /// The message that carries it.
        message: MessageId,
        /// As what it was saved, or in words which file is not, and why.
        outcome: Result<String, String>,
    },
    /// Something a person should know.
    Notice(Notice),
    /// The session ended: by request (`None`), or because it cannot go on.
    Stopped(Option<String>),
}

impl Update {
    /// What to tell somebody who may not have meant to move to another broker.
    pub fn moved_words(user: &UserName, broker: &str, before: &str) -> String {
        format!(
            "this is {broker}, and {user} was last on {before}: if that is not meant, say so with --broker or as \
             broker.url in config.toml"
        )
    }
}

/// The key of somebody else, and what compares it with ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TheirKey {
    /// The key in short.
    pub fingerprint: String,
    /// Twelve groups of five digits: the same on their screen, if nobody sits in between.
    pub safety_number: String,
    /// When they registered with this key, as they say.
    pub since: Timestamp,
    /// What the code says that they scan.
    pub code: String,
    /// That code as lines of half blocks, drawn light on dark, with its quiet zone.
    pub picture: Vec<String>,
}

/// What there is to compare with somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// With whom.
    pub user: UserName,
    /// How far their key is trusted.
    pub trust: Trust,
    /// Our own key in short.
    pub ours: String,
    /// The key that we know them by; `None` before we have met it.
    pub theirs: Option<TheirKey>,
    /// Another key that stands for their name.
    pub claimed: Option<TheirKey>,
}

/// One of the seven signs that two people compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoji {
    /// The sign.
    pub sign: String,
    /// Its name in English.
    pub name: String,
}

/// A comparison of emoji with somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonView {
    /// With whom.
    pub user: UserName,
    /// Whether we began it.
    pub ours: bool,
    /// How far it has come.
    pub state: ComparisonState,
}

/// How far a comparison of emoji has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonState {
    /// The other side has to answer.
    Waiting,
    /// The person has to say whether the other sees the same.
    Compare(Vec<Emoji>),
    /// Our person said so; the other's has to.
    Confirmed(Vec<Emoji>),
    /// Both said so: the key is verified.
    Verified,
    /// It came to nothing.
    Failed {
        /// Why, and what to do.
        why: String,
        /// Whether somebody may sit in between.
        alarm: bool,
    },
}

/// Most entries of an [`Update::Outbox`].
pub const OUTBOX_SHOWN: usize = 500;

/// What a letter that has not arrived everywhere waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The connection to the broker.
    Link,
    /// The broker's word that it has it.
    Broker,
    /// Somebody at the broker who listens: it told us that nobody does.
    Listener,
    /// These recipients, who are not online. It goes out again when they are seen.
    Away(Vec<UserName>),
    /// The receipts of these recipients, who are online.
    Receipt {
        /// Whose.
        users: Vec<UserName>,
        /// When it goes to them again.
        retry_in: Option<Duration>,
    },
    /// A person: it failed, and why.
    Person(String),
}

/// All about the delivery of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Which.
    pub id: MessageId,
    /// How far it has come.
    pub delivery: Delivery,
    /// Whom it was for when it was written, by name. Those who left since are still here.
    pub recipients: Vec<Recipient>,
    /// What it waits for; `None` when it has arrived everywhere.
    pub waits_for: Option<Hop>,
}

/// A letter in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which.
    pub id: MessageId,
    /// Where to.
    pub to: ConversationId,
    /// The message that it carries; `None` for a notice such as a receipt or an invitation.
    pub message: Option<Message>,
    /// How far it has come.
    pub delivery: Delivery,
    /// Who has not confirmed it.
    pub open: Vec<UserName>,
    /// What it waits for.
    pub waits_for: Hop,
}

/// A message that was stored just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The message.
    pub message: Message,
    /// The ticket of the `Command::Send` that wrote it, for the front end that sent it alone.
    pub ticket: Option<Ticket>,
}

/// How long somebody counts as writing after they said so. They say it again while they go on.
pub const TYPING_LASTS: Duration = Duration::from_secs(6);
