//! Signing in: from the name of an account to a running session.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::account::{AccountDir, AccountLock, accounts};
use super::attach;
use super::chatlog;
use super::clock::Mint;
use super::command::Command;
use super::comparing::Comparing;
use super::core::{Core, Ears, Input};
use super::devices::ReadMarks;
use super::dialer::{self, SessionDialer};
use super::doors::Doors;
use super::enrol::enrol;
use super::faces::{FaceId, Faces};
use super::files::Files;
use super::generation::Generation;
use super::groups::Groups;
use super::keys::Keys;
use super::known_group::Eyes;
use super::lifetimes::Lifetimes;
use super::link::LinkState;
use super::outbox::Outbox;
use super::people::People;
use super::receipts::Gaps;
use super::recovery::Recovery;
use super::registrar::Registrar;
use super::resends::Resends;
use super::rooms::Rooms;
use super::unlock::{self, Opened, Protected, Unlock};
use super::update::Update;
use super::{Error, Setup};
use crate::domain::UserName;
use crate::mqtt;
use crate::protocol::Topic;
use crate::registry::Registry;
use crate::store::{Beginning, Store};

/// How many updates a front end may be behind, and how many inputs the engine.
pub(super) const CHANNEL: usize = 1_024;

/// How long a process that holds the account may take to let us in, or to go.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A front end's hold on a session.
///
/// Dropping `commands` ends the session if this front end started it, or leaves it if it attached.
/// [`Update::Stopped`] is the last update, and then the account is free; a channel that closes without
/// one means that we fell behind too far, or that the process which runs the session died.
pub struct Session {
    /// Asks something of the engine.
    pub commands: mpsc::Sender<Command>,
    /// Tells what happens.
    pub updates: mpsc::Receiver<Update>,
}

impl Session {
    /// Signs in, in this process. It does not wait for the broker.
    ///
    /// # Errors
    /// [`Error::NoAccount`] when nobody signed up here under this name, [`Error::InUse`] when another
    /// process runs the account; [`Error::PassphraseNeeded`], [`Error::WrongPassphrase`]; [`Error::NoKey`] where
    /// the keyring does not give its key, [`Error::PutBack`] where it knows that the account had come further.
    pub async fn start(setup: &Setup, user: &UserName) -> Result<Self, Error> {
        let account = unlock::existing(&setup.data_dir, user)?;
        // Whose account is in use elsewhere is told so before being asked for a passphrase.
        let mut lock = account.lock()?;
        let key = match account.key_file()?.protection() {
            Protected::None => unlock::data_key(&account, &Unlock::Nothing).await?,
            Protected::Passphrase | Protected::Keyring => {
                // Nobody else has to wait for somebody who is thinking of a passphrase, or unlocks a keyring.
                drop(lock);
                let key = unlock::data_key(&account, &setup.unlock).await?;
                lock = account.lock()?;
                key
            }
        };
        start(setup, account, lock, key).await
    }

    /// Joins the session of the process that runs the account, for which no passphrase is needed, or signs in
    /// here if none does. A process that is just starting or ending is waited for, 10 s at most.
    ///
    /// # Errors
    /// As [`Session::start`]; [`Error::InUse`] also when that process cannot be joined.
    pub async fn join(setup: &Setup, user: &UserName) -> Result<Self, Error> {
        let account = unlock::existing(&setup.data_dir, user)?;
        let mut deadline = Instant::now() + PATIENCE;
        let mut key = None;
        loop {
            let in_use = match account.lock() {
                Ok(lock) => match key.take() {
                    Some(key) => return start(setup, account, lock, key).await,
                    None if account.key_file()?.protection() == Protected::None => {
                        let key = unlock::data_key(&account, &Unlock::Nothing).await?;
                        return start(setup, account, lock, key).await;
                    }
                    None => {
                        // Somebody else may sign in meanwhile: then we join them after all.
                        drop(lock);
                        key = Some(unlock::data_key(&account, &setup.unlock).await?);
                        deadline = Instant::now() + PATIENCE;
                        continue;
                    }
                },
                Err(in_use @ Error::InUse { .. }) => in_use,
                Err(error) => return Err(error),
            };
            let error = match timeout_at(deadline, attach::connect(&account.socket())).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => error,
                Err(late) => late.into(),
            };
            // A path that no socket can have does not get any shorter.
            if Instant::now() >= deadline || error.kind() == std::io::ErrorKind::InvalidInput {
                tracing::warn!(%error, "the session that runs cannot be joined");
                return Err(in_use);
            }
            sleep(LOOK).await;
        }
    }
}

async fn start(
    setup: &Setup,
    account: AccountDir,
    lock: AccountLock,
    Opened { key, held }: Opened,
) -> Result<Session, Error> {
    let setup = Arc::new(setup.clone());
    account.sweep();
    account.sweep_drafts();
    let database = account.database();
    let store = unlock::blocking(move || Store::open(&database, &key)).await??;
    let nobody = || {
        let known = accounts(&setup.data_dir);
        Error::NoAccount { user: account.user.clone(), known }
    };
    let now = setup.clock.now();
    let begun = store.begin(now, setup.chat_log.is_some(), Keys::names()).await?.ok_or_else(nobody)?;
    let Beginning { account: identity, next_end, snapshot, secrets, files: stored } = begun;
    let keys = Keys::open(store.clone(), snapshot.bundles, secrets)?.ok_or_else(nobody)?;
    let generation = match held {
        None => None,
        Some(held) => match Generation::read(&account, &store, identity.device, &held).await? {
            Some(mut generation) => {
                generation.go_on(&store, identity.profile.version, now).await?;
                Some(generation)
            }
            None => {
                let mut identity = identity;
                // Others know of it, and the broker may have forgotten.
                identity.profile.version = identity.profile.version.max(held.1.profile());
                enrol(&store, identity, &keys.identity, now).await?;
                store.close().await?;
                return Err(Error::PutBack { user: account.user });
            }
        },
    };
    let registry = Registry::open(&setup.data_dir)?.with_private_groups(setup.private_groups);
    let (mut registrar, reports) = Registrar::start(registry);
    registrar.profile(identity.profile.clone());

    let directory = account.path().to_owned();
    let (files, files_done) = unlock::blocking(move || Files::open(&directory, stored)).await?;
    let (chat_log, logged) =
        chatlog::start(setup.chat_log.as_deref(), &identity.profile.user, &store).await?;

    // Not before: what is read to be shown would wait for the disk, to which every connection is forced first.
    let presence = Topic::Presence(identity.profile.user.clone(), identity.device);
    let dialer = SessionDialer {
        setup: Arc::clone(&setup),
        store: store.clone(),
        login: dialer::login(&identity.profile.user, &identity.credential),
        presence_topic: setup.root.topic(&presence),
        first: true,
    };
    let to_broker = mqtt::Identity {
        client_id: identity.client_id,
        keep_session: true,
        keep_alive: mqtt::KEEP_ALIVE,
    };
    let (requests, events) = mqtt::connect(to_broker, dialer);

    let people = People::new(snapshot.people);
    let eyes = Eyes { me: &identity.profile, people: &people };
    let groups = Groups::new(&snapshot.groups, eyes);
    let core = Core {
        mint: Mint::new(setup.clock.clone(), snapshot.newest_own),
        me: identity.profile,
        device: identity.device,
        store,
        faces: Faces::default(),
        link: LinkState::new(requests, snapshot.epoch, snapshot.broker),
        people,
        groups,
        rooms: Rooms::new(snapshot.rooms),
        lifetimes: Lifetimes::new(snapshot.lifetimes, next_end),
        doors: Doors::new(snapshot.group_links, snapshot.knocks),
        archived: snapshot.archived.into_iter().collect(),
        lists: snapshot.lists.into_iter().map(|list| (list.name, list.members)).collect(),
        alerts: snapshot.alerts.into_iter().collect(),
        summaries: snapshot.summaries.into_iter().map(|s| (s.conversation.clone(), s)).collect(),
        threads: snapshot.threads.into_iter().collect(),
        outbox: Outbox::default(),
        resends: Resends::new(snapshot.debtors),
        keys,
        generation,
        recovery: Recovery::default(),
        unpark: snapshot.sealed.iter().cloned().collect(),
        unsealed: snapshot.unsealed,
        drafts: snapshot.drafts,
        parked: snapshot.sealed.into_iter().collect(),
        withheld: std::collections::BTreeSet::new(),
        newer: std::collections::BTreeSet::new(),
        behind: std::collections::BTreeSet::new(),
        gaps: Gaps::default(),
        marks: ReadMarks::default(),
        comparing: Comparing::default(),
        files,
        chat_log,
        newcomers: std::collections::BTreeSet::new(),
        registrar,
        unconfirmed: Vec::new(),
        owes: false,
        watched: None,
        refused: 0,
        typing_told: std::collections::BTreeMap::new(),
        setup,
    };
    let (inputs_tx, inputs) = mpsc::channel(CHANNEL);
    let session = face(FaceId::FIRST, &inputs_tx).await;
    let door = attach::serve(&account.socket(), inputs_tx);
    tokio::spawn(async move {
        let (faces, last_word) =
            core.run(Ears { inputs, events, reports, files: files_done, logged }).await;
        let first = faces.part(&last_word).await;
        // First nobody can join any more, then another process may take the account, and only then is it
        // told that we are through.
        if let Some(door) = door {
            door.close().await;
        }
        drop(lock);
        if let Some(first) = first {
            let _ = first.send(last_word).await;
        }
    });
    Ok(session)
}

/// Attaches a front end of this process.
pub(super) async fn face(id: FaceId, inputs: &mpsc::Sender<(FaceId, Input)>) -> Session {
    let (updates_tx, updates) = mpsc::channel(CHANNEL);
    let (commands, mut commands_rx) = mpsc::channel(64);
    let inputs = inputs.clone();
    // If the engine is gone, the front end sees its updates end.
    let _ = inputs.send((id, Input::Attach(updates_tx))).await;
    tokio::spawn(async move {
        while let Some(command) = commands_rx.recv().await {
            if inputs.send((id, Input::Command(command))).await.is_err() {
                return;
            }
        }
        let _ = inputs.send((id, Input::Detach)).await;
    });
    Session { commands, updates }
}
