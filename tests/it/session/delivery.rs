//! Messages between people: live, to somebody who is away, and over broken links.

use cooee::domain::{Delivery, PageAt};
use cooee::engine::{Command, Link, Session};

use super::{numbered, on_every_broker};
use crate::support::person::{Person, direct, name, sign_up, text};
use crate::support::world::World;

on_every_broker! {
    async fn two_people_talk(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        alice.say(&direct("bob"), "the pump is back 👩‍🚀\nsecond line").await;
        bob.until_heard(&direct("alice"), &["the pump is back 👩‍🚀\nsecond line".into()]).await;
        bob.ask(Command::Typing(direct("alice"))).await;
        alice.until("bob is writing", |s| s.typing == [(direct("bob"), name("bob"))]).await;
        bob.say(&direct("alice"), "seen").await;
        alice.until_heard(&direct("bob"), &["seen".into()]).await;
        alice.until_all(1, Delivery::Delivered).await;
        bob.until_all(1, Delivery::Delivered).await;
        assert_eq!(bob.screen.summaries[&direct("alice")].unread, 1);
        bob.ask(Command::MarkRead(direct("alice"))).await;
        bob.until("all is read", |s| s.summaries[&direct("alice")].unread == 0).await;
    }

    async fn a_message_to_nobody_is_refused(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        for (to, words) in [("nobody", "nobody here is called `nobody`"), ("alice", "that is you")] {
            alice.say(&direct(to), "hello?").await;
            alice.until("it is refused", |s| s.answers.values().any(Result::is_err)).await;
            let (_, why) = alice.screen.answers.pop_first().unwrap();
            assert!(why.as_ref().is_err_and(|why| why.starts_with(words)), "{why:?}");
        }
    }

    async fn somebody_who_is_away_gets_all_in_order_and_once(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        // Signed up, and never signed in yet.
        sign_up(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let texts = numbered("message", 1_000);
        for words in &texts {
            alice.say(&direct("bob"), words).await;
        }
        alice.until_sent(texts.len()).await;
        let mut bob = Person::with(Session::start(&setup, &name("bob")).await.unwrap());
        bob.until_heard(&direct("alice"), &texts).await;
        bob.quit().await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        assert_eq!(bob.screen.summaries[&direct("alice")].unread, 1_000);
        let page = bob.page(&direct("alice"), PageAt::Newest).await;
        assert_eq!(page.iter().filter_map(text).collect::<Vec<_>>(), texts[500..]);
        let first = bob.screen.summaries[&direct("alice")].first_unread.unwrap();
        let page = bob.page(&direct("alice"), PageAt::Oldest).await;
        assert_eq!(page[0].key(), first);
        alice.say(&direct("bob"), "once more").await;
        bob.until_heard(&direct("alice"), &["once more".into()]).await;
    }

    async fn a_killed_broker_loses_nothing_that_is_typed_meanwhile(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.until("alice is there", |s| s.is_online("alice")).await;
        alice.say(&direct("bob"), "before").await;
        bob.until_heard(&direct("alice"), &["before".into()]).await;
        alice.until_sent(1).await;
        world.kill_broker();
        let down = |link: &Link| matches!(link, Link::Down { reason, .. } if !reason.is_empty());
        for person in [&mut alice, &mut bob] {
            person.until("the cut is told", |s| s.links.iter().any(down)).await;
        }
        let from_alice = numbered("alice", 20);
        let from_bob = numbered("bob", 20);
        for (a, b) in from_alice.iter().zip(&from_bob) {
            alice.say(&direct("bob"), a).await;
            bob.say(&direct("alice"), b).await;
        }
        world.revive_broker();
        bob.until_sent(20).await;
        alice.until_heard(&direct("bob"), &from_bob).await;
        let all: Vec<String> = std::iter::once("before".to_owned()).chain(from_alice).collect();
        bob.until_heard(&direct("alice"), &all).await;
        alice.until_sent(21).await;
        bob.until_sent(20).await;
        alice.until("bob is there again", |s| s.is_online("bob")).await;
    }

    async fn what_is_typed_before_the_first_connection_goes_out_later(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        alice.quit().await;
        let nowhere = world.setup_through(1);
        let mut alice = Person::with(Session::start(&nowhere, &name("alice")).await.unwrap());
        alice.until("no link", |s| matches!(s.link, Some(Link::Down { .. }))).await;
        let texts = numbered("offline", 5);
        for words in &texts {
            alice.say(&direct("bob"), words).await;
        }
        alice.until("all is stored", |s| s.stored.len() == 5).await;
        alice.quit().await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        bob.until_heard(&direct("alice"), &texts).await;
        let page = alice.page(&direct("bob"), PageAt::Newest).await;
        alice.until("all is sent", |s| s.sent.len() == 5).await;
        assert_eq!(page.len(), 5);
    }

    async fn another_front_end_joins_the_session_that_runs(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let mut script = Person::with(Session::join(&setup, &name("alice")).await.unwrap());
        script.until_up().await;
        assert!(script.screen.is_online("bob"));
        script.say(&direct("bob"), "from a script").await;
        bob.until_heard(&direct("alice"), &["from a script".into()]).await;
        script.until_sent(1).await;
        alice.until("the screen shows it too", |s| s.stored.len() == 1).await;
        bob.say(&direct("alice"), "to both").await;
        script.until_heard(&direct("bob"), &["to both".into()]).await;
        alice.until_heard(&direct("bob"), &["to both".into()]).await;
        script.quit().await;
        bob.say(&direct("alice"), "still there?").await;
        alice.until("the session goes on", |s| s.heard(&direct("bob")).len() == 2).await;
        let mut script = Person::with(Session::join(&setup, &name("alice")).await.unwrap());
        script.until_up().await;
        alice.quit().await;
        script.until("it is told of the end", |s| s.stopped == Some(None)).await;
    }
}
