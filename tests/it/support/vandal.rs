//! Somebody who keeps to no rules.

use std::time::Duration;

use cooee::mqtt::{self, Event, Identity, Publish, Request, Subscription};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{PATIENCE, To};

/// Somebody who publishes what they like.
pub struct Vandal {
    pub requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
}

impl Vandal {
    pub async fn connect(port: u16) -> Self {
        let identity =
            Identity { client_id: "vandal".into(), keep_session: false, keep_alive: mqtt::KEEP_ALIVE };
        let (requests, events) = mqtt::connect(identity, To(port));
        let mut vandal = Self { requests, events };
        vandal.until(|event| matches!(event, Event::Up { .. })).await;
        vandal
    }

    pub async fn until(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        let waiting = async { while !wanted(&self.events.recv().await.expect("connected")) {} };
        timeout(PATIENCE, waiting).await.expect("in time");
    }

    /// Reads what is published there.
    pub async fn overhear(&mut self, filter: &str) {
        let subscription = Subscription { filter: filter.to_owned(), at_least_once: false, echo: false };
        self.requests.send(Request::Subscribe(vec![subscription])).await.unwrap();
        self.until(|event| matches!(event, Event::Subscribed { .. })).await;
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

    /// Publishes and waits until the broker took it.
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
        let (topic, payload) = (topic.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain, expiry, token: Some(1) };
        self.requests.send(Request::Publish(publish)).await.unwrap();
        self.until(|event| matches!(event, Event::Published { token: 1, .. })).await;
    }
}
