//! Finding what was said, and chats that show as unread again.

use cooee::domain::{ConversationId, FindAt, JoinPolicy, Message};
use cooee::engine::{Command, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, direct, name, room, text};
use crate::support::world::World;

const TICKET: Ticket = Ticket(77);

/// What is found there, the last first.
async fn find(person: &mut Person, words: &str, within: Option<ConversationId>) -> Vec<String> {
    person.screen.found = None;
    let words = words.to_owned();
    person.ask(Command::Find { words, within, at: FindAt::Newest, limit: 50, ticket: TICKET }).await;
    person.until("an answer", |s| s.found.is_some()).await;
    let (found, more) = person.screen.found.take().unwrap();
    assert_eq!(more, None);
    found.iter().filter_map(text).map(str::to_owned).collect()
}

on_every_broker! {
    async fn what_was_said_to_people_in_groups_and_in_rooms_is_found(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        let team = alice.create("team", JoinPolicy::Open).await;
        bob.until("the team is listed", |s| s.groups.contains_key(&team)).await;
        bob.join(team).await.unwrap();
        alice.join_room("lobby").await.unwrap();
        alice.until("bob is in", |s| s.members(team).len() == 2).await;
        let (team, lobby) = (ConversationId::Group(team), room("lobby"));
        bob.say(&direct("alice"), "the Pümp is back").await;
        alice.until_heard(&direct("bob"), &["the Pümp is back".into()]).await;
        bob.say(&team, "which pump?").await;
        alice.until_heard(&team, &["which pump?".into()]).await;
        bob.say(&lobby, "水泵 PUMPS").await;
        alice.until_heard(&lobby, &["水泵 PUMPS".into()]).await;
        assert_eq!(find(&mut alice, "pump", None).await, ["水泵 PUMPS", "which pump?", "the Pümp is back"]);
        assert_eq!(find(&mut alice, "PUMP", Some(team.clone())).await, ["which pump?"]);
        assert_eq!(find(&mut alice, "泵", None).await, ["水泵 PUMPS"]);
        assert_eq!(find(&mut alice, "pump which back", None).await, [""; 0]);
        assert_eq!(find(&mut bob, "pump", None).await.len(), 3, "what one said oneself, too");

        let stored = alice.screen.stored.iter().find(|m| text(m) == Some("which pump?"));
        let key = stored.map(Message::key).unwrap();
        let words = "pump".to_owned();
        alice.ask(Command::Hits { words, conversation: team, before: None, ticket: TICKET }).await;
        alice.until("an answer", |s| s.hits == Some((vec![key], 1, None))).await;
    }

    async fn a_chat_shows_as_unread_again_and_nobody_hears_of_it(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        let unread = |s: &crate::support::person::Screen| s.summaries.get(&direct("bob")).map(|s| s.unread);
        let mark = |n| Command::MarkUnread { conversation: direct("bob"), ticket: Ticket(n) };
        alice.ask(mark(900)).await;
        alice.until("a refusal", |s| matches!(s.answers.get(&900), Some(Err(_)))).await;
        bob.say(&direct("alice"), "one").await;
        bob.say(&direct("alice"), "two").await;
        alice.until_heard(&direct("bob"), &["one".into(), "two".into()]).await;
        alice.ask(Command::MarkRead(direct("bob"))).await;
        alice.until("all is read", |s| unread(s) == Some(0)).await;
        // The receipts of what came are on their way by themselves.
        alice.until_outbox_holds(0).await;
        alice.ask(mark(901)).await;
        alice.until("it is unread", |s| unread(s) == Some(1) && s.agreed.contains(&901)).await;
        let first = alice.screen.summaries[&direct("bob")].first_unread.unwrap();
        let two = alice.screen.stored.iter().find(|m| text(m) == Some("two")).unwrap().key();
        assert_eq!(first, two, "from the newest message of another");
        assert_eq!(alice.outbox(Command::Outbox).await.1, 0, "it sends nothing");
        alice.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.until("it is kept", |s| s.ready && unread(s) == Some(1)).await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    }
}
