//! Signing up and in, and who is online.

use std::fs;

use cooee::broker;
use cooee::engine::{Error, Link, Session};

use super::on_every_broker;
use crate::support::person::{Person, Screen, name, sign_up, try_sign_up};
use crate::support::proxy::Proxy;
use crate::support::until_file;
use crate::support::world::World;

/// A built-in broker that lost its files, and gave the name to somebody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_any_more_is_told_why_in_full() {
    let world = World::built_in();
    let setup = world.setup();
    sign_up(&setup, "alice").await;
    broker::stop(world.data_dir()).unwrap();
    fs::remove_file(world.data_dir().join("broker/accounts.json")).unwrap();
    fs::remove_dir_all(world.data_dir().join("broker/state")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut stranger = world.setup_through(world.port().await);
    stranger.data_dir = elsewhere.path().to_owned();
    sign_up(&stranger, "alice").await;
    let mut alice = Person::with(Session::start(&setup, &name("alice")).await.unwrap());
    let told =
        |s: &Screen| s.warnings.iter().any(|w| w.contains("0x86") && w.contains("another credential"));
    alice.until("it is told", told).await;
    assert!(!alice.screen.links.contains(&Link::Up), "{:?}", alice.screen.links);
}

on_every_broker! {
    async fn a_name_is_registered_once(world) {
        let setup = world.setup();
        sign_up(&setup, "alice").await;
        assert!(matches!(try_sign_up(&setup, "alice").await, Err(Error::AccountExists { .. })));
        // From another data directory, as from another machine.
        let elsewhere = tempfile::tempdir().unwrap();
        let mut stranger = world.setup_through(world.port().await);
        stranger.data_dir = elsewhere.path().to_owned();
        assert!(matches!(try_sign_up(&stranger, "alice").await, Err(Error::NameTaken { .. })));
        assert!(!elsewhere.path().join("accounts/alice").exists(), "nothing is left behind");
        sign_up(&stranger, "bob").await;
    }

    async fn sign_in_needs_a_sign_up_and_one_process(world) {
        let setup = world.setup();
        match Session::start(&setup, &name("nobody")).await.map(drop) {
            Err(Error::NoAccount { user, known }) => assert_eq!((user.as_str(), known.len()), ("nobody", 0)),
            other => panic!("{other:?}"),
        }
        let alice = Person::new(&setup, "alice").await;
        match Session::start(&setup, &name("alice")).await.map(drop) {
            Err(Error::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        alice.quit().await;
        Person::sign_in(&setup, "alice").await.quit().await;
    }

    async fn two_who_claim_a_name_at_once_agree_who_has_it(world) {
        let one = world.setup_through(world.port().await);
        let dir = tempfile::tempdir().unwrap();
        let mut other = one.clone();
        other.data_dir = dir.path().to_owned();
        let (first, second) = tokio::join!(try_sign_up(&one, "alice"), try_sign_up(&other, "alice"));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let (winner, loser) = if first.is_ok() { (&one, &other) } else { (&other, &one) };
        assert!(!loser.data_dir.join("accounts/alice").exists());
        Person::sign_in(winner, "alice").await.quit().await;
    }

    async fn a_sign_up_that_is_given_up_once_it_is_seen_leaves_an_account(world) {
        let setup = world.setup();
        let mut witness = Person::new(&setup, "witness").await;
        let alice = name("alice");
        tokio::select! {
            done = try_sign_up(&setup, "alice") => panic!("nobody saw it coming: {done:?}"),
            () = witness.until("the name is seen", |s| s.people.contains_key(&alice)) => {}
        }
        // A name that stands on the broker with no account behind it could never be had again.
        Person::sign_in(&setup, "alice").await.quit().await;
    }

    async fn a_sign_up_that_died_half_way_is_not_in_the_way(world) {
        let setup = world.setup();
        fs::create_dir_all(setup.data_dir.join("accounts/alice")).unwrap();
        sign_up(&setup, "alice").await;
        Person::sign_in(&setup, "alice").await.quit().await;
    }

    async fn who_comes_and_goes_is_seen_at_once(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let bob = Person::new(&setup, "bob").await;
        alice.until("bob is online", |s| s.is_online("bob")).await;
        let online = setup.data_dir.join("Online.csv");
        let row = |csv: &str| csv.lines().any(|line| line.starts_with("bob,"));
        until_file(&online, row).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob") && s.last_seen_known("bob")).await;
        until_file(&online, |csv| !row(csv)).await;
        let _bob = Person::sign_in(&setup, "bob").await;
        alice.until("bob is back", |s| s.is_online("bob")).await;
        assert!(fs::read_to_string(setup.data_dir.join("Registration.csv")).unwrap().contains("bob,,BOB,"));
    }

    async fn a_quick_return_shows_nothing_and_a_cut_shows(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        let proxy = Proxy::start(world.port().await).await;
        let mut bob = Person::sign_in(&world.setup_through(proxy.address.port()), "bob").await;
        alice.until("bob is online", |s| s.is_online("bob")).await;
        let before = alice.screen.comings.len();
        proxy.cut();
        bob.until("bob sees the cut", |s| s.link != Some(cooee::engine::Link::Up)).await;
        proxy.mend();
        bob.until_up().await;
        // Bob's word comes after whatever his return may have shown.
        bob.say(&crate::support::person::direct("alice"), "still here").await;
        let from_bob = crate::support::person::direct("bob");
        alice.until("bob's word is there", |s| s.heard(&from_bob).len() == 1).await;
        assert_eq!(alice.screen.comings.len(), before, "{:?}", alice.screen.comings);
        proxy.cut();
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        bob.until("nobody is online for bob", |s| !s.is_online("alice")).await;
        proxy.mend();
        alice.until("bob is back", |s| s.is_online("bob")).await;
        bob.until("alice is online again for bob", |s| s.is_online("alice")).await;
    }
}
