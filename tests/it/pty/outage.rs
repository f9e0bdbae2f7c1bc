//! Programs that are killed.

use std::fs;
use std::time::{Duration, Instant};

use cooee::mqtt::WILL_DELAY;

use super::*;

/// What a loaded machine may add to a bound.
const SLACK: Duration = Duration::from_secs(5);

#[test]
fn who_is_killed_is_gone_within_the_will_delay() {
    let world = World::built_in();
    let (alice, mut bob) = alice_and_bob(&world);
    let online = world.data_dir().join("Online.csv");
    let has_row = || fs::read_to_string(&online).unwrap().lines().any(|line| line.starts_with("bob,"));
    let told = Instant::now();
    while !has_row() {
        assert!(told.elapsed() < SLACK, "there is no row of somebody who is connected");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let killed_at = Instant::now();
    bob.kill();
    alice.until_says(&["bob ○", "○ bob", "Online 0"]);
    let took = killed_at.elapsed();
    assert!(took < WILL_DELAY + SLACK, "{took:?}");
    while has_row() {
        assert!(killed_at.elapsed() < WILL_DELAY + SLACK, "the row is still there");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    // The account is free again.
    sign_in(Launch::new(world.data_dir()), "bob").until_says(&["● alice"]);
}

#[test]
fn what_is_typed_while_the_broker_is_dead_arrives_once_in_order() {
    let mut world = World::built_in();
    // By its address the broker is another's: nobody here starts it again.
    let broker = format!("mqtt://127.0.0.1:{}", port(&world));
    let person = |user: &str| {
        sign_up(&world, user);
        sign_in(Launch::new(world.data_dir()).env("COOEE_BROKER", &broker), user)
    };
    let (mut alice, mut bob) = (person("alice"), person("bob"));
    bob.until_says(&["● alice"]);
    open_chat(&mut bob, "alice");
    open_chat(&mut alice, "bob");
    alice.press("before\r");
    bob.until_says(&["before"]);

    world.kill_broker();
    for terminal in [&alice, &bob] {
        terminal.until("the header says so", |screen| {
            let header = screen.rows(0, 80).next().unwrap();
            header.contains("○") && header.contains("offline") && !header.contains("connected")
        });
    }
    for n in 1..=3 {
        // Several lines that are read at once would be taken for a paste.
        alice.press(&format!("from alice {n}\r"));
        alice.until_says(&[&format!("from alice {n}"), "Write to bob"]);
        bob.press(&format!("from bob {n}\r"));
        bob.until_says(&[&format!("from bob {n}"), "Write to alice"]);
    }
    let (theirs, ours) =
        (["from bob 1", "from bob 2", "from bob 3"], ["from alice 1", "from alice 2", "from alice 3"]);
    alice.until("all are queued", |screen| screen.contents().matches("◷ queued").count() == 3);
    assert_eq!(port(&world), broker.rsplit(':').next().unwrap().parse::<u16>().unwrap());
    for (terminal, theirs, ours) in [(&alice, theirs, ours), (&bob, ours, theirs)] {
        terminal.until("all is there, once, in order", |screen| {
            let contents = screen.contents();
            once_in_order(&contents, &theirs)
                && once_in_order(&contents, &ours)
                && contents.contains("connected")
                && !contents.contains("queued")
        });
    }
}

#[test]
fn a_broker_of_our_own_that_dies_is_started_again() {
    let mut world = World::built_in();
    let (mut alice, mut bob) = alice_and_bob(&world);
    let before = (alice.headers().len(), bob.headers().len());
    world.kill_broker();
    alice.press("are you there?\r");
    bob.press("still here\r");
    alice.until_says(&["still here"]);
    bob.until_says(&["are you there?"]);
    for (terminal, before) in [(&alice, before.0), (&bob, before.1)] {
        let told = || terminal.headers()[before..].iter().any(|header| header.contains("offline"));
        assert!(told(), "{:?}", terminal.headers());
        terminal.until_says(&["connected", "● online"]);
        let words = ["are you there?", "still here"];
        assert!(words.iter().all(|word| terminal.contents().matches(word).count() == 1));
    }
}
