//! Doing what a line asks for.

use super::commands::{self, Request};
use super::{Loading, Reading, Talk, What, names, now, text, words};
use crate::cli::attached::Attached;
use crate::cli::target::{GroupArgument, Purpose};
use crate::domain::{
    Alerts, Alteration, Availability, Body, ConversationId, FindAt, GroupChange, GroupId, GroupLink,
    GroupName, JoinPolicy, Lifetime, Message, MessageId, MessageKey, MessageText, PageAt, Person,
    Reaction, RoomName, Standing,
};
use crate::engine::Command;

/// How many messages are said of a chat that is opened, where fewer are unread.
const SOME: usize = 3;

/// Most messages that are said at once.
const MANY: usize = 50;

impl Talk {
    /// Does what a line asks for.
    ///
    /// # Errors
    /// In words, where it cannot be done.
    pub(super) async fn request(&mut self, request: Request, attached: &Attached) -> Result<(), String> {
        match request {
            Request::Say(text) => self.say(&text, attached).await?,
            Request::Help => {
                self.line(
                    "What you type goes to the open chat; an empty line says that you have read it.",
                );
                commands::help().iter().for_each(|line| self.line(line));
            }
            Request::Chat(name) => self.enter(names::chat(&name, attached)?, attached).await,
            Request::Message(line) => {
                let (chat, text) = names::addressed(&line, attached)?;
                self.enter(chat, attached).await;
                if !text.is_empty() {
                    self.say(text, attached).await?;
                }
            }
            Request::SendFile(path) => self.send_file(&path, attached).await?,
            Request::SaveFile(path) => self.save_file(&path, attached).await?,
            Request::StopFile => self.stop_file(attached).await?,
            Request::Chats => self.chats(attached),
            Request::Next => {
                let next = self.unread.keys().find(|chat| {
                    self.open.as_ref() != Some(*chat)
                        && attached.alerts.get(*chat) != Some(&Alerts::None)
                });
                let next = next.cloned().ok_or("nothing else is unread")?;
                self.enter(next, attached).await;
            }
            Request::Online => {
                self.list(attached, "nobody else is online", |p| p.availability.is_online())
            }
            Request::Contacts => self.list(attached, "nobody else is here yet", |_| true),
            Request::History(count) => {
                let open = self.chat()?.clone();
                self.load(open, count.clamp(1, 500), Reading::Last, attached).await;
            }
            Request::Day(text) => {
                let open = self.chat()?.clone();
                let day = words::day(&text, now(), &self.zone)?;
                self.load(open, MANY, Reading::From(day), attached).await;
            }
            Request::Find(words) => {
                let command = |ticket| Command::Find {
                    words,
                    within: None,
                    at: FindAt::Newest,
                    limit: MANY,
                    ticket,
                };
                self.ask(What::Find, attached, command).await;
            }
            Request::Reply(text) => {
                let to = self.last("")?.id;
                self.send(&text, Some(to), attached).await?;
            }
            Request::React(sign, words) => {
                let sign = Reaction::new(&sign).map_err(|why| format!("{sign}: {why}"))?;
                let message = self.last(&words)?.id;
                self.alter(message, Alteration::React(Some(sign)), attached).await;
            }
            Request::Poll(line, many) => self.ask_to_vote(&line, many, attached).await?,
            Request::Vote(rest) => self.vote(&rest, attached).await?,
            Request::ClosePoll => self.close_poll(attached).await?,
            Request::Edit(text) => {
                let text = MessageText::new(&text).map_err(|why| why.to_string())?;
                let message = self.own("")?.id;
                self.alter(message, Alteration::Edit(text), attached).await;
            }
            Request::Delete(words) => {
                let message = self.own(&words)?.id;
                self.alter(message, Alteration::Delete, attached).await;
            }
            Request::Create(name) => {
                let name = GroupName::new(&name).map_err(|why| why.to_string())?;
                if attached.groups.values().any(|view| view.group.name.resembles(name.as_str())) {
                    return Err(format!(
                        "there is a group #{name} already: /join {name} or /chat #{name}"
                    ));
                }
                let policy = JoinPolicy::Open;
                let command = |ticket| Command::CreateGroup { name, policy, ticket };
                self.ask(What::Enter, attached, command).await;
            }
            Request::Join(link) if GroupLink::is_meant(&link) => {
                // As a terminal shows it, a long one is broken.
                let link: String = link.split_whitespace().collect();
                let link: GroupLink = link.parse().map_err(|why| format!("{why}"))?;
                let what = What::Knock(link.host.clone());
                self.ask(what, attached, |ticket| Command::JoinByLink { link, ticket }).await;
            }
            Request::Join(name) => {
                let argument: GroupArgument = name.parse().map_err(|why| format!("{name}: {why}"))?;
                let found = argument.resolve(&attached.groups, Purpose::Join);
                let group = found.map_err(|error| names::told(&error))?.group.id;
                self.ask(What::Enter, attached, |ticket| Command::JoinGroup { group, ticket }).await;
            }
            Request::Room(name) => {
                let room = RoomName::read(&name).map_err(|why| why.to_string())?;
                let what = What::Room(ConversationId::Room(room.clone()));
                self.ask(what, attached, |ticket| Command::JoinRoom { room, ticket }).await;
            }
            Request::Leave => self.leave(attached).await?,
            Request::Invite(name) => {
                let (group, user) = (self.group(attached)?, names::user(&name, attached)?);
                let what = What::Do(format!("{user} is asked in"));
                let change = GroupChange::Invite(user);
                self.ask(what, attached, |ticket| Command::ChangeGroup { group, change, ticket }).await;
            }
            Request::InviteLink(true) => {
                let (group, (lasts, uses)) = (self.group(attached)?, GroupLink::USUAL);
                let command = |ticket| Command::MakeGroupLink { group, lasts, uses, ticket };
                self.ask(What::Link, attached, command).await;
            }
            Request::InviteLink(false) => {
                let group = self.group(attached)?;
                let what = What::Do("the link into this group lets nobody in any more".to_owned());
                self.ask(what, attached, |ticket| Command::RevokeGroupLink { group, ticket }).await;
            }
            Request::Members => self.members(attached)?,
            Request::Mute(muted) => {
                let alerts = if muted { Alerts::None } else { Alerts::All };
                attached.ask(Command::Alerts(self.chat()?.clone(), alerts)).await;
                self.line(if muted {
                    "this chat is muted; /unmute takes that back"
                } else {
                    "not muted"
                });
            }
            Request::Disappear(time) => self.disappear(&time, attached).await?,
            Request::Block(name, blocked) => {
                let user = names::user(&name, attached)?;
                let how = if blocked { "blocked" } else { "not blocked any more" };
                let what = What::Do(format!("{user} is {how}"));
                self.ask(what, attached, |ticket| Command::Block { user, blocked, ticket }).await;
            }
            Request::Key(name) => {
                let user = self.person(&name, attached)?;
                attached.ask(Command::Keys(user)).await;
            }
            Request::Accept(name) => {
                let user = self.person(&name, attached)?;
                let what = What::Do(format!("the new key of {user} is taken for theirs"));
                self.ask(what, attached, |ticket| Command::AcceptKey { user, ticket }).await;
            }
            Request::Outbox => attached.ask(Command::Outbox).await,
            Request::Retry => attached.ask(Command::Retry(Vec::new())).await,
            Request::Connect => attached.ask(Command::ConnectNow).await,
            Request::Me => {
                let me = &attached.me;
                let mobile = me.mobile.as_ref().map_or("no number".to_owned(), ToString::to_string);
                self.line(&format!(
                    "you are {} (@{}, {mobile}) on {}",
                    me.display_name,
                    me.user,
                    attached.broker()
                ));
            }
            Request::Quit => self.end(),
        }
        Ok(())
    }

    /// Opens a chat and says its last messages.
    pub(super) async fn enter(&mut self, chat: ConversationId, attached: &Attached) {
        self.close();
        let label = text::label(&chat, &attached.groups);
        let about = match &chat {
            ConversationId::Direct(user) => match attached.people.get(user) {
                Some(person) => {
                    format!("{}, {}", whether_online(person), text::trust_word(person.trust))
                }
                None => "not known here any more".to_owned(),
            },
            ConversationId::Group(id) => match attached.groups.get(id) {
                Some(view) => format!("a group of {}", view.group.members.len()),
                None => "a group".to_owned(),
            },
            ConversationId::Room(_) => "an open room, not encrypted".to_owned(),
        };
        let unread = self.unread.get(&chat).copied().unwrap_or(0);
        let count = if unread > 0 { format!(", {unread} unread") } else { String::new() };
        self.line(&format!("chat with {label}: {about}{count}"));
        self.open = Some(chat.clone());
        let wanted = usize::try_from(unread).unwrap_or(MANY).clamp(SOME, MANY);
        self.load(chat, wanted, Reading::Opening, attached).await;
    }

    async fn load(&mut self, chat: ConversationId, limit: usize, reading: Reading, attached: &Attached) {
        let at = match reading {
            Reading::From(day) => words::start(day, &self.zone).map_or(PageAt::Oldest, |sent_at| {
                PageAt::After(MessageKey { sent_at, id: MessageId::from_bytes([0; 16]) })
            }),
            Reading::Opening | Reading::Last => PageAt::Newest,
        };
        let command = Command::Load { conversation: chat, at, limit };
        attached.ask(command.clone()).await;
        self.loading.push_back(Loading { command, reading });
    }

    async fn say(&mut self, text: &str, attached: &Attached) -> Result<(), String> {
        self.send(text, None, attached).await
    }

    async fn send(
        &mut self,
        text: &str,
        reply: Option<crate::domain::MessageId>,
        attached: &Attached,
    ) -> Result<(), String> {
        let to = self.chat_to_say(attached)?;
        let message = MessageText::new(text).map_err(|why| format!("not sent: {why}"))?;
        let what = What::Say(text.to_owned());
        let command = |ticket| Command::Send { to, text: message, reply, forwarded: false, ticket };
        self.ask(what, attached, command).await;
        Ok(())
    }

    /// The open chat, if something can be said there.
    pub(super) fn chat_to_say(&self, attached: &Attached) -> Result<ConversationId, String> {
        let to = self.chat()?;
        if let ConversationId::Group(id) = to
            && let Some(view) = attached.groups.get(id)
            && view.standing != Standing::Member
        {
            return Err(format!("not sent: you are not in {}", Self::group_name(view)));
        }
        Ok(to.clone())
    }

    /// Sets how long messages of the open chat live, or says it.
    async fn disappear(&mut self, time: &str, attached: &Attached) -> Result<(), String> {
        let conversation = self.chat()?.clone();
        if time.is_empty() {
            self.line(&match attached.lifetime(&conversation) {
                Some(lifetime) => format!(
                    "messages here disappear after {}; /disappear off ends that",
                    lifetime.words()
                ),
                None => "messages here stay; /disappear 1h, 1d, 7d or 30d".to_owned(),
            });
            return Ok(());
        }
        let lifetime = Lifetime::parse(time)?;
        let what = What::Do(match lifetime {
            Some(lifetime) => {
                format!("what is said here from now on disappears after {}", lifetime.words())
            }
            None => "what is said here from now on stays".to_owned(),
        });
        let command = |ticket| Command::SetLifetime { conversation, lifetime, ticket };
        self.ask(what, attached, command).await;
        Ok(())
    }

    pub(super) async fn alter(
        &mut self,
        message: crate::domain::MessageId,
        change: Alteration,
        attached: &Attached,
    ) {
        let what = What::Do(String::new());
        self.ask(what, attached, |ticket| Command::Alter { message, change, ticket }).await;
    }

    async fn leave(&mut self, attached: &Attached) -> Result<(), String> {
        let open = self.chat()?.clone();
        let label = text::label(&open, &attached.groups);
        let what = What::Leave(format!("you are not in {label} any more"));
        match open {
            ConversationId::Direct(_) => return Err("this is neither a group nor a room".to_owned()),
            ConversationId::Group(group) => {
                self.ask(what, attached, |ticket| Command::LeaveGroup { group, ticket }).await;
            }
            ConversationId::Room(room) => {
                self.ask(what, attached, |ticket| Command::LeaveRoom { room, ticket }).await;
            }
        }
        Ok(())
    }

    pub(super) fn chat(&self) -> Result<&ConversationId, String> {
        self.open.as_ref().ok_or_else(|| "no chat is open: /chat NAME opens one".to_owned())
    }

    fn group(&self, attached: &Attached) -> Result<GroupId, String> {
        match self.chat()? {
            ConversationId::Group(id) if attached.groups.contains_key(id) => Ok(*id),
            _ => Err("this is no group: /chat #NAME opens one".to_owned()),
        }
    }

    /// Who is named, or whom the open chat is with.
    fn person(&self, name: &str, attached: &Attached) -> Result<crate::domain::UserName, String> {
        match (name, self.chat()) {
            ("", Ok(ConversationId::Direct(user))) => Ok(user.clone()),
            ("", _) => Err("write whose".to_owned()),
            (name, _) => names::user(name, attached),
        }
    }

    /// The last message of another, or of anybody that has these words.
    fn last(&self, words: &str) -> Result<&Message, String> {
        self.chat()?;
        let is_meant = |m: &&Message| if words.is_empty() { !m.is_ours() } else { has(m, words) };
        let said = self.recent.iter().rev().filter(|m| matches!(m.body, Body::Text(_)));
        said.into_iter().find(is_meant).ok_or_else(|| none(words))
    }

    /// Our last message, with these words.
    fn own(&self, words: &str) -> Result<&Message, String> {
        self.chat()?;
        let own = self.recent.iter().rev().filter(|m| m.is_ours() && has(m, words));
        own.into_iter().next().ok_or_else(|| none(words))
    }

    fn list(&mut self, attached: &Attached, nobody: &str, wanted: impl Fn(&Person) -> bool) {
        let people: Vec<&Person> = attached.people.values().filter(|p| wanted(p)).collect();
        if people.is_empty() {
            self.line(nobody);
        }
        for person in people {
            let name = match person.display_name.as_str() == person.user.as_str() {
                true => person.user.to_string(),
                false => format!("{} ({})", person.user, person.display_name),
            };
            let mobile = person.mobile.as_ref().map(|m| format!(", {m}")).unwrap_or_default();
            let since = match person.availability {
                _ if person.blocked => "blocked".to_owned(),
                Availability::Online { since } => {
                    format!("online since {}", words::clock(since, now(), &self.zone))
                }
                Availability::Offline { last_seen: Some(at) } => {
                    format!("offline, last seen {}", words::clock(at, now(), &self.zone))
                }
                Availability::Offline { last_seen: None } => "offline".to_owned(),
            };
            self.line(&format!("{name}: {since}{mobile}"));
        }
    }

    fn chats(&mut self, attached: &Attached) {
        let groups = attached.groups.values();
        let ours = groups.filter(|view| view.standing == Standing::Member);
        let mut chats = attached.conversations.clone();
        chats.extend(ours.map(|view| ConversationId::Group(view.group.id)));
        chats.extend(attached.rooms.iter().cloned().map(ConversationId::Room));
        if chats.is_empty() {
            self.line("there are none yet: /chat NAME begins one");
        }
        for chat in chats {
            let label = text::label(&chat, &attached.groups);
            let here = match &chat {
                ConversationId::Direct(user) => attached.people.get(user).map(whether_online),
                ConversationId::Group(_) | ConversationId::Room(_) => None,
            };
            let unread = self.unread.get(&chat).map(|count| format!("{count} unread"));
            let muted = attached.alerts.get(&chat).filter(|alerts| **alerts == Alerts::None);
            let muted = muted.map(|_| "muted".to_owned());
            let about: Vec<String> =
                [here.map(str::to_owned), unread, muted].into_iter().flatten().collect();
            let colon = if about.is_empty() { "" } else { ": " };
            self.line(&format!("{label}{colon}{}", about.join(", ")));
        }
        for view in attached.groups.values().filter(|view| view.standing == Standing::Listed) {
            let name = &view.group.name;
            self.line(&format!("#{name}: a group that you may join: /join {name}"));
        }
    }

    fn members(&mut self, attached: &Attached) -> Result<(), String> {
        let id = self.group(attached)?;
        let Some(view) = attached.groups.get(&id) else { return Ok(()) };
        for (user, membership) in &view.group.members {
            let role = crate::cli::json::role(membership.role);
            let here = match attached.people.get(user) {
                _ if *user == self.me => "you",
                Some(person) => whether_online(person),
                None => "offline",
            };
            self.line(&format!("{user}: {role}, {here}"));
        }
        Ok(())
    }
}

fn whether_online(person: &Person) -> &'static str {
    match person.availability {
        _ if person.blocked => "blocked",
        Availability::Online { .. } => "online",
        Availability::Offline { .. } => "offline",
    }
}

/// Whether a text has these words, whatever the case.
fn has(message: &Message, words: &str) -> bool {
    let Body::Text(text) = &message.body else { return false };
    text.as_str().to_lowercase().contains(&words.to_lowercase())
}

fn none(words: &str) -> String {
    match words {
        "" => "there is no such message here: /history says the last ones".to_owned(),
        words => format!("none of the last messages here has `{words}`: /history 100 goes further back"),
    }
}
