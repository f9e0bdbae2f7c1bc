//! Links into groups: made, taken back, used.

use std::time::Duration;

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, GroupId, GroupLink, GroupName, Timestamp};
use crate::engine::Command;
use crate::tui::app::chat::Chat;
use crate::tui::app::keymap::Context;

/// Who asked to be let in so long ago does something else by now.
const WAITS: Duration = Duration::from_secs(60);

impl Session {
    /// Makes a link into the open group, or takes it back.
    pub(super) fn invite_link(&mut self, make: bool, turn: &mut Turn<'_>) -> Result<(), String> {
        let group = self.own_group()?;
        match make {
            true => {
                let (lasts, uses) = GroupLink::USUAL;
                let ticket = self.ticket(Asked::MakeLink);
                turn.send(Command::MakeGroupLink { group, lasts, uses, ticket });
            }
            false => {
                let ticket = self.ticket(Asked::RevokeLink);
                turn.send(Command::RevokeGroupLink { group, ticket });
            }
        }
        Ok(())
    }

    /// Asks to be let into a group.
    pub(super) fn join_by_link(&mut self, text: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        // As a screen shows it, a long one is broken.
        let text: String = text.split_whitespace().collect();
        let link: GroupLink = text.parse().map_err(|why| format!("{why}"))?;
        let ticket = self.ticket(Asked::UseLink(link.group, self.open.clone()));
        turn.send(Command::JoinByLink { link, ticket });
        Ok(())
    }

    /// We are in a group that we asked to be let into, maybe long ago: it is opened for whoever still waits where they
    /// asked, and others are told how to get there: what they write next is not meant for it.
    pub(super) fn let_in(&mut self, group: GroupId, name: &GroupName, turn: &mut Turn<'_>) {
        let asked_at = self.knocked.remove(&group);
        let is_new = asked_at.is_some_and(|at| turn.now.since(at) < WAITS);
        if is_new && self.waits(turn) {
            self.open(ConversationId::Group(group), turn);
            return turn.news(format!("you are in #{name} now"));
        }
        let way = turn.keymap.filled("{jump} and its name lead there");
        turn.news(format!("you were let into #{name}: {way}"));
    }

    /// Whether the person sits before the newest messages, and neither writes nor does anything else.
    fn waits(&self, turn: &Turn<'_>) -> bool {
        let is_idle = self.writing().is_some_and(|chat| chat.draft.is_empty() && chat.about.is_none());
        let is_below = self.chat().is_none_or(Chat::shows_newest);
        turn.watched
            && is_idle
            && is_below
            && matches!(self.context(), Context::Composer | Context::Normal)
    }

    /// A link was made: it is copied, for nobody types it.
    pub(super) fn link_made(
        &mut self,
        link: &GroupLink,
        ends_at: Timestamp,
        uses: u32,
        turn: &mut Turn<'_>,
    ) {
        let text = link.to_string();
        turn.copy(&text);
        self.yanked.clone_from(&text);
        let until = turn.setup.calendar.exact(ends_at, turn.now);
        let words =
            format!("{text} ({uses} people, until {until}): copied, and {{yank}} writes it here");
        turn.hint(turn.keymap.filled(&words));
    }
}
