//! Clocks that jump: the order of what somebody says, and what counts as unread, do not hang on them.

use cooee::engine::{Command, Session};

use super::on_every_broker;
use crate::support::clock::{DAY, Wrong, YEAR};
use crate::support::person::{Person, direct, name, sign_up, text};
use crate::support::world::World;

/// The texts of one sender in somebody's history, in its order.
async fn texts_of(sender: &str, person: &mut Person, with: &str) -> Vec<String> {
    let history = person.history(&direct(with)).await;
    let theirs = history.iter().filter(|message| message.sender == name(sender));
    theirs.filter_map(text).map(str::to_owned).collect()
}

on_every_broker! {
    async fn what_somebody_says_stays_in_order_whatever_the_clocks_do(world) {
        let (of_alice, of_bob) = (Wrong::default(), Wrong::default());
        let mut alice = Person::new(&of_alice.setup(&world), "alice").await;
        let mut bob = Person::new(&of_bob.setup(&world), "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        bob.until("alice is known", |s| s.people.contains_key(&name("alice"))).await;
        let (mut from_alice, mut from_bob) = (Vec::new(), Vec::new());
        let jumps = [(0, 0), (YEAR, 0), (-YEAR, 0), (0, YEAR), (0, -YEAR), (YEAR, -YEAR), (DAY, DAY)];
        for (n, (hers, his)) in jumps.into_iter().enumerate() {
            of_alice.put(hers);
            of_bob.put(his);
            // The last time they run backwards too.
            if n == jumps.len() - 1 {
                of_alice.run_backwards();
                of_bob.run_backwards();
            }
            for m in 1..=10 {
                from_alice.push(format!("alice {n} {m}"));
                alice.say(&direct("bob"), from_alice.last().unwrap()).await;
                from_bob.push(format!("bob {n} {m}"));
                bob.say(&direct("alice"), from_bob.last().unwrap()).await;
            }
            bob.until_heard(&direct("alice"), &from_alice).await;
            alice.until_heard(&direct("bob"), &from_bob).await;
            bob.until("what is new is counted", |s| s.summaries[&direct("alice")].unread == 10).await;
            bob.ask(Command::MarkRead(direct("alice"))).await;
            bob.until("all is read", |s| s.summaries[&direct("alice")].unread == 0).await;
        }
        for (person, with) in [(&mut alice, "bob"), (&mut bob, "alice")] {
            assert_eq!(texts_of("alice", person, with).await, from_alice);
            assert_eq!(texts_of("bob", person, with).await, from_bob);
        }
        assert_eq!(alice.screen.summaries[&direct("bob")].unread, 70);
    }

    async fn a_clock_that_was_put_back_over_a_restart_keeps_the_order(world) {
        let of_alice = Wrong::default();
        of_alice.put(YEAR);
        let setup = of_alice.setup(&world);
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&world.setup(), "bob").await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let mut texts = Vec::new();
        for by in [YEAR, 0, -YEAR] {
            of_alice.put(by);
            for n in 1..=3 {
                texts.push(format!("{by} {n}"));
                alice.say(&direct("bob"), texts.last().unwrap()).await;
            }
            bob.until_heard(&direct("alice"), &texts).await;
            alice.quit().await;
            alice = Person::sign_in(&setup, "alice").await;
        }
        assert_eq!(texts_of("alice", &mut bob, "alice").await, texts);
        assert_eq!(texts_of("alice", &mut alice, "bob").await, texts);
    }

    async fn thirty_days_away_and_five_hundred_messages_wait(world) {
        let (of_alice, of_bob) = (Wrong::default(), Wrong::default());
        let mut alice = Person::new(&of_alice.setup(&world), "alice").await;
        sign_up(&of_bob.setup(&world), "bob").await;
        let bob = Person::sign_in(&of_bob.setup(&world), "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        bob.quit().await;
        alice.until("bob is gone", |s| !s.is_online("bob")).await;
        let mut texts = Vec::new();
        for n in 1..=500 {
            // Spread over the days.
            of_alice.put(n * 30 * DAY / 500);
            texts.push(format!("message {n}"));
            alice.say(&direct("bob"), texts.last().unwrap()).await;
        }
        alice.until_sent(500).await;
        of_bob.put(30 * DAY);
        let session = Session::start(&of_bob.setup(&world), &name("bob")).await.unwrap();
        let mut bob = Person::with(session);
        bob.until_heard(&direct("alice"), &texts).await;
        assert_eq!(texts_of("alice", &mut bob, "alice").await, texts);
        bob.until("all are new", |s| s.summaries[&direct("alice")].unread == 500).await;
        bob.ask(Command::MarkRead(direct("alice"))).await;
        bob.until("all is read", |s| s.summaries[&direct("alice")].unread == 0).await;
        bob.say(&direct("alice"), "back again").await;
        alice.until_heard(&direct("bob"), &["back again".into()]).await;
    }
}
