//! Links into groups: whoever has one comes in, nobody else, and never without whoever made it.

use std::time::Duration;

use cooee::domain::{
    ConversationId, GroupChange, GroupId, GroupLink, JoinPolicy, LinkSecret, Origin, Standing,
};
use cooee::engine::{Command, Ticket};

use super::on_every_broker;
use crate::support::clock::{DAY, Wrong};
use crate::support::person::{Person, Screen, direct, name};
use crate::support::vandal::{Stranger, letter};
use crate::support::world::World;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn ask(person: &mut Person, number: u64, command: Command) -> Result<(), String> {
    person.ask(command).await;
    let answered = |s: &Screen| {
        s.agreed.contains(&number)
            || s.answers.contains_key(&number)
            || s.links_made.contains_key(&number)
    };
    person.until("it is answered", answered).await;
    match person.screen.answers.get(&number) {
        Some(Err(why)) => Err(why.clone()),
        _ => Ok(()),
    }
}

async fn make(person: &mut Person, group: GroupId, uses: u32, number: u64) -> Result<GroupLink, String> {
    let ticket = Ticket(number);
    let command = Command::MakeGroupLink { group, lasts: WEEK, uses, ticket };
    ask(person, number, command).await?;
    Ok(person.screen.links_made[&number].clone())
}

async fn join(person: &mut Person, link: &GroupLink, number: u64) -> Result<(), String> {
    let command = Command::JoinByLink { link: link.clone(), ticket: Ticket(number) };
    ask(person, number, command).await
}

fn is_in(s: &Screen, group: GroupId) -> bool {
    s.groups.get(&group).is_some_and(|view| view.standing == Standing::Member)
}

on_every_broker! {
    async fn whoever_has_the_link_comes_in_when_its_maker_is_there(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        for person in [&mut bob, &mut carol] {
            person.until("alice is known", |s| s.is_online("alice")).await;
        }
        alice.until("both are known", |s| s.people.len() >= 2).await;
        let team = alice.create("team", JoinPolicy::Invite).await;
        let link = make(&mut alice, team, 2, 9_001).await.unwrap();
        let again = link.to_string().parse::<GroupLink>().unwrap();
        assert_eq!((&again, again.host.as_str()), (&link, "alice"));

        // While its maker is away it waits, also for whoever is away themselves.
        alice.quit().await;
        bob.until("alice is gone", |s| !s.is_online("alice")).await;
        join(&mut bob, &link, 9_002).await.unwrap();
        assert!(!is_in(&bob.screen, team));
        // However often he asks, one question waits; also that of the next session.
        assert_eq!(bob.outbox(Command::Outbox).await.1, 1);
        join(&mut bob, &link, 9_012).await.unwrap();
        assert_eq!(bob.outbox(Command::Outbox).await.1, 1);
        bob.quit().await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        join(&mut bob, &link, 9_013).await.unwrap();
        assert_eq!(bob.outbox(Command::Outbox).await.1, 1);
        bob.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.until("bob is let in", |s| s.told(&GroupChange::Invite(name("bob")))).await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until("he is in by himself", |s| is_in(s, team)).await;
        bob.until("he is told so", |s| s.let_in == [team]).await;
        alice.until("he is in", |s| s.members(team) == ["alice", "bob"]).await;
        join(&mut carol, &link, 9_003).await.unwrap();
        carol.until("she is in", |s| is_in(s, team)).await;
        let here = ConversationId::Group(team);
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team).len() == 3).await;
        }
        carol.say(&here, "hello").await;
        for person in [&mut alice, &mut bob] {
            person.until("she is heard", |s| s.heard(&here) == ["hello"]).await;
        }
        let why = join(&mut bob, &link, 9_004).await.unwrap_err();
        assert!(why.contains("already"), "{why}");

        // It let in two: that was all.
        let mut dave = Person::new(&setup, "dave").await;
        // Her presence may be here before her profile.
        let is_registered = |s: &Screen| {
            s.people.get(&name("alice")).is_some_and(|alice| alice.origin == Origin::Registered)
        };
        dave.until("alice is known", |s| s.is_online("alice") && is_registered(s)).await;
        join(&mut dave, &link, 9_005).await.unwrap();
        dave.say(&direct("alice"), "knock knock").await;
        alice.until("she hears him", |s| s.heard(&direct("dave")) == ["knock knock"]).await;
        assert_eq!(alice.screen.members(team).len() + alice.screen.invited(team).len(), 3);
        // A new one lets him in, whom the old one left outside.
        let link = make(&mut alice, team, 5, 9_006).await.unwrap();
        dave.quit().await;
        let mut dave = Person::sign_in(&setup, "dave").await;
        tokio::time::timeout(Duration::from_secs(30), async {
            // He is heard again after a while only.
            loop {
                join(&mut dave, &link, 9_007).await.unwrap();
                dave.screen.agreed.remove(&9_007);
                if tokio::time::timeout(Duration::from_secs(3), dave.until("he is in", |s| is_in(s, team))).await.is_ok() {
                    break;
                }
            }
        })
        .await
        .expect("in time");

        // Whoever is put out does not come back by it.
        alice.change(team, GroupChange::Remove(name("carol"))).await.unwrap();
        carol.until("she is out", |s| !is_in(s, team)).await;
        let asked = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                join(&mut carol, &link, 9_008).await.unwrap();
                carol.screen.agreed.remove(&9_008);
                let told = |s: &Screen| s.warnings.iter().any(|words| words.contains("was put out of it"));
                if tokio::time::timeout(Duration::from_secs(3), alice.until("it is told", told)).await.is_ok() {
                    break;
                }
            }
        });
        asked.await.expect("in time");
        assert!(!is_in(&carol.screen, team) && !alice.screen.members(team).contains(&"carol".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_over_taken_back_or_guessed_lets_nobody_in() {
    let world = World::built_in();
    let clock = Wrong::default();
    let mut alice = Person::new(&clock.setup(&world), "alice").await;
    let mut bob = Person::new(&world.setup(), "bob").await;
    bob.until("alice is known", |s| s.people.contains_key(&name("alice"))).await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    let team = alice.create("team", JoinPolicy::Invite).await;
    let link = make(&mut alice, team, 20, 9_001).await.unwrap();

    // With a key that is not hers, with a name that nobody has, with her own.
    let forged = GroupLink { key: cooee::domain::IdentityKey::from_bytes([7; 32]), ..link.clone() };
    let why = join(&mut bob, &forged, 9_002).await.unwrap_err();
    assert!(why.contains("another key"), "{why}");
    let nobody = GroupLink { host: name("mallory"), ..link.clone() };
    assert!(join(&mut bob, &nobody, 9_003).await.unwrap_err().contains("nobody called"));
    assert!(join(&mut alice, &link, 9_004).await.unwrap_err().contains("already"));

    // Wrong secrets and other nonsense: nothing is answered and nothing changes.
    let mut eve = Stranger::sign_up(&world, "eve").await;
    eve.until_knows("alice").await;
    let knock = |id, group: GroupId, secret: &str| {
        letter(id, &format!(r#""ty":"knock","b":{{"group":"{group}","secret":"{secret}"}}"#))
    };
    let wrong = String::from(LinkSecret::from_bytes([0; 16]));
    for (id, group, secret) in [
        (1, team, wrong.as_str()),
        (2, GroupId::from_bits(1), &wrong),
        (3, team, ""),
        (4, team, "AAAA"),
        (5, team, "not base64!"),
        (6, team, &"A".repeat(4_000)),
    ] {
        eve.say("alice", &knock(id, group, secret)).await;
    }
    for id in 10..60 {
        eve.say("alice", &knock(id, team, &wrong)).await;
    }
    eve.say("alice", &letter(99, r#""ty":"text","b":{"text":"let me in"}"#)).await;
    alice.until("she is heard", |s| s.heard(&direct("eve")) == ["let me in"]).await;
    assert_eq!((alice.screen.members(team).len(), alice.screen.invited(team).len()), (1, 0));
    assert!(
        alice.screen.warnings.iter().all(|words| !words.contains("eve")),
        "{:?}",
        alice.screen.warnings
    );

    // Its time is over.
    clock.put(8 * DAY);
    join(&mut bob, &link, 9_005).await.unwrap();
    bob.say(&direct("alice"), "one").await;
    alice.until("he is heard", |s| s.heard(&direct("bob")) == ["one"]).await;
    // It is taken back.
    let revoke = |ticket| Command::RevokeGroupLink { group: team, ticket: Ticket(ticket) };
    ask(&mut alice, 9_006, revoke(9_006)).await.unwrap();
    assert!(ask(&mut alice, 9_007, revoke(9_007)).await.unwrap_err().contains("no link"));
    bob.say(&direct("alice"), "two").await;
    alice.until("he is heard", |s| s.heard(&direct("bob")) == ["one", "two"]).await;
    assert_eq!((alice.screen.members(team).len(), alice.screen.invited(team).len()), (1, 0));
    assert!(!is_in(&bob.screen, team));

    // A member lets nobody in.
    alice.invite(team, "bob").await.unwrap();
    // He had asked: he goes in by himself.
    bob.until("he is in", |s| is_in(s, team)).await;
    let why = make(&mut bob, team, 1, 9_008).await.unwrap_err();
    assert!(why.contains("owner and the admins"), "{why}");
}
