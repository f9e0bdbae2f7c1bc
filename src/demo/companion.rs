//! Somebody in the demo: a real client, who does what they are cued to and answers what the person writes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::script::{Deed, Place, Role};
use crate::domain::{
    Alteration, Body, ConversationId, GroupChange, GroupName, JoinPolicy, Message, MessageId,
    MessageText, Reaction, Standing, UserName, mentions,
};
use crate::engine::{Command, GroupView, Link, Session, Setup, Ticket, Update};

/// How long anything of the engine may take before a deed is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long somebody takes to read a message.
const READS: Duration = Duration::from_millis(1_200);
/// How long somebody thinks before they answer, after they have read.
const THINKS: Duration = Duration::from_millis(600);
/// How fast somebody writes, a character, and the least and the most that it takes.
const WRITES: (Duration, Duration, Duration) =
    (Duration::from_millis(45), Duration::from_millis(900), Duration::from_millis(3_500));

/// Something to be done now.
pub struct Cue {
    /// What.
    pub deed: Deed,
    /// Whether it takes the time that it takes a person.
    pub calm: bool,
    /// Dropped when it is done, or has been given up.
    pub done: oneshot::Sender<()>,
}

/// What is done by itself, a while after a message came.
enum Later {
    Read { conversation: ConversationId, letter: MessageId },
    Answer(Box<Message>),
}

/// Somebody in the demo.
pub struct Companion {
    setup: Setup,
    role: Role,
    /// Whom to answer; nobody, where it is the person's own part.
    answers_to: Option<UserName>,
    /// The other companions: what is said to one of them by name is theirs to answer.
    others: Vec<UserName>,
    session: Option<Session>,
    is_up: bool,
    groups: BTreeMap<GroupName, GroupView>,
    /// The last message of each in each conversation.
    last: BTreeMap<(ConversationId, UserName), MessageId>,
    tickets: u64,
    answered: BTreeSet<Ticket>,
    later: Vec<(Instant, Later)>,
    /// How often each answer was given.
    turns: Vec<usize>,
}

impl Companion {
    /// Somebody who has an account and is not signed in.
    pub fn new(setup: Setup, role: Role, answers_to: Option<UserName>, others: Vec<UserName>) -> Self {
        let turns = vec![0; role.answers.len()];
        Self {
            setup,
            role,
            answers_to,
            others,
            session: None,
            is_up: false,
            groups: BTreeMap::new(),
            last: BTreeMap::new(),
            tickets: 0,
            answered: BTreeSet::new(),
            later: Vec::new(),
            turns,
        }
    }

    /// Plays the part until nobody holds the cues any more, and signs out.
    pub async fn play(mut self, mut cues: mpsc::Receiver<Cue>) {
        loop {
            let due = self.later.iter().map(|(at, _)| *at).min();
            tokio::select! {
                cue = cues.recv() => {
                    let Some(Cue { deed, calm, done }) = cue else { break };
                    if let Err(why) = self.perform(deed, calm).await {
                        tracing::warn!(user = %self.role.user, why, "a step of the demo came to nothing");
                    }
                    drop(done);
                }
                update = hear(&mut self.session) => self.note(update),
                () = until(due) => self.catch_up().await,
            }
        }
        self.go().await;
    }

    async fn perform(&mut self, deed: Deed, calm: bool) -> Result<(), String> {
        match deed {
            Deed::Come => self.come().await,
            Deed::Go => {
                self.go().await;
                Ok(())
            }
            Deed::Say { to, text, answers } => {
                let conversation = self.conversation(to).await?;
                let reply = match answers {
                    Some(user) => Some(self.last_of(&conversation, &user).await?),
                    None => None,
                };
                if calm {
                    self.write(&conversation, &text).await;
                }
                self.say(conversation, text, reply).await
            }
            Deed::Edit { at, text } => {
                let conversation = self.conversation(at).await?;
                let user = self.role.user.clone();
                let message = self.last_of(&conversation, &user).await?;
                self.alter(message, Alteration::Edit(text)).await
            }
            Deed::React { at, to, sign } => {
                let conversation = self.conversation(at).await?;
                let message = self.last_of(&conversation, &to).await?;
                self.alter(message, Alteration::React(Some(sign))).await
            }
            Deed::Make { group } => {
                let ticket = self.ticket();
                let policy = JoinPolicy::Open;
                self.ask(Command::CreateGroup { name: group, policy, ticket }, ticket).await
            }
            Deed::Ask { group, user } => {
                let group = self.group(&group).await?.group.id;
                let (ticket, change) = (self.ticket(), GroupChange::Invite(user));
                self.ask(Command::ChangeGroup { group, change, ticket }, ticket).await
            }
            Deed::Join { group } => {
                let group = self.group(&group).await?.group.id;
                let ticket = self.ticket();
                self.ask(Command::JoinGroup { group, ticket }, ticket).await
            }
        }
    }

    async fn come(&mut self) -> Result<(), String> {
        let session = Session::start(&self.setup, &self.role.user).await;
        self.session = Some(session.map_err(|error| error.to_string())?);
        self.until(|own| own.is_up).await.then_some(()).ok_or_else(|| "no connection".to_owned())
    }

    /// Signs out, and returns when that is done.
    async fn go(&mut self) {
        let Some(Session { commands, mut updates }) = self.session.take() else { return };
        self.is_up = false;
        self.later.clear();
        drop(commands);
        let gone = async { while updates.recv().await.is_some() {} };
        let _ = tokio::time::timeout(PATIENCE, gone).await;
    }

    /// Shows that we are writing, for as long as it takes.
    async fn write(&mut self, conversation: &ConversationId, text: &MessageText) {
        self.tell(Command::Typing(conversation.clone())).await;
        let (each, least, most) = WRITES;
        let length = u32::try_from(text.as_str().chars().count()).unwrap_or(u32::MAX);
        let deadline = Instant::now() + each.saturating_mul(length).clamp(least, most);
        while let Ok(update) = timeout_at(deadline, hear(&mut self.session)).await {
            self.note(update);
        }
    }

    async fn say(
        &mut self,
        to: ConversationId,
        text: MessageText,
        reply: Option<MessageId>,
    ) -> Result<(), String> {
        let key = (to.clone(), self.role.user.clone());
        let before = self.last.get(&key).copied();
        let ticket = self.ticket();
        self.tell(Command::Send { to, text, reply, forwarded: false, ticket }).await;
        let said = |own: &Self| own.last.get(&key).copied() != before || own.answered.contains(&ticket);
        self.until(said).await.then_some(()).ok_or_else(|| "it was not stored".to_owned())
    }

    async fn alter(&mut self, message: MessageId, change: Alteration) -> Result<(), String> {
        let ticket = self.ticket();
        self.ask(Command::Alter { message, change, ticket }, ticket).await
    }

    /// Asks the engine, and waits for its answer.
    async fn ask(&mut self, command: Command, ticket: Ticket) -> Result<(), String> {
        self.tell(command).await;
        let answered = self.until(|own| own.answered.contains(&ticket)).await;
        answered.then_some(()).ok_or_else(|| "no answer".to_owned())
    }

    async fn tell(&mut self, command: Command) {
        if let Some(session) = &self.session {
            // Where it has ended, the updates say so.
            let _ = session.commands.send(command).await;
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The group of this name; the card of one that was just made comes a moment later.
    async fn group(&mut self, name: &GroupName) -> Result<GroupView, String> {
        self.until(|own| own.groups.contains_key(name)).await;
        self.groups.get(name).cloned().ok_or_else(|| format!("no group is called #{name}"))
    }

    async fn conversation(&mut self, place: Place) -> Result<ConversationId, String> {
        match place {
            Place::Person(user) => Ok(ConversationId::Direct(user)),
            Place::Group(name) => {
                let joined = |own: &Self| {
                    own.groups.get(&name).is_some_and(|view| view.standing == Standing::Member)
                };
                self.until(joined).await;
                Ok(ConversationId::Group(self.group(&name).await?.group.id))
            }
        }
    }

    /// The last message of somebody, which may be under way.
    async fn last_of(&mut self, at: &ConversationId, user: &UserName) -> Result<MessageId, String> {
        let key = (at.clone(), user.clone());
        self.until(|own| own.last.contains_key(&key)).await;
        self.last.get(&key).copied().ok_or_else(|| format!("{user} has said nothing there"))
    }

    /// Takes in what happens until it is as awaited; says whether it is.
    async fn until(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            match timeout_at(deadline, hear(&mut self.session)).await {
                Ok(update) => self.note(update),
                Err(_) => return false,
            }
        }
        true
    }

    fn note(&mut self, update: Update) {
        match update {
            Update::Link(link) => self.is_up = link == Link::Up,
            Update::Group(view) => drop(self.groups.insert(view.group.name.clone(), view)),
            Update::Stored(stored) => {
                for stored in stored {
                    self.note_message(stored.message);
                }
            }
            Update::Done { ticket, .. } | Update::Agreed { ticket } | Update::Told { ticket, .. } => {
                self.answered.insert(ticket);
            }
            Update::Refused { ticket, why } => {
                tracing::warn!(user = %self.role.user, why, "the engine refused a step of the demo");
                self.answered.insert(ticket);
            }
            Update::Stopped(why) => {
                tracing::warn!(user = %self.role.user, ?why, "a session of the demo has ended");
                self.session = None;
            }
            _ => {}
        }
    }

    fn note_message(&mut self, message: Message) {
        let Message { conversation, sender, id, .. } = &message;
        if message.body.counts_as_unread() {
            self.last.insert((conversation.clone(), sender.clone()), *id);
        }
        let Some(person) = self.answers_to.as_ref().filter(|_| !message.is_ours()) else { return };
        let read = Instant::now() + READS;
        let (conversation, letter) = (conversation.clone(), message.letter());
        self.later.push((read, Later::Read { conversation, letter }));
        let pending = |later: &Later| matches!(later, Later::Answer(other) if other.conversation == message.conversation);
        let is_asked = message.sender == *person && self.is_meant(&message);
        if is_asked && !self.later.iter().any(|(_, later)| pending(later)) {
            self.later.push((read + THINKS, Later::Answer(Box::new(message))));
        }
    }

    /// Whether this is ours to answer: what is said to us, or in a group by our name, or there to nobody by name
    /// if we are the host.
    fn is_meant(&self, message: &Message) -> bool {
        let Body::Text(text) = &message.body else { return false };
        match message.conversation {
            ConversationId::Direct(_) => true,
            ConversationId::Room(_) => false,
            ConversationId::Group(_) => {
                let named = |user: &UserName| mentions(text.as_str(), user);
                named(&self.role.user) || (self.role.host && !self.others.iter().any(named))
            }
        }
    }

    /// Does what is due by itself, the earliest first.
    async fn catch_up(&mut self) {
        let now = Instant::now();
        let due = self.later.iter().enumerate().filter(|(_, (at, _))| *at <= now);
        let Some((at, _)) = due.min_by_key(|(_, (at, _))| *at) else { return };
        match self.later.remove(at).1 {
            Later::Read { conversation, letter } => {
                self.tell(Command::Seen { conversation, letters: vec![letter] }).await;
            }
            Later::Answer(message) => {
                if let Err(why) = self.answer(*message).await {
                    tracing::warn!(user = %self.role.user, why, "an answer of the demo came to nothing");
                }
            }
        }
    }

    async fn answer(&mut self, message: Message) -> Result<(), String> {
        let Body::Text(text) = &message.body else { return Ok(()) };
        let Some((sign, said)) = self.choose(text.as_str()) else { return Ok(()) };
        if let Some(sign) = sign {
            self.alter(message.id, Alteration::React(Some(sign))).await?;
        }
        self.write(&message.conversation, &said).await;
        // In a group it is shown what the answer is to.
        let reply = matches!(message.conversation, ConversationId::Group(_)).then_some(message.id);
        self.say(message.conversation, said, reply).await
    }

    /// What to answer to a text.
    fn choose(&mut self, text: &str) -> Option<(Option<Reaction>, MessageText)> {
        let at = self.role.answers.iter().position(|answer| answer.fits(text))?;
        let answer = &self.role.answers[at];
        let said = answer.say.get(self.turns[at] % answer.say.len().max(1))?.clone();
        self.turns[at] += 1;
        Some((answer.sign.clone(), said))
    }
}

/// The next thing that the engine says; nothing, while nobody is signed in.
async fn hear(session: &mut Option<Session>) -> Update {
    match session {
        Some(session) => session.updates.recv().await.unwrap_or(Update::Stopped(None)),
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
