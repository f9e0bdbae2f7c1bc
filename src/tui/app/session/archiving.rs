//! Chats that are put away: the lists do not show them.

use super::{Pane, Session, Turn};
use crate::domain::ConversationId;
use crate::engine::Command;
use crate::tui::app::choice::Choice;
use crate::tui::app::overlay::Overlay;

impl Session {
    /// Puts a chat away or brings it back: in a list the chosen one, else the open one. `None`: whichever it is not.
    pub(super) fn archive(
        &mut self,
        archived: Option<bool>,
        turn: &mut Turn<'_>,
    ) -> Result<(), &'static str> {
        let chosen = match self.pane {
            Pane::Contacts => self.lists.contacts.chosen.clone().map(ConversationId::Direct),
            Pane::Online => self.lists.online.chosen.clone().map(ConversationId::Direct),
            Pane::Groups => self.lists.groups.chosen.clone(),
            Pane::Conversation => self.open.clone(),
        };
        let conversation = chosen.ok_or("open the chat first that is to be put away")?;
        let is_archived = self.world.is_archived(&conversation);
        let archived = archived.unwrap_or(!is_archived);
        let label = self.label(&conversation);
        turn.news(match (archived, is_archived) {
            (true, true) => format!("{label} is in the archive already"),
            (false, false) => format!("{label} is not in the archive"),
            (true, false) => {
                format!("{label} is in the archive, until something new comes; /archived lists it")
            }
            (false, true) => format!("{label} is back in the lists"),
        });
        if archived != is_archived {
            turn.send(Command::Archive { conversation, archived });
        }
        Ok(())
    }

    /// Lists the chats that are put away, to open one.
    pub(super) fn show_archived(&mut self) -> Result<(), String> {
        let choice = Choice::archived(&self.world);
        if choice.found().len() == 0 {
            return Err("nothing is in the archive; /archive puts this chat there".to_owned());
        }
        self.overlay = Some(Overlay::Choice(choice));
        Ok(())
    }
}
