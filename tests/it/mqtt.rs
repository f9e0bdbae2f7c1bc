//! The connection on real brokers, below the engine: what it promises to whoever stores and publishes.

use std::time::{Duration, Instant};

use cooee::mqtt::{self, Acknowledgement, Event, Identity, Outcome, Publish, Request, Subscription};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::external::Make;
use crate::support::proxy::Proxy;
use crate::support::world::World;
use crate::support::{CREDENTIAL, PATIENCE, To};

/// All clients here are alice, who writes to herself: who may do what is tested elsewhere.
const TOPIC: &str = "cooee/1/inbox/alice/alice/0123456789abcdef";

/// The built-in broker, and the others where they are installed, one after the other.
fn worlds() -> impl Iterator<Item = World> {
    let others = [Make::Mosquitto, Make::HiveMq];
    std::iter::once(World::built_in()).chain(others.into_iter().filter_map(World::on))
}

struct Client {
    requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
}

impl Client {
    fn start(port: u16, client_id: &str, keep_alive: Duration) -> Self {
        let identity = Identity { client_id: client_id.into(), keep_session: true, keep_alive };
        let (requests, events) = mqtt::connect(identity, To::new(port, "alice", CREDENTIAL));
        Self { requests, events }
    }

    async fn connect(port: u16, client_id: &str) -> Self {
        let mut client = Self::start(port, client_id, mqtt::KEEP_ALIVE);
        client.until_up().await;
        client
    }

    /// Passes over events until one is what is awaited.
    async fn find<T>(&mut self, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("the connection task runs");
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"))
    }

    async fn until_up(&mut self) {
        self.find("up", |event| matches!(event, Event::Up { .. }).then_some(())).await;
    }

    /// Waits until the link is down; returns how long it waits now.
    async fn until_down(&mut self) -> (String, Option<Duration>) {
        let down = |event| match event {
            Event::Down { reason, retry_in, .. } => Some((reason, retry_in)),
            _ => None,
        };
        self.find("down", down).await
    }

    async fn ask(&self, request: Request) {
        self.requests.send(request).await.unwrap();
    }

    async fn subscribe(&mut self) {
        let wish = Subscription { filter: TOPIC.into(), at_least_once: true, echo: true };
        self.ask(Request::Subscribe(vec![wish])).await;
        let answer = |event| match event {
            Event::Subscribed { refused, .. } => Some(refused),
            _ => None,
        };
        assert_eq!(self.find("subscribed", answer).await, []);
    }

    async fn publish(&self, token: u64, payload: impl Into<Vec<u8>>) {
        let (topic, payload) = (TOPIC.to_owned(), payload.into());
        let publish = Publish { topic, payload, retain: false, expiry: None, token: Some(token) };
        self.ask(Request::Publish(publish)).await;
    }

    async fn published(&mut self) -> (u64, Outcome) {
        let answer = |event| match event {
            Event::Published { token, outcome } => Some((token, outcome)),
            _ => None,
        };
        self.find("an answer to a publish", answer).await
    }

    async fn incoming(&mut self) -> (String, Acknowledgement) {
        let message = |event| match event {
            Event::Incoming(message) => {
                let text = String::from_utf8(message.payload.to_vec()).unwrap();
                Some((text, message.acknowledgement.expect("subscribed at QoS 1")))
            }
            _ => None,
        };
        self.find("a message", message).await
    }
}

#[tokio::test]
async fn a_link_that_stalls_is_noticed_within_one_and_a_half_keep_alives() {
    let keep_alive = Duration::from_secs(5);
    let world = World::built_in();
    let proxy = Proxy::start(world.port().await).await;
    let mut client = Client::start(proxy.address.port(), "stalled", keep_alive);
    client.until_up().await;
    proxy.stall();
    let stalled = Instant::now();
    let (reason, _) = client.until_down().await;
    assert!(reason.contains("does not answer"), "{reason}");
    let noticed = stalled.elapsed();
    assert!(noticed < keep_alive.mul_f64(1.5) + Duration::from_secs(1), "{noticed:?}");
    proxy.mend();
    client.until_up().await;
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_and_what_was_does_not() {
    for world in worlds() {
        let port = world.port().await;
        let proxy = Proxy::start(port).await;
        let mut bob = Client::connect(proxy.address.port(), "bob").await;
        bob.subscribe().await;
        let mut alice = Client::connect(port, "alice").await;
        alice.publish(1, "first").await;
        assert_eq!(alice.published().await, (1, Outcome::Taken));
        let (text, stale) = bob.incoming().await;
        assert_eq!(text, "first");

        // As if the process had died before it stored the message.
        proxy.cut();
        bob.until_down().await;
        proxy.mend();
        bob.until_up().await;
        assert_eq!(bob.incoming().await.0, "first");

        // What belongs to the lost connection confirms nothing on this one.
        bob.ask(Request::Acknowledge(vec![stale])).await;
        proxy.cut();
        bob.until_down().await;
        proxy.mend();
        bob.until_up().await;
        let (text, fresh) = bob.incoming().await;
        assert_eq!(text, "first");

        // The broker answers in order: when it has taken this, it has the acknowledgement.
        bob.ask(Request::Acknowledge(vec![fresh])).await;
        bob.publish(2, "second").await;
        assert_eq!(bob.incoming().await.0, "second");
        proxy.cut();
        bob.until_down().await;
        proxy.mend();
        bob.until_up().await;
        assert_eq!(bob.incoming().await.0, "second");
    }
}

#[tokio::test]
async fn a_long_queue_keeps_its_order_and_its_tokens() {
    for world in worlds() {
        let port = world.port().await;
        let mut bob = Client::connect(port, "bob").await;
        bob.subscribe().await;
        let mut alice = Client::connect(port, "alice").await;
        let sending = async {
            for n in 0..1_000 {
                alice.publish(n, n.to_string()).await;
            }
            let mut answers = Vec::new();
            while answers.len() < 1_000 {
                answers.push(alice.published().await);
            }
            answers
        };
        let hearing = async {
            for n in 0..1_000 {
                let (text, acknowledgement) = bob.incoming().await;
                assert_eq!(text, n.to_string());
                bob.ask(Request::Acknowledge(vec![acknowledgement])).await;
            }
        };
        let (answers, ()) = tokio::join!(sending, hearing);
        assert_eq!(answers, (0..1_000).map(|n| (n, Outcome::Taken)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_broker_is_refused_here_and_the_link_holds() {
    let world = World::built_in();
    let mut alice = Client::connect(world.port().await, "alice").await;
    alice.publish(1, vec![b'x'; 512 * 1024]).await;
    alice.publish(2, "small").await;
    let (token, outcome) = alice.published().await;
    assert!(token == 1 && matches!(outcome, Outcome::Refused(_)), "{token} {outcome:?}");
    let mut lost = false;
    let answer = |event| match event {
        Event::Published { token, outcome } => Some((token, outcome)),
        Event::Down { .. } => {
            lost = true;
            None
        }
        _ => None,
    };
    assert_eq!(alice.find("the small one", answer).await, (2, Outcome::Taken));
    assert!(!lost, "the broker hung up");
}

#[tokio::test]
async fn mosquitto_says_when_nobody_listens() {
    let Some(world) = World::on(Make::Mosquitto) else { return };
    let port = world.port().await;
    let mut alice = Client::connect(port, "alice").await;
    alice.publish(1, "hello?").await;
    assert_eq!(alice.published().await, (1, Outcome::NobodyListens));
    let mut bob = Client::connect(port, "bob").await;
    bob.subscribe().await;
    alice.publish(2, "hello!").await;
    assert_eq!(alice.published().await, (2, Outcome::Taken));
    // Somebody whose session is kept listens, though away.
    bob.ask(Request::Close).await;
    bob.find("closed", |event| matches!(event, Event::Closed).then_some(())).await;
    alice.publish(3, "later").await;
    assert_eq!(alice.published().await, (3, Outcome::Taken));
}

/// What was meant for one connection must not slip into the next, ahead of what that one sends again.
#[tokio::test]
async fn what_is_asked_before_there_is_a_connection_is_dropped() {
    let world = World::built_in();
    let proxy = Proxy::start(world.port().await).await;
    let mut alice = Client::connect(proxy.address.port(), "alice").await;
    proxy.cut();
    alice.until_down().await;
    proxy.stall();
    // The next attempt is under way: its TCP connection is made, and the broker cannot be heard.
    alice.find("connecting", |event| matches!(event, Event::Connecting).then_some(())).await;
    alice.publish(7, "meant for the lost connection").await;
    // The request is taken out of the channel before it is let through.
    let taken = async {
        while alice.requests.capacity() < alice.requests.max_capacity() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, taken).await.expect("it is taken in time");
    proxy.mend();
    alice.until_up().await;
    alice.publish(8, "meant for this one").await;
    assert_eq!(alice.published().await, (8, Outcome::Taken));
}

#[tokio::test]
async fn a_broker_that_hangs_up_at_once_is_not_hurried() {
    let world = World::built_in();
    let proxy = Proxy::start(world.port().await).await;
    let mut client = Client::start(proxy.address.port(), "unwelcome", mqtt::KEEP_ALIVE);
    let mut waits = Vec::new();
    for _ in 0..5 {
        client.until_up().await;
        proxy.cut();
        waits.push(client.until_down().await.1.expect("it tries again"));
        proxy.mend();
    }
    assert!(waits[4] > 4 * waits[0], "{waits:?}");
}
