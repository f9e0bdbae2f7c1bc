//! Presence that cannot lie, whatever comes late, twice, or not at all. `Online.csv` follows in every case.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cooee::domain::{Availability, ConversationId, Delivery, DeviceId, JoinPolicy, Standing, Timestamp};
use cooee::engine::{Clock, Command, Error, Link, Session, Setup};
use cooee::store::{Account, Store};
use tokio::time::timeout;

use super::on_every_broker;
use crate::support::clock::{Wrong, YEAR};
use crate::support::person::{Person, Screen, direct, name, sign_up, text};
use crate::support::proxy::Proxy;
use crate::support::puppet::Puppet;
use crate::support::vandal::Vandal;
use crate::support::world::{World, data_key, program};
use crate::support::{PATIENCE, until_file};

/// How long the word that somebody is online holds where a test has to see it run out.
const SHORT: Duration = Duration::from_secs(8);

fn short(setup: &Setup) -> Setup {
    Setup { online_lasts: SHORT, ..setup.clone() }
}

/// The account of somebody who is not signed in.
async fn account_of(setup: &Setup, user: &str) -> Account {
    let database = setup.data_dir.join("accounts").join(user).join("chat.db");
    let store = Store::open(&database, &data_key(&setup.data_dir, user)).unwrap();
    let account = store.account().await.unwrap().expect("somebody signed up");
    store.close().await.unwrap();
    account
}

/// A data directory with a copy of the account, as from a backup.
fn clone_of(setup: &Setup, user: &str) -> tempfile::TempDir {
    let elsewhere = tempfile::tempdir().unwrap();
    let (from, to) =
        (setup.data_dir.join("accounts").join(user), elsewhere.path().join("accounts").join(user));
    fs::create_dir_all(&to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    elsewhere
}

fn presence(user: &str, device: DeviceId) -> String {
    format!("cooee/1/presence/{user}/{device}")
}

fn says(online: bool, epoch: u64) -> String {
    let state = if online { "online" } else { "offline" };
    format!(r#"{{"v":1,"s":"{state}","e":{epoch},"at":0}}"#)
}

/// The profile of somebody who only exists on the broker.
fn profile(user: &str) -> (String, Vec<u8>) {
    let [_, profile] = Puppet::new(user).papers();
    profile
}

/// Waits until `Online.csv` names just these.
async fn until_online_is(data_dir: &Path, mut users: Vec<&str>) {
    users.sort_unstable();
    until_file(&data_dir.join("Online.csv"), |csv| {
        let mut named: Vec<_> = csv.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        named.sort_unstable();
        named == users
    })
    .await;
}

/// Waits until all that others published before was taken in.
async fn caught_up(person: &mut Person, vandal: &mut Vandal, marker: &str) {
    let (topic, payload) = profile(marker);
    vandal.publish(&topic, payload, false).await;
    person.until("the marker is seen", |s| s.people.contains_key(&name(marker))).await;
}

/// Whether this person was online or not, in the order of being told.
fn comings(screen: &Screen, user: &str) -> Vec<bool> {
    screen.comings.iter().filter(|(who, _)| *who == name(user)).map(|(_, online)| *online).collect()
}

fn last_seen(screen: &Screen, user: &str) -> Option<Timestamp> {
    match screen.people[&name(user)].availability {
        Availability::Offline { last_seen } => last_seen,
        Availability::Online { .. } => panic!("{user} is online"),
    }
}

on_every_broker! {
    async fn a_stale_will_hides_nobody(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        let device = account_of(&setup, "bob").await.device;
        let _bob = Person::sign_in(&setup, "bob").await;
        alice.until("bob is online", |s| s.is_online("bob")).await;
        let mut vandal = Vandal::on(&world).await;
        for epoch in [0, 1, 2] {
            vandal.publish(&presence("bob", device), says(false, epoch), true).await;
        }
        caught_up(&mut alice, &mut vandal, "marker").await;
        assert!(comings(&alice.screen, "bob").ends_with(&[true]), "{:?}", alice.screen.comings);
        assert_eq!(comings(&alice.screen, "bob").iter().filter(|online| !**online).count(), 1);
        // Bob puts right what the broker keeps, so that whoever comes now is told the truth.
        let mut carol = Person::new(&setup, "carol").await;
        carol.until("bob is online", |s| s.is_online("bob")).await;
        until_online_is(world.data_dir(), vec!["alice", "bob", "carol"]).await;
    }

    async fn two_programs_with_one_account_become_two_devices(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        let elsewhere = clone_of(&setup, "bob");
        let mut cloned = world.setup_through(world.port().await);
        cloned.data_dir = elsewhere.path().to_owned();
        let mut first = Person::sign_in(&setup, "bob").await;
        alice.until("bob is online", |s| s.is_online("bob")).await;
        // The copy is noticed by one of them, and then by the other: neither goes on with keys that both have.
        let mut second = Person::with(Session::start(&cloned, &name("bob")).await.unwrap());
        let noticed = async {
            while first.screen.stopped.is_none() && second.screen.stopped.is_none() {
                tokio::select! {
                    () = first.hear() => {}
                    () = second.hear() => {}
                }
            }
        };
        timeout(2 * PATIENCE, noticed).await.expect("one of them notices");
        let first_knows = first.screen.stopped.is_some();
        let (known, mut other) = if first_knows { (first, second) } else { (second, first) };
        let words = known.screen.stopped.clone().flatten().unwrap();
        assert!(words.contains("a copy of this account"), "{words}");
        let (here, there) = if first_knows { (&setup, &cloned) } else { (&cloned, &setup) };
        let mut first = Person::sign_in(here, "bob").await;
        // Whoever lost the connection to another program is in no hurry to take it back.
        let _ = other.session.commands.send(Command::ConnectNow).await;
        other.until("the alarm here too", |s| s.stopped.is_some()).await;
        let mut second = Person::sign_in(there, "bob").await;
        // Two devices of one person: both write, and both are written to.
        for (device, words) in [(&mut first, "from here"), (&mut second, "from there")] {
            device.until("alice is known", |s| s.people.contains_key(&name("alice"))).await;
            device.say(&direct("alice"), words).await;
        }
        alice.until("both are heard", |s| s.heard(&direct("bob")).len() == 2).await;
        alice.say(&direct("bob"), "to both").await;
        for device in [&mut first, &mut second] {
            device.until_heard(&direct("alice"), &["to both".into()]).await;
        }
        // What one says shows on the other, with its ticks; what is read on one is read on both.
        let ours = |s: &Screen, words: &str| {
            let said = s.stored.iter().find(|m| m.is_ours() && text(m) == Some(words));
            said.and_then(|m| s.sent.get(&m.id).copied())
        };
        first.say(&direct("alice"), "seen on both").await;
        alice.until("it is heard", |s| s.heard(&direct("bob")).contains(&"seen on both")).await;
        second.until("it shows here too", |s| ours(s, "seen on both") >= Some(Delivery::Delivered)).await;
        let unread = |s: &Screen| s.summaries.get(&direct("alice")).map(|summary| summary.unread);
        second.until("it is unread here", |s| unread(s) == Some(1)).await;
        first.ask(Command::MarkRead(direct("alice"))).await;
        second.until("it is read here", |s| unread(s) == Some(0)).await;
        // A group that one makes is the other's too.
        let team = first.create("team", JoinPolicy::Open).await;
        second.until("the group is here", |s| s.groups.get(&team).is_some_and(|g| g.standing == Standing::Member)).await;
        alice.until("it is listed", |s| s.groups.contains_key(&team)).await;
        alice.join(team).await.unwrap();
        let here = ConversationId::Group(team);
        for device in [&mut first, &mut second] {
            device.until("alice is in", |s| s.members(team) == ["alice", "bob"]).await;
        }
        alice.say(&here, "for all of you").await;
        for device in [&mut first, &mut second] {
            device.until_heard(&here, &["for all of you".into()]).await;
        }
        second.say(&here, "from there").await;
        alice.until_heard(&here, &["from there".into()]).await;
        until_online_is(world.data_dir(), vec!["alice", "bob"]).await;
        first.quit().await;
        second.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
    }

    async fn of_those_who_race_for_an_account_one_runs_it(world) {
        let setup = world.setup();
        sign_up(&setup, "alice").await;
        let mut carol = Person::new(&setup, "carol").await;
        let alice = name("alice");
        let racing = (0..8).map(|_| Session::start(&setup, &alice));
        let (won, lost): (Vec<_>, Vec<_>) =
            futures::future::join_all(racing).await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        assert!(lost.into_iter().all(|lost| matches!(lost, Err(Error::InUse { .. }))));
        let mut winner = Person::with(won.into_iter().next().unwrap().unwrap());
        winner.until_up().await;
        winner.quit().await;
        let racing = (0..8).map(|_| Session::join(&setup, &alice));
        let mut faces = Vec::new();
        for session in futures::future::join_all(racing).await {
            let mut face = Person::with(session.unwrap());
            face.until_up().await;
            faces.push(face);
        }
        carol.until("alice is online", |s| s.is_online("alice")).await;
        until_online_is(world.data_dir(), vec!["alice", "carol"]).await;
        // Whoever joined may go; the session ends with the one that runs it, and then it ends for all.
        for face in &mut faces {
            let (gone, _) = tokio::sync::mpsc::channel(1);
            face.session.commands = gone;
        }
        for face in faces {
            let Session { mut updates, .. } = face.session;
            timeout(PATIENCE, async { while updates.recv().await.is_some() {} }).await.expect("it ends");
        }
        carol.until("alice is gone", |s| !s.is_online("alice")).await;
        until_online_is(world.data_dir(), vec!["carol"]).await;
    }

    async fn who_died_with_the_broker_is_not_online_for_long(world) {
        let setup = short(&world.setup());
        let mut alice = Person::new(&setup, "alice").await;
        let mut carol = Person::new(&setup, "carol").await;
        sign_up(&setup, "bob").await;
        let proxy = Proxy::start(world.port().await).await;
        let _bob = Person::sign_in(&short(&world.setup_through(proxy.address.port())), "bob").await;
        alice.until("bob is online", |s| s.is_online("bob")).await;
        until_online_is(world.data_dir(), vec!["alice", "bob", "carol"]).await;
        world.kill_broker();
        proxy.cut();
        alice.until("the broker is gone", |s| s.link != Some(Link::Up)).await;
        world.revive_broker();
        alice.until_up().await;
        carol.until_up().await;
        // What the broker kept of bob is from before it died. It may count until he would have said it again.
        let mut vandal = Vandal::on(&world).await;
        let watchers = [(&mut alice, "carol"), (&mut carol, "alice")];
        for (person, other) in watchers {
            person.until("the other is back", |s| s.is_online(other)).await;
            caught_up(person, &mut vandal, &format!("marker-for-{other}")).await;
            person.until("bob is not online", |s| !s.is_online("bob")).await;
        }
        until_online_is(world.data_dir(), vec!["alice", "carol"]).await;
        proxy.mend();
        alice.until("bob is back", |s| s.is_online("bob")).await;
        until_online_is(world.data_dir(), vec!["alice", "bob", "carol"]).await;
    }

    async fn a_device_that_is_no_more_and_one_that_is(world) {
        let setup = short(&world.setup());
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&setup, "bob").await;
        let mut vandal = Vandal::on(&world).await;
        let old = DeviceId::from_bits(7);
        vandal.publish_for(&presence("bob", old), says(true, 1), true, Some(SHORT)).await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        // That he is here is said before.
        bob.say(&direct("alice"), "here").await;
        alice.until_heard(&direct("bob"), &["here".into()]).await;
        assert!(alice.screen.is_online("bob"));
        until_online_is(world.data_dir(), vec!["alice", "bob"]).await;
        // Its record is taken out, and bob is still there with the other.
        vandal.publish(&presence("bob", old), "", true).await;
        caught_up(&mut alice, &mut vandal, "marker").await;
        assert!(alice.screen.is_online("bob"));
        // It stands there again, and the live one goes: the dead one is not believed for ever.
        vandal.publish_for(&presence("bob", old), says(true, 2), true, Some(SHORT)).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        until_online_is(world.data_dir(), vec!["alice"]).await;
        let _bob = Person::sign_in(&setup, "bob").await;
        alice.until("bob is back", |s| s.is_online("bob")).await;
    }

    async fn who_never_returns_is_not_online_for_ever(world) {
        let setup = short(&world.setup());
        let mut alice = Person::new(&setup, "alice").await;
        let mut vandal = Vandal::on(&world).await;
        let (topic, payload) = profile("ghost");
        vandal.publish(&topic, payload, true).await;
        let device = DeviceId::from_bits(7);
        vandal.publish_for(&presence("ghost", device), says(true, 1), true, Some(SHORT)).await;
        alice.until("the ghost is online", |s| s.is_online("ghost")).await;
        until_online_is(world.data_dir(), vec!["alice", "ghost"]).await;
        let mut carol = Person::new(&setup, "carol").await;
        alice.until("the ghost is gone", |s| !s.is_online("ghost")).await;
        carol.until("the ghost is gone", |s| s.people.contains_key(&name("ghost")) && !s.is_online("ghost")).await;
        until_online_is(world.data_dir(), vec!["alice", "carol"]).await;
        let at = last_seen(&alice.screen, "ghost").unwrap();
        assert!(at <= Clock::system().now());
    }

    async fn what_the_broker_kept_counts_from_when_it_was_said(world) {
        let setup = world.setup();
        let mut vandal = Vandal::on(&world).await;
        // A record with so much of its time left was said just now, or nearly eight minutes ago.
        for (user, left) in [("fresh", 600), ("stale", 140)] {
            let (topic, payload) = profile(user);
            vandal.publish(&topic, payload, true).await;
            let left = Some(Duration::from_secs(left));
            vandal.publish_for(&presence(user, DeviceId::from_bits(7)), says(true, 1), true, left).await;
        }
        let mut alice = Person::new(&setup, "alice").await;
        alice.until("who was heard of lately is online", |s| s.is_online("fresh")).await;
        alice.until("it is known when the other was", |s| s.last_seen_known("stale")).await;
        assert!(!comings(&alice.screen, "stale").contains(&true), "{:?}", alice.screen.comings);
        let ago = setup.clock.now().since(last_seen(&alice.screen, "stale").unwrap());
        assert!((450..600).contains(&ago.as_secs()), "{ago:?}");
        until_online_is(world.data_dir(), vec!["alice", "fresh"]).await;
    }

    async fn who_is_cut_off_takes_nobody_out_of_the_file(world) {
        let setup = world.setup();
        let mut carol = Person::new(&setup, "carol").await;
        let _dave = Person::new(&setup, "dave").await;
        sign_up(&setup, "alice").await;
        let proxy = Proxy::start(world.port().await).await;
        let mut alice = Person::sign_in(&world.setup_through(proxy.address.port()), "alice").await;
        until_online_is(world.data_dir(), vec!["alice", "carol", "dave"]).await;
        alice.until("dave is online", |s| s.is_online("dave")).await;
        proxy.cut();
        alice.until("she knows of nobody", |s| !s.is_online("dave") && !s.is_online("carol")).await;
        carol.until("alice is gone", |s| !s.is_online("alice")).await;
        until_online_is(world.data_dir(), vec!["carol", "dave"]).await;
        proxy.mend();
        carol.until("alice is back", |s| s.is_online("alice")).await;
        until_online_is(world.data_dir(), vec!["alice", "carol", "dave"]).await;
    }

    async fn the_last_who_is_cut_off_leaves_an_empty_file(world) {
        sign_up(&world.setup(), "alice").await;
        let proxy = Proxy::start(world.port().await).await;
        let mut alice = Person::sign_in(&world.setup_through(proxy.address.port()), "alice").await;
        until_online_is(world.data_dir(), vec!["alice"]).await;
        proxy.cut();
        until_online_is(world.data_dir(), vec![]).await;
        proxy.mend();
        alice.until_up().await;
        until_online_is(world.data_dir(), vec!["alice"]).await;
    }

    async fn clocks_that_jump_show_nobody_wrongly(world) {
        let (of_alice, of_bob) = (Wrong::default(), Wrong::default());
        let setup = of_alice.setup(&world);
        let mut alice = Person::new(&setup, "alice").await;
        sign_up(&of_bob.setup(&world), "bob").await;
        for (hers, his) in [(0, YEAR), (0, -YEAR), (YEAR, 0), (-YEAR, 0), (0, 0)] {
            of_alice.put(hers);
            of_bob.put(his);
            let bob = Person::sign_in(&of_bob.setup(&world), "bob").await;
            alice.until("bob is online", |s| s.is_online("bob")).await;
            let Availability::Online { since } = alice.screen.people[&name("bob")].availability else { panic!() };
            assert!(since <= setup.clock.now(), "{hers} {his}");
            until_online_is(world.data_dir(), vec!["alice", "bob"]).await;
            // They jump while he is there, which hides nobody.
            let before = alice.screen.comings.len();
            of_alice.put(his);
            of_bob.put(hers);
            let going = setup.clock.now();
            bob.quit().await;
            alice.until("bob is gone", |s| !s.is_online("bob")).await;
            assert_eq!(alice.screen.comings.len(), before + 1, "{:?}", alice.screen.comings);
            let at = last_seen(&alice.screen, "bob").unwrap();
            assert!(going <= at && at <= setup.clock.now(), "{hers} {his}: {at}");
            until_online_is(world.data_dir(), vec!["alice"]).await;
            // What was kept from then is not in the future either, with the clock as it is now.
            of_alice.put(0);
            alice.quit().await;
            alice = Person::sign_in(&setup, "alice").await;
            assert!(last_seen(&alice.screen, "bob") <= Some(setup.clock.now()), "{hers} {his}");
        }
    }
}

/// Somebody stops the broker by hand, and somebody starts it again: the others need not be told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_was_stopped_and_is_started_again_is_noticed_by_all() {
    let world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&setup, "bob").await;
    alice.until("bob is online", |s| s.is_online("bob")).await;
    let data_dir = world.data_dir().to_owned();
    tokio::task::spawn_blocking(move || cooee::broker::stop(&data_dir)).await.unwrap().unwrap();
    let waits = |s: &Screen| matches!(&s.link, Some(Link::Down { reason, retry_in: None }) if reason.contains("stopped"));
    alice.until("she waits for it", waits).await;
    bob.until("he waits for it", waits).await;
    assert!(matches!(cooee::broker::status(world.data_dir()), Ok(None)), "nobody starts it by himself");
    bob.ask(Command::ConnectNow).await;
    bob.until_up().await;
    alice.until_up().await;
    alice.until("bob is online", |s| s.is_online("bob")).await;
    until_online_is(world.data_dir(), vec!["alice", "bob"]).await;
}

/// The built-in broker forgets over a restart until when a record holds, and by that it is seen to be old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_died_with_the_built_in_broker_is_gone_when_it_is_back() {
    let mut world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut carol = Person::new(&setup, "carol").await;
    sign_up(&setup, "bob").await;
    let proxy = Proxy::start(world.port().await).await;
    let _bob = Person::sign_in(&world.setup_through(proxy.address.port()), "bob").await;
    alice.until("bob is online", |s| s.is_online("bob")).await;
    world.kill_broker();
    proxy.cut();
    alice.until("the broker is gone", |s| s.link != Some(Link::Up)).await;
    alice.until_up().await;
    carol.until_up().await;
    // Nobody waits for the silence of minutes.
    until_online_is(world.data_dir(), vec!["alice", "carol"]).await;
    alice.until("bob is not online", |s| !s.is_online("bob") && s.is_online("carol")).await;
    // Whoever comes now does not see him for longer than it takes to hear of all.
    let mut dave = Person::new(&setup, "dave").await;
    dave.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    dave.until("bob is not online", |s| !s.is_online("bob")).await;
    until_online_is(world.data_dir(), vec!["alice", "carol", "dave"]).await;
}

/// The only Cooee of a data directory dies, and takes nobody along in the file for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_of_all_the_built_in_broker_mends_the_file() {
    let world = World::built_in();
    sign_up(&world.setup(), "alice").await;
    let mut listening = std::process::Command::new(program());
    listening.arg("-d").arg(world.data_dir()).args(["-u", "alice", "listen"]);
    let mut alice = listening.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    until_online_is(world.data_dir(), vec!["alice"]).await;
    alice.kill().unwrap();
    alice.wait().unwrap();
    until_online_is(world.data_dir(), vec![]).await;
}
