//! Messages.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Attachment, Ballot, ConversationId, Delivery, GroupChange, InvalidText, Lifetime, MessageId, Poll,
    Reaction, Timestamp, UserName, clean_block, limits,
};

/// The text of a message: cleaned for the terminal, not blank, at most [`limits::TEXT`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

impl MessageText {
    /// Cleans and checks a text. The limit is applied before the cleaning, so that a huge text costs
    /// nothing.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let too_long = InvalidText::TooLong { limit: limits::TEXT, unit: "bytes" };
        if text.len() > limits::TEXT {
            return Err(too_long);
        }
        let clean = clean_block(text);
        // Tabs grow when they become spaces.
        match clean.len() {
            n if n > limits::TEXT => Err(too_long),
            _ if clean.trim().is_empty() => Err(InvalidText::Empty),
            _ => Ok(Self(clean)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageText {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<MessageText> for String {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

impl fmt::Display for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Words for people.
    Text(MessageText),
    /// The sender made the group.
    Created,
    /// The sender joined the group.
    Joined,
    /// The sender left the group.
    Left,
    /// The sender did this with the group.
    Changed(GroupChange),
    /// Another key than the sender's stands for their name since then. Written here by ourselves.
    KeyChanged,
    /// We accepted another key of the sender. Written here by ourselves.
    KeyAccepted,
    /// The sender set how long messages live here from then on; `None`: they stay. To a person.
    Lifetime(Option<Lifetime>),
    /// Something only a newer Cooee understands. It is kept and said so, never guessed at.
    Unsupported,
    /// The sender took it back.
    Deleted,
}

impl Body {
    /// Whether it waits to be read: events are told, but count as nobody's unread message.
    pub fn counts_as_unread(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Unsupported)
    }
}

/// Where a message stands in its conversation: by the sender's clock, ties broken by the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// When, by the sender's clock.
    pub sent_at: Timestamp,
    /// Which.
    pub id: MessageId,
}

/// One message of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its one identity.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub sender: UserName,
    /// When, by the sender's clock; but not after it came here, and in the order in which the sender wrote
    /// (see `store`). It orders the conversation.
    pub sent_at: Timestamp,
    /// When it came here, by our clock.
    pub received_at: Timestamp,
    /// What it says.
    pub body: Body,
    /// How far it has come; `None` for messages of others.
    pub delivery: Option<Delivery>,
    /// It came at least [`LATE`] after it was written, when newer ones stood here already: it was placed
    /// above them.
    #[serde(default)]
    pub late: bool,
    /// A message of another that was not on our screen yet.
    #[serde(default)]
    pub unseen: bool,
    /// What it answers.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// The sender passes on what was said elsewhere.
    #[serde(default)]
    pub forwarded: bool,
    /// The file that it carries: its text says what that is, or is its name.
    #[serde(default)]
    pub file: Option<Attachment>,
    /// What it asks all who read it to vote on: its text says that in lines.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// When it is over, by our clock: then nothing is left of it here.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    /// What was done with it since.
    #[serde(default)]
    pub marks: Marks,
}

impl Message {
    /// A message of another that says this and nothing more, at this time: of what it is besides, whoever makes it tells
    /// what there is.
    pub fn new(
        id: MessageId,
        conversation: ConversationId,
        sender: UserName,
        at: Timestamp,
        body: Body,
    ) -> Self {
        Self {
            id,
            conversation,
            sender,
            sent_at: at,
            received_at: at,
            body,
            delivery: None,
            late: false,
            unseen: false,
            reply: None,
            forwarded: false,
            file: None,
            poll: None,
            ends_at: None,
            marks: Marks::default(),
        }
    }
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Which. Its id alone is sent: nobody can put words into another's mouth by quoting them.
    pub to: MessageId,
    /// What it says, as it is known here; `None` where it is not.
    pub quote: Option<Quote>,
}

impl Reply {
    /// To a message that was not looked up yet.
    pub fn to(id: MessageId) -> Self {
        Self { to: id, quote: None }
    }
}

/// A message in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Who wrote it.
    pub sender: UserName,
    /// Where it stands in the conversation.
    pub sent_at: Timestamp,
    /// Its beginning, on one line, at most [`limits::QUOTE`] characters; `None` where it was taken back or is no text.
    pub text: Option<String>,
}

impl Quote {
    /// Of what somebody said.
    pub fn of(sender: UserName, sent_at: Timestamp, body: &Body) -> Self {
        let text = match body {
            Body::Text(text) => Some(text.as_str()),
            _ => None,
        };
        Self::new(sender, sent_at, text)
    }

    /// Of a text that is clean, or of its beginning.
    pub fn new(sender: UserName, sent_at: Timestamp, text: Option<&str>) -> Self {
        let text = text.map(|text| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.chars().take(limits::QUOTE).collect()
        });
        Self { sender, sent_at, text }
    }
}

/// What was done with a message since it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The letter in which its author said it otherwise last.
    pub edit: Option<MessageId>,
    /// Who answered it with which sign.
    pub reactions: BTreeMap<UserName, Reaction>,
    /// Who voted how in the poll that it asks; whoever took their vote back is not there.
    pub votes: BTreeMap<UserName, Ballot>,
    /// Its author ended the poll.
    pub closed: bool,
    /// It is pinned, for all.
    pub pinned: bool,
    /// It is starred, for us alone.
    pub starred: bool,
}

/// From when on a message counts as late.
pub const LATE: Duration = Duration::from_secs(60);

impl Message {
    /// Where it stands in its conversation.
    pub fn key(&self) -> MessageKey {
        MessageKey { sent_at: self.sent_at, id: self.id }
    }

    /// When to show that it was written. A clock that was ahead makes the order later than the arrival;
    /// nothing was written after it came.
    pub fn shown_at(&self) -> Timestamp {
        self.sent_at.min(self.received_at)
    }

    /// The letter that told it as it is.
    pub fn letter(&self) -> MessageId {
        self.marks.edit.unwrap_or(self.id)
    }

    /// Whether we wrote it.
    pub fn is_ours(&self) -> bool {
        self.delivery.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_before_and_after_cleaning() {
        assert_eq!(MessageText::new(" \n\u{1b}"), Err(InvalidText::Empty));
        assert_eq!(MessageText::new("hi\n\n").unwrap().as_str(), "hi");
        assert!(MessageText::new(&"x".repeat(limits::TEXT)).is_ok());
        assert!(MessageText::new(&"x".repeat(limits::TEXT + 1)).is_err());
        assert!(MessageText::new(&format!("x{}x", "\t".repeat(limits::TEXT - 2))).is_err());
    }
}
