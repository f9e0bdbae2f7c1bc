//! Messages that disappear, where somebody means ill, is away, or has a clock that is wrong.

use std::time::Duration;

use cooee::domain::{Alteration, Delivery, Lifetime, MessageId, MessageText, Reaction, Timestamp};
use cooee::engine::Command;

use super::lifetimes::{HOUR, a_day, nudge, said, set, texts};
use super::on_every_broker;
use crate::support::clock::{DAY, Wrong, YEAR};
use crate::support::person::{Person, direct, name, text};
use crate::support::vandal::{Stranger, letter};
use crate::support::world::World;

async fn said_once(person: &mut Person, words: &str) -> MessageId {
    person.until("it is stored", |s| s.stored.iter().any(|m| text(m) == Some(words))).await;
    said(person, words)
}

fn edit(words: &str) -> Alteration {
    Alteration::Edit(MessageText::new(words).unwrap())
}

on_every_broker! {
    async fn what_is_done_with_a_message_that_stays_waits_for_whoever_is_away(world) {
        let (of_alice, of_bob) = (Wrong::default(), Wrong::default());
        let setup = of_bob.setup(&world);
        let mut alice = Person::new(&of_alice.setup(&world), "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&direct("bob"), "an old secret").await;
        bob.until_heard(&direct("alice"), &["an old secret".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        set(&mut alice, &direct("bob"), Some(Lifetime::LEAST), 1).await.unwrap();
        bob.until("he is told", |s| !s.lifetimes.is_empty()).await;
        alice.until_outbox_holds(0).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        let id = said_once(&mut alice, "an old secret").await;
        alice.alter(id, Alteration::Delete).await.unwrap();
        for clock in [&of_alice, &of_bob] {
            clock.put(2 * HOUR);
        }
        nudge(&mut alice).await;
        assert_eq!(alice.outbox(Command::Outbox).await.1, 1, "it waits");
        let mut bob = Person::sign_in(&setup, "bob").await;
        alice.until_outbox_holds(0).await;
        assert_eq!(texts(&mut bob, &direct("alice")).await, [""; 0]);
    }

    async fn nothing_of_a_message_that_is_over_goes_out_any_more(world) {
        let clock = Wrong::default();
        let mut alice = Person::new(&clock.setup(&world), "alice").await;
        let bob = Person::new(&world.setup(), "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        set(&mut alice, &direct("bob"), a_day(), 1).await.unwrap();
        alice.until_outbox_holds(0).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        alice.say(&direct("bob"), "harpsichord").await;
        let id = said_once(&mut alice, "harpsichord").await;
        clock.put(HOUR);
        alice.alter(id, edit("theremin")).await.unwrap();
        alice.alter(id, edit("zither")).await.unwrap();
        alice.alter(id, Alteration::React(Some(Reaction::new("👍").unwrap()))).await.unwrap();
        assert_eq!(alice.outbox(Command::Outbox).await.1, 4);
        clock.put(DAY + 1_000);
        nudge(&mut alice).await;
        alice.until("it is gone", |s| s.gone == [id]).await;
        assert_eq!(alice.outbox(Command::Outbox).await.1, 0);
    }

    async fn whose_clock_is_ahead_decides_nothing_for_good(world) {
        let ahead = Wrong::default();
        ahead.put(120_000);
        let mut alice = Person::new(&world.setup(), "alice").await;
        let mut bob = Person::new(&ahead.setup(&world), "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&direct("bob"), "the plan").await;
        bob.until_heard(&direct("alice"), &["the plan".into()]).await;
        let id = said_once(&mut alice, "the plan").await;
        set(&mut bob, &direct("alice"), a_day(), 1).await.unwrap();
        bob.alter(id, Alteration::Pin(true)).await.unwrap();
        alice.until("she is told", |s| !s.lifetimes.is_empty()).await;
        alice.until("it is pinned", |s| s.stored.iter().any(|m| m.marks.pinned)).await;

        set(&mut alice, &direct("bob"), None, 2).await.unwrap();
        alice.alter(id, Alteration::Pin(false)).await.unwrap();
        for person in [&mut alice, &mut bob] {
            person.until("it stays from now on", |s| s.lifetimes.is_empty()).await;
            person.until("it is not pinned", |s| s.stored.iter().all(|m| !m.marks.pinned)).await;
        }
    }

    async fn a_time_in_the_far_future_decides_nothing_for_good(world) {
        let mut alice = Person::new(&world.setup(), "alice").await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        let body = r#""ty":"disappear","b":{"life":3600}"#;
        let never = Timestamp::from_millis(i64::MAX).as_millis().to_string();
        let future = letter(0xff, body).replace("1732281660123", &never).replace("01935372", "ffffffff");
        assert!(future.contains(&never) && future.contains("ffffffff"));
        eve.say("alice", &future).await;
        alice.until("she is told", |s| !s.lifetimes.is_empty()).await;
        set(&mut alice, &direct("eve"), None, 1).await.unwrap();
        alice.until("it stays from now on", |s| s.lifetimes.is_empty()).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_not_set_yet_takes_nothing_away() {
    let world = World::built_in();
    let clock = Wrong::default();
    let setup = clock.setup(&world);
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&world.setup(), "bob").await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    set(&mut alice, &direct("bob"), a_day(), 1).await.unwrap();
    bob.until("he is told", |s| !s.lifetimes.is_empty()).await;
    bob.say(&direct("alice"), "harpsichord").await;
    alice.until_heard(&direct("bob"), &["harpsichord".into()]).await;
    alice.quit().await;
    clock.put(-50 * YEAR);
    tokio::time::timeout(Duration::from_secs(60), Person::sign_in(&setup, "alice").await.quit())
        .await
        .unwrap();
    clock.put(0);
    let mut alice = Person::sign_in(&setup, "alice").await;
    nudge(&mut alice).await;
    assert_eq!(texts(&mut alice, &direct("bob")).await, ["harpsichord"]);
}
