//! The built-in broker, as a real process.

mod hostile;
mod life;
mod persist;
mod protocol;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use cooee::broker::{self, Revive, Running};
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectProperties, Filter, LastWill, LastWillProperties, Packet, PubAckReason, Publish,
    PublishProperties,
};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The longest that anything here is waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cooee"))
}

/// A data directory. Whatever broker still serves it dies with it.
struct House(TempDir);

impl House {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Starts the broker, unless it runs.
    async fn broker(&self) -> SocketAddr {
        broker::ensure_running(self.path(), program(), Revive::Always).await.unwrap()
    }

    fn running(&self) -> Option<Running> {
        broker::status(self.path()).unwrap()
    }

    /// kill -9, and waits until it is dead.
    async fn kill(&self) {
        self.signal(Signal::KILL);
        until("the broker is dead", || self.running().is_none()).await;
    }

    fn signal(&self, signal: Signal) {
        let running = self.running().expect("a broker runs");
        let pid = Pid::from_raw(running.pid.try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// `cooee` with these arguments in this data directory, and nothing of ours around it.
    fn cooee(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program());
        command.env_clear().env("HOME", self.path()).args(arguments).arg("-d").arg(self.path());
        command
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Waits for one that is just starting, too.
        if broker::stop(self.path()).is_err() && broker::status(self.path()).is_ok_and(|s| s.is_some()) {
            self.signal(Signal::KILL);
        }
    }
}

/// Waits for a condition.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !done() {
        assert!(tokio::time::Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A connected MQTT client that does nothing by itself.
struct Client {
    client: AsyncClient,
    events: EventLoop,
    connack: ConnAck,
    /// Came while we waited for something else.
    waiting: VecDeque<Packet>,
}

/// How a client connects: as `id`, resuming its session, which is kept for an hour.
struct Connect(MqttOptions, ConnectProperties);

impl Connect {
    fn new(address: SocketAddr, id: &str) -> Self {
        let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
        options.set_clean_start(false).set_manual_acks(true);
        options.set_outgoing_inflight_upper_limit(64);
        let properties = ConnectProperties {
            session_expiry_interval: Some(3600),
            receive_maximum: None,
            max_packet_size: None,
            topic_alias_max: None,
            request_response_info: None,
            request_problem_info: None,
            user_properties: Vec::new(),
            authentication_method: None,
            authentication_data: None,
        };
        Self(options, properties)
    }

    fn expiry(mut self, seconds: u32) -> Self {
        self.1.session_expiry_interval = Some(seconds);
        self
    }

    fn clean(mut self) -> Self {
        self.0.set_clean_start(true);
        self
    }

    /// Publishes `text` on `topic` so many seconds after the connection is lost.
    fn will(mut self, topic: &str, text: &str, delay: u32) -> Self {
        let properties = LastWillProperties {
            delay_interval: Some(delay),
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
        };
        let will = LastWill::new(topic, text.to_owned(), QoS::AtLeastOnce, true, Some(properties));
        self.0.set_last_will(will);
        self
    }

    async fn open(mut self) -> Client {
        self.0.set_connect_properties(self.1);
        let (client, mut events) = AsyncClient::new(self.0, 16);
        let first = tokio::time::timeout(DEADLINE, events.poll()).await.expect("an answer").unwrap();
        let Event::Incoming(Packet::ConnAck(connack)) = first else { panic!("{first:?}") };
        Client { client, events, connack, waiting: VecDeque::new() }
    }
}

impl Client {
    /// The first packet that `pick` takes; the others wait for whoever wants them. A lost connection is
    /// a failure.
    async fn pick<T>(&mut self, what: &str, mut pick: impl FnMut(&Packet) -> Option<T>) -> T {
        for (n, packet) in self.waiting.iter().enumerate() {
            if let Some(picked) = pick(packet) {
                self.waiting.remove(n);
                return picked;
            }
        }
        loop {
            let Event::Incoming(packet) = self.event(what).await else { continue };
            match pick(&packet) {
                Some(picked) => return picked,
                None => self.waiting.push_back(packet),
            }
        }
    }

    async fn event(&mut self, what: &str) -> Event {
        let Ok(event) = tokio::time::timeout(DEADLINE, self.events.poll()).await else {
            panic!("waited too long for {what}")
        };
        event.unwrap_or_else(|e| panic!("lost the connection waiting for {what}: {e}"))
    }

    async fn subscribe(&mut self, filter: &str) {
        self.subscribe_as(Filter::new(filter, QoS::AtLeastOnce)).await;
    }

    async fn subscribe_as(&mut self, filter: Filter) {
        self.client.subscribe_many([filter]).await.unwrap();
        self.pick("SUBACK", |p| matches!(p, Packet::SubAck(_)).then_some(())).await;
    }

    /// Publishes at QoS 1 and waits for what the broker says of it.
    async fn publish(&mut self, topic: &str, text: &str) -> PubAckReason {
        self.publish_with(topic, text, false, None).await
    }

    async fn retain(&mut self, topic: &str, text: &str, expiry: Option<u32>) -> PubAckReason {
        self.publish_with(topic, text, true, expiry).await
    }

    async fn publish_with(
        &mut self,
        topic: &str,
        text: &str,
        retain: bool,
        message_expiry_interval: Option<u32>,
    ) -> PubAckReason {
        let properties = PublishProperties { message_expiry_interval, ..PublishProperties::default() };
        let text = text.to_owned();
        self.client
            .publish_with_properties(topic, QoS::AtLeastOnce, retain, text, properties)
            .await
            .unwrap();
        self.pick("PUBACK", |p| match p {
            Packet::PubAck(ack) => Some(ack.reason),
            _ => None,
        })
        .await
    }

    /// The next message, acknowledged.
    async fn message(&mut self) -> Publish {
        let message = self.unacknowledged().await;
        self.client.ack(&message).await.unwrap();
        loop {
            match self.event("our PUBACK to leave").await {
                Event::Outgoing(Outgoing::PubAck(id)) if id == message.pkid => return message,
                Event::Outgoing(_) => {}
                Event::Incoming(packet) => self.waiting.push_back(packet),
            }
        }
    }

    /// The next message, not acknowledged.
    async fn unacknowledged(&mut self) -> Publish {
        self.pick("a message", |p| match p {
            Packet::Publish(message) => Some(message.clone()),
            _ => None,
        })
        .await
    }

    /// The text of the next message.
    async fn text(&mut self) -> String {
        text(&self.message().await)
    }

    /// Waits until the broker closes the connection. It says why, but rumqttc cannot read a DISCONNECT
    /// that has a reason and no properties.
    async fn lost(mut self) {
        let lost = async { while self.events.poll().await.is_ok() {} };
        tokio::time::timeout(DEADLINE, lost).await.expect("the broker closes the connection");
    }

    /// Says goodbye: the will is not published.
    async fn disconnect(mut self) {
        self.client.disconnect().await.unwrap();
        while self.events.poll().await.is_ok() {}
    }

    /// Cuts the connection without a word.
    fn cut(self) {
        drop(self.events);
    }
}

fn text(message: &Publish) -> String {
    String::from_utf8(message.payload.to_vec()).unwrap()
}
