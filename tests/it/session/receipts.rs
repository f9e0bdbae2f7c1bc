//! Ticks that tell the truth: each stage is reached when it is so, and what is missing goes out again.

use cooee::domain::{Delivery, JoinPolicy, Message, MessageId, PageAt};
use cooee::engine::{Command, Hop, Session, Setup};
use cooee::protocol::{Content, Missing};

use tokio::time::timeout;

use super::{numbered, on_every_broker};
use crate::support::PATIENCE;
use crate::support::external::{External, Make};
use crate::support::person::{Person, Screen, direct, name, sign_up, text};
use crate::support::vandal::{Stranger, letter};
use crate::support::world::{Broker, World};

/// The id of a text of ours.
fn id_of(person: &Person, words: &str) -> MessageId {
    let stored = person.screen.stored.iter();
    stored.filter(|m| m.is_ours()).find(|m| text(m) == Some(words)).expect("it was stored").id
}

/// Ids of the texts of others.
fn heard(person: &Person) -> Vec<MessageId> {
    let theirs = person.screen.stored.iter().filter(|m| !m.is_ours() && text(m).is_some());
    theirs.map(|m| m.id).collect()
}

async fn waits_for(person: &mut Person, id: MessageId) -> Option<Hop> {
    person.info(id).await.waits_for
}

on_every_broker! {
    async fn who_goes_as_soon_as_a_message_is_here_has_said_so(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        // The first time it may come before the profile of who wrote it, later before all is subscribed to.
        for count in 1..=3 {
            alice.say(&direct("bob"), &format!("number {count}")).await;
            alice.until_all(count, Delivery::Sent).await;
            let mut bob = Person::with(Session::start(&setup, &name("bob")).await.unwrap());
            bob.until("it came", |s| !s.stored.is_empty()).await;
            bob.quit().await;
            alice.until_all(count, Delivery::Delivered).await;
        }
    }

    async fn every_stage_is_told_when_it_is_so(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&direct("bob"), "are you there?").await;
        alice.until_all(1, Delivery::Sent).await;
        let id = id_of(&alice, "are you there?");
        let info = alice.info(id).await;
        assert_eq!(info.delivery, Delivery::Sent);
        assert_eq!(info.waits_for, Some(Hop::Away(vec![name("bob")])));
        assert_eq!(info.recipients[0].delivered_at, None);
        let (waiting, total, _) = alice.outbox(Command::Outbox).await;
        assert_eq!((waiting[0].id, waiting[0].delivery, total), (id, Delivery::Sent, 1));

        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_heard(&direct("alice"), &["are you there?".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        assert_eq!(alice.screen.sent[&id], Delivery::Delivered, "that it came is not that it was read");
        assert_eq!(alice.outbox(Command::Outbox).await.1, 0);

        // It counts as read when it was on the screen, and not when the counter is cleared.
        bob.ask(Command::MarkRead(direct("alice"))).await;
        bob.until("the counter is cleared", |s| {
            s.summaries.get(&direct("alice")).is_some_and(|summary| summary.unread == 0)
        })
        .await;
        bob.say(&direct("alice"), "after that").await;
        alice.until_heard(&direct("bob"), &["after that".into()]).await;
        assert_eq!(alice.screen.sent[&id], Delivery::Delivered);
        let ids = heard(&bob);
        bob.ask(Command::Seen { conversation: direct("alice"), letters: ids }).await;
        alice.until("it is read", |s| s.sent[&id] == Delivery::Read).await;
        let info = alice.info(id).await;
        assert_eq!(info.waits_for, None);
        let [bob_has] = &info.recipients[..] else { panic!("one recipient") };
        assert!(bob_has.delivered_at.is_some() && bob_has.read_at >= bob_has.delivered_at);
        // The receipt that it was read is itself confirmed, and leaves nothing behind.
        bob.quit().await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_outbox_holds(0).await;
    }

    async fn read_receipts_can_be_turned_off(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&Setup { read_receipts: false, ..setup.clone() }, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        alice.say(&direct("bob"), "one").await;
        bob.until_heard(&direct("alice"), &["one".into()]).await;
        let ids = heard(&bob);
        bob.ask(Command::Seen { conversation: direct("alice"), letters: ids }).await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        bob.say(&direct("alice"), "seen, and not told").await;
        alice.until_heard(&direct("bob"), &["seen, and not told".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        assert_eq!(alice.screen.sent[&id_of(&alice, "one")], Delivery::Delivered);
    }

    async fn a_group_message_is_as_far_as_its_last_member(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let group = alice.create("team", JoinPolicy::Open).await;
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&group)).await;
            person.join(group).await.unwrap();
        }
        alice.until("all are in", |s| s.members(group).len() == 3).await;
        carol.quit().await;
        alice.until("carol is gone", |s| !s.is_online("carol")).await;
        let team = cooee::domain::ConversationId::Group(group);
        alice.say(&team, "to all").await;
        bob.until_heard(&team, &["to all".into()]).await;
        alice.until_all(1, Delivery::Sent).await;
        let id = id_of(&alice, "to all");
        let stages = [("bob", Delivery::Delivered), ("carol", Delivery::Sent)];
        let confirmed = async {
            loop {
                let info = alice.info(id).await;
                if info.recipients.iter().map(|r| (r.user.as_str(), r.delivery)).eq(stages) {
                    return info;
                }
            }
        };
        let info = timeout(PATIENCE, confirmed).await.expect("bob's receipt counts");
        assert_eq!(info.delivery, Delivery::Sent);
        assert_eq!(info.waits_for, Some(Hop::Away(vec![name("carol")])));
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.until_heard(&team, &["to all".into()]).await;
        alice.until("it is delivered", |s| s.sent[&id] == Delivery::Delivered).await;
        for person in [&mut bob, &mut carol] {
            let ids = heard(person);
            person.ask(Command::Seen { conversation: team.clone(), letters: ids }).await;
        }
        alice.until("all have read it", |s| s.sent[&id] == Delivery::Read).await;

        // Whoever leaves before they have it is not waited for, and is still named.
        carol.quit().await;
        alice.until("carol is gone", |s| !s.is_online("carol")).await;
        bob.until("carol is gone", |s| !s.is_online("carol")).await;
        alice.say(&team, "without bob").await;
        bob.until_heard(&team, &["to all".into(), "without bob".into()]).await;
        alice.until_all(2, Delivery::Sent).await;
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.leave(group).await.unwrap();
        let stored = |s: &Screen| s.stored.iter().any(|m| text(m) == Some("without bob"));
        alice.until("it is stored", stored).await;
        let id = id_of(&alice, "without bob");
        alice.until("nobody is waited for", |s| s.sent.get(&id) >= Some(&Delivery::Delivered)).await;
        assert!(alice.info(id).await.recipients.iter().any(|r| r.user == name("carol")));
    }

    async fn a_broker_that_forgets_everything_loses_nothing(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let group = alice.create("team", JoinPolicy::Open).await;
        bob.until("the group is listed", |s| s.groups.contains_key(&group)).await;
        bob.join(group).await.unwrap();
        alice.until("bob is in", |s| s.members(group).len() == 2).await;
        let team = cooee::domain::ConversationId::Group(group);
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        let (direct_texts, group_texts) = (numbered("direct", 30), numbered("group", 30));
        for (words, more) in direct_texts.iter().zip(&group_texts) {
            alice.say(&direct("bob"), words).await;
            alice.say(&team, more).await;
        }
        alice.until_all(60, Delivery::Sent).await;
        world.kill_broker();
        world.wipe_broker().await;
        world.revive_broker();
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_heard(&direct("alice"), &direct_texts).await;
        bob.until_heard(&team, &group_texts).await;
        alice.until_all(60, Delivery::Delivered).await;
    }

    async fn letters_that_come_before_their_sender_is_known_are_confirmed(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let texts = numbered("message", 100);
        for words in &texts {
            alice.say(&direct("bob"), words).await;
        }
        alice.until_all(texts.len(), Delivery::Sent).await;
        alice.quit().await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_heard(&direct("alice"), &texts).await;
        // It goes out when her profile is here, and waits for her receipt; what confirms hers waits for nobody.
        bob.say(&direct("alice"), "thank you").await;
        bob.until_all(1, Delivery::Sent).await;
        bob.until_outbox_holds(1).await;
        bob.quit().await;
        // Nobody is there to whom it could go again.
        let mut alice = Person::sign_in(&setup, "alice").await;
        let confirmed = async {
            let open = |m: &Message| m.is_ours() && m.delivery != Some(Delivery::Delivered);
            while alice.page(&direct("bob"), PageAt::Newest).await.iter().any(open) {}
        };
        timeout(PATIENCE, confirmed).await.expect("all are confirmed");
    }

    async fn what_is_left_out_is_asked_for(world) {
        let setup = world.setup();
        let mut bob = Person::new(&setup, "bob").await;
        let mut alice = Stranger::sign_up(&world, "alice").await;
        alice.until_knows("bob").await;
        alice.come_online().await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        let said = |number: u8| {
            letter(number, &format!(r#""ty":"text","q":{number},"b":{{"text":"number {number}"}}"#))
        };
        for number in [7, 8, 11] {
            alice.say("bob", &said(number)).await;
        }
        let missing = Missing { group: None, from: 9, to: 10 };
        alice.until_told(&Content::Missing(missing)).await;
        // What came meanwhile is not asked for again.
        alice.say("bob", &said(10)).await;
        alice.until_told(&Content::Missing(Missing { to: 9, ..missing })).await;
        let texts = ["number 7", "number 8", "number 11", "number 10"].map(str::to_owned);
        bob.until_heard(&direct("alice"), &texts).await;
        let history = bob.history(&direct("alice")).await;
        let shown: Vec<_> = history.iter().filter_map(text).collect();
        assert_eq!(shown, ["number 7", "number 8", "number 10", "number 11"], "each in its place");
    }

    async fn what_is_given_up_does_not_go_out_and_can_not_come_back(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let nowhere = world.setup_through(1);
        alice.quit().await;
        let mut alice = Person::with(Session::start(&nowhere, &name("alice")).await.unwrap());
        for words in ["kept", "given up"] {
            alice.say(&direct("bob"), words).await;
        }
        alice.until("both are stored", |s| s.stored.len() == 2).await;
        let (kept, given_up) = (id_of(&alice, "kept"), id_of(&alice, "given up"));
        let (waiting, total, _) = alice.outbox(Command::Outbox).await;
        assert_eq!((waiting[0].waits_for.clone(), total), (Hop::Link, 2));
        let (waiting, total, changed) = alice.outbox(Command::GiveUp(vec![given_up])).await;
        assert_eq!((waiting[0].id, total, changed), (kept, 1, 1));
        alice.until("it is told", |s| s.sent.get(&given_up) == Some(&Delivery::Failed)).await;
        assert_eq!(waits_for(&mut alice, given_up).await, Some(Hop::Person("you gave it up".into())));
        assert_eq!(alice.outbox(Command::Retry(vec![])).await.2, 0, "there is nothing to send");
        alice.quit().await;
        let alice = Person::sign_in(&setup, "alice").await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_heard(&direct("alice"), &["kept".into()]).await;
        alice.quit().await;
    }
}

/// The limit that mosquitto has as it comes: 1,000 messages are kept for somebody, and the rest is
/// acknowledged and dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_wait_although_mosquitto_keeps_one_thousand() {
    if !Make::Mosquitto.is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let broker = External::start_with(Make::Mosquitto, dir.path(), "");
    let world = World { broker: Broker::External(broker), dir };
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    sign_up(&setup, "bob").await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    let texts = numbered("message", 3_000);
    // What is told has to be taken in meanwhile.
    for (n, words) in texts.iter().enumerate() {
        alice.say(&direct("bob"), words).await;
        if n % 500 == 499 {
            alice.until_all(n + 1, Delivery::Sent).await;
        }
    }
    let mut bob = Person::with(Session::start(&setup, &name("bob")).await.unwrap());
    tokio::join!(
        bob.until("all came", |s| s.heard(&direct("alice")).len() >= texts.len()),
        alice.until_all(texts.len(), Delivery::Delivered)
    );
    let history = bob.history(&direct("alice")).await;
    assert_eq!(history.iter().filter_map(text).collect::<Vec<_>>(), texts);
}

/// A packet that the broker will not take is refused at once and for good, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_refuses_has_failed_until_it_takes_it() {
    if !Make::Mosquitto.is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let small = External::start_with(Make::Mosquitto, dir.path(), "max_packet_size 4000\n");
    let mut world = World { broker: Broker::External(small), dir };
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let bob = Person::new(&setup, "bob").await;
    alice.until("bob is there", |s| s.is_online("bob")).await;
    let (long, short) = ("x".repeat(5_000), "short");
    alice.say(&direct("bob"), &long).await;
    alice.say(&direct("bob"), short).await;
    alice.until("one failed", |s| s.sent.values().any(|d| *d == Delivery::Failed)).await;
    let id = id_of(&alice, &long);
    let why = waits_for(&mut alice, id).await;
    assert!(matches!(&why, Some(Hop::Person(why)) if why.contains("more than the 4000")), "{why:?}");
    alice
        .until("the other is not held up", |s| s.sent.get(&id_of_in(s, short)) >= Some(&Delivery::Sent))
        .await;
    let (waiting, ..) = alice.outbox(Command::Outbox).await;
    assert!(waiting.iter().any(|w| w.id == id && w.delivery == Delivery::Failed));
    bob.quit().await;
    alice.quit().await;

    // The same account on a broker that takes it.
    world.broker = Broker::External(External::start(Make::Mosquitto, world.dir.path()));
    let setup = world.setup();
    let mut alice = Person::sign_in(&setup, "alice").await;
    let mut bob = Person::sign_in(&setup, "bob").await;
    assert_eq!(alice.outbox(Command::Retry(vec![id])).await.2, 1);
    bob.until("it came", |s| s.heard(&direct("alice")).contains(&long.as_str())).await;
    alice.until("it is confirmed", |s| s.sent.get(&id) == Some(&Delivery::Delivered)).await;
}

fn id_of_in(screen: &crate::support::person::Screen, words: &str) -> MessageId {
    screen.stored.iter().find(|m| m.is_ours() && text(m) == Some(words)).expect("it was stored").id
}
