//! What survives a stop, and what survives kill -9.

use super::*;
use crate::support::CREDENTIAL;

/// Waits until so many messages for Bob are on the disk: they are written behind.
async fn settled(house: &House, files: usize) {
    let queue = house.path().join("broker/state/queues/bob");
    until("the queue is on the disk", || {
        std::fs::read_dir(&queue).is_ok_and(|entries| {
            entries.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "json")).count()
                == files
        })
    })
    .await;
}

/// Alice has said something retained and 500 things to Bob, who was away.
async fn fill(house: &House) -> SocketAddr {
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("in/bob").await;
    bob.cut();
    let mut alice = Connect::new(address, "alice").open().await;
    alice.retain("kept/a", "kept", None).await;
    for n in 0..500 {
        alice.publish("in/bob", &format!("{n}")).await;
    }
    address
}

/// All of that is there.
async fn check(address: SocketAddr) {
    let mut bob = Connect::new(address, "bob").open().await;
    assert!(bob.connack.session_present);
    for n in 0..500 {
        assert_eq!(bob.text().await, format!("{n}"));
    }
    let mut carol = Connect::new(address, "carol").open().await;
    carol.subscribe("kept/+").await;
    assert_eq!(carol.text().await, "kept");
    // Nothing twice: the next message is this one.
    carol.publish("in/bob", "new").await;
    assert_eq!(bob.text().await, "new");
}

#[tokio::test]
async fn a_stop_loses_nothing_and_the_port_stays() {
    let house = House::new();
    let address = fill(&house).await;
    broker::stop(house.path()).unwrap();
    assert_eq!(house.broker().await, address);
    check(address).await;
}

#[tokio::test]
async fn kill_9_loses_nothing_that_was_on_the_disk_and_the_port_stays() {
    let house = House::new();
    let address = fill(&house).await;
    settled(&house, 500).await;
    house.kill().await;
    assert_eq!(house.broker().await, address);
    check(address).await;
}

#[tokio::test]
async fn a_stop_keeps_what_was_on_its_way() {
    let house = House::new();
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").open().await;
    bob.subscribe("in/bob").await;
    let mut alice = Connect::new(address, "alice").open().await;
    for n in 0..50 {
        alice.publish("in/bob", &format!("{n}")).await;
    }
    // Bob has them, and has acknowledged none.
    for n in 0..20 {
        assert_eq!(text(&bob.unacknowledged().await), format!("{n}"));
    }
    broker::stop(house.path()).unwrap();
    alice.lost().await;
    bob.lost().await;
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").open().await;
    for n in 0..50 {
        assert_eq!(bob.text().await, format!("{n}"));
    }
}

#[tokio::test]
async fn a_stop_publishes_wills_without_delay_and_a_kill_none() {
    let house = House::new();
    for (how, expected) in [("stop", "gone"), ("kill", "clock")] {
        let address = house.broker().await;
        let will =
            |id: &str, delay| Connect::new(address, id).will(&format!("will/{how}/{id}"), "gone", delay);
        let at_once = will("at-once", 0).open().await;
        let later = will("later", 1).open().await;
        match how {
            "stop" => drop(broker::stop(house.path()).unwrap()),
            _ => house.kill().await,
        }
        at_once.lost().await;
        later.lost().await;
        let address = house.broker().await;
        let mut watcher = Connect::new(address, "watcher").clean().open().await;
        watcher.subscribe(&format!("will/{how}/+")).await;
        let clock = Connect::new(address, "clock").will(&format!("will/{how}/clock"), "clock", 2);
        clock.open().await.cut();
        let mut heard = vec![watcher.text().await];
        while heard.last().unwrap() != "clock" {
            heard.push(watcher.text().await);
        }
        assert_eq!(heard[0], expected, "{heard:?}");
        assert!(heard.len() <= 2, "the one with a delay is never published: {heard:?}");
    }
}

#[tokio::test]
async fn a_retained_message_forgets_its_end_over_a_restart() {
    let house = House::new();
    let address = house.broker().await;
    let mut alice = Connect::new(address, "alice").open().await;
    alice.retain("kept/a", "kept", Some(2)).await;
    broker::stop(house.path()).unwrap();
    let address = house.broker().await;
    Connect::new(address, "clock").will("clock", "3", 3).open().await.cut();
    let mut watcher = Connect::new(address, "watcher").open().await;
    watcher.subscribe("clock").await;
    assert_eq!(watcher.text().await, "3");
    watcher.subscribe("kept/+").await;
    assert_eq!(watcher.text().await, "kept", "it should be gone: design for brokers like this one");
}

#[tokio::test]
async fn the_longest_topic_that_we_can_need_is_kept() {
    let house = House::new();
    let address = house.broker().await;
    // The longest root that the configuration permits, at its worst: each slash takes three characters
    // of a file name.
    let root = "a/".repeat(31) + "aa";
    let topic = format!("{root}/presence/{}/{}", "u".repeat(32), "0".repeat(16));
    let name = "u".repeat(32);
    let mut alice = Connect::new(address, "alice").login(&name, CREDENTIAL).open().await;
    assert_eq!(alice.retain(&topic, "kept", None).await, PubAckReason::Success);
    house.kill().await;
    let address = house.broker().await;
    let mut bob = Connect::new(address, "bob").login("bob", CREDENTIAL).open().await;
    bob.subscribe(&topic).await;
    assert_eq!(bob.text().await, "kept");
}
