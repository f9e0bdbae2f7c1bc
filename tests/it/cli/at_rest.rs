//! What lies on the disk is of no use to whoever has no passphrase, and of use to whoever has one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::*;
use crate::support::desktop::Desktop;
use crate::support::world::data_key;

const PASSPHRASE: &str = "correct horse battery";

/// `cooee` with a passphrase in its environment.
fn with(data_dir: &Path, passphrase: &str, arguments: &[&str]) -> Command {
    // Given one by one: whoever signs up by way of `cooee` has no passphrase.
    let mut command = cooee(data_dir, &[]);
    command.args(arguments).env("COOEE_PASSPHRASE", passphrase);
    command
}

fn done(command: &mut Command) -> Done {
    Done::of(command.output().unwrap())
}

/// What must succeed.
fn says(command: &mut Command) -> String {
    let done = done(command);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    done.out
}

/// What must be refused as a sign-in is; the words.
fn is_refused(command: &mut Command) -> String {
    let done = done(command);
    assert_eq!((done.code, done.out.as_str()), (Some(3), ""), "{done:?}");
    done.err
}

/// A world in which alice has signed up with a passphrase, and bob without one.
fn protected() -> World {
    let world = world_of(&["bob"]);
    let said = says(&mut with(world.data_dir(), PASSPHRASE, &["sign-up", "alice"]));
    assert_eq!(said, "Signed up as alice.\n");
    world
}

fn account_of(world: &World, user: &str) -> PathBuf {
    world.data_dir().join("accounts").join(user)
}

#[test]
fn without_the_passphrase_there_is_no_way_in() {
    let world = protected();
    let here = world.data_dir();
    let history = ["-u", "alice", "history", "bob"];
    let began = Instant::now();
    let said = is_refused(&mut with(here, "correct horse", &history));
    assert_eq!(said, "cooee: wrong passphrase for `alice`\n");
    assert!(began.elapsed() < PATIENCE / 3);
    let said = is_refused(&mut cooee(here, &history));
    assert!(said.contains("`alice` is protected by a passphrase, and there is nobody to ask"), "{said}");
    assert!(said.contains("COOEE_PASSPHRASE") && said.contains("passphrase_command"), "{said}");
    assert_eq!(says(&mut with(here, PASSPHRASE, &history)), "");
    // One that is not needed does no harm, and none is asked of who has none.
    assert_eq!(says(&mut with(here, "x", &["-u", "bob", "history", "alice"])), "");
    let said = is_refused(cooee(here, &[]).args(["sign-up", "carol"]));
    assert!(said.contains("`carol` needs a passphrase") && said.contains("--no-passphrase"), "{said}");
    assert!(!account_of(&world, "carol").exists());
    let list = ok(here, &["account", "list"]);
    let unprotected = "bob    not protected: whoever can read its files can read everything in them\n";
    assert_eq!(list, format!("alice  protected by a passphrase\n{unprotected}"));
}

#[test]
fn whoever_joins_a_session_needs_no_passphrase() {
    let world = protected();
    let here = world.data_dir();
    let alice = Listener::spawn(&mut with(here, PASSPHRASE, &["-u", "alice", "listen"]));
    until("alice is online", || {
        ok(here, &["-u", "bob", "who"]).lines().any(|line| line.starts_with("alice  online"))
    });
    ok(here, &["-u", "alice", "send", "bob", "from a script"]);
    // It can be changed meanwhile, and the session goes on.
    let mut change = with(here, PASSPHRASE, &["-u", "alice", "account", "passphrase"]);
    assert_eq!(
        says(change.env("COOEE_NEW_PASSPHRASE", "new and long")),
        "alice has a new passphrase.\n"
    );
    ok(here, &["-u", "bob", "send", "alice", "hello"]);
    let line = alice.line();
    assert!(line.contains("from a script") || alice.line().contains("hello"), "{line}");
    alice.signal(Signal::INT);
    assert_eq!(alice.end().0, Some(130));
    assert!(
        says(&mut with(here, "new and long", &["-u", "alice", "history", "bob"]))
            .contains("from a script")
    );
    is_refused(&mut with(here, PASSPHRASE, &["-u", "alice", "history", "bob"]));
}

#[test]
fn a_passphrase_is_changed_taken_away_and_given_back() {
    let world = protected();
    let here = world.data_dir();
    let history = ["-u", "alice", "history", "bob"];
    let change = |old: &str, new: &str, more: &[&str]| {
        let mut change = with(here, old, &["-u", "alice", "account", "passphrase"]);
        change.args(more).env("COOEE_NEW_PASSPHRASE", new);
        change
    };
    says(&mut with(here, PASSPHRASE, &["-u", "alice", "send", "bob", "kept through all of it"]));
    assert!(is_refused(&mut change("wrong", "new and long", &[])).contains("wrong passphrase"));
    says(&mut change(PASSPHRASE, "new and long", &[]));
    is_refused(&mut with(here, PASSPHRASE, &history));
    assert!(
        says(&mut change("new and long", "", &["--no-passphrase"]))
            .contains("is not protected any more")
    );
    assert!(ok(here, &history).contains("kept through"));
    let said = is_refused(&mut cooee(here, &["-u", "alice", "account", "passphrase"]));
    assert!(said.contains("COOEE_NEW_PASSPHRASE"), "{said}");
    // A short one is theirs to choose, but not without a word.
    let short = done(&mut change("", "new est", &[]));
    assert_eq!(
        (short.code, short.out.as_str()),
        (Some(0), "alice has a new passphrase.\n"),
        "{short:?}"
    );
    let word = "cooee: that passphrase is short: whoever gets the files can guess it. A few random words are better\n";
    assert_eq!(short.err, word);
    says(&mut change("new est", "newest of all", &[]));
    is_refused(&mut cooee(here, &history));
    assert!(says(&mut with(here, "newest of all", &history)).contains("kept through"));
}

#[test]
fn a_program_may_say_it() {
    let world = protected();
    let here = world.data_dir();
    let configured = |command: &str| {
        let file = here.join("config.toml");
        fs::write(&file, format!("user = \"alice\"\npassphrase_command = {command}\n")).unwrap();
        cooee(here, &["--config", file.to_str().unwrap(), "history", "bob"])
    };
    let right = format!(r#"["sh", "-c", "test $COOEE_USER = alice && echo '{PASSPHRASE}'"]"#);
    assert_eq!(says(&mut configured(&right)), "");
    // The environment wins, though it is wrong.
    assert!(is_refused(configured(&right).env("COOEE_PASSPHRASE", "x")).contains("wrong"));
    assert!(is_refused(&mut configured(r#"["echo", "something else"]"#)).contains("wrong passphrase"));
    let said = is_refused(&mut configured(r#"["sh", "-c", "echo the store is locked >&2; exit 7"]"#));
    let why = "cannot get the passphrase of `alice`: `passphrase_command` (sh) failed (exit status: 7): \
               the store is locked";
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_change_that_is_killed_leaves_the_old_passphrase_or_the_new_one() {
    let world = protected();
    let here = world.data_dir();
    let history = ["-u", "alice", "history", "bob"];
    let steps = ["key file: written", "key file: on the disk", "key file: in its place"];
    for (nth, step) in steps.into_iter().enumerate() {
        // To none, which leaves the key as it is in whatever file is left behind.
        let mut change = with(here, PASSPHRASE, &["-u", "alice", "account", "passphrase"]);
        change.arg("--no-passphrase").env("FAILPOINTS", format!("{step}=return"));
        let output = change.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, format!("killed at: {step}\n"), "{output:?}");
        let is_done = nth == 2;
        match is_done {
            false => {
                assert!(is_refused(&mut cooee(here, &history)).contains("protected by a passphrase"))
            }
            true => assert_eq!(ok(here, &history), ""),
        }
        assert_eq!(says(&mut with(here, PASSPHRASE, &history)), "", "{step}");
        let names = fs::read_dir(account_of(&world, "alice")).unwrap().map(|e| e.unwrap().file_name());
        let left: Vec<_> = names.filter(|n| n.to_str().unwrap().starts_with(".key-")).collect();
        assert_eq!(left, [] as [&str; 0], "{step}: what may hold the key is taken away");
    }
}

#[test]
fn what_was_put_in_place_of_the_key_file_is_refused() {
    let world = protected();
    let here = world.data_dir();
    let file = account_of(&world, "alice").join("key.json");
    let saved = fs::read_to_string(&file).unwrap();
    let refused = || {
        let done = done(&mut with(here, PASSPHRASE, &["-u", "alice", "history", "bob"]));
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.err.contains(file.to_str().unwrap()), "it names the file: {done:?}");
        done.err
    };
    fs::copy(account_of(&world, "bob").join("key.json"), &file).unwrap();
    assert!(refused().contains("it is the key file of `bob`"));
    fs::write(&file, saved.replace("\"memory\":65536", "\"memory\":4000000000")).unwrap();
    assert!(refused().contains("its `memory` is 4000000000, which is not between"));
    fs::write(&file, "x".repeat(10_000)).unwrap();
    refused();
    fs::remove_file(&file).unwrap();
    assert!(refused().contains("is missing"));
    fs::write(&file, &saved).unwrap();
    fs::copy(account_of(&world, "bob").join("chat.db"), account_of(&world, "alice").join("chat.db"))
        .unwrap();
    let done = done(&mut with(here, PASSPHRASE, &["-u", "alice", "history", "bob"]));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("does not belong to the key of this account"), "{done:?}");
}

/// The words that stand in any of these bytes.
fn legible<'a>(bytes: &[u8], words: &[&'a str]) -> Vec<&'a str> {
    let stands = |word: &&&str| bytes.windows(word.len()).any(|at| at == word.as_bytes());
    words.iter().filter(stands).copied().collect()
}

#[test]
fn a_stolen_account_tells_nothing() {
    for log_filter in ["info", "trace"] {
        let world = world_of(&["bartholomew", "zebulon"]);
        let here = world.data_dir();
        says(&mut with(here, PASSPHRASE, &["sign-up", "alice"]));
        stolen(&world, log_filter, with(here, PASSPHRASE, &[])).tells_nothing(log_filter);
    }
}

#[test]
fn a_stolen_account_whose_key_a_keyring_holds_tells_nothing() {
    let Some(desktop) = Desktop::with_keyring() else { return };
    let world = world_of(&["bartholomew", "zebulon"]);
    let here = world.data_dir();
    let at_desktop = |arguments: &[&str]| {
        let mut command = cooee(here, &[]);
        command.args(arguments).envs(desktop.environment());
        command
    };
    says(&mut at_desktop(&["sign-up", "--keyring", "alice"]));
    let loot = stolen(&world, "trace", at_desktop(&[]));
    loot.tells_nothing("trace");
    // The key, as it lies in the key file of an account without protection, is nowhere in it.
    says(&mut at_desktop(&["-u", "alice", "account", "passphrase", "--no-passphrase"]));
    let file: Value =
        serde_json::from_slice(&fs::read(account_of(&world, "alice").join("key.json")).unwrap())
            .unwrap();
    let text = file["key"].as_str().unwrap().as_bytes();
    let key = *data_key(here, "alice").as_bytes();
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    for bytes in [&loot.account, &loot.log] {
        for form in [text, &key, digits.as_bytes()] {
            assert!(!bytes.windows(form.len()).any(|at| at == form));
        }
    }
}

/// What a thief has.
struct Loot {
    account: Vec<u8>,
    log: Vec<u8>,
}

/// What alice and others said, and who they are.
const WORDS: [&str; 7] =
    ["harpsichord", "theremin", "orchestra-pit", "zanzibar", PASSPHRASE, "bartholomew", "zebulon"];

impl Loot {
    fn tells_nothing(&self, log_filter: &str) {
        assert_eq!(legible(&self.account, &WORDS), [] as [&str; 0]);
        // At its most talkative the log has the topics, which name people.
        let named: &[&str] = if log_filter == "trace" { &["bartholomew", "zebulon"] } else { &[] };
        assert_eq!(legible(&self.log, &WORDS), named);
    }
}

/// What lies on the disk of a life with this much of a log: of the account, while it is open and afterwards, and
/// in the log. `alice` is what she signs in by.
fn stolen(world: &World, log_filter: &str, mut alice: Command) -> Loot {
    let here = world.data_dir();
    let log = here.join("log");
    let listen = alice.args(["-u", "alice", "listen", "--json"]);
    listen.env("COOEE_LOG", log_filter).args(["--log-file", log.to_str().unwrap()]);
    let alice = Listener::spawn(listen);
    ok(here, &["-u", "bartholomew", "send", "alice", "the harpsichord is out of tune"]);
    assert!(alice.line().contains("harpsichord"));
    ok(here, &["-u", "alice", "send", "bartholomew", "then play the theremin"]);
    ok(here, &["-u", "alice", "group", "create", "orchestra-pit"]);
    // He is away: this one stays in the outbox.
    ok(here, &["-u", "alice", "send", "zebulon", "a letter to zanzibar"]);

    // With the passphrase all of it is there, and found by the same search.
    let mut all = format!("{PASSPHRASE}\n");
    all += &ok(here, &["-u", "alice", "history", "bartholomew", "--json"]);
    all += &ok(here, &["-u", "alice", "group", "list"]);
    all += &ok(here, &["-u", "alice", "outbox", "list"]);
    assert_eq!(legible(all.as_bytes(), &WORDS), WORDS);

    let files = || {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(account_of(world, "alice")).unwrap() {
            let entry = entry.unwrap();
            // A socket holds nothing, and cannot be read.
            let bytes = fs::read(entry.path()).unwrap_or_default();
            files.insert(entry.file_name().into_string().unwrap(), bytes);
        }
        files
    };
    let running = files();
    alice.signal(Signal::INT);
    assert_eq!(alice.end().0, Some(130));
    let ended = files();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&running), "chat.db chat.db-shm chat.db-wal key.json lock socket");
    assert_eq!(names(&ended), "chat.db key.json lock");
    let all: Vec<u8> = running.into_values().chain(ended.into_values()).flatten().collect();
    assert!(all.len() > 100_000, "there is something to search");
    Loot { account: all, log: fs::read(&log).unwrap() }
}
