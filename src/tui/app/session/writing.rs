//! What comes into the composer other than by keys, and where it is kept: pastes, the person's own editor, the draft
//! for the next session.

use std::time::Duration;

use super::{Session, Turn};
use crate::domain::{ConversationId, clean_block};
use crate::engine::Command;
use crate::tui::app::chat::Chat;
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::pasting::{LargePaste, is_large};
use crate::tui::app::{Effect, Pasted, Written};

/// How long a draft that changes is not kept yet: so long at most, and so seldom at least, it goes to the store.
const KEEP_AFTER: Duration = Duration::from_secs(1);

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
        let chat = match &conversation {
            Some(id) => self.chats.entry(id.clone()).or_default(),
            None => &mut self.home,
        };
        chat.cleared = None;
        let fits = chat.draft.replace(&clean_block(&written.text));
        if written.cut || !fits {
            turn.error("the end of the text is missing: a message has at most 16 KiB");
        }
        if let Some(id) = conversation {
            self.keep_draft(&id, turn);
        }
    }

    /// A text was pasted: it is written where text is written, and never sent. A long one is asked about first: it
    /// may be the wrong clipboard.
    pub fn paste(&mut self, pasted: Pasted, turn: &mut Turn<'_>) {
        if self.overlay.is_none() && self.card().is_some() {
            return;
        }
        let text = clean_block(&pasted.text);
        match &mut self.overlay {
            Some(Overlay::Choice(choice)) => {
                choice.query.paste(&text);
                choice.search();
            }
            Some(Overlay::NewGroup(form)) if !form.on_policy => form.name.paste(&text),
            // The rest of it, after a pause.
            Some(Overlay::Question(Question::Paste(paste))) => paste.add(&text, pasted.cut),
            Some(_) => {}
            None => {
                let paste = LargePaste::new(text, pasted.cut);
                match is_large(paste.text()) {
                    true => self.overlay = Some(Overlay::Question(Question::Paste(paste))),
                    false => self.insert_paste(&paste, turn),
                }
                if pasted.unmarked {
                    turn.news("several lines came at once and were taken for a paste: none is sent");
                }
            }
        }
    }

    pub(super) fn insert_paste(&mut self, paste: &LargePaste, turn: &mut Turn<'_>) {
        self.write(paste.text(), turn);
        if paste.is_cut() {
            turn.error("the end of the paste is missing: a message has at most 16 KiB");
        }
    }

    /// The question was answered with no.
    pub(super) fn refuse_question(&mut self, turn: &mut Turn<'_>) {
        match self.overlay.take() {
            Some(Overlay::Question(Question::Paste(_))) => turn.news("the paste was not inserted"),
            Some(Overlay::Question(Question::SendFile(file))) => self.paste_path(&file, turn),
            Some(Overlay::Question(Question::Broadcast(broadcast))) => self.not_broadcast(&broadcast),
            _ => {}
        }
    }

    /// Whether something is written in a chat that is not open.
    pub fn has_draft(&self, conversation: &ConversationId) -> bool {
        let written = |chat: &Chat| !chat.draft.is_empty();
        self.open.as_ref() != Some(conversation) && self.chats.get(conversation).is_some_and(written)
    }

    /// What the last session left.
    pub(super) fn take_drafts(&mut self, drafts: Vec<(ConversationId, String)>, turn: &mut Turn<'_>) {
        for (id, text) in drafts {
            self.chats.entry(id).or_default().note_kept_draft(clean_block(&text));
        }
        // What came back from a session that ended by itself may be newer.
        let newer = self.chats.iter().filter(|(_, chat)| chat.has_new_draft());
        for id in newer.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.keep_draft(&id, turn);
        }
    }

    /// Has the draft of the open chat kept when that is due. That nothing is written any more is kept at once: what
    /// was sent must not come back.
    pub(super) fn settle_draft(&mut self, turn: &mut Turn<'_>) {
        let Some(chat) = self.chat().filter(|chat| chat.has_new_draft()) else {
            self.keep_at = None;
            return;
        };
        let is_empty = chat.draft.is_empty();
        let due = *self.keep_at.get_or_insert(turn.now.plus(KEEP_AFTER));
        if is_empty || due <= turn.now {
            self.keep_open_draft(turn);
        }
    }

    /// Has the draft of the open chat kept now.
    pub fn keep_open_draft(&mut self, turn: &mut Turn<'_>) {
        self.keep_at = None;
        if let Some(id) = self.open.clone() {
            self.keep_draft(&id, turn);
        }
    }

    pub(super) fn keep_draft(&mut self, conversation: &ConversationId, turn: &mut Turn<'_>) {
        let text = self.chats.get_mut(conversation).and_then(Chat::take_new_draft);
        if let Some(text) = text {
            turn.send(Command::KeepDraft { conversation: conversation.clone(), text });
        }
    }
}
