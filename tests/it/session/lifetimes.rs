//! Messages that disappear: on both sides, on the way, and whatever clocks and others say.

use std::time::Duration;

use cooee::domain::{
    Alteration, Body, ConversationId, Delivery, GroupChange, JoinPolicy, Lifetime, MessageId,
    MessageText, Reaction,
};
use cooee::engine::{Command, Ticket};
use cooee::mqtt::Event;

use super::on_every_broker;
use crate::support::clock::{DAY, Wrong, YEAR};
use crate::support::person::{Person, Screen, direct, name, text};
use crate::support::vandal::{Stranger, Vandal, letter};
use crate::support::world::World;

pub const HOUR: i64 = DAY / 24;

pub fn a_day() -> Option<Lifetime> {
    Some(Lifetime::new(24 * 60 * 60).unwrap())
}

pub async fn set(
    person: &mut Person,
    conversation: &ConversationId,
    lifetime: Option<Lifetime>,
    number: u64,
) -> Result<(), String> {
    let ticket = Ticket(7_000 + number);
    let conversation = conversation.clone();
    person.ask(Command::SetLifetime { conversation, lifetime, ticket }).await;
    let answered = |s: &Screen| s.agreed.contains(&ticket.0) || s.answers.contains_key(&ticket.0);
    person.until("it is answered", answered).await;
    match person.screen.answers.get(&ticket.0) {
        Some(Err(why)) => Err(why.clone()),
        _ => Ok(()),
    }
}

pub fn said(person: &Person, words: &str) -> MessageId {
    person.screen.stored.iter().find(|message| text(message) == Some(words)).expect("it was said").id
}

/// Asks for something that changes nothing: a session looks at the clock whenever something happens.
pub async fn nudge(person: &mut Person) {
    person.outbox(Command::Outbox).await;
}

pub async fn texts(person: &mut Person, with: &ConversationId) -> Vec<String> {
    let history = person.history(with).await;
    history.iter().filter_map(text).map(str::to_owned).collect()
}

on_every_broker! {
    async fn a_message_is_over_for_both_and_what_was_said_before_stays(world) {
        let (of_alice, of_bob) = (Wrong::default(), Wrong::default());
        let mut alice = Person::new(&of_alice.setup(&world), "alice").await;
        let mut bob = Person::new(&of_bob.setup(&world), "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&direct("bob"), "it stays").await;
        bob.until_heard(&direct("alice"), &["it stays".into()]).await;
        set(&mut alice, &direct("bob"), a_day(), 1).await.unwrap();
        assert_eq!(alice.screen.lifetimes, [(direct("bob"), a_day().unwrap())]);
        bob.until("he is told", |s| s.lifetimes == [(direct("alice"), a_day().unwrap())]).await;
        for person in [&mut alice, &mut bob] {
            let told = |s: &Screen| s.stored.iter().any(|m| m.body == Body::Lifetime(a_day()));
            person.until("a line says so", told).await;
        }
        let why = set(&mut bob, &direct("alice"), a_day(), 2).await.unwrap_err();
        assert!(why.contains("already"), "{why}");

        bob.say(&direct("alice"), "harpsichord").await;
        alice.until_heard(&direct("bob"), &["harpsichord".into()]).await;
        let id = said(&alice, "harpsichord");
        let change = Alteration::React(Some(Reaction::new("👍").unwrap()));
        alice.ask(Command::Alter { message: id, change, ticket: Ticket(8_000) }).await;
        alice.ask(Command::Star { message: id, starred: true }).await;
        bob.until("her sign", |s| s.stored.iter().any(|m| !m.marks.reactions.is_empty())).await;
        bob.until_all(1, Delivery::Delivered).await;

        // An hour before its end it is there; then it is over, for each by their own clock.
        of_alice.put(DAY - HOUR);
        nudge(&mut alice).await;
        assert_eq!(texts(&mut alice, &direct("bob")).await, ["it stays", "harpsichord"]);
        of_alice.put(DAY + 1_000);
        nudge(&mut alice).await;
        alice.until("it is gone", |s| s.gone == [id]).await;
        assert_eq!(texts(&mut alice, &direct("bob")).await, ["it stays"]);
        assert_eq!(texts(&mut bob, &direct("alice")).await.len(), 2);
        // He was away meanwhile.
        let setup = of_bob.setup(&world);
        bob.quit().await;
        of_bob.put(DAY + 1_000);
        let mut bob = Person::sign_in(&setup, "bob").await;
        assert_eq!(texts(&mut bob, &direct("alice")).await, ["it stays"]);
        let words = "harpsichord".to_owned();
        let at = cooee::domain::FindAt::Newest;
        bob.ask(Command::Find { words, within: None, at, limit: 9, ticket: Ticket(8_001) }).await;
        bob.until("nothing is found", |s| s.found == Some((Vec::new(), None))).await;
        assert_eq!(bob.screen.lifetimes, [(direct("alice"), a_day().unwrap())]);

        // From then on they stay.
        set(&mut bob, &direct("alice"), None, 3).await.unwrap();
        alice.until("she is told", |s| s.lifetimes.is_empty()).await;
        bob.say(&direct("alice"), "theremin").await;
        alice.until("it came", |s| s.heard(&direct("bob")) == ["theremin"]).await;
        of_alice.put(YEAR);
        nudge(&mut alice).await;
        assert_eq!(texts(&mut alice, &direct("bob")).await, ["it stays", "theremin"]);
    }

    async fn the_sealed_copy_of_a_file_goes_with_its_message(world) {
        let clock = Wrong::default();
        let mut alice = Person::new(&clock.setup(&world), "alice").await;
        let _bob = Person::new(&world.setup(), "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        set(&mut alice, &direct("bob"), a_day(), 1).await.unwrap();
        let path = world.data_dir().join("plan.txt");
        std::fs::write(&path, "the plan").unwrap();
        let (to, ticket) = (direct("bob"), Ticket(8_100));
        alice.ask(Command::SendFile { to, path, text: None, reply: None, ticket }).await;
        alice.until("it is offered", |s| s.stored.iter().any(|m| m.file.is_some())).await;
        let id = said(&alice, "plan.txt");
        let sealed = world.data_dir().join("accounts").join("alice").join("files");
        let kept = || std::fs::read_dir(&sealed).unwrap().count();
        assert_eq!(kept(), 1);
        clock.put(DAY + 1_000);
        nudge(&mut alice).await;
        alice.until("it is gone", |s| s.gone == [id]).await;
        assert_eq!(kept(), 0);
    }

    async fn what_nobody_heard_in_time_is_taken_out_and_told(world) {
        let of_alice = Wrong::default();
        let mut alice = Person::new(&of_alice.setup(&world), "alice").await;
        let bob = Person::new(&world.setup(), "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        set(&mut alice, &direct("bob"), a_day(), 1).await.unwrap();
        alice.until_outbox_holds(0).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        let mut vandal = Vandal::on(&world).await;
        vandal.overhear("cooee/1/inbox/bob/alice/+").await;
        alice.say(&direct("bob"), "are you there?").await;
        // The broker is told how long it is worth anything.
        let mut expiry = None;
        vandal
            .until(|event| {
                let Event::Incoming(incoming) = event else { return false };
                expiry = incoming.expiry;
                expiry.is_some()
            })
            .await;
        let expiry = expiry.expect("it has an end").as_secs();
        assert!((86_000..=86_400).contains(&expiry), "{expiry}");
        alice.until_sent(1).await;
        assert_eq!(alice.outbox(Command::Outbox).await.1, 1);
        of_alice.put(DAY + 1_000);
        nudge(&mut alice).await;
        alice.until("it is told", |s| s.warnings.iter().any(|words| words.contains("to bob was over"))).await;
        assert_eq!(alice.outbox(Command::Outbox).await.1, 0);
        assert_eq!(texts(&mut alice, &direct("bob")).await, [""; 0]);
    }

    async fn in_a_group_its_owner_and_admins_set_it(world) {
        let clock = Wrong::default();
        let setup = clock.setup(&world);
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        bob.until("the team is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        alice.until("he is in", |s| s.members(team).len() == 2).await;
        let here = ConversationId::Group(team);
        let why = set(&mut bob, &here, a_day(), 1).await.unwrap_err();
        assert!(why.contains("owner and the admins"), "{why}");
        set(&mut alice, &here, a_day(), 2).await.unwrap();
        bob.until("he is told", |s| s.told(&GroupChange::Lifetime(a_day()))).await;
        let lifetime = |s: &Screen| s.groups[&team].group.lifetime;
        assert_eq!((lifetime(&alice.screen), lifetime(&bob.screen)), (a_day(), a_day()));
        // Whoever comes later knows it with the group.
        carol.until("the team is listed", |s| s.groups.contains_key(&team)).await;
        carol.join(team).await.unwrap();
        carol.until("she knows it", |s| lifetime(s) == a_day() && s.members(team).len() == 3).await;
        for person in [&mut alice, &mut bob] {
            person.until("all are in", |s| s.members(team).len() == 3).await;
        }
        carol.say(&here, "harpsichord").await;
        for person in [&mut alice, &mut bob] {
            person.until("it came", |s| s.heard(&here) == ["harpsichord"]).await;
        }
        carol.until_all(1, Delivery::Delivered).await;
        clock.put(DAY + 1_000);
        for person in [&mut alice, &mut bob, &mut carol] {
            nudge(person).await;
            person.until("it is gone", |s| s.gone.len() == 1).await;
            assert_eq!(texts(person, &here).await, [""; 0]);
        }
        // An admin may; that stays when they are none any more.
        alice.change(team, GroupChange::Promote(name("bob"))).await.unwrap();
        bob.until("he is told", |s| s.told(&GroupChange::Promote(name("bob")))).await;
        set(&mut bob, &here, None, 3).await.unwrap();
        for person in [&mut alice, &mut carol] {
            person.until("they are told", |s| lifetime(s).is_none()).await;
        }
        alice.change(team, GroupChange::Demote(name("bob"))).await.unwrap();
        carol.until("she is told", |s| s.told(&GroupChange::Demote(name("bob")))).await;
        assert_eq!((lifetime(&alice.screen), lifetime(&carol.screen)), (None, None));
    }

    async fn a_lifetime_of_another_is_within_bounds(world) {
        let clock = Wrong::default();
        let mut alice = Person::new(&clock.setup(&world), "alice").await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        // Nothing is gone before it can be read, and nothing makes a time that is none.
        let life = |id: u8, life: &str| {
            letter(id, &format!(r#""l":{life},"ty":"text","b":{{"text":"text {id}"}}"#))
        };
        for (id, seconds) in [(1, "0"), (2, "1"), (3, "4294967295")] {
            eve.say("alice", &life(id, seconds)).await;
        }
        for (id, wrong) in [(4, "-1"), (5, "4294967296"), (6, "1e99"), (7, "\"1\"")] {
            eve.say("alice", &life(id, wrong)).await;
        }
        for (id, wrong) in [(8, "0"), (9, "59"), (10, "4294967295"), (11, "\"off\"")] {
            eve.say("alice", &letter(id, &format!(r#""ty":"disappear","b":{{"life":{wrong}}}"#))).await;
        }
        eve.say("alice", &letter(12, r#""ty":"text","b":{"text":"the end"}"#)).await;
        let heard = ["text 1", "text 2", "text 3", "the end"].map(str::to_owned);
        alice.until_heard(&direct("eve"), &heard).await;
        assert_eq!((alice.screen.lifetimes.len(), alice.screen.gone.len()), (0, 0));
        clock.put(HOUR - 60_000);
        nudge(&mut alice).await;
        assert_eq!(texts(&mut alice, &direct("eve")).await.len(), 4);
        clock.put(HOUR + 60_000);
        nudge(&mut alice).await;
        alice.until("two are over", |s| s.gone.len() == 2).await;
        clock.put(YEAR + HOUR);
        nudge(&mut alice).await;
        alice.until("three are over", |s| s.gone.len() == 3).await;
        assert_eq!(texts(&mut alice, &direct("eve")).await, ["the end"]);
        // With a person either side sets it.
        eve.say("alice", &letter(13, r#""ty":"disappear","b":{"life":3600}"#)).await;
        alice.until("she is told", |s| s.lifetimes == [(direct("eve"), Lifetime::LEAST)]).await;
        eve.say("alice", &letter(14, r#""ty":"disappear","b":{}"#)).await;
        alice.until("it is taken back", |s| s.lifetimes.is_empty()).await;
    }
}

/// The timer that waits for the next alone wakes a session that nothing else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_timer_waits_for_the_next() {
    let world = World::built_in();
    let clock = Wrong::default();
    let mut alice = Person::new(&clock.setup(&world), "alice").await;
    let bob = Person::new(&world.setup(), "bob").await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    set(&mut alice, &direct("bob"), Some(Lifetime::LEAST), 1).await.unwrap();
    alice.say(&direct("bob"), "harpsichord").await;
    alice.until_all(1, Delivery::Delivered).await;
    bob.quit().await;
    alice.until("bob is gone", |s| !s.is_online("bob")).await;
    // Two seconds are left of its hour; after this one question nothing more is asked.
    clock.put(HOUR - 2_000);
    nudge(&mut alice).await;
    let began = std::time::Instant::now();
    assert!(alice.screen.gone.is_empty());
    alice.until("it is gone", |s| s.gone.len() == 1).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let text = MessageText::new("x").unwrap();
    let change = Alteration::Edit(text);
    let message = alice.screen.gone[0];
    alice.ask(Command::Alter { message, change, ticket: Ticket(8_002) }).await;
    alice.until("there is nothing to change", |s| s.answers.contains_key(&8_002)).await;
}
