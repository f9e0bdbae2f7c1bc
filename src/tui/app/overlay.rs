//! What lies over the main screen and has the keyboard while it does.

use super::Action;
use super::choice::Choice;
use super::find::{FindAll, Marked};
use super::form::NewGroup;
use super::info::InfoBox;
use super::keymap::Context;
use super::links::LinkBox;
use super::pasting::{LargePaste, PastedFile};
use super::picture::PictureBox;
use super::poll::VoteBox;
use super::react::ReactBox;
use super::verify::VerifyBox;
use crate::domain::{GroupId, ListName, MessageId, MessageText, UserName};

/// What lies over the main screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// A list that typing narrows.
    Choice(Choice),
    /// The form that makes a group.
    NewGroup(NewGroup),
    /// A question to be answered with yes.
    Question(Question),
    /// The members of a group, from this row on.
    Members {
        /// Of which group.
        group: GroupId,
        /// The first row shown.
        top: usize,
    },
    /// All about a message.
    Info(Box<InfoBox>),
    /// A link, before it is opened.
    Links(Box<LinkBox>),
    /// A sign to answer a message with.
    React(Box<ReactBox>),
    /// Answers of a poll, to choose from.
    Vote(Box<VoteBox>),
    /// Words that are looked for in all chats.
    Find(Box<FindAll>),
    /// What is pinned or starred.
    Marked(Box<Marked>),
    /// Somebody's key, to be compared.
    Verify(Box<VerifyBox>),
    /// A picture.
    Picture(Box<PictureBox>),
}

/// A question to be answered with yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Leave Cooee?
    Quit,
    /// Leave this group?
    Leave(GroupId),
    /// Decline the invitation into this group?
    Decline(GroupId),
    /// Put somebody out of this group?
    Remove(GroupId, UserName),
    /// Insert this long paste?
    Paste(LargePaste),
    /// Send the file whose path was pasted?
    SendFile(PastedFile),
    /// Take the key that stands for this name now for theirs?
    AcceptKey(UserName),
    /// Delete this message for ourselves?
    Hide(MessageId),
    /// Take this message of ours back from everybody?
    Delete(MessageId),
    /// End this poll of ours?
    ClosePoll(MessageId),
    /// Send this to each who is on a list?
    Broadcast(Box<Broadcast>),
}

/// A text for each who is on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Which list.
    pub list: ListName,
    /// Who gets it.
    pub to: Vec<UserName>,
    /// Who is on it and cannot be written to now.
    pub not_to: Vec<UserName>,
    /// What they get.
    pub text: MessageText,
}

impl Question {
    /// Whether an action agrees. Enter does not where a file would go out that was pasted as the path that it has; and
    /// a letter does not where something is taken away for good, for whoever believes to be writing may write that letter.
    pub fn is_yes(&self, action: Action) -> bool {
        match self {
            Self::SendFile(_) => action == Action::Yes,
            Self::Hide(_) | Self::Delete(_) | Self::ClosePoll(_) => action == Action::Accept,
            _ => matches!(action, Action::Yes | Action::Accept),
        }
    }
}

impl Overlay {
    /// Where its keys are looked up.
    pub fn context(&self) -> Context {
        match self {
            Self::Choice(_) => Context::Choice,
            Self::NewGroup(_) => Context::Form,
            Self::Question(_) => Context::Question,
            Self::Members { .. } | Self::Picture(_) => Context::Page,
            Self::Info(_) => Context::Info,
            Self::Links(_) => Context::Links,
            Self::React(_) | Self::Vote(_) => Context::Choice,
            Self::Find(_) => Context::FindAll,
            Self::Marked(_) => Context::Marked,
            Self::Verify(_) => Context::Verify,
        }
    }
}
