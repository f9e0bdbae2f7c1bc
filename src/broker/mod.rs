//! The broker inside: start, ready, authorise, persist, stop. It runs in a process of its own, one for
//! each data directory, as tmux runs its server: the first client that finds none starts it, and it
//! outlives that client and its terminal.
//!
//! This layer owns `<data>/broker/` and the crate `mqtt5`, which nobody else may name. It must know
//! nothing of what is said on the topics.
//!
//! # Who is alive
//!
//! A broker holds the lock on `<data>/broker/lock` for its whole life, and the kernel takes the lock away
//! when it dies, however it dies. The lock alone says that one runs. `broker.json` says where it listens,
//! and is believed only while the lock is held by the very instance that wrote it. A process id is never
//! taken as a sign of life.
//!
//! # What a crash can lose
//!
//! A stop by signal loses no message, as long as the disk takes what is left in five seconds. After
//! kill -9 or a power cut:
//!
//! - messages queued for clients that are away, or not yet acknowledged by them, are lost if they came
//!   within about the last 250 ms: they are written behind, and not forced to the disk. The senders keep
//!   theirs until they know better; that is what makes up for it;
//! - retained messages, sessions and subscriptions that were acknowledged survive: they are forced to the
//!   disk first.
//!
//! And after any restart, in good order or not:
//!
//! - a retained message has forgotten when it was to expire, and stays until it is replaced;
//! - the wills with a delay of those who were connected are never published (a stop publishes the
//!   others). So who is away for good may be kept as online: watchers have to notice it themselves.
//!
//! # What else is peculiar
//!
//! It acknowledges a message that nobody is subscribed to like any other. It tells every receiver the
//! client id of the sender (`x-mqtt-client-id`), so a client id is no secret here; a session is kept safe by
//! its owner's login instead. The tests in `tests/it/broker/` hold all of this.
//!
//! # Who may do what
//!
//! `access` says who is let in, `rules` who may publish and subscribe where. On this machine anybody may
//! register a name that is free. Beyond it the broker listens only with TLS (`front`, `certificate`), and
//! whoever registers there needs an invite (`invites`). Nothing of this is what keeps messages secret: that
//! is end-to-end encryption. It keeps strangers, spam and onlookers away.
//!
//! An account can fill its share and more of what is bounded for all: [`limits::RETAINED`] counts the
//! retained messages of everybody together. Invite people whom you know.
//!
//! # How much it takes
//!
//! [`limits`] holds the bounds. Each publish is compared with every distinct wildcard filter on the
//! broker: a thousand of them leave about 7,000 messages a second, five thousand about 1,400. With the
//! few that each Cooee subscribes to, that is enough for a few hundred people. Beyond that, or for more
//! than one machine, use another broker (`--broker`).

mod access;
mod accounts;
mod certificate;
mod front;
mod home;
mod invites;
mod network;
mod pace;
mod rules;
mod serve;
mod start;
mod stop;
mod tied;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use home::{Open, Running, status};
pub use network::Network;
pub use serve::Broker;
pub use start::{Revive, ensure_running};
pub use stop::{Stopped, stop};
pub use tied::Tied;

use crate::config::Invite;

/// What the broker bears before it refuses.
pub mod limits {
    use std::time::Duration;

    /// Largest MQTT packet, in bytes.
    pub const PACKET: usize = 128 * 1024;
    /// Most clients connected at one time.
    pub const CLIENTS: usize = 1_000;
    /// Most new connections in one second.
    pub const CONNECTIONS_PER_SECOND: u32 = 2_000;
    /// Most names.
    pub const ACCOUNTS: usize = 10_000;
    /// Most connections of one account, and of all guests together.
    pub const CONNECTIONS_OF_ONE: usize = 64;
    /// New connections of one account: as many at once, and as many more in a second.
    pub const CONNECTS: (u32, u32) = (300, 10);
    /// Messages and subscriptions of one account: as many at once, and as many more in a second. What comes
    /// faster waits.
    pub const MESSAGES: (u32, u32) = (20_000, 2_000);
    /// Most connections from one address on the network.
    pub const CONNECTIONS_FROM_ONE_ADDRESS: usize = 256;
    /// Most subscriptions of one client.
    pub const SUBSCRIPTIONS: usize = 1_000;
    /// Most retained messages.
    pub const RETAINED: usize = 10_000;
    /// Largest retained message, in bytes.
    pub const RETAINED_SIZE: usize = 64 * 1024;
    /// Most messages that wait for one client; the oldest go first.
    pub const QUEUED: usize = 10_000;
    /// Most bytes that wait for one client; the oldest go first.
    pub const QUEUED_SIZE: usize = 64 * 1024 * 1024;
    /// Messages on the way to one client inside the broker.
    ///
    /// At QoS 0 whatever does not fit is thrown away, and all retained records that a subscription asks for
    /// must fit at once: this bounds how many people and groups a client can see. At QoS 1 it is what a
    /// kill -9 can take of messages to a client that is connected and does not acknowledge any more.
    pub const ON_THE_WAY: usize = 2_048;
    /// Longest time that a session is kept for a client that is away.
    pub const SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
}

/// Makes an invite to the broker of `data_dir`, for so many people and so long. It can be used at once,
/// whether the broker runs or not. Its text is a secret and kept nowhere.
///
/// # Errors
/// When the directory cannot be written to, or a certificate is needed and cannot be read.
pub fn invite(data_dir: &Path, uses: u32, lasts: Duration) -> Result<Invite, Error> {
    let home = home::Home::of(data_dir);
    home.create()?;
    let secret = invites::Invites::new(home.invites()).make(uses, lasts)?;
    let fingerprint = certificate::load(&home, &Network::load(data_dir)?)?.fingerprint;
    Ok(Invite { secret, fingerprint: Some(fingerprint) })
}

/// What went wrong with the built-in broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory or a file in it cannot be used.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    File {
        /// What was tried: "read", "write"…
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A person stopped it, and nobody asked for it since.
    #[error(
        "the built-in broker was stopped by `cooee broker stop`; `cooee broker start` starts it again"
    )]
    Stopped,
    /// Another one serves this data directory.
    #[error("a broker already runs for {path}{pid}: see `cooee broker status`", path = path.display(),
        pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    AlreadyRunning {
        /// The data directory.
        path: PathBuf,
        /// The process, where it is known.
        pid: Option<u32>,
    },
    /// The address can be reached from other machines.
    #[error(
        "cannot listen on {0} without TLS: --listen is for this machine alone (127.0.0.1 or [::1]); \
         say --network {0} to serve a network, with TLS"
    )]
    NotLoopback(SocketAddr),
    /// A certificate or its key cannot be used.
    #[error("cannot use {path} for TLS: {why}", path = path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// One of the two without the other.
    #[error("a certificate and its key go together: give both, or none to have one made")]
    HalfACertificate,
    /// The program could not be started.
    #[error("cannot start the built-in broker with {program}: {source}", program = program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was started and is not there.
    #[error("the built-in broker {how}; the end of {log}:\n{tail}", log = log.display())]
    NotReady {
        /// What happened to it.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// It did not obey.
    #[error("the broker (process {pid}) was told to stop and still runs after {seconds} s")]
    StillRunning {
        /// The process.
        pid: u32,
        /// How long it was given.
        seconds: u64,
    },
    /// It does not say which process it is, so it cannot be stopped.
    #[error("something holds {lock} and did not say within {seconds} s which process it is", lock = lock.display())]
    Nameless {
        /// The lock of the broker.
        lock: PathBuf,
        /// How long it was given.
        seconds: u64,
    },
    /// The MQTT library refused.
    #[error("the broker cannot {doing}: {why}")]
    Mqtt {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        why: String,
    },
}
