//! Opening a link of a message: not before all of it was shown.

use super::{Effect, Session, Turn};
use crate::domain::{Body, Message, links};
use crate::tui::app::Action;
use crate::tui::app::links::LinkBox;
use crate::tui::app::overlay::Overlay;

impl Session {
    /// Shows the links of a message, to open one.
    pub(super) fn show_links(&mut self, message: &Message) -> Result<(), &'static str> {
        let links = match &message.body {
            Body::Text(text) => links(text.as_str()),
            _ => Vec::new(),
        };
        let shown = LinkBox::new(message.id, links)
            .ok_or("there is no link in that message that can be opened")?;
        self.overlay = Some(Overlay::Links(Box::new(shown)));
        Ok(())
    }

    /// Shows the links of the newest message here that has some.
    pub(super) fn show_newest_links(&mut self) -> Result<(), String> {
        let timeline = self.chat().ok_or("open a chat first")?.timeline();
        let messages = (0..timeline.messages()).rev().filter_map(|at| timeline.message(at));
        let texts = messages.filter_map(|message| match &message.body {
            Body::Text(text) => LinkBox::new(message.id, links(text.as_str())),
            _ => None,
        });
        let shown = { texts }.next().ok_or("there is no link on the last pages of this chat")?;
        self.overlay = Some(Overlay::Links(Box::new(shown)));
        Ok(())
    }

    /// Actions in the box that shows a link.
    pub(super) fn act_on_links(&mut self, action: Action, turn: &mut Turn<'_>) {
        let Some(Overlay::Links(shown)) = &mut self.overlay else { return };
        match action {
            // A long one is read to its end first.
            Action::Accept if !shown.is_at_end(turn.size) => shown.act(Action::PageDown, turn.size),
            Action::Accept => {
                turn.effects.push(Effect::OpenLink(shown.chosen().as_str().to_owned()));
                self.overlay = None;
            }
            Action::Copy => {
                let link = shown.chosen().as_str().to_owned();
                self.overlay = None;
                turn.copy(&link);
            }
            action => shown.act(action, turn.size),
        }
    }
}
