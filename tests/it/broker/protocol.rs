//! The cases of the protocol that Cooee is built upon.

use rumqttc::v5::mqttbytes::v5::RetainForwardRule;

use super::*;

#[tokio::test]
async fn a_publish_at_qos_1_is_answered_and_waits_for_who_is_away() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    // MQTT would let it say `NoMatchingSubscribers`; this broker never does.
    assert_eq!(alice.publish("t/bob", "nobody").await, PubAckReason::Success);
    assert_eq!(alice.retain("t/kept", "nobody", None).await, PubAckReason::Success);
    assert_eq!(alice.publish("$SYS/x", "not ours").await, PubAckReason::NotAuthorized);
    let large = "x".repeat(broker::limits::RETAINED_SIZE + 1);
    assert_eq!(alice.retain("t/kept", &large, None).await, PubAckReason::QuotaExceeded);

    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("t/bob").await;
    assert_eq!(alice.publish("t/bob", "one").await, PubAckReason::Success);
    let message = bob.message().await;
    // So on this broker a client id is no secret.
    let sender = ("x-mqtt-client-id".to_owned(), "alice".to_owned());
    assert_eq!(message.properties.as_ref().unwrap().user_properties, [sender]);
    assert_eq!((text(&message).as_str(), message.qos, message.retain), ("one", QoS::AtLeastOnce, false));

    bob.cut();
    assert_eq!(alice.publish("t/bob", "away").await, PubAckReason::Success, "it is queued");
    let mut bob = Connect::new(address, "bob").open().await;
    assert!(bob.connack.session_present);
    assert_eq!(bob.text().await, "away");
}

#[tokio::test]
async fn a_will_waits_for_its_delay_and_a_return_calls_it_off() {
    let house = House::new();
    let address = house.broker().await;
    let mut watcher = Connect::new(address, "watcher").open().await;
    watcher.subscribe("will/+").await;

    let late = || Connect::new(address, "late").will("will/late", "late", 2);
    let back = || Connect::new(address, "back").will("will/back", "back", 1);
    let at_once = Connect::new(address, "at-once").will("will/at-once", "at once", 0).open().await;
    let started = std::time::Instant::now();
    late().open().await.cut();
    back().open().await.cut();
    let returned = back().open().await;
    at_once.cut();
    assert_eq!(watcher.text().await, "at once");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // `late` shows that the time of `back` is over.
    assert_eq!(watcher.text().await, "late");
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());

    // Goodbye calls it off for good.
    returned.disconnect().await;
    late().open().await.cut();
    assert_eq!(watcher.text().await, "late");
}

#[tokio::test]
async fn a_session_that_is_over_publishes_its_will_at_once() {
    let house = House::new();
    let address = house.broker().await;
    let mut watcher = Connect::new(address, "watcher").open().await;
    watcher.subscribe("will/+").await;
    let started = std::time::Instant::now();
    Connect::new(address, "brief").expiry(0).will("will/brief", "brief", 60).open().await.cut();
    assert_eq!(watcher.text().await, "brief");
    Connect::new(address, "short").expiry(1).will("will/short", "short", 60).open().await.cut();
    assert_eq!(watcher.text().await, "short");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_second_connection_of_one_client_ends_the_first() {
    let house = House::new();
    let address = house.broker().await;
    let mut watcher = Connect::new(address, "watcher").open().await;
    watcher.subscribe("will/+").await;
    let first = Connect::new(address, "twice").will("will/first", "first", 1).open().await;
    let second = Connect::new(address, "twice").will("will/second", "second", 1).open().await;
    first.lost().await;
    second.cut();
    assert_eq!(watcher.text().await, "second");
}

#[tokio::test]
async fn retained_messages_say_that_they_are_and_come_as_asked() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    alice.retain("kept/a", "old", None).await;
    alice.retain("kept/a", "new", None).await;

    let mut bob = Connect::new(address, "bob").open().await;
    let every = || Filter::new("kept/+", QoS::AtLeastOnce);
    let new_only = || Filter { retain_forward_rule: RetainForwardRule::OnNewSubscribe, ..every() };
    bob.subscribe_as(new_only()).await;
    let message = bob.message().await;
    assert_eq!((text(&message).as_str(), message.retain), ("new", true));
    // Again: not new, so nothing comes before what is published next.
    bob.subscribe_as(new_only()).await;
    alice.retain("kept/a", "live", None).await;
    let message = bob.message().await;
    assert_eq!((text(&message).as_str(), message.retain), ("live", false));
    bob.subscribe_as(Filter { preserve_retain: true, ..every() }).await;
    assert_eq!(bob.text().await, "live");
    alice.retain("kept/a", "as published", None).await;
    assert!(bob.message().await.retain);
    // Resuming the session is no new subscription either.
    bob.cut();
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe_as(new_only()).await;
    alice.retain("kept/a", "", None).await;
    assert_eq!(bob.text().await, "");

    let mut carol = Connect::new(address, "carol").open().await;
    carol.subscribe("kept/+").await;
    alice.publish("kept/b", "nothing was kept").await;
    assert_eq!(carol.text().await, "nothing was kept");
}

#[tokio::test]
async fn a_retained_message_counts_down_and_ends() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    alice.retain("kept/long", "long", Some(100)).await;
    alice.retain("kept/short", "short", Some(1)).await;
    two_seconds(address).await;
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("kept/+").await;
    let message = bob.message().await;
    assert_eq!(text(&message), "long");
    assert!((90..=98).contains(&time_left(&message).unwrap()), "{message:?}");
    alice.publish("kept/end", "end").await;
    assert_eq!(bob.text().await, "end", "the short one is gone");
}

#[tokio::test]
async fn a_queued_message_counts_down_and_ends() {
    let house = House::new();
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("in/bob").await;
    bob.cut();
    let mut alice = Connect::new(address, "alice").open().await;
    alice.publish_with("in/bob", "short", false, Some(1)).await;
    alice.publish_with("in/bob", "long", false, Some(100)).await;
    two_seconds(address).await;
    let mut bob = Connect::new(address, "bob").open().await;
    let message = bob.message().await;
    assert_eq!(text(&message), "long", "the short one is gone");
    assert!((90..=98).contains(&time_left(&message).unwrap()), "{message:?}");
}

#[tokio::test]
async fn nobody_hears_himself_who_does_not_want_to() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    alice.subscribe_as(Filter { nolocal: true, ..Filter::new("talk/+", QoS::AtLeastOnce) }).await;
    let mut bob = Connect::new(address, "bob").open().await;
    alice.publish("talk/a", "mine").await;
    bob.publish("talk/a", "his").await;
    assert_eq!(alice.text().await, "his");
}

#[tokio::test]
async fn a_session_lasts_as_long_as_was_agreed() {
    let house = House::new();
    let address = house.broker().await;
    Connect::new(address, "long").open().await.cut();
    Connect::new(address, "brief").expiry(1).open().await.cut();
    Connect::new(address, "none").expiry(0).open().await.cut();
    two_seconds(address).await;
    let present = async |connect: Connect| connect.open().await.connack.session_present;
    assert!(present(Connect::new(address, "long")).await);
    assert!(!present(Connect::new(address, "brief")).await);
    assert!(!present(Connect::new(address, "none")).await);
    assert!(!present(Connect::new(address, "long").clean()).await, "clean start");
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_first() {
    let house = House::new();
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("in/bob").await;
    let mut alice = Connect::new(address, "alice").open().await;
    for text in ["one", "two", "three"] {
        alice.publish("in/bob", text).await;
    }
    assert_eq!(bob.text().await, "one");
    assert_eq!(text(&bob.unacknowledged().await), "two");
    // Once this is answered, the acknowledgement of "one" has arrived too.
    bob.publish("elsewhere", "").await;
    bob.cut();
    alice.publish("in/bob", "four").await;
    let mut bob = Connect::new(address, "bob").open().await;
    let again = bob.message().await;
    assert_eq!((text(&again).as_str(), again.dup), ("two", true));
    assert_eq!(bob.text().await, "three");
    assert_eq!(bob.text().await, "four");
}

/// What is left of the message's time, in seconds.
fn time_left(message: &Publish) -> Option<u32> {
    message.properties.as_ref()?.message_expiry_interval
}

/// Returns when two seconds have passed for the broker.
async fn two_seconds(address: SocketAddr) {
    let mut watcher = Connect::new(address, "two-seconds").clean().open().await;
    watcher.subscribe("clock").await;
    Connect::new(address, "clock").will("clock", "2", 2).open().await.cut();
    while watcher.text().await != "2" {}
}
