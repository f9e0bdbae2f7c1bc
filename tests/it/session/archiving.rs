//! Chats that are put away, and what brings them back.

use cooee::domain::{Alerts, ConversationId, Delivery, JoinPolicy};
use cooee::engine::Command;

use crate::support::person::{Person, Screen, direct, name};
use crate::support::world::World;

async fn archive(person: &mut Person, conversation: &ConversationId) {
    let away = conversation.clone();
    person.ask(Command::Archive { conversation: away.clone(), archived: true }).await;
    person.until("it is put away", |s| s.archived.contains(&away)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_calls_for_us_brings_a_chat_back() {
    let world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&setup, "bob").await;
    let team = alice.create("team", JoinPolicy::Open).await;
    let here = ConversationId::Group(team);
    bob.until("the team is listed", |s| s.groups.contains_key(&team)).await;
    bob.join(team).await.unwrap();
    alice.until("bob is in", |s| s.members(team).len() == 2).await;
    archive(&mut alice, &direct("bob")).await;
    archive(&mut alice, &here).await;
    // Over a restart it stays away.
    alice.quit().await;
    let mut alice = Person::sign_in(&setup, "alice").await;
    alice.until("both are away", |s| s.archived.len() == 2).await;
    bob.say(&direct("alice"), "hello").await;
    alice.until("one is back", |s| s.archived == [here.clone()]).await;
    // One that calls for mentions alone, and one that is muted.
    alice.ask(Command::Alerts(here.clone(), Alerts::Mentions)).await;
    bob.say(&here, "anybody?").await;
    alice.until("it came", |s| s.heard(&here) == ["anybody?"]).await;
    assert_eq!(alice.screen.archived, std::slice::from_ref(&here));
    bob.say(&here, "@alice?").await;
    alice.until("it is back", |s| s.archived.is_empty()).await;
    archive(&mut alice, &here).await;
    alice.ask(Command::Alerts(here.clone(), Alerts::None)).await;
    bob.say(&here, "@alice!").await;
    bob.until_all(4, Delivery::Delivered).await;
    alice.until("it came", |s| s.heard(&here).len() == 3).await;
    assert_eq!(alice.screen.archived, std::slice::from_ref(&here));
    // What we write there ourselves brings it back.
    alice.say(&here, "yes").await;
    let back = |s: &Screen| s.archived.is_empty();
    alice.until("it is back", back).await;
    assert!(alice.screen.people.contains_key(&name("bob")));
}
