//! What is pinned in a chat, or starred anywhere: in a list, the newest first.

use super::everywhere::FoundLine;
use crate::domain::{ConversationId, Message, Words};
use crate::tui::app::Action;

/// The messages that are marked.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The chat of what is pinned; `None`: what is starred, in all chats.
    pub pinned_in: Option<ConversationId>,
    lines: Option<Vec<FoundLine>>,
    selected: usize,
}

impl Marked {
    /// Before they have come.
    pub fn new(pinned_in: Option<ConversationId>) -> Self {
        Self { pinned_in, lines: None, selected: 0 }
    }

    /// They have come, if these are the ones.
    pub fn take(&mut self, pinned_in: Option<&ConversationId>, messages: &[Message]) {
        if self.pinned_in.as_ref() == pinned_in {
            let words = Words::default();
            let lines = messages.iter().filter_map(|message| FoundLine::new(message, &words));
            self.lines = Some(lines.collect());
            self.selected = 0;
        }
    }

    /// The messages.
    pub fn lines(&self) -> &[FoundLine] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// The place of the selected one.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected one.
    pub fn chosen(&self) -> Option<&FoundLine> {
        self.lines().get(self.selected)
    }

    /// What to say where there is none.
    pub fn status(&self) -> Option<&'static str> {
        match (self.lines.as_deref(), &self.pinned_in) {
            (Some([]), Some(_)) => Some("nothing is pinned here"),
            (Some([]), None) => Some("nothing is starred"),
            _ => None,
        }
    }

    /// Moves the selection, a page being so many entries.
    pub fn act(&mut self, action: Action, page: usize) {
        let to = match action {
            Action::Up => self.selected.saturating_sub(1),
            Action::Down => self.selected + 1,
            Action::PageUp => self.selected.saturating_sub(page),
            Action::PageDown => self.selected + page,
            _ => return,
        };
        self.selected = to.min(self.lines().len().saturating_sub(1));
    }
}
