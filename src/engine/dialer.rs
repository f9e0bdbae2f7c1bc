//! Where to connect, and what to leave behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Setup;
use crate::broker::{self, Revive};
use crate::config::BrokerChoice;
use crate::domain::{DeviceRecord, Timestamp, UserName};
use crate::mqtt::{Address, Dial, DialError, Dialer, Login, SESSION_EXPIRY, Trust, Will};
use crate::protocol::encode_presence;
use crate::store::Store;

/// The address of the chosen broker; the built-in one is started if need be. `login` is the name and the
/// credential of an account: it goes to the built-in broker, and where the address of another names no user,
/// but never over a network in the clear.
pub(super) async fn address(
    setup: &Setup,
    login: Option<&Login>,
    revive: Revive,
) -> Result<Address, broker::Error> {
    let access = &setup.access;
    let invite = access.invite.as_ref();
    let secret = invite.map(|invite| invite.secret.clone());
    match &setup.broker {
        BrokerChoice::Url(url) => {
            let private = url.is_private();
            let given = url.user().map(|user| Login {
                user: user.to_owned(),
                password: url.password().unwrap_or_default().to_owned(),
                own: false,
            });
            let tls = url.tls().then(|| Trust {
                ca: access.ca.clone(),
                certificate: access.certificate.clone(),
                fingerprint: access.fingerprint.or(invite.and_then(|invite| invite.fingerprint)),
                pins: Some(setup.data_dir.join("brokers.json")),
            });
            Ok(Address {
                host: url.host().to_owned(),
                port: url.port(),
                tls,
                websocket: url.websocket().map(str::to_owned),
                login: given.or_else(|| login.filter(|_| private).cloned()),
                invite: secret.filter(|_| private),
            })
        }
        BrokerChoice::BuiltIn => {
            let address = broker::ensure_running(&setup.data_dir, &setup.program, revive).await?;
            let plain = Address::plain(address.ip().to_string(), address.port());
            Ok(Address { login: login.cloned(), ..plain })
        }
    }
}

/// Whether the login of an account goes to the chosen broker, rather than one that a person gave.
pub(super) fn is_own_login(setup: &Setup) -> bool {
    match &setup.broker {
        BrokerChoice::BuiltIn => true,
        BrokerChoice::Url(url) => url.user().is_none() && url.is_private(),
    }
}

/// Who an account is to the broker.
pub(super) fn login(user: &UserName, credential: &str) -> Login {
    Login { user: user.to_string(), password: credential.to_owned(), own: true }
}

/// How long the word that somebody is offline is kept for those who were not there to hear it.
pub(super) const OFFLINE_EXPIRY: Duration = SESSION_EXPIRY;

/// Dials for a session: every connection gets an epoch, and a will that carries it.
pub(super) struct SessionDialer {
    pub setup: Arc<Setup>,
    pub store: Store,
    pub login: Login,
    pub presence_topic: String,
    /// The first attempt is a person's wish: it starts a broker that was stopped.
    pub first: bool,
}

/// How often a session looks whether somebody has started a broker that was stopped. A look reads one
/// small file.
const LOOK: Duration = Duration::from_secs(2);

impl Dialer for SessionDialer {
    async fn dial(&mut self, asked_for: bool) -> Result<Dial, DialError> {
        let revive = if self.first || asked_for { Revive::Always } else { Revive::UnlessStopped };
        self.first = false;
        let address = address(&self.setup, Some(&self.login), revive).await.map_err(|error| {
            DialError { retry: !matches!(error, broker::Error::Stopped), reason: error.to_string() }
        })?;
        let epoch = self
            .store
            .next_epoch(self.setup.clock.now())
            .await
            .map_err(|error| DialError { reason: error.to_string(), retry: true })?;
        let gone = DeviceRecord { epoch, online: false, since: Timestamp::EPOCH };
        let will = Will {
            topic: self.presence_topic.clone(),
            payload: encode_presence(gone),
            expiry: OFFLINE_EXPIRY,
        };
        Ok(Dial { address, will: Some(will), epoch })
    }

    /// It does not start the broker: whoever stopped it meant it.
    async fn returned(&mut self) {
        loop {
            sleep(LOOK).await;
            let data_dir = self.setup.data_dir.clone();
            let look = tokio::task::spawn_blocking(move || broker::status(&data_dir));
            if let Ok(Ok(Some(_))) = look.await {
                return;
            }
        }
    }
}
