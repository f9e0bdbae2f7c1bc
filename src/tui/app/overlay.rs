//! What lies over the main screen and has the keyboard while it does.

use super::choice::Choice;
use super::form::NewGroup;
use super::info::InfoBox;
use super::keymap::Context;
use super::pasting::LargePaste;
use super::verify::VerifyBox;
use crate::domain::{GroupId, UserName};

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
    /// Somebody's key, to be compared.
    Verify(Box<VerifyBox>),
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
    /// Take the key that stands for this name now for theirs?
    AcceptKey(UserName),
}

impl Overlay {
    /// Where its keys are looked up.
    pub fn context(&self) -> Context {
        match self {
            Self::Choice(_) => Context::Choice,
            Self::NewGroup(_) => Context::Form,
            Self::Question(_) => Context::Question,
            Self::Members { .. } => Context::Page,
            Self::Info(_) => Context::Info,
            Self::Verify(_) => Context::Verify,
        }
    }
}
