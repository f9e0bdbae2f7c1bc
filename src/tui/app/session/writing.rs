//! The draft of the composer outside the composer: in the person's own editor.

use super::{Session, Turn};
use crate::domain::{ConversationId, clean_block};
use crate::tui::app::{Effect, Written};

impl Session {
    /// Asks for the person's editor with the draft.
    pub(super) fn open_editor(&mut self, turn: &mut Turn<'_>) {
        let (user, conversation) = (self.me.user.clone(), self.open.clone());
        let text = self.writing_mut().draft.text();
        turn.effects.push(Effect::Edit { user, conversation, text });
    }

    /// The editor has ended. What it left is for the chat that it was opened in, whichever is open now, and is not
    /// sent.
    pub fn edited(
        &mut self,
        conversation: Option<ConversationId>,
        outcome: Result<Written, String>,
        turn: &mut Turn<'_>,
    ) {
        let written = match outcome {
            Ok(written) => written,
            Err(why) => return turn.error(format!("{why}; your text is as it was")),
        };
        let chat = match conversation {
            Some(id) => self.chats.entry(id).or_default(),
            None => &mut self.home,
        };
        chat.cleared = None;
        let fits = chat.draft.replace(&clean_block(&written.text));
        if written.cut || !fits {
            turn.error("the end of the text is missing: a message has at most 16 KiB");
        }
    }
}
