//! Clicks and the wheel on the main screen.

use ratatui::layout::{Position, Rect};

use super::{Effect, Session, Turn};
use crate::domain::ConversationId;
use crate::tui::app::chat::Move;
use crate::tui::app::event::MouseKind;
use crate::tui::app::overlay::Overlay;
use crate::tui::app::regions::Pane;

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

impl Session {
    /// The mouse did something at this cell.
    pub fn mouse(&mut self, kind: MouseKind, x: u16, y: u16, turn: &mut Turn<'_>) {
        if self.overlay.is_some() {
            self.mouse_on_overlay(kind, turn);
            return;
        }
        let at = Position::new(x, y);
        let list = (0..Pane::LISTS.len()).find(|&list| {
            self.regions.lists[list].contains(at) || self.regions.titles[list].contains(at)
        });
        match (kind, list) {
            (MouseKind::Click, Some(list)) => self.click_list(list, at, turn),
            (MouseKind::Click, None) => {
                if self.regions.composer.contains(at) {
                    self.stop_choosing();
                }
                if self.regions.frame.contains(at) || self.regions.composer.contains(at) {
                    self.pane = Pane::Conversation;
                } else if self.regions.header.contains(at) {
                    self.click_tab(x, turn);
                }
            }
            (MouseKind::WheelUp, Some(list)) => self.step_list(Pane::LISTS[list], -1),
            (MouseKind::WheelDown, Some(list)) => self.step_list(Pane::LISTS[list], 1),
            (MouseKind::WheelUp, None) => self.go(Move::Up(NOTCH), turn),
            (MouseKind::WheelDown, None) => self.go(Move::Down(NOTCH), turn),
        }
    }

    fn mouse_on_overlay(&mut self, kind: MouseKind, turn: &mut Turn<'_>) {
        use crate::tui::app::Action;
        match (kind, &self.overlay) {
            (MouseKind::WheelUp, _) => self.act(Action::Up, turn),
            (MouseKind::WheelDown, _) => self.act(Action::Down, turn),
            (
                MouseKind::Click,
                Some(Overlay::Members { .. } | Overlay::Info(_) | Overlay::Verify(_)),
            ) => self.overlay = None,
            (MouseKind::Click, _) => {}
        }
    }

    /// A click on a title gives the list the keyboard; on an entry, opens it.
    fn click_list(&mut self, list: usize, at: Position, turn: &mut Turn<'_>) {
        self.pane = Pane::LISTS[list];
        let rows = self.regions.lists[list];
        if !rows.contains(at) {
            return;
        }
        let row = usize::from(at.y - rows.y);
        let clicked = match self.pane {
            Pane::Contacts => {
                let user = self.world.contacts().get(self.lists.contacts.top + row).cloned();
                user.map(ConversationId::Direct)
            }
            Pane::Online => {
                let user = self.world.online().get(self.lists.online.top + row).cloned();
                user.map(ConversationId::Direct)
            }
            Pane::Groups => self.world.places().get(self.lists.groups.top + row).cloned(),
            Pane::Conversation => None,
        };
        if let Some(clicked) = clicked {
            self.open(clicked, turn);
        }
    }

    fn click_tab(&mut self, x: u16, turn: &mut Turn<'_>) {
        let tabs = self.tabs(turn.setup, turn.beside);
        let under = |area: &Rect| (area.left()..area.right()).contains(&x);
        if let Some(tab) = tabs.into_iter().find(|tab| under(&tab.area)) {
            self.open(tab.place, turn);
        } else if under(&self.beside_area(turn.setup, turn.beside)) {
            turn.effects.push(Effect::NextAccount);
        }
    }
}
