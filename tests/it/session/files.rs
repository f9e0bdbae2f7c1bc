//! Files: offered, fetched when somebody wants them, and saved where they say; over cuts and restarts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cooee::domain::{
    Alteration, Body, ConversationId, JoinPolicy, Message, MessageId, MessageText, UserName,
};
use cooee::engine::{Command, FileRules, FileState, Link, Setup, Ticket};

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name};
use crate::support::proxy::Proxy;
use crate::support::recorder::Recorder;
use crate::support::world::World;

/// Bytes that no two places of a file have in common.
pub(super) fn content(size: usize) -> Vec<u8> {
    (0u64..).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n).to_le_bytes()).take(size).collect()
}

/// A file outside of what Cooee keeps.
pub(super) fn written(world: &World, name: &str, content: &[u8]) -> PathBuf {
    let dir = world.data_dir().join("outside");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

pub(super) fn with(setup: &Setup, rules: impl FnOnce(&mut FileRules)) -> Setup {
    let mut setup = setup.clone();
    rules(&mut setup.files);
    setup
}

/// Sends a file, and waits until it is offered.
pub(super) async fn send(person: &mut Person, to: &ConversationId, path: &Path) -> MessageId {
    let ticket = Ticket(7_000 + fastrand::u64(..1 << 40));
    let before = person.screen.stored.len();
    let (to, path) = (to.clone(), path.to_owned());
    person.ask(Command::SendFile { to, path, text: None, reply: None, ticket }).await;
    let offered =
        |s: &Screen| s.stored[before..].iter().find(|m| m.is_ours() && m.file.is_some()).map(|m| m.id);
    person
        .until("the file is offered", |s| offered(s).is_some() || s.answers.contains_key(&ticket.0))
        .await;
    offered(&person.screen).unwrap_or_else(|| panic!("{:?}", person.screen.answers))
}

/// Asks for it, and waits until it is agreed to or refused.
pub(super) async fn ask(
    person: &mut Person,
    command: impl FnOnce(Ticket) -> Command,
) -> Result<(), String> {
    let ticket = Ticket(9_000 + fastrand::u64(..1 << 40));
    person.ask(command(ticket)).await;
    let answered = |s: &Screen| s.agreed.contains(&ticket.0) || s.answers.contains_key(&ticket.0);
    person.until("it is answered", answered).await;
    match person.screen.answers.get(&ticket.0) {
        Some(Err(why)) => Err(why.clone()),
        _ => Ok(()),
    }
}

pub(super) async fn fetch(
    person: &mut Person,
    message: MessageId,
    target: Option<&Path>,
) -> Result<(), String> {
    let target = target.map(|path| path.display().to_string());
    ask(person, |ticket| Command::FetchFile { message, target, ticket }).await
}

pub(super) async fn stop(person: &mut Person, message: MessageId, forget: bool) -> Result<(), String> {
    ask(person, |ticket| Command::StopFile { message, forget, ticket }).await
}

/// The message that carries a file, once it came.
pub(super) async fn offered(person: &mut Person, id: MessageId) -> Message {
    person.until("the offer is there", |s| s.stored.iter().any(|m| m.id == id)).await;
    person.screen.stored.iter().find(|m| m.id == id).unwrap().clone()
}

/// Where a file was saved, once it was.
pub(super) async fn saved(person: &mut Person, id: MessageId) -> PathBuf {
    person.until("it is saved", |s| matches!(s.files.get(&id), Some(FileState::Saved { .. }))).await;
    match &person.screen.files[&id] {
        FileState::Saved { path } => path.into(),
        other => panic!("{other:?}"),
    }
}

/// How much of a file is here.
pub(super) fn have(screen: &Screen, id: MessageId) -> Option<u64> {
    match screen.files.get(&id) {
        Some(FileState::Fetching { have } | FileState::Paused { have, .. }) => Some(*have),
        _ => None,
    }
}

async fn until_taken_by(person: &mut Person, id: MessageId, takers: &[(&str, u64)]) {
    let takers: BTreeMap<UserName, u64> =
        takers.iter().map(|(user, size)| (name(user), *size)).collect();
    person
        .until("they have it", |s| {
            s.files.get(&id) == Some(&FileState::Shared { takers: takers.clone() })
        })
        .await;
}

pub(super) fn kept(world: &World, user: &str) -> Vec<PathBuf> {
    let dir = world.data_dir().join("accounts").join(user).join("files");
    fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

on_every_broker! {
    async fn a_file_is_offered_and_comes_when_somebody_wants_it(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let plan = content(300_000);
        let id = send(&mut alice, &direct("bob"), &written(&world, "the plan.pdf", &plan)).await;
        let offer = offered(&mut bob, id).await;
        let file = offer.file.clone().unwrap();
        assert_eq!((file.name.as_str(), file.size), ("the plan.pdf", 300_000));
        assert_eq!(offer.body, Body::Text(MessageText::new("the plan.pdf").unwrap()));
        assert!(kept(&world, "bob").is_empty() && !setup.files.downloads.exists(), "nothing came unasked");
        // What is sent is what it was then.
        written(&world, "the plan.pdf", b"changed since");

        fetch(&mut bob, id, None).await.unwrap();
        let path = saved(&mut bob, id).await;
        assert_eq!(path, setup.files.downloads.join("the plan.pdf"));
        assert_eq!(fs::read(&path).unwrap(), plan);
        until_taken_by(&mut alice, id, &[("bob", 300_000)]).await;

        // Once more, and elsewhere: it is here. Nothing is written over.
        fetch(&mut bob, id, None).await.unwrap();
        let again = setup.files.downloads.join("the plan (1).pdf");
        bob.until("it is saved again", |s| s.files.get(&id) == Some(&FileState::Saved { path: again.display().to_string() })).await;
        let here = world.data_dir().join("mine.pdf");
        fetch(&mut bob, id, Some(&here)).await.unwrap();
        bob.until("it is there", |s| s.files.get(&id) == Some(&FileState::Saved { path: here.display().to_string() })).await;
        let why = fetch(&mut bob, id, Some(&here)).await.unwrap_err();
        assert!(why.contains("is there already"), "{why}");
        // The sender gets a copy of their own too.
        fetch(&mut alice, id, None).await.unwrap();
        alice.until("it is told where", |s| s.warnings.iter().any(|words| words.contains("the plan (2).pdf"))).await;

        // What was taken back is nobody's any more.
        alice.ask(Command::Alter { message: id, change: Alteration::Delete, ticket: Ticket(1) }).await;
        bob.until("it is gone", |s| s.stored.iter().any(|m| m.id == id && m.body == Body::Deleted)).await;
        bob.until("its parts too", |s| s.files.get(&id) == Some(&FileState::Offered)).await;
        alice.until("here too", |s| s.files.get(&id) == Some(&FileState::Offered)).await;
        assert_eq!((kept(&world, "alice"), kept(&world, "bob")), (vec![], vec![]));
        assert!(fetch(&mut bob, id, None).await.is_err());
        assert_eq!(fs::read(&path).unwrap(), plan, "what was saved is theirs");
    }

    async fn everybody_in_a_group_may_fetch_it_and_pass_it_on(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut carol = Person::new(&setup, "carol").await;
        let team = alice.create("team", JoinPolicy::Open).await;
        for person in [&mut bob, &mut carol] {
            person.until("the group is listed", |s| s.groups.contains_key(&team)).await;
            person.join(team).await.unwrap();
        }
        let all = ["alice", "bob", "carol"];
        for person in [&mut alice, &mut bob, &mut carol] {
            person.until("all are in", |s| s.members(team) == all && all.iter().all(|user| s.is_online(user) || s.me == Some(name(user)))).await;
        }
        let photo = content(70_000);
        let id = send(&mut alice, &ConversationId::Group(team), &written(&world, "photo.png", &photo)).await;
        for person in [&mut bob, &mut carol] {
            offered(person, id).await;
            fetch(person, id, None).await.unwrap();
            let path = saved(person, id).await;
            assert_eq!(fs::read(path).unwrap(), photo);
        }
        until_taken_by(&mut alice, id, &[("bob", 70_000), ("carol", 70_000)]).await;

        let to = direct("carol");
        bob.ask(Command::ForwardFile { message: id, to, ticket: Ticket(77) }).await;
        let is_passed_on = |m: &Message| m.forwarded && m.conversation == direct("bob");
        carol.until("it is passed on", |s| s.stored.iter().any(is_passed_on)).await;
        let passed_on = carol.screen.stored.iter().find(|m| is_passed_on(m)).unwrap().id;
        alice.quit().await;
        fetch(&mut carol, passed_on, None).await.unwrap();
        let path = saved(&mut carol, passed_on).await;
        assert_eq!(fs::read(path).unwrap(), photo, "it comes from who passed it on");
    }

    async fn a_cut_costs_nothing_but_time_and_words_do_not_wait_for_files(world) {
        let proxy = Proxy::start(world.port().await).await;
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&world.setup_through(proxy.address.port()), "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let film = content(4_000_000);
        let id = send(&mut alice, &direct("bob"), &written(&world, "film.mkv", &film)).await;
        offered(&mut bob, id).await;
        fetch(&mut bob, id, None).await.unwrap();
        bob.until("some of it is here", |s| have(s, id).is_some_and(|have| have > 0)).await;
        alice.say(&direct("bob"), "how is it?").await;
        bob.until("words come through", |s| s.heard(&direct("alice")).contains(&"how is it?")).await;
        assert!(have(&bob.screen, id).is_some_and(|have| have < film.len() as u64), "it is still on its way");

        proxy.cut();
        bob.until("the link is cut", |s| matches!(s.link, Some(Link::Down { .. }))).await;
        let before = have(&bob.screen, id).expect("it is not through");
        proxy.mend();
        bob.ask(Command::ConnectNow).await;
        let path = saved(&mut bob, id).await;
        assert_eq!(fs::read(path).unwrap(), film);
        let steps: Vec<u64> = bob.screen.file_steps.iter().filter_map(|state| match state {
            FileState::Fetching { have } => Some(*have),
            _ => None,
        }).collect();
        assert!(steps.is_sorted() && steps.contains(&before), "{steps:?}");
    }

    async fn a_restart_of_both_goes_on_where_it_was(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let film = content(3_000_000);
        let id = send(&mut alice, &direct("bob"), &written(&world, "film.mkv", &film)).await;
        offered(&mut bob, id).await;
        fetch(&mut bob, id, None).await.unwrap();
        bob.until("some of it is here", |s| have(s, id).is_some_and(|have| have > 0)).await;
        stop(&mut bob, id, false).await.unwrap();
        bob.until("it rests", |s| matches!(s.files.get(&id), Some(FileState::Paused { .. }))).await;
        let before = have(&bob.screen, id).unwrap();
        assert!((1..film.len() as u64).contains(&before), "{before}");
        bob.quit().await;
        alice.quit().await;

        // A part that a power cut took shows that it is missing.
        let part = kept(&world, "bob").pop().unwrap();
        let mut bytes = fs::read(&part).unwrap();
        bytes[..10].fill(0);
        fs::write(&part, bytes).unwrap();
        let mut bob = Person::sign_in(&setup, "bob").await;
        let chunk = 16 * 1024;
        bob.until("it rests still", |s| s.files.get(&id) == Some(&FileState::Paused { have: before - chunk, why: None })).await;
        fetch(&mut bob, id, None).await.unwrap();
        // Nobody is there to send it: it is wanted over the next restart too.
        bob.quit().await;
        let mut bob = Person::sign_in(&setup, "bob").await;
        bob.until("it is wanted", |s| s.files.get(&id) == Some(&FileState::Fetching { have: before - chunk })).await;
        let mut alice = Person::sign_in(&setup, "alice").await;
        let path = saved(&mut bob, id).await;
        assert_eq!(fs::read(path).unwrap(), film);
        until_taken_by(&mut alice, id, &[("bob", film.len() as u64)]).await;
        alice.quit().await;
        let alice = &mut Person::sign_in(&setup, "alice").await;
        until_taken_by(alice, id, &[("bob", film.len() as u64)]).await;
    }

    async fn a_picture_is_shown_once_it_is_here_and_never_saved_unasked(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        // One pixel, red.
        let png = include_bytes!("../../data/red.png");
        let id = send(&mut alice, &direct("bob"), &written(&world, "red.png", png)).await;
        offered(&mut bob, id).await;
        let show = |ticket| Command::ShowPicture { message: id, width: 40, height: 40, ticket };
        ask(&mut bob, show).await.unwrap();
        bob.until("it is here", |s| s.files.get(&id) == Some(&FileState::Here)).await;
        bob.ask(show(Ticket(1))).await;
        bob.until("it is shown", |s| s.picture.is_some()).await;
        let picture = bob.screen.picture.take().unwrap();
        assert_eq!((picture.width(), picture.height(), picture.pixel(0, 0)), (1, 1, Some([255, 0, 0])));
        assert!(!setup.files.downloads.exists());
        // What is no picture whatever it is called.
        let id = send(&mut alice, &direct("bob"), &written(&world, "fake.png", b"\x89PNG\r\n\x1a\nhello")).await;
        let why = ask(&mut alice, |ticket| Command::ShowPicture { message: id, width: 40, height: 40, ticket }).await;
        assert!(why.unwrap_err().contains("damaged"));
    }

    async fn what_is_not_wanted_after_all_is_thrown_away(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let id = send(&mut alice, &direct("bob"), &written(&world, "a", &content(2_000_000))).await;
        offered(&mut bob, id).await;
        assert!(stop(&mut bob, id, true).await.unwrap_err().contains("not being fetched"));
        fetch(&mut bob, id, None).await.unwrap();
        bob.until("some of it is here", |s| have(s, id).is_some_and(|have| have > 0)).await;
        stop(&mut bob, id, true).await.unwrap();
        bob.until("nothing is", |s| s.files.get(&id) == Some(&FileState::Offered)).await;
        assert_eq!(kept(&world, "bob"), Vec::<PathBuf>::new());
        assert!(stop(&mut alice, id, true).await.unwrap_err().contains("delete that for everybody"));
    }

    async fn limits_are_kept_on_both_sides(world) {
        let setup = world.setup();
        let mut alice = Person::new(&with(&setup, |files| files.keep = 250_000), "alice").await;
        let small = |files: &mut FileRules| (files.max_receive, files.auto_fetch, files.keep) = (150_000, 100_000, 60_000);
        let mut bob = Person::new(&with(&setup, small), "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let too_long = written(&world, "long", &vec![0; 10_000_001]);
        let ticket = Ticket(3);
        alice.ask(Command::SendFile { to: direct("bob"), path: too_long, text: None, reply: None, ticket }).await;
        alice.until("it is refused", |s| s.answers.contains_key(&3)).await;
        let why = alice.screen.answers[&3].clone().unwrap_err();
        assert!(why.contains("max_send_mb"), "{why}");

        let long = send(&mut alice, &direct("bob"), &written(&world, "b", &content(160_000))).await;
        offered(&mut bob, long).await;
        let why = fetch(&mut bob, long, None).await.unwrap_err();
        assert!(why.contains("`b` has 160 kB") && why.contains("max_receive_mb"), "{why}");
        // What is small comes by itself, and waits to be saved.
        let small = send(&mut alice, &direct("bob"), &written(&world, "s", &content(50_000))).await;
        bob.until("it came", |s| s.files.get(&small) == Some(&FileState::Here)).await;
        assert!(!setup.files.downloads.exists());
        // No more of it than is kept at all.
        let more = send(&mut alice, &direct("bob"), &written(&world, "t", &content(20_000))).await;
        let middle = send(&mut alice, &direct("bob"), &written(&world, "m", &content(140_000))).await;
        // There is room for so much: the oldest went.
        alice.until("the oldest went", |s| s.files.get(&long) == Some(&FileState::NotKept)).await;
        offered(&mut bob, middle).await;
        let last = send(&mut alice, &direct("bob"), &written(&world, "l", &content(140_000))).await;
        alice.until("more went", |s| s.files.get(&middle) == Some(&FileState::NotKept)).await;
        fetch(&mut bob, middle, None).await.unwrap();
        let is_failed = |s: &Screen| match s.files.get(&middle) {
            Some(FileState::Failed { why }) => why.contains("alice does not have it any more"),
            _ => false,
        };
        bob.until("it is not to be had", is_failed).await;
        offered(&mut bob, last).await;
        fetch(&mut bob, last, None).await.unwrap();
        saved(&mut bob, last).await;
        assert_eq!(bob.screen.files.get(&more), None);
    }

    async fn neither_the_broker_nor_a_thief_of_the_files_sees_what_was_sent(world) {
        let recorder = Recorder::before(world.port().await).await;
        let setup = world.setup_through(recorder.port);
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        alice.until("bob is there", |s| s.is_online("bob")).await;
        let secret = b"the walrus sleeps at noon ".repeat(3_000);
        let id = send(&mut alice, &direct("bob"), &written(&world, "marmalade.txt", &secret)).await;
        offered(&mut bob, id).await;
        fetch(&mut bob, id, Some(&world.data_dir().join("found.txt"))).await.unwrap();
        let path = saved(&mut bob, id).await;
        assert_eq!(fs::read(path).unwrap(), secret);
        assert!(recorder.length() > secret.len() * 2, "it came by way of the broker");
        assert!(recorder.saw(b"\0cooee\0\x01"));
        let file = offered(&mut bob, id).await.file.unwrap();
        for hidden in [&b"walrus"[..], b"marmalade", file.key.as_bytes(), id.to_string().as_bytes(), id.as_bytes()] {
            assert!(!recorder.saw(hidden), "it saw {hidden:?}");
        }
        for (user, other) in [("alice", "bob"), ("bob", "alice")] {
            let files = kept(&world, user);
            assert_eq!(files.len(), 1, "{user} keeps it sealed, beside {other}");
            let account = world.data_dir().join("accounts").join(user);
            let all = fs::read_dir(&account).unwrap().map(|entry| entry.unwrap().path()).chain(files);
            for path in all.filter(|path| path.is_file()) {
                let bytes = fs::read(&path).unwrap();
                for hidden in [&b"walrus"[..], b"marmalade", file.key.as_bytes()] {
                    assert!(!bytes.windows(hidden.len()).any(|part| part == hidden), "{path:?} holds {hidden:?}");
                }
            }
        }
    }
}
