//! Two people make sure of each other's keys: by number, and by emoji that both see.

use cooee::domain::Trust;
use cooee::engine::{Command, ComparisonState, Emoji, KeyView, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, name};
use crate::support::proxy::Proxy;
use crate::support::until_file;
use crate::support::vandal::lose_name;
use crate::support::world::World;

/// Alice and Bob, who know each other's keys.
async fn two(world: &World) -> (Person, Person) {
    let setup = world.setup();
    let (mut alice, mut bob) = (Person::new(&setup, "alice").await, Person::new(&setup, "bob").await);
    for (who, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        // A word each way, so that both have what it takes to seal.
        who.until("the other is online", |s| s.is_online(other)).await;
        who.say(&crate::support::person::direct(other), "hello").await;
    }
    for (who, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        who.until("the other is heard", |s| !s.heard(&crate::support::person::direct(other)).is_empty())
            .await;
    }
    (alice, bob)
}

async fn keys(who: &mut Person, other: &str) -> KeyView {
    who.screen.keys = None;
    who.ask(Command::Keys(name(other))).await;
    who.until("the keys are told", |s| s.keys.is_some()).await;
    who.screen.keys.take().unwrap()
}

fn trust(who: &Person, other: &str) -> Trust {
    who.screen.people[&name(other)].trust
}

async fn begin(who: &mut Person, other: &str) {
    who.ask(Command::Compare { user: name(other), ticket: Ticket(900) }).await;
}

/// Says whether the emoji are the same.
async fn answer(who: &mut Person, other: &str, same: bool) {
    who.ask(Command::SameEmoji { user: name(other), same, ticket: Ticket(901) }).await;
}

/// The emoji that somebody is asked about.
async fn emoji(who: &mut Person) -> Vec<Emoji> {
    let shown = |state: &ComparisonState| match state {
        ComparisonState::Compare(emoji) => Some(emoji.clone()),
        _ => None,
    };
    who.until("there are emoji", |s| s.comparisons.last().is_some_and(|c| shown(&c.state).is_some()))
        .await;
    shown(&who.screen.comparisons.last().unwrap().state).unwrap()
}

async fn until_state(who: &mut Person, what: &str, is: impl Fn(&ComparisonState) -> bool) {
    who.until(what, |s| s.comparisons.last().is_some_and(|c| is(&c.state))).await;
}

on_every_broker! {
    async fn both_see_one_safety_number_and_each_verifies_alone(world) {
        let (mut alice, mut bob) = two(&world).await;
        let (hers, his) = (keys(&mut alice, "bob").await, keys(&mut bob, "alice").await);
        let (bobs, alices) = (hers.theirs.unwrap(), his.theirs.unwrap());
        assert_eq!(bobs.safety_number, alices.safety_number);
        assert_eq!((&hers.ours, &his.ours), (&alices.fingerprint, &bobs.fingerprint));
        assert!(bobs.code != alices.code && !bobs.picture.is_empty());
        assert_eq!((hers.trust, hers.claimed), (Trust::NotVerified, None));
        until_file(&world.setup().data_dir.join("Registration.csv"), |csv| csv.contains(&bobs.fingerprint)).await;
        alice.ask(Command::Verify { user: name("bob"), verified: true, ticket: Ticket(900) }).await;
        alice.until("bob is verified", |s| s.people[&name("bob")].trust == Trust::Verified).await;
        assert_eq!(keys(&mut alice, "bob").await.trust, Trust::Verified);
        assert_eq!(trust(&bob, "alice"), Trust::NotVerified);
        assert_eq!(keys(&mut alice, "nobody").await.theirs, None);
    }

    async fn two_who_see_the_same_emoji_verify_each_other(world) {
        let (mut alice, mut bob) = two(&world).await;
        begin(&mut alice, "bob").await;
        let (hers, his) = (emoji(&mut alice).await, emoji(&mut bob).await);
        assert_eq!((hers.len(), &hers), (7, &his));
        answer(&mut alice, "bob", true).await;
        until_state(&mut alice, "alice waits", |s| matches!(s, ComparisonState::Confirmed(_))).await;
        answer(&mut bob, "alice", true).await;
        for (who, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            until_state(who, "it is verified", |s| *s == ComparisonState::Verified).await;
            who.until("the other is verified", |s| s.people[&name(other)].trust == Trust::Verified).await;
        }
        // It lasts.
        alice.quit().await;
        let mut alice = Person::sign_in(&world.setup(), "alice").await;
        alice.until("bob is verified", |s| s.people.get(&name("bob")).is_some_and(|p| p.trust == Trust::Verified)).await;
    }

    async fn who_sees_other_emoji_alarms_both_and_takes_trust_back(world) {
        let (mut alice, mut bob) = two(&world).await;
        alice.ask(Command::Verify { user: name("bob"), verified: true, ticket: Ticket(900) }).await;
        begin(&mut alice, "bob").await;
        emoji(&mut alice).await;
        emoji(&mut bob).await;
        answer(&mut bob, "alice", false).await;
        for (who, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            until_state(who, "an alarm", |s| matches!(s, ComparisonState::Failed { alarm: true, why } if why.contains("in between"))).await;
            who.until("nobody is verified", |s| s.people[&name(other)].trust == Trust::NotVerified).await;
        }
        // They may try again.
        begin(&mut bob, "alice").await;
        assert_eq!(emoji(&mut alice).await, emoji(&mut bob).await);
    }

    async fn both_may_begin_at_once_and_either_may_call_it_off(world) {
        let (mut alice, mut bob) = two(&world).await;
        tokio::join!(begin(&mut alice, "bob"), begin(&mut bob, "alice"));
        assert_eq!(emoji(&mut alice).await, emoji(&mut bob).await);
        alice.ask(Command::EndComparison(name("bob"))).await;
        for who in [&mut alice, &mut bob] {
            until_state(who, "it is over", |s| matches!(s, ComparisonState::Failed { alarm: false, .. })).await;
        }
        // An answer to what is over is refused.
        bob.ask(Command::SameEmoji { user: name("alice"), same: true, ticket: Ticket(902) }).await;
        bob.until("it is refused", |s| s.answers.contains_key(&902)).await;
        assert_eq!(trust(&bob, "alice"), Trust::NotVerified);
    }

    async fn a_key_that_changed_stops_what_is_sent_until_it_is_accepted(world) {
        let (mut alice, bob) = two(&world).await;
        bob.quit().await;
        let before = keys(&mut alice, "bob").await.theirs.unwrap();
        // The broker loses his name, and somebody signs up with it from another machine.
        lose_name(&world, "bob").await;
        let mut elsewhere = world.setup_through(world.port().await);
        let dir = tempfile::tempdir().unwrap();
        elsewhere.data_dir = dir.path().to_owned();
        let mut bob = Person::new(&elsewhere, "bob").await;
        alice.until("the key changed", |s| s.people[&name("bob")].trust == Trust::Changed).await;
        let view = keys(&mut alice, "bob").await;
        let (theirs, claimed) = (view.theirs.unwrap(), view.claimed.unwrap());
        assert_eq!(theirs.fingerprint, before.fingerprint);
        assert_eq!(claimed.fingerprint, keys(&mut bob, "alice").await.ours);
        for (ticket, command) in [
            (910, Command::Verify { user: name("bob"), verified: true, ticket: Ticket(910) }),
            (911, Command::Compare { user: name("bob"), ticket: Ticket(911) }),
        ] {
            alice.ask(command).await;
            alice.until("it is refused", |s| s.answers.contains_key(&ticket)).await;
            let why = alice.screen.answers.remove(&ticket).unwrap().unwrap_err();
            assert!(why.contains("accept it first"), "{why}");
        }
        alice.ask(Command::AcceptKey { user: name("bob"), ticket: Ticket(912) }).await;
        alice.until("it is accepted", |s| s.people[&name("bob")].trust == Trust::NotVerified).await;
        let view = keys(&mut alice, "bob").await;
        assert_eq!((view.theirs.unwrap().safety_number, view.claimed), (claimed.safety_number, None));
        alice.say(&crate::support::person::direct("bob"), "is it you?").await;
        bob.until("alice is heard", |s| !s.heard(&crate::support::person::direct("alice")).is_empty()).await;
    }

    async fn a_cut_in_the_middle_of_it_does_no_harm(world) {
        let proxy = Proxy::start(world.port().await).await;
        let (mut alice, bob) = two(&world).await;
        bob.quit().await;
        let mut bob = Person::sign_in(&world.setup_through(proxy.address.port()), "bob").await;
        bob.until_up().await;
        begin(&mut alice, "bob").await;
        emoji(&mut alice).await;
        emoji(&mut bob).await;
        answer(&mut alice, "bob", true).await;
        until_state(&mut alice, "alice waits", |s| matches!(s, ComparisonState::Confirmed(_))).await;
        proxy.cut();
        bob.until("bob sees the cut", |s| s.link != Some(cooee::engine::Link::Up)).await;
        // What he says now goes nowhere until the connection is back.
        answer(&mut bob, "alice", true).await;
        proxy.mend();
        for (who, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            who.until("the other is verified", |s| s.people[&name(other)].trust == Trust::Verified).await;
        }
    }
}
