//! Somebody who keeps to no rules, and whom the broker takes for whoever they say: as on a broker without
//! access rules, or with the credentials of others.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cooee::broker;
use cooee::domain::{DeviceRecord, GroupId, MessageId, UserName};
use cooee::mqtt::{self, Event, Identity, Publish, Request, Subscription};
use cooee::protocol::{
    Chunk, Content, FileWord, Filter, Root, Topic, encode_chunk, encode_presence, is_chunk,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::puppet::Puppet;
use super::world::{Broker, World};
use super::{CREDENTIAL, PATIENCE, To, credential};

/// Somebody who publishes what they like.
pub struct Vandal {
    port: u16,
    data_dir: PathBuf,
    ears: Option<Line>,
}

/// Who may write what no one person may: cards, and what is no topic of ours.
const VANDAL: &str = "vandal";

/// Who may write there.
fn author(topic: &str) -> UserName {
    match Root::default().parse(topic) {
        Some(Topic::Profile(user) | Topic::Keys(user, _) | Topic::Presence(user, _)) => user,
        Some(
            Topic::Inbox { from, .. }
            | Topic::Group { from, .. }
            | Topic::Live { from, .. }
            | Topic::Open { from, .. },
        ) => from,
        Some(Topic::Directory(_)) | None => VANDAL.parse().unwrap(),
    }
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

    /// The same, by way of this port.
    pub fn through(world: &World, port: u16) -> Self {
        Self { port, data_dir: world.data_dir().to_owned(), ears: None }
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
            _ => VANDAL,
        };
        let mut line = self.connect(user).await;
        let subscription = Subscription { filter: filter.to_owned(), at_least_once: false, echo: true };
        line.requests.send(Request::Subscribe(vec![subscription])).await.unwrap();
        line.until(|event| match event {
            Event::Subscribed { refused, .. } => {
                assert_eq!(refused, &[], "{filter}");
                true
            }
            _ => false,
        })
        .await;
        self.ears = Some(line);
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
        let author = author(topic);
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

/// Somebody with keys and no rules: what they say is sealed as it should be, whatever it is.
pub struct Stranger {
    /// Plays others.
    vandal: Vandal,
    line: Line,
    pub puppet: Puppet,
    /// How many parts of files came.
    pub chunks: usize,
}

impl Stranger {
    /// Signs up: publishes profile and keys, and learns those of everybody.
    pub async fn sign_up(world: &World, name: &str) -> Self {
        let puppet = Puppet::new(name);
        let vandal = Vandal::on(world).await;
        let line = vandal.connect(name).await;
        let mut stranger = Self { vandal, line, puppet, chunks: 0 };
        for (topic, payload) in stranger.puppet.papers() {
            stranger.publish(&topic, payload, true).await;
        }
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
        self.line.requests.send(Request::Subscribe(wishes)).await.unwrap();
        self.until(|event, _| matches!(event, Event::Subscribed { .. })).await;
    }

    /// Waits for something, and learns from all that comes meanwhile.
    async fn until(&mut self, mut wanted: impl FnMut(&Event, &mut Puppet) -> bool) {
        let (puppet, chunks) = (&mut self.puppet, &mut self.chunks);
        self.line
            .until(|event| {
                if let Event::Incoming(incoming) = event {
                    puppet.hear(&incoming.topic, &incoming.payload);
                    *chunks += usize::from(is_chunk(&incoming.payload));
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

    /// Waits until somebody asks for chunks of a file: with which letter, from which chunk on.
    pub async fn until_pulled(&mut self) -> (MessageId, u32) {
        let mut pulled = None;
        self.until(|event, puppet| {
            let Event::Incoming(incoming) = event else { return false };
            let letter = puppet.open(&incoming.topic, &incoming.payload);
            if let Some(letter) = letter
                && let Content::File(FileWord::Pull { from, .. }) = letter.content
            {
                pulled = Some((letter.id, from));
            }
            pulled.is_some()
        })
        .await;
        pulled.expect("somebody asked")
    }

    /// Sends something to somebody as a chunk that they asked for.
    pub async fn send_chunk(&mut self, to: &str, pull: MessageId, number: u32, sealed: &[u8]) {
        let inbox = self.puppet.inbox(to);
        let chunk = encode_chunk(&Chunk { pull, number, sealed });
        self.publish(&inbox, chunk, false).await;
    }

    /// Says something to somebody; the letter may be any JSON.
    pub async fn say(&mut self, to: &str, letter: &str) {
        let payload = self.puppet.seal_bytes(to, letter.as_bytes());
        let inbox = self.puppet.inbox(to);
        self.publish(&inbox, payload, false).await;
    }

    /// Publishes, as whoever may write there, and waits until the broker answered; hears what comes meanwhile.
    pub async fn publish(&mut self, topic: &str, payload: impl Into<Vec<u8>>, retain: bool) {
        let author = author(topic);
        if author != self.puppet.me.user && author.as_str() != VANDAL {
            return self.vandal.publish(topic, payload, retain).await;
        }
        let (topic, payload) = (topic.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain, expiry: None, token: Some(1) };
        self.line.requests.send(Request::Publish(publish)).await.unwrap();
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

/// The broker loses somebody's name: their profile, and that it is theirs.
pub async fn lose_name(world: &World, user: &str) {
    Vandal::on(world).await.publish(&format!("cooee/1/profile/{user}"), "", true).await;
    if let Broker::BuiltIn = world.broker {
        let (data_dir, user) = (world.data_dir().to_owned(), user.to_owned());
        tokio::task::spawn_blocking(move || {
            broker::stop(&data_dir).expect("it stops");
            let file = data_dir.join("broker/accounts.json");
            let mut names: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            names["accounts"].as_object_mut().unwrap().remove(&user).expect("it kept the name");
            fs::write(&file, names.to_string()).unwrap();
        })
        .await
        .unwrap();
        world.port().await;
    }
}
