//! A command's hold on the session of its account, with the state that the session has told of.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};

use super::Error;
use super::output::note;
use super::passphrase::Terminal;
use crate::config::{BrokerChoice, Config};
use crate::domain::{
    Alerts, ConversationId, GroupId, Lifetime, MessageId, Person, Profile, RoomName, UserName,
};
use crate::engine::{self, Command, FileState, GroupView, Link, Session, Setup, Update};

/// How long nothing new must have come until what the broker keeps counts as told: no broker says which
/// is the last of it.
const QUIET: Duration = Duration::from_millis(500);

/// The longest that this is waited for.
const LONGEST: Duration = Duration::from_secs(3);

/// How long the end of a session may take: its goodbye, the CSV files and the history.
const CLOSING: Duration = Duration::from_secs(8);

/// How much may be asked of a session before it has answered.
pub(super) const UNANSWERED: usize = 48;

/// A session, and what it told of its state.
pub(super) struct Attached {
    setup: Setup,
    session: Session,
    /// Who we are.
    pub me: Profile,
    /// The connection.
    pub link: Link,
    /// Everybody but ourselves.
    pub people: BTreeMap<UserName, Person>,
    /// The groups we have to do with, and those that are listed.
    pub groups: BTreeMap<GroupId, GroupView>,
    /// The open rooms we are in.
    pub rooms: BTreeSet<RoomName>,
    /// How long messages live in conversations with people.
    pub lifetimes: BTreeMap<ConversationId, Lifetime>,
    /// The conversations that are put away.
    pub archived: BTreeSet<ConversationId>,
    /// With whom there is a history.
    pub conversations: BTreeSet<ConversationId>,
    /// What became of files.
    pub files: BTreeMap<MessageId, FileState>,
    /// How much is unread where something is.
    pub unread: BTreeMap<ConversationId, u32>,
    /// The conversations that do not always call for us.
    pub alerts: BTreeMap<ConversationId, Alerts>,
}

/// What a session told.
pub(super) enum Heard {
    /// This; the state shows it already.
    Update(Update),
    /// The process whose session we had joined ended it. We are in a new one, whose state is told; what
    /// was asked and not answered is to be asked again.
    Again,
}

/// Joins the session of the account that the configuration names, or signs in, and does `work` in it.
/// SIGINT, SIGTERM and the end of the terminal end it; in each case the session is left in good order, so that nobody
/// sees us online afterwards.
pub(super) async fn with_session<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Attached) -> Result<T, Error>,
) -> Result<T, Error> {
    let user = account(config)?;
    let terminal = Terminal::new();
    let setup = terminal.asking(Setup::new(config, std::env::current_exe().map_err(Error::Program)?));
    let mut signals = Signals::catch().map_err(Error::Signals)?;
    let mut attached = tokio::select! {
        attached = Attached::join(setup, &user) => attached.map_err(|error| terminal.sort(error))?,
        () = signals.next() => return Err(Error::Interrupted),
    };
    let done = tokio::select! {
        done = work(&mut attached) => done,
        () = signals.next() => Err(Error::Interrupted),
    };
    tokio::select! {
        () = attached.close() => done,
        () = signals.insists() => Err(Error::Interrupted),
    }
}

/// Whom to be: who was named, else the only account of the data directory.
pub(super) fn account(config: &Config) -> Result<UserName, Error> {
    if let Some(user) = &config.user {
        return Ok(user.clone());
    }
    let known = engine::accounts(&config.data_dir);
    match known.as_slice() {
        [user] => Ok(user.clone()),
        _ => Err(Error::WhichAccount { known }),
    }
}

impl Attached {
    /// How long messages of a conversation live.
    pub fn lifetime(&self, conversation: &ConversationId) -> Option<Lifetime> {
        match conversation {
            ConversationId::Group(id) => self.groups.get(id).and_then(|view| view.group.lifetime),
            other => self.lifetimes.get(other).copied(),
        }
    }

    async fn join(setup: Setup, user: &UserName) -> Result<Self, Error> {
        loop {
            let mut session = Session::join(&setup, user).await?;
            let Some(Update::Welcome { me, broker, before }) = session.updates.recv().await else {
                return Err(Error::Lost);
            };
            if let Some(before) = before {
                note(&Update::moved_words(&me.user, &broker, &before));
            }
            let asked = setup.broker_label();
            // Without a word about the broker that of the session is meant.
            if broker != asked && setup.broker != BrokerChoice::BuiltIn {
                note(&format!(
                    "{user} is signed in on {broker} already, and not on {asked}: this is done there"
                ));
            }
            let mut attached = Self {
                setup: setup.clone(),
                session,
                me: *me,
                link: Link::Connecting,
                people: BTreeMap::new(),
                groups: BTreeMap::new(),
                rooms: BTreeSet::new(),
                lifetimes: BTreeMap::new(),
                archived: BTreeSet::new(),
                conversations: BTreeSet::new(),
                files: BTreeMap::new(),
                unread: BTreeMap::new(),
                alerts: BTreeMap::new(),
            };
            loop {
                match attached.recv().await {
                    Some(Update::Ready) => return Ok(attached),
                    Some(Update::Stopped(Some(why))) => return Err(Error::Ended(why)),
                    // It ended as we came.
                    Some(Update::Stopped(None)) => break,
                    Some(update) => attached.note(&update),
                    None => return Err(Error::Lost),
                }
            }
        }
    }

    /// What the session tells next; to be given to [`Self::take`]. Nothing is lost when this is dropped
    /// before it is done.
    pub async fn recv(&mut self) -> Option<Update> {
        self.session.updates.recv().await
    }

    /// Takes in what was told. When the process whose session this was ended it, joins or starts another.
    pub async fn take(&mut self, update: Option<Update>) -> Result<Heard, Error> {
        match update {
            None => Err(Error::Lost),
            Some(Update::Stopped(Some(why))) => Err(Error::Ended(why)),
            Some(Update::Stopped(None)) => {
                *self = Self::join(self.setup.clone(), &self.me.user).await?;
                Ok(Heard::Again)
            }
            Some(update) => {
                self.note(&update);
                Ok(Heard::Update(update))
            }
        }
    }

    fn note(&mut self, update: &Update) {
        match update {
            Update::Link(link) => self.link = link.clone(),
            Update::People(people) => {
                self.people.extend(people.iter().map(|person| (person.user.clone(), person.clone())));
            }
            Update::Group(view) => {
                self.groups.insert(view.group.id, view.clone());
            }
            Update::GroupGone(id) => {
                self.groups.remove(id);
            }
            Update::Files(views) => {
                self.files.extend(views.iter().map(|view| (view.message, view.state.clone())));
            }
            Update::File(view) => {
                self.files.insert(view.message, view.state.clone());
            }
            Update::Rooms(rooms) => self.rooms = rooms.iter().cloned().collect(),
            Update::Lifetimes(lifetimes) => self.lifetimes = lifetimes.iter().cloned().collect(),
            Update::Archived(archived) => self.archived = archived.iter().cloned().collect(),
            Update::Alerts(alerts) => self.alerts = alerts.iter().cloned().collect(),
            Update::Summaries(summaries) => {
                for summary in summaries {
                    match summary.unread {
                        0 => self.unread.remove(&summary.conversation),
                        unread => self.unread.insert(summary.conversation.clone(), unread),
                    };
                }
                let begun = summaries.iter().filter(|summary| summary.last.is_some());
                self.conversations.extend(begun.map(|summary| summary.conversation.clone()));
            }
            _ => {}
        }
    }

    /// The broker as a person would write it.
    pub fn broker(&self) -> String {
        self.setup.broker_label()
    }

    /// Asks something of the session. One that has ended says so through [`Self::recv`]. There is room for
    /// [`UNANSWERED`] commands; whoever asks more has to take in the answers meanwhile.
    pub async fn ask(&self, command: Command) {
        let _ = self.session.commands.send(command).await;
    }

    /// Waits for the connection. Somebody asks for it now, so a pause between attempts is cut short, and
    /// a built-in broker that was stopped is started.
    ///
    /// # Errors
    /// [`Error::Unreachable`] with the last reason after `patience`.
    pub async fn until_up(&mut self, patience: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        self.hurry().await;
        let mut reason = format!("it did not answer within {patience:?}");
        while self.link != Link::Up {
            if let Link::Down { reason: why, .. } = &self.link {
                reason.clone_from(why);
            }
            match timeout_at(deadline, self.recv()).await {
                Ok(update) => self.take(update).await?,
                Err(_) => return Err(Error::Unreachable(reason)),
            };
        }
        Ok(())
    }

    /// Asks for a connection now, where there is none: somebody waits for it.
    pub async fn hurry(&self) {
        if matches!(self.link, Link::Down { .. }) {
            self.ask(Command::ConnectNow).await;
        }
    }

    /// Waits until what the broker keeps and what the files hold has come: until nothing new came for
    /// half a second, three seconds at most.
    pub async fn settle(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + LONGEST;
        while Instant::now() < deadline
            && let Ok(update) = timeout_at(deadline.min(Instant::now() + QUIET), self.recv()).await
        {
            self.take(update).await?;
        }
        Ok(())
    }

    /// Leaves the session, and waits until it is closed if it was ours.
    async fn close(self) {
        let Session { commands, mut updates } = self.session;
        drop(commands);
        let ended = async { while !matches!(updates.recv().await, None | Some(Update::Stopped(_))) {} };
        if timeout(CLOSING, ended).await.is_err() {
            tracing::warn!("the session did not end in time");
        }
    }
}

/// The signals that end a command in good order.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// That of a terminal which is gone; `None` where we are to outlive it.
    hang_up: Option<Signal>,
}

impl Signals {
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// The first of them.
    pub async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }

    /// One more, by which somebody says that they do not want to wait. The end of a terminal is told several times, by
    /// the shell and by the system, and nobody says that.
    pub async fn insists(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Whether who started us had us ignore the end of the terminal, as `nohup` does. Where the system does not tell, both
/// ends at a terminal say that we belong to it: `nohup` leaves us at most one of them.
fn ignores_hang_up() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal());
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    // The signals count from 1, and this one is the first.
    ignored.is_some_and(|bits| bits & 1 == 1)
}
