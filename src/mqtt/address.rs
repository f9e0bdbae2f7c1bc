//! Where a broker listens, how to know it, and who we are to it.

use std::fmt;
use std::path::PathBuf;

use rumqttc::Transport;
use rumqttc::v5::MqttOptions;

use super::tls;
use crate::domain::TlsFingerprint;

/// Where a broker listens and how to greet it.
#[derive(Clone, Debug)]
pub struct Address {
    /// Host name or address, an IPv6 one without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How to know the broker; `None` speaks no TLS.
    pub tls: Option<Trust>,
    /// The path of the websocket; `None` speaks MQTT without one.
    pub websocket: Option<String>,
    /// Who we are, where the broker shall know it.
    pub login: Option<Login>,
    /// The secret of the invite to a built-in broker, where we have one.
    pub invite: Option<String>,
}

/// User name and password. `Debug` does not show the password.
#[derive(Clone)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
    /// Whether they are the name and the credential of an account of ours, and were not given by a person.
    pub own: bool,
}

/// How to know a broker that speaks TLS, and how to be known to it. What is a file is read anew for each
/// connection.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The certificates that may sign its own, in PEM; else those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Our certificate with its chain and its key, in PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The one certificate to accept.
    pub fingerprint: Option<TlsFingerprint>,
    /// Where to keep what was seen at first use; nothing is kept, and nothing accepted so, without it.
    pub pins: Option<PathBuf>,
}

impl Address {
    /// A plain connection without a login.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        Self { host, port, tls: None, websocket: None, login: None, invite: None }
    }

    /// The host and port as a person would write them.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The whole address without secrets.
    pub fn url(&self) -> String {
        let scheme = match (self.tls.is_some(), self.websocket.is_some()) {
            (false, false) => "mqtt",
            (true, false) => "mqtts",
            (false, true) => "ws",
            (true, true) => "wss",
        };
        format!("{scheme}://{}{}", self.place(), self.websocket.as_deref().unwrap_or_default())
    }

    /// rumqttc takes the whole address of a websocket for the host.
    pub(super) fn dialled(&self) -> String {
        if self.websocket.is_some() { self.url() } else { self.host.clone() }
    }

    /// How to get there.
    pub(super) fn transport(&self) -> Result<Transport, String> {
        let tls = self.tls.as_ref().map(|trust| tls::configuration(&self.place(), trust)).transpose()?;
        Ok(match (tls, self.websocket.is_some()) {
            (None, false) => Transport::Tcp,
            (Some(tls), false) => Transport::Tls(tls),
            (None, true) => Transport::Ws,
            (Some(tls), true) => Transport::Wss(tls),
        })
    }

    /// Options with which to get there, and to be known there.
    pub(super) fn options(&self, client_id: &str) -> Result<MqttOptions, String> {
        let mut options = MqttOptions::new(client_id, self.dialled(), self.port);
        options.set_transport(self.transport()?);
        if let Some(login) = &self.login {
            options.set_credentials(&login.user, &login.password);
        }
        if let Some(invite) = &self.invite {
            options.set_user_properties(vec![(crate::protocol::INVITE_PROPERTY.into(), invite.clone())]);
        }
        Ok(options)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("own", &self.own).finish_non_exhaustive()
    }
}
