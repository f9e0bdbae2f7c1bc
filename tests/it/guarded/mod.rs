//! Cooee on mosquitto with logins, access rules and TLS, as `assets/brokers` recommends them.

mod rules;
mod tls;

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cooee::mqtt::{self, Address, Event, Identity, Incoming, Outcome, Publish, Request, Subscription};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{PATIENCE, To};

/// A connection without Cooee around it.
struct Line {
    requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
    /// Came while something else was waited for.
    inbox: VecDeque<Incoming>,
}

impl Line {
    fn start(address: Address, client_id: &str, keep_session: bool) -> Self {
        let client_id = client_id.to_owned();
        let identity = Identity { client_id, keep_session, keep_alive: mqtt::KEEP_ALIVE };
        let (requests, events) = mqtt::connect(identity, To(address));
        Self { requests, events, inbox: VecDeque::new() }
    }

    /// What the first attempt leads to: a connection, or words.
    async fn greeting(&mut self) -> Result<(), String> {
        self.find(|event| match event {
            Event::Up { .. } => Some(Ok(())),
            Event::Down { reason, .. } => Some(Err(reason)),
            _ => None,
        })
        .await
    }

    async fn find<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let waiting = async {
            loop {
                match self.events.recv().await.expect("the connection task runs") {
                    Event::Incoming(incoming) => self.inbox.push_back(incoming),
                    event => {
                        if let Some(found) = pick(event) {
                            return found;
                        }
                    }
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("in time")
    }

    async fn publish(&mut self, topic: &str, payload: &str, retain: bool) -> Outcome {
        let (topic, payload) = (topic.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain, expiry: None, token: Some(1) };
        self.requests.send(Request::Publish(publish)).await.unwrap();
        self.find(|event| match event {
            Event::Published { outcome, .. } => Some(outcome),
            _ => None,
        })
        .await
    }

    /// Which filters are refused.
    async fn subscribe(&mut self, filter: &str) -> Vec<(String, String)> {
        let wish = Subscription { filter: filter.to_owned(), at_least_once: true, echo: true };
        self.requests.send(Request::Subscribe(vec![wish])).await.unwrap();
        self.find(|event| match event {
            Event::Subscribed { refused, .. } => Some(refused),
            _ => None,
        })
        .await
    }

    /// The topic of the next message.
    async fn hears(&mut self) -> String {
        let waiting = async {
            loop {
                if let Some(incoming) = self.inbox.pop_front() {
                    return incoming;
                }
                if let Event::Incoming(incoming) = self.events.recv().await.expect("connected") {
                    return incoming;
                }
            }
        };
        let Incoming { topic, acknowledgement, .. } = timeout(PATIENCE, waiting).await.expect("in time");
        let acknowledgements = acknowledgement.into_iter().collect();
        self.requests.send(Request::Acknowledge(acknowledgements)).await.unwrap();
        topic
    }
}

/// Makes a password file for these users, each with the password "of-" and their name.
fn passwords(path: &Path, users: &[&str]) {
    std::fs::write(path, "").unwrap();
    for user in users {
        let done = Command::new("mosquitto_passwd")
            .arg("-b")
            .arg(path)
            .args([user, &password(user)[..]])
            .status();
        assert!(done.expect("mosquitto_passwd comes with mosquitto").success());
    }
}

fn password(user: &str) -> String {
    format!("of-{user}")
}

/// How long something that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(500);
