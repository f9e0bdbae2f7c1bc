//! What the engine tells its front ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::Ticket;
use crate::domain::{
    ConversationId, Delivery, Group, GroupId, Message, MessageId, PageAt, Person, Profile, Standing,
    Summary, UserName,
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
        /// When the next attempt starts; `None` when it waits for `Command::ConnectNow`.
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
}

/// What the engine tells its front ends. A front end that attaches first gets a [`Update::Welcome`], then
/// the whole state as the same updates that later tell of changes (`People`, `Group`, `Summaries`,
/// `Link`), then [`Update::Ready`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// Who we are, and the broker as a person would write it.
    Welcome {
        /// Our own profile.
        me: Profile,
        /// The broker's address, without secrets.
        broker: String,
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
    /// The summaries of these conversations are new or changed.
    Summaries(Vec<Summary>),
    /// These messages were stored just now, ours and others', in the order of their arrival.
    Stored(Vec<Stored>),
    /// A message of ours has come further.
    Delivery {
        /// Where it was said.
        conversation: ConversationId,
        /// Which.
        id: MessageId,
        /// How far.
        delivery: Delivery,
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
    /// What was asked with this ticket was refused, and nothing was changed.
    Refused {
        /// Which question.
        ticket: Ticket,
        /// Why, and what to do.
        why: String,
    },
    /// Something a person should know.
    Notice(Notice),
    /// The session ended: by request (`None`), or because it cannot go on.
    Stopped(Option<String>),
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
