//! What a broker really does, one trial each.

use std::collections::BTreeSet;
use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::PubAckReason;
use tokio::time::{Instant, sleep_until};

use super::line::{Hello, Letter, Line, Lost, left, letter, retain, taken, topic};
use super::{Found, Site};
use crate::mqtt::Outcome;
use crate::mqtt::reason;
use crate::protocol::limits::ENVELOPE;

/// How many messages are sent to somebody who is away: twice the usual limit of a queue.
pub const SENT: usize = 2_000;

/// How long a broker that has fallen silent may yet say something: none tells which message is its last.
const QUIET: Duration = Duration::from_millis(300);

/// The shortest that MQTT can ask for.
const SHORT: Duration = Duration::from_secs(1);

/// Brokers count whole seconds, so one second may take two.
const OVER: Duration = Duration::from_millis(2_500);

/// How long a will may take beyond its delay.
const WILL_GRACE: Duration = Duration::from_secs(4);

/// The sessions that outlive a connection, to be ended.
pub(super) const SESSIONS: [&str; 4] = [GREETING, "queue", "will", "expiry"];

/// The session of the first connection, which asks for what Cooee asks for.
pub(super) const GREETING: &str = "greeting";

/// The topics where something is retained, to be cleared.
pub(super) const RETAINED: [&str; 2] = ["retained", "will"];

/// What came back of the messages that were sent to somebody who was away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Whether the session was still there on the return.
    pub session_kept: bool,
    /// How many were published: [`SENT`], or fewer for want of time.
    pub sent: usize,
    /// How many of them the broker acknowledged as taken.
    pub acknowledged: usize,
    /// How many came.
    pub arrived: usize,
    /// Whether there was time for all that waited.
    pub complete: bool,
    /// Whether they came in the order in which they were sent.
    pub in_order: bool,
}

/// What became of a will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WillCame {
    /// After its delay.
    Delayed,
    /// At once.
    AtOnce,
    /// Not at all.
    Never,
}

/// What became of a connection when another came with its client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// It was ended with the reason (0x8E).
    Told,
    /// It was ended, and no reason was understood.
    Untold,
    /// It goes on beside the other.
    Never,
}

/// Round trips of publishes that nobody is subscribed to: their median, and whether the broker says that
/// nobody is.
pub(super) async fn round_trips(
    site: &Site,
    line: &mut Line,
    count: usize,
) -> Result<(Duration, Found<bool>), Lost> {
    let mut took = Vec::new();
    let mut answer = PubAckReason::Success;
    for _ in 0..count {
        let begun = Instant::now();
        answer = line.publish(letter(site, "nobody", "")).await?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let median = took.get(count / 2).copied().unwrap_or_default();
    let tells = match reason::of_puback(answer) {
        Outcome::NobodyListens => Ok(true),
        Outcome::Taken => Ok(false),
        Outcome::Refused(words) | Outcome::NotNow(words) => Err(words),
    };
    Ok((median, tells))
}

/// How the broker calls itself, where it tells everybody.
pub(super) async fn name(site: &Site) -> Option<String> {
    let ask = async {
        let mut line = Line::connect(site, Hello::new(site, "name")).await?;
        // EMQX tells it for each of its nodes; one is enough.
        line.subscribe_at_most("$SYS/broker/version".to_owned()).await?;
        let told = match line.message_within(QUIET).await? {
            Some(told) => Some((String::new(), told)),
            None => {
                line.subscribe_at_most("$SYS/brokers/+/version".to_owned()).await?;
                line.message_within(QUIET).await?.map(|told| ("EMQX ".to_owned(), told))
            }
        };
        line.close(site.deadline).await;
        Ok::<_, Lost>(told.map(|(name, told)| name + &String::from_utf8_lossy(&told.payload)))
    };
    ask.await.ok().flatten()
}

/// Sends many messages to somebody who is away, and looks what is there on the return.
pub(super) async fn queue(site: &Site) -> Found<Queue> {
    let run = async {
        absent(site, "queue").await?;
        let mut sender = Line::connect(site, Hello::new(site, "sender")).await?;
        let letters = (0..SENT).map(|n| letter(site, "queue", n.to_string()));
        // The other half of the time is for the way back.
        let until = Instant::now() + left(site.deadline) / 2;
        let answers = sender.publish_all(letters, until).await?;
        let mut receiver = returned(site, "queue").await?;
        let session_kept = receiver.connack.session_present;
        let mut came = Vec::new();
        let read = match session_kept {
            true => until_quiet(site, "queue", &mut receiver, &mut sender, &mut came).await,
            false => Ok(()),
        };
        let complete = match read {
            Ok(()) => true,
            // Slow is not broken: what came in time has been kept.
            Err(Lost::Late) if !came.is_empty() => false,
            Err(lost) => return Err(lost),
        };
        sender.close(site.deadline).await;
        receiver.close(site.deadline).await;
        let numbers: Vec<usize> = came.iter().filter_map(|payload| payload.parse().ok()).collect();
        let arrived = numbers.iter().collect::<BTreeSet<_>>().len();
        let acknowledged = answers.iter().filter(|a| **a == PubAckReason::Success).count();
        let (sent, in_order) = (answers.len(), numbers.is_sorted());
        Ok(Queue { session_kept, sent, acknowledged, arrived, complete, in_order })
    };
    run.await.map_err(|lost| lost.words(&site.address))
}

/// Adds all payloads that wait for the receiver. Whenever it is quiet, the sender says a last word: once
/// that has come, nothing waits before it. A broker whose queue is full may drop it, so it is said again.
async fn until_quiet(
    site: &Site,
    name: &str,
    receiver: &mut Line,
    sender: &mut Line,
    came: &mut Vec<String>,
) -> Result<(), Lost> {
    const LAST: &str = "last";
    let mut last = false;
    loop {
        match receiver.message_within(QUIET).await? {
            Some(message) if &message.payload[..] == LAST.as_bytes() => last = true,
            Some(message) => came.push(String::from_utf8_lossy(&message.payload).into_owned()),
            None if last => return Ok(()),
            // Refused because the queue is still full, it has its chance later.
            None => match sender.publish(letter(site, name, LAST)).await? {
                PubAckReason::QuotaExceeded => {}
                answer => taken(answer)?,
            },
        }
    }
}

/// Makes a session that is subscribed to the topic of its name, and leaves.
async fn absent(site: &Site, name: &str) -> Result<(), Lost> {
    let hello = Hello { expiry: site.lease, ..Hello::new(site, name) };
    let mut line = Line::connect(site, hello).await?;
    line.subscribe(topic(site, name)).await?;
    line.close(site.deadline).await;
    Ok(())
}

/// Comes back to that session.
async fn returned(site: &Site, name: &str) -> Result<Line, Lost> {
    let hello = Hello { expiry: site.lease, resume: true, ..Hello::new(site, name) };
    Line::connect(site, hello).await
}

/// Sends an envelope of the largest size to itself.
pub(super) async fn envelope(site: &Site, max_packet: Option<u32>) -> Found<()> {
    let run = async {
        let big = letter(site, "envelope", vec![b'x'; ENVELOPE]);
        // rumqttc ends a connection where a packet is over the limit that was announced.
        if max_packet.and_then(|max| usize::try_from(max).ok()).is_some_and(|max| max < ENVELOPE + 1024)
        {
            return Err(Lost::Refused("it is larger than the largest packet".to_owned()));
        }
        let mut line = Line::connect(site, Hello::new(site, "envelope")).await?;
        line.subscribe(big.topic.clone()).await?;
        line.deliver(big).await?;
        let came = line.message_within(left(site.deadline).min(WILL_GRACE)).await?;
        line.close(site.deadline).await;
        came.map(drop).ok_or_else(|| Lost::Refused("it was acknowledged, and never came".to_owned()))
    };
    run.await.map_err(|lost| lost.words(&site.address))
}

/// Whether what is retained is there for who subscribes later.
pub(super) async fn retained(site: &Site) -> Found<bool> {
    let run = async {
        let mut line = Line::connect(site, Hello::new(site, "retained")).await?;
        line.deliver(retain(site, "retained", "kept")).await?;
        line.subscribe(topic(site, "retained")).await?;
        let came = line.message_within(WILL_GRACE).await?;
        line.close(site.deadline).await;
        Ok::<_, Lost>(came.is_some_and(|message| message.retain && &message.payload[..] == b"kept"))
    };
    run.await.map_err(|lost| lost.words(&site.address))
}

/// Dies, and looks when the will comes.
pub(super) async fn will(site: &Site) -> Found<WillCame> {
    let run = async {
        let mut watcher = Line::connect(site, Hello::new(site, "watcher")).await?;
        watcher.subscribe(topic(site, "will")).await?;
        let last = retain(site, "will", "gone");
        // A session that ended with its connection would bring the will at once.
        let hello = Hello { expiry: site.lease, will: Some((last, SHORT)), ..Hello::new(site, "will") };
        drop(Line::connect(site, hello).await?);
        let died = Instant::now();
        let came = watcher.message_within(SHORT + WILL_GRACE).await?;
        let waited = died.elapsed();
        watcher.close(site.deadline).await;
        Ok::<_, Lost>(match came {
            Some(_) if waited >= SHORT / 2 => WillCame::Delayed,
            Some(_) => WillCame::AtOnce,
            None => WillCame::Never,
        })
    };
    run.await.map_err(|lost| lost.words(&site.address))
}

/// Connects twice with one client id.
pub(super) async fn takeover(site: &Site) -> Found<Takeover> {
    let run = async {
        let mut first = Line::connect(site, Hello::new(site, "twice")).await?;
        let second = Line::connect(site, Hello::new(site, "twice")).await?;
        let patience = left(site.deadline).min(WILL_GRACE);
        let end = tokio::time::timeout(patience, first.end()).await;
        second.close(site.deadline).await;
        Ok::<_, Lost>(match end {
            Ok(lost) if lost.is_taken_over() => Takeover::Told,
            Ok(Lost::Failed(_)) => Takeover::Untold,
            Ok(_) | Err(_) => Takeover::Never,
        })
    };
    run.await.map_err(|lost| lost.words(&site.address))
}

/// Sends somebody who is away what is soon worth nothing any more, and comes back too late for it.
pub(super) async fn expiry(site: &Site) -> Found<bool> {
    let run = async {
        absent(site, "expiry").await?;
        let mut sender = Line::connect(site, Hello::new(site, "short")).await?;
        sender.deliver(Letter { expiry: SHORT, ..letter(site, "expiry", "short") }).await?;
        sender.deliver(letter(site, "expiry", "long")).await?;
        sleep_until((Instant::now() + OVER).min(site.deadline)).await;
        let mut receiver = returned(site, "expiry").await?;
        let mut came = Vec::new();
        until_quiet(site, "expiry", &mut receiver, &mut sender, &mut came).await?;
        sender.close(site.deadline).await;
        receiver.close(site.deadline).await;
        let has = |payload: &str| came.iter().any(|other| other == payload);
        match has("long") {
            true => Ok(!has("short")),
            false => Err(Lost::Refused("nothing at all was kept for who was away".to_owned())),
        }
    };
    run.await.map_err(|lost| lost.words(&site.address))
}
