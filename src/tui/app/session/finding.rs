//! Finding words and going to what was found; going to a day; the chat before this one; marking a chat unread.

use jiff::civil::Date;

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, Message, MessageId, MessageKey};
use crate::engine::{Command, Ticket};
use crate::tui::app::chat::{Aim, Bookmark};
use crate::tui::app::find::{FOUND_PAGE, Find, FindAll, Marked, Step};
use crate::tui::app::keymap::Context;
use crate::tui::app::overlay::Overlay;
use crate::tui::app::regions::Pane;
use crate::tui::app::{Action, Field};

/// Rows that one message takes in the list of what was found.
pub const FOUND_ROWS: usize = 2;

impl Session {
    /// What is looked for in the open chat, while its line has the keyboard.
    pub fn find_line(&self) -> Option<&Find> {
        let is_there = self.pane == Pane::Conversation && self.card().is_none() && !self.is_choosing();
        self.find.as_ref().filter(|find| find.on_line && is_there)
    }

    /// Begins to look for these words in the open chat, and gives the find line the keyboard. Where no chat is
    /// open, looks in all.
    pub(super) fn find_here(&mut self, text: &str, turn: &mut Turn<'_>) {
        if self.card().is_some() || self.chat().is_none() {
            self.overlay = Some(Overlay::Find(Box::new(FindAll::new(text))));
            return;
        }
        self.pane = Pane::Conversation;
        self.stop_choosing();
        let again = self.find.as_mut().filter(|_| text.is_empty());
        if let Some(find) = again {
            find.on_line = true;
            return;
        }
        let mut from = None;
        let origin = self.find.take().map(|find| find.origin());
        self.with_chat(turn, |chat, window| {
            from = chat.lowest(window);
            None
        });
        let origin = origin.or(self.chat().map(|chat| chat.bookmark())).unwrap_or_default();
        self.find = Some(Find::new(text, origin, from));
    }

    /// Opens the list of what was said in all chats.
    pub(super) fn find_everywhere(&mut self) {
        let text = self.find.as_ref().map_or(String::new(), |find| find.field().text().to_owned());
        self.overlay = Some(Overlay::Find(Box::new(FindAll::new(&text))));
    }

    /// Changes what is written in the find line; says whether that did.
    pub(super) fn edit_find(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        self.find.as_mut().is_some_and(|find| find.edit(edit))
    }

    /// Actions that mean something in the find line; says whether this was one.
    pub(super) fn act_on_find(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        match action {
            Action::OlderHit | Action::NewerHit => self.step_hit(action, turn),
            Action::FindAll => self.find_everywhere(),
            Action::Find => {}
            Action::Back | Action::Interrupt => self.end_find(turn),
            Action::ChooseMessage => self.choose_hit(turn),
            action => return self.edit_find(|field| field.act(action)),
        }
        true
    }

    /// Goes to the hit above or below; while messages are chosen, chooses it.
    pub(super) fn step_hit(&mut self, action: Action, turn: &mut Turn<'_>) {
        let Some(find) = &mut self.find else {
            let key = turn.keymap.key(Context::Composer, Action::Find).unwrap_or_default();
            turn.news(format!("nothing is looked for: {key} finds words in this chat"));
            return;
        };
        let step = if action == Action::OlderHit { find.older() } else { find.newer() };
        match step {
            Step::To(key) => self.go_to_hit(key, turn),
            Step::End if find.current().is_some() && action == Action::OlderHit => {
                turn.news("there is none further up");
            }
            Step::End if find.current().is_some() => turn.news("there is none further down"),
            Step::Wait | Step::End => {}
        }
    }

    fn go_to_hit(&mut self, key: MessageKey, turn: &mut Turn<'_>) {
        let is_choosing = self.is_choosing();
        self.with_chat(turn, |chat, window| {
            chat.mark_hit(Some(key));
            if is_choosing {
                chat.choose(key);
            }
            chat.go_to(key, Aim::Amid, window)
        });
    }

    /// From the find line to the messages, at the hit.
    fn choose_hit(&mut self, turn: &mut Turn<'_>) {
        let hit = self.find.as_ref().and_then(Find::current);
        self.with_chat(turn, |chat, window| {
            // What is not here yet would leave the choice to another.
            match hit.filter(|key| chat.has(*key)) {
                Some(key) => {
                    chat.choose(key);
                    chat.go_to(key, Aim::Amid, window)
                }
                None => {
                    chat.select(window);
                    None
                }
            }
        });
        let is_choosing = self.is_choosing();
        if let Some(find) = self.find.as_mut().filter(|_| is_choosing) {
            find.on_line = false;
        }
    }

    /// Ends finding, and goes back to where one was.
    fn end_find(&mut self, turn: &mut Turn<'_>) {
        let Some(find) = self.find.take() else { return };
        self.with_chat(turn, |chat, window| {
            chat.mark_hit(None);
            chat.go_back(find.origin(), window)
        });
    }

    /// Ends finding where it has lost its place, and stays where one is.
    pub(super) fn drop_find(&mut self) {
        let is_there = self.find_line().is_some() || self.is_choosing();
        if self.find.is_some() && !is_there {
            self.find = None;
            if let Some(chat) = self.open.as_ref().and_then(|id| self.chats.get_mut(id)) {
                chat.mark_hit(None);
            }
        }
    }

    /// Asks the engine for what is looked for now.
    pub(super) fn settle_find(&mut self, turn: &mut Turn<'_>) {
        self.drop_find();
        let ticket = Ticket(self.tickets + 1);
        let wanted = self.find.as_mut().and_then(Find::wanted);
        if let Some(((words, before), conversation)) = wanted.zip(self.open.clone()) {
            self.tickets += 1;
            if let Some(find) = &mut self.find {
                find.note_asked(ticket, words.clone());
            }
            turn.send(Command::Hits { words, conversation, before, ticket });
        }
        let Some(Overlay::Find(all)) = &mut self.overlay else { return };
        if let Some((words, at)) = all.wanted() {
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            all.note_asked(ticket, words.clone());
            turn.send(Command::Find { words, within: None, at, limit: FOUND_PAGE, ticket });
        }
    }

    /// Hits have come.
    pub(super) fn take_hits(
        &mut self,
        ticket: Ticket,
        keys: Vec<MessageKey>,
        (total, older): (u64, Option<i64>),
        turn: &mut Turn<'_>,
    ) {
        let Some(find) = &mut self.find else { return };
        let hit = find.take(ticket, keys, total, older);
        match (hit, find.current()) {
            (Some(key), _) => self.go_to_hit(key, turn),
            (None, current) => self.with_chat(turn, |chat, _| {
                chat.mark_hit(current);
                None
            }),
        }
    }

    /// Messages of all chats have come.
    pub(super) fn take_found(&mut self, ticket: Ticket, messages: &[Message], more: Option<i64>) {
        if let Some(Overlay::Find(all)) = &mut self.overlay {
            all.take(ticket, messages, more);
        }
    }

    /// What was looked for was refused.
    pub(super) fn find_refused(&mut self, ticket: Ticket) {
        if let Some(find) = &mut self.find {
            find.note_refused(ticket);
        }
        if let Some(Overlay::Find(all)) = &mut self.overlay {
            all.note_refused(ticket);
        }
    }

    /// Actions in the list of what was found in all chats.
    pub(super) fn act_on_find_all(&mut self, action: Action, turn: &mut Turn<'_>) {
        let Some(Overlay::Find(all)) = &mut self.overlay else { return };
        let page = (usize::from(turn.size.1) / 2 / FOUND_ROWS).max(1);
        match action {
            Action::Accept => {
                let Some(line) = all.list().chosen().cloned() else { return };
                let text = all.field().text().to_owned();
                self.overlay = None;
                self.go_to_found(line.conversation, line.key, &text, turn);
            }
            action => {
                if !all.act(action, page) {
                    all.edit(|field| field.act(action));
                }
            }
        }
    }

    /// Opens a chat at a message that was found, and goes on looking for the words there.
    fn go_to_found(
        &mut self,
        conversation: ConversationId,
        key: MessageKey,
        text: &str,
        turn: &mut Turn<'_>,
    ) {
        let here = self.open.as_ref() == Some(&conversation);
        let origin = match (here, &self.find) {
            (true, Some(find)) => find.origin(),
            (true, None) => self.chat().map(|chat| chat.bookmark()).unwrap_or_default(),
            (false, _) => Bookmark::default(),
        };
        self.open(conversation, turn);
        self.stop_choosing();
        self.arrange(turn);
        self.with_chat(turn, |chat, window| {
            if !here {
                // Nobody asked to see its newest messages, so they do not count as seen.
                chat.leave_unless(key);
            }
            chat.mark_hit(Some(key));
            chat.go_to(key, Aim::Amid, window)
        });
        self.find = Some(Find::new(text, origin, Some(key)));
    }

    /// Shows what is pinned in a chat, or starred anywhere.
    pub(super) fn show_marked(&mut self, pinned_in: Option<ConversationId>, turn: &mut Turn<'_>) {
        self.overlay = Some(Overlay::Marked(Box::new(Marked::new(pinned_in.clone()))));
        turn.send(Command::Marked(pinned_in));
    }

    /// Actions in the list of what is pinned or starred.
    pub(super) fn act_on_marked(&mut self, action: Action, turn: &mut Turn<'_>) {
        let Some(Overlay::Marked(marked)) = &mut self.overlay else { return };
        let page = (usize::from(turn.size.1) / 2 / FOUND_ROWS).max(1);
        match action {
            Action::Accept => {
                let Some(line) = marked.list().chosen().cloned() else { return };
                self.overlay = None;
                self.go_to_message(line.conversation, line.key, turn);
            }
            action => marked.act(action, page),
        }
    }

    /// Opens a chat at a message, and chooses it.
    fn go_to_message(&mut self, conversation: ConversationId, key: MessageKey, turn: &mut Turn<'_>) {
        let here = self.open.as_ref() == Some(&conversation);
        self.open(conversation, turn);
        self.arrange(turn);
        self.with_chat(turn, |chat, window| {
            if !here {
                // Nobody asked to see its newest messages, so they do not count as seen.
                chat.leave_unless(key);
            }
            chat.choose(key);
            chat.go_to(key, Aim::Amid, window)
        });
    }

    /// Goes to the first message of a day, as somebody wrote the day.
    pub(super) fn go_to_day(&mut self, text: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        if self.card().is_some() || self.chat().is_none() {
            return Err("open the chat first in which you want to go to a day".to_owned());
        }
        let calendar = &turn.setup.calendar;
        let today = calendar.day(turn.now);
        let day = match text.to_lowercase().as_str() {
            "today" => Some(today),
            "yesterday" => today.yesterday().ok(),
            text => day_of(text),
        };
        let day = day.ok_or_else(|| {
            format!("`{text}` is no day: write it as 2026-11-03, or today, or yesterday")
        })?;
        if day > today {
            return Err(format!("{} is still to come", calendar.heading(day, turn.now)));
        }
        let sent_at = calendar.start(day).ok_or_else(|| format!("{day} is too long ago"))?;
        let key = MessageKey { sent_at, id: MessageId::from_bytes([0; 16]) };
        self.day = Some((key, day));
        self.with_chat(turn, |chat, window| chat.go_to(key, Aim::Top, window));
        if self.chat().is_some_and(|chat| !chat.waits_for(key)) {
            self.tell_day(key, turn);
        }
        Ok(())
    }

    /// What was asked to be gone to is here: says so where it is not the day that was meant.
    pub(super) fn tell_day(&mut self, key: MessageKey, turn: &mut Turn<'_>) {
        let Some((_, day)) = self.day.take_if(|(at, _)| *at == key) else { return };
        let Some(chat) = self.chat() else { return };
        let timeline = chat.timeline();
        let first = timeline.message(timeline.index_from(key)).map(Message::shown_at);
        let calendar = &turn.setup.calendar;
        let words = |day| calendar.heading(day, turn.now);
        match first.map(|at| calendar.day(at)) {
            Some(found) if found == day => {}
            Some(found) => turn.news(format!("nothing on {}; here is {}", words(day), words(found))),
            None => turn.news(format!("nothing on {} or later", words(day))),
        }
    }

    /// Opens the chat that was open before this one.
    pub(super) fn last_chat(&mut self, turn: &mut Turn<'_>) {
        let is_there = |id: &ConversationId| match id {
            ConversationId::Group(id) => self.world.group(*id).is_some(),
            ConversationId::Direct(_) | ConversationId::Room(_) => true,
        };
        match self.last.take().filter(is_there) {
            Some(id) => self.open(id, turn),
            None => turn.news("there is no chat to go back to yet"),
        }
    }

    /// Shows the chosen chat of a list, or the open one, as unread again.
    pub(super) fn mark_unread(&mut self, turn: &mut Turn<'_>) {
        let chosen = match self.pane {
            Pane::Contacts => self.lists.contacts.chosen.clone().map(ConversationId::Direct),
            Pane::Online => self.lists.online.chosen.clone().map(ConversationId::Direct),
            Pane::Groups => self.lists.groups.chosen.clone(),
            Pane::Conversation => self.open.clone(),
        };
        let Some(conversation) = chosen else {
            return turn.error("open the chat first that is to show as unread");
        };
        self.kept_unread |= self.open.as_ref() == Some(&conversation);
        let ticket = self.ticket(Asked::Unread(conversation.clone()));
        turn.send(Command::MarkUnread { conversation, ticket });
    }

    /// What to call a chat in a line of words.
    pub fn label(&self, conversation: &ConversationId) -> String {
        match conversation {
            ConversationId::Direct(user) => self.world.name(user).into_owned(),
            ConversationId::Group(id) => format!("#{}", self.world.group_name(*id)),
            ConversationId::Room(room) => crate::tui::app::room_label(room),
        }
    }
}

/// A day written as 2026-11-03, and in no other way.
fn day_of(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit());
    is_plain.then(|| Date::strptime("%Y-%m-%d", text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(day_of("2026-11-03"), Some(jiff::civil::date(2026, 11, 3)));
        for text in [
            "",
            "3.11.",
            "2026-11-31",
            "2026-1-3",
            "20261103",
            "2026-11-03T10:00",
            "-026-11-03",
            "２026-1-3",
        ] {
            assert_eq!(day_of(text), None, "{text}");
        }
    }
}
