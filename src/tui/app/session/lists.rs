//! Lists of contacts: keeping them, and writing to each who is on one.

use std::collections::BTreeSet;

use super::{Asked, Session, Turn};
use crate::domain::{ContactList, ConversationId, ListName, MessageText, UserName};
use crate::engine::Command;
use crate::tui::app::overlay::{Broadcast, Overlay, Question};
use crate::tui::app::text::counted;

impl Session {
    /// Keeps a list otherwise, or tells of it: `NAME`, `NAME PEOPLE`, `NAME -PEOPLE`, `NAME off`.
    pub(super) fn list(&mut self, rest: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let mut words = rest.split([' ', ',']).filter(|word| !word.is_empty());
        let Some(name) = words.next() else {
            turn.news(self.lists_in_words());
            return Ok(());
        };
        let name = ListName::new(name).map_err(|why| format!("{name}: {why}"))?;
        let known = self.world.list(&name).cloned();
        let words: Vec<&str> = words.collect();
        let mut members = known.clone().unwrap_or_default();
        match words[..] {
            [] => {
                let members = known.ok_or_else(|| no_list(&name))?;
                turn.news(self.list_in_words(&name, &members));
                return Ok(());
            }
            ["off"] => members.clear(),
            _ => {
                for word in words {
                    match word.strip_prefix('-') {
                        Some(gone) => {
                            // Also somebody who is not known any more.
                            let user =
                                self.world.user_named(gone).cloned().or_else(|| gone.parse().ok());
                            if !user.is_some_and(|user| members.remove(&user)) {
                                return Err(format!("{gone} is not on the list {name}"));
                            }
                        }
                        None => {
                            members.insert(self.user_named(word)?);
                        }
                    }
                }
            }
        }
        let ticket = self.ticket(Asked::List(name.clone()));
        turn.send(Command::SaveList { list: ContactList { name, members }, ticket });
        Ok(())
    }

    /// A list was kept as it was told.
    pub(super) fn list_is_kept(&self, name: &ListName) -> String {
        match self.world.list(name) {
            Some(members) => self.list_in_words(name, members),
            None => format!("the list {name} is gone"),
        }
    }

    fn lists_in_words(&self) -> String {
        let lists = self.world.lists();
        let lists: Vec<_> = lists
            .map(|(name, members)| format!("{name} ({})", counted(members.len(), "contact")))
            .collect();
        match lists.is_empty() {
            true => "there are no lists yet: /list NAME PEOPLE makes one".to_owned(),
            false => format!("{}; /list NAME tells who is on it", lists.join(", ")),
        }
    }

    fn list_in_words(&self, name: &ListName, members: &BTreeSet<UserName>) -> String {
        let members: Vec<_> = members.iter().map(|user| self.world.name(user)).collect();
        format!("{name}: {}", members.join(", "))
    }

    /// Asks whether a text is to go to each who is on a list.
    pub(super) fn broadcast(&mut self, name: &str, text: &str) -> Result<(), String> {
        let name = ListName::new(name).map_err(|why| format!("{name}: {why}"))?;
        let members = self.world.list(&name).ok_or_else(|| no_list(&name))?.clone();
        if text.is_empty() {
            return Err(format!("write /broadcast {name} and what to say"));
        }
        let text = MessageText::new(text).map_err(|why| format!("not sent: {why}"))?;
        let (to, not_to): (Vec<_>, Vec<_>) = members.into_iter().partition(|user| self.can_get(user));
        if to.is_empty() {
            return Err(format!("nobody on the list {name} can be written to now"));
        }
        let broadcast = Broadcast { list: name, to, not_to, text };
        self.overlay = Some(Overlay::Question(Question::Broadcast(Box::new(broadcast))));
        Ok(())
    }

    /// It is not sent: what was written comes back.
    pub(super) fn not_broadcast(&mut self, broadcast: &Broadcast) {
        let draft = &mut self.writing_mut().draft;
        if draft.is_empty() {
            draft.insert(&format!("/broadcast {} {}", broadcast.list, broadcast.text));
        }
    }

    /// Whether the engine would send something to them, as far as is known here.
    fn can_get(&self, user: &UserName) -> bool {
        let is_blocked = self.world.person(user).is_none_or(|person| person.blocked);
        !is_blocked && !self.is_stopped(&ConversationId::Direct(user.clone()))
    }

    /// Sends it to each of them.
    pub(super) fn send_to_each(&mut self, broadcast: Broadcast, turn: &mut Turn<'_>) {
        let Broadcast { list, to, text, .. } = broadcast;
        turn.news(format!("sent to {} on the list {list}", counted(to.len(), "contact")));
        for user in to {
            let to = ConversationId::Direct(user);
            let ticket = self.ticket(Asked::SendToEach(to.clone(), text.clone()));
            turn.send(Command::Send { to, text: text.clone(), reply: None, forwarded: false, ticket });
        }
    }

    /// It was not sent to one of them: it waits as what is written to them, if nothing else is.
    pub(super) fn not_sent_to_one(
        &mut self,
        to: ConversationId,
        text: &MessageText,
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        turn.error(format!("not sent to {}: {why}", self.label(&to)));
        let draft = &mut self.chats.entry(to.clone()).or_default().draft;
        if draft.is_empty() {
            draft.insert(text.as_str());
            self.keep_draft(&to, turn);
        }
    }
}

fn no_list(name: &ListName) -> String {
    format!("there is no list {name}: /list {name} PEOPLE makes it")
}
