//! An account moves to another machine: what goes with it, what does not, and what is refused.

use std::fs;
use std::path::PathBuf;

use cooee::crypto::export::{Locked, limits};
use cooee::domain::{ContactList, ListName, Passphrase};
use cooee::store::Store;

use super::*;
use crate::support::world::data_key;

const PASSPHRASE: &str = "a van full of boxes";

/// `cooee` with the passphrase of an export in its environment.
fn with(data_dir: &Path, passphrase: &str, arguments: &[&str]) -> Done {
    let mut command = cooee(data_dir, arguments);
    Done::of(command.env("COOEE_EXPORT_PASSPHRASE", passphrase).output().unwrap())
}

fn exported(world: &World, user: &str, file: &Path) -> Done {
    let arguments = ["-u", user, "account", "export", file.to_str().unwrap()];
    with(world.data_dir(), PASSPHRASE, &arguments)
}

fn import(data_dir: &Path, passphrase: &str, file: &Path) -> Done {
    let arguments = ["account", "import", file.to_str().unwrap(), "--no-passphrase"];
    with(data_dir, passphrase, &arguments)
}

/// What stands in an export, opened.
fn opened(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).unwrap();
    let mut opener = Locked::read(&bytes[..end]).unwrap().open(&passphrase).unwrap();
    let mut chunks: Vec<&[u8]> = bytes[end..].chunks(limits::SEALED).collect();
    let last = chunks.pop().unwrap();
    let mut clear = Vec::new();
    for chunk in chunks {
        clear.extend_from_slice(&opener.next(chunk).unwrap());
    }
    clear.extend_from_slice(&opener.last(last).unwrap());
    String::from_utf8(clear).unwrap()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|at| at == part)
}

/// The accounts of a data directory, and whatever lies beside them.
fn left(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("accounts")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The arguments of a command of alice at this broker.
fn of_alice<'a>(address: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["-b", address, "-u", "alice"], arguments].concat()
}

/// A world in which alice and bob have talked, and are through.
fn talked() -> World {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "group", "create", "orchestra-pit"]);
    let alice = Listener::start(here, "alice", &["--json"]);
    ok(here, &["-u", "bob", "send", "alice", "the harpsichord is out of tune"]);
    while !alice.line().contains("harpsichord") {}
    ok(here, &["-u", "alice", "send", "bob", "then play the theremin"]);
    alice.signal(Signal::INT);
    assert_eq!(alice.end().0, Some(130));
    world
}

/// Looks into what alice keeps in a directory where she is not signed in.
fn with_store(data_dir: &Path, work: impl AsyncFnOnce(&Store)) {
    let key = data_key(data_dir, "alice");
    let store = Store::open(&data_dir.join("accounts/alice/chat.db"), &key).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        work(&store).await;
        store.close().await.unwrap();
    });
}

#[test]
fn an_account_moves_and_both_devices_go_on() {
    let world = talked();
    let here = world.data_dir();
    ok(here, &["-u", "alice", "room", "join", "shed"]);
    ok(here, &["-u", "alice", "room", "join", "attic"]);
    ok(here, &["-u", "alice", "send", "+shed", "wet paint"]);
    ok(here, &["-u", "alice", "room", "leave", "attic"]);
    ok(here, &["-u", "alice", "chat", "disappear", "bob", "7d"]);
    let asked = ["-u", "alice", "send", "bob", "--poll", "Tune it?", "Yes", "No", "--json"];
    let poll =
        serde_json::from_str::<Value>(&ok(here, &asked)).unwrap()["id"].as_str().unwrap().to_owned();
    ok(here, &["-u", "alice", "message", "vote", &poll, "2"]);
    let crew =
        ContactList { name: ListName::new("crew").unwrap(), members: ["bob".parse().unwrap()].into() };
    with_store(here, async |store| store.save_list(crew.clone()).await.unwrap());
    ok(here, &["-u", "alice", "chat", "archive", "bob"]);
    ok(here, &["-u", "alice", "chat", "disappear", "#orchestra-pit", "1d"]);
    let file = here.join("alice.cooee");
    let done = exported(&world, "alice", &file);
    assert_eq!(done.code, Some(0), "{done:?}");
    let words = format!("Exported alice to {}: 1 contact, 1 group, 1 open room, ", file.display());
    assert!(done.out.starts_with(&words), "{done:?}");
    assert!(done.err.contains("in the outbox") || done.err.is_empty(), "{done:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = exported(&world, "alice", &file);
    assert!(again.code == Some(1) && again.err.contains("is there already"), "{again:?}");

    let there = tempfile::tempdir().unwrap();
    let there = there.path();
    let done = import(there, PASSPHRASE, &file);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.out.starts_with("Imported alice: 1 contact, 1 group, "), "{done:?}");
    let again = import(there, PASSPHRASE, &file);
    assert!(
        again.code == Some(3) && again.err.contains("`alice` has signed up here already"),
        "{again:?}"
    );

    let address = address(&world);
    let new = |arguments| of_alice(&address, arguments);
    let history = ok(there, &new(&["history", "bob", "--json"]));
    assert_eq!(history, ok(here, &["-u", "alice", "history", "bob", "--json"]));
    assert!(history.contains("harpsichord") && history.contains("theremin"), "{history}");
    assert!(history.contains(r#""votes":{"alice":[2]}"#), "{history}");
    with_store(there, async |store| {
        assert_eq!(store.load().await.unwrap().lists, std::slice::from_ref(&crew))
    });
    let found = ok(there, &new(&["history", "bob", "--search", "theremin", "--json"]));
    assert!(found.contains("then play"), "{found}");
    assert!(ok(there, &new(&["group", "list"])).contains("orchestra-pit"));
    assert_eq!(ok(there, &new(&["room", "list"])), "+shed\n");
    assert_eq!(ok(there, &new(&["chat", "archived"])), "@bob\n");
    for (with, life) in [("bob", "7 days"), ("#orchestra-pit", "1 day")] {
        let told = ok(there, &of_alice(&address, &["chat", "disappear", with]));
        assert_eq!(told, format!("Messages disappear after {life}.\n"), "{with}");
    }
    assert!(ok(there, &new(&["history", "+shed"])).ends_with("+shed alice: wet paint\n"));

    let bob = Listener::start(here, "bob", &["--json"]);
    let old = Listener::start(here, "alice", &["--json"]);
    let new = Listener::spawn(&mut cooee(there, &new(&["listen", "--json"])));
    // Each of them writes, and bob reads both: then he knows the new device.
    ok(here, &["-u", "alice", "send", "bob", "from the old house"]);
    while !bob.line().contains("from the old house") {}
    ok(there, &of_alice(&address, &["send", "bob", "from the new house"]));
    while !bob.line().contains("from the new house") {}
    ok(here, &["-u", "bob", "send", "alice", "to both of you"]);
    while !old.line().contains("to both of you") {}
    while !new.line().contains("to both of you") {}

    // It is one vote, from whichever device.
    ok(there, &of_alice(&address, &["message", "vote", &poll, "1"]));
    let voted = || ok(here, &["-u", "alice", "history", "bob", "--json"]).contains(r#"{"alice":[1]}"#);
    super::until("the vote is known on the other device", voted);

    // Of a file that somebody sent each device fetches what it wants: also of one that another of them sent.
    let plan = here.join("plan.txt");
    fs::write(&plan, "valve 3 first\n".repeat(5_000)).unwrap();
    let plan = plan.to_str().unwrap();
    assert_eq!(run(here, &["-u", "alice", "send", "bob", "--file", plan]).code, Some(0));
    let line = loop {
        let line = new.line();
        if line.contains("plan.txt") {
            break line;
        }
    };
    let id = serde_json::from_str::<Value>(&line).unwrap()["id"].as_str().unwrap().to_owned();
    ok(there, &of_alice(&address, &["save", &id, there.join("ours.txt").to_str().unwrap()]));
    assert_eq!(run(here, &["-u", "bob", "send", "alice", "--file", plan, "mine"]).code, Some(0));
    while !old.line().contains("mine") {}
    while !new.line().contains("mine") {}
    ok(here, &["-u", "alice", "save", "bob", here.join("old.txt").to_str().unwrap()]);
    ok(there, &of_alice(&address, &["save", "bob", there.join("new.txt").to_str().unwrap()]));
    for copy in [there.join("ours.txt"), here.join("old.txt"), there.join("new.txt")] {
        assert_eq!(fs::read(copy).unwrap(), fs::read(plan).unwrap());
    }
}

#[test]
fn an_export_holds_no_ratchet_and_nothing_that_can_be_read() {
    let world = talked();
    let here = world.data_dir();
    let file = here.join("alice.cooee");
    assert_eq!(exported(&world, "alice", &file).code, Some(0));
    let bytes = fs::read(&file).unwrap();
    // Not "bob": three letters stand in so many random bytes by chance.
    for word in ["alice", "harpsichord", "theremin", "orchestra", "identity", PASSPHRASE] {
        assert!(!holds(&bytes, word.as_bytes()), "{word}");
    }
    let clear = opened(&bytes);
    for word in ["alice", "bob", "harpsichord", "theremin", "orchestra-pit"] {
        assert!(clear.contains(word), "{word}");
    }
    for name in ["\"olm/", "\"in/", "\"out/", "\"device\"", "ratchet", "fallback"] {
        assert!(!clear.contains(name), "{name}");
    }
    // What those names stand for is there, in the account.
    let key = data_key(here, "alice");
    let store = Store::open(&here.join("accounts/alice/chat.db"), &key).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let secrets = runtime.block_on(store.secrets(vec!["device".to_owned()])).unwrap();
    assert!(secrets[0].as_ref().is_some_and(|device| holds(device, b"fallback")));
}

#[test]
fn what_cannot_be_moved_is_refused_and_leaves_nothing() {
    let world = talked();
    let here = world.data_dir();
    let file = here.join("alice.cooee");
    let alice = Listener::start(here, "alice", &["--json"]);
    ok(here, &["-u", "bob", "send", "alice", "are you there?"]);
    while !alice.line().contains("are you there?") {}
    let done = exported(&world, "alice", &file);
    assert!(done.code == Some(3) && done.err.contains("is signed in already"), "{done:?}");
    assert!(!file.exists());
    alice.signal(Signal::INT);
    assert_eq!(alice.end().0, Some(130));
    let asked = run(here, &["-u", "alice", "account", "export", file.to_str().unwrap()]);
    assert!(asked.code == Some(3) && asked.err.contains("COOEE_EXPORT_PASSPHRASE"), "{asked:?}");
    let nowhere = exported(&world, "alice", Path::new("/nowhere/alice.cooee"));
    assert!(nowhere.code == Some(1) && nowhere.err.contains("/nowhere/alice.cooee"), "{nowhere:?}");
    assert_eq!(exported(&world, "alice", &file).code, Some(0));

    let there = tempfile::tempdir().unwrap();
    let there = there.path();
    let is_refused = |code: i32, passphrase: &str, file: &Path, words: &str| {
        let done = import(there, passphrase, file);
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.err.contains(words) && done.err.contains(file.to_str().unwrap()), "{done:?}");
        assert_eq!(left(there), [] as [PathBuf; 0]);
    };
    is_refused(3, "another", &file, "the passphrase is wrong");
    let bytes = fs::read(&file).unwrap();
    let bad = here.join("bad.cooee");
    fs::write(&bad, &bytes[..bytes.len() - 1]).unwrap();
    is_refused(1, PASSPHRASE, &bad, "it is cut off, or was altered");
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&bad, altered).unwrap();
    is_refused(1, PASSPHRASE, &bad, "it is cut off, or was altered");
    fs::write(&bad, "Name,Mobile_no\n").unwrap();
    is_refused(1, PASSPHRASE, &bad, "it is not an export of Cooee");
    is_refused(1, PASSPHRASE, &here.join("none.cooee"), "No such file");
}
