//! Choosing a message, and what can be done with it; what is on the screen.

use super::altering::can_be;
use super::{Session, Turn};
use crate::domain::{Body, Delivery, Message, Timestamp, link_places};
use crate::engine::{Command, FileState, Link};
use crate::tui::app::chat::Pick;
use crate::tui::app::info::{Facts, InfoBox, info_room};
use crate::tui::app::keymap::Keymap;
use crate::tui::app::overlay::Overlay;
use crate::tui::app::regions::Pane;
use crate::tui::app::rows::Row;
use crate::tui::app::{Action, Setup};

impl Session {
    /// Whether a message is being chosen.
    pub fn is_choosing(&self) -> bool {
        self.pane == Pane::Conversation
            && self.card().is_none()
            && self.chat().is_some_and(|chat| chat.selected().is_some())
    }

    /// Begins to choose a message; says whether there is one.
    pub(super) fn choose_message(&mut self, turn: &mut Turn<'_>) -> bool {
        let mut any = false;
        self.pane = Pane::Conversation;
        if self.card().is_none() {
            // A list may have had the whole screen just now.
            self.arrange(turn);
            self.with_chat(turn, |chat, window| {
                any = chat.select(window);
                None
            });
        }
        any
    }

    /// Back to writing.
    pub(super) fn stop_choosing(&mut self) {
        if let Some(chat) = self.open.as_ref().and_then(|id| self.chats.get_mut(id)) {
            chat.deselect();
        }
    }

    /// Actions that mean something while a message is being chosen; says whether this was one.
    pub(super) fn act_on_messages(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        let pick = match action {
            Action::Up => Pick::Up,
            Action::Down => Pick::Down,
            Action::PageUp => Pick::PageUp,
            Action::PageDown => Pick::PageDown,
            Action::First | Action::Oldest => Pick::First,
            Action::Last | Action::Newest => Pick::Last,
            action => {
                let Some(message) = self.chat().and_then(|chat| chat.selected()).cloned() else {
                    return false;
                };
                if self.act_on_chosen(action, &message, turn) {
                    return true;
                }
                match action {
                    Action::Write | Action::ShowConversation => self.stop_choosing(),
                    Action::Info => self.overlay = Some(Overlay::Info(Box::new(InfoBox::new(message)))),
                    Action::TryAgain => try_again(&message, turn),
                    Action::OlderHit | Action::NewerHit => self.step_hit(action, turn),
                    _ => return false,
                }
                return true;
            }
        };
        self.with_chat(turn, |chat, window| chat.pick(pick, window));
        true
    }

    /// Actions in the box that tells all about a message.
    pub(super) fn act_on_info(&mut self, action: Action, turn: &mut Turn<'_>) {
        let page = isize::try_from(info_room(turn.size).1).unwrap_or(isize::MAX);
        let Some(Overlay::Info(info)) = &mut self.overlay else { return };
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -page,
            Action::PageDown => page,
            Action::First => isize::MIN,
            Action::Last => isize::MAX,
            Action::TryAgain => return try_again(&info.message, turn),
            _ => 0,
        };
        info.top = info.top.saturating_add_signed(by);
    }

    /// The rows of the box that tells all about a message, if it is open.
    pub fn info_rows(
        &self,
        setup: &Setup,
        keymap: &Keymap,
        size: (u16, u16),
        now: Timestamp,
    ) -> Vec<Row> {
        let Some(Overlay::Info(info)) = &self.overlay else { return Vec::new() };
        let facts = Facts {
            world: &self.world,
            calendar: &setup.calendar,
            keymap,
            link: (&self.link, self.retry_at),
            now,
        };
        info.rows(&facts, info_room(size).0)
    }

    /// Asks the engine about the message that the box is about, if there may be news of it, and scrolls
    /// no further than to the end.
    pub(super) fn settle_info(&mut self, turn: &mut Turn<'_>) {
        let rows = self.info_rows(turn.setup, turn.keymap, turn.size, turn.now).len();
        let Some(Overlay::Info(info)) = &mut self.overlay else { return };
        info.top = info.top.min(rows.saturating_sub(info_room(turn.size).1));
        if info.take_stale(turn.now) {
            turn.send(Command::Info(info.message.id));
        }
    }

    /// There may be news of the message that the box is about.
    pub(super) fn outdate_info(&mut self) {
        if let Some(Overlay::Info(info)) = &mut self.overlay {
            info.outdate();
        }
    }

    /// A frame of this state is on the screen of somebody who looks: tells which messages they see for
    /// the first time.
    pub fn seen(&mut self, turn: &mut Turn<'_>) {
        let Some(conversation) = self.open.clone().filter(|_| self.watches(turn)) else { return };
        let mut letters = Vec::new();
        self.with_chat(turn, |chat, window| {
            letters = chat.take_seen(window);
            None
        });
        if !letters.is_empty() {
            turn.send(Command::Seen { conversation, letters });
        }
    }

    /// Whether somebody looks at the messages, and nothing hides them.
    pub(super) fn watches(&self, turn: &Turn<'_>) -> bool {
        turn.watched && self.overlay.is_none() && self.card().is_none()
    }

    /// Whether an action is worth a place in the footer now.
    pub fn offers(&self, action: Action) -> bool {
        let failed = |message: &Message| message.delivery == Some(Delivery::Failed);
        match (action, &self.overlay) {
            (Action::ConnectNow, _) => matches!(self.link, Link::Down { .. }),
            (Action::TryAgain, Some(Overlay::Info(info))) => failed(&info.message),
            (action, Some(Overlay::Verify(verify))) => self.offers_verify(action, verify),
            (Action::AcceptKey, _) => self.open_id().is_some_and(|id| self.is_stopped(id)),
            (
                Action::Reply
                | Action::Edit
                | Action::React
                | Action::Forward
                | Action::Copy
                | Action::ViewPicture
                | Action::Vote
                | Action::SaveFile
                | Action::SaveFileAs
                | Action::Star,
                None,
            ) => self.chat().and_then(|chat| chat.selected()).is_some_and(|m| can_be(action, m)),
            (Action::OpenLink, None) => {
                self.chat().and_then(|chat| chat.selected()).is_some_and(has_links)
            }
            (Action::StopFile, None) => self.chat().and_then(|chat| chat.selected()).is_some_and(|m| {
                let state = self.world.file(m.id);
                state.is_coming() || matches!(state, FileState::Paused { .. })
            }),
            (Action::PageDown, Some(Overlay::Picture(_))) => false,
            (Action::OlderHit | Action::NewerHit, _) => self.find.is_some(),
            (Action::TryAgain, _) => self.chat().and_then(|chat| chat.selected()).is_some_and(failed),
            _ => true,
        }
    }
}

/// Whether a message has a link.
fn has_links(message: &Message) -> bool {
    matches!(&message.body, Body::Text(text) if !link_places(text.as_str()).is_empty())
}

/// Tries again what failed.
fn try_again(message: &Message, turn: &mut Turn<'_>) {
    match message.delivery {
        Some(Delivery::Failed) => turn.send(Command::Retry(vec![message.id])),
        _ => turn.news("only a message that failed can be tried again"),
    }
}
