//! Somebody who writes fast: messages onto the wire, as the client of another person would send them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cooee::domain::{MessageId, MessageText, Timestamp, UserName};
use cooee::protocol::{Content, Letter, encode_letter};
use cooee::store::Account;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::puppet::Puppet;

/// Those in whose name messages go out, with the number of the last message of each.
type Writers = Arc<Mutex<BTreeMap<UserName, (Puppet, u64)>>>;

/// A connection that messages go out on.
pub struct Feed {
    runtime: Runtime,
    /// One for each who writes: the broker lets everybody write as themselves alone.
    clients: BTreeMap<UserName, AsyncClient>,
    to: UserName,
    writers: Writers,
    /// How many messages the broker has taken.
    taken: watch::Receiver<u32>,
}

impl Feed {
    /// Connects to the broker on this port of this machine, to write to one person as each of these.
    pub fn connect(port: u16, to: &UserName, from: Vec<(Account, Puppet)>) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let (count, taken) = watch::channel(0);
        let mut clients = BTreeMap::new();
        for (account, _) in &from {
            let user = &account.profile.user;
            let mut options = MqttOptions::new(format!("feed-{user}"), "127.0.0.1", port);
            options.set_credentials(user.to_string(), &account.credential);
            options.set_outgoing_inflight_upper_limit(64);
            let (client, mut eventloop) = AsyncClient::new(options, 64);
            let mut network = rumqttc::NetworkOptions::new();
            network.set_tcp_nodelay(true);
            eventloop.options.set_network_options(network);
            let count = count.clone();
            runtime.spawn(async move {
                loop {
                    let event = eventloop.poll().await.expect("the broker keeps the connection");
                    if let Event::Incoming(Packet::PubAck(_)) = event {
                        count.send_modify(|count| *count += 1);
                    }
                }
            });
            clients.insert(user.clone(), client);
        }
        let writers =
            from.into_iter().map(|(_, puppet)| (puppet.me.user.clone(), (puppet, 0))).collect();
        Self { runtime, clients, to: to.clone(), writers: Arc::new(Mutex::new(writers)), taken }
    }

    /// Has this session be online, as that of somebody who writes is: what is for it is taken, and does not
    /// pile up at the broker.
    pub fn attend(&self, port: u16, account: &Account) {
        let mut options = MqttOptions::new(&account.client_id, "127.0.0.1", port);
        options.set_credentials(account.profile.user.to_string(), &account.credential);
        options.set_clean_start(false).set_session_expiry_interval(Some(u32::MAX));
        let (client, mut eventloop) = AsyncClient::new(options, 1);
        self.runtime.spawn(async move {
            // The connection lasts as long as this.
            let _client = client;
            loop {
                eventloop.poll().await.expect("the broker keeps the connection");
            }
        });
    }

    /// Hands one message over, and says when.
    pub fn say(&self, from: &UserName, words: &str) -> Instant {
        let (client, topic) = (self.clients[from].clone(), self.topic(from));
        let letter = letter(&self.writers, &self.to, from, words);
        let at = Instant::now();
        self.runtime.block_on(publish(&client, topic, letter));
        at
    }

    /// Sends so many messages as fast as the broker takes them: `NAME 0`, `NAME 1`…
    pub fn burst(&self, from: &UserName, name: &str, count: u32) -> JoinHandle<()> {
        let letter = |n| letter(&self.writers, &self.to, from, &format!("{name} {n}"));
        let letters: Vec<_> = (0..count).map(letter).collect();
        let (client, topic) = (self.clients[from].clone(), self.topic(from));
        self.runtime.spawn(async move {
            for letter in letters {
                publish(&client, topic.clone(), letter).await;
            }
        })
    }

    /// The same; returns when the broker has taken all of them.
    pub fn leave(&self, from: &UserName, name: &str, count: u32) {
        let mut taken = self.taken.clone();
        let last = *taken.borrow() + count;
        self.burst(from, name, count);
        self.runtime.block_on(taken.wait_for(|taken| *taken >= last)).expect("the connection is there");
    }

    /// Sends a message in every such interval, until it is aborted.
    pub fn flow(&self, from: &UserName, every: Duration) -> JoinHandle<()> {
        let (client, topic) = (self.clients[from].clone(), self.topic(from));
        let (writers, to, from) = (Arc::clone(&self.writers), self.to.clone(), from.clone());
        self.runtime.spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for n in 0u64.. {
                ticks.tick().await;
                publish(&client, topic.clone(), letter(&writers, &to, &from, &format!("number {n}")))
                    .await;
            }
        })
    }

    fn topic(&self, from: &UserName) -> String {
        let writers = self.writers.lock().expect("nobody panicked");
        writers[from].0.inbox(self.to.as_str())
    }
}

fn letter(writers: &Writers, to: &UserName, from: &UserName, words: &str) -> Vec<u8> {
    let mut writers = writers.lock().expect("nobody panicked");
    let (puppet, number) = writers.get_mut(from).expect("a writer");
    *number += 1;
    let letter = encode_letter(&Letter {
        id: MessageId::from_bytes(uuid::Uuid::now_v7().into_bytes()),
        sent_at: Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
        group: None,
        number: Some(*number),
        stand: None,
        life: None,
        content: Content::Text(MessageText::new(words).expect("short words").into()),
    });
    puppet.seal_bytes(to.as_str(), &letter)
}

async fn publish(client: &AsyncClient, topic: String, payload: Vec<u8>) {
    client.publish(topic, QoS::AtLeastOnce, false, payload).await.expect("the connection is there");
}
