//! What a hostile broker tries on sessions that run: on mosquitto as it comes, which lets everybody read
//! everything and publish what they like, where it is installed.

use std::collections::BTreeMap;

use cooee::domain::{ConversationId, Delivery, DeviceId, JoinPolicy};
use cooee::mqtt::Event;
use cooee::protocol::{Ciphertext, Envelope, decode_envelope, encode_envelope};

use super::support::{Key, key_in, look_alikes, with_key};
use crate::support::external::Make;
use crate::support::person::{Person, direct};
use crate::support::vandal::Vandal;
use crate::support::world::World;

/// Alice and Bob, who see each other, and somebody who reads what goes to either.
async fn overheard() -> Option<(World, Person, Person, Vandal)> {
    let world = World::on(Make::Mosquitto)?;
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&setup, "bob").await;
    alice.until("bob is there", |s| s.is_online("bob")).await;
    bob.until("alice is there", |s| s.is_online("alice")).await;
    let mut broker = Vandal::on(&world).await;
    broker.overhear("cooee/1/inbox/#").await;
    Some((world, alice, bob, broker))
}

type Sealed = BTreeMap<DeviceId, Ciphertext>;

/// Waits for what goes to somebody, and returns its topic and what is sealed in it.
async fn next_to(broker: &mut Vandal, to: &str) -> (String, Sealed) {
    let mut found = None;
    broker
        .until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            if !incoming.topic.starts_with(&format!("cooee/1/inbox/{to}/")) {
                return false;
            }
            let Ok(Envelope::Direct(sealed)) = decode_envelope(&incoming.payload) else { return false };
            found = Some((incoming.topic.clone(), sealed));
            true
        })
        .await;
    found.unwrap()
}

/// The kind of what is sealed for the one device there is: 0 begins a session.
fn kind(sealed: &Sealed) -> u8 {
    sealed.values().next().expect("for one device").kind
}

/// SECRECY section 2, trap 1. Nothing is sealed with a session that the broker made up, not even the receipt
/// that says that its message came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_first_message_with_an_altered_base_key_ends_with_one_message_and_no_session() {
    let Some((_world, mut alice, mut bob, mut broker)) = overheard().await else { return };
    alice.say(&direct("bob"), "hello").await;
    let (topic, first) = next_to(&mut broker, "bob").await;
    assert_eq!(kind(&first), 0);
    bob.until_heard(&direct("alice"), &["hello".into()]).await;
    bob.say(&direct("alice"), "hello to you").await;
    alice.until_heard(&direct("bob"), &["hello to you".into()]).await;
    // The ratchet turns, so what is sealed from the beginning of the session is not understood any more.
    alice.say(&direct("bob"), "how are you").await;
    bob.until_all(1, Delivery::Delivered).await;
    alice.until_all(2, Delivery::Delivered).await;
    bob.say(&direct("alice"), "fine").await;
    alice.until_heard(&direct("bob"), &["hello to you".into(), "fine".into()]).await;
    let mut forged = Vec::new();
    for variant in 0..4 {
        let altered = |(device, sealed): (&DeviceId, &Ciphertext)| {
            let base = look_alikes(&key_in(sealed, Key::Base))[variant];
            (*device, with_key(sealed, Key::Base, &base))
        };
        let payload = encode_envelope(&Envelope::Direct(first.iter().map(altered).collect()));
        broker.publish(&topic, payload.clone(), false).await;
        forged.push(payload);
    }
    bob.say(&direct("alice"), "and you").await;
    let told = ["hello to you".into(), "fine".into(), "and you".into()];
    alice.until_heard(&direct("bob"), &told).await;
    alice.say(&direct("bob"), "fine too").await;
    let all = ["hello".into(), "how are you".into(), "fine too".into()];
    bob.until_heard(&direct("alice"), &all).await;
    // A long one, which is known by its length, is the last that is looked at.
    bob.say(&direct("alice"), &"x".repeat(3_000)).await;
    let (mut from_alice, mut ended) = (0, false);
    broker
        .until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            ended |= incoming.payload.len() > 3_000;
            if incoming.topic == topic
                && !forged.iter().any(|payload| incoming.payload == *payload)
                && let Ok(Envelope::Direct(sealed)) = decode_envelope(&incoming.payload)
            {
                // She found nothing that she could not open, and began no session to mend one.
                assert_eq!(kind(&sealed), 1, "Alice was led to begin another session");
                from_alice += 1;
            }
            ended
        })
        .await;
    assert!(from_alice > 0);
}

/// What Alice said to Bob is published as Carol's, and as said to Carol.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_across_chats_and_senders_is_refused() {
    let Some((world, mut alice, mut bob, mut broker)) = overheard().await else { return };
    let mut carol = Person::new(&world.setup(), "carol").await;
    carol.until("alice is there", |s| s.is_online("alice")).await;
    bob.until("carol is there", |s| s.is_online("carol")).await;
    alice.say(&direct("bob"), "for bob alone").await;
    let (topic, sealed) = next_to(&mut broker, "bob").await;
    let alices = topic.rsplit('/').next().unwrap().to_owned();
    carol.say(&direct("bob"), "carol here").await;
    let (topic_of_carol, _) = next_to(&mut broker, "bob").await;
    let payload = encode_envelope(&Envelope::Direct(sealed));
    let places = [
        topic_of_carol.clone(),
        format!("cooee/1/inbox/bob/carol/{alices}"),
        format!("cooee/1/inbox/carol/alice/{alices}"),
        format!("cooee/1/inbox/alice/{}", topic_of_carol.rsplit("bob/").next().unwrap()),
    ];
    for place in &places {
        broker.publish(place, payload.clone(), false).await;
    }
    carol.say(&direct("bob"), "the last word").await;
    bob.until("it came", |s| s.heard(&direct("carol")).contains(&"the last word")).await;
    assert_eq!(bob.screen.heard(&direct("carol")), ["carol here", "the last word"]);
    assert_eq!(bob.screen.heard(&direct("alice")), ["for bob alone"]);
    alice.say(&direct("carol"), "for carol").await;
    carol.until("it came", |s| !s.heard(&direct("alice")).is_empty()).await;
    assert_eq!(carol.screen.heard(&direct("alice")), ["for carol"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_message_inside_an_encrypted_chat_is_refused() {
    let Some((_world, mut alice, mut bob, mut broker)) = overheard().await else { return };
    alice.say(&direct("bob"), "sealed").await;
    let (topic, _) = next_to(&mut broker, "bob").await;
    let plain = [
        r#"{"v":1,"t":"plain","id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":5,"text":"plain"}"#,
        r#"{"v":1,"t":"clear","m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":5,"ty":"text","b":{"text":"plain"}}}"#,
        "plain",
    ];
    for plain in plain {
        broker.publish(&topic, plain, false).await;
    }
    alice.say(&direct("bob"), "sealed too").await;
    bob.until_heard(&direct("alice"), &["sealed".into(), "sealed too".into()]).await;
}

/// A message of one group is published in another group of the same people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_in_one_group_is_not_said_in_another() {
    let Some((_world, mut alice, mut bob, mut broker)) = overheard().await else { return };
    let here = alice.create("here", JoinPolicy::Open).await;
    let there = alice.create("there", JoinPolicy::Open).await;
    for group in [here, there] {
        bob.until("it is listed", |s| s.groups.contains_key(&group)).await;
        bob.join(group).await.unwrap();
        alice.until("bob is in", |s| s.members(group).contains(&"bob".to_owned())).await;
    }
    broker.overhear("cooee/1/group/#").await;
    alice.say(&ConversationId::Group(here), "yes").await;
    let mut heard = None;
    broker
        .until(|event| {
            let Event::Incoming(incoming) = event else { return false };
            let is_it = incoming.topic.starts_with(&format!("cooee/1/group/{here}/alice/"));
            if is_it {
                heard = Some((incoming.topic.clone(), incoming.payload.to_vec()));
            }
            is_it
        })
        .await;
    let (topic, payload) = heard.unwrap();
    bob.until("it came", |s| s.heard(&ConversationId::Group(here)).contains(&"yes")).await;
    let elsewhere = topic.replace(&here.to_string(), &there.to_string());
    broker.publish(&elsewhere, payload.clone(), false).await;
    let Ok(Envelope::Group { session, bytes, .. }) = decode_envelope(&payload) else { panic!() };
    let renamed = encode_envelope(&Envelope::Group { group: there, session, bytes });
    broker.publish(&elsewhere, renamed, false).await;
    alice.say(&ConversationId::Group(there), "no").await;
    bob.until("it came", |s| s.heard(&ConversationId::Group(there)).contains(&"no")).await;
    assert_eq!(bob.screen.heard(&ConversationId::Group(there)), ["no"]);
}

/// The first delivery is lost with all that the broker had; what goes again is what went before, byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_encrypted_a_second_time_on_retry() {
    let Some(mut world) = World::on(Make::Mosquitto) else { return };
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let bob = Person::new(&setup, "bob").await;
    alice.until("bob is there", |s| s.is_online("bob")).await;
    bob.quit().await;
    alice.until("bob is away", |s| !s.is_online("bob")).await;
    let mut broker = Vandal::on(&world).await;
    broker.overhear("cooee/1/inbox/bob/#").await;
    alice.say(&direct("bob"), "hello").await;
    let (_, before) = next_to(&mut broker, "bob").await;
    alice.until_sent(1).await;
    drop(broker);
    world.kill_broker();
    world.wipe_broker().await;
    world.revive_broker();
    alice.until("the link broke", |s| s.link != Some(cooee::engine::Link::Up)).await;
    alice.until_up().await;
    let mut broker = Vandal::on(&world).await;
    broker.overhear("cooee/1/inbox/bob/#").await;
    let mut bob = Person::sign_in(&setup, "bob").await;
    let (_, again) = next_to(&mut broker, "bob").await;
    assert_eq!(again, before);
    bob.until_heard(&direct("alice"), &["hello".into()]).await;
}
