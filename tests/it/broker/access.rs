//! Who may do what on the built-in broker.

use std::time::Instant;

use rumqttc::v5::ConnectionError;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, SubscribeReasonCode};

use super::*;
use crate::support::CREDENTIAL;

const OTHER: &str = "somebody else's credential, long enough too";
const DEVICE: &str = "0123456789abcdef";

impl Connect {
    /// How the broker refuses it.
    async fn refused(mut self) -> ConnectReturnCode {
        self.0.set_connect_properties(self.1);
        let (_client, mut events) = AsyncClient::new(self.0, 16);
        match tokio::time::timeout(DEADLINE, events.poll()).await.expect("an answer") {
            Err(ConnectionError::ConnectionRefused(code)) => code,
            other => panic!("{other:?}"),
        }
    }
}

impl Client {
    /// What the broker says to a subscription.
    async fn asks_to_read(&mut self, filter: &str) -> SubscribeReasonCode {
        self.client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        self.pick("SUBACK", |p| match p {
            Packet::SubAck(ack) => Some(ack.return_codes[0]),
            _ => None,
        })
        .await
    }
}

/// A connection with an account.
fn user(address: SocketAddr, name: &str, id: &str) -> Connect {
    Connect::new(address, id).login(name, CREDENTIAL)
}

fn profile(name: &str) -> String {
    format!("cooee/1/profile/{name}")
}

/// Somebody with a name that nobody can take away any more.
async fn owner(address: SocketAddr, name: &str, id: &str) -> Client {
    let mut owner = user(address, name, id).open().await;
    assert_eq!(owner.retain(&profile(name), name, None).await, PubAckReason::Success);
    owner
}

#[tokio::test]
async fn a_name_belongs_to_who_registered_it_also_after_a_restart() {
    let house = House::new();
    let address = house.broker().await;
    owner(address, "alice", "a").await.disconnect().await;
    let bad = ConnectReturnCode::BadUserNamePassword;
    for _ in 0..2 {
        assert_eq!(Connect::new(address, "e").login("alice", OTHER).refused().await, bad);
        assert_eq!(Connect::new(address, "e").login("Alice", CREDENTIAL).refused().await, bad);
        assert_eq!(Connect::new(address, "e").login("a/b", CREDENTIAL).refused().await, bad);
        user(address, "alice", "a").open().await.disconnect().await;
        house.kill().await;
        assert_eq!(house.broker().await, address);
    }
    let file = std::fs::read_to_string(house.path().join("broker/accounts.json")).unwrap();
    assert!(file.contains("alice") && !file.contains(CREDENTIAL), "{file}");
}

#[tokio::test]
async fn a_sign_up_that_failed_half_way_loses_the_name_for_nobody() {
    let house = House::new();
    let address = house.broker().await;
    let mut first = user(address, "bob", "first").open().await;
    first.subscribe("cooee/1/inbox/bob/+/+").await;
    // While it goes on, nobody takes the name away.
    let taken = Connect::new(address, "second").login("bob", OTHER).refused().await;
    assert_eq!(taken, ConnectReturnCode::BadUserNamePassword);
    first.cut();
    let mut alice = owner(address, "alice", "a").await;
    assert_eq!(alice.publish(&inbox("bob", "alice"), "for the first").await, PubAckReason::Success);

    // The first never published a profile: whoever comes now gets the name, and none of what waits.
    let deadline = Instant::now() + DEADLINE;
    let mut second = loop {
        let mut connect = Connect::new(address, "second").login("bob", OTHER);
        connect.0.set_connect_properties(connect.1.clone());
        let (client, mut events) = AsyncClient::new(connect.0, 16);
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(connack))) => {
                break Client { client, events, connack, waiting: VecDeque::new() };
            }
            // The broker has not yet noticed that the first is gone.
            _ => assert!(Instant::now() < deadline, "the name is lost"),
        }
    };
    second.subscribe("cooee/1/inbox/bob/+/+").await;
    let stolen = Connect::new(address, "first").login("bob", OTHER).refused().await;
    assert_eq!(stolen, ConnectReturnCode::ClientIdentifierNotValid);
    let stolen = Connect::new(address, "first").login("bob", OTHER).clean().refused().await;
    assert_eq!(stolen, ConnectReturnCode::ClientIdentifierNotValid);
    assert_eq!(second.retain(&profile("bob"), "bob", None).await, PubAckReason::Success);
    assert_eq!(alice.publish(&inbox("bob", "alice"), "for the second").await, PubAckReason::Success);
    assert_eq!(second.text().await, "for the second");
    let late = user(address, "bob", "first").refused().await;
    assert_eq!(late, ConnectReturnCode::BadUserNamePassword, "the first came too late");
}

fn inbox(to: &str, from: &str) -> String {
    format!("cooee/1/inbox/{to}/{from}/{DEVICE}")
}

#[tokio::test]
async fn nobody_writes_as_another_or_reads_what_is_for_another() {
    let house = House::new();
    let address = house.broker().await;
    let _alice = owner(address, "alice", "a").await;
    let mut eve = owner(address, "eve", "e").await;
    for topic in [
        inbox("bob", "alice"),
        profile("alice"),
        format!("cooee/1/presence/alice/{DEVICE}"),
        format!("cooee/1/keys/alice/{DEVICE}"),
        format!("cooee/1/group/{}/alice/{DEVICE}", "0".repeat(32)),
        format!("cooee/1/live/@bob/alice/{DEVICE}"),
        "cooee/1/open/lobby/alice".to_owned(),
        "cooee/1/other".to_owned(),
        "$SYS/x".to_owned(),
    ] {
        assert_eq!(eve.publish(&topic, "as alice").await, PubAckReason::NotAuthorized, "{topic}");
    }
    for filter in [
        "cooee/1/inbox/alice/+/+",
        "cooee/1/inbox/+/+/+",
        "cooee/1/group/+/+/+",
        "cooee/1/live/@alice/+/+",
        "cooee/1/#",
        "#",
        "+/+/profile/+",
        "$SYS/#",
        "$share/g/cooee/1/profile/+",
    ] {
        let said = eve.asks_to_read(filter).await;
        // The library refuses shared subscriptions in words of its own.
        let refused = matches!(
            said,
            SubscribeReasonCode::NotAuthorized | SubscribeReasonCode::SharedSubscriptionsNotSupported
        );
        assert!(refused, "{filter}: {said:?}");
    }
    for filter in ["cooee/1/profile/+", "cooee/1/presence/+/+", "cooee/1/keys/+/+", "cooee/1/open/+/+"] {
        let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
        assert_eq!(eve.asks_to_read(filter).await, granted, "{filter}");
    }
    assert_eq!(eve.publish("cooee/1/open/lobby/eve", "hello").await, PubAckReason::Success);
    assert_eq!(eve.publish(&inbox("alice", "eve"), "hello").await, PubAckReason::Success);

    let mut guest = Connect::new(address, "guest").open().await;
    assert_eq!(guest.publish(&profile("guest"), "x").await, PubAckReason::NotAuthorized);
    assert_eq!(guest.publish("anything", "x").await, PubAckReason::Success, "as `cooee doctor` does");
    assert_eq!(guest.asks_to_read("cooee/1/profile/+").await, SubscribeReasonCode::NotAuthorized);
}

#[tokio::test]
async fn nobody_takes_the_client_id_of_another_over() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = owner(address, "alice", "hers").await;
    alice.subscribe("cooee/1/inbox/alice/+/+").await;
    let bad = ConnectReturnCode::ClientIdentifierNotValid;
    for thief in [
        user(address, "eve", "hers"),
        user(address, "eve", "hers").clean(),
        user(address, "eve", "hers").expiry(0).clean(),
        Connect::new(address, "hers"),
        Connect::new(address, "hers").clean(),
    ] {
        assert_eq!(thief.refused().await, bad);
    }
    let mut eve = owner(address, "eve", "e").await;
    assert_eq!(eve.publish(&inbox("alice", "eve"), "one").await, PubAckReason::Success);
    assert_eq!(alice.text().await, "one", "her connection holds");
    // While she is away, over a restart, and after it.
    alice.cut();
    assert_eq!(eve.publish(&inbox("alice", "eve"), "two").await, PubAckReason::Success);
    assert_eq!(user(address, "eve", "hers").clean().refused().await, bad);
    broker::stop(house.path()).unwrap();
    let address = house.broker().await;
    assert_eq!(user(address, "eve", "hers").clean().refused().await, bad);
    let mut alice = user(address, "alice", "hers").open().await;
    assert!(alice.connack.session_present);
    assert_eq!(alice.text().await, "two");
}

#[tokio::test]
async fn a_will_is_checked_at_the_login() {
    let house = House::new();
    let address = house.broker().await;
    let _alice = owner(address, "alice", "a").await;
    let hers = format!("cooee/1/presence/alice/{DEVICE}");
    let refused = user(address, "eve", "e").will(&hers, "gone", 0).refused().await;
    assert_eq!(refused, ConnectReturnCode::NotAuthorized);
    let refused = user(address, "eve", "e").will("$SYS/x", "gone", 0).refused().await;
    assert_eq!(refused, ConnectReturnCode::NotAuthorized);
    let own = format!("cooee/1/presence/eve/{DEVICE}");
    user(address, "eve", "e").will(&own, "gone", 0).open().await.cut();
    let mut watcher = user(address, "alice", "watcher").open().await;
    watcher.subscribe("cooee/1/presence/+/+").await;
    assert_eq!(watcher.text().await, "gone");
}

#[tokio::test]
async fn who_comes_with_many_connections_at_once_gets_no_more_than_others() {
    let house = House::new();
    let address = house.broker().await;
    let _alice = owner(address, "alice", "a").await;
    let all = (0..2 * broker::limits::CONNECTIONS_OF_ONE).map(|n| {
        let mut connect = user(address, "alice", &format!("a{n}"));
        connect.0.set_connect_properties(connect.1);
        tokio::spawn(async move {
            let (_client, mut events) = AsyncClient::new(connect.0, 16);
            let answer = tokio::time::timeout(DEADLINE, events.poll()).await.expect("an answer");
            // Those who were let in stay until all have their answer.
            (answer.map_err(|e| e.to_string()), events)
        })
    });
    let (mut let_in, mut stay) = (0, Vec::new());
    for one in all.collect::<Vec<_>>() {
        let (answer, events) = one.await.unwrap();
        match answer {
            Ok(Event::Incoming(Packet::ConnAck(_))) => let_in += 1,
            Err(refused) => assert!(refused.contains("QuotaExceeded"), "{refused}"),
            other => panic!("{other:?}"),
        }
        stay.push(events);
    }
    assert_eq!(let_in + 1, broker::limits::CONNECTIONS_OF_ONE);
}

#[tokio::test]
async fn one_account_has_so_many_connections_and_a_burst_passes() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = owner(address, "alice", "a").await;
    let mut others = Vec::new();
    for n in 1..broker::limits::CONNECTIONS_OF_ONE {
        others.push(user(address, "alice", &format!("a{n}")).open().await);
    }
    let refused = user(address, "alice", "one-too-many").refused().await;
    assert_eq!(refused, ConnectReturnCode::QuotaExceeded);
    let mut bob = owner(address, "bob", "b").await;
    drop(others);

    // A backlog of 10,000 letters, at the speed of the broker.
    let topic = inbox("bob", "alice");
    let (client, sent) = (alice.client.clone(), 10_000);
    let sending = tokio::spawn(async move {
        for _ in 0..sent {
            client.publish(&topic, QoS::AtLeastOnce, false, "letter").await.unwrap();
        }
    });
    for _ in 0..sent {
        let reason = alice
            .pick("PUBACK", |p| match p {
                Packet::PubAck(ack) => Some(ack.reason),
                _ => None,
            })
            .await;
        assert_eq!(reason, PubAckReason::Success);
    }
    sending.await.unwrap();
    assert_eq!(bob.publish(&inbox("alice", "bob"), "and bob goes on").await, PubAckReason::Success);
}
