//! The connection to the broker: one task that connects, and connects again.
//!
//! This layer moves bytes. It connects, subscribes, publishes, acknowledges, backs off and says what
//! happened; what the bytes mean, what must be sent again and what was seen before is the engine's
//! business. It remembers nothing over a lost connection (but for `pins`: how a broker is known), on purpose: rumqttc's own replay was seen to
//! lose 40 to 60 % of what was in flight, so every connection gets a fresh client, and the engine's
//! outbox is the only memory.
//!
//! Inside, two tasks serve one connection. The *poller* does nothing but `poll()`, because that future is
//! not safe to cancel and must not wait for anything else. The *driver* keeps the queues on our side of
//! rumqttc's request channel, which it only ever tries and never waits for: waiting there while the
//! poller waits for us would be a deadlock.
//!
//! A publish at QoS 1 has no token in rumqttc. Tokens wait in the order of the requests until
//! `Outgoing::Publish` names the packet id, and then under that id until its PUBACK.

mod address;
mod backoff;
mod connection;
mod driver;
mod pins;
mod poller;
pub mod probe;
mod reason;
mod tls;

use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;

pub use address::{Address, Login, Trust};
pub use bytes::Bytes;
pub use reason::Refusal;

/// How long the broker lets pass without a word from us before it takes us for gone: one and a half
/// times this (MQTT 5, section 3.1.2.10). A ping costs four wake-ups: the timer, which comes closer in two
/// steps, and the answer.
pub const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// How long the broker waits with our will after the connection went, so that a quick return shows
/// nothing (MQTT 5, section 3.1.3.2.2).
pub const WILL_DELAY: Duration = Duration::from_secs(5);

/// How long the broker keeps our subscriptions and what they queue while we are away (MQTT 5, section
/// 3.1.2.11.2).
pub const SESSION_EXPIRY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Most publishes at QoS 1 that the broker may have under way to us (MQTT 5, section 3.1.2.11.3). It
/// bounds what waits here unread, and a whole window can be stored in one transaction.
const RECEIVE_MAXIMUM: u16 = 256;

/// How many of our publishes rumqttc keeps track of; its default costs 14 MB.
const INFLIGHT_LIMIT: u16 = 64;

/// What the broker publishes, retained, when the connection is lost.
#[derive(Clone, Debug)]
pub struct Will {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// How long it is kept.
    pub expiry: Duration,
}

/// All that one attempt to connect needs.
pub struct Dial {
    /// Where to.
    pub address: Address,
    /// What to leave behind.
    pub will: Option<Will>,
    /// Comes back in [`Event::Up`].
    pub epoch: u64,
}

/// Says where to connect, anew for every attempt: the address may have changed, and every connection
/// needs its own will.
pub trait Dialer: Send + 'static {
    /// The next attempt. `asked_for` when a person wants it now. An error is told as the reason why the
    /// link is down.
    fn dial(&mut self, asked_for: bool) -> impl Future<Output = Result<Dial, DialError>> + Send;

    /// Waits until there may be something to connect to, after an error that time alone does not mend. It
    /// is dropped when a person wants to connect.
    fn returned(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Why there is nothing to connect to.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct DialError {
    /// In words for a person.
    pub reason: String,
    /// Whether to try again after a while, rather than wait for [`Dialer::returned`] or
    /// [`Request::ConnectNow`].
    pub retry: bool,
}

/// Who we are to the broker, the same for every connection.
#[derive(Clone, Debug)]
pub struct Identity {
    /// A secret: whoever connects with it takes the session over.
    pub client_id: String,
    /// Whether the session outlives the connection.
    pub keep_session: bool,
    /// [`KEEP_ALIVE`], or another time of 5 s at least.
    pub keep_alive: Duration,
}

/// A wish to subscribe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Topic filter.
    pub filter: String,
    /// At QoS 1, and of what the broker keeps only if the subscription is new to it: events. Or else at QoS 0, and
    /// what it keeps each time: state.
    pub at_least_once: bool,
    /// Whether our own publishes come back.
    pub echo: bool,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// How long it is worth delivering.
    pub expiry: Option<Duration>,
    /// At QoS 1 with this token in [`Event::Published`], or else at QoS 0.
    pub token: Option<u64>,
}

/// What the connection is asked to do. While there is none, all but `ConnectNow` and `Close` is dropped:
/// what matters is asked for again after [`Event::Up`].
#[derive(Debug)]
pub enum Request {
    /// Subscribe to all of these; [`Event::Subscribed`] answers.
    Subscribe(Vec<Subscription>),
    /// Take these filters back; [`Event::Unsubscribed`] answers.
    Unsubscribe(Vec<String>),
    /// Publish this.
    Publish(Publish),
    /// What came in is safe now.
    Acknowledge(Vec<Acknowledgement>),
    /// Do not wait for the next attempt.
    ConnectNow,
    /// Disconnect in good order and end.
    Close,
}

/// The right to acknowledge one incoming message, on the connection that brought it.
#[derive(Debug)]
pub struct Acknowledgement {
    connection: u64,
    packet_id: u16,
}

/// A message that came in.
#[derive(Debug)]
pub struct Incoming {
    /// Its topic; whatever is not UTF-8 is replaced.
    pub topic: String,
    /// Its payload.
    pub payload: Bytes,
    /// Whether it was kept for us rather than published just now.
    pub retained: bool,
    /// Whether it is delivered once more, because nobody acknowledged it.
    pub redelivered: bool,
    /// How long it is still worth delivering, where that is bounded and the broker tells it.
    pub expiry: Option<Duration>,
    /// At QoS 1: to be given back once the message is safe.
    pub acknowledgement: Option<Acknowledgement>,
}

/// What the broker did with a publish at QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took it.
    Taken,
    /// It threw it away: nobody is subscribed (reason 0x10).
    NobodyListens,
    /// It does not take it now, and may later; why, in words.
    NotNow(String),
    /// It refused it, and would again; why, in words.
    Refused(String),
}

/// What happened on the connection.
#[derive(Debug)]
pub enum Event {
    /// An attempt begins.
    Connecting,
    /// Connected.
    Up {
        /// As in the [`Dial`].
        epoch: u64,
    },
    /// Not connected any more, or the attempt failed.
    Down {
        /// Why, in words for a person.
        reason: String,
        /// When the next attempt begins; `None`: as soon as there is a broker, or when it is asked for.
        retry_in: Option<Duration>,
        /// What the broker answered to our greeting, where it refused it for what we are.
        refusal: Option<Refusal>,
    },
    /// The broker answered one `Subscribe`: which of its filters it refused, with the reasons.
    Subscribed {
        /// All filters that were asked for.
        filters: Vec<String>,
        /// Filter and reason of each refusal.
        refused: Vec<(String, String)>,
    },
    /// The broker answered one `Unsubscribe`.
    Unsubscribed(Vec<String>),
    /// A message came in.
    Incoming(Incoming),
    /// The broker answered a publish at QoS 1.
    Published {
        /// Its token.
        token: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// The connection task ended, as asked.
    Closed,
}

/// Starts the connection task. It ends after [`Request::Close`], or when either channel is closed.
///
/// Requests are always taken out at once, so sending one waits only for a moment. Events wait for the
/// engine: at QoS 1 the broker then stops sending, at QoS 0 the socket fills up.
pub fn connect(
    identity: Identity,
    dialer: impl Dialer,
) -> (mpsc::Sender<Request>, mpsc::Receiver<Event>) {
    let (request_tx, request_rx) = mpsc::channel(64);
    let (event_tx, event_rx) = mpsc::channel(2 * usize::from(RECEIVE_MAXIMUM));
    tokio::spawn(connection::run(identity, dialer, request_rx, event_tx));
    (request_tx, event_rx)
}
