//! Completing the word that is being typed.

use super::{Session, Turn};
use crate::tui::app::completion::{Completion, Sources, written_emoji};
use crate::tui::app::regions::Pane;
use crate::tui::app::{Action, Setup};

/// Fewest rows of messages over which there is room for candidates.
pub const ROOM: u16 = 3;

impl Session {
    /// A character was typed: the end of a shortcode makes an emoji of it.
    pub(super) fn typed(&mut self, c: char, turn: &Turn<'_>) {
        self.is_typing = true;
        if c != ':' || self.card().is_some() {
            return;
        }
        let draft = &mut self.writing_mut().draft;
        let written = written_emoji(draft.before_cursor().0, turn.setup.glyphs);
        if let Some((bytes, emoji)) = written.map(|(code, emoji)| (code.len(), emoji)) {
            draft.replace_before(bytes, emoji);
        }
    }

    /// Does what an action means while candidates are offered; says whether that was all.
    pub(super) fn complete(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        // Only what goes on with the word keeps the candidates.
        self.is_typing &= matches!(action, Action::DeleteBefore | Action::Up | Action::Down);
        let Some(mut completion) = self.completion.take() else { return false };
        match action {
            Action::Up | Action::Down => {
                completion.step(action == Action::Down);
                self.completion = Some(completion);
            }
            // Enter sends what is complete as it is.
            Action::Accept if completion.is_complete() => self.submit(turn),
            Action::Accept | Action::Complete => {
                let (word, text) = completion.accept();
                self.writing_mut().draft.replace_before(word.len(), text);
            }
            Action::Back => {}
            _ => return false,
        }
        true
    }

    /// Brings the candidates up to date with what is written.
    pub(super) fn settle_completion(&mut self, turn: &Turn<'_>) {
        let is_written =
            self.pane == Pane::Conversation && self.overlay.is_none() && !self.is_choosing();
        let has_room = self.regions.messages.height >= ROOM;
        let before = self.completion.take();
        if self.is_typing && is_written && has_room {
            let found = self.candidates(turn.setup);
            self.completion = found.map(|found| found.follow(before.as_ref()));
        }
        self.is_typing &= is_written;
    }

    fn candidates(&self, setup: &Setup) -> Option<Completion> {
        let (before, is_first) = self.writing()?.draft.before_cursor();
        let group = self.open_group().map(|view| &view.group);
        let members = group.into_iter().flat_map(|group| group.members.keys());
        let others = members.filter(|user| **user != self.me.user);
        let members = others.map(|user| (user, self.world.name(user).into_owned())).collect();
        Completion::find(before, is_first, &Sources { glyphs: setup.glyphs, members })
    }
}
