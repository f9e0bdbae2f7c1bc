//! One connection, from CONNECT to its end.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    self as packets, ConnAck, Filter, Packet, PublishProperties, RetainForwardRule, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, Event as PollEvent, EventLoop};
use tokio::sync::mpsc;

use super::connection::seconds;
use super::poller::{self, Ended};
use super::reason::{self, Cause};
use super::{
    Acknowledgement, Address, Event, Incoming, Outcome, Publish, RECEIVE_MAXIMUM, Request, Subscription,
};
use crate::failpoints::kill_point;

/// How a connection ended.
pub(super) enum End {
    /// As asked.
    Closed,
    /// Nobody listens to events any more.
    Abandoned,
    /// It was lost, or never made.
    Lost(Cause),
}

/// What waits for room in rumqttc's request channel.
enum Waiting {
    Subscribe(Vec<Subscription>),
    Unsubscribe(String),
    Publish(Publish),
    Disconnect,
}

/// The queues of one connection.
///
/// They need no bound of their own: acknowledgements are bounded by the receive maximum, publishes by the
/// engine's window, the rest by what the engine asks once per connection.
pub(super) struct Driver {
    client: AsyncClient,
    address: Address,
    epoch: u64,
    number: u64,
    was_up: bool,
    max_packet: usize,
    acknowledgements: VecDeque<Acknowledgement>,
    waiting: VecDeque<Waiting>,
    /// Tokens of publishes that rumqttc has taken and not yet written.
    taken: VecDeque<u64>,
    /// Tokens of publishes that the broker has not yet answered, by packet id.
    written: HashMap<u16, u64>,
    subscribing: VecDeque<Vec<String>>,
    unsubscribing: VecDeque<String>,
    /// Events that the engine has not yet room for.
    outbound: VecDeque<Event>,
}

/// Above this many events that wait for the engine, the poller waits too.
const OUTBOUND: usize = RECEIVE_MAXIMUM as usize;

impl Driver {
    pub fn new(client: AsyncClient, address: Address, epoch: u64, number: u64) -> Self {
        Self {
            client,
            address,
            epoch,
            number,
            was_up: false,
            max_packet: usize::MAX,
            acknowledgements: VecDeque::new(),
            waiting: VecDeque::new(),
            taken: VecDeque::new(),
            written: HashMap::new(),
            subscribing: VecDeque::new(),
            unsubscribing: VecDeque::new(),
            outbound: VecDeque::new(),
        }
    }

    /// Serves until the connection ends.
    pub async fn run(
        mut self,
        eventloop: EventLoop,
        requests: &mut mpsc::Receiver<Request>,
        events: &mpsc::Sender<Event>,
    ) -> End {
        let (poll_tx, mut polled) = mpsc::channel(OUTBOUND);
        let mut poller = tokio::spawn(poller::run(eventloop, poll_tx));
        let mut closing = false;
        // Requests are taken out to the very end: the engine may wait for room there, and we for room among
        // the events.
        let mut ended = None;
        while ended.is_none() || !self.outbound.is_empty() {
            self.pump();
            tokio::select! {
                biased;
                permit = events.reserve(), if !self.outbound.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.outbound.pop_front() {
                            permit.send(event);
                        }
                    }
                    Err(_) => {
                        poller.abort();
                        return End::Abandoned;
                    }
                },
                event = polled.recv(), if ended.is_none() && self.outbound.len() < OUTBOUND => match event {
                    Some(event) => self.on_poll(event),
                    None => ended = Some((&mut poller).await),
                },
                request = requests.recv(), if !closing => match request {
                    Some(request) => closing = self.on_request(request),
                    None => closing = self.on_request(Request::Close),
                },
            }
            // Not connected yet: there is nobody to say goodbye to.
            if closing && !self.was_up {
                poller.abort();
                return End::Closed;
            }
        }
        let cause = match ended {
            _ if closing => return End::Closed,
            Some(Ok(Ended::Failed(error))) => reason::of_error(&error, &self.address, self.was_up),
            Some(Ok(Ended::Silent)) => Cause::passing("the broker does not answer any more"),
            Some(Ok(Ended::Done)) | None => Cause::passing("the connection was closed"),
            Some(Err(error)) => Cause::passing(format!("the MQTT client failed: {error}")),
        };
        End::Lost(cause)
    }

    /// Hands rumqttc as much as it has room for, acknowledgements first.
    fn pump(&mut self) {
        while let Some(next) = self.acknowledgements.front() {
            let publish =
                packets::Publish { qos: QoS::AtLeastOnce, pkid: next.packet_id, ..Default::default() };
            if self.client.try_ack(&publish).is_err() {
                return;
            }
            self.acknowledgements.pop_front();
        }
        while let Some(next) = self.waiting.pop_front() {
            if let Err(next) = self.hand_over(next) {
                self.waiting.push_front(next);
                return;
            }
        }
    }

    fn hand_over(&mut self, next: Waiting) -> Result<(), Waiting> {
        let done = match &next {
            Waiting::Subscribe(subscriptions) => {
                let filters: Vec<_> = subscriptions.iter().map(filter).collect();
                let done = self.client.try_subscribe_many(filters).is_ok();
                if done {
                    let names = subscriptions.iter().map(|s| s.filter.clone()).collect();
                    self.subscribing.push_back(names);
                }
                done
            }
            Waiting::Unsubscribe(filter) => {
                let done = self.client.try_unsubscribe(filter).is_ok();
                if done {
                    self.unsubscribing.push_back(filter.clone());
                }
                done
            }
            Waiting::Publish(publish) => self.try_publish(publish),
            Waiting::Disconnect => self.client.try_disconnect().is_ok(),
        };
        if done { Ok(()) } else { Err(next) }
    }

    fn try_publish(&mut self, publish: &Publish) -> bool {
        let properties = PublishProperties {
            message_expiry_interval: publish.expiry.map(seconds),
            ..PublishProperties::default()
        };
        let qos = if publish.token.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let (topic, payload) = (publish.topic.clone(), publish.payload.clone());
        let done = self
            .client
            .try_publish_with_properties(topic, qos, publish.retain, payload, properties)
            .is_ok();
        if done {
            self.taken.extend(publish.token);
        }
        done
    }

    /// Takes a request in; says whether it was the wish to close.
    fn on_request(&mut self, request: Request) -> bool {
        match request {
            // It was meant for a connection that is lost.
            Request::Subscribe(_) | Request::Unsubscribe(_) | Request::Publish(_) if !self.was_up => {}
            Request::Subscribe(subscriptions) if subscriptions.is_empty() => {
                let (filters, refused) = (Vec::new(), Vec::new());
                self.outbound.push_back(Event::Subscribed { filters, refused });
            }
            Request::Subscribe(subscriptions) => {
                self.waiting.push_back(Waiting::Subscribe(subscriptions));
            }
            Request::Unsubscribe(filters) => {
                self.waiting.extend(filters.into_iter().map(Waiting::Unsubscribe));
            }
            Request::Publish(publish) => self.on_publish(publish),
            Request::Acknowledge(acknowledgements) => {
                let ours = acknowledgements.into_iter().filter(|a| a.connection == self.number);
                self.acknowledgements.extend(ours);
            }
            Request::ConnectNow => {}
            Request::Close => {
                self.waiting.push_back(Waiting::Disconnect);
                return true;
            }
        }
        false
    }

    /// A packet over the broker's limit would end the connection, and again after every reconnect.
    fn on_publish(&mut self, publish: Publish) {
        const OVERHEAD: usize = 32;
        let size = publish.topic.len() + publish.payload.len() + OVERHEAD;
        if size <= self.max_packet {
            self.waiting.push_back(Waiting::Publish(publish));
        } else if let Some(token) = publish.token {
            let words = format!("{size} bytes are more than the {} this broker takes", self.max_packet);
            self.outbound.push_back(Event::Published { token, outcome: Outcome::Refused(words) });
        }
    }

    fn on_poll(&mut self, event: PollEvent) {
        match event {
            PollEvent::Incoming(Packet::ConnAck(connack)) => self.on_connack(&connack),
            PollEvent::Incoming(Packet::Publish(publish)) => {
                let acknowledgement = (publish.qos != QoS::AtMostOnce)
                    .then_some(Acknowledgement { connection: self.number, packet_id: publish.pkid });
                let expiry = publish.properties.as_ref().and_then(|p| p.message_expiry_interval);
                self.outbound.push_back(Event::Incoming(Incoming {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload,
                    retained: publish.retain,
                    redelivered: publish.dup,
                    expiry: expiry.map(|seconds| Duration::from_secs(seconds.into())),
                    acknowledgement,
                }));
            }
            PollEvent::Incoming(Packet::PubAck(ack)) => {
                if let Some(token) = self.written.remove(&ack.pkid) {
                    let outcome = reason::of_puback(ack.reason);
                    self.outbound.push_back(Event::Published { token, outcome });
                }
            }
            PollEvent::Incoming(Packet::SubAck(ack)) => {
                let filters = self.subscribing.pop_front().unwrap_or_default();
                let refused = |(filter, code): (String, &SubscribeReasonCode)| match code {
                    SubscribeReasonCode::Success(_) => None,
                    other => Some((filter, reason::of_suback(other))),
                };
                let answers = filters.iter().cloned().zip(&ack.return_codes);
                let refused = answers.filter_map(refused).collect();
                self.outbound.push_back(Event::Subscribed { filters, refused });
            }
            PollEvent::Incoming(Packet::UnsubAck(_)) => {
                let filters = self.unsubscribing.pop_front().into_iter().collect();
                self.outbound.push_back(Event::Unsubscribed(filters));
            }
            PollEvent::Outgoing(Outgoing::Publish(pkid)) if pkid != 0 => {
                if let Some(token) = self.taken.pop_front() {
                    self.written.insert(pkid, token);
                }
                kill_point("send: published");
            }
            PollEvent::Outgoing(Outgoing::PubAck(_)) => kill_point("receive: acknowledged"),
            PollEvent::Incoming(_) | PollEvent::Outgoing(_) => {}
        }
    }

    fn on_connack(&mut self, connack: &ConnAck) {
        self.was_up = true;
        let limit = connack.properties.as_ref().and_then(|p| p.max_packet_size);
        self.max_packet = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        self.outbound.push_back(Event::Up { epoch: self.epoch });
    }
}

fn filter(subscription: &Subscription) -> Filter {
    let (qos, retain_forward_rule) = match subscription.at_least_once {
        true => (QoS::AtLeastOnce, RetainForwardRule::OnNewSubscribe),
        false => (QoS::AtMostOnce, RetainForwardRule::OnEverySubscribe),
    };
    Filter {
        path: subscription.filter.clone(),
        qos,
        nolocal: !subscription.echo,
        preserve_retain: false,
        retain_forward_rule,
    }
}
