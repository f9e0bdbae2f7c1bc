//! Registering a name.
//!
//! A plain broker has no referee, so a name is claimed in the open: look whether a profile stands at its
//! topic, and if none does, publish ours there. Two who do so at the same moment both see both profiles,
//! and all agree which of them counts ([`Profile::replaces`]); the other one withdraws.
//!
//! Whoever can be seen can be written to, so before the name is published the inbox is subscribed to, in
//! the session that the account will use: what is sent before its first sign-in waits there. Brokers that
//! throw away what nobody subscribes to need not say so.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::account::AccountDir;
use super::keys::founding;
use super::unlock::{NewKey, Protection, blocking};
use super::{Error, Setup, clock, dialer};
use crate::broker::Revive;
use crate::crypto::{Device, Identity, Invalid, open_profile, seal_bundle, seal_profile};
use crate::domain::{DataKey, DeviceId, DisplayName, MobileNumber, Profile, UserName};
use crate::mqtt::{
    self, Dial, DialError, Dialer, Event, Incoming, Login, Outcome, Publish, Refusal, Request,
    Subscription,
};
use crate::protocol::{self, Filter, Malformed, Place, Topic, encode_typing};
use crate::registry::Registry;
use crate::store::{Account, Secret, Store};

/// What a person gives to sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUp {
    /// The name to register.
    pub user: UserName,
    /// What to be called.
    pub display_name: DisplayName,
    /// A number to publish, if one is given.
    pub mobile: Option<MobileNumber>,
    /// What is to protect the account on this machine.
    pub protection: Protection,
}

/// How long the whole may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// How long to listen after the broker has echoed us: no broker says which retained record is its last,
/// and one may send what it keeps after what is said.
const QUIET: Duration = Duration::from_millis(300);

/// How long to wait for our echo before we call again: a cluster that is busy may confirm a subscription
/// before it is in force, and then nobody heard the first call.
const AGAIN: Duration = Duration::from_secs(1);

/// Registers a name on the broker and makes the account. Nothing is left behind where that fails.
///
/// Once the name was published, a link that is lost undoes nothing, nor does dropping the future: the account
/// is there, and its first sign-in registers it if need be.
///
/// # Errors
/// [`Error::AccountExists`], [`Error::NameTaken`], [`Error::Unreachable`], [`Error::Refused`], [`Error::Uninvited`].
pub async fn sign_up(setup: &Setup, form: SignUp) -> Result<(), Error> {
    let account = AccountDir::new(&setup.data_dir, &form.user);
    if account.exists() {
        return Err(Error::AccountExists { user: form.user });
    }
    // Before anything is asked of the broker: there may be no keyring.
    let key = NewKey::make(&account, &form.protection).await?;
    let made = claim(setup, form, &account, &key.key).await;
    key.settle(made).await
}

async fn claim(setup: &Setup, form: SignUp, account: &AccountDir, key: &DataKey) -> Result<(), Error> {
    let credential = clock::credential();
    let login = dialer::login(&form.user, &credential);
    let mut claim = Claim::connect(setup, login, &form.user, clock::client_id(), false).await?;
    let claimed = claim.settle(setup, form, credential, account, key).await;
    claim.close().await;
    claimed
}

/// Begins the session that the account will use: subscribes to its inbox.
async fn open_inbox(
    setup: &Setup,
    login: Login,
    user: &UserName,
    client_id: String,
) -> Result<(), Error> {
    let mut session = Claim::connect(setup, login, user, client_id, true).await?;
    let subscribed = session.subscribe(vec![Filter::Inbox(user.clone())]).await;
    session.close().await;
    subscribed
}

/// Writes somebody who has just signed up into `Registration.csv`. Where that fails the first sign-in does
/// it.
async fn record(setup: &Setup, profile: Profile) {
    let data_dir = setup.data_dir.clone();
    let write = move || Registry::open(&data_dir)?.record_people(&[profile]).map(drop);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
        tracing::warn!(%error, "Registration.csv does not name the new account yet");
    }
}

/// A place where an account is made, with its key and an empty history.
pub(super) async fn staged(
    account: &AccountDir,
    protection: Protection,
    key: &DataKey,
) -> Result<(TempDir, Store), Error> {
    let staged = account.stage()?;
    let path = AccountDir::staged_database(&staged);
    let (directory, of, key) = (staged.path().to_owned(), account.clone(), key.clone());
    let open = move || {
        of.protect_in(&directory, &key, protection.guard())?;
        Ok::<_, Error>(Store::open(&path, &key)?)
    };
    Ok((staged, blocking(open).await??))
}

/// Makes the account, at once or not at all.
async fn keep(
    account: &AccountDir,
    identity: Account,
    keys: Vec<Secret>,
    protection: Protection,
    key: &DataKey,
    broker: String,
) -> Result<(), Error> {
    let (staged, store) = staged(account, protection, key).await?;
    store.save_account(identity).await?;
    store.note_broker(broker).await?;
    store.save_secrets(keys).await?;
    store.close().await?;
    account.adopt(staged)
}

/// An account whose name was not published yet: it is taken away again when anything fails, and when the
/// person goes back and the future is dropped.
struct Unpublished<'a>(&'a AccountDir);

impl Drop for Unpublished<'_> {
    fn drop(&mut self) {
        self.0.remove();
    }
}

struct ClaimDialer(Arc<Setup>, Login);

impl Dialer for ClaimDialer {
    async fn dial(&mut self, _: bool) -> Result<Dial, DialError> {
        let address = dialer::address(&self.0, Some(&self.1), Revive::Always).await;
        let address = address.map_err(|error| DialError { reason: error.to_string(), retry: false })?;
        Ok(Dial { address, will: None, epoch: 0 })
    }
}

/// A connection for the time of a sign-up, with what it saw at the topic of the name.
struct Claim {
    user: UserName,
    device: DeviceId,
    root: protocol::Root,
    requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
    deadline: Instant,
    /// What was seen at the topic: read, and as it stood there.
    rivals: Vec<(Profile, Vec<u8>)>,
    /// A profile that only a newer Cooee can read stands there.
    newer: bool,
}

impl Claim {
    async fn connect(
        setup: &Setup,
        login: Login,
        user: &UserName,
        client_id: String,
        keep_session: bool,
    ) -> Result<Self, Error> {
        let own = dialer::is_own_login(setup);
        let identity = mqtt::Identity { client_id, keep_session, keep_alive: mqtt::KEEP_ALIVE };
        let (requests, events) = mqtt::connect(identity, ClaimDialer(Arc::new(setup.clone()), login));
        let mut claim = Self {
            user: user.clone(),
            device: clock::device_id(),
            root: setup.root.clone(),
            requests,
            events,
            deadline: Instant::now() + DEADLINE,
            rivals: Vec::new(),
            newer: false,
        };
        loop {
            match claim.next().await? {
                Event::Up { .. } => return Ok(claim),
                // With a login that we made up, it is the name that the broker does not give us.
                Event::Down { refusal: Some(Refusal::Login), .. } if own => {
                    return Err(Error::NameTaken { user: user.clone() });
                }
                Event::Down { reason, refusal: Some(Refusal::NotAuthorized), .. } if own => {
                    return Err(Error::Uninvited { reason });
                }
                Event::Down { reason, refusal: Some(_), .. } => return Err(Error::Refused { reason }),
                Event::Down { reason, .. } => return Err(Error::Unreachable { reason }),
                _ => {}
            }
        }
    }

    /// The next event. After the deadline the broker counts as unreachable.
    async fn next(&mut self) -> Result<Event, Error> {
        let event = timeout_at(self.deadline, self.events.recv()).await.ok().flatten();
        let mut event =
            event.ok_or_else(|| Error::Unreachable { reason: "it does not answer".into() })?;
        if let Event::Published { outcome: Outcome::Refused(reason), .. } = event {
            return Err(Error::Refused { reason });
        }
        if let Event::Incoming(incoming) = &mut event {
            self.hear(incoming).await;
        }
        Ok(event)
    }

    /// Takes note of a profile. Everything is acknowledged, for HiveMQ says no more until it is; except
    /// what came into the inbox, which is not ours to take.
    async fn hear(&mut self, incoming: &mut Incoming) {
        match self.root.parse(&incoming.topic) {
            Some(Topic::Profile(user)) if user == self.user => {
                match open_profile(&self.user, &incoming.payload) {
                    Ok(profile) => self.rivals.push((profile, incoming.payload.to_vec())),
                    Err(Invalid::Version(_) | Invalid::Malformed(Malformed::Version(_))) => {
                        self.newer = true;
                    }
                    // Whatever else stands there claims nothing.
                    Err(_) => {}
                }
            }
            Some(Topic::Inbox { .. }) => return,
            _ => {}
        }
        if let Some(acknowledgement) = incoming.acknowledgement.take() {
            self.ask(Request::Acknowledge(vec![acknowledgement])).await;
        }
    }

    async fn settle(
        &mut self,
        setup: &Setup,
        form: SignUp,
        credential: String,
        account: &AccountDir,
        key: &DataKey,
    ) -> Result<(), Error> {
        let user = self.user.clone();
        self.subscribe(vec![Filter::Profile(user.clone()), Filter::LiveTo(user)]).await?;
        self.hear_all().await?;
        let taken = || Error::NameTaken { user: form.user.clone() };
        if self.newer || !self.rivals.is_empty() {
            return Err(taken());
        }
        let identity = Identity::generate();
        let device = Device::generate(clock::device_id(), setup.clock.now());
        let profile = Profile {
            user: form.user.clone(),
            identity: identity.public(),
            version: 1,
            display_name: form.display_name.clone(),
            mobile: form.mobile.clone(),
            registered_at: setup.clock.now(),
            devices: vec![device.keys()],
        };
        // Kept before it is published: a crash in between leaves an account that registers itself when it
        // signs in, and never a name that nobody owns.
        let client_id = clock::client_id();
        let login = dialer::login(&profile.user, &credential);
        let kept = Account {
            profile: profile.clone(),
            device: device.id(),
            client_id: client_id.clone(),
            credential,
        };
        let (secrets, broker) = (founding(&identity, &device), setup.broker_label());
        keep(account, kept, secrets, form.protection.clone(), key, broker).await?;
        let unpublished = Unpublished(account);
        open_inbox(setup, login, &profile.user, client_id).await?;
        std::mem::forget(unpublished);
        // First the keys, so that whoever sees the profile can write at once.
        let keys = self.root.topic(&Topic::Keys(self.user.clone(), device.id()));
        self.publish(keys, seal_bundle(&self.user, &device), true).await;
        self.publish_profile(seal_profile(&profile, &identity)).await;
        if let Err(error) = self.hear_all().await {
            if let Error::Refused { .. } = error {
                account.remove();
                return Err(error);
            }
            // The name may stand on the broker by now. The first sign-in finds out.
            tracing::warn!(%error, user = %profile.user, "the link was lost at the end of the sign-up");
        }
        let wins = |(rival, _): &&(Profile, Vec<u8>)| {
            rival.identity != profile.identity && rival.replaces(&profile)
        };
        if let Some((_, winner)) = self.rivals.iter().find(wins).cloned() {
            account.remove();
            self.publish_profile(winner).await;
            return Err(taken());
        }
        record(setup, profile).await;
        Ok(())
    }

    async fn subscribe(&mut self, filters: Vec<Filter>) -> Result<(), Error> {
        let wish =
            |filter| Subscription { filter: self.root.filter(filter), at_least_once: true, echo: true };
        let wishes = filters.iter().map(wish).collect();
        self.ask(Request::Subscribe(wishes)).await;
        loop {
            match self.next().await? {
                Event::Subscribed { refused, .. } if refused.is_empty() => return Ok(()),
                Event::Subscribed { refused, .. } => {
                    let (filter, reason) = &refused[0];
                    let reason = format!("reading `{filter}`: {reason}");
                    return Err(Error::Refused { reason });
                }
                Event::Down { reason, .. } => return Err(Error::Unreachable { reason }),
                _ => {}
            }
        }
    }

    /// Waits until everything that the broker had for us has come: until it has echoed us, and then as
    /// long as it does not fall silent.
    async fn hear_all(&mut self) -> Result<(), Error> {
        let place = Place::User(self.user.clone());
        let echo = self.root.topic(&Topic::Live { place, from: self.user.clone(), device: self.device });
        self.publish(echo.clone(), encode_typing(), false).await;
        loop {
            match timeout(AGAIN, self.next()).await.ok().transpose()? {
                Some(Event::Incoming(incoming)) if incoming.topic == echo => break,
                Some(Event::Down { reason, .. }) => return Err(Error::Unreachable { reason }),
                Some(_) => {}
                None => self.publish(echo.clone(), encode_typing(), false).await,
            }
        }
        while let Ok(event) = timeout(QUIET, self.next()).await {
            if let Event::Down { reason, .. } = event? {
                return Err(Error::Unreachable { reason });
            }
        }
        Ok(())
    }

    async fn publish_profile(&self, profile: Vec<u8>) {
        let topic = self.root.topic(&Topic::Profile(self.user.clone()));
        self.publish(topic, profile, true).await;
    }

    async fn publish(&self, topic: String, payload: Vec<u8>, retain: bool) {
        let publish = Publish { topic, payload, retain, expiry: None, token: Some(0) };
        self.ask(Request::Publish(publish)).await;
    }

    async fn ask(&self, request: Request) {
        let _ = self.requests.send(request).await;
    }

    async fn close(mut self) {
        self.ask(Request::Close).await;
        while !matches!(self.events.recv().await, None | Some(Event::Closed)) {}
    }
}
