//! What is kept of files here, how they are saved, and what is shown of them.

use std::fs;
use std::io::Cursor;

use cooee::domain::{ConversationId, GroupChange, JoinPolicy};
use cooee::engine::{Command, FileState, Ticket};
use image::{DynamicImage, ImageFormat};

use super::files::{ask, content, fetch, kept, offered, saved, send, stop, written};
use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name};
use crate::support::world::World;

/// Where files are saved that nobody said a place for, how many there are.
fn downloads(world: &World) -> usize {
    fs::read_dir(world.setup().files.downloads).into_iter().flatten().count()
}

on_every_broker! {
    async fn a_picture_that_was_saved_once_is_seen_again_and_not_saved_again(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let id = send(&mut alice, &direct("bob"), &written(&world, "red.png", include_bytes!("../../data/red.png"))).await;
        offered(&mut bob, id).await;
        fetch(&mut bob, id, None).await.unwrap();
        saved(&mut bob, id).await;
        // The sealed copy had to go: there was no room for it.
        kept(&world, "bob").iter().for_each(|path| fs::remove_file(path).unwrap());
        let show = |ticket| Command::ShowPicture { message: id, width: 40, height: 40, ticket };
        ask(&mut bob, show).await.unwrap();
        bob.until("it is here", |s| s.files.get(&id) == Some(&FileState::Here)).await;
        bob.ask(show(Ticket(1))).await;
        bob.until("it is shown", |s| s.picture.is_some()).await;
        assert_eq!((downloads(&world), bob.screen.saves.len()), (1, 1));
    }

    async fn many_questions_for_pictures_are_one_picture_at_a_time(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        Person::new(&setup, "bob").await.quit().await;
        alice.until("bob is known", |s| s.people.contains_key(&name("bob"))).await;
        let mut png = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(1_500, 1_500).write_to(&mut png, ImageFormat::Png).unwrap();
        let id = send(&mut alice, &direct("bob"), &written(&world, "large.png", png.get_ref())).await;
        for n in 1..=30 {
            let (width, height) = (10 + n, 10 + n);
            alice.ask(Command::ShowPicture { message: id, width, height, ticket: Ticket(u64::from(n)) }).await;
        }
        let answered = |s: &Screen, n| s.pictured.contains(&n) || s.answers.contains_key(&n);
        alice.until("all are answered", |s| (1..=30).all(|n| answered(s, n))).await;
        let Screen { pictured, picture, .. } = &alice.screen;
        assert_eq!(pictured.last(), Some(&30), "the newest counts");
        assert_eq!(picture.as_ref().map(|picture| picture.width()), Some(40));
        assert!(pictured.len() < 30, "{pictured:?}");
    }

    async fn a_small_picture_is_of_what_is_here_and_nothing_is_fetched_for_it(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let mut jpeg = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(300, 100).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let id = send(&mut alice, &direct("bob"), &written(&world, "large.jpg", jpeg.get_ref())).await;
        offered(&mut bob, id).await;
        let small = |ticket| Command::Thumbnail { message: id, width: 32, height: 16, ticket };
        assert_eq!(ask(&mut bob, small).await.unwrap_err(), "it is not here");
        assert_eq!(bob.screen.files.get(&id), None);
        assert!(kept(&world, "bob").is_empty());
        fetch(&mut bob, id, None).await.unwrap();
        saved(&mut bob, id).await;
        for person in [&mut alice, &mut bob] {
            person.ask(small(Ticket(1))).await;
            person.until("it is shown", |s| s.picture.is_some()).await;
            let shown = person.screen.picture.as_ref().unwrap();
            assert_eq!((shown.width(), shown.height()), (32, 11), "and no larger than it was asked for");
        }
        let other = send(&mut alice, &direct("bob"), &written(&world, "no.png", b"no picture")).await;
        let small = |ticket| Command::Thumbnail { message: other, width: 32, height: 16, ticket };
        assert!(ask(&mut alice, small).await.unwrap_err().contains("no picture that can be shown"));
    }

    async fn how_saving_ended_is_told_to_whoever_waits_for_it(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let id = send(&mut alice, &direct("bob"), &written(&world, "plan.pdf", &content(70_000))).await;
        offered(&mut bob, id).await;
        let nowhere = world.data_dir().join("no/such/plan.pdf");
        fetch(&mut bob, id, Some(&nowhere)).await.unwrap();
        bob.until("it is not saved", |s| s.saves.len() == 1).await;
        assert!(bob.screen.saves[0].1.as_ref().unwrap_err().contains("cannot save in"), "{:?}", bob.screen.saves);
        bob.until("it is here all the same", |s| s.files.get(&id) == Some(&FileState::Here)).await;
        // What it is doing is told meanwhile, and the wish outlives the session.
        let steps = &bob.screen.file_steps;
        let at = |state| steps.iter().position(|step| *step == state);
        assert!(at(FileState::Checking).is_some() && at(FileState::Checking) < at(FileState::Saving), "{steps:?}");
        assert!(at(FileState::Saving) < at(FileState::Here), "{steps:?}");

        fetch(&mut bob, id, None).await.unwrap();
        let path = saved(&mut bob, id).await.display().to_string();
        bob.until("that is told", |s| s.saves.len() == 2).await;
        assert_eq!(bob.screen.saves[1], (id, Ok(path.clone())));
        // It was saved there, also where the next time it is not.
        fetch(&mut bob, id, Some(&nowhere)).await.unwrap();
        bob.until("it is not saved again", |s| s.saves.len() == 3).await;
        bob.until("it was saved", |s| s.files.get(&id) == Some(&FileState::Saved { path: path.clone() })).await;
        fetch(&mut alice, id, None).await.unwrap();
        alice.until("her own is saved", |s| s.saves.len() == 1).await;
        let second = setup.files.downloads.join("plan (1).pdf").display().to_string();
        assert_eq!(alice.screen.saves[0], (id, Ok(second)));
        assert!(matches!(alice.screen.files[&id], FileState::Shared { .. }));
        assert_eq!(downloads(&world), 2, "nothing else is left there");
    }

    async fn whoever_was_put_out_of_a_group_is_told_that_its_files_are_not_for_them(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
            person.join(team).await.unwrap();
        }
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team) == ["alice", "bob", "carol"]).await;
        }
        let group = ConversationId::Group(team);
        let id = send(&mut alice, &group, &written(&world, "a.txt", b"for members")).await;
        let carols = send(&mut carol, &group, &written(&world, "c.txt", b"for members")).await;
        offered(&mut bob, id).await;
        offered(&mut bob, carols).await;
        carol.quit().await;
        bob.until("she is away", |s| !s.is_online("carol")).await;
        fetch(&mut bob, carols, None).await.unwrap();
        bob.until("it is wanted", |s| s.files.contains_key(&carols)).await;

        let (change, ticket) = (GroupChange::Remove(name("bob")), Ticket(5));
        alice.ask(Command::ChangeGroup { group: team, change, ticket }).await;
        let not_in = |why: &str| why.contains("you are not in #team any more, and only members may fetch it");
        bob.until("what he waited for failed", |s| match s.files.get(&carols) {
            Some(FileState::Failed { why }) => not_in(why),
            _ => false,
        })
        .await;
        let why = fetch(&mut bob, id, None).await.unwrap_err();
        assert!(not_in(&why), "{why}");
        assert!(kept(&world, "bob").is_empty());
    }

    async fn an_empty_file_is_theirs_when_they_have_it_and_not_when_they_ask(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let id = send(&mut alice, &direct("bob"), &written(&world, "empty", b"")).await;
        offered(&mut bob, id).await;
        fetch(&mut bob, id, None).await.unwrap();
        let path = saved(&mut bob, id).await;
        assert_eq!(fs::read(path).unwrap(), b"");
        let has_it = |state: &FileState| matches!(state, FileState::Shared { takers } if !takers.is_empty());
        alice.until("he has it", |s| s.files.get(&id).is_some_and(has_it)).await;
        let asked = alice.screen.file_steps.iter().filter(|state| has_it(state)).count();
        assert_eq!(asked, 1, "once, when he said so: {:?}", alice.screen.file_steps);
        assert!(stop(&mut bob, id, false).await.is_err());
    }
}
