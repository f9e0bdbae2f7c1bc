//! What is done with messages after they were said: for all who were to read them, wherever they are meanwhile.

use cooee::domain::{
    Alteration, Body, ConversationId, Delivery, JoinPolicy, Message, MessageId, MessageText, Reaction,
};
use cooee::engine::{Command, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name, text};
use crate::support::world::World;

fn words(text: &str) -> MessageText {
    MessageText::new(text).unwrap()
}

fn sign(sign: &str) -> Alteration {
    Alteration::React(Some(Reaction::new(sign).unwrap()))
}

fn find(screen: &Screen, id: MessageId) -> Option<&Message> {
    screen.stored.iter().find(|message| message.id == id)
}

fn says(screen: &Screen, id: MessageId, words: &str) -> bool {
    find(screen, id).and_then(text) == Some(words)
}

fn signs(screen: &Screen, id: MessageId) -> Vec<(String, String)> {
    let marks = find(screen, id).map(|message| message.marks.clone()).unwrap_or_default();
    marks.reactions.iter().map(|(user, sign)| (user.to_string(), sign.to_string())).collect()
}

fn said(person: &Person, words: &str) -> MessageId {
    person.screen.stored.iter().find(|message| text(message) == Some(words)).expect("it was said").id
}

on_every_broker! {
    async fn a_message_is_answered_changed_and_taken_back_for_both(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.say(&direct("bob"), "the pump").await;
        alice.until_all(1, Delivery::Delivered).await;
        let first = said(&alice, "the pump");
        bob.until("it is there", |s| says(s, first, "the pump")).await;
        bob.ask(Command::Seen { conversation: direct("alice"), letters: vec![first] }).await;
        alice.until("he read it", |s| s.sent.get(&first) == Some(&Delivery::Read)).await;

        // An answer quotes what the receiver knows of it.
        let (to, ticket) = (direct("alice"), Ticket(8_001));
        bob.ask(Command::Send { to, text: words("what of it?"), reply: Some(first), forwarded: false, ticket }).await;
        alice.until("the answer", |s| s.heard(&direct("bob")) == ["what of it?"]).await;
        let answer = said(&alice, "what of it?");
        let reply = find(&alice.screen, answer).unwrap().reply.clone().unwrap();
        let quote = reply.quote.unwrap();
        assert_eq!((reply.to, quote.sender, quote.text.as_deref()), (first, name("alice"), Some("the pump")));

        // An edit begins its ticks anew, and the reader is told that it has to be read again.
        alice.alter(first, Alteration::Edit(words("the valve"))).await.unwrap();
        assert!(says(&alice.screen, first, "the valve"));
        bob.until("it is changed", |s| says(s, first, "the valve")).await;
        let edit = find(&bob.screen, first).unwrap().letter();
        assert_ne!(edit, first);
        // What was on the screen before says nothing of what it is now.
        bob.ask(Command::Seen { conversation: direct("alice"), letters: vec![first] }).await;
        alice.until("it is there", |s| s.sent.get(&first) == Some(&Delivery::Delivered)).await;
        bob.ask(Command::Seen { conversation: direct("alice"), letters: vec![edit] }).await;
        alice.until("he read it again", |s| s.sent.get(&first) == Some(&Delivery::Read)).await;

        // Signs of both, one changed and one taken back.
        bob.alter(first, sign("👍")).await.unwrap();
        alice.alter(first, sign("🎉")).await.unwrap();
        bob.alter(first, sign("❤️")).await.unwrap();
        let both = [("alice", "🎉"), ("bob", "❤️")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        alice.until("both signs", |s| signs(s, first) == both).await;
        bob.until("both signs", |s| signs(s, first) == both).await;
        alice.alter(first, Alteration::React(None)).await.unwrap();
        bob.until("one is gone", |s| signs(s, first).len() == 1).await;
        bob.alter(first, Alteration::Pin(true)).await.unwrap();
        alice.until("it is pinned", |s| find(s, first).unwrap().marks.pinned).await;
        alice.ask(Command::Marked(Some(direct("bob")))).await;
        alice.until("what is pinned", |s| s.marked.iter().map(|m| m.id).eq([first])).await;

        // Nobody changes what another wrote.
        let why = bob.alter(first, Alteration::Delete).await.unwrap_err();
        assert!(why.contains("only who wrote"), "{why}");

        // He is away while it is changed once more and taken back; then nothing of it is left with him either.
        bob.quit().await;
        alice.alter(first, Alteration::Edit(words("third"))).await.unwrap();
        alice.alter(first, Alteration::Delete).await.unwrap();
        let why = alice.alter(first, Alteration::Edit(words("fourth"))).await.unwrap_err();
        assert!(why.contains("deleted"), "{why}");
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until_up().await;
        alice.until_outbox_holds(0).await;
        let history = bob.history(&direct("alice")).await;
        assert_eq!((history.len(), &history[0].body), (2, &Body::Deleted));
        assert_eq!(history[1].reply.clone().unwrap().quote.unwrap().text, None);
        let edits = history.iter().filter(|message| message.marks.edit.is_some()).count();
        assert_eq!(edits, 0);
    }

    async fn all_members_of_a_group_see_the_same(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        for member in [&mut bob, &mut carol] {
            member.until("the team is listed", |s| s.groups.contains_key(&team)).await;
            member.join(team).await.unwrap();
        }
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team).len() == 3).await;
        }
        let in_team = ConversationId::Group(team);
        alice.say(&in_team, "first").await;
        alice.until("it is stored", |s| s.stored.iter().any(|m| text(m) == Some("first"))).await;
        let first = said(&alice, "first");
        for person in [&mut bob, &mut carol] {
            person.until("it is there", |s| says(s, first, "first")).await;
        }
        carol.quit().await;
        alice.alter(first, Alteration::Edit(words("second"))).await.unwrap();
        bob.alter(first, sign("👍")).await.unwrap();
        alice.alter(first, sign("👀")).await.unwrap();
        let mut carol = Person::sign_in(&setup, "carol").await;
        carol.until_up().await;
        for person in [&mut alice, &mut bob] {
            person.until_outbox_holds(0).await;
        }
        let seen = carol.history(&in_team).await;
        let said = seen.iter().find(|message| message.id == first).unwrap();
        assert_eq!((text(said), said.marks.edit.is_some(), said.marks.reactions.len()), (Some("second"), true, 2));
        // An edit has come as far as to the last of them.
        alice.until("all have it", |s| s.sent.get(&first) >= Some(&Delivery::Delivered)).await;
        let info = alice.info(first).await;
        assert_eq!(info.recipients.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stars_and_what_we_delete_are_our_own() {
    let world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&setup, "bob").await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    alice.say(&direct("bob"), "one").await;
    alice.say(&direct("bob"), "two").await;
    bob.until("both are there", |s| s.heard(&direct("alice")) == ["one", "two"]).await;
    let one = bob.screen.stored[0].id;
    bob.ask(Command::Star { message: one, starred: true }).await;
    bob.until("it has a star", |s| find(s, one).unwrap().marks.starred).await;
    bob.ask(Command::Marked(None)).await;
    bob.until("what is starred", |s| s.marked.len() == 1).await;
    bob.ask(Command::Hide(one)).await;
    bob.until("it is gone", |s| s.heard(&direct("alice")) == ["two"]).await;
    alice.until_all(2, Delivery::Delivered).await;
    assert!(says(&alice.screen, one, "one") && !find(&alice.screen, one).unwrap().marks.starred);
    bob.quit().await;
    let mut bob = Person::sign_in(&setup, "bob").await;
    bob.until_up().await;
    let left = bob.history(&direct("alice")).await;
    assert_eq!(left.iter().filter_map(text).collect::<Vec<_>>(), ["two"]);
}
