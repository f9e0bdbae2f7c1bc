//! What keys do on the main screen.

use std::cmp::Ordering;

use super::{Session, Turn};
use crate::domain::{Alteration, ConversationId, GroupChange, Standing};
use crate::engine::{Command, Link};
use crate::tui::app::chat::{About, Move};
use crate::tui::app::choice::Choice;
use crate::tui::app::editor::{Normal, Outcome};
use crate::tui::app::form::NewGroup;
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::regions::{Pane, composer_width};
use crate::tui::app::{Action, Context, Effect};

impl Session {
    /// Does what an action says.
    pub fn act(&mut self, action: Action, turn: &mut Turn<'_>) {
        if action == Action::ConnectNow {
            self.connect_now(turn);
        } else if self.overlay.is_some() {
            self.act_on_overlay(action, turn);
        } else if !self.act_on_pane(action, turn) {
            self.act_anywhere(action, turn);
        }
    }

    /// A key that means nothing but its character was pressed.
    pub fn type_char(&mut self, c: char, turn: &mut Turn<'_>) {
        if self.context() == Context::Normal {
            // Letters are commands there, and this one is none.
            self.normal.iter_mut().for_each(Normal::forget);
            return;
        }
        match &mut self.overlay {
            Some(Overlay::Choice(choice)) => {
                choice.query.type_char(c);
                choice.search();
            }
            Some(Overlay::NewGroup(form)) => form.type_char(c),
            Some(Overlay::React(react)) => {
                if let Some(sign) = react.type_char(c) {
                    self.react(sign, turn);
                }
            }
            Some(Overlay::Vote(vote)) => {
                if vote.type_char(c) {
                    let ballot = vote.changed();
                    self.vote(ballot, turn);
                }
            }
            Some(Overlay::Find(all)) => {
                all.edit(|field| {
                    field.type_char(c);
                    true
                });
            }
            // Whoever writes on does not want to leave.
            Some(Overlay::Question(Question::Quit)) => {
                self.overlay = None;
                self.type_char(c, turn);
            }
            Some(Overlay::Question(_)) => self.refuse_question(turn),
            Some(
                Overlay::Members { .. }
                | Overlay::Info(_)
                | Overlay::Links(_)
                | Overlay::Verify(_)
                | Overlay::Marked(_)
                | Overlay::Picture(_),
            ) => {}
            None => {
                self.write(c.encode_utf8(&mut [0; 4]), turn);
                self.typed(c, turn);
            }
        }
    }

    /// Writes into the find line where that has the keyboard, else into the composer, and gives it the keyboard: one types, it goes where one looks.
    pub(super) fn write(&mut self, text: &str, turn: &mut Turn<'_>) {
        if self.find_line().is_some() {
            self.edit_find(|field| {
                text.chars().for_each(|c| field.type_char(if c == '\n' { ' ' } else { c }));
                true
            });
            return;
        }
        if self.card().is_some() {
            return;
        }
        self.pane = Pane::Conversation;
        let chat = self.writing_mut();
        chat.deselect();
        chat.cleared = None;
        if !chat.draft.insert(text) {
            turn.error("the text is full: a message has at most 16 KiB");
        }
        self.tell_writing(turn);
    }

    /// Lets the others know that we are writing, if there is something for them.
    fn tell_writing(&mut self, turn: &mut Turn<'_>) {
        let outside = self.open_group().is_some_and(|view| view.standing != Standing::Member);
        // Nobody in an open room is told.
        let outside = outside || self.open_room().is_some();
        let Some(id) = self.open.clone().filter(|_| !outside) else { return };
        let chat = self.writing_mut();
        let is_path = matches!(chat.about, Some(About::Save(..)));
        if !chat.draft.is_empty() && !is_path && !chat.draft.is_command() && chat.tell_writing(turn.now)
        {
            turn.send(Command::Typing(id));
        }
    }

    fn act_on_overlay(&mut self, action: Action, turn: &mut Turn<'_>) {
        let rows = isize::try_from(turn.size.1).unwrap_or(isize::MAX);
        match (&mut self.overlay, action) {
            (Some(Overlay::Question(Question::Quit)), Action::Interrupt) => {
                turn.effects.push(Effect::Quit)
            }
            (Some(Overlay::Question(_)), Action::Back | Action::Interrupt) => self.refuse_question(turn),
            (_, Action::Back | Action::Interrupt) => self.overlay = None,
            (Some(Overlay::Choice(_)), Action::Accept) => self.choose(turn),
            (Some(Overlay::Choice(choice)), action) => {
                choice.act(action);
            }
            (Some(Overlay::NewGroup(form)), Action::Accept | Action::Anyway) => {
                if let Some(wanted) = form.accept(&self.world, action == Action::Anyway) {
                    self.wanted(wanted, turn);
                }
            }
            (Some(Overlay::NewGroup(form)), action) => {
                form.act(action);
            }
            (Some(Overlay::Question(question)), action) if question.is_yes(action) => {
                let question = question.clone();
                self.overlay = None;
                self.agree(question, turn);
            }
            (Some(Overlay::Question(_)), _) => self.refuse_question(turn),
            (Some(Overlay::Members { top, group }), action) => {
                let group = self.world.group(*group).map(|view| &view.group);
                let count = group.map_or(0, |group| group.members.len() + group.invited.len());
                let by = match action {
                    Action::Up => -1,
                    Action::Down => 1,
                    Action::PageUp => -rows / 2,
                    Action::PageDown => rows / 2,
                    _ => 0,
                };
                *top = top.saturating_add_signed(by).min(count.saturating_sub(1));
            }
            (Some(Overlay::React(react)), Action::Accept) => {
                if let Some(sign) = react.accept() {
                    self.react(sign, turn);
                }
            }
            (Some(Overlay::React(react)), action) => react.act(action),
            (Some(Overlay::Vote(vote)), Action::Accept) => {
                let ballot = vote.accept();
                self.vote(ballot, turn);
            }
            (Some(Overlay::Vote(vote)), action) => vote.act(action),
            (Some(Overlay::Find(_)), action) => self.act_on_find_all(action, turn),
            (Some(Overlay::Marked(_)), action) => self.act_on_marked(action, turn),
            (Some(Overlay::Info(_)), action) => self.act_on_info(action, turn),
            (Some(Overlay::Links(_)), action) => self.act_on_links(action, turn),
            (Some(Overlay::Picture(_)), _) => {}
            (Some(Overlay::Verify(_)), action) => self.act_on_verify(action, turn),
            (None, _) => {}
        }
    }

    fn agree(&mut self, question: Question, turn: &mut Turn<'_>) {
        match question {
            Question::Quit => turn.effects.push(Effect::Quit),
            Question::Leave(id) | Question::Decline(id) => self.leave(id, turn),
            Question::Remove(id, user) => self.change(id, GroupChange::Remove(user), turn),
            Question::AcceptKey(user) => self.accept_key(user, turn),
            Question::Hide(message) => turn.send(Command::Hide(message)),
            Question::Delete(message) => self.alter(message, Alteration::Delete, turn),
            Question::ClosePoll(message) => self.alter(message, Alteration::Close, turn),
            Question::Broadcast(broadcast) => self.send_to_each(*broadcast, turn),
            Question::Paste(paste) => self.insert_paste(&paste, turn),
            Question::SendFile(file) => {
                if let Err(why) = self.send_found(&file, turn) {
                    turn.error(why);
                }
            }
        }
    }

    /// Actions that mean something in this pane only; says whether this was one.
    fn act_on_pane(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        match self.pane {
            Pane::Conversation if self.card().is_some() => self.act_on_card(action, turn),
            Pane::Conversation if self.is_choosing() => self.act_on_messages(action, turn),
            Pane::Conversation if self.find_line().is_some() => self.act_on_find(action, turn),
            Pane::Conversation => self.act_on_composer(action, turn),
            list => self.act_on_list(list, action, turn),
        }
    }

    fn act_on_card(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        let Some(view) = self.card() else { return false };
        let id = view.group.id;
        let count = view.group.members.len();
        match action {
            Action::Join => self.join(id, turn),
            Action::Decline => self.overlay = Some(Overlay::Question(Question::Decline(id))),
            Action::Up | Action::ScrollUp => self.card_top = self.card_top.saturating_sub(1),
            Action::Down | Action::ScrollDown => {
                self.card_top = (self.card_top + 1).min(count.saturating_sub(1));
            }
            _ => return false,
        }
        true
    }

    fn act_on_composer(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        let cells = composer_width(turn.size);
        if self.act_in_normal_mode(action, turn) {
            return true;
        }
        if self.complete(action, turn) {
            return true;
        }
        match action {
            Action::Send => self.submit(turn),
            Action::Interrupt => self.interrupt(turn),
            Action::OpenEditor => self.open_editor(turn),
            // There is no line above an empty one: up is into the messages.
            Action::Up if self.writing_mut().draft.is_empty() => {
                self.choose_message(turn);
            }
            Action::NormalMode => {
                self.writing_mut().draft.step_back();
                self.completion = None;
                self.normal = Some(Normal::default());
            }
            Action::Back if self.writing_mut().draft.deselect() => {}
            Action::Earlier | Action::Later => self.recall(action == Action::Earlier, turn),
            Action::Cut | Action::Copy => match self.writing_mut().draft.selected() {
                Some(text) => {
                    turn.copy(&text);
                    self.edit(action, cells);
                }
                None => turn.news("nothing is selected; Shift with an arrow key selects"),
            },
            action => {
                if !self.edit(action, cells) {
                    return false;
                }
                if !matches!(action, Action::Up | Action::Down) {
                    self.tell_writing(turn);
                }
            }
        }
        true
    }

    /// Takes a digit that counts what follows, where letters are commands; says whether it was one.
    pub fn count(&mut self, c: char) -> bool {
        self.context() == Context::Normal && self.normal.as_mut().is_some_and(|normal| normal.digit(c))
    }

    /// Does what an action says in normal mode; says whether it was one of that.
    fn act_in_normal_mode(&mut self, action: Action, turn: &mut Turn<'_>) -> bool {
        let Some(mut normal) = self.normal.take() else { return false };
        // Once more: back, as it is everywhere.
        if action == Action::NormalMode {
            if !normal.is_amid() {
                self.back(turn);
            }
            self.normal = Some(Normal::default());
            return true;
        }
        // Above an empty line are the messages.
        if action == Action::Up && self.writing_mut().draft.is_empty() {
            self.normal = Some(Normal::default());
            return false;
        }
        let cells = composer_width(turn.size);
        let yanked = std::mem::take(&mut self.yanked);
        let chat = self.writing_mut();
        chat.draft.set_yanked(&yanked);
        let outcome = normal.act(action, &mut chat.draft, cells);
        if outcome != Outcome::Foreign {
            chat.cleared = None;
        }
        self.yanked = self.writing_mut().draft.yanked();
        self.normal = (outcome != Outcome::Writes).then_some(normal);
        outcome != Outcome::Foreign
    }

    /// Does what an editing action says; says whether it was one. What was deleted in one chat can be put back in
    /// another.
    fn edit(&mut self, action: Action, cells: usize) -> bool {
        let yanked = std::mem::take(&mut self.yanked);
        let chat = self.writing_mut();
        chat.draft.set_yanked(&yanked);
        let done = chat.draft.act(action, cells);
        if done {
            chat.cleared = None;
        }
        self.yanked = self.writing_mut().draft.yanked();
        done
    }

    /// Brings back what was sent from here before, or after that.
    fn recall(&mut self, earlier: bool, turn: &mut Turn<'_>) {
        let chat = self.writing_mut();
        let (history, draft) = (&mut chat.history, &mut chat.draft);
        let found = if earlier { history.earlier(draft) } else { history.later(draft) };
        if !found {
            turn.news(match earlier {
                true => "nothing was sent from here before",
                false => "nothing was sent after that",
            });
        }
    }

    /// Clears the text, brings back what was cleared just now, or asks to quit.
    fn interrupt(&mut self, turn: &mut Turn<'_>) {
        let chat = self.writing_mut();
        match (chat.draft.is_empty(), chat.cleared.take()) {
            (false, _) => {
                chat.cleared = Some(chat.draft.take());
                turn.news("cleared; the same key brings it back");
            }
            (true, Some(text)) => {
                chat.draft.insert(&text);
            }
            (true, None) => self.overlay = Some(Overlay::Question(Question::Quit)),
        }
    }

    fn act_on_list(&mut self, list: Pane, action: Action, turn: &mut Turn<'_>) -> bool {
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::First => isize::MIN + 1,
            Action::Last => isize::MAX,
            Action::Accept => {
                self.open_chosen(list, turn);
                return true;
            }
            _ => return false,
        };
        self.step_list(list, by);
        true
    }

    /// Moves the choice in a list.
    pub(super) fn step_list(&mut self, list: Pane, by: isize) {
        match list {
            Pane::Contacts => self.lists.contacts.step(self.world.contacts(), by),
            Pane::Online => self.lists.online.step(self.world.online(), by),
            Pane::Groups => self.lists.groups.step(self.world.places(), by),
            Pane::Conversation => {}
        }
    }

    /// Opens the chosen entry of a list.
    pub(super) fn open_chosen(&mut self, list: Pane, turn: &mut Turn<'_>) {
        let chosen = match list {
            Pane::Contacts => self.lists.contacts.chosen.clone().map(ConversationId::Direct),
            Pane::Online => self.lists.online.chosen.clone().map(ConversationId::Direct),
            Pane::Groups => self.lists.groups.chosen.clone(),
            Pane::Conversation => None,
        };
        if let Some(chosen) = chosen {
            self.open(chosen, turn);
        }
    }

    fn act_anywhere(&mut self, action: Action, turn: &mut Turn<'_>) {
        let page = usize::from(self.regions.messages.height).saturating_sub(1).max(1);
        match action {
            Action::Back => self.back(turn),
            Action::Interrupt => self.overlay = Some(Overlay::Question(Question::Quit)),
            Action::NextPane => self.step_pane(1),
            Action::PreviousPane => self.step_pane(Pane::ORDER.len() - 1),
            Action::ShowContacts => self.pane = Pane::Contacts,
            Action::ShowOnline => self.pane = Pane::Online,
            Action::ShowGroups => self.pane = Pane::Groups,
            Action::ShowConversation => self.pane = Pane::Conversation,
            Action::NextChat => self.step_chat(1, turn),
            Action::PreviousChat => self.step_chat(-1, turn),
            Action::NextTab => self.step_tab(1, turn),
            Action::PreviousTab => self.step_tab(-1, turn),
            Action::NextUnread => self.next_unread(turn),
            Action::MarkUnread => self.mark_unread(turn),
            Action::Archive => {
                if let Err(why) = self.archive(None, turn) {
                    turn.error(why);
                }
            }
            Action::LastChat => self.last_chat(turn),
            Action::Find => self.find_here("", turn),
            Action::FindAll => self.find_everywhere(),
            Action::Jump => self.overlay = Some(Overlay::Choice(Choice::jump(&self.world, ""))),
            Action::NewGroup => self.overlay = Some(Overlay::NewGroup(NewGroup::new(""))),
            Action::Invite => match self.own_group() {
                Ok(id) => self.overlay = Some(Overlay::Choice(Choice::invite(&self.world, id, ""))),
                Err(why) => turn.error(why),
            },
            Action::Members => match self.open_group().map(|view| view.group.id) {
                Some(group) => self.overlay = Some(Overlay::Members { group, top: 0 }),
                None => turn.error("open a group to see who is in it"),
            },
            Action::Verify | Action::AcceptKey => {
                let done = self.user_meant("").and_then(|user| match action {
                    Action::Verify => {
                        self.open_verify(user);
                        Ok(())
                    }
                    _ => self.ask_to_accept(user),
                });
                if let Err(why) = done {
                    turn.error(why);
                }
            }
            Action::PageUp => self.go(Move::Up(page), turn),
            Action::PageDown => self.go(Move::Down(page), turn),
            Action::ScrollUp => self.go(Move::Up(1), turn),
            Action::ScrollDown => self.go(Move::Down(1), turn),
            Action::Oldest => self.go(Move::Oldest, turn),
            Action::Newest => self.go(Move::Newest, turn),
            Action::ChooseMessage => {
                if !self.choose_message(turn) {
                    turn.news("there is no message here to choose");
                }
            }
            Action::UnreadLine => match self.chat().and_then(|chat| chat.first_unread()) {
                Some(_) => self.go(Move::Unread, turn),
                None => turn.news("nothing was unread here"),
            },
            action => {
                if let Some(id) = action.tab().and_then(|at| self.world.tabs().nth(at)).cloned() {
                    self.open(id, turn);
                }
            }
        }
    }

    /// Nothing has to be left first: the footer offers it wherever the keyboard is.
    fn connect_now(&mut self, turn: &mut Turn<'_>) {
        turn.send(Command::ConnectNow);
        if self.link == Link::Up {
            turn.news("the connection is up");
        }
    }

    pub(super) fn go(&mut self, to: Move, turn: &mut Turn<'_>) {
        self.with_chat(turn, |chat, window| {
            let page = chat.go(to, window);
            chat.follow(window);
            page
        });
    }

    /// Backs out one level: a notice, a list, a chosen message, what is answered, the tour, a place further up. Where there is
    /// nothing left to back out of, and nothing written, it is out of the composer: into the messages.
    fn back(&mut self, turn: &mut Turn<'_>) {
        if turn.notices.dismiss() {
        } else if self.pane != Pane::Conversation {
            self.pane = Pane::Conversation;
        } else if self.is_choosing() {
            self.stop_choosing();
            if let Some(find) = &mut self.find {
                find.on_line = true;
            }
        } else if self.writing_mut().stop_about() || self.leave_tour(turn) {
        } else if self.chat().is_some_and(|chat| chat.shows_newest() && chat.draft.is_empty()) {
            self.choose_message(turn);
        } else {
            self.go(Move::Newest, turn);
        }
    }

    fn step_pane(&mut self, by: usize) {
        let at = Pane::ORDER.iter().position(|&pane| pane == self.pane).unwrap_or(0);
        self.pane = Pane::ORDER[(at + by) % Pane::ORDER.len()];
    }

    fn step_chat(&mut self, by: isize, turn: &mut Turn<'_>) {
        let cycle = self.world.cycle();
        if let Some(next) = around(&cycle, self.open_id(), by) {
            self.open(next, turn);
        }
    }

    fn step_tab(&mut self, by: isize, turn: &mut Turn<'_>) {
        let tabs: Vec<ConversationId> = self.world.tabs().cloned().collect();
        match around(&tabs, self.open_id(), by) {
            Some(next) => self.open(next, turn),
            None => turn.news("you are in no group yet; /create makes one"),
        }
    }

    /// The next chat with something unread, in the order of the panes; invitations come last.
    fn next_unread(&mut self, turn: &mut Turn<'_>) {
        let cycle = self.world.cycle();
        let here = cycle.iter().position(|id| Some(id) == self.open_id()).map_or(0, |at| at + 1);
        let (before, after) = cycle.split_at(here);
        let unread = after.iter().chain(before).find(|id| self.world.unread(id) > 0).cloned();
        let invited = || {
            let mut groups = self.world.groups().iter().filter_map(|id| self.world.group(*id));
            let view = groups.find(|view| matches!(view.standing, Standing::Invited(_)))?;
            Some(ConversationId::Group(view.group.id))
        };
        match unread.or_else(invited) {
            Some(id) => self.open(id, turn),
            None => turn.news("nothing is unread"),
        }
    }
}

/// The entry so far from `here`, going round; from nowhere, the first or the last.
fn around<T: Clone + PartialEq>(entries: &[T], here: Option<&T>, by: isize) -> Option<T> {
    let count = isize::try_from(entries.len()).ok().filter(|&count| count > 0)?;
    let at = here.and_then(|here| entries.iter().position(|entry| entry == here));
    let next = match (at, by.cmp(&0)) {
        (Some(at), _) => (isize::try_from(at).ok()? + by).rem_euclid(count),
        (None, Ordering::Less) => count - 1,
        (None, _) => 0,
    };
    entries.get(usize::try_from(next).ok()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycling_goes_round() {
        let entries = ["a", "b", "c"];
        assert_eq!(around(&entries, Some(&"c"), 1), Some("a"));
        assert_eq!(around(&entries, Some(&"a"), -1), Some("c"));
        assert_eq!(around(&entries, None, 1), Some("a"));
        assert_eq!(around(&entries, None, -1), Some("c"));
        assert_eq!(around::<&str>(&[], None, 1), None);
    }
}
