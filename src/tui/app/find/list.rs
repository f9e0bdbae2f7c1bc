//! A list of messages of any chats, of which one is selected.

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::{Body, ConversationId, Message, MessageId, MessageKey, Timestamp, UserName, Words};
use crate::tui::app::Action;

/// Most bytes that are kept of a text before and after what was found in it.
const AROUND: (usize, usize) = (160, 480);

/// A message that was found somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    /// In which chat.
    pub conversation: ConversationId,
    /// Which message.
    pub key: MessageKey,
    /// Who wrote it.
    pub sender: UserName,
    /// When.
    pub at: Timestamp,
    /// The part of its text with what was found, as one line.
    pub text: String,
}

impl FoundLine {
    fn new(message: &Message, words: &Words) -> Option<Self> {
        let Body::Text(text) = &message.body else { return None };
        let text = text.as_str();
        let place = words.places(text).first().cloned().unwrap_or(0..0);
        let clusters = || text.grapheme_indices(true).map(|(at, _)| at);
        let from = clusters().find(|at| at + AROUND.0 >= place.start).unwrap_or(0);
        let to = clusters().find(|&at| at >= place.start + AROUND.1).unwrap_or(text.len());
        let mut part = text[from..to].replace('\n', " ");
        if from > 0 {
            part.insert(0, '…');
        }
        Some(Self {
            conversation: message.conversation.clone(),
            key: message.key(),
            sender: message.sender.clone(),
            at: message.shown_at(),
            text: part,
        })
    }
}

/// A list of messages of any chats.
#[derive(Clone, Debug, Default)]
pub struct FoundList {
    lines: Vec<FoundLine>,
    selected: usize,
}

impl FoundList {
    /// Puts messages at the end; of their texts the parts that have these words.
    pub(super) fn extend(&mut self, messages: &[Message], words: &Words) {
        self.lines.extend(messages.iter().filter_map(|message| FoundLine::new(message, words)));
    }

    /// Takes a message out.
    pub(super) fn forget(&mut self, id: MessageId) {
        self.lines.retain(|line| line.key.id != id);
        self.selected = self.selected.min(self.lines.len().saturating_sub(1));
    }

    /// The messages.
    pub fn lines(&self) -> &[FoundLine] {
        &self.lines
    }

    /// The place of the selected one.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected one.
    pub fn chosen(&self) -> Option<&FoundLine> {
        self.lines.get(self.selected)
    }

    /// Moves the selection, a page being so many entries; says whether the action was one of those.
    pub(super) fn act(&mut self, action: Action, page: usize) -> bool {
        let to = match action {
            Action::Up => self.selected.saturating_sub(1),
            Action::Down => self.selected + 1,
            Action::PageUp => self.selected.saturating_sub(page),
            Action::PageDown => self.selected + page,
            _ => return false,
        };
        self.selected = to.min(self.lines.len().saturating_sub(1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::message;

    #[test]
    fn of_a_long_text_the_part_with_the_words_is_kept() {
        let text = format!("{} PUMP {}", "far away ".repeat(900), "and more ".repeat(900));
        let line = FoundLine::new(&message("bob", 1, &text), &Words::new("pump")).unwrap();
        assert!(line.text.starts_with('…') && line.text.contains("PUMP"), "{}", line.text);
        assert!(line.text.len() < 800, "{}", line.text.len());
    }
}
