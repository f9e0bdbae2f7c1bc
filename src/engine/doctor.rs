//! Examining the chosen broker.

use std::time::Duration;

use super::{Error, Setup, clock, dialer};
use crate::broker::Revive;
use crate::mqtt::probe::{self, NoGreeting};

pub use crate::mqtt::probe::{Findings, Found, Limits, Queue, SENT, Takeover, WillCame};

/// What Cooee asks of a broker.
pub mod wanted {
    use std::time::Duration;

    /// Largest packet, in bytes.
    pub const PACKET: u32 = crate::protocol::limits::PACKET;
    /// How long sessions are kept.
    pub const SESSION: Duration = crate::mqtt::SESSION_EXPIRY;
    /// How long a link may be silent.
    pub const KEEP_ALIVE: Duration = crate::mqtt::KEEP_ALIVE;
    /// How many publishes may be under way to it.
    pub const IN_FLIGHT: usize = crate::engine::outbox::WINDOW;
}

/// A broker, and what was found out about it.
pub struct Examined {
    /// Where it listens, without secrets.
    pub address: String,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// What was found.
    pub findings: Findings,
}

/// Examines the chosen broker, which has this time to answer, beside the few seconds that the trials take;
/// the built-in one is started if need be.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Refused`] where the sign-in is refused, [`Error::TooOld`],
/// [`Error::Broker`]. Whatever else is wrong is a finding.
pub async fn examine(setup: &Setup, time: Duration) -> Result<Examined, Error> {
    let address = dialer::address(setup, None, Revive::Always).await?;
    let tls = address.tls.is_some();
    let shown = address.url();
    let id = clock::client_id();
    let topics = setup.root.trial(&id);
    match probe::examine(address, topics, id, time).await {
        Ok(findings) => Ok(Examined { address: shown, tls, findings }),
        Err(NoGreeting::Unreachable(reason)) => Err(Error::Unreachable { reason }),
        Err(NoGreeting::SignIn(reason)) => Err(Error::Refused { reason }),
        Err(NoGreeting::TooOld(place)) => Err(Error::TooOld { place }),
    }
}
