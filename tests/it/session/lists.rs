//! Lists of contacts: kept on our side, and nothing but messages to each goes out.

use cooee::domain::{ContactList, Delivery, ListName, limits};
use cooee::engine::{Command, Ticket};

use crate::support::person::{Person, Screen, direct, name};
use crate::support::world::World;

fn list(called: &str, members: &[&str]) -> ContactList {
    let members = members.iter().map(|member| name(member)).collect();
    ContactList { name: ListName::new(called).unwrap(), members }
}

/// Has it kept.
async fn keep(person: &mut Person, number: u64, list: ContactList) -> Result<(), String> {
    let ticket = Ticket(6_000 + number);
    person.ask(Command::SaveList { list, ticket }).await;
    let answered = |s: &Screen| s.agreed.contains(&ticket.0) || s.answers.contains_key(&ticket.0);
    person.until("it is answered", answered).await;
    match person.screen.answers.get(&ticket.0) {
        Some(Err(why)) => Err(why.clone()),
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_kept_here_and_each_on_it_is_written_to() {
    let world = World::built_in();
    let setup = world.setup();
    let mut alice = Person::new(&setup, "alice").await;
    let mut bob = Person::new(&setup, "bob").await;
    let mut carol = Person::new(&setup, "carol").await;
    alice
        .until("both are known", |s| {
            ["bob", "carol"].iter().all(|user| s.people.contains_key(&name(user)))
        })
        .await;
    keep(&mut alice, 1, list("crew", &["bob"])).await.unwrap();
    keep(&mut alice, 2, list("family", &["carol"])).await.unwrap();
    keep(&mut alice, 3, list("crew", &["bob", "carol"])).await.unwrap();
    assert_eq!(alice.screen.lists, [list("crew", &["bob", "carol"]), list("family", &["carol"])]);
    for (number, wrong, why) in [
        (4, list("crew", &["bob", "nobody"]), "nobody here is called `nobody`"),
        (5, list("crew", &["alice"]), "that is you"),
        (6, list("none", &[]), "there is no list `none`"),
        (7, list("all", &["x"]), "nobody here is called `x`"),
    ] {
        let told = keep(&mut alice, number, wrong).await.unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    let many: Vec<String> = (0..=limits::LIST_MEMBERS).map(|n| format!("u{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let told = keep(&mut alice, 8, list("all", &many)).await.unwrap_err();
    assert!(told.contains("32 people at most"), "{told}");
    keep(&mut alice, 9, list("family", &[])).await.unwrap();

    alice.quit().await;
    let mut alice = Person::sign_in(&setup, "alice").await;
    alice.until_up().await;
    assert_eq!(alice.screen.lists, [list("crew", &["bob", "carol"])]);
    for user in alice.screen.lists[0].members.clone() {
        alice.say(&direct(user.as_str()), "the gate is shut").await;
    }
    for person in [&mut bob, &mut carol] {
        person.until_heard(&direct("alice"), &["the gate is shut".into()]).await;
    }
    alice.until_all(2, Delivery::Delivered).await;
    assert!(bob.screen.lists.is_empty() && carol.screen.lists.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_lists_are_kept_and_no_more() {
    let world = World::built_in();
    let mut alice = Person::new(&world.setup(), "alice").await;
    let _bob = Person::new(&world.setup(), "bob").await;
    alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
    for n in 0..limits::LISTS {
        keep(&mut alice, 100 + n as u64, list(&format!("l{n}"), &["bob"])).await.unwrap();
    }
    let told = keep(&mut alice, 1, list("onemore", &["bob"])).await.unwrap_err();
    assert!(told.contains("100 lists"), "{told}");
    keep(&mut alice, 2, list("l7", &[])).await.unwrap();
    keep(&mut alice, 3, list("onemore", &["bob"])).await.unwrap();
}
