//! Somebody who keeps to no rules, and whom the broker takes for whoever they say: as on a broker without
//! access rules, or with the credentials of others.

use std::path::PathBuf;
use std::time::Duration;

use cooee::domain::UserName;
use cooee::mqtt::{self, Event, Identity, Publish, Request, Subscription};
use cooee::protocol::{Root, Topic};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::world::World;
use super::{CREDENTIAL, PATIENCE, To, credential};

/// Somebody who publishes what they like.
pub struct Vandal {
    port: u16,
    data_dir: PathBuf,
    ears: Option<Line>,
}

/// A connection as one of those whom the vandal plays.
struct Line {
    requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
}

impl Vandal {
    pub async fn on(world: &World) -> Self {
        Self { port: world.port().await, data_dir: world.data_dir().to_owned(), ears: None }
    }

    /// Waits for an event of what is overheard.
    pub async fn until(&mut self, wanted: impl FnMut(&Event) -> bool) {
        self.ears.as_mut().expect("it listens").until(wanted).await;
    }

    /// Reads what is published there, as whoever may.
    pub async fn overhear(&mut self, filter: &str) {
        let mut levels = filter.split('/').skip(2);
        let user = match (levels.next(), levels.next()) {
            (Some("inbox"), Some(user)) => user,
            _ => "vandal",
        };
        let mut line = self.connect(user).await;
        let subscription = Subscription { filter: filter.to_owned(), at_least_once: false, echo: true };
        line.requests.send(Request::Subscribe(vec![subscription])).await.unwrap();
        line.until(|event| match event {
            Event::Subscribed { refused } => {
                assert_eq!(refused, &[], "{filter}");
                true
            }
            _ => false,
        })
        .await;
        self.ears = Some(line);
    }

    /// Waits for a payload that holds these words, and returns it.
    pub async fn until_overheard(&mut self, words: &str) -> String {
        let mut payload = String::new();
        self.until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            payload = String::from_utf8_lossy(&incoming.payload).into_owned();
            payload.contains(words)
        })
        .await;
        payload
    }

    /// Publishes as whoever may write there, and waits until the broker answered.
    pub async fn publish(&mut self, topic: &str, payload: impl Into<Vec<u8>>, retain: bool) {
        self.publish_for(topic, payload, retain, None).await;
    }

    /// The same with a time after which the broker may forget it.
    pub async fn publish_for(
        &mut self,
        topic: &str,
        payload: impl Into<Vec<u8>>,
        retain: bool,
        expiry: Option<Duration>,
    ) {
        let author = match Root::default().parse(topic) {
            Some(Topic::Profile(user) | Topic::Presence(user, _)) => user,
            Some(Topic::Inbox { from, .. } | Topic::Group { from, .. } | Topic::Live { from, .. }) => {
                from
            }
            Some(Topic::Directory(_)) | None => "vandal".parse::<UserName>().unwrap(),
        };
        let mut line = self.connect(author.as_str()).await;
        let (topic, payload) = (topic.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain, expiry, token: Some(1) };
        line.requests.send(Request::Publish(publish)).await.unwrap();
        line.until(|event| matches!(event, Event::Published { token: 1, .. })).await;
        line.requests.send(Request::Close).await.unwrap();
        line.until(|event| matches!(event, Event::Closed)).await;
    }

    async fn connect(&self, user: &str) -> Line {
        let client_id = format!("vandal-{:x}", fastrand::u64(..));
        let identity = Identity { client_id, keep_session: false, keep_alive: mqtt::KEEP_ALIVE };
        let password = credential(&self.data_dir, user).await;
        let to = To::new(self.port, user, password.as_deref().unwrap_or(CREDENTIAL));
        let (requests, events) = mqtt::connect(identity, to);
        let mut line = Line { requests, events };
        line.until(|event| matches!(event, Event::Up { .. })).await;
        line
    }
}

impl Line {
    async fn until(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        let waiting = async { while !wanted(&self.events.recv().await.expect("connected")) {} };
        timeout(PATIENCE, waiting).await.expect("in time");
    }
}
