//! Completing the word that is being typed.

use super::{Session, Turn};
use crate::domain::Standing;
use crate::tui::app::arguments::{Kind, argument};
use crate::tui::app::chat::About;
use crate::tui::app::completion::{Completion, Sources, written_emoji};
use crate::tui::app::path_list::path_argument;
use crate::tui::app::regions::Pane;
use crate::tui::app::theme::Theme;
use crate::tui::app::{Action, Effect, Setup};

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
        let Some(mut completion) = self.completion.take() else {
            return action == Action::NextPane && self.seek_path(turn);
        };
        match action {
            Action::Up | Action::Down => {
                completion.step(action == Action::Down);
                self.completion = Some(completion);
            }
            // Enter sends what is complete as it is.
            Action::Accept if completion.is_complete() => self.submit(turn),
            Action::Accept | Action::Complete => {
                let (word, text) = completion.accept();
                // It may go on from there.
                self.is_typing = self.paths.is_directory(text);
                self.writing_mut().draft.replace_before(word.len(), text);
            }
            Action::Back => {}
            _ => return false,
        }
        true
    }

    /// Brings the candidates up to date with what is written.
    pub(super) fn settle_completion(&mut self, turn: &mut Turn<'_>) {
        let is_written =
            self.pane == Pane::Conversation && self.overlay.is_none() && !self.is_choosing();
        let has_room = self.regions.messages.height >= ROOM;
        let before = self.completion.take();
        let path = self.path_written().filter(|_| self.is_typing && is_written && has_room);
        if let Some(written) = path {
            if self.paths.ask(&written) {
                turn.effects.push(Effect::ListPaths(written.clone()));
            }
            let found = Completion::find_path(&written, self.paths.names(&written));
            self.completion = found.map(|found| found.follow(before.as_ref()));
        } else if self.is_typing && is_written && has_room {
            let found = self.candidates(turn.setup);
            self.completion = found.map(|found| found.follow(before.as_ref()));
        }
        self.is_typing &= is_written;
        if !self.is_typing {
            // What there is may be something else the next time.
            self.paths.forget();
        }
    }

    /// The path that is being written: in a command that takes one, or where a file is to be saved.
    fn path_written(&self) -> Option<String> {
        let chat = self.writing()?;
        let (before, is_first) = chat.draft.before_cursor();
        let is_save = matches!(chat.about, Some(About::Save(..)));
        let path = if is_save { Some(before) } else { path_argument(before) };
        path.filter(|_| is_first).map(str::to_owned)
    }

    /// Offers what the path may become that is being written; says whether one is.
    fn seek_path(&mut self, turn: &mut Turn<'_>) -> bool {
        let can_offer =
            self.card().is_none() && self.find_line().is_none() && self.regions.messages.height >= ROOM;
        let Some(written) = self.path_written().filter(|_| can_offer) else { return false };
        if self.paths.is_answered(&written) {
            turn.news("nothing is there that begins so");
        }
        self.is_typing = true;
        true
    }

    /// What an argument may be, with what else there is to know of each.
    fn arguments(&self, kind: Kind) -> Vec<(String, String)> {
        let bare = |word: &str| (word.to_owned(), String::new());
        match kind {
            Kind::Words(words) => words.split('|').map(bare).collect(),
            Kind::Theme => Theme::names().map(bare).collect(),
            Kind::List => self.world.lists().map(|(name, _)| bare(name.as_str())).collect(),
            Kind::Person => {
                let people = self.world.everybody();
                people.map(|user| (user.to_string(), self.world.name(user).into_owned())).collect()
            }
            Kind::Group => {
                let views = self.world.groups().iter().filter_map(|id| self.world.group(*id));
                let others = views.filter(|view| view.standing != Standing::Member);
                others.map(|view| bare(view.group.name.as_str())).collect()
            }
        }
    }

    fn candidates(&self, setup: &Setup) -> Option<Completion> {
        let (before, is_first) = self.writing()?.draft.before_cursor();
        let group = self.open_group().map(|view| &view.group);
        if let Some((kind, written)) = argument(before).filter(|_| is_first) {
            return Completion::find_argument(written, self.arguments(kind));
        }
        let members = group.into_iter().flat_map(|group| group.members.keys());
        let others = members.filter(|user| **user != self.me.user);
        let members = others.map(|user| (user, self.world.name(user).into_owned())).collect();
        Completion::find(before, is_first, &Sources { glyphs: setup.glyphs, members })
    }
}
