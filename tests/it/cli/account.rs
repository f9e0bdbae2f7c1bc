//! Signing up and in, what is kept on disk, and the edges of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{address, cooee, each, json, ok, refused, run, world_of};
use crate::support::world::World;

#[test]
fn a_name_is_signed_up_once() {
    let world = World::built_in();
    let here = world.data_dir();
    let said = ok(here, &["sign-up", "alice", "--display-name", "Alice A", "--mobile", "+91 22 123"]);
    assert_eq!(said, "Signed up as alice. Everybody on this broker can read your number +91 22 123.\n");
    let said = refused(3, here, &["sign-up", "alice"]);
    assert!(said.contains("`alice` has signed up here already"), "{said}");
    assert!(said.contains("hint: sign in with `cooee -u alice`"), "{said}");
    let elsewhere = tempfile::tempdir().unwrap();
    let said = refused(3, elsewhere.path(), &["-b", &address(&world), "sign-up", "alice"]);
    assert!(said.contains("`alice` is taken on this broker"), "{said}");
    let said = refused(2, here, &["sign-up", "Alice"]);
    assert!(said.contains("`A` cannot stand in a user name"), "{said}");
    let said = refused(2, here, &["sign-up", "carol", "--mobile", "12a"]);
    assert!(said.contains("`a` cannot stand there"), "{said}");
    assert!(!here.join("accounts/carol").exists());
    let alice = &json(&ok(here, &["who", "--json"]))[0];
    assert_eq!(
        (&alice["user"], &alice["display_name"], &alice["mobile"], &alice["own"]),
        (&"alice".into(), &"Alice A".into(), &"+91 22 123".into(), &true.into())
    );
}

#[test]
fn who_one_is_must_be_known() {
    let world = World::built_in();
    let here = world.data_dir();
    let said = refused(2, here, &["who"]);
    assert!(said.contains("nobody has signed up") && said.contains("cooee sign-up"), "{said}");
    ok(here, &["sign-up", "alice"]);
    assert!(ok(here, &["who"]).starts_with("alice  online (you)"), "the only account");
    ok(here, &["sign-up", "bob"]);
    let said = refused(2, here, &["who"]);
    assert!(said.contains("several accounts: alice, bob") && said.contains("--user"), "{said}");
    let said = refused(3, here, &["-u", "carol", "who"]);
    assert!(said.contains("nobody signed up here as `carol`"), "{said}");
    assert!(said.contains("alice, bob"), "{said}");
    let me = |command: &mut std::process::Command| {
        let done = super::Done::of(command.output().unwrap());
        assert_eq!(done.code, Some(0), "{done:?}");
        let rows = json(&done.out);
        rows.iter().find(|row| row["own"] == true).unwrap()["user"].as_str().unwrap().to_owned()
    };
    assert_eq!(me(&mut cooee(here, &["-u", "bob", "who", "--json"])), "bob");
    assert_eq!(me(&mut cooee(here, &["who", "--json", "-u", "bob"])), "bob");
    assert_eq!(me(cooee(here, &["who", "--json"]).env("COOEE_USER", "bob")), "bob");
    assert_eq!(me(cooee(here, &["who", "--json", "--user", "alice"]).env("COOEE_USER", "bob")), "alice");
}

#[test]
fn without_a_broker_it_says_so_and_exits_4() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    let nowhere = ["-b", "mqtt://127.0.0.1:1"];
    let with = |more: &[&'static str]| [&nowhere[..], more].concat();
    let said = refused(4, here, &with(&["who", "--timeout", "200ms"]));
    assert!(said.contains("no connection to the broker: ") && said.contains("127.0.0.1:1"), "{said}");
    assert!(said.contains("hint: "), "{said}");
    refused(4, here, &with(&["group", "list", "--timeout", "0"]));
    refused(4, here, &with(&["send", "nobody", "hi", "--timeout", "200ms"]));
    refused(4, here, &with(&["listen", "--timeout", "200ms"]));
    refused(4, here, &with(&["sign-up", "bob"]));
    let done = run(here, &with(&["contacts", "--timeout", "200ms"]));
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.err.starts_with("cooee: no connection to the broker: "), "{done:?}");
}

#[test]
fn contacts_are_found_by_name_and_by_number() {
    let world = World::built_in();
    let here = world.data_dir();
    ok(here, &["sign-up", "alice"]);
    ok(here, &["sign-up", "bob", "--display-name", "Robert", "--mobile", "+91 (22) 123-45"]);
    let registration = here.join("Registration.csv");
    let mut rows = std::fs::read_to_string(&registration).unwrap();
    rows.push_str("mamta,3432q\n");
    std::fs::write(&registration, rows).unwrap();
    let found = |find: &[&str]| {
        let rows = json(&ok(here, &[&["-u", "alice", "contacts", "--json"], find].concat()));
        each(&rows, "user").join(" ")
    };
    assert_eq!(found(&[]), "bob mamta");
    assert_eq!(found(&["2212345"]), "bob");
    assert_eq!(found(&["ROB"]), "bob");
    assert_eq!(found(&["3432q"]), "mamta");
    assert_eq!(found(&["zz"]), "");
    assert_eq!(ok(here, &["-u", "alice", "contacts", "block", "bob"]), "Blocked bob.\n");
    assert!(ok(here, &["-u", "alice", "contacts", "bob"]).starts_with("bob  blocked  "));
    let said = refused(1, here, &["-u", "alice", "send", "bob", "hello"]);
    assert!(said.contains("you have blocked `bob`") && said.contains("contacts unblock bob"), "{said}");
    let rows = json(&ok(here, &["-u", "alice", "contacts", "bob", "--json"]));
    assert_eq!(rows[0]["blocked"], true);
    ok(here, &["-u", "alice", "contacts", "unblock", "bob"]);
    ok(here, &["-u", "alice", "send", "bob", "hello"]);
    let said = refused(1, here, &["-u", "alice", "contacts", "block", "zz"]);
    assert!(said.contains("nobody called `zz` has signed up"), "{said}");
    let line = ok(here, &["-u", "alice", "contacts", "mamta"]);
    assert_eq!(line, "mamta  not signed up  3432q  mamta\n");
}

#[test]
fn the_files_of_the_original_come_in_once() {
    let world = World::built_in();
    let here = world.data_dir();
    let original = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/original");
    let report = ok(here, &["import", original]);
    assert_eq!(report.lines().last(), Some("43 merged, 6 duplicate, 4 known, 0 refused"), "{report}");
    let after_one = files(here);
    assert!(after_one.contains_key(Path::new("Group_1.csv")), "{after_one:?}");
    let report = ok(here, &["import", original]);
    assert!(report.lines().last().unwrap().starts_with("0 merged, "), "{report}");
    assert_eq!(files(here), after_one);
    let said = refused(1, here, &["import", "/nowhere\u{1b}[31m"]);
    assert!(said.contains("/nowhere[31m") && !said.contains('\u{1b}'), "{said}");
    ok(here, &["sign-up", "alice"]);
    let rows = json(&ok(here, &["contacts", "kavya", "--json"]));
    assert_eq!((each(&rows, "mobile"), &rows[0]["registered"]), (vec!["24543"], &false.into()));
}

fn files(data_dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap().path());
    let csv = entries.filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
    csv.map(|path| (path.file_name().unwrap().into(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn completions_know_the_commands() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ok(home.path(), &["completions", shell]);
        assert!(script.contains("sign-up") && script.contains("data-dir"), "{shell}: {script}");
    }
    refused(2, home.path(), &["completions", "tcl"]);
}

#[test]
fn the_help_documents_the_json_and_the_codes() {
    let home = tempfile::tempdir().unwrap();
    let help = ok(home.path(), &["help", "listen"]);
    assert!(help.contains(r#"{"type":"message","id":"#), "{help}");
    assert!(ok(home.path(), &["--help"]).contains("5 not delivered in time, 130 interrupted"));
    let help = ok(home.path(), &["--help"]);
    assert!(help.contains("COOEE_PASSPHRASE") && help.contains("passphrase_command"), "{help}");
    for about in [&["sign-up", "--help"][..], &["account", "passphrase", "--help"]] {
        let help = ok(home.path(), about).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("Nobody can recover a forgotten passphrase"), "{help}");
    }
    for about in ["export", "import"] {
        let help = ok(home.path(), &["account", about, "--help"]);
        assert!(help.contains("COOEE_EXPORT_PASSPHRASE") && help.contains("new device"), "{help}");
    }
    assert!(ok(home.path(), &["send", "--help"]).contains("The shell takes # for a comment"));
}
