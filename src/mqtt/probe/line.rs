//! One connection of a trial: asked for one thing at a time, and waited for.

use std::collections::VecDeque;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, DisconnectReasonCode, LastWill, LastWillProperties, Packet,
    PubAckReason, Publish, PublishProperties, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, StateError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::Site;
use crate::mqtt::connection::{self, REQUEST_CAPACITY, seconds};
use crate::mqtt::poller::{self, Ended};
use crate::mqtt::reason;
use crate::mqtt::{Address, Dial, Identity, KEEP_ALIVE, Outcome};

/// How a trial greets the broker.
pub(super) struct Hello {
    pub client_id: String,
    /// Whether to go on with the session that is there.
    pub resume: bool,
    /// How long the session stays after the connection; zero ends it there.
    pub expiry: Duration,
    /// A retained will and its delay.
    pub will: Option<(Letter, Duration)>,
}

impl Hello {
    /// A clean start with the client id of this name, and a session that ends with the connection.
    pub fn new(site: &Site, name: &str) -> Self {
        let client_id = format!("{}{name}", site.clients);
        Self { client_id, resume: false, expiry: Duration::ZERO, will: None }
    }
}

/// What a trial publishes, at QoS 1.
#[derive(Clone)]
pub(super) struct Letter {
    pub topic: String,
    pub payload: Vec<u8>,
    pub retain: bool,
    pub expiry: Duration,
}

/// A letter to the topic of this name.
pub(super) fn letter(site: &Site, name: &str, payload: impl Into<Vec<u8>>) -> Letter {
    Letter { topic: topic(site, name), payload: payload.into(), retain: false, expiry: site.lease }
}

/// A letter that is retained there; an empty one takes it away.
pub(super) fn retain(site: &Site, name: &str, payload: impl Into<Vec<u8>>) -> Letter {
    Letter { retain: true, ..letter(site, name, payload) }
}

pub(super) fn topic(site: &Site, name: &str) -> String {
    format!("{}/{name}", site.topics)
}

/// Why a trial has no connection any more.
#[derive(Debug)]
pub(super) enum Lost {
    /// The broker or the network ended it.
    Failed(Box<ConnectionError>),
    /// The time is over.
    Late,
    /// The broker said no to a filter or a publish.
    Refused(String),
}

impl Lost {
    /// In words for a person.
    pub fn words(&self, address: &Address) -> String {
        match self {
            // To whoever asks, a broker that hung up did so at what it was asked.
            Self::Failed(error) => reason::of_error(error, address, true).words,
            Self::Late => format!("no answer from {}:{} in time", address.host, address.port),
            Self::Refused(words) => words.clone(),
        }
    }

    /// Whether it says that it does not speak MQTT 5.
    pub fn is_too_old(&self) -> bool {
        use ConnectReturnCode::{RefusedProtocolVersion, UnsupportedProtocolVersion};
        matches!(self.refusal(), Some(RefusedProtocolVersion | UnsupportedProtocolVersion))
    }

    /// Whether it does not want who we are.
    pub fn is_sign_in(&self) -> bool {
        use ConnectReturnCode as Code;
        let code = self.refusal();
        code.is_some_and(|code| {
            matches!(
                code,
                Code::BadUserNamePassword
                    | Code::NotAuthorized
                    | Code::BadAuthenticationMethod
                    | Code::ClientIdentifierNotValid
                    | Code::Banned
            )
        })
    }

    /// Whether something is there, and does not greet as MQTT 5 has it.
    pub fn is_no_greeting(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        match &**error {
            ConnectionError::NotConnAck(_) | ConnectionError::MqttState(_) => self.refusal().is_none(),
            ConnectionError::Io(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            _ => false,
        }
    }

    /// Whether another connection with this client id took its place, as far as the broker said why.
    pub fn is_taken_over(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        let taken = DisconnectReasonCode::SessionTakenOver;
        matches!(&**error, ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) if *reason_code == taken)
    }

    fn refusal(&self) -> Option<ConnectReturnCode> {
        let Self::Failed(error) = self else { return None };
        match &**error {
            ConnectionError::ConnectionRefused(code)
            | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => Some(*code),
            _ => None,
        }
    }
}

/// A connection. It is cut when it is dropped.
pub(super) struct Line {
    pub connack: ConnAck,
    client: AsyncClient,
    polled: mpsc::Receiver<Event>,
    poller: JoinHandle<Ended>,
    deadline: Instant,
    /// What came while something else was waited for.
    inbox: VecDeque<Publish>,
}

impl Line {
    pub async fn connect(site: &Site, hello: Hello) -> Result<Self, Lost> {
        let identity =
            Identity { client_id: hello.client_id, keep_session: hello.resume, keep_alive: KEEP_ALIVE };
        let dial = Dial { address: site.address.clone(), will: None, epoch: 0 };
        let mut options = connection::options(&identity, &dial).map_err(Lost::Refused)?;
        options
            .set_manual_acks(false)
            .set_session_expiry_interval(Some(seconds(hello.expiry)))
            .set_connection_timeout(left(site.deadline).as_secs() + 1);
        if let Some((letter, delay)) = hello.will {
            options.set_last_will(will(letter, delay));
        }
        let (client, eventloop) = AsyncClient::new(options, REQUEST_CAPACITY);
        let (sender, polled) = mpsc::channel(REQUEST_CAPACITY);
        let poller = tokio::spawn(poller::run(eventloop, sender));
        let connack =
            ConnAck { session_present: false, code: ConnectReturnCode::Success, properties: None };
        let deadline = site.deadline;
        let mut line = Self { connack, client, polled, poller, deadline, inbox: VecDeque::new() };
        loop {
            if let Event::Incoming(Packet::ConnAck(connack)) = line.event().await? {
                line.connack = connack;
                return Ok(line);
            }
        }
    }

    /// Subscribes, at QoS 1 or nothing.
    pub async fn subscribe(&mut self, filter: String) -> Result<(), Lost> {
        match self.subscribe_at_most(filter).await? {
            QoS::AtMostOnce => Err(Lost::Refused("subscriptions are granted at QoS 0 alone".to_owned())),
            QoS::AtLeastOnce | QoS::ExactlyOnce => Ok(()),
        }
    }

    /// Subscribes at QoS 1 or what is granted of it.
    pub async fn subscribe_at_most(&mut self, filter: String) -> Result<QoS, Lost> {
        let asked = self.client.try_subscribe(filter, QoS::AtLeastOnce);
        asked.map_err(|error| Lost::Refused(error.to_string()))?;
        loop {
            let Event::Incoming(Packet::SubAck(ack)) = self.event().await? else { continue };
            return match ack.return_codes.first() {
                Some(SubscribeReasonCode::Success(qos)) => Ok(*qos),
                code => {
                    let code = code.map(|code| format!(": {code:?}")).unwrap_or_default();
                    Err(Lost::Refused(format!("a subscription is refused{code}")))
                }
            };
        }
    }

    /// Publishes what the broker must take.
    pub async fn deliver(&mut self, letter: Letter) -> Result<(), Lost> {
        taken(self.publish(letter).await?)
    }

    /// Publishes, and waits for the answer.
    pub async fn publish(&mut self, letter: Letter) -> Result<PubAckReason, Lost> {
        let answers = self.publish_all(std::iter::once(letter), self.deadline).await?;
        answers.first().copied().ok_or(Lost::Late)
    }

    /// Publishes as many as there is time for until `until`, and waits for all answers.
    pub async fn publish_all(
        &mut self,
        letters: impl Iterator<Item = Letter>,
        until: Instant,
    ) -> Result<Vec<PubAckReason>, Lost> {
        let mut letters = letters.peekable();
        let mut sent = 0;
        let mut answers = Vec::new();
        loop {
            while let Some(letter) = letters.peek().filter(|_| Instant::now() < until) {
                if !self.try_publish(letter) {
                    break;
                }
                letters.next();
                sent += 1;
            }
            let all_sent = letters.peek().is_none() || Instant::now() >= until;
            if all_sent && answers.len() == sent {
                return Ok(answers);
            }
            if let Event::Incoming(Packet::PubAck(ack)) = self.event().await? {
                answers.push(ack.reason);
            }
        }
    }

    fn try_publish(&self, letter: &Letter) -> bool {
        let properties = PublishProperties {
            message_expiry_interval: Some(seconds(letter.expiry)),
            ..PublishProperties::default()
        };
        let (topic, payload) = (letter.topic.clone(), letter.payload.clone());
        let client = &self.client;
        client
            .try_publish_with_properties(topic, QoS::AtLeastOnce, letter.retain, payload, properties)
            .is_ok()
    }

    /// The next message.
    pub async fn message(&mut self) -> Result<Publish, Lost> {
        loop {
            if let Some(publish) = self.inbox.pop_front() {
                return Ok(publish);
            }
            self.event().await?;
        }
    }

    /// The next message, if it comes within this time.
    pub async fn message_within(&mut self, time: Duration) -> Result<Option<Publish>, Lost> {
        let until = Instant::now() + time;
        match timeout_at(until, self.message()).await {
            Ok(message) => message.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Waits until the broker ends the connection; says how.
    pub async fn end(&mut self) -> Lost {
        loop {
            if let Err(lost) = self.event().await {
                return lost;
            }
        }
    }

    /// Disconnects in good order.
    pub async fn close(mut self, deadline: Instant) {
        if self.client.try_disconnect().is_ok() {
            while let Ok(Some(_)) = timeout_at(deadline, self.polled.recv()).await {}
        }
    }

    /// What happens next; a message goes into the inbox besides.
    async fn event(&mut self) -> Result<Event, Lost> {
        let event = timeout_at(self.deadline, self.polled.recv()).await.map_err(|_| Lost::Late)?;
        match event {
            Some(Event::Incoming(Packet::Publish(publish))) => {
                self.inbox.push_back(publish.clone());
                Ok(Event::Incoming(Packet::Publish(publish)))
            }
            Some(event) => Ok(event),
            None => Err(match (&mut self.poller).await {
                Ok(Ended::Failed(error)) => Lost::Failed(Box::new(error)),
                Ok(Ended::Silent | Ended::Done) | Err(_) => Lost::Late,
            }),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// Whether the broker took a publish.
pub(super) fn taken(answer: PubAckReason) -> Result<(), Lost> {
    match reason::of_puback(answer) {
        Outcome::Taken | Outcome::NobodyListens => Ok(()),
        Outcome::Refused(words) | Outcome::NotNow(words) => Err(Lost::Refused(words)),
    }
}

fn will(letter: Letter, delay: Duration) -> LastWill {
    let properties = LastWillProperties {
        delay_interval: Some(seconds(delay)),
        payload_format_indicator: None,
        message_expiry_interval: Some(seconds(letter.expiry)),
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    };
    let Letter { topic, payload, retain, .. } = letter;
    LastWill::new(topic, payload, QoS::AtLeastOnce, retain, Some(properties))
}

/// What is left until then.
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
