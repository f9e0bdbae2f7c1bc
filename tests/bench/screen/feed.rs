//! Somebody who writes fast: messages onto the wire, as the client of another person would send them.

use std::time::{Duration, Instant};

use cooee::domain::{DeviceId, MessageId, MessageText, Timestamp, UserName};
use cooee::protocol::{Content, Letter, Root, Topic, encode_letter};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// A connection that messages go out on.
pub struct Feed {
    runtime: Runtime,
    client: AsyncClient,
    to: UserName,
}

impl Feed {
    /// Connects to the broker on this port of this machine, to write to one person.
    pub fn connect(port: u16, to: &UserName) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let mut options = MqttOptions::new("feed", "127.0.0.1", port);
        options.set_outgoing_inflight_upper_limit(64);
        let (client, mut eventloop) = AsyncClient::new(options, 64);
        let mut network = rumqttc::NetworkOptions::new();
        network.set_tcp_nodelay(true);
        eventloop.options.set_network_options(network);
        runtime.spawn(async move {
            loop {
                eventloop.poll().await.expect("the broker keeps the connection");
            }
        });
        Self { runtime, client, to: to.clone() }
    }

    /// Hands one message over, and says when.
    pub fn say(&self, from: &UserName, words: &str) -> Instant {
        let (client, topic) = (self.client.clone(), self.topic(from));
        let letter = letter(words);
        let at = Instant::now();
        self.runtime.block_on(publish(&client, topic, letter));
        at
    }

    /// Sends so many messages as fast as the broker takes them: `NAME 0`, `NAME 1`…
    pub fn burst(&self, from: &UserName, name: &str, count: u32) -> JoinHandle<()> {
        let letters: Vec<_> = (0..count).map(|n| letter(&format!("{name} {n}"))).collect();
        let (client, topic) = (self.client.clone(), self.topic(from));
        self.runtime.spawn(async move {
            for letter in letters {
                publish(&client, topic.clone(), letter).await;
            }
        })
    }

    /// Sends a message in every such interval, until it is aborted.
    pub fn flow(&self, from: &UserName, every: Duration) -> JoinHandle<()> {
        let (client, topic) = (self.client.clone(), self.topic(from));
        self.runtime.spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for n in 0u64.. {
                ticks.tick().await;
                publish(&client, topic.clone(), letter(&format!("number {n}"))).await;
            }
        })
    }

    fn topic(&self, from: &UserName) -> String {
        let device = DeviceId::from_bits(0xc00ee);
        Root::default().topic(&Topic::Inbox { to: self.to.clone(), from: from.clone(), device })
    }
}

fn letter(words: &str) -> Vec<u8> {
    encode_letter(&Letter {
        id: MessageId::from_bytes(uuid::Uuid::now_v7().into_bytes()),
        sent_at: Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
        group: None,
        number: None,
        membership: None,
        content: Content::Text(MessageText::new(words).expect("short words")),
    })
}

async fn publish(client: &AsyncClient, topic: String, payload: Vec<u8>) {
    client.publish(topic, QoS::AtLeastOnce, false, payload).await.expect("the connection is there");
}
