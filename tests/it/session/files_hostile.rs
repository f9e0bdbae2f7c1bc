//! What people offer who lie, and who asks for what was not offered to them.

use std::fs;

use cooee::crypto::file::{CHUNK, ContentHasher, FileCipher, new_key};
use cooee::domain::{Attachment, FileName, MessageId, MessageText};
use cooee::engine::{Command, FileState, Ticket};
use cooee::protocol::Content;

use super::on_every_broker;
use crate::support::person::{Person, Screen, direct, name};
use crate::support::vandal::{Stranger, letter};
use crate::support::world::World;

/// A file of one chunk, and that chunk.
fn small(content: &[u8]) -> (Attachment, Vec<u8>) {
    let key = new_key().unwrap();
    let sealed = FileCipher::new(&key).seal(0, true, content);
    let mut hasher = ContentHasher::default();
    hasher.add(content);
    let (name, size, hash) = (FileName::new("evil.txt"), content.len() as u64, hasher.finish());
    (Attachment { name, size, hash, key }, sealed)
}

/// A file of so many whole chunks, and them.
fn whole(chunks: u32) -> (Attachment, Vec<Vec<u8>>) {
    let (key, mut hasher) = (new_key().unwrap(), ContentHasher::default());
    let clear: Vec<u8> = (0..CHUNK).map(|n| (n % 251) as u8).collect();
    let cipher = FileCipher::new(&key);
    let seal = |chunk| {
        hasher.add(&clear);
        cipher.seal(chunk, chunk + 1 == chunks, &clear)
    };
    let sealed = (0..chunks).map(seal).collect();
    let (name, size) = (FileName::new("evil.txt"), u64::from(chunks) * CHUNK as u64);
    (Attachment { name, size, hash: hasher.finish(), key }, sealed)
}

/// How many bytes of a file are here.
fn have(screen: &Screen, id: MessageId) -> u64 {
    match screen.files.get(&id) {
        Some(FileState::Fetching { have } | FileState::Paused { have, .. }) => *have,
        _ => 0,
    }
}

/// The body of a letter that offers a file, with what it says of it changed.
fn offer(file: &Attachment, from: &str, to: &str) -> String {
    let json = serde_json::to_string(file).unwrap();
    assert!(json.contains(from));
    let file = json.replacen(from, to, 1);
    format!(r#""ty":"text","q":1,"b":{{"text":"look","file":{file}}}"#)
}

/// A message of somebody that carries a file, once it came.
async fn offered(person: &mut Person, count: usize) -> (MessageId, Attachment) {
    let files =
        |s: &Screen| s.stored.iter().filter_map(|m| Some((m.id, m.file.clone()?))).collect::<Vec<_>>();
    person.until("the offer is there", |s| files(s).len() >= count).await;
    files(&person.screen).pop().unwrap()
}

async fn fetch(person: &mut Person, message: MessageId, ticket: u64) -> Result<(), String> {
    person.ask(Command::FetchFile { message, target: None, ticket: Ticket(ticket) }).await;
    person
        .until("it is answered", |s| s.agreed.contains(&ticket) || s.answers.contains_key(&ticket))
        .await;
    person.screen.answers.get(&ticket).cloned().map_or(Ok(()), |answer| answer.map(drop))
}

async fn failed(person: &mut Person, id: MessageId) -> String {
    person.until("it failed", |s| matches!(s.files.get(&id), Some(FileState::Failed { .. }))).await;
    match &person.screen.files[&id] {
        FileState::Failed { why } => why.clone(),
        other => panic!("{other:?}"),
    }
}

fn kept(world: &World, user: &str) -> usize {
    let dir = world.data_dir().join("accounts").join(user).join("files");
    fs::read_dir(dir).into_iter().flatten().count()
}

on_every_broker! {
    async fn whoever_lies_about_a_file_is_found_out_and_nothing_is_saved(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut mallory = Stranger::sign_up(&world, "mallory").await;
        mallory.until_knows("alice").await;
        mallory.come_online().await;
        alice.until("mallory is there", |s| s.is_online("mallory")).await;
        let (file, sealed) = small(b"good morning");

        // Another hash than that of the content.
        let hash = String::from(file.hash);
        let other = "A".repeat(43);
        mallory.say("alice", &letter(1, &offer(&file, &hash, &other))).await;
        let (id, _) = offered(&mut alice, 1).await;
        fetch(&mut alice, id, 1).await.unwrap();
        let (pull, from) = mallory.until_pulled().await;
        assert_eq!(from, 0);
        mallory.send_chunk("alice", pull, 0, &sealed).await;
        let why = failed(&mut alice, id).await;
        assert!(why.contains("SHA-256"), "{why}");

        // What opens nowhere; what was not asked for does not count, however much of it there is.
        mallory.say("alice", &letter(2, &offer(&file, "\"s\":12", "\"s\":40000").replace("\"q\":1", "\"q\":2"))).await;
        let (id, claimed) = offered(&mut alice, 2).await;
        assert_eq!(claimed.size, 40_000);
        fetch(&mut alice, id, 2).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        for number in [3, 64, u32::MAX] {
            mallory.send_chunk("alice", pull, number, &sealed).await;
        }
        mallory.send_chunk("alice", MessageId::from_bytes([9; 16]), 0, &sealed).await;
        for _ in 0..7 {
            mallory.send_chunk("alice", pull, 2, &sealed).await;
        }
        mallory.send_chunk("alice", pull, 0, &[0; 16 * 1024 + 16]).await;
        let why = failed(&mut alice, id).await;
        assert!(why.contains("not the file that was offered"), "{why}");

        // Larger than anybody takes; larger than anything is.
        mallory.say("alice", &letter(3, &offer(&file, "\"s\":12", "\"s\":9000000000").replace("\"q\":1", "\"q\":3"))).await;
        let (id, _) = offered(&mut alice, 3).await;
        let why = fetch(&mut alice, id, 3).await.unwrap_err();
        assert!(why.contains("9 GB") && why.contains("max_receive_mb"), "{why}");
        mallory.say("alice", &letter(4, &offer(&file, "\"s\":12", "\"s\":90000000000000").replace("\"q\":1", "\"q\":4"))).await;

        // A name that is a path; the file is as good as it says.
        let path = "../../../../tmp/\\u001b[2J\\u202e/.evil.txt";
        mallory.say("alice", &letter(5, &offer(&file, "evil.txt", path).replace("\"q\":1", "\"q\":5"))).await;
        let (id, file) = offered(&mut alice, 4).await;
        assert_eq!(file.name.as_str(), "evil.txt");
        assert!(!setup.files.downloads.exists() && kept(&world, "alice") == 0, "nothing of it all is here");
        fetch(&mut alice, id, 5).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        mallory.send_chunk("alice", pull, 0, &sealed).await;
        let saved = setup.files.downloads.join("evil.txt");
        let state = FileState::Saved { path: saved.display().to_string() };
        alice.until("it is saved", |s| s.files.get(&id) == Some(&state)).await;
        assert_eq!(fs::read(saved).unwrap(), b"good morning");
    }

    async fn parts_count_as_kept_and_forged_chunks_take_nothing_away(world) {
        let mut setup = world.setup();
        (setup.files.auto_fetch, setup.files.keep) = (50_000, 100_000);
        let mut alice = Person::new(&setup, "alice").await;
        let mut mallory = Stranger::sign_up(&world, "mallory").await;
        mallory.until_knows("alice").await;
        mallory.come_online().await;
        alice.until("mallory is there", |s| s.is_online("mallory")).await;

        // Four of five chunks come, and then what opens nowhere.
        let (file, sealed) = whole(5);
        mallory.say("alice", &letter(1, &offer(&file, "evil.txt", "five"))).await;
        let (id, _) = offered(&mut alice, 1).await;
        fetch(&mut alice, id, 1).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        for number in 0..4 {
            mallory.send_chunk("alice", pull, number, &sealed[number as usize]).await;
        }
        for _ in 0..8 {
            mallory.send_chunk("alice", pull, 4, &sealed[0]).await;
        }
        failed(&mut alice, id).await;
        assert_eq!(kept(&world, "alice"), 1, "what came before stays");
        // It counts: what is small comes no more by itself.
        let (small, chunk) = whole(3);
        mallory.say("alice", &letter(2, &offer(&small, "evil.txt", "three").replace("\"q\":1", "\"q\":2"))).await;
        let (three, _) = offered(&mut alice, 2).await;
        mallory.say("alice", &letter(3, r#""ty":"text","q":3,"b":{"text":"done"}"#)).await;
        alice.until("that came", |s| s.heard(&direct("mallory")).contains(&"done")).await;
        assert_eq!(alice.screen.files.get(&three), None);
        // It goes on where it was, and rests: so it counts still.
        fetch(&mut alice, id, 2).await.unwrap();
        let (pull, from) = mallory.until_pulled().await;
        assert_eq!(from, 4);
        alice.ask(Command::StopFile { message: id, forget: false, ticket: Ticket(3) }).await;
        alice.until("it rests", |s| matches!(s.files.get(&id), Some(FileState::Paused { .. }))).await;
        alice.until("with what came", |s| have(s, id) == 4 * CHUNK as u64).await;
        mallory.say("alice", &letter(4, &offer(&small, "evil.txt", "again").replace("\"q\":1", "\"q\":4"))).await;
        let (again, _) = offered(&mut alice, 3).await;
        mallory.say("alice", &letter(5, r#""ty":"text","q":5,"b":{"text":"well"}"#)).await;
        alice.until("that came too", |s| s.heard(&direct("mallory")).contains(&"well")).await;
        assert_eq!(alice.screen.files.get(&again), None);
        mallory.send_chunk("alice", pull, 4, &sealed[4]).await;

        // What failed goes when there is no room for what a person wants.
        fetch(&mut alice, id, 4).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        for _ in 0..8 {
            mallory.send_chunk("alice", pull, 4, &sealed[0]).await;
        }
        failed(&mut alice, id).await;
        fetch(&mut alice, three, 5).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        for number in 0..3 {
            mallory.send_chunk("alice", pull, number, &chunk[number as usize]).await;
        }
        alice.until("it is saved", |s| matches!(s.files.get(&three), Some(FileState::Saved { .. }))).await;
        assert_eq!(kept(&world, "alice"), 1, "the part went");

        // So does the part of what is not to be had any more.
        fetch(&mut alice, again, 6).await.unwrap();
        let (pull, _) = mallory.until_pulled().await;
        mallory.send_chunk("alice", pull, 0, &chunk[0]).await;
        alice.until("some of it is here", |s| have(s, again) > 0).await;
        mallory.say("alice", &letter(6, &format!(r#""ty":"file_gone","b":{{"of":"{again}"}}"#))).await;
        let why = failed(&mut alice, again).await;
        assert!(why.contains("does not have it any more"), "{why}");
        assert_eq!(kept(&world, "alice"), 1);
    }

    async fn nobody_gets_what_was_not_offered_to_them(world) {
        let setup = world.setup();
        let mut alice = Person::new(&setup, "alice").await;
        let mut bob = Person::new(&setup, "bob").await;
        let mut eve = Stranger::sign_up(&world, "eve").await;
        eve.until_knows("alice").await;
        eve.come_online().await;
        alice.until("all are there", |s| s.is_online("bob") && s.is_online("eve")).await;
        let source = world.data_dir().join("secret.txt");
        fs::write(&source, "for bob alone").unwrap();
        let ticket = Ticket(4);
        alice.ask(Command::SendFile { to: direct("bob"), path: source, text: None, reply: None, ticket }).await;
        let (id, file) = offered(&mut bob, 1).await;

        // She knows which message it is, and asks as he would; also for what is no file at all.
        let pull = |of: MessageId| format!(r#""ty":"file_pull","b":{{"of":"{of}","from":0,"n":64,"have":0}}"#);
        eve.say("alice", &letter(1, &pull(id))).await;
        eve.say("alice", &letter(2, &pull(MessageId::from_bytes([1; 16])))).await;
        eve.say("alice", &letter(3, &format!(r#""ty":"file_fetched","b":{{"of":"{id}"}}"#))).await;
        eve.say("alice", &letter(4, r#""ty":"text","q":1,"b":{"text":"please"}"#)).await;
        alice.until("she asked", |s| s.heard(&direct("eve")) == ["please"]).await;
        alice.say(&direct("eve"), "no").await;
        eve.until_told(&Content::Text(MessageText::new("no").unwrap().into())).await;
        assert_eq!(eve.chunks, 0);
        let takers = |s: &Screen| match s.files.get(&id) {
            Some(FileState::Shared { takers }) => takers.keys().cloned().collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        alice.until("the file is told of", |s| s.files.contains_key(&id)).await;
        assert!(takers(&alice.screen).is_empty());
        // The one it is for gets it, and not while he is blocked.
        alice.ask(Command::Block { user: name("bob"), blocked: true, ticket: Ticket(5) }).await;
        alice.until("he is blocked", |s| s.agreed.contains(&5)).await;
        fetch(&mut bob, id, 1).await.unwrap();
        bob.say(&direct("alice"), "hello?").await;
        bob.until_sent(1).await;
        alice.ask(Command::Block { user: name("bob"), blocked: false, ticket: Ticket(6) }).await;
        alice.until("he is not", |s| s.agreed.contains(&6)).await;
        fetch(&mut bob, id, 2).await.unwrap();
        bob.until("it is saved", |s| matches!(s.files.get(&id), Some(FileState::Saved { .. }))).await;
        assert_eq!(fs::read(setup.files.downloads.join("secret.txt")).unwrap(), b"for bob alone");
        assert_eq!(file.size, 13);
        alice.until("he has it", |s| takers(s) == [name("bob")]).await;
    }
}
