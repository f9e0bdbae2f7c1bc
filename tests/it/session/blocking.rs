//! Somebody who is blocked: what is left out, what goes on, and what comes back.

use cooee::domain::{Delivery, JoinPolicy};
use cooee::engine::{Command, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, direct, name};
use crate::support::world::World;

async fn block(person: &mut Person, whom: &str, blocked: bool) {
    let ticket = Ticket(7_000 + u64::from(blocked));
    person.ask(Command::Block { user: name(whom), blocked, ticket }).await;
    let whom = name(whom);
    let done = |s: &crate::support::person::Screen| {
        s.agreed.contains(&ticket.0) && s.people.get(&whom).is_some_and(|p| p.blocked == blocked)
    };
    person.until("it is agreed and shown", done).await;
}

on_every_broker! {
    async fn nothing_of_somebody_who_is_blocked_is_shown_or_answered(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let (to_alice, from_bob) = (direct("alice"), direct("bob"));
        let team = alice.create("team", JoinPolicy::Open).await;
        for member in [&mut bob, &mut carol] {
            member.until("the team is listed", |s| s.groups.contains_key(&team)).await;
            member.join(team).await.unwrap();
        }
        let all = |s: &crate::support::person::Screen| s.members(team).len() == 3;
        alice.until("all are in", all).await;
        bob.until("all are in", all).await;
        carol.until("all are in", all).await;
        let in_team = cooee::domain::ConversationId::Group(team);
        bob.say(&to_alice, "one").await;
        alice.until("it is there", |s| s.heard(&from_bob) == ["one"]).await;

        block(&mut alice, "bob", true).await;
        assert_eq!(alice.screen.summaries[&from_bob].unread, 0, "nothing of theirs is counted");
        bob.say(&to_alice, "two").await;
        bob.say(&in_team, "in the team").await;
        bob.ask(Command::Typing(to_alice.clone())).await;
        let club = bob.create("club", JoinPolicy::Invite).await;
        bob.invite(club, "alice").await.unwrap();
        // What bob said is with the broker, and carol's word comes after it.
        bob.until_sent(3).await;
        carol.say(&in_team, "carol here").await;
        alice.until("carol is heard", |s| s.heard(&in_team) == ["carol here"]).await;
        bob.say(&to_alice, "still two").await;
        bob.until_sent(4).await;
        carol.say(&to_alice, "and here").await;
        alice.until("carol is heard", |s| s.heard(&direct("carol")) == ["and here"]).await;
        assert_eq!(alice.screen.heard(&from_bob), ["one"]);
        assert_eq!(alice.screen.heard(&in_team), ["carol here"]);
        assert_eq!(alice.screen.summaries[&from_bob].unread, 0);
        assert!(!alice.screen.groups.contains_key(&club), "the invitation was dropped");
        assert!(alice.screen.typing.iter().all(|(_, user)| *user != name("bob")));
        let text = cooee::domain::MessageText::new("hm").unwrap();
        alice.ask(Command::Send { to: from_bob.clone(), text, reply: None, forwarded: false, ticket: Ticket(8_000) }).await;
        alice.until("it is refused", |s| s.answers.contains_key(&8_000)).await;
        let why = alice.screen.answers[&8_000].clone().unwrap_err();
        assert!(why.contains("you have blocked `bob`") && why.contains("/unblock bob"), "{why}");

        // It is kept over a restart, and taken back.
        alice.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        alice.until("he is blocked", |s| s.people.get(&name("bob")).is_some_and(|p| p.blocked)).await;
        alice.until_up().await;
        block(&mut alice, "bob", false).await;
        bob.say(&to_alice, "three").await;
        bob.say(&in_team, "four").await;
        alice.until("he is heard again", |s| s.heard(&from_bob).contains(&"three")).await;
        alice.until("in the team, too", |s| s.heard(&in_team).contains(&"four")).await;
        let history = alice.history(&from_bob).await;
        let texts: Vec<_> = history.iter().filter_map(crate::support::person::text).collect();
        assert_eq!(texts, ["one", "three"], "what was thrown away does not come back");
        let stage = |words: &str| {
            let message = bob.screen.stored.iter().find(|m| crate::support::person::text(m) == Some(words));
            bob.screen.sent[&message.unwrap().id]
        };
        assert_eq!(stage("two"), Delivery::Sent, "nobody is told that it arrived");
    }
}
