//! Somebody who keeps to no rules.

use std::time::Duration;

use cooee::domain::{DeviceRecord, GroupId};
use cooee::mqtt::{self, Event, Identity, Publish, Request, Subscription};
use cooee::protocol::{Content, Filter, Topic, encode_presence};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::puppet::Puppet;
use super::{PATIENCE, To};

/// Somebody who publishes what they like.
pub struct Vandal {
    pub requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
}

impl Vandal {
    pub async fn connect(port: u16) -> Self {
        let client_id = format!("vandal-{}", fastrand::u32(..));
        let identity = Identity { client_id, keep_session: false, keep_alive: mqtt::KEEP_ALIVE };
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

/// Somebody with keys and no rules: what they say is sealed as it should be, whatever it is.
pub struct Stranger {
    vandal: Vandal,
    pub puppet: Puppet,
}

impl Stranger {
    /// Signs up: publishes profile and keys, and learns those of everybody.
    pub async fn sign_up(port: u16, name: &str) -> Self {
        let puppet = Puppet::new(name);
        let mut vandal = Vandal::connect(port).await;
        for (topic, payload) in puppet.papers() {
            vandal.publish(&topic, payload, true).await;
        }
        let mut stranger = Self { vandal, puppet };
        stranger.overhear(&[Filter::Keys, Filter::Profiles]).await;
        stranger
    }

    async fn overhear(&mut self, filters: &[Filter]) {
        let root = &self.puppet.root;
        let wish = |filter: &Filter| Subscription {
            filter: root.filter(filter),
            at_least_once: false,
            echo: false,
        };
        let wishes = filters.iter().map(wish).collect();
        self.vandal.requests.send(Request::Subscribe(wishes)).await.unwrap();
        self.until(|event, _| matches!(event, Event::Subscribed { .. })).await;
    }

    /// Waits for something, and learns from all that comes meanwhile.
    async fn until(&mut self, mut wanted: impl FnMut(&Event, &mut Puppet) -> bool) {
        let puppet = &mut self.puppet;
        self.vandal
            .until(|event| {
                if let Event::Incoming(incoming) = event {
                    puppet.hear(&incoming.topic, &incoming.payload);
                }
                wanted(event, puppet)
            })
            .await;
    }

    /// Waits until we can write to somebody.
    pub async fn until_knows(&mut self, user: &str) {
        if !self.puppet.knows(user) {
            self.until(|_, puppet| puppet.knows(user)).await;
        }
    }

    /// Tells that we are online, and hears what is sent to us.
    pub async fn come_online(&mut self) {
        let (user, device) = (self.puppet.me.user.clone(), self.puppet.device.id());
        let root = self.puppet.root.clone();
        self.overhear(&[Filter::Inbox(user.clone())]).await;
        let since = self.puppet.me.registered_at;
        let here = encode_presence(DeviceRecord { epoch: 1, online: true, since });
        self.publish(&root.topic(&Topic::Presence(user, device)), here, true).await;
    }

    /// Waits until somebody tells us this.
    pub async fn until_told(&mut self, wanted: &Content) {
        self.until(|event, puppet| {
            let Event::Incoming(incoming) = event else { return false };
            let letter = puppet.open(&incoming.topic, &incoming.payload);
            letter.is_some_and(|letter| letter.content == *wanted)
        })
        .await;
    }

    /// Says something to somebody; the letter may be any JSON.
    pub async fn say(&mut self, to: &str, letter: &str) {
        let payload = self.puppet.seal_bytes(to, letter.as_bytes());
        let inbox = self.puppet.inbox(to);
        self.publish(&inbox, payload, false).await;
    }

    /// Publishes and waits until the broker took it; hears what comes meanwhile.
    pub async fn publish(&mut self, topic: &str, payload: impl Into<Vec<u8>>, retain: bool) {
        let (topic, payload) = (topic.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain, expiry: None, token: Some(1) };
        self.vandal.requests.send(Request::Publish(publish)).await.unwrap();
        self.until(|event, _| matches!(event, Event::Published { token: 1, .. })).await;
    }

    /// Gives somebody the key to what is said in a group from here on. `id` is that of the letter.
    pub async fn share_key(&mut self, group: GroupId, with: &str, id: u8) {
        let key = self.puppet.sender_key(group);
        let body = format!(r#""ty":"sender_key","b":{{"group":"{group}","key":"{key}"}}"#);
        self.say(with, &letter(id, &body)).await;
    }

    /// Says something in a group; the letter may be any JSON.
    pub async fn say_in(&mut self, group: GroupId, letter: &str) {
        let payload = self.puppet.seal_for_group(group, letter.as_bytes());
        let topic = self.puppet.in_group(group);
        self.publish(&topic, payload, false).await;
    }
}

/// The JSON of a letter of which only the body is of interest.
pub fn letter(id: u8, body: &str) -> String {
    let id = format!("01935372-9d2b-7c3e-8f4a-5b6c7d8e9f{id:02x}");
    format!(r#"{{"id":"{id}","ts":1732281660123,{body}}}"#)
}
