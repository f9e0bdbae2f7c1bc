//! Finding out what a broker can do: what it says of itself when it greets, and what it really does.
//!
//! What a broker announces is a few limits. How deep it queues, whether it says so when it throws a
//! message away, whether a will comes and when: none of that is announced, so it is tried, on topics that
//! nobody else uses and with client ids of our own. Each trial (`trials`) has its own connections,
//! because a broker may hang up at what it does not like, and that shall cost one finding and no more.
//!
//! Everything is swept up at the end, and all that is left on a broker when we are killed in the middle
//! carries an expiry, so that it goes by itself.

mod line;
mod older;
mod trials;

use std::time::Duration;

use futures::future::join_all;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnAckProperties};
use tokio::time::Instant;

use self::line::{Hello, Line, Lost};
use super::{Address, SESSION_EXPIRY};

pub use self::trials::{Queue, SENT, Takeover, WillCame};

/// What a trial has found, or why it could not be made, in words for a person.
pub type Found<T> = Result<T, String>;

/// Why nothing can be said of a broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGreeting {
    /// Nobody is there, or no answer came.
    #[error("{0}")]
    Unreachable(String),
    /// It does not want us.
    #[error("{0}")]
    SignIn(String),
    /// It speaks MQTT 3.1.1 or older.
    #[error("{0} speaks MQTT 3.1.1 or older")]
    TooOld(String),
}

/// What a broker says of itself when it greets. Where it says nothing, what MQTT 5 says that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Highest quality of service.
    pub max_qos: u8,
    /// Whether it retains messages.
    pub retain: bool,
    /// Largest packet, in bytes; `None` where it names no limit.
    pub max_packet: Option<u32>,
    /// How long it keeps a session, of the [`SESSION_EXPIRY`] asked for.
    pub session_expiry: Duration,
    /// Most publishes at QoS 1 under way to it.
    pub receive_maximum: u16,
    /// Most topics by number. Cooee uses none.
    pub topic_aliases: u16,
    /// Whether filters may hold `+` and `#`.
    pub wildcards: bool,
    /// Whether subscriptions may be divided among clients. Cooee does not.
    pub shared: bool,
    /// The keep-alive that it imposes.
    pub keep_alive: Option<Duration>,
    /// The client id that it gave us in place of ours.
    pub assigned_client_id: Option<String>,
    /// Another server that it recommends.
    pub server_reference: Option<String>,
    /// Whatever else it tells.
    pub user_properties: Vec<(String, String)>,
}

/// All that was found out about a broker.
#[derive(Clone, Debug)]
pub struct Findings {
    /// What it says.
    pub limits: Limits,
    /// From a publish to its acknowledgement, the median of a few.
    pub round_trip: Option<Duration>,
    /// How it calls itself under `$SYS`, where that can be read.
    pub name: Option<String>,
    /// Whether it says so when nobody is subscribed to a message (reason 0x10).
    pub tells_nobody: Found<bool>,
    /// What comes back of a queue.
    pub queue: Found<Queue>,
    /// Whether it brings an envelope of the largest size.
    pub envelope: Found<()>,
    /// Whether a retained message is there for who comes later.
    pub retained: Found<bool>,
    /// What becomes of a will.
    pub will: Found<WillCame>,
    /// What happens to a connection when another comes with its client id.
    pub takeover: Found<Takeover>,
    /// Whether a message is gone after its expiry.
    pub expiry: Found<bool>,
}

/// Where the trials are made.
#[derive(Clone)]
pub(super) struct Site {
    address: Address,
    /// The beginning of all topics.
    topics: String,
    /// The beginning of all client ids.
    clients: String,
    deadline: Instant,
    /// How long what we leave behind may stay, if it cannot be swept up.
    lease: Duration,
}

/// How long the trials wait on purpose, beyond the time that was given: for what must not come.
const TRIALS: Duration = Duration::from_secs(5);

/// How long the sweeping may take, beyond that.
const SWEEP: Duration = Duration::from_secs(2);

/// How many round trips are measured.
const ROUND_TRIPS: usize = 5;

/// Examines the broker at `address`. It has `time` to answer; what the trials wait on purpose and the
/// sweeping come on top, seven seconds at most. `id` is random and fit for a client id, and nobody uses
/// topics that begin with `topics`.
///
/// # Errors
/// When it does not greet us; what fails later is a finding.
pub async fn examine(
    address: Address,
    topics: String,
    id: String,
    time: Duration,
) -> Result<Findings, NoGreeting> {
    let deadline = Instant::now() + time;
    let lease = time + Duration::from_secs(60);
    let mut site = Site { address, topics, clients: id, deadline, lease };
    let mut line = greet(&site).await?;
    site.deadline += TRIALS;
    let limits = limits(&line.connack);
    let measured = trials::round_trips(&site, &mut line, ROUND_TRIPS).await;
    let (round_trip, tells_nobody) = match measured {
        Ok((median, answer)) => (Some(median), answer),
        Err(lost) => (None, Err(lost.words(&site.address))),
    };
    line.close(site.deadline).await;
    let (name, queue, envelope, retained, will, takeover, expiry) = tokio::join!(
        trials::name(&site),
        trials::queue(&site),
        trials::envelope(&site, limits.max_packet),
        trials::retained(&site),
        trials::will(&site),
        trials::takeover(&site),
        trials::expiry(&site),
    );
    sweep(&site).await;
    Ok(Findings {
        limits,
        round_trip,
        name,
        tells_nobody,
        queue,
        envelope,
        retained,
        will,
        takeover,
        expiry,
    })
}

/// The first connection, with the session that Cooee asks for.
async fn greet(site: &Site) -> Result<Line, NoGreeting> {
    let hello = Hello { expiry: SESSION_EXPIRY, ..Hello::new(site, trials::GREETING) };
    let lost = match Line::connect(site, hello).await {
        Ok(line) => return Ok(line),
        Err(lost) => lost,
    };
    let place = format!("{}:{}", site.address.host, site.address.port);
    if lost.is_too_old() || lost.is_no_greeting() && older::speaks(site).await {
        return Err(NoGreeting::TooOld(place));
    }
    let words = lost.words(&site.address);
    Err(if lost.is_sign_in() { NoGreeting::SignIn(words) } else { NoGreeting::Unreachable(words) })
}

fn limits(connack: &ConnAck) -> Limits {
    let told = connack.properties.clone();
    let is = |told: Option<u8>| told != Some(0);
    let seconds = |told: u64| Duration::from_secs(told);
    let of = |told: ConnAckProperties| Limits {
        max_qos: told.max_qos.unwrap_or(2),
        retain: is(told.retain_available),
        max_packet: told.max_packet_size,
        session_expiry: told.session_expiry_interval.map_or(SESSION_EXPIRY, |s| seconds(s.into())),
        receive_maximum: told.receive_max.unwrap_or(u16::MAX),
        topic_aliases: told.topic_alias_max.unwrap_or(0),
        wildcards: is(told.wildcard_subscription_available),
        shared: is(told.shared_subscription_available),
        keep_alive: told.server_keep_alive.map(|s| seconds(s.into())),
        assigned_client_id: told.assigned_client_identifier,
        server_reference: told.server_reference,
        user_properties: told.user_properties,
    };
    of(told.unwrap_or_else(nothing))
}

/// A greeting that names no limit. rumqttc has no such value.
fn nothing() -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    }
}

/// Takes away what was retained and ends the sessions: a session ends when its client comes back with
/// a clean start and no wish to keep it. What fails here goes by itself when its time is over.
async fn sweep(site: &Site) {
    let site = &Site { deadline: Instant::now() + SWEEP, ..site.clone() };
    let clear = async {
        let mut line = Line::connect(site, Hello::new(site, "sweeper")).await?;
        for topic in trials::RETAINED {
            line.publish(line::retain(site, topic, "")).await?;
        }
        line.close(site.deadline).await;
        Ok::<_, Lost>(())
    };
    let end = |session: &'static str| async move {
        let line = Line::connect(site, Hello::new(site, session)).await?;
        line.close(site.deadline).await;
        Ok::<_, Lost>(())
    };
    let ends = join_all(trials::SESSIONS.into_iter().map(end));
    let (cleared, ended) = tokio::join!(clear, ends);
    for lost in ended.into_iter().chain([cleared]).filter_map(Result::err) {
        let words = lost.words(&site.address);
        tracing::warn!(%words, "something of the examination stays on the broker for a while");
    }
}
