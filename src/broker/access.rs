//! Who is let in, and what they may do there: the login, the client id, the topics, the pace.
//!
//! - **Login.** The user name is the name of an account, the password its credential; [`super::accounts`] says
//!   whose a name is. A name that nobody has is registered by the first login with it: on this machine without
//!   more, over the network with an invite. Whoever comes without a user name is a guest, and can do nothing
//!   but what `cooee doctor` does: on this machine, or with an invite.
//! - **Client id.** A session belongs to the registration that began it. Nobody else can connect with its
//!   client id, also to begin it anew. A client id is free again once its session is over.
//! - **Topics.** [`super::rules`], at every publish, at every subscription, and for a will already at the
//!   login.
//! - **Pace.** [`super::pace`].
//!
//! | refusal | at | means |
//! |---|---|---|
//! | 0x86 bad user name or password | CONNACK | the name is somebody else's, or it is no name or credential |
//! | 0x87 not authorized | CONNACK | an invite is needed, or the will is not one's own |
//! | 0x85 client identifier not valid | CONNACK | the session is somebody else's |
//! | 0x97 quota exceeded | CONNACK | too many connections of one account, or accounts |
//! | 0x9F connection rate exceeded | CONNACK | too many new connections of one account |
//! | 0x87 not authorized | PUBACK, SUBACK | not your topic |

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use mqtt5::broker::events::{BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent};
use mqtt5::broker::{AuthProvider, AuthResult, DynamicStorage, StorageBackend};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;

use super::Error;
use super::accounts::{Accounts, Login, Registration};
use super::front::Remotes;
use super::home::Home;
use super::invites::Invites;
use super::pace::{Pace, TooMuch};
use super::rules::{self, Who};
use crate::domain::UserName;
use crate::protocol::INVITE_PROPERTY;

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How guests are called where accounts are counted; no registration is called so.
const GUESTS: &str = "";

/// Decides for one broker.
pub(super) struct Access {
    accounts: Arc<Accounts>,
    invites: Arc<Invites>,
    pace: Arc<Pace>,
    /// Who comes over the network.
    remote: Arc<Remotes>,
    /// Where the sessions are; known once the broker was made.
    sessions: OnceLock<Arc<DynamicStorage>>,
}

impl Access {
    pub fn open(home: &Home, remote: Arc<Remotes>) -> Result<Self, Error> {
        let invites = Invites::new(home.invites());
        invites.sweep();
        Ok(Self {
            accounts: Arc::new(Accounts::open(home.accounts())?),
            invites: Arc::new(invites),
            pace: Arc::default(),
            remote,
            sessions: OnceLock::new(),
        })
    }

    /// Tells where the sessions are.
    pub fn watch(&self, sessions: Option<Arc<DynamicStorage>>) {
        if let Some(sessions) = sessions {
            let _ = self.sessions.set(sessions);
        }
    }

    /// Lets somebody in, as the registration that they have or as a guest.
    async fn let_in(
        &self,
        connect: &ConnectPacket,
        peer: SocketAddr,
    ) -> Result<Option<Registration>, ReasonCode> {
        let over_network = self.remote.contains(peer);
        let invite = connect.properties.get_user_property_value(INVITE_PROPERTY).map(str::to_owned);
        let (name, secret) = match (&connect.username, &connect.password) {
            (None, _) => {
                if over_network && !self.is_good(invite).await {
                    return Err(ReasonCode::BadUsernameOrPassword);
                }
                self.check_connection(connect, None, Who::Guest).await?;
                return Ok(None);
            }
            (Some(name), Some(secret)) => (name.parse::<UserName>(), secret.clone()),
            (Some(_), None) => return Err(ReasonCode::BadUsernameOrPassword),
        };
        let name = name.map_err(|_| ReasonCode::BadUsernameOrPassword)?;
        let used_up = match self.accounts.check(&name, &secret, |r| self.is_here(r)) {
            Login::Taken => return Err(ReasonCode::BadUsernameOrPassword),
            Login::Known(registration) => {
                self.check_connection(connect, Some(&registration), Who::User(&name)).await?;
                return Ok(Some(registration));
            }
            Login::Free(used_up) => used_up,
        };
        self.check_connection(connect, None, Who::User(&name)).await?;
        let registration = self.register(name, secret, over_network, invite, used_up).await?;
        self.admit(&registration.to_string())?;
        tracing::info!(name = %registration.name, over_network, "a name is registered");
        Ok(Some(registration))
    }

    /// What is asked of everybody: that the session is theirs and the will too; and of those who are known,
    /// that they do not come too often.
    async fn check_connection(
        &self,
        connect: &ConnectPacket,
        registration: Option<&Registration>,
        who: Who<'_>,
    ) -> Result<(), ReasonCode> {
        let owner = registration.map(ToString::to_string);
        if connect.will.as_ref().is_some_and(|will| !rules::may_write(who, &will.topic)) {
            return Err(ReasonCode::NotAuthorized);
        }
        if let Some(sessions) = self.sessions.get() {
            let session = sessions.get_session(&connect.client_id).await;
            let session = session.map_err(|_| ReasonCode::ServerUnavailable)?;
            if session.is_some_and(|session| session.user_id != owner) {
                return Err(ReasonCode::ClientIdentifierNotValid);
            }
        }
        match who {
            Who::User(_) => owner.map_or(Ok(()), |owner| self.admit(&owner)),
            Who::Guest => self.admit(GUESTS),
        }
    }

    fn admit(&self, who: &str) -> Result<(), ReasonCode> {
        self.pace.admit(who, Instant::now()).map_err(|too_much| match too_much {
            TooMuch::Connections => ReasonCode::QuotaExceeded,
            TooMuch::Hurry => ReasonCode::ConnectionRateExceeded,
        })
    }

    async fn is_good(&self, invite: Option<String>) -> bool {
        let Some(invite) = invite else { return false };
        let invites = Arc::clone(&self.invites);
        tokio::task::spawn_blocking(move || invites.is_good(&invite)).await.unwrap_or(false)
    }

    async fn register(
        &self,
        name: UserName,
        secret: Vec<u8>,
        over_network: bool,
        invite: Option<String>,
        used_up: Option<String>,
    ) -> Result<Registration, ReasonCode> {
        let (accounts, invites, pace) =
            (Arc::clone(&self.accounts), Arc::clone(&self.invites), Arc::clone(&self.pace));
        let work = move || -> Result<Option<Result<Registration, ReasonCode>>, Error> {
            let invite = match invite.filter(|_| over_network) {
                // Whoever begins again after a sign-up that failed does not pay twice.
                Some(secret) if used_up == Some(super::accounts::hash(secret.as_bytes())) => used_up,
                Some(secret) => invites.take(&secret)?,
                None => None,
            };
            if over_network && invite.is_none() {
                return Ok(Some(Err(ReasonCode::NotAuthorized)));
            }
            let here = |r: &Registration| pace.is_here(&r.to_string(), Instant::now());
            Ok(accounts.register(&name, &secret, invite, here)?.map(Ok))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(Some(registered))) => registered,
            Ok(Ok(None)) => Err(ReasonCode::QuotaExceeded),
            Ok(Err(error)) => {
                tracing::error!(%error, "nobody can register");
                Err(ReasonCode::ServerUnavailable)
            }
            Err(_) => Err(ReasonCode::ServerUnavailable),
        }
    }

    fn is_here(&self, registration: &Registration) -> bool {
        self.pace.is_here(&registration.to_string(), Instant::now())
    }

    /// Whether whoever the library calls so may do what `allowed` says; and their registration, where the
    /// name is not confirmed yet.
    fn judge(
        &self,
        user_id: Option<&str>,
        allowed: impl FnOnce(Who<'_>) -> bool,
    ) -> (bool, Option<Registration>) {
        let Some(user_id) = user_id else { return (allowed(Who::Guest), None) };
        let Ok(registration) = user_id.parse::<Registration>() else { return (false, None) };
        let Some(confirmed) = self.accounts.standing(&registration) else { return (false, None) };
        (allowed(Who::User(&registration.name)), (!confirmed).then_some(registration))
    }

    /// Waits until it is somebody's turn.
    async fn wait_for_turn(&self, user_id: Option<&str>) {
        let wait = self.pace.spend(user_id.unwrap_or(GUESTS), Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    async fn confirm(&self, registration: Registration) -> bool {
        let accounts = Arc::clone(&self.accounts);
        match tokio::task::spawn_blocking(move || accounts.confirm(&registration)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "a name cannot be confirmed");
                false
            }
            Err(_) => false,
        }
    }
}

impl AuthProvider for Access {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        peer: SocketAddr,
    ) -> Answer<'a, mqtt5::Result<AuthResult>> {
        Box::pin(async move {
            Ok(match self.let_in(connect, peer).await {
                Ok(Some(registration)) => AuthResult::success_with_user(registration.to_string()),
                Ok(None) => AuthResult::success(),
                Err(reason) => {
                    tracing::info!(name = ?connect.username, %peer, ?reason, "not let in");
                    AuthResult::fail(reason)
                }
            })
        })
    }

    fn authorize_publish<'a>(
        &'a self,
        _: &str,
        user_id: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            self.wait_for_turn(user_id).await;
            match self.judge(user_id, |who| rules::may_write(who, topic)) {
                (true, Some(registration)) if rules::is_own_profile(&registration.name, topic) => {
                    self.confirm(registration).await
                }
                (allowed, _) => allowed,
            }
        })
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _: &str,
        user_id: Option<&'a str>,
        filter: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            self.wait_for_turn(user_id).await;
            self.judge(user_id, |who| rules::may_read(who, filter)).0
        })
    }
}

/// Counts connections.
impl BrokerEventHandler for Access {
    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Answer<'a, ()> {
        self.pace.connected(event.user_id.as_deref().unwrap_or(GUESTS), Instant::now());
        Box::pin(ready(()))
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> Answer<'a, ()> {
        self.pace.left(event.user_id.as_deref().unwrap_or(GUESTS), Instant::now());
        Box::pin(ready(()))
    }
}
