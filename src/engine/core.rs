//! The one task of a session: it owns all state, and everything that happens passes through it in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::chatlog::{ChatLog, Logged};
use super::clock::Mint;
use super::command::Command;
use super::comparing::Comparing;
use super::devices::ReadMarks;
use super::doors::Doors;
use super::faces::{FaceId, Faces};
use super::files::{Done, Files};
use super::generation::Generation;
use super::groups::Groups;
use super::keys::{Keys, Trouble};
use super::lifetimes::Lifetimes;
use super::link::LinkState;
use super::outbox::Outbox;
use super::people::People;
use super::receipts::Gaps;
use super::recovery::Recovery;
use super::registrar::{Registrar, Report};
use super::resends::Resends;
use super::rooms::Rooms;
use super::update::{Link, Notice, Update};
use super::{Setup, mail::Mail};
use crate::crypto::Unreadable;
use crate::domain::{
    Alerts, ConversationId, DeviceId, GroupId, ListName, MessageId, Profile, Standing, Summary, UserName,
};
use crate::mqtt::{Event, Request};
use crate::protocol::Topic;
use crate::store::{self, Store, Thread};

/// Most events of the connection that are taken in at once, and stored in one transaction.
const BATCH: usize = 256;

/// How long a quit waits until what came in can be confirmed.
const CONFIRMING: Duration = Duration::from_secs(5);

/// How long a quit waits for the broker to take our goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a front end sends to the engine.
pub(super) enum Input {
    Attach(mpsc::Sender<Update>),
    Command(Command),
    Detach,
}

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fatal {
    #[error("{0}. What comes for you waits at the broker until the next sign-in")]
    Store(#[from] store::Error),
    #[error("{0}")]
    Keys(#[from] Unreadable),
    #[error(
        "a copy of this account was used elsewhere since it was used here, or its files were put back to an \
         earlier state: two of it would lose messages. Sign in again, and it gets new keys as another device \
         of yours"
    )]
    Copied,
    #[error("on this broker the name `{0}` belongs to somebody else, who registered it earlier")]
    NameTaken(UserName),
}

impl From<Trouble> for Fatal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => Self::Store(error),
            Trouble::Unreadable(error) => Self::Keys(error),
        }
    }
}

/// Everything a session holds.
pub(super) struct Core {
    pub setup: Arc<Setup>,
    pub mint: Mint,
    pub me: Profile,
    pub device: DeviceId,
    pub store: Store,
    pub faces: Faces,
    pub link: LinkState,
    pub people: People,
    pub groups: Groups,
    pub rooms: Rooms,
    /// The conversations that do not always call for us.
    pub alerts: BTreeMap<ConversationId, Alerts>,
    pub lifetimes: Lifetimes,
    pub doors: Doors,
    /// The conversations that are put away.
    pub archived: BTreeSet<ConversationId>,
    /// Lists of contacts: who is on which.
    pub lists: BTreeMap<ListName, BTreeSet<UserName>>,
    pub summaries: BTreeMap<ConversationId, Summary>,
    /// What our next letter in each conversation has to follow.
    pub threads: BTreeMap<ConversationId, Thread>,
    pub outbox: Outbox,
    pub resends: Resends,
    pub keys: Keys,
    /// How far the account has come, where the keyring holds its key.
    pub generation: Option<Generation>,
    pub recovery: Recovery,
    /// Of whom we know more than before: what was kept of theirs may be opened now.
    pub unpark: BTreeSet<UserName>,
    /// What was being written when the last session ended, until the first front end has it.
    pub drafts: Vec<(ConversationId, String)>,
    /// For whom the last session left something that was not sealed.
    pub unsealed: Vec<UserName>,
    /// Of whom something is kept that could not be opened.
    pub parked: BTreeSet<UserName>,
    /// Whose newest profile the broker does not show us; each is told once.
    pub withheld: BTreeSet<UserName>,
    /// Of whom it was told that they seem to have a newer Cooee.
    pub newer: BTreeSet<UserName>,
    /// Who knew an older profile of ours; each makes us tell the newest once.
    pub behind: BTreeSet<UserName>,
    pub gaps: Gaps,
    /// What was read and our other devices do not know yet.
    pub marks: ReadMarks,
    pub comparing: Comparing,
    pub files: Files,
    /// The log in plain text, where one is wanted.
    pub chat_log: Option<ChatLog>,
    /// Who came into a group during this session and has confirmed nothing since.
    pub newcomers: BTreeSet<UserName>,
    pub registrar: Registrar,
    /// Letters that are stored and not confirmed, because their senders are not known to have signed up.
    pub unconfirmed: Vec<(UserName, MessageId)>,
    /// Confirmations were stored since the outbox was last handed to the broker.
    pub owes: bool,
    /// The message that was asked about last: each receipt of it is told, also one that moves nothing.
    pub watched: Option<MessageId>,
    /// How much came in that made no sense.
    pub refused: u64,
    /// When we last told each conversation that we are writing.
    pub typing_told: BTreeMap<ConversationId, Instant>,
}

/// Where a session hears from the outside.
pub(super) struct Ears {
    pub inputs: mpsc::Receiver<(FaceId, Input)>,
    pub events: mpsc::Receiver<Event>,
    pub reports: mpsc::Receiver<Report>,
    pub files: mpsc::Receiver<Done>,
    /// How writing the log goes; closed where there is none.
    pub logged: mpsc::Receiver<Logged>,
}

impl Core {
    /// Runs until the first front end goes or the session cannot go on. Returns the front ends that are
    /// still to be told, and what.
    pub async fn run(mut self, mut ears: Ears) -> (Faces, Update) {
        let mut ended = self.run_until_end(&mut ears).await;
        if ended.is_ok() {
            ended = self.confirm_what_came(&mut ears.events).await;
        }
        let reason = ended.err().map(|fatal| fatal.to_string());
        if let Some(reason) = &reason {
            tracing::error!(%reason, "the session ended");
        }
        self.say_goodbye(&mut ears.events, reason.is_none()).await;
        self.close_log(&mut ears.logged).await;
        self.registrar.offline(self.me.user.clone());
        let closing = self.registrar.close(&mut ears.reports);
        if tokio::time::timeout(GOODBYE, closing).await.is_err() {
            tracing::warn!("the CSV files were not brought up to date in time");
        }
        if let Some(generation) = &mut self.generation {
            // Also for what it was until now, if it has become another device.
            if let Err(error) = generation.go_on(&self.store, self.me.version, self.mint.now()).await {
                tracing::warn!(%error, "how far the account has come was not kept");
            }
        }
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, "the history was not closed in good order");
        }
        (self.faces, Update::Stopped(reason))
    }

    async fn run_until_end(&mut self, ears: &mut Ears) -> Result<(), Fatal> {
        // Whoever starts a session hears all that comes in during it: they are there before the first event is looked
        // at.
        if let Ok((face, input)) = ears.inputs.try_recv() {
            self.on_input(face, input).await?;
        }
        let mut events = Vec::with_capacity(BATCH);
        loop {
            self.expire().await?;
            self.log_chats().await?;
            self.publish_cards().await;
            self.pump().await?;
            self.registrar.flush();
            let deadline = self.next_deadline();
            tokio::select! {
                input = ears.inputs.recv() => match input {
                    None => return Ok(()),
                    Some((FaceId::FIRST, Input::Detach)) => return Ok(()),
                    Some((face, input)) => self.on_input(face, input).await?,
                },
                _ = ears.events.recv_many(&mut events, BATCH) => {
                    if events.is_empty() {
                        return Ok(());
                    }
                    self.on_events(events.drain(..)).await?;
                }
                Some(report) = ears.reports.recv() => self.on_report(report).await,
                Some(done) = ears.files.recv() => self.on_file_done(done).await?,
                Some(logged) = ears.logged.recv() => self.on_logged(logged).await,
                () = sleep_until(deadline) => self.on_deadline().await?,
            }
        }
    }

    async fn on_input(&mut self, face: FaceId, input: Input) -> Result<(), Fatal> {
        match input {
            Input::Attach(updates) => {
                self.faces.attach(face, updates);
                self.introduce(face).await;
                // The last session may have ended before it opened what it had learned the key of.
                for user in std::mem::take(&mut self.unsealed) {
                    self.seal_waiting(&user).await?;
                }
                self.unpark().await
            }
            Input::Detach => {
                self.faces.detach(face);
                Ok(())
            }
            Input::Command(command) => self.on_command(face, command).await,
        }
    }

    /// Tells a front end the whole state.
    async fn introduce(&mut self, face: FaceId) {
        let (broker, before) = (self.setup.broker_label(), self.moved_from());
        let me = Box::new(self.me.clone());
        let welcome = Update::Welcome { me, broker, before };
        self.faces.answer(face, welcome).await;
        self.faces.answer(face, Update::Link(self.link.state.clone())).await;
        self.faces.answer(face, Update::People(self.people.all(&self.me.user, self.mint.now()))).await;
        let views: Vec<_> =
            self.groups.views().into_iter().filter(|view| self.shows(view.group.id)).collect();
        for view in views {
            self.faces.answer(face, Update::Group(view)).await;
        }
        let rooms = self.rooms.joined().cloned().collect();
        self.faces.answer(face, Update::Rooms(rooms)).await;
        self.faces.answer(face, self.alerts_told()).await;
        self.faces.answer(face, self.lifetimes_told()).await;
        self.faces.answer(face, self.archived_told()).await;
        self.faces.answer(face, self.lists_told()).await;
        let summaries = self.summaries.values().cloned().collect();
        self.faces.answer(face, Update::Summaries(summaries)).await;
        if face == FaceId::FIRST {
            let drafts = std::mem::take(&mut self.drafts);
            self.faces.answer(face, Update::Drafts(drafts)).await;
        }
        for views in self.files.views() {
            self.faces.answer(face, Update::Files(views)).await;
        }
        for view in self.comparing.views() {
            self.faces.answer(face, Update::Comparison(view)).await;
        }
        self.faces.answer(face, Update::Ready).await;
    }

    async fn on_events(&mut self, events: impl Iterator<Item = Event>) -> Result<(), Fatal> {
        let mut mail = Mail::default();
        for event in events {
            match event {
                Event::Incoming(incoming) => {
                    self.sort(incoming, &mut mail).await?;
                    // Whether a new session is worth anything shows when what began it is stored.
                    if !mail.begun.is_empty() || mail.is_key {
                        self.settle(std::mem::take(&mut mail)).await?;
                        for user in std::mem::take(&mut self.unsealed) {
                            self.seal_waiting(&user).await?;
                        }
                        self.unpark().await?;
                    }
                }
                Event::Published { token, outcome } => {
                    self.on_published(token, outcome, &mut mail).await?;
                }
                other => {
                    self.settle(std::mem::take(&mut mail)).await?;
                    self.on_link_event(other).await?;
                }
            }
        }
        self.settle(mail).await?;
        self.unpark().await
    }

    async fn on_report(&mut self, report: Report) {
        for words in self.registrar.on_report(&report) {
            tracing::warn!("{words}");
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
        let changed = self.people.note_entries(report.entries);
        self.tell_people(changed).await;
    }

    pub async fn tell_people(&mut self, users: Vec<UserName>) {
        let (me, now) = (&self.me.user, self.mint.now());
        let others = users.iter().filter(|user| *user != me);
        let people: Vec<_> = others.filter_map(|user| self.people.person(user, now)).collect();
        if !people.is_empty() {
            self.faces.tell(Update::People(people)).await;
        }
    }

    pub async fn tell_summary(&mut self, summary: Option<Summary>) {
        let Some(summary) = summary else { return };
        self.summaries.insert(summary.conversation.clone(), summary.clone());
        self.faces.tell(Update::Summaries(vec![summary])).await;
    }

    pub async fn tell_group(&mut self, group: GroupId) {
        let view = self.groups.view(group).filter(|_| self.shows(group));
        self.faces.tell(view.map_or(Update::GroupGone(group), Update::Group)).await;
    }

    /// Whether there is anything to show of a group: not of one that we declined, or into which we may be asked
    /// only by what is still to come.
    fn shows(&self, id: GroupId) -> bool {
        let was_in = || self.summaries.contains_key(&ConversationId::Group(id));
        self.groups.get(id).is_some_and(|known| {
            known.is_for(&self.eyes().me()) && (known.standing != Standing::Left || was_in())
        })
    }

    pub fn topic(&self, topic: &Topic) -> String {
        self.setup.root.topic(topic)
    }

    /// Asks something of the connection. When that task is gone its events end too, which ends us.
    pub async fn ask(&mut self, request: Request) {
        let _ = self.link.requests.send(request).await;
    }

    /// Whoever goes as soon as a message is here, as a script does, may have it before we may write, or before it is
    /// known who wrote it: waits a moment for that, so that its sender is told. What else comes for us meanwhile nobody
    /// would see here: it stays at the broker, unacknowledged, until the next time.
    async fn confirm_what_came(&mut self, events: &mut mpsc::Receiver<Event>) -> Result<(), Fatal> {
        let end = Instant::now() + CONFIRMING;
        let is_for_us = |event: &Event| match event {
            Event::Incoming(incoming) => incoming.acknowledgement.is_some(),
            _ => false,
        };
        while self.owes_confirmation() && Instant::now() < end {
            let deadline = self.next_deadline().min(end);
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) if is_for_us(&event) => {}
                    Some(event) => self.on_events(std::iter::once(event)).await?,
                    None => return Ok(()),
                },
                () = sleep_until(deadline) => self.on_deadline().await?,
            }
            self.expire().await?;
            self.pump().await?;
        }
        Ok(())
    }

    /// Tells everybody that we go, and waits a moment for the broker to take it. `is_sound`: what is in memory is
    /// what is stored. If not, nothing more is stored: a key that has moved on without what it opened could not open
    /// that again.
    async fn say_goodbye(&mut self, events: &mut mpsc::Receiver<Event>, is_sound: bool) {
        let deadline = Instant::now() + GOODBYE;
        if self.link.state == Link::Up {
            self.publish_presence(false).await;
            let mut mail = Mail::default();
            let taken = async {
                while let Some(event) = events.recv().await {
                    if self.link.is_goodbye(&event) {
                        break;
                    }
                    // The broker confirms in order: what was under way is known to be sent by now, and
                    // need not go out again the next time.
                    if let Event::Published { token, outcome } = event
                        && is_sound
                    {
                        self.on_published(token, outcome, &mut mail).await?;
                    }
                }
                Ok::<_, Fatal>(())
            };
            let told = timeout_at(deadline, taken).await.unwrap_or(Ok(()));
            if is_sound && let Err(error) = told.and(self.settle(mail).await) {
                tracing::warn!(%error, "sent messages go out again the next time");
            }
        }
        self.ask(Request::Close).await;
        let closed = async { while !matches!(events.recv().await, None | Some(Event::Closed)) {} };
        let _ = timeout_at(deadline, closed).await;
    }
}
