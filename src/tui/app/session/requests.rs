//! What a person asks for: sending, commands, groups.

use super::{Asked, Effect, Session, Turn};
use crate::domain::{
    Alerts, Alteration, ConversationId, GroupChange, GroupId, GroupLink, GroupName, JoinPolicy,
    MessageId, MessageText, RoomName, Standing, UserName, addressee,
};
use crate::engine::Command;
use crate::tui::app::chat::About;
use crate::tui::app::choice::{Choice, Purpose};
use crate::tui::app::find::FindAll;
use crate::tui::app::form::{NewGroup, Wanted};
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::slash::{self, Request};
use crate::tui::app::theme::Theme;
use crate::tui::app::tour::Did;

impl Session {
    /// Sends what the composer holds, or does it if it is a command. What cannot be done stays there.
    pub(super) fn submit(&mut self, turn: &mut Turn<'_>) {
        let draft = &mut self.writing_mut().draft;
        if draft.is_empty() {
            return;
        }
        turn.notices.forget_errors();
        let text = draft.text();
        self.normal = None;
        if let Some(About::Save(message, _)) = self.writing_mut().about {
            return self.save_as(message, &text, turn);
        }
        let draft = &mut self.writing_mut().draft;
        if !draft.is_command() {
            let said = match self.writing_mut().about.clone() {
                Some(About::Edit(message, before)) => self.say_otherwise(message, &before, &text, turn),
                about => self.say(&text, about, turn),
            };
            match said {
                Ok(()) => self.writing_mut().note_sent(&text),
                Err(why) => turn.error(why),
            }
            return;
        }
        let request = match slash::parse(&text) {
            Ok(request) => request,
            Err(why) => return turn.error(why),
        };
        // It may open another chat, so it leaves this one first.
        self.writing_mut().note_sent(&text);
        if let Err(why) = self.request(request, turn) {
            turn.error(why);
            let draft = &mut self.writing_mut().draft;
            if draft.is_empty() {
                draft.insert(&text);
            }
        }
    }

    /// Says a message of ours otherwise.
    fn say_otherwise(
        &mut self,
        message: MessageId,
        before: &MessageText,
        text: &str,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        let text = MessageText::new(without_slash(text)).map_err(|why| format!("not changed: {why}"))?;
        if text != *before {
            self.alter(message, Alteration::Edit(text), turn);
        }
        Ok(())
    }

    /// Sends a text to the open chat.
    fn say(&mut self, text: &str, about: Option<About>, turn: &mut Turn<'_>) -> Result<(), String> {
        let text = MessageText::new(without_slash(text)).map_err(|why| format!("not sent: {why}"))?;
        let id = self.open.clone().ok_or("not sent: choose a chat first, with F2 or /jump")?;
        self.may_say(&id, turn)?;
        // Whoever answers has read it.
        self.kept_unread = false;
        let reply = match about {
            Some(About::Reply(reply)) => Some(reply.to),
            _ => None,
        };
        let ticket = self.ticket(Asked::Send(id.clone()));
        let now = turn.now;
        turn.send(Command::Send { to: id, text: text.clone(), reply, forwarded: false, ticket });
        self.with_chat(turn, |chat, _| chat.echo(ticket, text, now));
        self.did(Did::Sent, turn);
        Ok(())
    }

    /// Whether something can be said in the open chat; if not, why, and what to do.
    pub(super) fn may_say(&self, id: &ConversationId, turn: &Turn<'_>) -> Result<(), String> {
        if let Some(view) = self.open_group().filter(|view| view.standing != Standing::Member) {
            let name = &view.group.name;
            return Err(match view.group.policy {
                JoinPolicy::Invite if view.standing == Standing::Left => format!(
                    "not sent: you are not in #{name}; its owner or an admin may ask you in again"
                ),
                _ => format!("not sent: you are not in #{name}; /join {name} goes in"),
            });
        }
        if let Some(why) = self.outside_room() {
            return Err(why);
        }
        self.stopped(id, turn.keymap).map_or(Ok(()), Err)
    }

    /// Does what a written command asks for.
    pub(super) fn request(&mut self, request: Request, turn: &mut Turn<'_>) -> Result<(), String> {
        match request {
            Request::Do(action) => turn.then = Some(action),
            Request::Tour => {
                // It is told where they stand.
                while turn.notices.dismiss() {}
                self.begin_tour();
            }
            Request::Search(text) => self.find_here(&text, turn),
            Request::Find(text) => self.overlay = Some(Overlay::Find(Box::new(FindAll::new(&text)))),
            Request::Day(text) => self.go_to_day(&text, turn)?,
            Request::Jump(text) => {
                self.overlay = Some(Overlay::Choice(Choice::jump(&self.world, &text)))
            }
            Request::Create(name, policy) => self.create(&name, policy, turn),
            Request::Join(name) => self.join_named(&name, turn)?,
            Request::Room(name) => self.enter_room(&name, turn)?,
            Request::Leave => {
                if let Some(room) = self.open_room().cloned() {
                    return self.leave_room(room, turn);
                }
                let view = self.open_group().ok_or("open the group or room that you want to leave")?;
                let (id, standing) = (view.group.id, view.standing.clone());
                match standing {
                    Standing::Member => self.overlay = Some(Overlay::Question(Question::Leave(id))),
                    Standing::Invited(_) => {
                        self.overlay = Some(Overlay::Question(Question::Decline(id)))
                    }
                    Standing::Listed | Standing::Left => {
                        return Err("you are not in this group".to_owned());
                    }
                }
            }
            Request::Invite(name) => {
                let group = self.own_group()?;
                match name.is_empty() {
                    true => self.overlay = Some(Overlay::Choice(Choice::invite(&self.world, group, ""))),
                    false => {
                        let user = self.user_named(&name)?;
                        self.change(group, GroupChange::Invite(user), turn);
                    }
                }
            }
            Request::Remove(name) => {
                let (group, user) = (self.own_group()?, self.user_named(&name)?);
                self.overlay = Some(Overlay::Question(Question::Remove(group, user)));
            }
            Request::Rename(name) => {
                let name = GroupName::new(&name).map_err(|why| why.to_string())?;
                self.change(self.own_group()?, GroupChange::Rename(name), turn);
            }
            Request::Promote(name) => {
                let (group, user) = (self.own_group()?, self.user_named(&name)?);
                self.change(group, GroupChange::Promote(user), turn);
            }
            Request::Demote(name) => {
                let (group, user) = (self.own_group()?, self.user_named(&name)?);
                self.change(group, GroupChange::Demote(user), turn);
            }
            Request::Policy(policy) => {
                self.change(self.own_group()?, GroupChange::Policy(policy), turn);
            }
            Request::Chat(name) => self.open_named(&name, turn)?,
            Request::Message(line) => {
                let (name, text) = addressee(&line, self.world.people())?;
                let user = self.user_named(name)?;
                if user == self.me.user {
                    return Err("that is you".to_owned());
                }
                self.open(ConversationId::Direct(user), turn);
                if !text.is_empty() {
                    self.say(text, None, turn)?;
                }
            }
            Request::Verify(name) => {
                let user = self.user_meant(&name)?;
                self.open_verify(user);
            }
            Request::AcceptKey(name) => {
                let user = self.user_meant(&name)?;
                self.ask_to_accept(user)?;
            }
            Request::Poll(line, many) => self.ask_to_vote(&line, many, turn)?,
            Request::Vote(numbers) => self.vote_as(&numbers, turn)?,
            Request::ClosePoll => self.close_poll()?,
            Request::List(rest) => self.list(&rest, turn)?,
            Request::Broadcast(list, text) => self.broadcast(&list, &text)?,
            Request::Block(name, blocked) => {
                let user = self.user_named(&name)?;
                let ticket = self.ticket(Asked::Block(user.clone(), blocked));
                turn.send(Command::Block { user, blocked, ticket });
            }
            Request::Pinned => {
                let id =
                    self.open.clone().ok_or("open the chat whose pinned messages you want to see")?;
                self.show_marked(Some(id), turn);
            }
            Request::Starred => self.show_marked(None, turn),
            Request::Alerts(alerts) => {
                let id = self.open.clone().ok_or("open the chat that this is about")?;
                match alerts {
                    Some(alerts) => {
                        turn.send(Command::Alerts(id, alerts));
                        turn.news(match alerts {
                            Alerts::All => "this chat calls for you from now on",
                            Alerts::Mentions => "this chat calls for you when you are mentioned",
                            Alerts::None => "this chat is muted; /unmute takes that back",
                        });
                    }
                    None => {
                        let now = self.world.alerts(&id).name();
                        turn.news(format!(
                            "this chat calls for you: {now}; /alerts all, mentions or none"
                        ));
                    }
                }
            }
            Request::SendFile(path) => self.send_file(&path, turn)?,
            Request::SaveFile(path) => self.save_file(&path, turn)?,
            Request::StopFile => self.stop_file(turn)?,
            Request::Disappear(text) => self.disappear(&text, turn)?,
            Request::Archive(archived) => self.archive(Some(archived), turn)?,
            Request::Archived => self.show_archived()?,
            Request::Link => self.show_newest_links()?,
            Request::InviteLink(make) => self.invite_link(make, turn)?,
            Request::Outbox => turn.send(Command::Outbox),
            Request::Retry => turn.send(Command::Retry(Vec::new())),
            Request::Theme(name) if name.is_empty() => {
                let names: Vec<&str> = Theme::names().collect();
                turn.news(format!("/theme auto, {}, or one of your own", names.join(", ")));
            }
            Request::Theme(name) => turn.effects.push(Effect::Theme(name)),
            Request::Reload => turn.effects.push(Effect::Reload),
            Request::Account(name) => {
                let name = Some(name).filter(|name| !name.is_empty());
                let user = name.map(|name| name.trim_start_matches('@').parse::<UserName>()).transpose();
                let user = user.map_err(|why| format!("no account is called that: {why}"))?;
                turn.effects.push(Effect::OpenAccount(user));
            }
            Request::Profile(name) => turn.effects.push(Effect::OpenProfile(name)),
            Request::SignOut => turn.effects.push(Effect::EndSession),
            Request::Me => {
                let mobile = self.me.mobile.as_ref().map_or("no number".to_owned(), ToString::to_string);
                let me = &self.me;
                turn.news(format!(
                    "you are {} (@{}, {mobile}) on {}",
                    me.display_name, me.user, self.broker
                ));
            }
        }
        Ok(())
    }

    pub(super) fn user_named(&self, name: &str) -> Result<UserName, String> {
        let unknown = || format!("nobody here is called {name}; /jump {name} searches");
        self.world.user_named(name).cloned().ok_or_else(unknown)
    }

    /// Opens a chat by its name: with somebody; or a group or room, as the sign before it says.
    fn open_named(&mut self, name: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        if name.starts_with(['#', RoomName::SIGN]) {
            return self.join_named(name.strip_prefix('#').unwrap_or(name), turn);
        }
        match (self.user_named(name), self.world.groups_named(name).is_empty()) {
            (Ok(user), _) if user == self.me.user => Err("that is you".to_owned()),
            (Ok(user), _) => {
                self.open(ConversationId::Direct(user), turn);
                Ok(())
            }
            (Err(_), false) => self.join_named(name, turn),
            (Err(why), true) => Err(why),
        }
    }

    /// The open group, if we are in it.
    pub(super) fn own_group(&self) -> Result<GroupId, String> {
        let view = self.open_group().ok_or("open a group first")?;
        match view.standing {
            Standing::Member => Ok(view.group.id),
            _ => Err(format!("you are not in #{}", view.group.name)),
        }
    }

    /// Makes a group, or opens the form where there is something to decide first.
    fn create(&mut self, name: &str, policy: JoinPolicy, turn: &mut Turn<'_>) {
        let mut form = NewGroup { policy, ..NewGroup::new(name) };
        match if name.is_empty() { None } else { form.accept(&self.world, false) } {
            Some(wanted) => self.wanted(wanted, turn),
            None => self.overlay = Some(Overlay::NewGroup(form)),
        }
    }

    /// Does what a finished group form asks for.
    pub(super) fn wanted(&mut self, wanted: Wanted, turn: &mut Turn<'_>) {
        self.overlay = None;
        match wanted {
            Wanted::New(name, policy) => {
                let ticket = self.ticket(Asked::Create(name.clone()));
                turn.send(Command::CreateGroup { name, policy, ticket });
            }
            Wanted::Existing(id) => match self.world.group(id).map(|view| view.standing.clone()) {
                Some(Standing::Member) => self.open(ConversationId::Group(id), turn),
                _ => self.join(id, turn),
            },
        }
    }

    fn join_named(&mut self, name: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        if GroupLink::is_meant(name) {
            return self.join_by_link(name, turn);
        }
        if name.starts_with(RoomName::SIGN) {
            return self.enter_room(name, turn);
        }
        let found: Vec<_> = self.world.groups_named(name).iter().map(|view| view.group.id).collect();
        match found[..] {
            [] => {
                Err(format!("no group is called {name}; /jump {name} searches, /create {name} makes it"))
            }
            [id] => {
                self.wanted(Wanted::Existing(id), turn);
                Ok(())
            }
            _ => {
                self.overlay = Some(Overlay::Choice(Choice::jump(&self.world, name)));
                Ok(())
            }
        }
    }

    pub(super) fn join(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::Join(group));
        turn.send(Command::JoinGroup { group, ticket });
    }

    pub(super) fn leave(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::Leave(group));
        turn.send(Command::LeaveGroup { group, ticket });
    }

    pub(super) fn change(&mut self, group: GroupId, change: GroupChange, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::Change(group, change.clone()));
        turn.send(Command::ChangeGroup { group, change, ticket });
    }

    /// Does what the chosen entry of the box stands for.
    pub(super) fn choose(&mut self, turn: &mut Turn<'_>) {
        let Some(Overlay::Choice(choice)) = self.overlay.take() else { return };
        let Some(target) = choice.chosen().map(|entry| entry.target.clone()) else { return };
        match (choice.purpose, target) {
            (Purpose::Jump | Purpose::Archived, target) => self.open(target, turn),
            (Purpose::Forward(_, text), target) => self.forward(text, target, turn),
            (Purpose::ForwardFile(message), target) => self.forward_file(message, target, turn),
            (Purpose::Invite(group), ConversationId::Direct(user)) => {
                self.change(group, GroupChange::Invite(user), turn);
            }
            (Purpose::Invite(_), ConversationId::Group(_) | ConversationId::Room(_)) => {}
        }
    }
}

/// A text as it is said: one that begins with `//` says a slash.
fn without_slash(text: &str) -> &str {
    if text.starts_with("//") { &text[1..] } else { text }
}
