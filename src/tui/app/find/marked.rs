//! What is pinned in a chat, or starred anywhere: in a list, the newest first.

use super::list::FoundList;
use crate::domain::{ConversationId, Message, MessageId, Words};
use crate::tui::app::Action;

/// The messages that are marked.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The chat of what is pinned; `None`: what is starred, in all chats.
    pub pinned_in: Option<ConversationId>,
    list: FoundList,
    /// Whether they have come.
    came: bool,
}

impl Marked {
    /// Before they have come.
    pub fn new(pinned_in: Option<ConversationId>) -> Self {
        Self { pinned_in, list: FoundList::default(), came: false }
    }

    /// They have come, if these are the ones.
    pub fn take(&mut self, pinned_in: Option<&ConversationId>, messages: &[Message]) {
        if self.pinned_in.as_ref() == pinned_in {
            self.came = true;
            self.list = FoundList::default();
            self.list.extend(messages, &Words::default());
        }
    }

    /// The messages.
    pub fn list(&self) -> &FoundList {
        &self.list
    }

    /// What to say where there is none.
    pub fn status(&self) -> Option<&'static str> {
        let nothing = match &self.pinned_in {
            Some(_) => "nothing is pinned here",
            None => "nothing is starred",
        };
        (self.came && self.list.lines().is_empty()).then_some(nothing)
    }

    /// A message is gone.
    pub fn forget(&mut self, id: MessageId) {
        self.list.forget(id);
    }

    /// Moves the selection, a page being so many entries.
    pub fn act(&mut self, action: Action, page: usize) {
        self.list.act(action, page);
    }
}
