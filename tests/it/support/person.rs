//! Somebody with a session, and what they have seen of it.

use std::collections::{BTreeMap, BTreeSet};

use cooee::domain::{
    Alerts, Alteration, Availability, Body, ContactList, ConversationId, Delivery, DisplayName,
    GroupChange, GroupId, GroupLink, GroupName, JoinPolicy, Lifetime, Message, MessageId, MessageKey,
    MessageText, PageAt, Person as Contact, Picture, Role, RoomName, Summary, UserName,
};
use cooee::engine::{
    self, Command, ComparisonView, FileState, GroupView, Info, KeyView, Link, Notice, Protection,
    Session, Setup, SignUp, Ticket, Update, Waiting,
};
use tokio::time::timeout;

use super::PATIENCE;

/// What a front end would show.
#[derive(Default)]
pub struct Screen {
    pub me: Option<UserName>,
    pub ready: bool,
    pub link: Option<Link>,
    /// Every state of the link so far.
    pub links: Vec<Link>,
    pub people: BTreeMap<UserName, Contact>,
    /// Who was online or not, in the order of being told.
    pub comings: Vec<(UserName, bool)>,
    pub groups: BTreeMap<GroupId, GroupView>,
    /// The open rooms we are in.
    pub rooms: Vec<RoomName>,
    pub summaries: BTreeMap<ConversationId, Summary>,
    pub stored: Vec<Message>,
    pub sent: BTreeMap<MessageId, Delivery>,
    pub answers: BTreeMap<u64, Result<GroupId, String>>,
    /// What was agreed to and was about no group.
    pub agreed: BTreeSet<u64>,
    pub typing: Vec<(ConversationId, UserName)>,
    pub page: Option<(Vec<Message>, bool, bool)>,
    pub found: Option<(Vec<Message>, Option<i64>)>,
    pub hits: Option<(Vec<MessageKey>, u64, Option<i64>)>,
    pub info: Option<Info>,
    pub outbox: Option<(Vec<Waiting>, u64, u64)>,
    pub keys: Option<KeyView>,
    /// How comparisons of emoji went on.
    pub comparisons: Vec<ComparisonView>,
    pub alerts: Vec<(ConversationId, Alerts)>,
    pub lifetimes: Vec<(ConversationId, Lifetime)>,
    pub archived: Vec<ConversationId>,
    pub lists: Vec<ContactList>,
    pub links_made: BTreeMap<u64, GroupLink>,
    /// What was over, in the order in which that was told.
    pub gone: Vec<MessageId>,
    /// The answer to what is pinned or starred.
    pub marked: Vec<Message>,
    pub warnings: Vec<String>,
    /// The groups that links let us into.
    pub let_in: Vec<GroupId>,
    /// The picture that was asked for last.
    pub picture: Option<Picture>,
    /// Which questions were answered with a picture.
    pub pictured: Vec<u64>,
    /// How saving files ended.
    pub saves: Vec<(MessageId, Result<String, String>)>,
    /// What became of files.
    pub files: BTreeMap<MessageId, FileState>,
    /// How files came further, in order.
    pub file_steps: Vec<FileState>,
    pub drafts: Option<Vec<(ConversationId, String)>>,
    /// How far a letter has come that was asked about.
    pub letter: Option<(MessageId, Option<Delivery>)>,
    pub stopped: Option<Option<String>>,
}

impl Screen {
    fn note(&mut self, update: Update) {
        match update {
            Update::Welcome { me, .. } => self.me = Some(me.user),
            Update::Ready => self.ready = true,
            Update::Link(link) => {
                self.links.push(link.clone());
                self.link = Some(link);
            }
            Update::People(people) => {
                for person in people {
                    let online = person.availability.is_online();
                    let before = self.people.insert(person.user.clone(), person.clone());
                    if before.map(|p| p.availability.is_online()) != Some(online) {
                        self.comings.push((person.user, online));
                    }
                }
            }
            Update::Group(view) => {
                self.groups.insert(view.group.id, view);
            }
            Update::GroupGone(id) => {
                self.groups.remove(&id);
            }
            Update::Rooms(rooms) => self.rooms = rooms,
            Update::Alerts(alerts) => self.alerts = alerts,
            Update::Drafts(drafts) => self.drafts = Some(drafts),
            Update::Summaries(summaries) => {
                for summary in summaries {
                    self.summaries.insert(summary.conversation.clone(), summary);
                }
            }
            Update::Stored(stored) => self.stored.extend(stored.into_iter().map(|s| s.message)),
            Update::Altered(messages) => {
                for altered in messages {
                    self.sent.extend(altered.delivery.map(|delivery| (altered.id, delivery)));
                    let known = self.stored.iter_mut().find(|message| message.id == altered.id);
                    if let Some(message) = known {
                        *message = altered;
                    }
                }
            }
            Update::Hidden { id, .. } => self.stored.retain(|message| message.id != id),
            Update::Lifetimes(lifetimes) => self.lifetimes = lifetimes,
            Update::GroupLink { ticket, link, .. } => {
                self.links_made.insert(ticket.0, link);
            }
            Update::Lists(lists) => self.lists = lists,
            Update::Archived(archived) => self.archived = archived,
            Update::Gone(gone) => {
                for (_, id) in gone {
                    self.stored.retain(|message| message.id != id);
                    self.gone.push(id);
                }
            }
            Update::Marked { messages, .. } => self.marked = messages,
            Update::Delivery { id, delivery, .. } => {
                self.sent.insert(id, delivery);
            }
            Update::Info(info) => self.info = Some(info),
            Update::Letter { id, delivery } => self.letter = Some((id, delivery)),
            Update::Outbox { waiting, total, changed } => self.outbox = Some((waiting, total, changed)),
            Update::Page { messages, more_before, more_after, .. } => {
                self.page = Some((messages, more_before, more_after));
            }
            Update::Found { messages, edge, more, .. } => {
                self.found = Some((messages, edge.filter(|_| more)));
            }
            Update::Hits { keys, total, older, .. } => self.hits = Some((keys, total, older)),
            Update::Typing { conversation, user } => self.typing.push((conversation, user)),
            Update::Done { ticket, group } => {
                self.answers.insert(ticket.0, Ok(group));
            }
            Update::Agreed { ticket } | Update::Told { ticket, .. } => {
                self.agreed.insert(ticket.0);
            }
            Update::Refused { ticket, why } => {
                self.answers.insert(ticket.0, Err(why));
            }
            Update::Keys(view) => self.keys = Some(*view),
            Update::Comparison(view) => self.comparisons.push(view),
            Update::Files(views) => {
                self.files.extend(views.into_iter().map(|view| (view.message, view.state)));
            }
            Update::Picture { ticket, picture, .. } => {
                self.pictured.push(ticket.0);
                self.picture = Some(picture);
            }
            Update::FileSaved { message, outcome } => self.saves.push((message, outcome)),
            Update::File(view) => {
                self.file_steps.push(view.state.clone());
                self.files.insert(view.message, view.state);
            }
            Update::Notice(Notice::Warning(words) | Notice::Info(words)) => self.warnings.push(words),
            Update::Notice(Notice::LetIn { group, .. }) => self.let_in.push(group),
            Update::Stopped(reason) => self.stopped = Some(reason),
        }
    }

    /// The texts of others in one conversation, in the order in which they came.
    pub fn heard(&self, conversation: &ConversationId) -> Vec<&str> {
        let theirs = self.stored.iter().filter(|m| m.conversation == *conversation && !m.is_ours());
        theirs.filter_map(text).collect()
    }

    pub fn is_online(&self, user: &str) -> bool {
        self.people.get(&name(user)).is_some_and(|p| p.availability.is_online())
    }

    pub fn last_seen_known(&self, user: &str) -> bool {
        let availability = self.people.get(&name(user)).map(|p| p.availability);
        matches!(availability, Some(Availability::Offline { last_seen: Some(_) }))
    }

    /// The names of those who are asked into a group.
    pub fn invited(&self, id: GroupId) -> Vec<String> {
        let view = self.groups.get(&id);
        view.into_iter().flat_map(|v| &v.group.invited).map(UserName::to_string).collect()
    }

    /// What somebody may do in a group, if they are in.
    pub fn role(&self, id: GroupId, user: &str) -> Option<Role> {
        self.groups.get(&id)?.group.members.get(&name(user)).map(|member| member.role)
    }

    /// Whether it stands in a conversation that this was done.
    pub fn told(&self, change: &GroupChange) -> bool {
        self.stored.iter().any(|m| m.body == Body::Changed(change.clone()))
    }

    /// The names of those who are in a group.
    pub fn members(&self, id: GroupId) -> Vec<String> {
        let view = self.groups.get(&id);
        view.into_iter().flat_map(|v| v.group.members.keys()).map(UserName::to_string).collect()
    }
}

pub fn name(user: &str) -> UserName {
    user.parse().unwrap()
}

pub fn direct(user: &str) -> ConversationId {
    ConversationId::Direct(name(user))
}

pub fn room(name: &str) -> ConversationId {
    ConversationId::Room(name.parse().unwrap())
}

pub fn text(message: &Message) -> Option<&str> {
    match &message.body {
        Body::Text(text) => Some(text.as_str()),
        _ => None,
    }
}

/// Somebody with a session.
pub struct Person {
    pub session: Session,
    pub screen: Screen,
    next_ticket: u64,
}

pub async fn sign_up(setup: &Setup, user: &str) {
    try_sign_up(setup, user).await.expect("the name is free");
}

pub async fn try_sign_up(setup: &Setup, user: &str) -> Result<(), engine::Error> {
    let user = name(user);
    let display_name = DisplayName::new(&user.as_str().to_uppercase()).unwrap();
    // Deriving a key takes its time; that it protects is tested by itself.
    let protection = Protection::None;
    engine::sign_up(setup, SignUp { user, display_name, mobile: None, protection }).await
}

impl Person {
    /// Signs up and in.
    pub async fn new(setup: &Setup, user: &str) -> Self {
        sign_up(setup, user).await;
        Self::sign_in(setup, user).await
    }

    /// Signs in and waits for the link.
    pub async fn sign_in(setup: &Setup, user: &str) -> Self {
        let mut person = Self::with(Session::start(setup, &name(user)).await.expect("may sign in"));
        person.until_up().await;
        person
    }

    pub fn with(session: Session) -> Self {
        Self { session, screen: Screen::default(), next_ticket: 0 }
    }

    pub async fn until_up(&mut self) {
        self.until("the link is up", |s| s.ready && s.link == Some(Link::Up)).await;
    }

    /// Takes in updates until the screen shows what is awaited.
    pub async fn until(&mut self, what: &str, mut shown: impl FnMut(&Screen) -> bool) {
        let waiting = async {
            while !shown(&self.screen) {
                match self.session.updates.recv().await {
                    Some(update) => self.screen.note(update),
                    None => panic!("the session ended while waiting until {what}"),
                }
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            let Screen { links, warnings, stored, sent, .. } = &self.screen;
            let stored: Vec<_> = stored.iter().map(|m| (m.sender.as_str(), text(m))).collect();
            panic!("not within {PATIENCE:?}: {what}\n{links:?}\n{warnings:?}\n{sent:?}\n{stored:?}");
        }
    }

    /// Takes in the next update.
    pub async fn hear(&mut self) {
        let update = self.session.updates.recv().await.expect("the session runs");
        self.screen.note(update);
    }

    pub async fn ask(&mut self, command: Command) {
        self.session.commands.send(command).await.expect("the session runs");
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    async fn answer(&mut self, ticket: Ticket) -> Result<GroupId, String> {
        self.until("there is an answer", |s| s.answers.contains_key(&ticket.0)).await;
        self.screen.answers.remove(&ticket.0).unwrap()
    }

    /// Writes; does not wait for anything.
    pub async fn say(&mut self, to: &ConversationId, words: &str) {
        let ticket = self.ticket();
        let text = MessageText::new(words).unwrap();
        self.ask(Command::Send { to: to.clone(), text, reply: None, forwarded: false, ticket }).await;
    }

    /// Waits until the broker took everything of ours that was stored so far, `count` texts in all.
    pub async fn until_sent(&mut self, count: usize) {
        self.until("all is sent", |s| {
            let texts: Vec<_> = s.stored.iter().filter(|m| m.is_ours() && text(m).is_some()).collect();
            texts.len() >= count && texts.iter().all(|m| s.sent.get(&m.id) >= Some(&Delivery::Sent))
        })
        .await;
    }

    /// Waits until everything of ours that was stored so far has come this far, `count` texts in all.
    pub async fn until_all(&mut self, count: usize, delivery: Delivery) {
        self.until(&format!("all is {delivery:?}"), |s| {
            let texts: Vec<_> = s.stored.iter().filter(|m| m.is_ours() && text(m).is_some()).collect();
            texts.len() >= count && texts.iter().all(|m| s.sent.get(&m.id) >= Some(&delivery))
        })
        .await;
    }

    /// All about the delivery of a message of ours.
    pub async fn info(&mut self, id: MessageId) -> Info {
        self.screen.info = None;
        self.ask(Command::Info(id)).await;
        self.until("it is told", |s| s.info.is_some()).await;
        self.screen.info.take().unwrap()
    }

    /// What a question about the outbox is answered with: what waits, how much in all, how much changed.
    pub async fn outbox(&mut self, question: Command) -> (Vec<Waiting>, u64, u64) {
        self.screen.outbox = None;
        self.ask(question).await;
        self.until("it is told", |s| s.outbox.is_some()).await;
        self.screen.outbox.take().unwrap()
    }

    /// Waits until these texts came in one conversation, in this order, each once, and no others.
    pub async fn until_heard(&mut self, conversation: &ConversationId, texts: &[String]) {
        self.until("all was heard", |s| s.heard(conversation).len() >= texts.len()).await;
        assert_eq!(self.screen.heard(conversation), texts);
    }

    /// Waits until no more than so much is in the outbox.
    pub async fn until_outbox_holds(&mut self, most: u64) {
        let emptied = async { while self.outbox(Command::Outbox).await.1 > most {} };
        timeout(PATIENCE, emptied).await.expect("the outbox empties");
    }

    pub async fn create(&mut self, group: &str, policy: JoinPolicy) -> GroupId {
        let ticket = self.ticket();
        let name = GroupName::new(group).unwrap();
        self.ask(Command::CreateGroup { name, policy, ticket }).await;
        self.answer(ticket).await.unwrap()
    }

    pub async fn join(&mut self, group: GroupId) -> Result<GroupId, String> {
        let ticket = self.ticket();
        self.ask(Command::JoinGroup { group, ticket }).await;
        self.answer(ticket).await
    }

    pub async fn leave(&mut self, group: GroupId) -> Result<GroupId, String> {
        let ticket = self.ticket();
        self.ask(Command::LeaveGroup { group, ticket }).await;
        self.answer(ticket).await
    }

    /// Goes into an open room.
    pub async fn join_room(&mut self, room: &str) -> Result<(), String> {
        let (ticket, room) = (self.ticket(), room.parse().unwrap());
        self.ask(Command::JoinRoom { room, ticket }).await;
        self.agreement(ticket).await
    }

    /// Goes out of an open room.
    pub async fn leave_room(&mut self, room: &str) -> Result<(), String> {
        let (ticket, room) = (self.ticket(), room.parse().unwrap());
        self.ask(Command::LeaveRoom { room, ticket }).await;
        self.agreement(ticket).await
    }

    /// Does something with a message, or is told why not.
    pub async fn alter(&mut self, message: MessageId, change: Alteration) -> Result<(), String> {
        let ticket = self.ticket();
        self.ask(Command::Alter { message, change, ticket }).await;
        self.agreement(ticket).await
    }

    async fn agreement(&mut self, ticket: Ticket) -> Result<(), String> {
        let answered = |s: &Screen| s.agreed.contains(&ticket.0) || s.answers.contains_key(&ticket.0);
        self.until("there is an answer", answered).await;
        self.screen.answers.remove(&ticket.0).map_or(Ok(()), |answer| answer.map(drop))
    }

    pub async fn invite(&mut self, group: GroupId, user: &str) -> Result<GroupId, String> {
        self.change(group, GroupChange::Invite(name(user))).await
    }

    pub async fn change(&mut self, group: GroupId, change: GroupChange) -> Result<GroupId, String> {
        let ticket = self.ticket();
        self.ask(Command::ChangeGroup { group, change, ticket }).await;
        self.answer(ticket).await
    }

    pub async fn page(&mut self, conversation: &ConversationId, at: PageAt) -> Vec<Message> {
        self.load(conversation, at).await.0
    }

    /// A page, and whether there is more before and after it.
    async fn load(&mut self, conversation: &ConversationId, at: PageAt) -> (Vec<Message>, bool, bool) {
        self.screen.page = None;
        let conversation = conversation.clone();
        self.ask(Command::Load { conversation, at, limit: 500 }).await;
        self.until("the page is there", |s| s.page.is_some()).await;
        self.screen.page.take().unwrap()
    }

    /// All that the store holds of a conversation, page after page.
    pub async fn history(&mut self, conversation: &ConversationId) -> Vec<Message> {
        let (mut history, _, mut more) = self.load(conversation, PageAt::Oldest).await;
        while more {
            let last = history.last().expect("there is more after it").key();
            let (page, _, further) = self.load(conversation, PageAt::After(last)).await;
            history.extend(page);
            more = further;
        }
        history
    }

    /// Quits in good order.
    pub async fn quit(self) {
        let Self { session: Session { commands, mut updates }, .. } = self;
        drop(commands);
        let ended =
            async { while !matches!(updates.recv().await, None | Some(Update::Stopped(None))) {} };
        timeout(PATIENCE, ended).await.expect("the session ends");
        // The lock is free once the channel is closed.
        timeout(PATIENCE, async { while updates.recv().await.is_some() {} })
            .await
            .expect("it is closed");
    }
}
